package triggers

import (
	"testing"

	"perfmon/bench/corpus"
)

// TestColumns holds the columns that the variables read to four each.
func TestColumns(t *testing.T) {
	for _, v := range variables {
		if columns := v.columns(corpus.Names(), nil); len(columns) != 4 {
			t.Errorf("%v reads the columns %v, want four", v.pattern, columns)
		}
	}
}

// TestSubjects runs a pass of each; the agent's looks itself whether it
// evaluates all variables.
func TestSubjects(t *testing.T) {
	m := newMatrix()
	for _, s := range Subjects() {
		if s.Name == "regex-row" {
			continue // slow
		}
		pass, err := s.evaluate(m)
		if err == nil {
			err = pass()
		}
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}
