package httpjson

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"perfmon/scaling/rubber/work"
)

// command is what a server is told:
//
//	{"command":"cancel","worker":"worker@vm-a","process":1763820729,"queue":"fast"}
type command struct {
	Command string `json:"command"`
	Worker  string `json:"worker"`
	Process int    `json:"process"`
	Queue   string `json:"queue,omitempty"`
}

// CancelConsumer has the server hand a worker no more of a queue. It returns
// when the list says so.
func (w *Workers) CancelConsumer(ctx context.Context, worker, queue string) error {
	return w.consume(ctx, "cancel consumer of", "cancel", worker, queue, false)
}

// AddConsumer takes that back.
func (w *Workers) AddConsumer(ctx context.Context, worker, queue string) error {
	return w.consume(ctx, "add consumer to", "resume", worker, queue, true)
}

func (w *Workers) consume(ctx context.Context, op, verb, worker, queue string, want bool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*w.o.Answer)
	defer cancel()
	if want {
		w.of(worker, func(s *state) { s.left = slices.DeleteFunc(s.left, func(q string) bool { return q == queue }) })
	}
	told, err := w.tell(ctx, op, command{Command: verb, Worker: worker, Queue: queue})
	if err != nil {
		return err
	}
	at := time.Now()
	return w.await(ctx, op, worker, func(s *state) (bool, error) {
		switch {
		case s.process != told:
			return false, &work.Error{Kind: work.NoWorker, Op: op, Name: worker, Err: errors.New("it was started anew meanwhile")}
		case s.Queues == nil:
			return false, &work.Error{Kind: work.Garbled, Op: op, Name: worker, Err: errors.New("the list does not say its queues"), Hint: "have the server write queues"}
		case slices.Contains(s.Queues, queue) != want:
			return false, nil
		}
		if !want {
			s.leftAt = at
			if !slices.Contains(s.left, queue) {
				s.left = append(s.left, queue)
			}
		}
		return true, nil
	}, "the server has said yes, and the list does not say so yet")
}

// Load is what the list says that a worker has, of a list that is asked for
// now. Of a worker that has left a queue, the server must have heard since.
func (w *Workers) Load(ctx context.Context, worker string) (load work.Load, err error) {
	const op = "ask for the load of"
	ctx, cancel := context.WithTimeout(ctx, w.o.Answer)
	defer cancel()
	if _, err := w.reach(op, worker); err != nil {
		return work.Load{}, err
	}
	err = w.await(ctx, op, worker, func(s *state) (bool, error) {
		if s.Active == nil || s.Reserved == nil {
			return false, &work.Error{Kind: work.Garbled, Op: op, Name: worker, Err: errors.New("the list does not say all that it has"), Hint: "have the server write active and reserved, 0 where it is none"}
		}
		load = work.Load{Active: *s.Active, Reserved: *s.Reserved}
		// What was on its way to it when it left is known once it has been heard.
		return load != (work.Load{}) || s.heard.After(s.leftAt), nil
	}, "it was not heard since it left its queue")
	if err != nil {
		return work.Load{}, err
	}
	return load, nil
}

// Shutdown has a worker end when what it does is done.
func (w *Workers) Shutdown(ctx context.Context, worker string) error {
	told, err := w.tell(ctx, "shut down", command{Command: "shutdown", Worker: worker})
	if err != nil {
		return err
	}
	w.of(worker, func(s *state) { s.ended = s.ended || s.process == told })
	w.ask()
	return nil
}

// of does something with a worker, if it is known.
func (w *Workers) of(worker string, f func(*state)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.table.workers[worker]; s != nil {
		f(s)
	}
}

// tell sends a command to the process that a name has, and returns which that
// is.
func (w *Workers) tell(ctx context.Context, op string, c command) (process int, err error) {
	if c.Process, err = w.reach(op, c.Worker); err != nil {
		return 0, err
	}
	if err := closed(&w.commands, time.Now(), op, c.Worker); err != nil {
		return 0, err
	}
	sent, err := json.Marshal(c)
	if err != nil {
		return 0, &work.Error{Kind: work.Invalid, Op: op, Name: c.Worker, Err: err}
	}
	_, after, err := w.server.ask(ctx, question{op: op, name: c.Worker, address: w.o.URL, command: sent, limit: maxBody})
	w.mu.Lock()
	w.stats.Commands++
	if err != nil {
		w.stats.Refused++
	}
	w.mu.Unlock()
	switch kind := work.KindOf(err); {
	case err == nil, kind == work.NoWorker, kind == work.Refused:
		w.commands.Succeeded()
	case !errors.Is(err, context.Canceled):
		w.commands.Failed(time.Now(), err, after)
	}
	return c.Process, err
}

// reach finds the process of a worker that is there.
func (w *Workers) reach(op, worker string) (process int, err error) {
	if err := closed(&w.gate, time.Now(), op, worker); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.running.Load() || w.last.number == 0 {
		return 0, &work.Error{Kind: work.Away, Op: op, Name: worker, Err: errors.New("the workers were not asked for yet")}
	}
	s := w.table.workers[worker]
	if s == nil {
		return 0, &work.Error{Kind: work.NoWorker, Op: op, Name: worker, Err: errors.New("nobody has heard of it")}
	}
	return s.process, s.reachable(op)
}

// reachable is nil if a command is sure to reach this process.
func (s *state) reachable(op string) error {
	switch {
	case s.Gone:
		return &work.Error{Kind: work.NoWorker, Op: op, Name: s.Name, Err: errors.New("it has gone")}
	case s.Twins:
		return &work.Error{Kind: work.Twins, Op: op, Name: s.Name, Hint: "give each worker a name of its own"}
	}
	return nil
}

// ask has a list asked for soon.
func (w *Workers) ask() {
	select {
	case w.want <- struct{}{}:
	default: // it is wanted already
	}
}

// await waits for a list, asked for from now on, in which a worker is as it
// should be. Why says why that may take too long.
func (w *Workers) await(ctx context.Context, op, worker string, done func(*state) (bool, error), why string) error {
	w.mu.Lock()
	from := w.asked
	w.mu.Unlock()
	late := errors.New("no list came in time")
	pause := leastApart
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		w.mu.Lock()
		came, fresh := w.came, w.last.number > from
		ok, err := false, error(nil)
		switch s := w.table.workers[worker]; {
		case !w.running.Load():
			err = &work.Error{Kind: work.Away, Op: op, Name: worker, Err: errors.New("the workers are not asked for any more")}
		case !fresh:
		case w.last.err != nil:
			err = &work.Error{Kind: work.KindOf(w.last.err), Op: op, Name: worker, Err: w.last.err}
		case s == nil:
			err = &work.Error{Kind: work.NoWorker, Op: op, Name: worker, Err: errors.New("it is known no more")}
		default:
			if err = s.reachable(op); err == nil && s.listed {
				ok, err = done(s)
			}
		}
		from = max(from, w.last.number)
		w.mu.Unlock()
		if ok || err != nil {
			return err
		}
		if fresh {
			late = errors.New(why)
			timer.Reset(pause)
			pause = min(2*pause, 500*time.Millisecond)
		}
		select {
		case <-timer.C:
			w.ask()
		case <-came:
		case <-ctx.Done():
			return &work.Error{Kind: work.Silent, Op: op, Name: worker, Err: fmt.Errorf("%w: %w", late, ctx.Err()), Hint: "it may do it later; ask again"}
		}
	}
}
