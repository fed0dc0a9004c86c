package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// kinds are the licences that have been met, with the words that only their
// text has, in Debian's short names. All of them may be passed on with their
// text, in programs that are not in source.
var kinds = []struct{ name, has, hasNot string }{
	{"Apache-2.0", "apache license version 2.0", ""},
	{"BSD-2-clause", "redistribution and use in source and binary forms", "to endorse or promote products"},
	{"BSD-3-clause", "to endorse or promote products", "acknowledgement"},
	{"Expat", "permission is hereby granted, free of charge", ""},
	{"ISC", "permission to use, copy, modify, and", ""},
}

// others are words of licences that ask for more than their text: a person
// has to look first.
var others = regexp.MustCompile(`gnu (lesser |affero |library )?general public|mozilla public|common development and distribution|eclipse public|server side public|business source`)

var spaces = regexp.MustCompile(`[\s/*#]+`)

// kindsOf names the licences that a text has; an error says that it is none
// that has been met.
func kindsOf(body string) ([]string, error) {
	flat := strings.ToLower(spaces.ReplaceAllString(body, " "))
	flat = strings.ReplaceAll(flat, "license, version", "license version")
	if word := others.FindString(flat); word != "" {
		return nil, fmt.Errorf("it speaks of a %q licence", word)
	}
	var found []string
	for _, k := range kinds {
		if strings.Contains(flat, k.has) && (k.hasNot == "" || !strings.Contains(flat, k.hasNot)) {
			found = append(found, k.name)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("it is none that has been met: %.60q", flat)
	}
	return found, nil
}

// holder is a line that says whose work it is:
//
//	Copyright (c) 2015 Klaus Post
//
// and not a form to fill in, nor a sentence about copyright.
var (
	holder = regexp.MustCompile(`(?i)^[\s/*#-]*((?:portions )?(?:copyright|©|\(c\) *[0-9]{4})\s.*\S)`)
	form   = regexp.MustCompile(`(?i)[\[{]yyyy|copyright,? (notice|licen[cs]e|owner|holder|statement|staring|and|patent)`)
)

// holders are the lines of texts that say whose work it is, each once.
func holders(texts []text) []string {
	var found []string
	for _, t := range texts {
		for line := range strings.Lines(t.body) {
			m := holder.FindStringSubmatch(line)
			if m != nil && !form.MatchString(line) && !slices.Contains(found, m[1]) {
				found = append(found, m[1])
			}
		}
	}
	return found
}
