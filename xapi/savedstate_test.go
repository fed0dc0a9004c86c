package xapi

import (
	"context"
	"errors"
	"testing"
)

func TestSetSavedState(t *testing.T) {
	f := func(question string, before any, text string, after any, calls string) {
		t.Helper()
		s := newStored(t, map[string]any{"other": "kept", "perfmon": "xml"})
		if before != nil {
			s.config[stateKey] = before
		}
		s.methods["VM.get_by_uuid"] = func(call) any { return "V" }
		if err := s.c.SetSavedState(context.Background(), "v", text); err != nil {
			t.Errorf("%s: %v", question, err)
		}
		if s.config[stateKey] != after || s.config["other"] != "kept" || s.config["perfmon"] != "xml" {
			t.Errorf("%s: other_config is %q", question, s.config)
		}
		if got := s.calls(); got != calls {
			t.Errorf("%s: calls %q, want %q", question, got, calls)
		}
	}
	f("the first time", nil, "new", "new", "add_to×1")
	f("another text", "old", "new", "new", "remove_from×1 add_to×1")
	f("the same text", "same", "same", "same", "")
	f("nothing more to say", "old", "", nil, "remove_from×1")
	f("nothing, as before", nil, "", nil, "")
}

func TestSetSavedStateFails(t *testing.T) {
	s := newStored(t, map[string]any{})
	s.methods["VM.get_by_uuid"] = func(call) any { return &Error{Code: "UUID_INVALID", Params: []string{"VM", "v"}} }
	if err := s.c.SetSavedState(context.Background(), "v", "x"); !errors.Is(err, ErrNoObject) {
		t.Errorf("a VM that is gone: %v", err)
	}
	s.methods["VM.get_by_uuid"] = func(call) any { return "V" }
	s.before["VM.add_to_other_config"] = func() error { s.config[stateKey] = "another's"; return nil }
	if err := s.c.SetSavedState(context.Background(), "v", "x"); !IsCode(err, "MAP_DUPLICATE_KEY") || s.config[stateKey] != "another's" {
		t.Errorf("another agent was faster: %v, %q", err, s.config)
	}
}
