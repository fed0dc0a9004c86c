package demo

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/httpjson"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is how long a test waits for others.
const limit = time.Minute

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

const queue, token, name = "jobs", "secret", "worker@vm"

// drivers are rubber's own, at a shop.
func drivers(t *testing.T, url string) (*httpjson.Source, *httpjson.Workers) {
	t.Helper()
	o := httpjson.Options{URL: url + "/depth", Header: "Authorization", Secret: token}
	source, err := httpjson.New(o)
	if err != nil {
		t.Fatal(err)
	}
	o.URL = url + "/workers"
	workers, err := httpjson.NewWorkers(httpjson.WorkersOptions{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		_ = workers.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-listened
		_ = source.Close()
	})
	return source, workers
}

// TestDrivers: rubber understands the shop. Jobs end when the test says so.
func TestDrivers(t *testing.T) {
	s := NewShop(queue)
	server := httptest.NewServer(s.Handler(token))
	defer server.Close()
	source, workers := drivers(t, server.URL)
	ctx := t.Context()

	var done atomic.Int64 // jobs, from the first
	var told atomic.Bool  // to end
	quit, ended := make(chan struct{}), make(chan struct{})
	defer func() { close(quit); <-ended }()
	go func() {
		defer close(ended)
		holds := []int64{}
		for {
			r := Report{Name: name, Process: 1, Slots: 2}
			for _, id := range holds {
				if id <= done.Load() {
					r.Done = append(r.Done, id)
				} else {
					r.Holds = append(r.Holds, id)
				}
			}
			o := s.Hear(time.Now(), r)
			for holds = r.Holds; len(o.Start) > 0; o.Start = o.Start[1:] {
				holds = append(holds, o.Start[0].ID)
			}
			told.Store(o.End)
			select {
			case <-quit:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	until(t, "the worker heard of, of which there is no more", func() bool {
		list, complete := workers.Workers()
		return complete && len(list) == 1 && list[0].Name == name && list[0].Slots == 2 && slices.Equal(list[0].Queues, []string{queue})
	})

	s.Add(time.Now(), time.Hour, time.Hour, time.Hour)
	until(t, "two that run", func() bool { return s.Counts() == Counts{Waiting: 1, Running: 2} })
	d, err := source.Depth(ctx, queue)
	if err != nil || *d.Ready != 1 || *d.Unacked != 2 || *d.Consumers != 1 || *d.Oldest <= 0 || *d.Oldest > limit {
		t.Errorf("%+v, %v", d, err)
	}
	if d, err := source.Depth(ctx, "another"); err != nil || !d.Absent {
		t.Errorf("%+v, %v", d, err)
	}

	// It leaves the queue, ends its work, and comes back.
	if err := workers.CancelConsumer(ctx, name, queue); err != nil {
		t.Fatal(err)
	}
	if load, err := workers.Load(ctx, name); err != nil || load.Active != 2 {
		t.Errorf("%+v, %v", load, err)
	}
	done.Store(2)
	until(t, "what it had done, and no more", func() bool { return s.Counts() == Counts{Waiting: 1, Done: 2} })
	if load, err := workers.Load(ctx, name); err != nil || load != (work.Load{}) {
		t.Errorf("%+v, %v", load, err)
	}
	if err := workers.AddConsumer(ctx, name, queue); err != nil {
		t.Fatal(err)
	}
	until(t, "the last that runs", func() bool { return s.Counts() == Counts{Running: 1, Done: 2} })
	if err := workers.Shutdown(ctx, name); err != nil {
		t.Fatal(err)
	}
	until(t, "the worker told to end", told.Load)
	if err := workers.Shutdown(ctx, "worker@nobody"); work.KindOf(err) != work.NoWorker {
		t.Errorf("of nobody: %v", err)
	}
}

// TestWorker: a real worker does what there is, and ends when it is told to,
// not before its work is done.
func TestWorker(t *testing.T) {
	s := NewShop(queue)
	server := httptest.NewServer(s.Handler(token))
	defer server.Close()
	_, workers := drivers(t, server.URL)
	w := &Worker{URL: server.URL, Token: token, Name: name, Slots: 2, Boot: time.Millisecond, Client: server.Client()}
	ended := make(chan error, 1)
	go func() { ended <- w.Work(t.Context()) }()
	s.Add(time.Now(), time.Millisecond, time.Second, time.Millisecond)
	until(t, "three jobs done", func() bool { return s.Counts() == Counts{Done: 3} })

	s.Add(time.Now(), 2*time.Second)
	until(t, "one that runs, and a worker that rubber knows", func() bool {
		list, _ := workers.Workers()
		return s.Counts().Running+s.Counts().Done == 4 && len(list) == 1
	})
	if err := workers.Shutdown(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s.Counts() != (Counts{Done: 4}) || len(s.workers) != 0 {
		t.Errorf("%+v, %d workers", s.Counts(), len(s.workers))
	}
}

// One that is told to end by a signal says so, and its job is another's.
func TestInterrupted(t *testing.T) {
	s := NewShop(queue)
	server := httptest.NewServer(s.Handler(token))
	defer server.Close()
	w := &Worker{URL: server.URL, Token: token, Name: name, Slots: 1, Client: server.Client()}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Work(ctx) }()
	s.Add(time.Now(), time.Hour)
	until(t, "one that runs", func() bool { return s.Counts().Running == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s.Counts() != (Counts{Waiting: 1, Again: 1}) {
		t.Errorf("%+v", s.Counts())
	}
}

// A worker whose token is not the shop's ends, in the end, with that reason;
// nobody else is let in either.
func TestToken(t *testing.T) {
	server := httptest.NewServer(NewShop(queue).Handler(token))
	defer server.Close()
	for _, path := range []string{"/depth?queue=jobs", "/workers"} {
		a, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %s", path, a.Status)
		}
	}
	w := &Worker{URL: server.URL, Token: "wrong", Name: "x", Slots: 1, Client: server.Client()}
	if _, err := w.report(t.Context(), Report{Name: "x"}); err == nil || err.Error() != "401 Unauthorized" {
		t.Errorf("%v", err)
	}
}
