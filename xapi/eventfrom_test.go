package xapi

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEventFromOutlastsTheToolstacksWait(t *testing.T) {
	f := newFake(t)
	f.methods["event.from"] = func(call) any { return map[string]any{"events": []any{}, "token": "1"} }
	c := f.client(t)
	below := c.rpc.Transport
	var deadline time.Time
	c.rpc.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		deadline, _ = r.Context().Deadline()
		return below.RoundTrip(r)
	})
	defer func() { c.rpc.Transport = below }()
	began := time.Now()
	got, err := c.eventFrom(t.Context(), "", time.Hour, func(*event) {})
	if err != nil || got.Token != "1" {
		t.Errorf("%+v, %v", got, err)
	}
	if deadline.Before(began.Add(time.Hour + c.opts.CallTimeout)) {
		t.Errorf("the call ends %v after its beginning, in the middle of the wait", deadline.Sub(began))
	}
}

func TestEventFromWithoutToken(t *testing.T) {
	f := newFake(t)
	for _, result := range []any{nil, map[string]any{}, map[string]any{"events": []any{}, "token": ""}} {
		f.methods["event.from"] = func(call) any { return result }
		if got, err := f.client(t).eventFrom(t.Context(), "", time.Second, func(*event) {}); err == nil {
			t.Errorf("%v: %+v, want an error", result, got)
		}
	}
}

func TestWatchOverTheSocket(t *testing.T) {
	f := newFake(t)
	var config atomic.Value // of the VM
	config.Store("a")
	told := make(chan struct{}) // a change is told to who waits
	f.methods["event.from"] = func(c call) any {
		if got, want := string(c.Params[0]), `["vm","host","sr","pbd","pool"]`; got != want {
			t.Errorf("classes %s", got)
		}
		if got := string(c.Params[2]); !strings.Contains(got, ".") {
			t.Errorf("timeout %s is no float", got)
		}
		if c.text(1) != "" {
			select {
			case <-told:
			case <-c.r.Context().Done():
				return nil
			}
		}
		vm := map[string]any{"uuid": "v", "other_config": map[string]any{"perfmon": config.Load()}}
		return map[string]any{
			"events": []any{
				map[string]any{"class": "host", "operation": "add", "ref": "H", "snapshot": map[string]any{"uuid": "h"}},
				map[string]any{"class": "vm", "operation": "mod", "ref": "V", "snapshot": vm},
			},
			"token":            "1",
			"valid_ref_counts": map[string]any{"vm": 1, "host": "1"},
		}
	}
	w := f.client(t).NewWatcher()
	w.gap = time.Millisecond

	ctx, cancel := context.WithCancel(t.Context())
	configs := make(chan string)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Watch(ctx, "h", 0, Turn{}, func(inv *Inventory) { configs <- inv.VMs[0].Config })
	}()
	wantConfig := func(want string) {
		t.Helper()
		if got := <-configs; got != want {
			t.Errorf("config %q, want %q", got, want)
		}
	}
	wantConfig("a")
	config.Store("b")
	told <- struct{}{}
	wantConfig("b")

	<-w.Refresh() // nothing new

	f.invalidate()
	config.Store("c")
	refreshed := w.Refresh()
	wantConfig("c")
	<-refreshed

	cancel()
	<-done
	if logins, _, _, most := f.counts(); logins != 2 || most != 1 {
		t.Errorf("%d logins, %d sessions at once; want 2, 1", logins, most)
	}
}
