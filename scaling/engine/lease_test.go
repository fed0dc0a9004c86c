package engine

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"perfmon/alarm/sink/sinktest"
)

// A holder that is cut off stops before another begins, on an external
// cluster, where one instance is active and the others stand by.
func TestHolderIsCutOff(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	srv := sinktest.StartNATS(t, nil)
	cut := newWire(t, srv.URL)
	a, b := run(t, Options{URLs: []string{cut.url}}).bucket("x"), run(t, Options{URLs: []string{srv.URL}}).bucket("x")
	const ttl = 4 * time.Second // a slow machine keeps a renewal waiting for most of a second
	one, err := a.Acquire(ctx, "lease", LeaseOptions{TTL: ttl, Holder: "one"})
	if err != nil {
		t.Fatal(err)
	}
	lost := make(chan time.Duration, 1)
	go func() { <-one.Lost(); lost <- sinceBoot() }()
	type taken struct {
		l  *Lease
		at time.Duration
	}
	got := make(chan taken, 1)
	go func() {
		two, err := b.Acquire(ctx, "lease", LeaseOptions{TTL: ttl, Holder: "two"})
		if err != nil {
			t.Error(err)
		}
		got <- taken{two, sinceBoot()}
	}()
	// It is renewed for longer than it lasts.
	from := one.at()
	until(t, "renewals", func() bool { return one.at() >= from+3 })
	select {
	case <-got:
		t.Fatal("two holders")
	default:
	}
	cut.silence()
	first, second := <-lost, <-got
	cut.hangUp()
	if second.l == nil {
		t.FailNow()
	}
	if first >= second.at {
		t.Errorf("the first held until %v, the second from %v", first, second.at)
	}
	if one.Held() || !errors.Is(one.Err(), ErrLost) {
		t.Error(one.Err())
	}
	if _, err := one.Put(ctx, "k", nil); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	if err := one.Release(ctx); err != nil {
		t.Error(err)
	}
	if !second.l.Held() {
		t.Error("the first has given back what the second holds")
	}
	if err := second.l.Release(ctx); err != nil {
		t.Error(err)
	}
}

// A write that comes late, from a holder that believes in its lease, is
// refused by the server.
func TestFence(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	b := run(t, Options{}).bucket("x")
	old, err := b.Acquire(ctx, "lease", LeaseOptions{TTL: maxLeaseTTL})
	if err != nil {
		t.Fatal(err)
	}
	other := holding{ID: "other", Holder: "other", TTL: 1000, Token: old.Token() + 1}
	body, _ := json.Marshal(other)
	if _, err := b.Put(ctx, "lease", body); err != nil {
		t.Fatal(err)
	}
	if !old.Held() {
		t.Fatal("it cannot know yet")
	}
	if _, err := old.Put(ctx, "k", []byte("late")); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	if _, err := b.Get(ctx, "k"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := old.renew(ctx); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	if err := old.Release(ctx); err != nil {
		t.Error(err)
	}
	if e, err := b.Get(ctx, "lease"); err != nil || string(e.Value) != string(body) {
		t.Error(e, err)
	}
}

// Fenced writes and renewals go on beside each other.
func TestFencedWritesWhileRenewed(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	b := run(t, Options{}).bucket("x")
	l, err := b.Acquire(ctx, "lease", LeaseOptions{}) // long: this is not about losing it
	if err != nil {
		t.Fatal(err)
	}
	from := l.at()
	for n := 0; l.at() == from || n < 50; n++ {
		if _, err := l.Put(ctx, "k", []byte("x")); err != nil {
			t.Fatal(err)
		}
		if n%5 == 0 {
			if err := l.renew(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := l.Put(ctx, "large", make([]byte, defaultMaxValue*3)); err == nil || errors.Is(err, ErrLost) {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.Put(gone, "k", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := l.Release(ctx); err != nil {
		t.Error(err)
	}
	if _, err := b.Get(ctx, "lease"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestLeaseOfNobody(t *testing.T) {
	ctx := within(t)
	e := run(t, Options{})
	b := e.bucket("x")
	if _, err := b.Put(ctx, "lease", []byte("something else")); err != nil {
		t.Fatal(err)
	}
	_, err := b.Acquire(ctx, "lease", LeaseOptions{})
	wants(t, err, `"something else"`, "name another key")
	_, err = b.Acquire(ctx, "lease", LeaseOptions{TTL: time.Millisecond})
	wants(t, err, "1s to 10m")
	l, err := b.Acquire(ctx, "mine", LeaseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := b.Acquire(short, "mine", LeaseOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
	<-l.ended
}
