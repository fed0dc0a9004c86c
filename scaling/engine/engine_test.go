package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
)

// running is an engine that runs until the test ends or stop is called.
type running struct {
	*Engine
	t    testing.TB
	stop func() error // ends Run and returns what it said
}

func run(t testing.TB, o Options) *running {
	t.Helper()
	if o.Listen == "" && len(o.URLs) == 0 {
		o.Listen = "127.0.0.1:0"
	}
	if o.Dir == "" && len(o.URLs) == 0 {
		o.Dir = t.TempDir() + "/engine"
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	var end error
	ended := false
	r := &running{Engine: e, t: t}
	r.stop = func() error {
		if !ended {
			ended = true
			cancel()
			end = <-done
		}
		return end
	}
	t.Cleanup(func() { r.stop() })
	return r
}

// within is the context of calls that have to succeed.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

func (r *running) bucket(name string) *Bucket {
	r.t.Helper()
	b, err := r.Bucket(within(r.t), name, BucketOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func TestKeys(t *testing.T) {
	ctx := within(t)
	b := run(t, Options{}).bucket("rubber")
	if _, err := b.Get(ctx, "machine/a"); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	one, err := b.Create(ctx, "machine/a", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, "machine/a", []byte("2")); !errors.Is(err, ErrExists) {
		t.Fatal(err)
	}
	two, err := b.Update(ctx, "machine/a", []byte("3"), one)
	if err != nil || two <= one {
		t.Fatal(two, err)
	}
	if _, err := b.Update(ctx, "machine/a", []byte("4"), one); !errors.Is(err, ErrConflict) {
		t.Fatal(err)
	}
	if e, err := b.Get(ctx, "machine/a"); err != nil || string(e.Value) != "3" || e.Revision != two || e.Key != "machine/a" {
		t.Fatal(e, err)
	}
	if _, err := b.Put(ctx, "machine/b.x", []byte("5")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(ctx, "lease", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if keys, err := b.Keys(ctx, "machine/"); err != nil || !slices.Equal(keys, []string{"machine/a", "machine/b.x"}) {
		t.Fatal(keys, err)
	}
	if all, err := b.All(ctx, "machine/b."); err != nil || len(all) != 1 || string(all[0].Value) != "5" {
		t.Fatal(all, err)
	}
	if err := b.Delete(ctx, "machine/a", one); !errors.Is(err, ErrConflict) {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, "machine/a", two); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, "machine/a", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(ctx, "machine/a"); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	if keys, err := b.Keys(ctx, "machine/"); err != nil || !slices.Equal(keys, []string{"machine/b.x"}) {
		t.Fatal(keys, err)
	}
	if _, err := b.Create(ctx, "machine/a", []byte("6")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(ctx, "machine a", nil); err == nil {
		t.Fatal("a key with a space")
	}
	if keys, err := b.Keys(ctx, "nothing"); err != nil || len(keys) != 0 {
		t.Fatal(keys, err)
	}
}

// Several engines in one folder are as several processes: one owns.
func TestOwnership(t *testing.T) {
	ctx := within(t)
	dir := t.TempDir() + "/engine"
	first := run(t, Options{Dir: dir})
	b := first.bucket("x")
	if !first.State().Owner {
		t.Fatal(first.State())
	}
	second := run(t, Options{Dir: dir})
	third := run(t, Options{Dir: dir})
	c, d := second.bucket("x"), third.bucket("x")
	for _, s := range []State{first.State(), second.State()} {
		if s.Address == "" || strings.HasSuffix(s.Address, ":0") || !strings.HasSuffix(s.Where, " on "+s.Address) {
			t.Errorf("it is at %q: %s", s.Address, s.Where)
		}
	}
	if second.State().Owner || third.State().Owner {
		t.Fatal("two owners")
	}
	rev, err := b.Put(ctx, "k", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(ctx, "k", []byte("2")); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if rev, err = c.Update(ctx, "k", []byte("3"), rev); err != nil {
		t.Fatal(err)
	}
	if e, err := d.Get(ctx, "k"); err != nil || e.Revision != rev {
		t.Fatal(e, err)
	}
	if second.State().Owner == third.State().Owner {
		t.Fatal("not one owner", second.State(), third.State())
	}
}

func TestLeaseIsHandedOn(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	dir := t.TempDir() + "/engine"
	a, b := run(t, Options{Dir: dir}).bucket("x"), run(t, Options{Dir: dir}).bucket("x")
	one, err := a.Acquire(ctx, "lease", LeaseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan *Lease)
	go func() {
		two, err := b.Acquire(ctx, "lease", LeaseOptions{})
		if err != nil {
			t.Error(err)
		}
		got <- two
	}()
	if _, err := one.Put(ctx, "k", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if !one.Held() || one.Err() != nil {
		t.Fatal(one.Err())
	}
	if err := one.Release(ctx); err != nil {
		t.Fatal(err)
	}
	two := <-got
	if two == nil {
		t.FailNow()
	}
	if two.Token() <= one.Token() {
		t.Fatal(one.Token(), two.Token())
	}
	if _, err := one.Put(ctx, "k", []byte("2")); !errors.Is(err, ErrLost) {
		t.Fatal(err)
	}
	if err := two.Delete(ctx, "k"); err != nil {
		t.Fatal(err)
	}
	if err := two.Release(ctx); err != nil {
		t.Fatal(err)
	}
}

// A bucket that is full refuses what is new, and lets go of what it has.
func TestFullBucket(t *testing.T) {
	ctx := within(t)
	e := run(t, Options{Limits: Limits{Payload: 20_000, Connections: 2}})
	b, err := e.Bucket(ctx, "small", BucketOptions{MaxBytes: 50_000, MaxValue: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	full := false
	for i := range 12 {
		_, err := b.Put(ctx, fmt.Sprint("k", i), make([]byte, 5000))
		if err != nil {
			wants(t, err, "write k", "bucket small", "maximum")
			full = true
		}
	}
	if !full {
		t.Fatal("it takes everything")
	}
	if _, err := b.Put(ctx, "k0", make([]byte, 5000)); err != nil {
		t.Error(err)
	}
	if err := b.Delete(ctx, "k1", 0); err != nil {
		t.Error(err)
	}
	if _, err := b.Put(ctx, "k2", make([]byte, 15_000)); err == nil {
		t.Error("a value that is too large for the bucket")
	}
	if _, err := b.Put(ctx, "k2", make([]byte, 25_000)); err == nil {
		t.Error("a value that is too large for the server")
	}
	if err := run(t, Options{Dir: e.opts.Dir}).Wait(ctx); err != nil {
		t.Fatal(err)
	}
	third := run(t, Options{Dir: e.opts.Dir})
	until(t, "tries in vain", func() bool { return third.State().Tries > 3 && third.State().Problem != "" })
	if third.State().Ready {
		t.Error("a connection more than the limit")
	}
	// Larger, and there is room.
	if b, err = e.Bucket(ctx, "small", BucketOptions{MaxBytes: 100_000, MaxValue: 10_000}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(ctx, "more", make([]byte, 9_000)); err != nil {
		t.Error(err)
	}
	if _, err := e.Bucket(ctx, "huge", BucketOptions{MaxBytes: 1 << 50}); err == nil {
		t.Error("a bucket larger than the store")
	}
	if _, err := e.Bucket(ctx, "no.name", BucketOptions{}); err == nil {
		t.Error("a name with a dot")
	}
}

// TestQuietStart: an engine that comes back finds the note of where the last
// one listened, and nobody there. That is nothing to warn of.
func TestQuietStart(t *testing.T) {
	dir := t.TempDir() + "/engine"
	for range 2 {
		log := &warnings{}
		e := run(t, Options{Dir: dir, Logger: slog.New(log)})
		e.bucket("x")
		if err := e.stop(); err != nil {
			t.Fatal(err)
		}
		if said := log.said(); len(said) > 0 {
			t.Errorf("it warns: %q", said)
		}
	}
}

// warnings keeps what is logged from there on.
type warnings struct {
	mu   sync.Mutex
	list []string
}

func (w *warnings) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (w *warnings) WithAttrs([]slog.Attr) slog.Handler           { return w }
func (w *warnings) WithGroup(string) slog.Handler                { return w }

func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	w.list = append(w.list, text)
	return nil
}

func (w *warnings) said() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.list)
}
