//go:build integration

package amqp

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
	"perfmon/alarm/sink/sinktest"
)

// rabbit is a RabbitMQ from the Debian package.
type rabbit struct {
	*sinktest.Rabbit
	t *testing.T
}

// drain takes everything out of a queue, and counts the ids.
func (r *rabbit) drain(queue string) map[string]int {
	r.t.Helper()
	got := map[string]int{}
	for _, m := range r.Drain(queue) {
		var event struct{ ID string }
		if err := json.Unmarshal(m.Body, &event); err != nil || event.ID != m.MessageId {
			r.t.Errorf("message %s with the event %s: %v", m.MessageId, event.ID, err)
		}
		got[m.MessageId]++
	}
	return got
}

// until waits for what the broker does after it has answered.
func (r *rabbit) until(what string, is func() bool) {
	r.t.Helper()
	for end := time.Now().Add(3 * time.Minute); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// short says whether the broker has noticed that it is short of memory.
func (r *rabbit) short() bool {
	return strings.Contains(r.Control("eval", "rabbit_alarm:get_alarms()."), "memory")
}

func TestRealRabbit(t *testing.T) {
	r := &rabbit{sinktest.StartRabbit(t), t}
	s := newSink(t, Options{URLs: []string{r.URL}, Username: r.User, Password: r.Password})
	deliver := func(events []*alarm.Event) {
		t.Helper()
		for tries := 0; len(events) > 0; tries++ {
			n, err := s.Deliver(t.Context(), events)
			events = events[n:]
			if err != nil && tries > 100 {
				t.Fatal(err)
			}
		}
	}
	expect := func(queue string, events []*alarm.Event, exactly bool) {
		t.Helper()
		got := r.drain(queue)
		for _, e := range events {
			if n := got[e.EventID()]; n == 0 || exactly && n != 1 {
				t.Errorf("%s has %s %d times", queue, e.EventID(), n)
			}
			delete(got, e.EventID())
		}
		if len(got) != 0 {
			t.Errorf("%s has others: %v", queue, got)
		}
	}

	// The sink makes the exchange; nobody has bound a queue, and that is fine.
	deliver(sinkcheck.Numbered(1))
	if out := r.Control("list_exchanges", "name", "type", "durable"); !strings.Contains(out, "perfmon.alarms\ttopic\ttrue") {
		t.Fatalf("exchanges:\n%s", out)
	}

	// Queues get what they are bound to, once as long as nothing fails.
	r.Bind(DefaultExchange, "all", "perfmon.alarm.v1.#")
	r.Bind(DefaultExchange, "web", "perfmon.alarm.v1.*.vm."+sinkcheck.VMUUID+".*")
	r.Bind(DefaultExchange, "other", "perfmon.alarm.v1.*.sr.#")
	r.Bind(DefaultExchange, "heartbeats", "perfmon.heartbeat.v1.*")
	events := sinkcheck.Numbered(250)
	deliver(events)
	expect("all", events, true)
	expect("web", events, true)
	expect("other", nil, true)

	e := sinkcheck.Raised()
	e.Kind, e.Announce = alarm.KindState, 1
	if err := s.Announce(t.Context(), []*alarm.Event{e}); err != nil {
		t.Fatal(err)
	}
	if err := s.Heartbeat(t.Context(), "perfmon.heartbeat.v1."+sinkcheck.HostUUID, "beat", []byte(`{"id":"beat"}`)); err != nil {
		t.Fatal(err)
	}
	deliver(sinkcheck.Numbered(1)) // its confirm comes behind both
	expect("all", append(sinkcheck.Numbered(1), e), true)
	if got := r.drain("heartbeats"); got["beat"] != 1 {
		t.Errorf("heartbeats: %v", got)
	}

	// The broker is killed, and then stopped, in the middle: what it has
	// confirmed it still has when it is back, and the rest comes then.
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		events = sinkcheck.Numbered(3000)
		delivered := make(chan struct{})
		back := make(chan struct{})
		go func() {
			defer close(back)
			<-delivered
			r.Stop(signal)
			r.Start()
		}()
		middle := sync.OnceFunc(func() { close(delivered) })
		for queue, tries := events, 0; len(queue) > 0; {
			n, err := s.Deliver(t.Context(), queue[:min(50, len(queue))])
			if queue = queue[n:]; len(queue) <= 2500 {
				middle()
			}
			if err != nil {
				if isRefused(err) || tries > 1000 {
					t.Fatal(err)
				}
				tries++
				time.Sleep(100 * time.Millisecond)
			}
		}
		<-back
		expect("all", events, false)
	}

	// Without the right to make anything, an exchange that is there will do.
	r.Control("add_user", "poor", "pw")
	r.Control("set_permissions", "poor", "^$", "^perfmon\\.alarms$", "^$")
	poor := newSink(t, Options{URLs: []string{r.URL}, Username: "poor", Password: "pw"})
	if n, err := poor.Deliver(t.Context(), sinkcheck.Numbered(2)); n != 2 || err != nil {
		t.Errorf("may only write: %d, %v", n, err)
	}
	expect("all", sinkcheck.Numbered(2), true)
	r.Control("set_permissions", "poor", "^$", "^$", "^$")
	again := newSink(t, Options{URLs: []string{r.URL}, Username: "poor", Password: "pw"})
	if n, err := again.Deliver(t.Context(), sinkcheck.Numbered(2)); n != 0 || err == nil || isRefused(err) || !strings.Contains(err.Error(), "ACCESS_REFUSED") {
		t.Errorf("may do nothing: %d, %v", n, err)
	}

	// A broker that is out of memory takes nothing until it has some again.
	r.Control("set_vm_memory_high_watermark", "0.00001")
	r.until("it is short of memory", r.short)
	blocked := newSink(t, Options{URLs: []string{r.URL}, Username: r.User, Password: r.Password, Timeout: 2 * time.Second})
	events = sinkcheck.Numbered(3)
	n, err := blocked.Deliver(t.Context(), events)
	if n != 0 || err == nil || isRefused(err) {
		t.Errorf("out of memory: taken %d, %v", n, err)
	}
	r.Control("set_vm_memory_high_watermark", "0.4")
	queue := events
	r.until("it has memory again and takes all", func() bool { // its time may be over before a busy machine has answered
		n, err := blocked.Deliver(t.Context(), queue)
		if err != nil && isRefused(err) {
			t.Fatal(err)
		}
		queue = queue[n:]
		return len(queue) == 0
	})
	expect("all", events, false)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	r.until("only the one that was blocked has a connection", func() bool {
		return strings.Count(r.Control("list_connections", "user"), "agent") == 1
	})
}
