package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/monitor/api/door"
	"perfmon/monitor/api/page/kit"
	"perfmon/scaling/rubber/api/page"
)

const (
	// webRetry is the time between tries to open the web port. Scaling does
	// not wait for it.
	webRetry = 30 * time.Second
	// scrapes is how many are answered at once.
	scrapes = 4
)

// web is the port for browsers and Prometheus. It only reads.
type web struct {
	o       rubberconfig.Web
	every   time.Duration // between tries to listen
	handler http.Handler
	log     *slog.Logger
}

// newWeb makes the web port; nil for none.
func newWeb(o rubberconfig.Web, public http.Handler, metrics prometheus.Gatherer, log *slog.Logger) (*web, error) {
	if o.Listen == "" {
		return nil, nil
	}
	hosts, err := door.NewHostCheck([]string{o.Listen}, nil, "ask for an address of this machine, or send the token that web.token_file of rubber.yaml names")
	if err != nil {
		return nil, err
	}
	first := page.New(version)
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", first)
	mux.Handle("GET "+kit.Prefix, first)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{
		MaxRequestsInFlight: scrapes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
	}))
	mux.Handle("/v1/", public)
	a := admission{token: o.Token.Reveal(), hosts: hosts.Wrap(mux), all: mux}
	return &web{o: o, every: webRetry, handler: door.Headers(kit.Policy, a), log: log}, nil
}

// run serves until the context ends.
func (w *web) run(ctx context.Context) {
	if !onlyHere(w.o.Listen) && w.o.Token == "" {
		w.log.Warn("the web port listens beyond this machine and has no token, so it answers this machine alone: set web.token_file", "listen", w.o.Listen)
	}
	door.Persist(ctx, w.every, func() error { return w.serve(ctx) }, "the web port does not work: scaling goes on, and it is tried again", w.log)
}

func (w *web) serve(ctx context.Context) error {
	l, err := net.Listen("tcp", w.o.Listen)
	if err != nil {
		return fmt.Errorf("%w: free the address, or name another one with web.listen", err)
	}
	scheme := "http"
	if w.o.Cert != "" {
		c, err := w.tls()
		if err != nil {
			l.Close()
			return err
		}
		l, scheme = tls.NewListener(l, c), "https"
	}
	w.log.Info("page and metrics are served", "url", scheme+"://"+l.Addr().String()+"/")
	return door.ServeListener(ctx, l, w.handler, w.log)
}

// tls reads the certificate again for each connection, so that a renewed one
// needs no restart.
func (w *web) tls() (*tls.Config, error) {
	pair := func() (*tls.Certificate, error) {
		c, err := tls.LoadX509KeyPair(w.o.Cert, w.o.Key)
		if err != nil {
			return nil, fmt.Errorf("read the web port's certificate (web.cert_file, web.key_file): %w", err)
		}
		return &c, nil
	}
	if _, err := pair(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair() }}, nil
}

// onlyHere says whether only this machine can reach an address.
func onlyHere(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// admission lets in whoever asks from this machine for this machine, and
// whoever has the token: programs as a bearer, people as the password that
// their browser asks for. With the token any name will do: a page from
// elsewhere, whose name was made to lead here, does not know it.
type admission struct {
	token string
	hosts http.Handler // of those without the token
	all   http.Handler
}

func (a admission) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case a.token != "" && same(presented(r), a.token):
		a.all.ServeHTTP(w, r)
	case fromHere(r) && (a.token == "" || r.Header.Get("Authorization") == ""):
		a.hosts.ServeHTTP(w, r)
	case a.token != "":
		w.Header().Add("WWW-Authenticate", `Basic realm="rubber", charset="UTF-8"`)
		w.Header().Add("WWW-Authenticate", `Bearer realm="rubber"`)
		http.Error(w, "a token is needed here: that of web.token_file in rubber.yaml, as a bearer token or as the password of any user", http.StatusUnauthorized)
	default:
		http.Error(w, "only its own machine is answered: set web.token_file in rubber.yaml to ask from elsewhere", http.StatusForbidden)
	}
}

// fromHere says whether a request comes from this machine.
func fromHere(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

// presented is the token of a request, "" without one.
func presented(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	const bearer = "bearer "
	if text := r.Header.Get("Authorization"); len(text) > len(bearer) && strings.EqualFold(text[:len(bearer)], bearer) {
		return text[len(bearer):]
	}
	return ""
}

// same compares without telling by its time how much of it is right.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
