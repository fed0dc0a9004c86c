// Package broker connects to the RabbitMQ that work waits in.
package broker

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/scaling/rubber/work"
)

// Conn is a connection. It is not mended: after an error there is another.
type Conn struct {
	*amqp.Connection
	Address work.Address

	raw net.Conn
}

// Dial tries the brokers in order and returns the first that lets us in. The
// name is what the broker shows for the connection. Errors are *work.Error:
// Auth if any broker refuses us, or else Away.
func Dial(ctx context.Context, b work.Broker, name string) (*Conn, error) {
	addresses, err := b.Addresses()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(b.Timeout, work.DefaultTimeout))
	defer cancel()
	var errs []error
	kind, hint := work.Away, ""
	for i, a := range addresses {
		// Each broker left gets its part of the time, so that the first which does
		// not answer leaves some for the others.
		deadline, _ := ctx.Deadline()
		part, done := context.WithTimeout(ctx, time.Until(deadline)/time.Duration(len(addresses)-i))
		c, err := dial(part, b, a, name)
		done()
		if err == nil {
			return c, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", a, err))
		if h := refusal(err, a); h != "" {
			kind, hint = work.Auth, h
		}
	}
	return nil, &work.Error{Kind: kind, Op: "connect to broker", Err: errors.Join(errs...), Hint: hint}
}

func dial(ctx context.Context, b work.Broker, a work.Address, name string) (_ *Conn, err error) {
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", a.HostPort())
	if err != nil {
		return nil, err
	}
	// The library knows no context: closing the socket ends whatever it does.
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer func() {
		if !stop() || err != nil {
			raw.Close()
			err = cmp.Or(cause(ctx, err), context.Cause(ctx))
		}
	}()
	socket := raw
	var secured *opening
	if a.TLS {
		config := b.TLS.Clone() // of nil nil
		if config == nil {
			config = &tls.Config{}
		}
		if config.ServerName == "" {
			config.ServerName = a.Host
		}
		client := tls.Client(raw, config)
		if err := client.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		secured = &opening{Conn: client}
		socket = secured
	}
	config := amqp.Config{
		SASL:       []amqp.Authentication{&amqp.PlainAuth{Username: a.User, Password: a.Password}},
		Vhost:      a.Vhost,
		Heartbeat:  cmp.Or(b.KeepAlive, work.DefaultKeepAlive),
		FrameSize:  128 << 10,
		Locale:     "en_US",
		Properties: amqp.NewConnectionProperties(),
	}
	config.Properties.SetClientConnectionName(name)
	if b.External {
		config.SASL = []amqp.Authentication{&amqp.ExternalAuth{}}
	}
	c, err := amqp.Open(socket, config)
	switch {
	case err != nil && secured != nil && refusal(err, a) == "":
		return nil, secured.reason(err)
	case err != nil:
		return nil, err
	case secured != nil:
		secured.opened.Store(true)
	}
	return &Conn{Connection: c, Address: a, raw: raw}, nil
}

// cause adds to an error that the context had ended.
func cause(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}

// refusal is the way out of an error that does not go away by waiting, "" of
// another.
func refusal(err error, a work.Address) string {
	var unverified *tls.CertificateVerificationError
	var alert tls.AlertError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "" // the library takes a socket that we close for a refusal
	case errors.As(err, &unverified):
		return "name the authority that has signed the broker's certificate, and the broker by a name that is in it"
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls: "): // of TLS 1.3, said again by the library as text
		return "the broker refuses our certificate: give one that its authority has signed"
	case errors.Is(err, amqp.ErrVhost), IsCode(err, amqp.NotAllowed):
		return fmt.Sprintf("check that the vhost %q exists and that the user may use it", a.Vhost)
	case IsCode(err, amqp.AccessRefused):
		return "check user and password; guest may connect from the broker's own machine only"
	}
	return ""
}

// IsCode says whether a broker's error has a code.
func IsCode(err error, code int) bool {
	var e *amqp.Error
	return errors.As(err, &e) && e.Code == code
}

// Wrap classes an error on a connection that stands.
func Wrap(op, name string, err error) error {
	var ours *work.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return err
	case IsCode(err, amqp.AccessRefused):
		return &work.Error{Kind: work.Auth, Op: op, Name: name, Err: err, Hint: "give the user the right to do this in the vhost"}
	}
	return &work.Error{Op: op, Name: name, Err: err}
}

// Drop ends the connection without the broker's consent.
func (c *Conn) Drop() {
	c.raw.Close()
	_ = c.CloseDeadline(time.Now()) // it waits until the library has ended
}

// End ends the connection politely, by the deadline in any case.
func (c *Conn) End(deadline time.Time) {
	_ = c.CloseDeadline(deadline) // a broker that does not answer is no reason to keep it
	c.raw.Close()
}
