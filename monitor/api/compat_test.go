package api

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"perfmon/docs/docstest"
	"perfmon/monitor"
)

// TestNothingIsRemoved: what an answer of /v1 has had, it has for ever: a
// client of an earlier version reads it. New fields are added to the list with
// -update; one that is not in the answer any more is a mistake.
func TestNothingIsRemoved(t *testing.T) {
	const path = "testdata/v1-fields.txt"
	var now []string
	for _, of := range []any{
		Status{}, Overview{}, Recent{}, Objects{}, Variables{}, History{}, Series{}, Pressure{}, WatchPoll{}, Silences{}, Silence{}, Transition{},
		Explained{}, ExplainedAll{}, Effective{}, Refusal{}, monitor.Explanation{},
	} {
		for _, name := range fieldsOf(reflect.TypeOf(of)) {
			now = append(now, reflect.TypeOf(of).Name()+" "+name)
		}
	}
	slices.Sort(now)
	now = slices.Compact(now)
	b, err := os.ReadFile(path)
	if err != nil && !docstest.Updating() {
		t.Fatal(err)
	}
	had := strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' })
	for _, one := range had {
		if !slices.Contains(now, one) {
			t.Errorf("%s is no more: a client that reads it breaks", one)
		}
	}
	for _, one := range now {
		if !slices.Contains(had, one) && !docstest.Updating() {
			t.Errorf("%s is new: add it with -update", one)
		}
	}
	if docstest.Updating() && !t.Failed() {
		if err := os.WriteFile(path, []byte(strings.Join(now, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
