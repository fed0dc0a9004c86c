package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// watched is what a watcher has heard.
type watched struct {
	mu   sync.Mutex
	now  map[string]string
	said []string
}

func (w *watched) hear(c Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch c.Kind {
	case Put:
		w.now[c.Key] = string(c.Value)
		w.said = append(w.said, c.Key+"="+string(c.Value))
	case Deleted:
		delete(w.now, c.Key)
		w.said = append(w.said, c.Key+" gone")
	case UpToDate:
		w.said = append(w.said, "up to date")
	}
}

func (w *watched) is(want map[string]string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprint(w.now) == fmt.Sprint(want)
}

func TestWatch(t *testing.T) {
	ctx := within(t)
	dir := t.TempDir() + "/engine"
	first := run(t, Options{Dir: dir})
	a := first.bucket("x")
	second := run(t, Options{Dir: dir})
	b := second.bucket("x")
	put := func(key, value string) {
		t.Helper()
		if _, err := b.Put(ctx, key, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	put("m/1", "a")
	put("n/1", "not watched")
	w := &watched{now: map[string]string{}}
	watching, stop := context.WithCancel(ctx)
	done := make(chan error, 2)
	go func() { done <- b.Watch(watching, "m/", w.hear) }()
	go func() { done <- a.Watch(watching, "", func(Change) {}) }()
	until(t, "the present", func() bool { return w.is(map[string]string{"m/1": "a"}) })
	put("m/2", "b")
	put("m/1", "c")
	until(t, "changes", func() bool { return w.is(map[string]string{"m/1": "c", "m/2": "b"}) })
	if err := b.Delete(ctx, "m/2", 0); err != nil {
		t.Fatal(err)
	}
	until(t, "a deletion", func() bool { return w.is(map[string]string{"m/1": "c"}) })
	// The owner goes; what changes meanwhile is heard of, and nothing twice.
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	put("m/3", "d")
	if err := b.Delete(ctx, "m/1", 0); err != nil {
		t.Fatal(err)
	}
	until(t, "changes after the owner", func() bool { return w.is(map[string]string{"m/3": "d"}) })
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	seen := map[string]bool{}
	for _, s := range w.said {
		if seen[s] && s != "up to date" {
			t.Errorf("%s twice in %q", s, w.said)
		}
		seen[s] = true
	}
	if !seen["up to date"] {
		t.Error(w.said)
	}
}
