//go:build integration

package main

import (
	"testing"

	"perfmon/bench/corpus"
)

// TestDrivers builds the drivers in C and C++ and has all drivers, in
// whatever language, decode a small document of each form: the bits of every
// value must be the same.
func TestDrivers(t *testing.T) {
	b := &bench{options: &options{out: t.TempDir()}}
	if err := b.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, form := range corpus.Forms {
		t.Run(form.Name, func(t *testing.T) {
			path, err := b.document(corpus.Small, form)
			if err != nil {
				t.Fatal(err)
			}
			subjects, partly := b.decoders(form, path)
			if len(subjects) < 8 {
				t.Fatalf("only %d drivers", len(subjects))
			}
			if err := sameChecksum(t.Context(), corpus.Small.Values(), subjects, partly); err != nil {
				t.Error(err)
			}
		})
	}
}
