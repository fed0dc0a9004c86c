package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/turn"
)

// Sink publishes to one cluster. Deliver is not to be called concurrently
// with itself; apart from that its methods are.
type Sink struct {
	opts  Options
	now   func() time.Time
	tries tries // Deliver's
	conn  *turn.Connection[*conn]
}

// New makes a sink. It does not connect.
func New(o Options) (*Sink, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	s := &Sink{opts: o, now: time.Now}
	s.tries = tries{started: time.Now(), first: map[string]time.Time{}}
	s.conn = turn.NewConnection(func(ctx context.Context) (*conn, error) { return connect(ctx, &s.opts) })
	return s, nil
}

// String names the servers.
func (s *Sink) String() string { return s.opts.String() }

// GoString leaves the secrets out, too.
func (s *Sink) GoString() string { return s.opts.String() }

// Deliver publishes transitions, oldest first, each when the stream has
// acknowledged the one before. The stream has taken of them. A *alarm.Refused
// is about the event after those: it is too large, or sending it again might
// make a second one; any other error is worth another try.
func (s *Sink) Deliver(ctx context.Context, events []*alarm.Event) (taken int, err error) {
	if len(events) == 0 {
		return 0, nil
	}
	c, err := s.conn.Get(ctx)
	if err != nil {
		return 0, fmt.Errorf("nats: %w", err)
	}
	if c.window == 0 {
		if err := c.readWindow(ctx, &s.opts); err != nil {
			c.Drop()
			return 0, fmt.Errorf("nats: %w", err)
		}
	}
	for _, e := range events {
		if err := s.deliver(ctx, c, e); err != nil {
			return taken, err
		}
		taken++
	}
	return taken, nil
}

func (s *Sink) deliver(ctx context.Context, c *conn, e *alarm.Event) error {
	id := e.EventID()
	m, err := message(e)
	if err != nil {
		return &alarm.Refused{Err: fmt.Errorf("nats: %w", err)}
	}
	now := s.now()
	// The try itself may take as long as its timeout to arrive.
	if waited := s.tries.waited(e, id, now); waited > 0 && waited+s.opts.Timeout > c.window {
		s.tries.settle(id)
		return &alarm.Refused{Err: fmt.Errorf("nats: event %s has waited for %v, and stream %s drops repeats within %v only: sent again it might be there twice",
			id, waited.Round(time.Second), s.opts.Stream, c.window)}
	}
	s.tries.note(id, now)
	err = c.publish(ctx, m, id, &s.opts)
	if err == nil {
		s.tries.settle(id)
		return nil
	}
	if tooLarge(err) {
		s.tries.settle(id)
		return &alarm.Refused{Err: fmt.Errorf("nats: %w", err)}
	}
	c.Drop()
	return fmt.Errorf("nats: %w", err)
}

// publish hands a message to the stream and waits for the acknowledgement.
func (c *conn) publish(ctx context.Context, m *nats.Msg, id string, o *Options) error {
	wait, done := c.awaiting(ctx, m.Subject, o.Timeout)
	defer done()
	_, err := c.js.PublishMsg(wait, m, jetstream.WithMsgID(id), jetstream.WithExpectStream(o.Stream), jetstream.WithRetryAttempts(0))
	if err = cause(wait, err); err != nil {
		return fmt.Errorf("publish event %s: %w", id, err)
	}
	return nil
}

// streamTooSmall is the API error of a message that is larger than the stream
// takes.
const streamTooSmall = 10054

// tooLarge says whether the message will never fit.
func tooLarge(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, nats.ErrMaxPayload) || errors.As(err, &api) && api.ErrorCode == streamTooSmall
}

// Announce publishes announcements to the subjects of the transitions and
// waits for nothing. An error says that some were certainly not sent.
func (s *Sink) Announce(ctx context.Context, events []*alarm.Event) error {
	messages := make([]*nats.Msg, 0, len(events))
	var errs []error
	for _, e := range events {
		m, err := message(e)
		if err != nil {
			errs = append(errs, fmt.Errorf("nats: %w", err))
			continue
		}
		m.Header.Set(nats.MsgIdHdr, e.EventID())
		messages = append(messages, m)
	}
	return errors.Join(append(errs, s.plain(ctx, messages))...)
}

// Heartbeat publishes a heartbeat, which is a CloudEvent of the id given in
// its JSON form, to the subject perfmon.heartbeat.v1.<host uuid> that is its
// route, and waits for nothing.
func (s *Sink) Heartbeat(ctx context.Context, route, id string, event []byte) error {
	m := newMessage(route, event)
	m.Header.Set(nats.MsgIdHdr, id)
	return s.plain(ctx, []*nats.Msg{m})
}

func (s *Sink) plain(ctx context.Context, messages []*nats.Msg) error {
	if len(messages) == 0 {
		return nil
	}
	c, err := s.conn.Get(ctx)
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	stop := c.within(ctx)
	defer stop()
	var errs []error
	for _, m := range messages {
		err := c.nc.PublishMsg(m)
		if err == nil {
			continue
		}
		errs = append(errs, fmt.Errorf("nats: publish to %s: %w", m.Subject, cause(ctx, err)))
		if !tooLarge(err) && !errors.Is(err, nats.ErrBadSubject) {
			c.Drop()
			break
		}
	}
	return errors.Join(errs...)
}

// Close ends the connection.
func (s *Sink) Close(ctx context.Context) error {
	if err := s.conn.Close(ctx, (*conn).Drop); err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	return nil
}

// message is an event as CloudEvents are put on NATS in structured mode.
func message(e *alarm.Event) (*nats.Msg, error) {
	body, err := e.CloudEvent()
	if err != nil {
		return nil, err
	}
	return newMessage(e.Route(), body), nil
}

func newMessage(subject string, body []byte) *nats.Msg {
	m := nats.NewMsg(subject)
	m.Header["content-type"] = []string{"application/cloudevents+json"}
	m.Data = body
	return m
}
