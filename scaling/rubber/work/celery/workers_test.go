package celery

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"perfmon/scaling/rubber/work"
)

func TestOptions(t *testing.T) {
	f := func(o Options, want string) {
		t.Helper()
		_, err := New(o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v instead of %s", err, want)
		}
		if text := fmt.Sprintf("%v %+v %#v %v", o, o, o, o.LogValue()); strings.Contains(text, "hunter2") {
			t.Errorf("a secret in %s", text)
		}
	}
	good := work.Broker{URLs: []string{"amqp://u:hunter2@h"}}
	f(Options{}, "celery: broker: no url")
	f(Options{Broker: good, Answer: -1}, "negative")
	f(Options{Broker: good, MaxWorkers: -1}, "negative")
	f(Options{Broker: good, EventExchange: strings.Repeat("x", 256)}, "longer than 255")
	w, err := New(Options{Broker: good})
	if err != nil || w.o.EventExchange != "celeryev" || w.o.PidboxExchange != "celery.pidbox" || w.o.Answer != DefaultAnswer || w.o.Refresh != DefaultRefresh || w.o.MaxWorkers != DefaultMaxWorkers {
		t.Errorf("%+v, %v", w, err)
	}
}

// A broker that is away: nothing is complete, every call says so, and the
// tries are far apart.
func TestNoBroker(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var tries atomic.Int64
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tries.Add(1)
			c.Close()
		}
	}()
	log, logged := newLog()
	w, err := New(Options{Broker: work.Broker{URLs: []string{"amqp://u:hunter2@" + l.Addr().String()}}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Shutdown(t.Context(), "a"); work.KindOf(err) != work.Away || !strings.Contains(err.Error(), "not connected yet") {
		t.Error(err)
	}
	began := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	for w.Stats().ConnectFailures < 2 {
		time.Sleep(10 * time.Millisecond)
	}
	if err := w.Run(ctx); err == nil || !strings.Contains(err.Error(), "runs already") {
		t.Error(err)
	}
	_, err = w.Load(t.Context(), "a")
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "connect to broker") {
		t.Error(err)
	}
	if list, complete := w.Workers(); len(list) != 0 || complete {
		t.Errorf("%v, complete %t", list, complete)
	}
	if st := w.Stats(); st.Connected || st.Complete || st.Err == nil || !st.Since.IsZero() {
		t.Errorf("%+v", st)
	}
	logged.check(t, "no connection to the broker of Celery's workers")
	// A pause is half of the first at least.
	n, took := tries.Load(), time.Since(began)
	if n > int64(took/(250*time.Millisecond))+1 {
		t.Errorf("%d tries in %v", n, took)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	l.Close()
	<-accepted
}
