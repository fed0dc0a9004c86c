package amqp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/turn"
)

// maxBatch bounds the messages whose confirms are waited for at once.
const maxBatch = 100

// Sink publishes to one cluster. Deliver is not to be called concurrently
// with itself; apart from that its methods are.
type Sink struct {
	opts Options
	conn *turn.Connection[*conn]
}

// New makes a sink. It does not connect.
func New(o Options) (*Sink, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("amqp: %w", err)
	}
	s := &Sink{opts: o}
	s.conn = turn.NewConnection(func(ctx context.Context) (*conn, error) { return connect(ctx, &s.opts) })
	return s, nil
}

// String names the brokers.
func (s *Sink) String() string { return s.opts.String() }

// GoString leaves the secrets out, too.
func (s *Sink) GoString() string { return s.opts.String() }

// Deliver publishes transitions, oldest first. The broker has confirmed taken
// of them, and perhaps some after those, which then arrive twice. A
// *alarm.Refused is about the event after those: its routing key or id is too
// long; any other error is worth another try.
func (s *Sink) Deliver(ctx context.Context, events []*alarm.Event) (taken int, err error) {
	for chunk := range slices.Chunk(events, maxBatch) {
		var n int
		n, err = s.deliver(ctx, chunk)
		taken += n
		if err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// deliver publishes events and then waits for their confirms.
func (s *Sink) deliver(ctx context.Context, events []*alarm.Event) (taken int, err error) {
	var messages []message
	var refused error
	for _, e := range events {
		m, err := transition(e)
		if err != nil {
			refused = &alarm.Refused{Err: fmt.Errorf("amqp: %w", err)}
			break
		}
		messages = append(messages, m)
	}
	if len(messages) == 0 {
		return 0, refused
	}
	c, err := s.conn.Get(ctx)
	if err != nil {
		return 0, fmt.Errorf("amqp: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	stop := c.within(ctx)
	defer stop()
	confirms, failed := c.publish(s.opts.Exchange, messages)
	for _, confirm := range confirms {
		ack, err := confirm.WaitContext(ctx)
		if err == nil && !ack {
			err = c.reason()
		}
		if err != nil {
			c.Drop()
			return taken, fmt.Errorf("amqp: confirm of event %s: %w", events[taken].EventID(), cause(ctx, err))
		}
		taken++
	}
	if failed != nil {
		c.Drop()
		return taken, fmt.Errorf("amqp: %w", cause(ctx, failed))
	}
	return taken, refused
}

// publish returns the confirms to come of those messages that were sent.
func (c *conn) publish(exchange string, messages []message) ([]*amqp.DeferredConfirmation, error) {
	var confirms []*amqp.DeferredConfirmation
	for _, m := range messages {
		confirm, err := c.channel.PublishWithDeferredConfirm(exchange, m.route, false, false, m.Publishing)
		if err != nil {
			return confirms, fmt.Errorf("publish event %s: %w", m.MessageId, err)
		}
		confirms = append(confirms, confirm)
	}
	return confirms, nil
}

// Announce publishes announcements with the routing keys of the transitions
// and waits for nothing. An error says that some were certainly not sent.
func (s *Sink) Announce(ctx context.Context, events []*alarm.Event) error {
	var messages []message
	var errs []error
	for _, e := range events {
		m, err := announcement(e)
		if err != nil {
			errs = append(errs, fmt.Errorf("amqp: %w", err))
			continue
		}
		messages = append(messages, m)
	}
	return errors.Join(append(errs, s.plain(ctx, messages))...)
}

// Heartbeat publishes a heartbeat, which is a CloudEvent of the id given in
// its JSON form, with the routing key perfmon.heartbeat.v1.<host uuid> that is
// its route, and waits for nothing.
func (s *Sink) Heartbeat(ctx context.Context, route, id string, event []byte) error {
	m, err := heartbeat(route, id, event)
	if err != nil {
		return fmt.Errorf("amqp: %w", err)
	}
	return s.plain(ctx, []message{m})
}

func (s *Sink) plain(ctx context.Context, messages []message) error {
	if len(messages) == 0 {
		return nil
	}
	c, err := s.conn.Get(ctx)
	if err != nil {
		return fmt.Errorf("amqp: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	stop := c.within(ctx)
	defer stop()
	if _, err := c.publish(s.opts.Exchange, messages); err != nil {
		c.Drop()
		return fmt.Errorf("amqp: %w", cause(ctx, err))
	}
	return nil
}

// Close ends the connection, politely for as long as the context allows.
func (s *Sink) Close(ctx context.Context) error {
	err := s.conn.Close(ctx, func(c *conn) {
		ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
		defer cancel()
		stop := c.within(ctx)
		defer stop()
		deadline, _ := ctx.Deadline()
		c.close(deadline)
	})
	if err != nil {
		return fmt.Errorf("amqp: %w", err)
	}
	return nil
}
