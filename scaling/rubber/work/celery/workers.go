package celery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/pause"
)

// Workers are the Celery workers of one vhost. It is a work.Workers.
type Workers struct {
	o       Options
	gate    pause.Gate
	running atomic.Bool

	mu      sync.Mutex // guards what follows
	session *session   // nil: no connection
	table   *table
	calls   map[string]*call // by ticket
	stats   Stats
}

var _ work.Workers = (*Workers)(nil)

// goodAfter is how long a connection has to last so that its loss is not taken
// for one failure more of a row.
const goodAfter = 10 * time.Second

// call is a request that waits for answers.
type call struct {
	until  time.Time // nobody waits after; zero: whoever waits takes it away
	answer func(now time.Time, worker string, answer json.RawMessage) error
}

// Stats is what has been heard and done, and how it is.
type Stats struct {
	Connected       bool
	Complete        bool      // whoever lives must have been heard by now
	Since           time.Time // listening without a gap; zero while there is no connection
	Workers         int       // that are not gone
	Twins           int       // names among them that two processes have
	Connects        int64     // connections made
	ConnectFailures int64     // connections that were not made, or were lost
	Err             error     // why there is no connection, or was none before this one; nil once it is complete

	Events    int64 // of workers and tasks, understood
	Malformed int64 // events and answers that make no sense
	Oversized int64 // messages that are too long to be read
	Crowded   int64 // heartbeats of workers that there is no room for
	Returned  int64 // workers that had gone, or fallen silent, and spoke again
	Requests  int64 // sent to workers
	Answers   int64
	Silent    int64 // requests that were not answered in time
	Late      int64 // answers that nobody waited for any more
}

// New makes one. It connects when it runs.
func New(o Options) (*Workers, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("celery: %w", err)
	}
	return &Workers{o: o, table: newTable(o.MaxWorkers), calls: map[string]*call{}}, nil
}

// Run listens until ctx ends, which is no error.
func (w *Workers) Run(ctx context.Context) error {
	if !w.running.CompareAndSwap(false, true) {
		return errors.New("celery: runs already")
	}
	defer w.running.Store(false)
	said := false // that it fails
	for {
		good, err := w.listen(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if good {
			said = false
			w.gate.Succeeded()
		}
		wait := w.gate.Failed(time.Now(), err, 0)
		if !said {
			w.o.Log.Warn("no connection to the broker of Celery's workers", "addresses", w.o.Broker, "err", err)
		}
		said = true
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// listen makes a connection and serves it until it ends. good says that it
// was one for a while.
func (w *Workers) listen(ctx context.Context) (good bool, err error) {
	s, err := open(ctx, w)
	if err != nil {
		return false, err
	}
	began := time.Now()
	w.mu.Lock()
	w.session = s
	w.stats.Connects++
	w.table.Connected(began)
	w.mu.Unlock()
	w.o.Log.Info("listening to Celery's workers", "address", s.conn.Address)
	err = s.serve(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session = nil
	w.table.Disconnected()
	return time.Since(began) > goodAfter, err
}

// Workers is everyone who is known.
func (w *Workers) Workers() (list []work.Worker, complete bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.List(time.Now())
}

// TaskTime is how long tasks of a queue run: by their events where workers
// send them, or else by heartbeats. Tasks of a worker of several queues count
// for each.
func (w *Workers) TaskTime(queue string) (work.TaskTime, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.times.Mean(queue)
}

// Stats returns counters since New.
func (w *Workers) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := w.stats
	st.Connected = w.session != nil
	st.Complete, st.Since, st.Crowded, st.Returned = w.table.Complete(time.Now()), w.table.since, w.table.dropped, w.table.returned
	for _, s := range w.table.workers {
		if !s.Gone {
			st.Workers++
			if !s.twinsAt.IsZero() {
				st.Twins++
			}
		}
	}
	st.ConnectFailures, st.Err = w.gate.State()
	if st.Complete {
		st.Err = nil
	}
	return st
}

// newCall registers a request.
func (w *Workers) newCall(c *call) (ticket string) {
	ticket = uuid.NewString()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[ticket] = c
	w.stats.Requests++
	return ticket
}

func (w *Workers) endCall(ticket string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.calls, ticket)
}

// heard is a message of the event exchange.
func (w *Workers) heard(now time.Time, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(body) > maxEvents {
		w.stats.Oversized++
		return
	}
	events, bad, err := parseEvents(body)
	if err != nil {
		bad = max(bad, 1)
	}
	w.stats.Malformed += int64(bad)
	w.stats.Events += int64(len(events))
	for _, e := range events {
		w.table.Event(now, e)
	}
}

// echoed is an echo of our own.
func (w *Workers) echoed(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.table.Echo(now)
}

// answered is a message to our queue of answers.
func (w *Workers) answered(now time.Time, ticket string, body []byte) {
	w.mu.Lock()
	c := w.calls[ticket]
	switch {
	case c == nil:
		w.stats.Late++
	case len(body) > maxAnswer:
		w.stats.Oversized++
		c = nil
	}
	w.mu.Unlock()
	if c == nil {
		return
	}
	worker, answer, err := parseAnswer(body)
	if err == nil {
		err = c.answer(now, worker, answer)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.stats.Malformed++
		return
	}
	w.stats.Answers++
}
