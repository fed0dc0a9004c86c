package xapi

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type asked struct {
	at      time.Duration
	token   string
	timeout time.Duration
}

// soon is a call that is held for half a minute at most, by a toolstack that
// has its reasons.
func (a asked) soon() asked {
	a.timeout = min(a.timeout, 30*time.Second)
	return a
}

type feed struct {
	t      *testing.T
	began  time.Time
	answer func(ctx context.Context, a asked) ([]event, batch, error)
	w      *Watcher
	turn   Turn

	mu    sync.Mutex
	log   bytes.Buffer
	asked []asked
	seen  []*Inventory
	when  []time.Duration // of each of seen
}

func newFeed(t *testing.T, answer func(ctx context.Context, a asked) ([]event, batch, error)) *feed {
	f := &feed{t: t, began: time.Now(), answer: answer}
	f.w = newWatcher(f.from, slog.New(slog.NewTextHandler(f, nil)), func() float64 { return 0.5 })
	return f
}

func (f *feed) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(line)
}

func (f *feed) from(ctx context.Context, token string, timeout time.Duration, each func(*event)) (batch, error) {
	a := asked{time.Since(f.began), token, timeout}
	f.mu.Lock()
	f.asked = append(f.asked, a)
	f.mu.Unlock()
	events, got, err := f.answer(ctx, a)
	for _, e := range events {
		each(&e)
	}
	return got, err
}

func (f *feed) watch(fullReadEvery time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.w.Watch(ctx, "h", fullReadEvery, f.turn, func(inv *Inventory) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.seen = append(f.seen, inv)
			f.when = append(f.when, time.Since(f.began))
		})
	}()
	return func() { cancel(); <-done }
}

func (f *feed) fulls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(f.asked), func(a asked) bool { return a.token != "" }))
}

func (f *feed) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

func (f *feed) wantSeen(want int) {
	f.t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seen) != want {
		f.t.Errorf("after %v: %d inventories, want %d", time.Since(f.began), len(f.seen), want)
	}
}

func (f *feed) wantLog(level string, want int) {
	f.t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if got := strings.Count(f.log.String(), "level="+level); got != want {
		f.t.Errorf("after %v: %d %s lines, want %d:\n%s", time.Since(f.began), got, level, want, &f.log)
	}
}

func vmEvent(operation, config string) event {
	snapshot, _ := json.Marshal(map[string]any{"uuid": "v", "other_config": map[string]string{"perfmon": config}})
	return event{Class: "vm", Operation: operation, Ref: "V", Snapshot: snapshot}
}

func everything(config string) []event {
	return []event{
		{Class: "host", Operation: "add", Ref: "H", Snapshot: json.RawMessage(`{"uuid":"h","name_label":"one"}`)},
		{Class: "pool", Operation: "add", Ref: "P", Snapshot: json.RawMessage(`{"uuid":"p","master":"H"}`)},
		vmEvent("add", config),
	}
}

var next = batch{Token: "next"}

func quiet(ctx context.Context, a asked) error {
	select {
	case <-time.After(a.timeout):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func steady(ctx context.Context, a asked) ([]event, batch, error) {
	if a.token == "" {
		return everything("a"), next, nil
	}
	return nil, next, quiet(ctx, a)
}
