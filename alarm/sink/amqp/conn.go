package amqp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// conn is one connection with one channel, in confirm mode, on which the
// exchange is known to exist. It is not mended: after an error the next call
// makes a new one.
type conn struct {
	amqp    *amqp.Connection
	channel *amqp.Channel
	closed  chan *amqp.Error // why the channel or the connection was
	raw     net.Conn
}

// connect tries the brokers in order.
func connect(ctx context.Context, o *Options) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	var errs []error
	for _, url := range o.URLs {
		c, err := dial(ctx, o, url)
		if err == nil {
			return c, nil
		}
		errs = append(errs, fmt.Errorf("connect to %s: %w", url, err))
	}
	return nil, errors.Join(errs...)
}

func dial(ctx context.Context, o *Options, url string) (*conn, error) {
	c := &conn{}
	config := amqp.Config{
		SASL:       []amqp.Authentication{&amqp.PlainAuth{Username: o.Username, Password: o.Password}},
		Heartbeat:  o.KeepAlive,
		Properties: amqp.NewConnectionProperties(),
	}
	config.Properties.SetClientConnectionName("perfmon")
	if o.External {
		config.SASL = []amqp.Authentication{&amqp.ExternalAuth{}}
	}
	if o.TLS != nil {
		config.TLSClientConfig = o.TLS.Clone() // the library writes the server's name into it
	}
	// The library knows no context. Closing the socket ends whatever it does,
	// up to the end of set.
	stop := func() bool { return true }
	defer func() { stop() }()
	config.Dial = func(network, address string) (net.Conn, error) {
		raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c.raw = raw
		stop = c.within(ctx)
		return raw, nil
	}
	var err error
	if c.amqp, err = amqp.DialConfig(url, config); err != nil {
		if c.raw != nil {
			c.raw.Close()
		}
		return nil, cause(ctx, err)
	}
	if err := c.set(o.Exchange); err != nil {
		err = cause(ctx, err)
		c.Drop()
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		c.Drop()
		return nil, err
	}
	return c, nil
}

// set makes sure of the exchange and turns confirms on. To look for the
// exchange needs no right to make one; to look in vain costs the channel.
func (c *conn) set(exchange string) (err error) {
	if c.channel, err = c.amqp.Channel(); err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	err = c.channel.ExchangeDeclarePassive(exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	if isCode(err, amqp.NotFound) {
		if c.channel, err = c.amqp.Channel(); err != nil {
			return fmt.Errorf("open channel: %w", err)
		}
		err = c.channel.ExchangeDeclare(exchange, amqp.ExchangeTopic, true, false, false, false, nil)
	}
	if err != nil {
		return fmt.Errorf("declare exchange %s: %w", exchange, err)
	}
	if err := c.channel.Confirm(false); err != nil {
		return fmt.Errorf("turn confirms on: %w", err)
	}
	c.closed = c.channel.NotifyClose(make(chan *amqp.Error, 1))
	return nil
}

// errNotTaken is a confirm that says no.
var errNotTaken = errors.New("the broker did not take it")

// reason is why the wait for a confirm ended without one: the library says no
// for all that are on their way when the connection ends.
func (c *conn) reason() error {
	select {
	case err, ok := <-c.closed:
		if ok {
			return fmt.Errorf("connection lost: %w", err)
		}
		return errors.New("connection closed")
	default:
		return errNotTaken
	}
}

func isCode(err error, code int) bool {
	var e *amqp.Error
	return errors.As(err, &e) && e.Code == code
}

// Alive says whether the connection can still be used, as far as is known.
func (c *conn) Alive() bool { return !c.amqp.IsClosed() && !c.channel.IsClosed() }

// Drop ends the connection without the broker's consent.
func (c *conn) Drop() { c.close(time.Now()) }

// close ends the connection, by the deadline without the broker's consent.
func (c *conn) close(deadline time.Time) {
	// A broker that does not answer is no reason to keep the connection.
	_ = c.amqp.CloseDeadline(deadline)
	c.raw.Close()
}

// within closes the socket if the context ends before stop is called.
func (c *conn) within(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { c.raw.Close() })
}

// cause adds to an error that the context had ended.
func cause(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}
