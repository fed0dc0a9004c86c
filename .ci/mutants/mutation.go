package main

import (
	"fmt"
	"strings"
)

// mutation is one mistake in one line.
type mutation struct {
	file     string   // from the root, with slashes
	old      string   // the line without its indentation; the file has it once
	new      string   // what stands there instead
	packages []string // whose tests have to notice
}

// apply returns the text with the mistake in it, and the number of the line.
func (m mutation) apply(text string) (mutated string, line int, err error) {
	if m.old == m.new {
		return "", 0, fmt.Errorf("%s: %q is replaced by itself", m.file, m.old)
	}
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.TrimSpace(l) != m.old {
			continue
		}
		if line != 0 {
			return "", 0, fmt.Errorf("%s: %q stands in lines %d and %d: choose a line that is there once", m.file, m.old, line, i+1)
		}
		line = i + 1
	}
	if line == 0 {
		return "", 0, fmt.Errorf("%s: no line is %q: the code has changed, change the list too", m.file, m.old)
	}
	lines[line-1] = strings.Replace(lines[line-1], m.old, m.new, 1)
	return strings.Join(lines, ""), line, nil
}
