package httpjson

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/pause"
)

// Defaults of WorkersOptions.
const (
	DefaultEvery      = time.Second
	DefaultAnswer     = 5 * time.Second
	DefaultMaxWorkers = 20_000
)

// leastApart is the least time between two lists that are asked for, however
// many want one.
const leastApart = 50 * time.Millisecond

// WorkersOptions say whom to ask for workers.
type WorkersOptions struct {
	Options // its URL is the address of the list, and takes commands; it has no queue in it

	Log        *slog.Logger  // nil: nothing is logged
	Every      time.Duration // between two lists, longer where they take long; 0 is DefaultEvery
	Answer     time.Duration // how long it may take until a worker does what it was told; 0 is DefaultAnswer
	MaxWorkers int           // remembered at once, gone ones too; 0 is DefaultMaxWorkers
}

func (o *WorkersOptions) validate() error {
	if err := o.Options.validate(); err != nil {
		return err
	}
	if strings.Contains(o.URL, placeholder) {
		return errors.New("the url of the workers has " + placeholder + " in it; the list is of all queues")
	}
	if o.Every < 0 || o.Answer < 0 || o.MaxWorkers < 0 {
		return errors.New("a negative limit")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Every == 0 {
		o.Every = DefaultEvery
	}
	if o.Answer == 0 {
		o.Answer = DefaultAnswer
	}
	if o.MaxWorkers == 0 {
		o.MaxWorkers = DefaultMaxWorkers
	}
	return nil
}

// Workers are the workers that one server knows. It is a work.Workers.
//
// One list is asked for at a time, every second and when somebody waits for
// one; whoever waits gets the first that was asked for afterwards.
type Workers struct {
	o        WorkersOptions
	server   *server
	gate     pause.Gate    // of lists
	commands pause.Gate    // of commands
	want     chan struct{} // somebody waits for a list
	running  atomic.Bool

	mu    sync.Mutex // guards what follows
	table *table
	asked int64         // lists that were asked for
	came  chan struct{} // closed, and made anew, with each answer
	last  answer        // the last
	stats WorkersStats
}

var _ work.Workers = (*Workers)(nil)

// answer is what came of one question for the list.
type answer struct {
	number int64     // of the question, from 1; 0: there was none yet
	until  time.Time // for how long it is news
	err    error
}

// WorkersStats is what has been asked and heard, and how it is.
type WorkersStats struct {
	Complete bool  // whoever lives is known
	Workers  int   // that are not gone
	Twins    int   // names among them that two processes have
	Lists    int64 // that were asked for
	Failures int64 // of these, those without a good answer
	Err      error // the last failure, nil when the last answer was good

	Malformed int64 // entries of lists that make no sense
	Crowded   int64 // entries of workers that there is no room for
	Returned  int64 // workers that had gone, or fallen silent, and were heard again
	Commands  int64 // sent
	Refused   int64 // of these, those that were not taken
}

// NewWorkers makes one. It connects when it runs.
func NewWorkers(o WorkersOptions) (*Workers, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("httpjson: workers: %w", err)
	}
	return &Workers{
		o: o, server: newServer(o.Options), want: make(chan struct{}, 1), table: newTable(o.MaxWorkers), came: make(chan struct{}),
	}, nil
}

// Run asks until ctx ends, which is no error.
func (w *Workers) Run(ctx context.Context) error {
	if !w.running.CompareAndSwap(false, true) {
		return errors.New("httpjson: runs already")
	}
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.running.Store(false)
		w.table.Failed()
		close(w.came)
		w.came = make(chan struct{})
		w.server.transport.CloseIdleConnections()
	}()
	said := news{log: w.o.Log, server: w.o.Options}
	for {
		wait, least := w.look(ctx, &said)
		if ctx.Err() != nil {
			return nil
		}
		if !rest(ctx, nil, least) || !rest(ctx, w.want, wait-least) {
			return nil
		}
	}
}

// rest waits, or until somebody wants something; false: the context has ended.
func rest(ctx context.Context, want <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-want:
	case <-ctx.Done():
		return false
	}
	return true
}

// look asks for one list. The next is for after wait; not before least,
// whoever wants it.
func (w *Workers) look(ctx context.Context, said *news) (wait, least time.Duration) {
	select {
	case <-w.want: // whoever came before this gets this answer
	default:
	}
	w.mu.Lock()
	w.asked++
	number := w.asked
	w.mu.Unlock()
	asked := time.Now()
	list, after, err := w.list(ctx)
	now := time.Now()
	if ctx.Err() != nil {
		return 0, 0
	}
	if err != nil {
		wait = w.gate.Failed(now, err, after)
		least = wait
	} else {
		w.gate.Succeeded()
		took := now.Sub(asked)
		wait, least = max(w.o.Every, 4*took), max(leastApart, took)
	}
	said.tell(list, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.table.Failed()
	} else {
		w.table.List(asked, now, list)
		w.stats.Malformed += int64(list.bad)
	}
	// Later than that, this process was held up, and has not heard what came
	// meanwhile.
	w.last = answer{number: number, until: now.Add(wait + w.o.Timeout + time.Second), err: err}
	close(w.came)
	w.came = make(chan struct{})
	return wait, least
}

func (w *Workers) list(ctx context.Context) (listing, time.Duration, error) {
	const op = "ask for the workers"
	body, after, err := w.server.ask(ctx, question{
		op: op, address: w.o.URL, limit: maxList, nowhere: `check the address; a list without workers is {"complete": true, "workers": []}`,
	})
	if err != nil {
		return listing{}, after, err
	}
	list, err := parseList(body)
	if err != nil {
		return listing{}, 0, &work.Error{Kind: work.Garbled, Op: op, Err: fmt.Errorf("%s: %w", w.server.o, err)}
	}
	return list, 0, nil
}

// Workers is everyone who is known.
func (w *Workers) Workers() (list []work.Worker, complete bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.All(), w.complete(time.Now())
}

func (w *Workers) complete(now time.Time) bool { return w.table.whole && now.Before(w.last.until) }

// TaskTime is how long tasks of a queue run, by what workers have begun and
// what runs. Tasks of a worker of several queues count for each.
func (w *Workers) TaskTime(queue string) (work.TaskTime, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.times.mean(queue)
}

// Stats returns counters since NewWorkers.
func (w *Workers) Stats() WorkersStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := w.stats
	st.Complete, st.Lists, st.Crowded, st.Returned = w.complete(time.Now()), w.asked, w.table.crowded, w.table.returned
	for _, s := range w.table.workers {
		if !s.Gone {
			st.Workers++
			if s.Twins {
				st.Twins++
			}
		}
	}
	st.Failures, st.Err = w.gate.State()
	return st
}

// news says in the log what changes.
type news struct {
	log      *slog.Logger
	server   Options
	good     bool // the last answer was good, and that was said
	failed   bool // it failed, and that was said
	nonsense bool // there was an entry that makes no sense
}

func (n *news) tell(l listing, err error) {
	switch {
	case err != nil && !n.failed:
		n.log.Warn("the workers are not known: nothing is let go meanwhile", "server", n.server, "err", err)
	case err == nil && !n.good:
		n.log.Info("the workers are known", "server", n.server, "workers", len(l.workers))
	}
	n.failed, n.good = err != nil, err == nil
	if err != nil {
		return
	}
	if l.bad > 0 && !n.nonsense {
		n.log.Warn("the list of workers has entries that make no sense: nothing is let go meanwhile", "server", n.server, "entries", l.bad, "err", l.err)
	}
	n.nonsense = l.bad > 0
}
