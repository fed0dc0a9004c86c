package hear

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// AMQP says where an AMQP 0-9-1 broker is that agents publish to. It prints
// without the password.
type AMQP struct {
	// URLs of the brokers of one cluster, amqp://host:5672/vhost or
	// amqps://host:5671/vhost, tried in order. Credentials have no place here.
	URLs               []string
	Username, Password string
	External           bool        // authenticate by the client certificate in TLS instead
	TLS                *tls.Config // for amqps; nil trusts the system's authorities. Copied

	Exchange string        // topic, durable; "" is perfmon.alarms
	Timeout  time.Duration // of connecting; 0 is 10 s
	// Settle is how long after connecting every alarm that fires must have been
	// announced: the broker keeps none. Agents announce every 60 s; 0 is 75 s.
	Settle time.Duration
}

// String leaves the secrets out.
func (o AMQP) String() string { return "amqp " + strings.Join(o.URLs, " ") }

// GoString leaves the secrets out, too.
func (o AMQP) GoString() string { return o.String() }

// LogValue leaves the secrets out of logs.
func (o AMQP) LogValue() slog.Value { return slog.StringValue(o.String()) }

// What the agents publish, see docs/sinks.md.
const (
	defaultExchange = "perfmon.alarms"
	defaultSettle   = 75 * time.Second
	alarmKeys       = "perfmon.alarm.v1.#"
	beatKeys        = "perfmon.heartbeat.v1.#"
)

// Bounds of the private queue, in which events wait while we are slow, and of
// those that are on their way to us.
const (
	queueBytes = 64 << 20
	queueLife  = 10 * time.Minute
	prefetch   = 500
)

const keepAlive = 10 * time.Second

type amqpDriver struct{ o AMQP }

// FromAMQP hears from a topic exchange. It connects to nothing yet.
func FromAMQP(o AMQP) (Driver, error) {
	if len(o.URLs) == 0 {
		return nil, errors.New("hear from amqp: no url: name at least one broker")
	}
	for i, raw := range o.URLs {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Scheme != "amqp" && u.Scheme != "amqps" {
			return nil, fmt.Errorf("hear from amqp: url %d: write amqp://host:5672/vhost or amqps://host:5671/vhost", i+1)
		}
		if u.User != nil {
			return nil, fmt.Errorf("hear from amqp: url %d: user and password have options of their own", i+1)
		}
	}
	if o.External && o.TLS == nil {
		return nil, errors.New("hear from amqp: external authentication needs a client certificate")
	}
	if !o.External && o.Username == "" {
		return nil, errors.New("hear from amqp: no username")
	}
	if o.Timeout < 0 || o.Settle < 0 {
		return nil, errors.New("hear from amqp: a negative time")
	}
	if o.Exchange == "" {
		o.Exchange = defaultExchange
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Settle == 0 {
		o.Settle = defaultSettle
	}
	return &amqpDriver{o}, nil
}

func (d *amqpDriver) Name() string { return "amqp" }

func (d *amqpDriver) run(ctx context.Context, to *ear) error {
	wait := newPause()
	for ctx.Err() == nil {
		err := d.session(ctx, to, wait)
		if ctx.Err() != nil {
			break
		}
		to.state(false, false, err)
		wait.sleep(ctx)
	}
	return nil
}

// session listens until the connection ends.
func (d *amqpDriver) session(ctx context.Context, to *ear, wait *pause) error {
	conn, raw, err := d.connect(ctx)
	if err != nil {
		return err
	}
	// The library knows no context: closing the socket ends whatever it does.
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer func() {
		stop()
		_ = conn.CloseDeadline(time.Now().Add(time.Second)) // a broker that does not answer is no reason to stay
		raw.Close()
	}()
	channel, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	deliveries, err := d.listen(conn, &channel)
	if err != nil {
		return err
	}
	closed := channel.NotifyClose(make(chan *amqp.Error, 1))
	to.state(true, false, nil)
	wait.reset()
	settled := time.NewTimer(d.o.Settle)
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-settled.C:
			to.state(true, true, nil)
		case m, ok := <-deliveries:
			if !ok {
				return lost(closed)
			}
			to.event(m.Body, time.Time{})
			if err := m.Ack(false); err != nil {
				return fmt.Errorf("acknowledge: %w", err)
			}
		}
	}
}

// lost is why the deliveries have ended.
func lost(closed <-chan *amqp.Error) error {
	if err, ok := <-closed; ok && err != nil {
		return fmt.Errorf("connection lost: %w", err)
	}
	return errors.New("connection closed")
}

// listen makes the private queue, and binds it to the exchange. To look for the
// exchange needs no right to make one; to look in vain costs the channel.
func (d *amqpDriver) listen(conn *amqp.Connection, channel **amqp.Channel) (<-chan amqp.Delivery, error) {
	err := (*channel).ExchangeDeclarePassive(d.o.Exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	var e *amqp.Error
	if errors.As(err, &e) && e.Code == amqp.NotFound {
		if *channel, err = conn.Channel(); err != nil {
			return nil, fmt.Errorf("open a channel: %w", err)
		}
		err = (*channel).ExchangeDeclare(d.o.Exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("declare exchange %s: %w", d.o.Exchange, err)
	}
	c := *channel
	if err := c.Qos(prefetch, 0, false); err != nil {
		return nil, fmt.Errorf("bound what comes at once: %w", err)
	}
	queue, err := c.QueueDeclare("", false, true, true, false, amqp.Table{
		"x-max-length-bytes": int64(queueBytes), "x-message-ttl": queueLife.Milliseconds(),
	})
	if err != nil {
		return nil, fmt.Errorf("declare a queue of our own: %w", err)
	}
	for _, pattern := range []string{alarmKeys, beatKeys} {
		if err := c.QueueBind(queue.Name, pattern, d.o.Exchange, false, nil); err != nil {
			return nil, fmt.Errorf("bind %s of exchange %s: %w", pattern, d.o.Exchange, err)
		}
	}
	deliveries, err := c.Consume(queue.Name, "", false, true, false, false, nil)
	if err != nil {
		return nil, fmt.Errorf("consume: %w", err)
	}
	return deliveries, nil
}

// connect tries the brokers in order.
func (d *amqpDriver) connect(ctx context.Context) (*amqp.Connection, net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	var errs []error
	for _, u := range d.o.URLs {
		conn, raw, err := d.dial(ctx, u)
		if err == nil {
			return conn, raw, nil
		}
		errs = append(errs, fmt.Errorf("connect to %s: %w", u, err))
	}
	return nil, nil, errors.Join(errs...)
}

func (d *amqpDriver) dial(ctx context.Context, u string) (conn *amqp.Connection, raw net.Conn, err error) {
	config := amqp.Config{
		SASL:      []amqp.Authentication{&amqp.PlainAuth{Username: d.o.Username, Password: d.o.Password}},
		Heartbeat: keepAlive, Properties: amqp.NewConnectionProperties(),
	}
	config.Properties.SetClientConnectionName("rubber hears alarms")
	if d.o.External {
		config.SASL = []amqp.Authentication{&amqp.ExternalAuth{}}
	}
	if d.o.TLS != nil {
		config.TLSClientConfig = d.o.TLS.Clone() // the library writes the server's name into it
	}
	stop := func() bool { return true }
	config.Dial = func(network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		raw = c
		stop = context.AfterFunc(ctx, func() { c.Close() })
		return c, nil
	}
	conn, err = amqp.DialConfig(u, config)
	if !stop() && err == nil { // the time was over just then
		_ = conn.CloseDeadline(time.Now())
		err = ctx.Err()
	}
	if err != nil {
		if raw != nil {
			raw.Close()
		}
		return nil, nil, err
	}
	return conn, raw, nil
}
