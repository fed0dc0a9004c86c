package xapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// What Options leave out.
const (
	DefaultXAPISocket    = "/var/lib/xcp/xapi"
	DefaultRRDDSocket    = "/var/lib/xcp/xcp-rrdd"
	DefaultHTTPAddr      = "127.0.0.1:80"
	DefaultOriginator    = "perfmon"
	DefaultUserAgent     = "perfmon-agent/1"
	DefaultCallTimeout   = 30 * time.Second
	DefaultStallTimeout  = 30 * time.Second
	DefaultMaxReplyBytes = 16 << 20
)

// idleConn is how long an unused connection to xapi is kept. It is short,
// because a call on a connection that the other side has just closed fails,
// and a new one to a unix socket costs next to nothing.
const idleConn = 5 * time.Second

// Options says where the toolstack is and how patient to be. The zero value
// is a stock host.
type Options struct {
	XAPISocket string // unix socket for calls
	RRDDSocket string // xcp-rrdd's own unix socket, first choice for rows
	HTTPAddr   string // host:port of xapi's HTTP, second choice for rows

	// Username and Password are empty on a stock host: over the unix
	// socket any name is root.
	Username, Password string
	Originator         string // names our sessions in the pool's quota
	UserAgent          string // names us in the toolstack's rate limits

	// CallTimeout ends every call that has not been answered in full.
	CallTimeout time.Duration
	// StallTimeout is how long the head of an answer with rows, and then
	// each further byte of it, is waited for.
	StallTimeout time.Duration
	// MaxReplyBytes bounds the reply of a call.
	MaxReplyBytes int64

	// Server, if set, is a toolstack elsewhere, as ParseServer reads it: calls
	// go there instead of XAPISocket, with Username and Password. Where it
	// says that another is the coordinator, that one is asked from then on.
	// Rows are not had of it.
	Server *url.URL
	// TLS is for a Server with https; nil trusts what the system trusts. See
	// TrustCA and TrustFingerprints.
	TLS *tls.Config

	// Dial makes connections; nil means the net package.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Logger *slog.Logger // nil discards
	// OnCall, if set, hears of every exchange with the toolstack when it
	// is over: calls by method name, and "rrd_updates" up to the first
	// byte of the body. A wait for changes that its own caller cut short is
	// an error of Kind "canceled". It may be called concurrently.
	OnCall func(method string, err error, seconds float64)
	// Rand gives numbers in [0,1) for jitter; nil means math/rand.
	Rand func() float64
}

func (o *Options) setDefaults() {
	setDefault(&o.XAPISocket, DefaultXAPISocket)
	setDefault(&o.RRDDSocket, DefaultRRDDSocket)
	setDefault(&o.HTTPAddr, DefaultHTTPAddr)
	setDefault(&o.Originator, DefaultOriginator)
	setDefault(&o.UserAgent, DefaultUserAgent)
	setDefault(&o.CallTimeout, DefaultCallTimeout)
	setDefault(&o.StallTimeout, DefaultStallTimeout)
	setDefault(&o.MaxReplyBytes, DefaultMaxReplyBytes)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnCall == nil {
		o.OnCall = func(string, error, float64) {}
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Client is one toolstack and at most one session with it. It is safe for
// concurrent use. Close ends the session.
type Client struct {
	opts Options
	rpc  *http.Client // POST /jsonrpc on xapi's socket, or on Server
	put  *http.Client // PUT of disks, at the same place
	rrdd *http.Client // GET on xcp-rrdd's socket
	web  *http.Client // GET on xapi's TCP port

	lastID atomic.Int64
	server atomic.Pointer[url.URL] // where rpc and put go: see ask

	// sessionLock holds a token while nobody is changing the session. It
	// is a channel so that waiting for it ends with the caller's context.
	sessionLock chan struct{}
	sessionRef  string // guarded by sessionLock
	closed      bool   // guarded by sessionLock

	firstByte  time.Duration // wait for the head of a rrd_updates answer
	bodyIdle   time.Duration // and between bytes of its body
	probeEvery time.Duration // how often to look for xcp-rrdd's socket again

	// endpointMu guards everything that follows.
	endpointMu sync.Mutex
	endpoint   string    // that answered last
	nextProbe  time.Time // until then xcp-rrdd's socket is passed over
}

// New makes a client. It does no I/O: the first call logs in.
func New(opts Options) *Client {
	opts.setDefaults()
	c := &Client{
		opts:        opts,
		rpc:         serverClient(opts, false),
		put:         serverClient(opts, true),
		rrdd:        unixClient(opts.Dial, opts.RRDDSocket, true),
		web:         tcpClient(opts.Dial),
		sessionLock: make(chan struct{}, 1),
		firstByte:   opts.StallTimeout,
		bodyIdle:    opts.StallTimeout,
		probeEvery:  5 * time.Minute,
	}
	c.server.Store(serverOf(opts))
	c.sessionLock <- struct{}{}
	return c
}

type dial = func(ctx context.Context, network, address string) (net.Conn, error)

func unixClient(dial dial, path string, oneShot bool) *http.Client {
	t := transport(oneShot)
	t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, "unix", path) }
	return httpClient(t)
}

func tcpClient(dial dial) *http.Client {
	t := transport(true)
	t.DialContext = dial
	return httpClient(t)
}

// transport never looks at the environment's proxy: endpoints are local, or a
// host that was named.
func transport(oneShot bool) *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DisableCompression:     true,
		DisableKeepAlives:      oneShot,
		MaxIdleConns:           4,
		IdleConnTimeout:        idleConn,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

func httpClient(t *http.Transport) *http.Client {
	return &http.Client{
		Transport: t,
		// A redirect would carry the session cookie to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Call runs a method of the toolstack with the session as its first
// parameter, and decodes what it returns into result, as encoding/json does;
// a nil result is discarded. It logs in when there is no session, and once
// more when the toolstack says that the session is gone.
//
// Parameters are written as the toolstack expects them: integers as decimal
// strings, floats with a point, times as dateTime.iso8601. Integers in a
// result are decimal strings too; Int reads them.
func (c *Client) Call(ctx context.Context, method string, result any, params ...any) error {
	return c.withSession(ctx, func(session string) error {
		return c.exchange(ctx, exchange{
			method:  method,
			params:  append([]any{session}, params...),
			session: session,
			timeout: c.opts.CallTimeout,
			limit:   c.opts.MaxReplyBytes,
			result:  into(result),
		})
	})
}

// exchange is one request and its reply.
type exchange struct {
	method  string
	params  []any
	session string // kept out of errors; "" for none
	timeout time.Duration
	limit   int64 // bytes of the reply
	result  func(*replyReader, *json.Decoder) error
}

// into decodes the result of a reply into v.
func into(v any) func(*replyReader, *json.Decoder) error {
	return func(_ *replyReader, dec *json.Decoder) error {
		return decodeValue(dec, v)
	}
}

func (c *Client) exchange(ctx context.Context, x exchange) (err error) {
	began := time.Now()
	defer func() { c.opts.OnCall(x.method, err, time.Since(began).Seconds()) }()

	ctx, cancel := context.WithTimeout(ctx, x.timeout)
	defer cancel()
	id := c.lastID.Add(1)
	body, err := encodeRequest(id, x.method, x.params)
	if err != nil {
		return fmt.Errorf("call %s: %w", x.method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server.Load().JoinPath("jsonrpc").String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("call %s: %w", x.method, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.opts.UserAgent)
	resp, err := c.rpc.Do(req)
	if err != nil {
		return fmt.Errorf("call %s: %w", x.method, withoutURL(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("call %s: %w", x.method, newStatusError("xapi /jsonrpc", resp))
	}
	r := &replyReader{r: resp.Body, limit: x.limit}
	if err := decodeReply(r, id, x.result); err != nil {
		return fmt.Errorf("call %s: %w", x.method, withoutSession(err, x.session))
	}
	// What is left is a line end at most; reading it keeps the connection.
	_, _ = io.CopyN(io.Discard, resp.Body, 512)
	return nil
}
