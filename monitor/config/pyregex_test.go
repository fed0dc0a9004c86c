package config

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"
)

// TestPatternAsPython compares every pattern of testdata/regex.json with what
// Python's re made of it (see testdata/regex.py).
func TestPatternAsPython(t *testing.T) {
	data, err := os.ReadFile("testdata/regex.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Names []string
		Cases []struct {
			Pattern string
			Matches []int
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	accepted, backtracking := 0, 0
	for _, c := range golden.Cases {
		p, err := compilePattern(c.Pattern, Options{})
		if c.Matches == nil {
			if err == nil {
				t.Errorf("%q: accepted, Python refuses it", c.Pattern)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: refused: %v", c.Pattern, err)
			continue
		}
		accepted++
		if p.back != nil {
			backtracking++
			p.back.MatchTimeout = time.Minute // this is not about speed
		}
		for i, name := range golden.Names {
			got, err := p.Match(name)
			if want := slices.Contains(c.Matches, i); got != want || err != nil {
				t.Errorf("%q matches %q: %t, %v; want %t", c.Pattern, name, got, err, want)
			}
		}
	}
	if accepted < 200 || backtracking < 30 {
		t.Errorf("only %d patterns compared, %d of them by regexp2", accepted, backtracking)
	}
}
