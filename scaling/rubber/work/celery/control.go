package celery

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/broker"
)

// CancelConsumer has a worker take no more from a queue, until AddConsumer or
// its end: a lost connection does not bring it back. A worker says yes before
// it has done so; this asks until the queue is not among those it listens to.
func (w *Workers) CancelConsumer(ctx context.Context, worker, queue string) error {
	return w.consume(ctx, "cancel consumer of", "cancel_consumer", worker, queue, false)
}

// AddConsumer has a worker take from a queue.
func (w *Workers) AddConsumer(ctx context.Context, worker, queue string) error {
	return w.consume(ctx, "add consumer to", "add_consumer", worker, queue, true)
}

func (w *Workers) consume(ctx context.Context, op, method, worker, queue string, want bool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*w.o.Answer)
	defer cancel()
	answers, err := w.ask(ctx, op, worker, question{method, map[string]any{"queue": queue}})
	if err != nil {
		return err
	}
	refused, err := parseDone(answers[0])
	if err != nil {
		return w.garbled(op, worker, err)
	}
	if refused != "" {
		return &work.Error{Kind: work.Refused, Op: op, Name: worker, Err: errors.New(refused)}
	}
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		answers, err := w.ask(ctx, op, worker, question{"active_queues", nil})
		if err != nil {
			return err
		}
		queues, err := parseQueues(answers[0])
		if err != nil {
			return w.garbled(op, worker, err)
		}
		w.mu.Lock()
		w.table.Queues(time.Now(), worker, queues)
		w.mu.Unlock()
		if slices.Contains(queues, queue) == want {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return &work.Error{Kind: work.Silent, Op: op, Name: worker, Err: errors.New("it has said yes and not done so yet"), Hint: "ask again"}
		}
	}
}

// Load asks a worker what it has to do. What it has fetched is asked for
// before what runs: a task that begins meanwhile is counted twice rather than
// not at all.
func (w *Workers) Load(ctx context.Context, worker string) (work.Load, error) {
	const op = "ask for the load of"
	answers, err := w.ask(ctx, op, worker, question{"scheduled", nil}, question{"reserved", nil}, question{"active", map[string]any{"safe": true}})
	if err != nil {
		return work.Load{}, err
	}
	var counts [3]int
	for i, answer := range answers {
		if counts[i], err = parseCount(answer); err != nil {
			return work.Load{}, w.garbled(op, worker, err)
		}
	}
	load := work.Load{Scheduled: counts[0], Reserved: counts[1], Active: counts[2]}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.table.Counts(time.Now(), worker, &load.Active, &load.Reserved)
	return load, nil
}

// Shutdown has a worker end. It finishes what runs; what it has fetched and
// not begun goes back to the queue, and will be delivered again to another.
// It says that it goes, and is Gone, before it has finished.
func (w *Workers) Shutdown(ctx context.Context, worker string) error {
	const op = "shut down"
	ctx, cancel := context.WithTimeout(ctx, w.o.Answer)
	defer cancel()
	s, err := w.reach(op, worker)
	if err != nil {
		return err
	}
	j, err := s.request(ctx, "shutdown", nil, []string{worker}, "")
	if err != nil {
		return &work.Error{Kind: work.Invalid, Op: op, Name: worker, Err: err}
	}
	w.mu.Lock()
	w.stats.Requests++
	w.mu.Unlock()
	return s.post(ctx, op, worker, j)
}

// question is a method and its arguments.
type question struct {
	method    string
	arguments map[string]any
}

// ask sends questions to one worker, in order, and waits for all answers.
func (w *Workers) ask(ctx context.Context, op, worker string, questions ...question) ([]json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, w.o.Answer)
	defer cancel()
	s, err := w.reach(op, worker)
	if err != nil {
		return nil, err
	}
	got := make([]chan json.RawMessage, len(questions))
	for i, q := range questions {
		got[i] = make(chan json.RawMessage, 1)
		ticket := w.newCall(&call{answer: func(_ time.Time, from string, answer json.RawMessage) error {
			if from != worker {
				return errors.New("an answer of another worker")
			}
			select {
			case got[i] <- answer:
			default: // a second one has the name, and the first answer counts
			}
			return nil
		}})
		defer w.endCall(ticket)
		j, err := s.request(ctx, q.method, q.arguments, []string{worker}, ticket)
		if err != nil {
			return nil, &work.Error{Kind: work.Invalid, Op: op, Name: worker, Err: err}
		}
		if err := s.post(ctx, op, worker, j); err != nil {
			return nil, err
		}
	}
	answers := make([]json.RawMessage, len(questions))
	for i := range got {
		select {
		case answers[i] = <-got[i]:
		case <-s.done:
			return nil, &work.Error{Op: op, Name: worker, Err: errors.New("the connection to the broker was lost before the answer")}
		case <-ctx.Done():
			w.mu.Lock()
			w.stats.Silent++
			w.mu.Unlock()
			return nil, &work.Error{Kind: work.Silent, Op: op, Name: worker, Err: ctx.Err(), Hint: "it may do it later; ask again"}
		}
	}
	return answers, nil
}

// reach is the connection to a worker that is there.
func (w *Workers) reach(op, worker string) (*session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.session == nil {
		_, err := w.gate.State()
		if err == nil {
			err = errors.New("not connected yet")
		}
		return nil, &work.Error{Kind: work.KindOf(err), Op: op, Name: worker, Err: err}
	}
	known, ok := w.table.Find(worker)
	switch {
	case !ok:
		return nil, &work.Error{Kind: work.NoWorker, Op: op, Name: worker, Err: errors.New("nobody has heard of it")}
	case known.Gone:
		return nil, &work.Error{Kind: work.NoWorker, Op: op, Name: worker, Err: errors.New("it has gone")}
	case known.Twins:
		return nil, &work.Error{Kind: work.Twins, Op: op, Name: worker, Hint: "give each worker a name of its own, with -n"}
	}
	return w.session, nil
}

// post has a message sent, and waits until the broker has it.
func (s *session) post(ctx context.Context, op, worker string, j *job) error {
	j.sent = make(chan error, 1)
	var err error
	select {
	case s.jobs <- j:
		select {
		case err = <-j.sent:
		case <-s.done:
			err = errors.New("the connection to the broker was lost")
		case <-ctx.Done():
			err = ctx.Err()
		}
	case <-s.done:
		err = errors.New("the connection to the broker was lost")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if broker.IsCode(err, amqp.NotFound) {
		return &work.Error{Kind: work.NoWorker, Op: op, Name: worker, Err: err, Hint: "no worker of this vhost listens to commands; is worker_enable_remote_control off?"}
	}
	return broker.Wrap(op, worker, err)
}

func (w *Workers) garbled(op, worker string, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Malformed++
	return &work.Error{Kind: work.Garbled, Op: op, Name: worker, Err: err}
}
