package config

import (
	"encoding/json"
	"os"
	"testing"
)

// TestPrettyAsPython compares every document of testdata/pretty.json with
// what Python's minidom made of it (see testdata/pretty.py).
func TestPrettyAsPython(t *testing.T) {
	data, err := os.ReadFile("testdata/pretty.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		In  string
		Out *string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for _, c := range cases {
		doc, problem := readDocument(c.In)
		switch {
		case c.Out == nil && problem == nil:
			t.Errorf("%q: accepted, Python refuses it", c.In)
		case c.Out == nil:
			if problem.Line < 1 || problem.Column < 1 || problem.Msg == "" {
				t.Errorf("%q: problem %+v", c.In, problem)
			}
		case problem != nil:
			t.Errorf("%q: refused: %+v", c.In, problem)
		default:
			accepted++
			if got := pretty(doc.root); got != *c.Out {
				t.Errorf("%q:\ngot  %q\nwant %q", c.In, got, *c.Out)
			}
		}
	}
	if accepted < 200 {
		t.Errorf("only %d documents were compared", accepted)
	}
}
