package engine

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

// Times of the connection.
const (
	dialTimeout  = 5 * time.Second
	pingInterval = 5 * time.Second // a server that answers none of two is gone
	firstDelay   = 20 * time.Millisecond
	lastDelay    = 2 * time.Second
)

// link is the one connection of an engine, which nats.go makes again for as
// long as the engine runs.
type link struct {
	opts *Options
	gone chan struct{} // closed when the connection is closed for good

	mu sync.Mutex
	// mu guards everything that follows
	nc       *nats.Conn
	up, down chan struct{}           // closed while connected, and while not
	since    time.Time               // of being up or down
	wasUp    bool                    // ever
	tries    int                     // in vain, since it went down
	problem  error                   // why it is down, as far as is known
	refuse   context.CancelCauseFunc // ends the question that is asked, if the server refuses it
	said     string                  // the last warning
	saidAt   time.Time
}

func newLink(o *Options) *link {
	l := &link{opts: o, gone: make(chan struct{}), up: make(chan struct{}), down: make(chan struct{}), since: time.Now()}
	close(l.down)
	return l
}

// open begins to connect and does not wait for it.
func (l *link) open() error {
	options := []nats.Option{
		nats.Name(fmt.Sprintf("%s, process %d", l.opts.Name, os.Getpid())),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.CustomReconnectDelay(l.delay),
		nats.Timeout(dialTimeout), nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(2),
		// A write that nobody waits for any more must not be sent later.
		nats.ReconnectBufSize(-1),
		// A wrong token is right again when the owner has made another.
		nats.IgnoreAuthErrorAbort(),
		nats.ConnectHandler(func(*nats.Conn) { l.set(true, nil) }),
		nats.ReconnectHandler(func(*nats.Conn) { l.set(true, nil) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { l.set(false, err) }),
		nats.ClosedHandler(func(*nats.Conn) { close(l.gone) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { l.note(err) }),
		// Without a handler the library prints to standard error.
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { l.hear(err) }),
	}
	urls := l.opts.URLs
	if l.opts.external() {
		options = append(options, l.external()...)
	} else {
		urls = []string{"nats://perfmon-engine:4222"} // the dialer knows better
		options = append(options, l.embedded()...)
	}
	nc, err := nats.Connect(strings.Join(urls, ","), options...)
	if err != nil {
		return fmt.Errorf("connect to the engine: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nc = nc
	return nil
}

func (l *link) external() []nats.Option {
	o := l.opts
	var options []nats.Option
	switch login := o.Login; {
	case login.User != "":
		options = append(options, nats.UserInfoHandler(func() (string, string) { return login.User, l.secret(login.PasswordFile) }))
	case login.TokenFile != "":
		options = append(options, nats.TokenHandler(func() string { return l.secret(login.TokenFile) }))
	case login.CredentialsFile != "":
		options = append(options, nats.UserCredentials(login.CredentialsFile))
	}
	if o.TLS != (ClientTLS{}) || slices.ContainsFunc(o.URLs, func(u string) bool { return strings.HasPrefix(u, "tls://") }) {
		options = append(options, nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12}))
	}
	if o.TLS.CA != "" {
		options = append(options, nats.RootCAs(o.TLS.CA))
	}
	if o.TLS.Cert != "" {
		options = append(options, nats.ClientCert(o.TLS.Cert, o.TLS.Key))
	}
	return options
}

func (l *link) embedded() []nats.Option {
	return []nats.Option{
		nats.SkipHostLookup(), nats.IgnoreDiscoveredServers(), nats.SetCustomDialer(l),
		nats.TokenHandler(func() string { return l.token() }),
		nats.CustomInboxPrefix("_ENGINE"), // agents may listen to _INBOX.>
		func(o *nats.Options) error {
			// Used if the server wants TLS, and not demanded by us.
			o.TLSConfig = &tls.Config{
				MinVersion:         tls.VersionTLS12,
				InsecureSkipVerify: true, // the name in the certificate is for other machines; we know the certificate itself
				VerifyConnection:   l.verify,
			}
			return nil
		},
	}
}

// Dial is what nats.go calls: it connects to where the present owner listens.
func (l *link) Dial(network, _ string) (net.Conn, error) {
	p, err := readPlace(l.opts.Dir)
	if err != nil {
		return nil, err
	}
	c, err := net.DialTimeout(network, p.Address, dialTimeout)
	if err != nil {
		return nil, err
	}
	if err := checkListener(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// verify compares the server's certificate with what its owner has written
// down for us.
func (l *link) verify(state tls.ConnectionState) error {
	p, err := readPlace(l.opts.Dir)
	if err != nil {
		return err
	}
	if len(state.PeerCertificates) == 0 || fingerprint(state.PeerCertificates[0]) != p.Certificate {
		return errors.New("the server's certificate is not the one that the engine's owner has")
	}
	return nil
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

func (l *link) token() string {
	token, err := readOwnSecret(filepath.Join(l.opts.Dir, tokenName))
	if err != nil {
		l.note(err)
	}
	return token
}

func (l *link) secret(file string) string {
	s, err := readGivenSecret(file)
	if err != nil {
		l.note(err)
	}
	return s
}

// delay is how long to wait before the next try: an owner that was killed is
// followed within some hundred milliseconds, and a cluster that is away for an
// hour is left in peace.
func (l *link) delay(attempts int) time.Duration {
	l.mu.Lock()
	l.tries++
	l.mu.Unlock()
	d := lastDelay
	if attempts < 12 {
		d = min(d, firstDelay<<(attempts/2))
	}
	return d/2 + rand.N(d/2)
}

func (l *link) set(up bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.up:
		if up {
			return
		}
		l.up = make(chan struct{})
		close(l.down)
		l.since, l.problem, l.tries = time.Now(), err, 0
	default:
		if !up {
			return
		}
		l.down = make(chan struct{})
		close(l.up)
		l.since, l.problem, l.wasUp = time.Now(), nil, true
	}
}

// note keeps why a try was in vain.
func (l *link) note(err error) {
	l.mu.Lock()
	l.problem = err
	first := !l.wasUp && !l.opts.external() &&
		(errors.Is(err, errNobody) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, nats.ErrNoServers)) // the last is what nats.go makes of the one before
	l.mu.Unlock()
	if !first { // that there is no server yet, since we may be the one to start it
		l.say(err)
	}
}

// hear takes an error that belongs to no call.
func (l *link) hear(err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		l.mu.Lock()
		if l.refuse != nil {
			l.refuse(err)
		}
		l.mu.Unlock()
	}
	l.say(err)
}

// asking makes a context for questions of one goroutine. It ends as that of
// within, and when the server says that we may not ask: it says so out of
// band, and no answer comes. why adds that to an error.
func (l *link) asking(ctx context.Context, timeout time.Duration) (_ context.Context, why func(error) error, done func()) {
	ctx, cancel := l.within(ctx, timeout)
	ctx, refuse := context.WithCancelCause(ctx)
	l.mu.Lock()
	l.refuse = refuse
	l.mu.Unlock()
	why = func(err error) error {
		if cause := context.Cause(ctx); err != nil && errors.Is(cause, nats.ErrPermissionViolation) {
			return fmt.Errorf("%w: %w", err, cause)
		}
		return err
	}
	return ctx, why, func() {
		l.mu.Lock()
		l.refuse = nil
		l.mu.Unlock()
		refuse(nil)
		cancel()
	}
}

// say logs what is new, or was not said for a minute: it may come with each
// try.
func (l *link) say(err error) {
	if err == nil || !l.isNews(err.Error()) {
		return
	}
	l.opts.Logger.Warn("the engine's connection", "err", err)
}

func (l *link) isNews(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text == l.said && time.Since(l.saidAt) < time.Minute {
		return false
	}
	l.said, l.saidAt = text, time.Now()
	return true
}

// ends are the channels that are closed when the link is up and down next.
func (l *link) ends() (up, down <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.down
}

// within makes a context that also ends when the link goes down.
func (l *link) within(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	_, down := l.ends()
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-down:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); <-done }
}

func (l *link) close() {
	l.mu.Lock()
	nc := l.nc
	l.mu.Unlock()
	if nc == nil {
		return
	}
	if nc.IsConnected() {
		_ = nc.FlushTimeout(time.Second) // best effort: who waits for an answer has his own error
	}
	nc.Close()
	<-l.gone
	l.set(false, ErrClosed)
}
