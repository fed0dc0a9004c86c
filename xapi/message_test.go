package xapi

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var alarm = Message{Name: "ALARM", Priority: 3, Class: "VM", UUID: "vm-1",
	Body: "value: 0.986414\nconfig:\n<variable>\n\t<name value=\"cpu_usage\"/>\n</variable>\n"}

func TestCreateMessage(t *testing.T) {
	f := newFake(t)
	f.methods["message.create"] = func(c call) any {
		if c.text(4) != alarm.Body {
			t.Errorf("body %q", c.text(4))
		}
		return "OpaqueRef:message"
	}
	ref, err := f.client(t).CreateMessage(t.Context(), alarm)
	if err != nil || ref != "OpaqueRef:message" {
		t.Errorf("CreateMessage = %q, %v", ref, err)
	}
	wantIn(t, f.seen("message.create")[0].Raw,
		`"params":["OpaqueRef:session-1","ALARM","3","VM","vm-1","value: 0.986414\nconfig:\n<variable>`)
}

func TestCreateMessageFailures(t *testing.T) {
	f := newFake(t)
	c := f.client(t)
	var answer any
	f.methods["message.create"] = func(call) any { return answer }
	for _, answer = range []any{"OpaqueRef:NULL", "", nil} {
		ref, err := c.CreateMessage(t.Context(), alarm)
		if ref != "" || !errors.Is(err, ErrNullRef) || !Retriable(err) {
			t.Errorf("answer %v: %q, %v", answer, ref, err)
		}
	}
	answer = &Error{Code: "UUID_INVALID", Params: []string{"VM", "vm-1"}}
	_, err := c.CreateMessage(t.Context(), alarm)
	if !IsCode(err, "UUID_INVALID") || Retriable(err) {
		t.Errorf("a VM that has gone: %v", err)
	}
	wantIn(t, err.Error(), "create message for VM vm-1")

	sent := len(f.seen("message.create"))
	for _, body := range []string{"a\xff", strings.Repeat("x", 300<<10)} {
		m := alarm
		m.Body = body
		if _, err := c.CreateMessage(t.Context(), m); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("body of %d bytes: %v", len(body), err)
		}
	}
	if n := len(f.seen("message.create")); n != sent {
		t.Errorf("%d calls, want none for a body that cannot be accepted", n-sent)
	}
}

func TestMessages(t *testing.T) {
	f := newFake(t)
	record := func(stamp string) map[string]any {
		return map[string]any{"name": "ALARM", "priority": "3", "cls": "VM", "obj_uuid": "vm-1",
			"timestamp": stamp, "body": "value: 1", "uuid": "m"}
	}
	f.methods["message.get"] = func(c call) any {
		if got := []string{c.text(0), c.text(1), c.text(2)}; !cmp.Equal(got, []string{"VM", "vm-1", "20251007T00:00:00Z"}) {
			t.Errorf("params %q", got)
		}
		return map[string]any{"OpaqueRef:b": record("20251007T11:30:26Z"), "OpaqueRef:c": record("20251007T11:30:26Z"), "OpaqueRef:a": record("20251007T12:00:00Z")}
	}
	c := f.client(t)
	since := time.Date(2025, 10, 7, 0, 0, 0, 0, time.UTC)
	all, err := c.Messages(t.Context(), "VM", "vm-1", since)
	if err != nil {
		t.Fatal(err)
	}
	var refs []string
	for _, m := range all {
		refs = append(refs, m.Ref)
	}
	if d := cmp.Diff([]string{"OpaqueRef:b", "OpaqueRef:c", "OpaqueRef:a"}, refs); d != "" {
		t.Errorf("oldest first: %s", d)
	}
	want := MessageRecord{Message: Message{Name: "ALARM", Priority: 3, Class: "VM", UUID: "vm-1", Body: "value: 1"},
		Ref: "OpaqueRef:a", Time: time.Date(2025, 10, 7, 12, 0, 0, 0, time.UTC)}
	if d := cmp.Diff(want, all[2]); d != "" {
		t.Error(d)
	}

	f.methods["message.get"] = func(call) any { return map[string]any{"OpaqueRef:b": record("soon")} }
	if _, err := c.Messages(t.Context(), "VM", "vm-1", since); err == nil {
		t.Error("a time that is none: no error")
	}

	f.methods["message.destroy"] = func(c call) any {
		if c.text(0) != "OpaqueRef:b" {
			return &Error{Code: "HANDLE_INVALID", Params: []string{"message", c.text(0)}}
		}
		return ""
	}
	if err := c.DestroyMessage(t.Context(), "OpaqueRef:b"); err != nil {
		t.Error(err)
	}
	if err := c.DestroyMessage(t.Context(), "OpaqueRef:x"); !IsCode(err, "HANDLE_INVALID") {
		t.Errorf("DestroyMessage = %v", err)
	}
}

func TestMessagesSince(t *testing.T) {
	f := newFake(t)
	f.methods["message.get_since"] = func(c call) any {
		if got := c.text(0); len(c.Params) != 1 || got != "20251007T00:00:00Z" {
			t.Errorf("%d params, the first %q", len(c.Params), got)
		}
		record := func(class, stamp string) map[string]any {
			return map[string]any{"name": "ALARM", "priority": "3", "cls": class, "obj_uuid": "u", "timestamp": stamp, "body": "value: 1", "uuid": "m"}
		}
		return map[string]any{"OpaqueRef:b": record("SR", "20251007T11:30:27Z"), "OpaqueRef:a": record("Host", "20251007T11:30:26Z")}
	}
	const most = 64 << 10
	c := f.client(t, func(o *Options) { o.MaxReplyBytes = most })
	since := time.Date(2025, 10, 7, 0, 0, 0, 0, time.UTC)
	all, err := c.MessagesSince(t.Context(), since)
	if err != nil || len(all) != 2 || all[0].Ref != "OpaqueRef:a" || all[0].Class != "Host" || all[1].Class != "SR" || all[1].Body != "value: 1" {
		t.Errorf("%+v, %v", all, err)
	}
	f.methods["message.get_since"] = func(call) any {
		return map[string]any{"OpaqueRef:b": map[string]any{"timestamp": "20251007T11:30:27Z", "body": strings.Repeat("x", most)}}
	}
	if _, err := c.MessagesSince(t.Context(), since); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than can be read: %.200v", err)
	}
}
