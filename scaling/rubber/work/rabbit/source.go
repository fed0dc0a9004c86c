package rabbit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/broker"
	"perfmon/scaling/rubber/work/internal/pause"
)

const (
	maxQueues = 4096 // of which the past is remembered
	maxAtOnce = 32   // questions, each on a channel of its own
)

// Source looks at the queues of one vhost. It is a work.Source.
type Source struct {
	o          Options
	vhost      string
	management *management // nil: not asked
	gate       pause.Gate
	slots      chan struct{} // one for each question on its way

	turn   chan struct{} // held by who looks at or makes conn
	conn   *broker.Conn
	closed bool

	mu    sync.Mutex // guards what follows
	pasts map[string]*past
	stats Stats
}

var _ work.Source = (*Source)(nil)

// Stats is what a source has done and how it is.
type Stats struct {
	Connected          bool  // by the last try
	Connects           int64 // connections made
	ConnectFailures    int64
	Looks              int64 // calls of Depth
	LookFailures       int64 // of these, those that returned an error
	Partial            int64 // of these, those that returned less than was asked for
	ManagementFailures int64
	Err                error // why there is no connection, nil while there is one or none was needed
	ManagementErr      error // why the plugin does not answer, nil while it does
}

// New makes a source. It connects when it is first asked.
func New(o Options) (*Source, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("rabbit: %w", err)
	}
	addresses, _ := o.Broker.Addresses() // validated
	s := &Source{
		o: o, vhost: addresses[0].Vhost,
		slots: make(chan struct{}, maxAtOnce), turn: make(chan struct{}, 1), pasts: map[string]*past{},
	}
	if !o.NoManagement {
		s.management = newManagement(&s.o)
	}
	return s, nil
}

// Stats returns counters since New.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	st := s.stats
	s.mu.Unlock()
	st.ConnectFailures, st.Err = s.gate.State()
	st.Connected = st.Connects > 0 && st.Err == nil
	if s.management != nil {
		st.ManagementFailures, st.ManagementErr = s.management.gate.State()
	}
	return st
}

// Depth looks at one queue. After a failure to connect it returns that error
// at once until it is time to try again.
func (s *Source) Depth(ctx context.Context, queue string) (work.Depth, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Broker.Timeout)
	defer cancel()
	d, err := s.depth(ctx, queue)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Looks++
	if err != nil {
		s.stats.LookFailures++
		return work.Depth{}, broker.Wrap("look at queue", queue, err)
	}
	if d.Partial != nil {
		s.stats.Partial++
	}
	return d, nil
}

func (s *Source) depth(ctx context.Context, queue string) (work.Depth, error) {
	if queue == "" || len(queue) > 255 {
		return work.Depth{}, &work.Error{Kind: work.Invalid, Op: "look at queue", Name: queue, Hint: "a queue's name has 1 to 255 bytes"}
	}
	c, err := s.connection(ctx)
	if err != nil {
		return work.Depth{}, err
	}
	q, err := s.passive(ctx, c, queue)
	now := time.Now()
	if isAbsent(err) {
		s.forget(queue)
		var none, nobody, nothing int
		var never time.Duration
		return work.Depth{Ready: &none, Unacked: &nothing, Consumers: &nobody, Oldest: &never, Absent: true, At: now}, nil
	}
	if err != nil {
		return work.Depth{}, err
	}
	d := work.Depth{Ready: &q.Messages, Consumers: &q.Consumers, At: now}
	var f figures
	if s.management != nil {
		if f, d.Partial = s.management.figures(ctx, s.vhost, queue); d.Partial != nil {
			f = figures{}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.past(queue, now)
	d.Unacked, d.Oldest = p.Unacked(now, q.Messages, f, s.o.Lag), p.Oldest(now, q.Messages, f)
	return d, nil
}

// past is what is remembered of a queue. Of too many, that which nobody has
// asked for longest is forgotten.
func (s *Source) past(queue string, now time.Time) *past {
	p := s.pasts[queue]
	if p == nil {
		if len(s.pasts) >= maxQueues {
			oldest := ""
			for name, p := range s.pasts {
				if oldest == "" || p.used.Before(s.pasts[oldest].used) {
					oldest = name
				}
			}
			delete(s.pasts, oldest)
		}
		p = &past{}
		s.pasts[queue] = p
	}
	p.used = now
	return p
}

func (s *Source) forget(queue string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pasts, queue)
}

var errClosed = errors.New("the source is closed")

// connection is the one there is, or a new one.
func (s *Source) connection(ctx context.Context) (*broker.Conn, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.closed {
		return nil, errClosed
	}
	if s.conn != nil && !s.conn.IsClosed() {
		return s.conn, nil
	}
	if err := s.gate.Closed(time.Now()); err != nil {
		return nil, classed(err)
	}
	c, err := broker.Dial(ctx, s.o.Broker, "rubber")
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.gate.Failed(time.Now(), err, 0)
		}
		return nil, err
	}
	s.gate.Succeeded()
	s.mu.Lock()
	s.stats.Connects++
	s.mu.Unlock()
	if s.conn != nil {
		s.conn.Drop()
	}
	s.conn = c
	return c, nil
}

// classed keeps the class of an error that is said again, and what it says.
func classed(err error) error {
	var before *work.Error
	if !errors.As(err, &before) {
		return err
	}
	var again *pause.Error
	said := *before
	if errors.As(err, &again) {
		said.Err = &pause.Error{Wait: again.Wait, Err: before.Err}
	}
	return &said
}

// passive asks the broker for a queue, on a channel that is thrown away: the
// broker closes it when there is no such queue.
func (s *Source) passive(ctx context.Context, c *broker.Conn, queue string) (amqp.Queue, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		c.Drop() // so many questions, and none has been answered
		return amqp.Queue{}, fmt.Errorf("the broker does not answer: %w", ctx.Err())
	}
	type answer struct {
		queue amqp.Queue
		err   error
	}
	answers := make(chan answer, 1)
	// The library knows no context. A question without an answer keeps its slot
	// until the connection ends; others go on beside it, as it may be about a
	// queue whose node hangs.
	go func() {
		defer func() { <-s.slots }()
		ch, err := c.Channel()
		if err != nil {
			answers <- answer{err: err}
			return
		}
		q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
		answers <- answer{q, err}
		ch.Close() // an error says that the broker has done so
	}()
	select {
	case a := <-answers:
		var e *amqp.Error
		if errors.As(a.err, &e) {
			switch {
			case e.Code == amqp.NotFound && !isAbsent(a.err):
				return a.queue, &work.Error{Op: "look at queue", Name: queue, Err: a.err, Hint: "the node of the cluster that keeps this queue is down"}
			case e.Code == amqp.ResourceLocked:
				return a.queue, &work.Error{Kind: work.Auth, Op: "look at queue", Name: queue, Err: a.err, Hint: "it belongs to one connection alone, which no queue of work does"}
			}
		}
		return a.queue, a.err
	case <-ctx.Done():
		return amqp.Queue{}, fmt.Errorf("the broker does not answer: %w", ctx.Err())
	}
}

// isAbsent tells a queue that does not exist from one whose node is down; the
// broker has one code for both:
//
//	NOT_FOUND - no queue 'q' in vhost '/'
//	NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible
func isAbsent(err error) bool {
	var e *amqp.Error
	return errors.As(err, &e) && e.Code == amqp.NotFound && strings.HasPrefix(e.Reason, "NOT_FOUND - no queue")
}

// Close ends connections. What is asked afterwards is an error.
func (s *Source) Close() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.closed = true
	if s.conn != nil {
		s.conn.End(time.Now().Add(time.Second))
		s.conn = nil
	}
	for range maxAtOnce {
		s.slots <- struct{}{} // the last question has ended with the connection
	}
	for range maxAtOnce {
		<-s.slots
	}
	if s.management != nil {
		s.management.close()
	}
	return nil
}
