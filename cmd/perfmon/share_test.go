package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/monitor"
	"perfmon/xapi"
)

// records are a toolstack that keeps texts, after so many failures.
type records struct {
	mu       sync.Mutex
	failures int
	gone     string
	slow     time.Duration
	calls    []string
}

func (r *records) SetSavedState(_ context.Context, uuid, text string) error {
	time.Sleep(r.slow)
	r.mu.Lock()
	defer r.mu.Unlock()
	if uuid == r.gone {
		return xapi.ErrNoObject
	}
	if r.failures > 0 {
		r.failures--
		return errors.New("booting")
	}
	r.calls = append(r.calls, uuid+"="+text)
	return nil
}

func TestSharer(t *testing.T) {
	f := func(question string, r *records, ask func(s *sharer), want ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := &sharer{client: r, log: slog.New(slog.NewTextHandler(io.Discard, nil)), wake: make(chan struct{}, 1), waiting: map[monitor.Object]string{}}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() { defer close(done); s.run(ctx) }()
			ask(s)
			time.Sleep(10 * time.Minute)
			cancel()
			<-done
			if !reflect.DeepEqual(r.calls, want) {
				t.Errorf("%s: written %q, want %q", question, r.calls, want)
			}
			if len(s.waiting) > 0 {
				t.Errorf("%s: %v still waits", question, s.waiting)
			}
		})
	}
	a, b := monitor.Object{Class: "vm", UUID: "a"}, monitor.Object{Class: "vm", UUID: "b"}
	f("two VMs", &records{}, func(s *sharer) { s.share(a, "1"); s.share(b, "2") }, "a=1", "b=2")
	f("the toolstack boots", &records{failures: 5}, func(s *sharer) { s.share(a, "1") }, "a=1")
	f("a VM that is gone", &records{gone: "a"}, func(s *sharer) { s.share(a, "1"); s.share(b, "2") }, "b=2")
	f("a newer text while the first is written", &records{slow: time.Minute}, func(s *sharer) {
		s.share(a, "1")
		time.Sleep(time.Second)
		s.share(a, "2")
		s.share(a, "3")
	}, "a=1", "a=3")
}
