package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"perfmon/bench/corpus"
	"perfmon/bench/drivers"
)

// documents are those that are decoded, each a section.
var documents = []document{
	{"xml-72", "XML, 72 MB: 3.6 million values, %.15g", "xml15"},
	{"xml-50", "XML, 50 MB: 3.6 million values, %.5g", "xml5"},
	{"json-57", "JSON, 57 MB: 3.6 million values, %.15g", "json15"},
}

type document struct{ section, title, form string }

// foreign is a driver in another language.
type foreign struct {
	name, about string
	json        bool
	argv        []string // before the path of the document
	partly      bool     // it does not convert values
}

// python is Debian's, whatever else there is.
const python = "/usr/bin/python3"

func (b *bench) foreign() []foreign {
	program := func(name string) []string { return []string{filepath.Join(b.out, name)} }
	return []foreign{
		{"expat-empty", "C expat, handlers empty", false, program("expat-empty"), true},
		{"expat", "C expat, strtod", false, program("expat"), false},
		{"libxml2", "C libxml2 SAX2, strtod", false, program("libxml2"), false},
		{"python", "Python xml.sax, the stock daemon's logic", false, []string{python, "py/decode.py"}, false},
		{"simdjson", "C++ simdjson on demand", true, program("simdjson"), false},
	}
}

// decode measures all drivers of a document, after each has shown that it
// decodes the same values.
func (b *bench) decode(ctx context.Context, d document) ([]Figure, error) {
	form := corpus.Forms[slices.IndexFunc(corpus.Forms, func(f corpus.Form) bool { return f.Name == d.form })]
	path, err := b.document(corpus.Full, form)
	if err != nil {
		return nil, err
	}
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	subjects, partly := b.decoders(form, path)
	if err := sameChecksum(ctx, corpus.Full.Values(), subjects, partly); err != nil {
		return nil, err
	}
	return b.inRounds(ctx, d.section, "ns a value", float64(corpus.Full.Values()), subjects)
}

// decoders lists all drivers of a form. Those in partly convert none of the
// values, or not all.
func (b *bench) decoders(form corpus.Form, path string) (subjects []subject, partly map[string]bool) {
	partly = map[string]bool{}
	for _, g := range drivers.All() {
		if g.JSON == form.JSON {
			subjects = append(subjects, subject{g.Name, g.About, self("decode", form.Name, g.Name, path)})
			partly[g.Name] = g.Partly
		}
	}
	for _, f := range b.foreign() {
		if f.json == form.JSON {
			subjects = append(subjects, subject{f.name, f.about, append(slices.Clone(f.argv), path)})
			partly[f.name] = f.partly
		}
	}
	return subjects, partly
}

// sameChecksum runs each driver once and compares what they decoded.
func sameChecksum(ctx context.Context, values int, subjects []subject, partly map[string]bool) error {
	want := ""
	for _, s := range subjects {
		if partly[s.name] {
			continue
		}
		r, err := start(ctx, append(slices.Clone(s.argv), "ordered"))
		if err != nil {
			return err
		}
		if want == "" {
			want = r.Mix
		}
		if r.Count != values || r.Mix != want || want == "" {
			return fmt.Errorf("%s decodes other values than %s: %d with the checksum %q, want %d with %q",
				s.name, subjects[0].name, r.Count, r.Mix, values, want)
		}
		say("  checksum %s of %d values  %s", r.Mix, r.Count, s.name)
	}
	return nil
}

// document writes a document once.
func (b *bench) document(s corpus.Shape, form corpus.Form) (string, error) {
	path := filepath.Join(b.out, fmt.Sprintf("%s-%dx%d", form.Name, s.VMs, s.Rows))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		return "", fmt.Errorf("write a document: %w", err)
	}
	defer f.Close()
	if err := corpus.Write(f, s, form); err != nil {
		return "", fmt.Errorf("write a document: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("write a document: %w", err)
	}
	return path, os.Rename(path+".part", path)
}
