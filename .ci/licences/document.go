package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// ours is the name of our own work: the pattern of all files.
const ours = "*"

// document is the whole copyright file. A text that several works share is
// given once, at the end.
func document(own work, others []work) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n" +
		"Upstream-Name: perfmon\n")
	field(&b, "Comment", "", "The programs of this package are static: they have in them what is listed here\n"+
		"beside perfmon's own code. Names with a version are those of Go's modules.\n")
	if err := ownParagraph(&b, own); err != nil {
		return nil, err
	}
	shared := sharedTexts(others)
	for _, w := range others {
		if err := paragraph(&b, w, shared); err != nil {
			return nil, err
		}
	}
	for _, s := range shared {
		b.WriteByte('\n')
		field(&b, "License", s.name, s.body)
	}
	return b.Bytes(), nil
}

// ownParagraph is about perfmon itself. What licence it has is for its owner
// to say, by a file at the root of the source.
func ownParagraph(b *bytes.Buffer, own work) error {
	if len(own.texts) > 0 {
		return paragraph(b, own, nil)
	}
	b.WriteString("\nFiles: *\nCopyright: the authors of perfmon\n")
	field(b, "License", "not-stated", "perfmon's own source has no file that says under which licence it is.\n")
	return nil
}

// paragraph is about one work.
func paragraph(b *bytes.Buffer, w work, shared []sharedText) error {
	var names []string
	var whole, notices strings.Builder
	allShared := true
	for _, t := range w.texts {
		if t.notice {
			notices.WriteString(t.body + "\n")
			continue
		}
		of, err := kindsOf(t.body)
		if err != nil && w.name != ours {
			return fmt.Errorf("the licence %s of %s: %w", t.name, w.name, err)
		}
		if err != nil {
			of = []string{"perfmon"} // its owner may take any
		}
		for _, name := range of {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if len(of) != 1 || !slices.Contains(shared, sharedText{of[0], t.body}) {
			allShared = false
		}
		if whole.Len() > 0 {
			whole.WriteString("\n")
		}
		if len(w.texts) > 1 {
			whole.WriteString(t.name + ":\n\n")
		}
		whole.WriteString(t.body + "\n")
	}
	files := w.name
	whose := holders(w.texts)
	if len(whose) == 0 {
		module, _, _ := strings.Cut(w.name, "@")
		whose = []string{"the authors of " + strings.Replace(module, ours, "perfmon", 1)}
	}
	if files != ours {
		files += "/*"
	}
	fmt.Fprintf(b, "\nFiles: %s\nCopyright: %s\n", files, strings.Join(whose, "\n "))
	if allShared {
		fmt.Fprintf(b, "License: %s\n", strings.Join(names, " and "))
	} else {
		field(b, "License", strings.Join(names, " and "), whole.String())
	}
	if notices.Len() > 0 {
		field(b, "Comment", "", "Its notice:\n"+notices.String())
	}
	return nil
}

// sharedText is a licence that is given once for several works.
type sharedText struct{ name, body string }

// sharedTexts are, of each licence, the wording that most works have to the
// letter, if there are two of them and it names nobody. Others come with their
// work.
func sharedTexts(works []work) []sharedText {
	count := map[sharedText]int{}
	var order []sharedText
	for _, w := range works {
		for _, t := range w.texts {
			of, err := kindsOf(t.body)
			// An error is reported where the work is written.
			if t.notice || err != nil || len(of) != 1 || len(holders([]text{t})) > 0 {
				continue
			}
			s := sharedText{of[0], t.body}
			if count[s]++; count[s] == 2 {
				order = append(order, s)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b sharedText) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return count[b] - count[a]
	})
	return slices.CompactFunc(order, func(a, b sharedText) bool { return a.name == b.name })
}

// field writes a field of several lines: each begins with a space, and an
// empty one has a dot.
func field(b *bytes.Buffer, name, synopsis, body string) {
	b.WriteString(strings.TrimRight(name+": "+synopsis, " ") + "\n")
	for line := range strings.Lines(body) {
		if line = strings.TrimRight(line, "\n"); line == "" {
			line = "."
		}
		b.WriteString(" " + line + "\n")
	}
}
