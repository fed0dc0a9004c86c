package xapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// stored is a fake's toolstack with one VM.
type stored struct {
	*fake
	c      *Client
	config map[string]any
	before map[string]func() error // by method: happens before it, or in its place
	after  map[string]func() error // and after it
}

func newStored(t *testing.T, config map[string]any) *stored {
	s := &stored{fake: newFake(t), config: config, before: map[string]func() error{}, after: map[string]func() error{}}
	s.c = s.client(t, func(o *Options) { o.Rand = func() float64 { return 0 } })
	serve := func(method string, f func(c call) any) {
		s.methods[method] = func(c call) any {
			if happens := s.before[method]; happens != nil {
				if err := happens(); err != nil {
					return err
				}
			}
			answer := f(c)
			if happens := s.after[method]; happens != nil {
				if err := happens(); err != nil {
					return err
				}
			}
			return answer
		}
	}
	serve("VM.get_other_config", func(call) any { return s.config })
	serve("VM.remove_from_other_config", func(c call) any {
		delete(s.config, c.text(1))
		return ""
	})
	serve("VM.add_to_other_config", func(c call) any {
		if _, there := s.config[c.text(1)]; there {
			return &Error{Code: "MAP_DUPLICATE_KEY", Params: []string{"VM", "other_config", "V", c.text(1)}}
		}
		s.config[c.text(1)] = c.text(2)
		return ""
	})
	return s
}

func (s *stored) set(o Object, text string) error {
	o.Class, o.UUID, o.Ref = "vm", "v", "V"
	return s.c.SetConfig(context.Background(), o, text)
}

// calls are the methods that changed something, in short.
func (s *stored) calls() string {
	var words []string
	for _, word := range []string{"remove_from", "add_to", "set"} {
		if n := len(s.seen("VM." + word + "_other_config")); n > 0 {
			words = append(words, fmt.Sprintf("%s×%d", word, n))
		}
	}
	return strings.Join(words, " ")
}

func (s *stored) want(t *testing.T, question string, text any, calls string) {
	t.Helper()
	if got := s.config["perfmon"]; got != text || s.config["other"] != "kept" {
		t.Errorf("%s: other_config is %q", question, s.config)
	}
	if got := s.calls(); got != calls {
		t.Errorf("%s: %s, want %s", question, got, calls)
	}
}

func with(text string) map[string]any { return map[string]any{"perfmon": text, "other": "kept"} }

var old = Object{Config: "old", HasConfig: true}

func TestSetConfig(t *testing.T) {
	s := newStored(t, with("old"))
	if err := s.set(old, "new"); err != nil {
		t.Error(err)
	}
	s.want(t, "replaced", "new", "remove_from×1 add_to×1")

	s = newStored(t, map[string]any{"other": "kept"})
	if err := s.set(Object{}, "new"); err != nil {
		t.Error(err)
	}
	s.want(t, "the first", "new", "add_to×1")

	s = newStored(t, with("old"))
	if err := s.set(old, ""); err != nil {
		t.Error(err)
	}
	s.want(t, "taken away", nil, "remove_from×1")

	s = newStored(t, with(""))
	if err := s.set(Object{HasConfig: true}, "new"); err != nil {
		t.Error(err)
	}
	s.want(t, "an empty one", "new", "remove_from×1 add_to×1")
}

func TestSetConfigAgainstOthers(t *testing.T) {
	var changed *ConfigChanged
	s := newStored(t, with("theirs"))
	if err := s.set(old, "new"); !errors.As(err, &changed) || changed.Now != "theirs" {
		t.Errorf("changed before: %v", err)
	}
	s.want(t, "changed before", "theirs", "")

	s = newStored(t, with("old"))
	s.after["VM.remove_from_other_config"] = func() error { s.config["perfmon"] = "theirs"; return nil }
	if err := s.set(old, "new"); !errors.As(err, &changed) || changed.Now != "theirs" {
		t.Errorf("put in between: %v", err)
	}
	s.want(t, "put in between", "theirs", "remove_from×1 add_to×1")

	s = newStored(t, with("old"))
	s.after["VM.add_to_other_config"] = func() error { s.config["perfmon"] = "theirs"; return nil }
	if err := s.set(old, "new"); !errors.As(err, &changed) {
		t.Errorf("changed after: %v", err)
	}

	s = newStored(t, with("old"))
	s.before["VM.get_other_config"] = func() error { return &Error{Code: "HANDLE_INVALID", Params: []string{"VM", "V"}} }
	if err := s.set(old, "new"); !errors.Is(err, ErrNoObject) {
		t.Errorf("the VM has gone: %v", err)
	}
	s.want(t, "the VM has gone", "old", "")
}

func TestSetConfigThroughTrouble(t *testing.T) {
	// fail makes the first calls of a method fail.
	fail := func(times int, err error) func() error {
		return func() error {
			if times--; times >= 0 {
				return err
			}
			return nil
		}
	}
	trouble := &Error{Code: "INTERNAL_ERROR", Params: []string{"oh"}}

	s := newStored(t, with("old"))
	s.before["VM.add_to_other_config"] = fail(3, trouble)
	if err := s.set(old, "new"); err != nil {
		t.Errorf("three failures: %v", err)
	}
	s.want(t, "three failures", "new", "remove_from×1 add_to×4")

	s = newStored(t, with("old"))
	s.after["VM.remove_from_other_config"] = fail(1, trouble)
	s.after["VM.add_to_other_config"] = fail(1, trouble)
	if err := s.set(old, "new"); err != nil {
		t.Errorf("done, and said to have failed: %v", err)
	}
	s.want(t, "done, and said to have failed", "new", "remove_from×2 add_to×2")

	// Whoever asked has given up: what is out is put in all the same.
	s = newStored(t, with("old"))
	ctx, cancel := context.WithCancel(t.Context())
	s.after["VM.remove_from_other_config"] = func() error { cancel(); return nil }
	if err := s.c.SetConfig(ctx, Object{Class: "vm", UUID: "v", Ref: "V", Config: "old", HasConfig: true}, "new"); err != nil {
		t.Errorf("cancelled in the middle: %v", err)
	}
	s.want(t, "cancelled in the middle", "new", "remove_from×1 add_to×1")

	// What never can succeed.
	refused := &Error{Code: "FIELD_TYPE_ERROR", Params: []string{"other_config"}}
	s = newStored(t, with("old"))
	s.before["VM.add_to_other_config"] = func() error { return refused }
	var lost *ConfigLost
	if err := s.set(old, "new"); !errors.As(err, &lost) || !IsCode(err, "FIELD_TYPE_ERROR") {
		t.Errorf("refused after the old text was out: %v", err)
	}
	s = newStored(t, map[string]any{"other": "kept"})
	s.before["VM.add_to_other_config"] = func() error { return refused }
	if err := s.set(Object{}, "new"); errors.As(err, &lost) || !IsCode(err, "FIELD_TYPE_ERROR") {
		t.Errorf("refused, and nothing was there: %v", err)
	}
	s = newStored(t, with("old"))
	s.before["VM.remove_from_other_config"] = func() error { return refused }
	if err := s.set(old, "new"); errors.As(err, &lost) || !IsCode(err, "FIELD_TYPE_ERROR") {
		t.Errorf("the old text stays: %v", err)
	}

	// A text that the toolstack would not take is not sent, and nothing else.
	for _, text := range []string{strings.Repeat(`"`, 200<<10), "a\xff"} {
		s = newStored(t, with("old"))
		if err := s.set(old, text); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
		s.want(t, "not sent", "old", "")
	}
}

func TestObjects(t *testing.T) {
	f := newFake(t)
	f.methods["VM.get_all_records_where"] = func(c call) any {
		wantIn(t, c.text(0), `"is_a_template"="false"`)
		return map[string]any{
			"B": map[string]any{"uuid": "b", "name_label": "two", "other_config": map[string]any{"perfmon": "x", "perfmon-state": "y"}},
			"C": map[string]any{"uuid": "c", "name_label": "one", "other_config": map[string]any{}},
			"A": map[string]any{"uuid": "a", "name_label": "two", "other_config": map[string]any{"perfmon": ""}},
		}
	}
	f.methods["SR.get_all_records"] = func(call) any { return map[string]any{"S": nil} }
	f.methods["host.get_all_records"] = func(call) any {
		return map[string]any{"H": map[string]any{"uuid": "h", "name_label": "one", "other_config": map[string]any{"perfmon": 5}}}
	}
	c := f.client(t)
	got, err := c.Objects(t.Context(), "vm")
	want := []Object{
		{Class: "vm", UUID: "c", Name: "one", Ref: "C"},
		{Class: "vm", UUID: "a", Name: "two", Ref: "A", HasConfig: true},
		{Class: "vm", UUID: "b", Name: "two", Ref: "B", Config: "x", HasConfig: true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.Objects(t.Context(), "sr"); err == nil || got != nil {
		t.Errorf("an SR without a record: %v, %v", got, err)
	}
	if got, err := c.Objects(t.Context(), "host"); err == nil || !strings.Contains(err.Error(), "other_config:perfmon") {
		t.Errorf("a text that is none: %v, %v", got, err)
	}
}

func TestObject(t *testing.T) {
	f := newFake(t)
	record := map[string]any{"uuid": "a", "name_label": "one", "other_config": map[string]any{"perfmon": "x"}}
	f.methods["VM.get_by_uuid"] = func(c call) any {
		if c.text(0) == "a" {
			return "A"
		}
		return &Error{Code: "UUID_INVALID", Params: []string{"VM", c.text(0)}}
	}
	f.methods["VM.get_record"] = func(call) any { return record }
	c := f.client(t)
	if got, err := c.Object(t.Context(), "vm", "a"); err != nil || got != (Object{Class: "vm", UUID: "a", Name: "one", Ref: "A", Config: "x", HasConfig: true}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.Object(t.Context(), "vm", "b"); !errors.Is(err, ErrNoObject) {
		t.Errorf("%+v, %v", got, err)
	}
	record["is_a_template"] = true
	if got, err := c.Object(t.Context(), "vm", "a"); !errors.Is(err, ErrNoObject) || !strings.Contains(err.Error(), "template") {
		t.Errorf("%+v, %v", got, err)
	}
}
