package config

import (
	"regexp"
)

// Pattern is a regular expression over the names of data sources. It is safe
// for concurrent use.
type Pattern struct {
	text string
	re2  *regexp.Regexp
}

// String is the expression as it was written; "" for a nil Pattern.
func (p *Pattern) String() string {
	if p == nil {
		return ""
	}
	return p.text
}

// Match says whether the pattern matches the name.
func (p *Pattern) Match(name string) (bool, error) {
	return p.re2.MatchString(name), nil
}

func compilePattern(text string, opts Options) (*Pattern, error) {
	anchored := `^(?:` + text + `)$`
	if opts.Legacy {
		anchored = text
	}
	re, err := regexp.Compile(anchored)
	if err != nil {
		return nil, err
	}
	return &Pattern{text: text, re2: re}, nil
}
