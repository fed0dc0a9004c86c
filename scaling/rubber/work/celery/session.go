package celery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/broker"
)

const (
	prefetch   = 200    // messages on their way to us
	ackEvery   = 50     // of them
	maxWaiting = 20_000 // events that the broker keeps for us; older ones give way
	maxJobs    = 256    // messages that wait to be sent
)

// session is the life of one connection.
type session struct {
	w       *Workers
	conn    *broker.Conn
	in      *amqp.Channel
	id      string // marks our echoes
	events  string // names of our queues
	answers string
	heard   <-chan amqp.Delivery
	replied <-chan amqp.Delivery
	broken  chan *amqp.Error // of in

	jobs    chan *job
	done    chan struct{} // closed at the end
	sending sync.WaitGroup
}

// job is a message to be sent.
type job struct {
	ctx           context.Context // of who waits
	exchange, key string
	message       amqp.Publishing
	sent          chan error // has room; nil: nobody waits
}

// open connects, and binds queues of our own.
func open(ctx context.Context, w *Workers) (_ *session, err error) {
	conn, err := broker.Dial(ctx, w.o.Broker, "rubber")
	if err != nil {
		return nil, err
	}
	limit := w.o.Broker.Timeout
	if limit == 0 {
		limit = work.DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stop := context.AfterFunc(ctx, conn.Drop)
	s := &session{w: w, conn: conn, id: uuid.NewString(), jobs: make(chan *job, maxJobs), done: make(chan struct{})}
	err = s.bind()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Drop()
		return nil, broker.Wrap("listen to workers", "", err)
	}
	return s, nil
}

func (s *session) bind() (err error) {
	if s.in, err = s.conn.Channel(); err != nil {
		return err
	}
	exchange := s.w.o.EventExchange
	err = s.in.ExchangeDeclarePassive(exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	if broker.IsCode(err, amqp.NotFound) { // that has cost the channel; nobody works yet
		if s.in, err = s.conn.Channel(); err != nil {
			return err
		}
		err = s.in.ExchangeDeclare(exchange, amqp.ExchangeTopic, true, false, false, false, nil) // as Celery does
	}
	if err != nil {
		return fmt.Errorf("declare exchange %s: %w", exchange, err)
	}
	s.broken = s.in.NotifyClose(make(chan *amqp.Error, 1))
	if err := s.in.Qos(prefetch, 0, false); err != nil {
		return err
	}
	own := func(args amqp.Table) (string, <-chan amqp.Delivery, error) {
		q, err := s.in.QueueDeclare("", false, true, true, false, args)
		if err != nil {
			return "", nil, fmt.Errorf("declare a queue of our own: %w", err)
		}
		deliveries, err := s.in.Consume(q.Name, "", false, true, false, false, nil)
		return q.Name, deliveries, err
	}
	if s.answers, s.replied, err = own(nil); err != nil {
		return err
	}
	if s.events, s.heard, err = own(amqp.Table{"x-max-length": int32(maxWaiting)}); err != nil {
		return err
	}
	patterns := []string{"worker.#"}
	if !s.w.o.NoTaskEvents {
		patterns = append(patterns, "task.#")
	}
	for _, pattern := range patterns {
		if err := s.in.QueueBind(s.events, pattern, exchange, false, nil); err != nil {
			return fmt.Errorf("bind to exchange %s: %w", exchange, err)
		}
	}
	return nil
}

// serve listens until the connection or ctx ends, and says why.
func (s *session) serve(ctx context.Context) error {
	s.sending.Go(s.send)
	err := s.listen(ctx)
	close(s.done)
	if ctx.Err() != nil {
		s.conn.End(time.Now().Add(time.Second))
	} else {
		s.conn.Drop()
	}
	s.sending.Wait()
	return err
}

func (s *session) listen(ctx context.Context) error {
	tick := time.NewTicker(echoEvery)
	defer tick.Stop()
	unacked := 0
	ack := func(d amqp.Delivery, ok bool) bool {
		if unacked++; ok && unacked >= ackEvery {
			unacked = 0
			ok = d.Ack(true) == nil
		}
		return ok
	}
	s.echo()
	for {
		select {
		case d, ok := <-s.heard:
			if ok {
				s.event(d)
			}
			if !ack(d, ok) {
				return s.reason()
			}
		case d, ok := <-s.replied:
			if ok {
				ticket, _ := d.Headers["ticket"].(string)
				s.w.answered(time.Now(), ticket, d.Body)
			}
			if !ack(d, ok) {
				return s.reason()
			}
		case <-tick.C:
			s.echo()
			s.askFacts()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reason is why no more comes.
func (s *session) reason() error {
	select {
	case err, ok := <-s.broken:
		if ok {
			return &work.Error{Op: "listen to workers", Err: err}
		}
	default:
	}
	return &work.Error{Op: "listen to workers", Err: errors.New("the broker has ended the connection, or deleted our queue")}
}

func (s *session) event(d amqp.Delivery) {
	if d.Exchange != "" {
		s.w.heard(time.Now(), d.Body)
	} else if d.CorrelationId == s.id {
		s.w.echoed(time.Now())
	}
}

// echo sends us a message through the queue that heartbeats come by.
func (s *session) echo() {
	select {
	case s.jobs <- &job{ctx: context.Background(), key: s.events, message: amqp.Publishing{CorrelationId: s.id}}:
	default: // too much waits already: we shall not hear ourselves, and that is the truth
	}
}

// askFacts asks workers for what is not known of them. Answers come in their
// own time; who does not answer is asked again.
func (s *session) askFacts() {
	now, w := time.Now(), s.w
	w.mu.Lock()
	for ticket, c := range w.calls {
		if !c.until.IsZero() && now.After(c.until) {
			delete(w.calls, ticket)
		}
	}
	names := w.table.ToAsk(now, w.o.Refresh, w.o.Answer)
	w.mu.Unlock()
	for len(names) > 0 {
		part := names[:min(len(names), maxAddressed)]
		names = names[len(part):]
		for method, note := range facts {
			ticket := w.newCall(&call{until: now.Add(w.o.Refresh + w.o.Answer), answer: func(now time.Time, worker string, answer json.RawMessage) error {
				w.mu.Lock()
				defer w.mu.Unlock()
				return note(w.table, now, worker, answer)
			}})
			j, err := s.request(context.Background(), method, nil, part, ticket)
			if err != nil {
				continue // a method and names always make JSON
			}
			select {
			case s.jobs <- j:
			default:
				w.endCall(ticket)
			}
		}
	}
}

// facts are what every worker is asked now and then, and how it is noted.
var facts = map[string]func(t *table, now time.Time, worker string, answer json.RawMessage) error{
	"active_queues": func(t *table, now time.Time, worker string, answer json.RawMessage) error {
		queues, err := parseQueues(answer)
		if err == nil {
			t.Queues(now, worker, queues)
		}
		return err
	},
	"stats": func(t *table, now time.Time, worker string, answer json.RawMessage) error {
		slots, pid, err := parseSlots(answer)
		if err == nil {
			t.Slots(now, worker, slots, pid)
		}
		return err
	},
	"reserved": func(t *table, now time.Time, worker string, answer json.RawMessage) error {
		n, err := parseCount(answer)
		if err == nil {
			t.Counts(now, worker, nil, &n)
		}
		return err
	},
}

// request is a message to workers. Without a ticket they do not answer.
func (s *session) request(ctx context.Context, method string, arguments map[string]any, workers []string, ticket string) (*job, error) {
	r := request{Method: method, Arguments: arguments, Destination: workers, Ticket: ticket}
	if arguments == nil {
		r.Arguments = map[string]any{}
	}
	if ticket != "" {
		r.ReplyTo = map[string]string{"exchange": "", "routing_key": s.answers}
	}
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return &job{ctx: ctx, exchange: s.w.o.PidboxExchange, message: amqp.Publishing{
		ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: amqp.Transient,
		// No worker honours an end of validity, and its clock may be another.
		Headers: amqp.Table{"clock": int32(0), "expires": float64(0)},
		Body:    body,
	}}, nil
}

// send sends jobs, in order, one at a time: a broker that takes nothing holds
// it up until the connection ends.
func (s *session) send() {
	var out *outlet
	for {
		var j *job
		select {
		case j = <-s.jobs:
		case <-s.done:
			return
		}
		err := j.ctx.Err() // who has given up does not want it sent any more
		if err == nil && (out == nil || out.channel.IsClosed()) {
			out, err = newOutlet(s.conn)
		}
		if err == nil {
			err = out.send(j, s.done)
		}
		if j.sent != nil {
			j.sent <- err
		}
	}
}

// outlet is a channel in confirm mode. A message to an exchange that does not
// exist ends it.
type outlet struct {
	channel *amqp.Channel
	broken  chan *amqp.Error
}

func newOutlet(conn *broker.Conn) (*outlet, error) {
	ch, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	if err := ch.Confirm(false); err != nil {
		return nil, err
	}
	return &outlet{ch, ch.NotifyClose(make(chan *amqp.Error, 1))}, nil
}

func (o *outlet) send(j *job, done <-chan struct{}) error {
	confirm, err := o.channel.PublishWithDeferredConfirm(j.exchange, j.key, false, false, j.message)
	if err != nil {
		return err
	}
	select {
	case <-confirm.Done():
		if confirm.Acked() {
			return nil
		}
		if !o.channel.IsClosed() {
			return errors.New("the broker did not take it")
		}
	case err, ok := <-o.broken:
		if ok {
			return err
		}
	case <-done:
	}
	select {
	case err, ok := <-o.broken:
		if ok {
			return err
		}
	case <-done:
	}
	return errors.New("the connection has ended")
}
