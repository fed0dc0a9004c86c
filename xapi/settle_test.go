package xapi

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// plainVM is a VM without trigger XML.
func plainVM() event {
	return event{Class: "vm", Operation: "mod", Ref: "V", Snapshot: json.RawMessage(`{"uuid":"v","other_config":{}}`)}
}

// TestWatchEdit: an edit that takes the old text out and puts the new one in
// is one change; a text that is gone is seen within two seconds, also where
// VMs change all the time.
func TestWatchEdit(t *testing.T) {
	type step struct {
		at time.Duration
		e  event
	}
	const begin = 100 * time.Second
	f := func(question string, busy bool, steps []step, want []string, within time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newFeed(t, nil)
			f.answer = func(ctx context.Context, a asked) ([]event, batch, error) {
				if a.token == "" {
					return everything("a"), next, nil
				}
				wake := a.timeout
				if busy {
					wake = min(wake, 10*time.Millisecond)
				}
				if len(steps) > 0 {
					wake = min(wake, max(begin+steps[0].at-time.Since(f.began), 0))
				}
				if err := quiet(ctx, asked{a.at, a.token, wake}); err != nil {
					return nil, batch{}, err
				}
				var events []event
				if busy {
					events = append(events, event{Class: "vm", Operation: "mod", Ref: "W", Snapshot: json.RawMessage(`{"uuid":"w","is_a_template":true}`)})
				}
				for len(steps) > 0 && time.Since(f.began) >= begin+steps[0].at {
					events = append(events, steps[0].e)
					steps = steps[1:]
				}
				return events, next, nil
			}
			stop := f.watch(time.Hour)
			time.Sleep(begin + 20*time.Second)
			stop()
			var got []string
			for _, inv := range f.seen {
				got = append(got, inv.VMs[0].Config)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: saw %q, want %q", question, got, want)
				return
			}
			if last := f.when[len(f.when)-1]; last > begin+within {
				t.Errorf("%s: seen at %v, want within %v of %v", question, last, within, begin)
			}
		})
	}
	for _, busy := range []bool{false, true} {
		f("an edit", busy, []step{{0, plainVM()}, {20 * time.Millisecond, vmEvent("mod", "b")}}, []string{"a", "b"}, 2*time.Second)
		f("an edit to the same", busy, []step{{0, plainVM()}, {20 * time.Millisecond, vmEvent("mod", "a")}}, []string{"a"}, begin)
		f("taken away", busy, []step{{0, plainVM()}}, []string{"a", ""}, 2*time.Second+20*time.Millisecond)
		f("taken away, and set later", busy, []step{{0, plainVM()}, {5 * time.Second, vmEvent("mod", "b")}}, []string{"a", "", "b"}, 7*time.Second)
		f("emptied", busy, []step{{0, vmEvent("mod", "")}, {20 * time.Millisecond, vmEvent("mod", "b")}}, []string{"a", "b"}, 2*time.Second)
	}
}
