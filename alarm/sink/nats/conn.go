package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// conn is one connection. It is not mended: after an error the next call
// makes a new one.
type conn struct {
	nc     *nats.Conn
	js     jetstream.JetStream
	raw    net.Conn
	window time.Duration // the stream's; 0 until it was read

	mu     sync.Mutex
	waits  string // the subject that somebody waits on
	denied context.CancelCauseFunc
}

// connect makes a connection. It does not touch the stream.
func connect(ctx context.Context, o *Options) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	c := &conn{}
	d := &dialer{ctx: ctx}
	options := []nats.Option{
		nats.Name("perfmon"), nats.NoReconnect(), nats.NoEcho(), nats.Timeout(o.Timeout), nats.PingInterval(20 * time.Second),
		nats.SetCustomDialer(d), nats.SkipHostLookup(), nats.IgnoreDiscoveredServers(),
		// Without a handler the library prints to standard error.
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.refuse(err) }),
	}
	switch {
	case o.Token != "":
		options = append(options, nats.Token(o.Token))
	case o.Credentials != "":
		options = append(options, nats.UserCredentialBytes([]byte(o.Credentials)))
	case o.Username != "" || o.Password != "":
		options = append(options, nats.UserInfo(o.Username, o.Password))
	}
	if o.TLS != nil {
		options = append(options, nats.Secure(o.TLS.Clone()))
	}
	if o.InboxPrefix != "" {
		options = append(options, nats.CustomInboxPrefix(o.InboxPrefix))
	}
	nc, err := nats.Connect(strings.Join(o.URLs, ","), options...)
	d.stop()
	if err == nil && ctx.Err() != nil {
		nc.Close()
		err = ctx.Err()
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if errors.Is(err, nats.ErrNoServers) && d.err != nil {
			err = fmt.Errorf("%w: %w", err, d.err)
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	c.nc, c.raw = nc, d.conn
	if c.js, err = jetstream.New(nc); err != nil {
		c.Drop()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c, nil
}

// dialer dials within a context, which the library does not know.
type dialer struct {
	ctx     context.Context
	conn    net.Conn // the last
	err     error    // the last
	unwatch func() bool
}

// Dial is what the library calls, for one server after the other. The
// context's end also ends what the library does with the connection before
// it is established.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	d.stop()
	c, err := (&net.Dialer{}).DialContext(d.ctx, network, address)
	if err != nil {
		d.err = err
		return nil, err
	}
	d.conn = c
	d.unwatch = context.AfterFunc(d.ctx, func() { c.Close() })
	return c, nil
}

func (d *dialer) stop() {
	if d.unwatch != nil {
		d.unwatch()
	}
}

// Alive says whether the connection can still be used, as far as is known.
func (c *conn) Alive() bool { return c.nc.IsConnected() }

// Drop ends the connection. The socket comes first: the library would wait
// for a server that does not read.
func (c *conn) Drop() {
	c.raw.Close()
	c.nc.Close()
}

// within closes the connection if the context's time is over before stop is
// called, because the library does not look at contexts while it writes.
func (c *conn) within(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		if !errors.Is(context.Cause(ctx), nats.ErrPermissionViolation) {
			c.raw.Close()
		}
	})
}

// awaiting makes a context for one answer about a subject. It ends, beside
// by the timeout, when the server says that we may not publish to the
// subject: it says so out of band, and the answer never comes. After a timeout
// the connection is closed.
func (c *conn) awaiting(ctx context.Context, subject string, timeout time.Duration) (_ context.Context, done func()) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	ctx, denied := context.WithCancelCause(ctx)
	stop := c.within(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits, c.denied = subject, denied
	return ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.waits, c.denied = "", nil
		stop()
		denied(nil)
		cancel()
	}
}

// refuse ends the wait that an error out of band is about:
//
//	nats: permissions violation: Permissions Violation for Publish to "perfmon.alarm.v1.a.vm.b.cpu_usage"
func (c *conn) refuse(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.denied != nil && errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), strconv.Quote(c.waits)) {
		c.denied(err)
	}
}

// cause is why a wait in the context failed with the error.
func cause(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, context.Cause(ctx)) {
		return err
	}
	return fmt.Errorf("%w: %w", context.Cause(ctx), err)
}

// readWindow asks for the stream's duplicate window.
func (c *conn) readWindow(ctx context.Context, o *Options) error {
	ctx, done := c.awaiting(ctx, "$JS.API.STREAM.INFO."+o.Stream, o.Timeout)
	defer done()
	stream, err := c.js.Stream(ctx, o.Stream)
	if err = cause(ctx, err); errors.Is(err, nats.ErrPermissionViolation) {
		o.Logger.Warn("may not read the duplicate window of the stream", "stream", o.Stream, "assumed", o.Window, "err", err)
		c.window = o.Window
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the duplicate window of stream %s: %w", o.Stream, err)
	}
	c.window = stream.CachedInfo().Config.Duplicates
	return nil
}
