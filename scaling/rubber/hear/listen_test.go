package hear

import (
	"context"
	"testing"
	"time"
)

// limit is how long a test waits for another goroutine, or another process.
const limit = time.Minute

// hearing is one that runs, with its clock of now.
type hearing struct {
	*Hearing
	t testing.TB
}

// listen runs a hearing until the test ends.
func listen(t testing.TB, o Options, drivers ...Driver) *hearing {
	t.Helper()
	h, err := New(o, drivers...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &hearing{h, t}
}

// until waits for a view. What it waits for comes from elsewhere, at any time.
func (h *hearing) until(what string, ok func(v View) bool) View {
	h.t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		v := h.View()
		if ok(v) {
			return v
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("waited in vain until %s: %+v; %v", what, v, h.Counts())
		}
	}
}

func contended(want Mark) func(v View) bool {
	return func(v View) bool { h := v.Host(hostA); return h != nil && h.Contended == want }
}
