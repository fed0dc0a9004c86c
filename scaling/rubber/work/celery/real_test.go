//go:build integration

package celery

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/alarm/sink/sinktest"
	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/worktest"
)

var server *sinktest.Rabbit

func TestMain(m *testing.M) {
	os.Exit(worktest.Main(m, func(t testing.TB) { server = worktest.StartRabbit(t, "") }))
}

// listen runs a Workers until the test ends.
func listen(t *testing.T, url string) *Workers {
	t.Helper()
	log, logged := newLog()
	w, err := New(Options{Broker: work.Broker{URLs: []string{url}}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if w.Stats().Connects > 0 {
			logged.check(t, "listening to Celery's workers")
		}
	})
	return w
}

// newSite makes a vhost and who listens to it.
func newSite(t *testing.T, vhost string) (*worktest.Site, *Workers) {
	t.Helper()
	worktest.MakeVhost(t, server, vhost)
	site := worktest.NewSite(t, server, vhost)
	return site, listen(t, site.BrokerURL)
}

// is waits until what is known of a worker is as wanted.
func is(t *testing.T, w *Workers, name, what string, limit time.Duration, want func(work.Worker) bool) (got work.Worker) {
	t.Helper()
	worktest.Until(t, name+" "+what, limit, func() bool {
		list, _ := w.Workers()
		i := slices.IndexFunc(list, func(w work.Worker) bool { return w.Name == name })
		if i < 0 {
			return false
		}
		got = list[i]
		return want(got)
	})
	return got
}

// up waits until everything is known of workers.
func up(t *testing.T, w *Workers, names ...string) {
	t.Helper()
	for _, name := range names {
		is(t, w, name, "is up", time.Minute, func(w work.Worker) bool {
			return !w.Gone && w.Slots > 0 && w.Queues != nil && w.Active != nil && w.Reserved != nil
		})
	}
}

func begun(site *worktest.Site, n int) func() bool {
	return func() bool { return len(site.Runs()) == n }
}

// A busy worker is drained: it finishes what it has begun and what it has
// fetched, the rest is left to its peer, and nothing is lost or delivered
// twice. Meanwhile an idle one says that it is idle, load returns, and the
// worker takes from its queue again.
func TestDrainBusyWorker(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("acks_late=%t", late), func(t *testing.T) {
			t.Parallel()
			site, w := newSite(t, fmt.Sprintf("drain/%t", late))
			gate, open := site.Gate("busy")
			const a, b = "worker@vm-a", "other@worker@vm-b"
			first := site.StartWorker(worktest.WorkerOptions{Name: a, Queues: []string{"q"}, Slots: 1, Prefetch: 2, AcksLate: late})
			up(t, w, a)
			if got := is(t, w, a, "is idle", time.Minute, func(w work.Worker) bool { return !w.IdleSince.IsZero() }); got.Host != "vm-a" || got.PID != first.PID() || got.Slots != 1 || fmt.Sprint(got.Queues) != "[q]" {
				t.Errorf("%+v", got)
			}

			// One runs, some are fetched, and more wait.
			ids := site.Publish("q", 1, "hold", gate)
			worktest.Until(t, "the task runs", time.Minute, begun(site, 1))
			ids = append(ids, site.Publish("q", 7, "work", 0.01)...)
			fetched := 2 // Celery's multiplier, for one slot
			if late {
				fetched = 1 // the one that runs is not acknowledged, and counts
			}
			worktest.Until(t, "it has fetched", time.Minute, func() bool {
				load, err := w.Load(t.Context(), a)
				if err != nil {
					t.Fatal(err)
				}
				return load == work.Load{Active: 1, Reserved: fetched}
			})
			is(t, w, a, "says that it works", time.Minute, func(w work.Worker) bool {
				return w.Active != nil && *w.Active == 1 && w.IdleSince.IsZero() && *w.Reserved == fetched
			})

			if err := w.CancelConsumer(t.Context(), a, "q"); err != nil {
				t.Fatal(err)
			}
			if got, _ := w.table.Find(a); len(got.Queues) != 0 {
				t.Errorf("it still listens to %v", got.Queues)
			}
			// It keeps what it has fetched: a peer gets only the rest.
			site.StartWorker(worktest.WorkerOptions{Name: b, Queues: []string{"q"}, Slots: 2, AcksLate: late})
			up(t, w, b)
			worktest.Until(t, "the peer has done the rest", time.Minute, func() bool { return site.Ended() == 7-fetched })
			if load, err := w.Load(t.Context(), a); err != nil || load != (work.Load{Active: 1, Reserved: fetched}) {
				t.Errorf("drained: %+v, %v", load, err)
			}
			open()
			worktest.Until(t, "it has finished all that it had", time.Minute, func() bool {
				load, err := w.Load(t.Context(), a)
				if err != nil {
					t.Fatal(err)
				}
				return load == work.Load{}
			})
			for _, r := range site.Runs() {
				if r.ID == ids[0] && r.Worker != a || r.Redelivered {
					t.Errorf("%+v", r)
				}
			}

			// Load returns.
			if err := w.AddConsumer(t.Context(), a, "q"); err != nil {
				t.Fatal(err)
			}
			if err := w.CancelConsumer(t.Context(), b, "q"); err != nil {
				t.Fatal(err)
			}
			more := site.Publish("q", 3, "work", 0.01)
			worktest.Until(t, "it works again", time.Minute, begun(site, 11))
			for _, r := range site.Runs() {
				if slices.Contains(more, r.ID) && r.Worker != a {
					t.Errorf("%+v", r)
				}
			}
			ids = append(ids, more...)

			// And goes in the end.
			if err := w.CancelConsumer(t.Context(), a, "q"); err != nil {
				t.Fatal(err)
			}
			worktest.Until(t, "it is empty", time.Minute, func() bool {
				load, err := w.Load(t.Context(), a)
				return err == nil && load == work.Load{}
			})
			if err := w.Shutdown(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			<-first.Done()
			is(t, w, a, "has gone", time.Minute, func(w work.Worker) bool { return w.Gone })
			if err := w.Shutdown(t.Context(), a); work.KindOf(err) != work.NoWorker {
				t.Errorf("shut down what has gone: %v", err)
			}
			if err := w.CancelConsumer(t.Context(), "nobody@nowhere", "q"); work.KindOf(err) != work.NoWorker {
				t.Errorf("cancel for nobody: %v", err)
			}
			site.Exactly(ids, false)
			if mean, ok := w.TaskTime("q"); !ok || mean.Tasks < 1 || mean.Mean <= 0 {
				t.Errorf("task time %+v, %t", mean, ok)
			}
			if st := w.Stats(); st.Malformed != 0 || st.Silent != 0 || st.Oversized != 0 || st.Connects != 1 || st.Workers != 1 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// What a shutdown does to a busy worker: it is gone for us at once, finishes
// what runs, and gives back what it has not begun.
func TestShutdownBusyWorker(t *testing.T) {
	t.Parallel()
	site, w := newSite(t, "shutdown")
	gate, open := site.Gate("busy")
	const a, b = "worker@vm-a", "worker@vm-b"
	first := site.StartWorker(worktest.WorkerOptions{Name: a, Queues: []string{"q"}, Slots: 1, Prefetch: 3})
	up(t, w, a)
	site.PublishFor(time.Now().Add(time.Hour), "q", "work")
	scheduled := func(name string) func() bool {
		return func() bool {
			load, err := w.Load(t.Context(), name)
			return err == nil && load == work.Load{Scheduled: 1}
		}
	}
	worktest.Until(t, "it keeps a task for later", time.Minute, scheduled(a))
	ids := site.Publish("q", 1, "hold", gate)
	worktest.Until(t, "the task runs", time.Minute, begun(site, 1))
	ids = append(ids, site.Publish("q", 5, "work", 0.01)...)
	worktest.Until(t, "it has fetched", time.Minute, func() bool {
		load, err := w.Load(t.Context(), a)
		return err == nil && load == work.Load{Active: 1, Reserved: 3, Scheduled: 1}
	})
	if err := w.Shutdown(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	is(t, w, a, "has gone", time.Minute, func(w work.Worker) bool { return w.Gone })
	select {
	case <-first.Done():
		t.Error("it ended before its task")
	default:
	}
	open()
	<-first.Done()
	if runs := site.Runs(); len(runs) != 1 || !runs[0].Ended {
		t.Errorf("it has run %+v", runs)
	}
	site.StartWorker(worktest.WorkerOptions{Name: b, Queues: []string{"q"}})
	up(t, w, b)
	worktest.Until(t, "all are done", time.Minute, func() bool { return site.Ended() == 6 })
	worktest.Until(t, "the task for later is with the other", time.Minute, scheduled(b))
	site.Exactly(ids, true)
	again := 0
	for _, r := range site.Runs() {
		if r.Redelivered {
			again++
		}
	}
	if again != 3 {
		t.Errorf("%d were delivered again, not the three that it had fetched", again)
	}
}

func complete(w *Workers) func() bool {
	return func() bool {
		_, ok := w.Workers()
		return ok
	}
}

// alive checks that the only worker is not taken for gone.
func alive(t *testing.T, w *Workers, what string) {
	t.Helper()
	if list, _ := w.Workers(); len(list) != 1 || list[0].Gone {
		t.Errorf("%s: %+v", what, list)
	}
}

// Silence of the broker is not silence of its workers.
func TestSilence(t *testing.T) {
	t.Parallel()
	worktest.MakeVhost(t, server, "silence")
	site := worktest.NewSite(t, server, "silence")
	relay, url := worktest.NewRelay(t, site.BrokerURL)
	w := listen(t, url)
	const a = "worker@vm-a"
	worker := site.StartWorker(worktest.WorkerOptions{Name: a, Queues: []string{"q"}, Quiet: true})
	if complete(w)() {
		t.Error("complete before anything was heard")
	}
	worktest.Until(t, "all are known", time.Minute, complete(w))
	up(t, w, a)

	// Nothing comes through, for longer than a worker may be silent.
	relay.Halt()
	worktest.Until(t, "silence is noticed", time.Minute, func() bool { return !complete(w)() })
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		alive(t, w, "halted")
	}
	relay.Go()
	worktest.Until(t, "it is complete again", time.Minute, func() bool {
		alive(t, w, "going on")
		return complete(w)()
	})
	if st := w.Stats(); st.Connects != 1 {
		t.Errorf("%+v", st)
	}

	// The worker is killed, and says nothing.
	worker.Kill()
	is(t, w, a, "is silent", time.Minute, func(w work.Worker) bool { return w.Gone })
	if !complete(w)() {
		t.Error("not complete")
	}
}

// The broker is restarted while a worker that drains has a task running.
func TestBrokerRestart(t *testing.T) {
	site, w := newSite(t, "restart")
	const a = "worker@vm-a"
	site.StartWorker(worktest.WorkerOptions{Name: a, Queues: []string{"q"}})
	up(t, w, a)
	gate, open := site.Gate("busy")
	ids := site.Publish("q", 1, "hold", gate)
	worktest.Until(t, "the task runs", time.Minute, begun(site, 1))
	if err := w.CancelConsumer(t.Context(), a, "q"); err != nil {
		t.Fatal(err)
	}
	server.Stop(syscall.SIGTERM)
	worktest.Until(t, "its end is noticed", time.Minute, func() bool { return !complete(w)() && !w.Stats().Connected })
	if _, err := w.Load(t.Context(), a); work.KindOf(err) != work.Away {
		t.Errorf("load without a broker: %v", err)
	}
	alive(t, w, "without a broker")
	server.Start()
	worktest.Until(t, "it is connected again", time.Minute, func() bool { return w.Stats().Connected })
	if complete(w)() {
		t.Error("complete at once")
	}
	alive(t, w, "connected again")
	open()
	worktest.Until(t, "it is complete again", time.Minute, complete(w))
	is(t, w, a, "is back", time.Minute, func(w work.Worker) bool { return !w.Gone })
	worktest.Until(t, "it is empty", time.Minute, func() bool {
		load, err := w.Load(t.Context(), a)
		return err == nil && load == work.Load{}
	})

	// It has not forgotten that it drains.
	answers, err := w.ask(t.Context(), "ask", a, question{"active_queues", nil})
	if err != nil {
		t.Fatal(err)
	}
	if queues, err := parseQueues(answers[0]); err != nil || len(queues) != 0 {
		t.Errorf("it listens to %v, %v", queues, err)
	}
	ids = append(ids, site.Publish("q", 2, "work", 0)...)
	if err := w.AddConsumer(t.Context(), a, "q"); err != nil {
		t.Fatal(err)
	}
	worktest.Until(t, "all are done", time.Minute, func() bool { return site.Ended() == 3 })
	site.Exactly(ids, true)
	if st := w.Stats(); st.Connects != 2 || st.Malformed != 0 {
		t.Errorf("%+v", st)
	}
}

// Two processes of one name, messages that are none, and somebody who answers
// for another.
func TestStrangers(t *testing.T) {
	t.Parallel()
	site, w := newSite(t, "strangers")
	const a = "worker@vm-a"
	site.StartWorker(worktest.WorkerOptions{Name: a, Queues: []string{"q"}, Slots: 2})
	up(t, w, a)
	site.With(func(ch *amqp.Channel) error {
		send := func(exchange, key, body string) error {
			return ch.PublishWithContext(t.Context(), exchange, key, false, false, amqp.Publishing{Body: []byte(body)})
		}
		for _, body := range []string{"", "{", "[{}]", `[1,{"type":"worker-online"}]`, `{"type":"worker-heartbeat","hostname":""}`, strings.Repeat(" ", maxEvents+1)} {
			// Under worker.# Celery's own workers would read them, too, and end.
			if err := send("celeryev", "task.multi", body); err != nil {
				return err
			}
		}
		w.mu.Lock()
		answers, events := w.session.answers, w.session.events
		w.mu.Unlock()
		if err := send("", answers, `{"worker@vm-a":[]}`); err != nil {
			return err
		}
		return send("", events, "")
	})
	worktest.Until(t, "they are counted", time.Minute, func() bool {
		st := w.Stats()
		return st.Malformed == 6 && st.Oversized == 1 && st.Late == 1
	})
	site.StartWorker(worktest.WorkerOptions{Name: a, Queues: []string{"q"}, Slots: 2})
	is(t, w, a, "is two", time.Minute, func(w work.Worker) bool { return w.Twins })
	if err := w.Shutdown(t.Context(), a); work.KindOf(err) != work.Twins {
		t.Errorf("shut down one of two: %v", err)
	}
}

// Somebody who says that it is a worker, and does not listen.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	site, w := newSite(t, "nobody")
	worktest.Until(t, "it listens", time.Minute, func() bool { return w.Stats().Connected })
	stop := make(chan struct{})
	done := make(chan struct{})
	defer func() { close(stop); <-done }()
	go func() {
		defer close(done)
		site.With(func(ch *amqp.Channel) error {
			for {
				err := ch.PublishWithContext(context.Background(), "celeryev", "worker.heartbeat", false, false,
					amqp.Publishing{Body: []byte(`{"type":"worker-heartbeat","hostname":"liar@x","pid":1,"active":0,"processed":0}`)})
				select {
				case <-stop:
					return err
				case <-time.After(500 * time.Millisecond):
				}
			}
		})
	}()
	is(t, w, "liar@x", "is there", time.Minute, func(w work.Worker) bool { return !w.Gone })
	f := func(kind work.Kind, want string) {
		t.Helper()
		_, err := w.Load(t.Context(), "liar@x")
		if work.KindOf(err) != kind || !strings.Contains(err.Error(), want) {
			t.Errorf("load: %v", err)
		}
		if err := w.CancelConsumer(t.Context(), "liar@x", "q"); work.KindOf(err) != kind {
			t.Errorf("cancel: %v", err)
		}
	}
	f(work.NoWorker, "worker_enable_remote_control")
	site.With(func(ch *amqp.Channel) error {
		return ch.ExchangeDeclare("celery.pidbox", amqp.ExchangeFanout, false, false, false, false, nil)
	})
	f(work.Silent, "it may do it later")
	if err := w.Shutdown(t.Context(), "liar@x"); err != nil { // the broker has it
		t.Error(err)
	}
	worktest.Until(t, "all that was refused has not hurt the connection", time.Minute, complete(w))
	if st := w.Stats(); st.Connects != 1 || st.Silent != 2 {
		t.Errorf("%+v", st)
	}
}

// The least rights that a user needs, as the documentation has them.
func TestRights(t *testing.T) {
	t.Parallel()
	const a = "worker@vm-a"
	worktest.MakeVhost(t, server, "rights")
	site := worktest.NewSite(t, server, "rights")
	site.StartWorker(worktest.WorkerOptions{Name: a, Queues: []string{"q"}})
	server.Control("add_user", "poor", "hunter2")
	server.Control("set_permissions", "-p", "rights", "poor", `^amq\.gen.*`, `^(amq\.gen.*|amq\.default|celery\.pidbox)$`, `^(amq\.gen.*|celeryev)$`)
	worktest.Until(t, "the worker has made the exchange", time.Minute, func() (made bool) {
		site.With(func(ch *amqp.Channel) error {
			made = ch.ExchangeDeclarePassive("celeryev", amqp.ExchangeTopic, true, false, false, false, nil) == nil
			return nil
		})
		return made
	})
	w := listen(t, strings.Replace(site.BrokerURL, "agent:pw@", "poor:hunter2@", 1))
	up(t, w, a)
	if err := w.CancelConsumer(t.Context(), a, "q"); err != nil {
		t.Error(err)
	}
	worktest.Until(t, "it is complete", time.Minute, complete(w))

	server.Control("set_permissions", "-p", "rights", "poor", `^amq\.gen.*`, `^$`, `^$`)
	refused := listen(t, strings.Replace(site.BrokerURL, "agent:pw@", "poor:hunter2@", 1))
	worktest.Until(t, "it is refused", time.Minute, func() bool { return work.KindOf(refused.Stats().Err) == work.Auth })
	if _, err := refused.Load(t.Context(), a); work.KindOf(err) != work.Auth || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "right") {
		t.Error(err)
	}
}
