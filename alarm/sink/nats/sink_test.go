package nats

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
)

func newSink(t *testing.T, o Options) *Sink {
	t.Helper()
	return sinkcheck.Open(t, New, o)
}

// connection returns the sink's connection, which has to be there.
func connection(t *testing.T, s *Sink) *conn {
	t.Helper()
	c, err := s.conn.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// numbered are events from a row of now, with the sequence numbers given.
func numbered(sequences ...int) []*alarm.Event {
	var events []*alarm.Event
	for _, i := range sequences {
		e := sinkcheck.Raised()
		e.Sequence, e.Time = int64(i), time.Now().Unix()+1 // not from before the sink's time
		events = append(events, e)
	}
	return events
}

// has says which sequence numbers the stream has, and checks that each
// message is what it should be.
func (s *testServer) has(events []*alarm.Event) []int {
	s.t.Helper()
	byID := map[string]*alarm.Event{}
	for _, e := range events {
		byID[e.EventID()] = e
	}
	var out []int
	for _, m := range s.Messages() {
		e := byID[m.Header.Get("Nats-Msg-Id")]
		if e == nil {
			s.t.Errorf("nobody sent %q", m.Header)
			continue
		}
		want, err := e.CloudEvent()
		if err != nil {
			s.t.Fatal(err)
		}
		if m.Subject != e.Route() || !bytes.Equal(m.Data, want) || m.Header["content-type"][0] != "application/cloudevents+json" {
			s.t.Errorf("%s %q\n%s", m.Subject, m.Header, m.Data)
		}
		out = append(out, int(e.Sequence))
	}
	return out
}

func isRefused(err error) bool {
	var r *alarm.Refused
	return errors.As(err, &r)
}

func TestDeliver(t *testing.T) {
	srv := newServer(t, nil)
	srv.MakeStream(24 * time.Hour)
	s := newSink(t, Options{URLs: []string{srv.URL}})
	events := numbered(1, 2, 3, 4, 5)
	for _, batch := range [][]*alarm.Event{nil, events[:3], events[1:], events} {
		if n, err := s.Deliver(t.Context(), batch); n != len(batch) || err != nil {
			t.Fatalf("taken %d: %v", n, err)
		}
	}
	if got := srv.has(events); !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
		t.Errorf("the stream has %d", got)
	}
	if len(s.tries.first) != 0 {
		t.Errorf("%d events are remembered for ever", len(s.tries.first))
	}
	if window := connection(t, s).window; window != 24*time.Hour {
		t.Errorf("window %v", window)
	}
}

func TestAnnounceAndHeartbeat(t *testing.T) {
	srv := newServer(t, nil)
	s := newSink(t, Options{URLs: []string{srv.URL}})
	nc, err := nats.Connect(srv.URL, nats.Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	sub, err := nc.SubscribeSync("perfmon.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	// Neither needs the stream.
	e := numbered(1)[0]
	e.Kind, e.Announce = alarm.KindState, 4
	if err := s.Announce(t.Context(), []*alarm.Event{e}); err != nil {
		t.Fatal(err)
	}
	if err := s.Heartbeat(t.Context(), "perfmon.heartbeat.v1."+sinkcheck.HostUUID, "the id", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ subject, id string }{{e.Route(), e.EventID()}, {"perfmon.heartbeat.v1." + sinkcheck.HostUUID, "the id"}} {
		m, err := sub.NextMsg(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject != want.subject || m.Header.Get("Nats-Msg-Id") != want.id || m.Reply != "" {
			t.Errorf("%s %q reply to %q", m.Subject, m.Header, m.Reply)
		}
	}
	if err := s.Announce(t.Context(), nil); err != nil {
		t.Error(err)
	}
	big := *e
	big.Name = strings.Repeat("x", 2<<20)
	if err := s.Announce(t.Context(), []*alarm.Event{&big, e}); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("one that is too large: %v", err)
	}
	if m, err := sub.NextMsg(10 * time.Second); err != nil || m.Subject != e.Route() {
		t.Errorf("the one after that: %v", err)
	}
	if err := s.Heartbeat(t.Context(), "a b", "id", nil); !errors.Is(err, nats.ErrBadSubject) {
		t.Errorf("a bad subject: %v", err)
	}
}

// The acknowledgement is lost, the event is not: sent again, it is the same.
func TestLostAcknowledgement(t *testing.T) {
	srv := newServer(t, nil)
	srv.MakeStream(24 * time.Hour)
	wire := newLink(t, srv.Server.Addr().String())
	s := newSink(t, Options{URLs: []string{wire.url}, Timeout: time.Hour})
	events := numbered(1, 2, 3)
	if n, err := s.Deliver(t.Context(), events[:1]); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	for range 2 {
		if n, err := deliverUnheard(s, srv, wire, events[1:]); n != 0 || err == nil || isRefused(err) {
			t.Fatalf("deaf: taken %d, %v", n, err)
		}
	}
	if got := srv.has(events); !slices.Equal(got, []int{1, 2}) {
		t.Fatalf("it did arrive, or too much did: %d", got)
	}
	wire.hangUp()
	if n, err := s.Deliver(t.Context(), events[1:]); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if got := srv.has(events); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("the stream has %d", got)
	}
}

// deliverUnheard delivers events over a link by which no acknowledgement comes
// back, until the server has the first of them. There is no time in it.
func deliverUnheard(s *Sink, srv *testServer, wire *link, events []*alarm.Event) (taken int, err error) {
	srv.t.Helper()
	wire.set(true, false)
	defer wire.set(false, false)
	ctx, cancel := context.WithCancel(srv.t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		taken, err = s.Deliver(ctx, events)
	}()
	for !slices.ContainsFunc(srv.Messages(), func(m *jetstream.RawStreamMsg) bool { return m.Header.Get("Nats-Msg-Id") == events[0].EventID() }) {
		select {
		case <-done: // without it, which the test will see
			return taken, err
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	<-done
	return taken, err
}

// What may be in the stream and has waited for longer than its duplicate
// window is not sent again.
func TestDuplicateWindow(t *testing.T) {
	srv := newServer(t, nil)
	srv.MakeStream(time.Hour)
	wire := newLink(t, srv.Server.Addr().String())
	const timeout = 30 * time.Second
	s := newSink(t, Options{URLs: []string{wire.url}, Timeout: timeout})
	now := time.Now()
	s.now = func() time.Time { return now }
	events := numbered(1, 2, 3, 4)
	heard := func(events []*alarm.Event) (int, error) { return s.Deliver(t.Context(), events) }
	unheard := func(events []*alarm.Event) (int, error) { return deliverUnheard(s, srv, wire, events) }
	deliver := func(question string, how func([]*alarm.Event) (int, error), events []*alarm.Event, wantTaken int, wantErr, wantRefused bool) {
		t.Helper()
		n, err := how(events)
		if n != wantTaken || (err != nil) != wantErr || isRefused(err) != wantRefused {
			t.Fatalf("%s: taken %d, %v", question, n, err)
		}
	}
	deliver("the first", heard, events[:1], 1, false, false)

	deliver("the acknowledgement is lost", unheard, events[1:], 0, true, false)
	now = now.Add(time.Hour - timeout)
	deliver("just within the window", heard, events[1:3], 2, false, false)

	deliver("lost again", unheard, events[3:], 0, true, false)
	now = now.Add(time.Hour - timeout + time.Millisecond)
	deliver("just beyond the window", heard, events[3:], 0, true, true)
	if got := srv.has(events); !slices.Equal(got, []int{1, 2, 3, 4}) {
		t.Errorf("the stream has %d", got)
	}

	// A server that nobody reaches has not got the event: it may wait.
	deliver("a last one", heard, numbered(6), 1, false, false)
	closed := connection(t, s).nc.StatusChanged(nats.CLOSED)
	srv.Stop()
	<-closed
	late := numbered(5)
	deliver("nobody there", heard, late, 0, true, false)
	now = now.Add(20 * time.Hour)
	srv.Start()
	deliver("tried for the first time now", heard, late, 1, false, false)
}

// A window shorter than a try allows that one try.
func TestShortWindow(t *testing.T) {
	srv := newServer(t, nil)
	srv.MakeStream(time.Second)
	s := newSink(t, Options{URLs: []string{srv.URL}})
	if n, err := s.Deliver(t.Context(), numbered(1)); n != 1 || err != nil {
		t.Errorf("taken %d: %v", n, err)
	}
}

func TestWaited(t *testing.T) {
	started := time.Unix(1_700_000_000, 0)
	s := tries{started: started, first: map[string]time.Time{}}
	now := started.Add(time.Hour)
	f := func(question string, row time.Time, want time.Duration) {
		t.Helper()
		e := &alarm.Event{Time: row.Unix()}
		if got := s.waited(e, "id", now); got != want {
			t.Errorf("%s: %v, want %v", question, got, want)
		}
	}
	f("never tried, from this agent's time", started, 0)
	f("from the time of an agent that may have tried it", started.Add(-time.Minute), 61*time.Minute)
	s.note("id", now.Add(-time.Minute))
	s.note("id", now) // the first try counts
	f("tried", started, time.Minute)
	f("tried, and from before", started.Add(-time.Minute), time.Minute)
	s.settle("id")
	f("settled", started, 0)
	for i := range maxTries + 10 {
		s.note(fmt.Sprint(i), now.Add(time.Duration(i)))
	}
	if _, ok := s.first["9"]; ok || len(s.first) != maxTries {
		t.Errorf("%d remembered, the oldest among them: %v", len(s.first), ok)
	}
}

// The server restarts in the middle: every id is there once.
func TestServerRestart(t *testing.T) {
	srv := newServer(t, nil)
	srv.MakeStream(24 * time.Hour)
	s := newSink(t, Options{URLs: []string{srv.URL}, Timeout: 2 * time.Second})
	var all []*alarm.Event
	var want []int
	for i := range 300 {
		all = append(all, numbered(i)...)
		want = append(want, i)
	}
	old, down := srv.Server, make(chan struct{})
	go func() {
		defer close(down)
		old.Shutdown()
		old.WaitForShutdown()
	}()
	queue := all
	for len(queue) > 0 {
		n, err := s.Deliver(t.Context(), queue)
		queue = queue[n:]
		if isRefused(err) {
			t.Fatal(err)
		}
		if err != nil && srv.Server == old {
			<-down
			srv.Start()
		}
	}
	<-down
	if srv.Server == old {
		srv.Start() // all were through before it went
	}
	if got := srv.has(all); !slices.Equal(got, want) {
		t.Errorf("the stream has %d", got)
	}
}

func TestTooLarge(t *testing.T) {
	srv := newServer(t, nil)
	srv.MakeStream(24 * time.Hour)
	s := newSink(t, Options{URLs: []string{srv.URL}})
	f := func(size int) {
		t.Helper()
		events := numbered(1, 2)
		events[0].Name = strings.Repeat("x", size)
		n, err := s.Deliver(t.Context(), events)
		if n != 0 || !isRefused(err) {
			t.Errorf("%d bytes: taken %d, %v", size, n, err)
		}
	}
	f(200_000) // more than the stream takes
	f(2 << 20) // more than the server takes
	if n, err := s.Deliver(t.Context(), numbered(2)); n != 1 || err != nil {
		t.Errorf("the next: %d, %v", n, err)
	}
}

// Without the stream, or with one of another name on the subjects, events
// wait.
func TestNoStream(t *testing.T) {
	srv := newServer(t, nil)
	s := newSink(t, Options{URLs: []string{srv.URL}})
	f := func(s *Sink, want string) {
		t.Helper()
		n, err := s.Deliver(t.Context(), numbered(1))
		if n != 0 || err == nil || isRefused(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("taken %d: %v, want %q", n, err, want)
		}
	}
	f(s, "stream ALARMS: nats: API error: code=404")
	srv.MakeStream(time.Hour)
	if n, err := s.Deliver(t.Context(), numbered(1)); n != 1 || err != nil {
		t.Errorf("once it is there: %d, %v", n, err)
	}
	f(newSink(t, Options{URLs: []string{srv.URL}, Stream: "OTHER"}), "stream OTHER")
}

func TestPermissions(t *testing.T) {
	deny := func(subjects ...string) *server.Permissions {
		return &server.Permissions{Publish: &server.SubjectPermission{Deny: subjects}}
	}
	srv := newServer(t, func(o *server.Options) {
		o.Users = []*server.User{
			{Username: "root", Password: "root"},
			{Username: "agent", Password: "pw", Permissions: deny("$JS.API.>")},
			{Username: "reader", Password: "pw", Permissions: deny("perfmon.alarm.>")},
			{Username: "inbox", Password: "pw", Permissions: &server.Permissions{Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX_perfmon.>"}}}},
		}
	})
	srv.Root = []nats.Option{nats.UserInfo("root", "root")}
	srv.MakeStream(24 * time.Hour)
	var logged strings.Builder
	o := Options{URLs: []string{srv.URL}, Username: "agent", Password: "pw", Logger: slog.New(slog.NewTextHandler(&logged, nil))}
	f := func(question string, o Options, wantWindow time.Duration) {
		t.Helper()
		s := newSink(t, o)
		n, err := s.Deliver(t.Context(), numbered(1))
		if window := connection(t, s).window; n != 1 || err != nil || window != wantWindow {
			t.Errorf("%s: taken %d, window %v: %v", question, n, window, err)
		}
	}
	f("may not read the window", o, 2*time.Minute)
	if !strings.Contains(logged.String(), "duplicate window") || strings.Count(logged.String(), "\n") != 1 {
		t.Errorf("logged %q", logged.String())
	}
	o.Window = 24 * time.Hour
	f("the settings know it", o, 24*time.Hour)
	o.Username, o.InboxPrefix = "inbox", "_INBOX_perfmon"
	f("an inbox of its own", o, 24*time.Hour)

	// Another stream's window says nothing about the one that took the event.
	o.Username, o.InboxPrefix, o.Stream = "agent", "", "OTHER"
	if n, err := newSink(t, o).Deliver(t.Context(), numbered(9)); n != 0 || err == nil || isRefused(err) || !strings.Contains(err.Error(), "expected stream") {
		t.Errorf("taken %d by another stream: %v", n, err)
	}

	// To be told no takes no timeout.
	s := newSink(t, Options{URLs: []string{srv.URL}, Username: "reader", Password: "pw", Timeout: time.Hour})
	n, err := s.Deliver(t.Context(), numbered(2))
	if n != 0 || !errors.Is(err, nats.ErrPermissionViolation) || isRefused(err) {
		t.Errorf("may not publish: %d, %v", n, err)
	}
}

// Nothing holds a call for longer than its context.
func TestDeadlines(t *testing.T) {
	srv := newServer(t, nil)
	srv.MakeStream(24 * time.Hour)
	wire := newLink(t, srv.Server.Addr().String())
	s := newSink(t, Options{URLs: []string{wire.url}, Timeout: time.Hour})
	short := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	f := func(question string, err error) {
		t.Helper()
		if !errors.Is(err, context.DeadlineExceeded) || isRefused(err) {
			t.Errorf("%s: %v", question, err)
		}
	}
	wire.set(true, true)
	_, err := s.Deliver(short(), numbered(1))
	f("a server that says nothing", err)
	f("also to others", s.Heartbeat(short(), "perfmon.heartbeat.v1.x", "id", nil))
	wire.set(false, false)
	if n, err := s.Deliver(t.Context(), numbered(1)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	wire.set(true, true)
	_, err = s.Deliver(short(), numbered(2))
	f("a connection that has died", err)
	wire.set(false, false)

	var while, closing error
	if err := s.conn.Close(t.Context(), func(c *conn) { // as if somebody else were connecting
		while, closing = s.Announce(short(), numbered(1)), s.Close(short())
		c.Drop()
	}); err != nil {
		t.Fatal(err)
	}
	f("while another connects", while)
	f("also to close", closing)

	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Deliver(done, numbered(3)); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestTLS(t *testing.T) {
	certificates := httptest.NewTLSServer(nil)
	certificates.Close()
	srv := newServer(t, func(o *server.Options) {
		o.TLS, o.TLSConfig, o.TLSTimeout = true, &tls.Config{Certificates: certificates.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert}, 2
	})
	roots := x509.NewCertPool()
	roots.AddCert(certificates.Certificate())
	f := func(question string, c *tls.Config, want string) {
		t.Helper()
		err := newSink(t, Options{URLs: []string{srv.URL}, TLS: c}).Heartbeat(t.Context(), "perfmon.heartbeat.v1.x", "id", nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", question, err, want)
		}
	}
	f("authority and certificate", &tls.Config{RootCAs: roots, Certificates: certificates.TLS.Certificates}, "")
	f("another name", &tls.Config{RootCAs: roots, ServerName: "other.invalid"}, "not other.invalid")
	f("nothing said", nil, "unknown authority")
	plain := newServer(t, nil)
	err := newSink(t, Options{URLs: []string{plain.URL}, TLS: &tls.Config{}}).Heartbeat(t.Context(), "x", "id", nil)
	if err == nil || !strings.Contains(err.Error(), "secure connection not available") {
		t.Errorf("a server without TLS: %v", err)
	}
}

// Secrets go to the server and nowhere else.
func TestSecrets(t *testing.T) {
	const secret = "hunter2-correct-horse"
	f := func(change func(*server.Options), good, bad Options, secrets ...string) {
		t.Helper()
		srv := newServer(t, change)
		var texts []string
		for _, o := range []Options{good, bad} {
			o.URLs = []string{srv.URL}
			s := newSink(t, o)
			err := s.Heartbeat(t.Context(), "perfmon.heartbeat.v1.x", "id", nil)
			if (err == nil) != (o.String() == s.String() && o.Token == good.Token && o.Password == good.Password && o.Credentials == good.Credentials) {
				t.Errorf("the error is %v", err)
			}
			var logged strings.Builder
			slog.New(slog.NewJSONHandler(&logged, nil)).Info("settings", "options", o, "sink", s)
			texts = append(texts, fmt.Sprintf("%v %+v %#v %v %+v %#v %v", s, s, s, o, o, o, err), logged.String())
		}
		for _, text := range texts {
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("a secret in %s", text)
				}
			}
		}
	}
	f(func(o *server.Options) { o.Authorization = secret }, Options{Token: secret}, Options{Token: secret + "x"}, secret)
	f(func(o *server.Options) { o.Username, o.Password = "u", secret }, Options{Username: "u", Password: secret}, Options{Username: "u", Password: secret + "x"}, secret)
	change, creds, seed := operator(t)
	broken := strings.Replace(creds, seed, seed[:20]+secret+seed[20+len(secret):], 1)
	f(change, Options{Credentials: creds}, Options{Credentials: broken}, secret, seed, seed[:20])
	f(change, Options{Credentials: creds}, Options{Credentials: secret}, secret, seed)
}

// operator makes a server demand credentials, and makes such.
func operator(t *testing.T) (change func(*server.Options), creds, seed string) {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key := func(make func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		t.Helper()
		pair, err := make()
		fatal(err)
		public, err := pair.PublicKey()
		fatal(err)
		return pair, public
	}
	ok, opub := key(nkeys.CreateOperator)
	ak, apub := key(nkeys.CreateAccount)
	uk, upub := key(nkeys.CreateUser)
	oc := jwt.NewOperatorClaims(opub)
	_, err := oc.Encode(ok)
	fatal(err)
	account, err := jwt.NewAccountClaims(apub).Encode(ok)
	fatal(err)
	user, err := jwt.NewUserClaims(upub).Encode(ak)
	fatal(err)
	text, err := uk.Seed()
	fatal(err)
	file, err := jwt.FormatUserConfig(user, text)
	fatal(err)
	resolver := &server.MemAccResolver{}
	fatal(resolver.Store(apub, account))
	return func(o *server.Options) {
		o.JetStream = false
		o.TrustedOperators, o.AccountResolver = []*jwt.OperatorClaims{oc}, resolver
	}, string(file), string(text)
}

func TestNewRefusesBadOptions(t *testing.T) {
	f := func(o Options, want string) {
		t.Helper()
		_, err := New(o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: %v, want %q", o, err, want)
		}
	}
	urls := []string{"nats://a:4222"}
	f(Options{}, "no url")
	f(Options{URLs: []string{"nats://a:1", "a:4222"}}, "url 2")
	f(Options{URLs: []string{"http://a"}}, "nats://")
	f(Options{URLs: []string{"nats://hunter2@a"}}, "options of their own")
	f(Options{URLs: []string{"nats://a/hunter2"}}, "options of their own")
	f(Options{URLs: []string{"nats://u:hunter2@a b"}}, "url 1")
	f(Options{URLs: urls, Token: "x", Username: "u"}, "keep one")
	f(Options{URLs: urls, Token: "x", Credentials: "u"}, "keep one")
	f(Options{URLs: urls, Stream: "A.B"}, "stream")
	f(Options{URLs: urls, InboxPrefix: "a.>"}, "inbox prefix")
	f(Options{URLs: urls, Timeout: -1}, "negative")
	f(Options{URLs: urls, Window: -1}, "negative")
}
