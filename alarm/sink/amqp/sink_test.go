package amqp

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

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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

func isRefused(err error) bool {
	var r *alarm.Refused
	return errors.As(err, &r)
}

// ids are those of the messages, in order.
func ids(messages []published) (out []string) {
	for _, m := range messages {
		out = append(out, m.properties["message-id"])
	}
	return out
}

func idsOf(events []*alarm.Event) (out []string) {
	for _, e := range events {
		out = append(out, e.EventID())
	}
	return out
}

func TestDeliver(t *testing.T) {
	b := newBroker(t)
	s := newSink(t, b.options())
	events := sinkcheck.Numbered(2*maxBatch + 50)
	events[3].Name = strings.Repeat("x", 500_000) // more than a frame
	if n, err := s.Deliver(t.Context(), events); n != len(events) || err != nil {
		t.Fatalf("taken %d: %v", n, err)
	}
	if n, err := s.Deliver(t.Context(), nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	got := b.taken()
	if !slices.Equal(ids(got), idsOf(events)) {
		t.Fatalf("%d messages: %q", len(got), ids(got))
	}
	for i, e := range events {
		body, err := e.CloudEvent()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got[i].body, body) || got[i].exchange != "perfmon.alarms" || got[i].route != e.Route() {
			t.Errorf("message %d to %s, %s: %d bytes, want %d", i, got[i].exchange, got[i].route, len(got[i].body), len(body))
		}
	}
	want := map[string]string{
		"content-type": "application/cloudevents+json", "delivery-mode": "2", "message-id": events[0].EventID(),
		"timestamp": "1766000100", "type": "perfmon.alarm.raised.v1", "app-id": "perfmon",
	}
	if diff := cmp.Diff(want, got[0].properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count != 1 || !bytes.Equal(b.declared, []byte{1 | 2}) {
		t.Errorf("%d connections, declared %b", b.count, b.declared)
	}
}

// An exchange that is not there is made: durable, and of type topic.
func TestMakesTheExchange(t *testing.T) {
	b := newBroker(t)
	b.exchange = false
	if n, err := newSink(t, b.options()).Deliver(t.Context(), sinkcheck.Numbered(1)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !bytes.Equal(b.declared, []byte{1 | 2, 2}) {
		t.Errorf("declared %b, want passively, then durable", b.declared)
	}
}

func TestAnnounceAndHeartbeat(t *testing.T) {
	b := newBroker(t)
	b.answer = func(published, int) string { return silence } // nobody waits
	s := newSink(t, b.options())
	e := sinkcheck.Raised()
	e.Kind, e.Announce = alarm.KindState, 2
	long := *e
	long.Variable = strings.Repeat("v", 300)
	if err := s.Announce(t.Context(), []*alarm.Event{&long, e}); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("one is too long: %v", err)
	}
	if err := s.Heartbeat(t.Context(), "perfmon.heartbeat.v1."+sinkcheck.HostUUID, "the id", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := s.Announce(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil { // it says goodbye behind all that
		t.Fatal(err)
	}
	got := b.taken()
	if len(got) != 2 {
		t.Fatalf("%d messages", len(got))
	}
	for i, want := range []map[string]string{
		{"content-type": "application/cloudevents+json", "delivery-mode": "1", "message-id": e.EventID(), "timestamp": "1766000100", "type": "perfmon.alarm.state.v1", "app-id": "perfmon", "expiration": "180000"},
		{"content-type": "application/cloudevents+json", "delivery-mode": "1", "message-id": "the id", "type": "perfmon.heartbeat.v1", "app-id": "perfmon", "expiration": "30000"},
	} {
		if diff := cmp.Diff(want, got[i].properties); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got[0].route != e.Route() || got[1].route != "perfmon.heartbeat.v1."+sinkcheck.HostUUID {
		t.Errorf("to %s and %s", got[0].route, got[1].route)
	}
}

func TestTooLong(t *testing.T) {
	b := newBroker(t)
	s := newSink(t, b.options())
	events := sinkcheck.Numbered(3)
	events[1].Variable = strings.Repeat("v", 200)
	n, err := s.Deliver(t.Context(), events)
	if n != 1 || !isRefused(err) {
		t.Fatalf("taken %d: %v", n, err)
	}
	if n, err := s.Deliver(t.Context(), events[1:]); n != 0 || !isRefused(err) {
		t.Fatalf("taken %d: %v", n, err)
	}
	if n, err := s.Deliver(t.Context(), events[2:]); n != 1 || err != nil {
		t.Fatalf("taken %d: %v", n, err)
	}
}

// Each thing that can go wrong with the third message leaves two taken, and
// the next try brings the rest.
func TestFailures(t *testing.T) {
	f := func(what, wantErr string) {
		t.Helper()
		b := newBroker(t)
		b.answer = func(_ published, n int) string {
			if n == 3 {
				return what
			}
			return ack
		}
		s := newSink(t, b.options())
		events := sinkcheck.Numbered(6)
		if n, err := s.Deliver(t.Context(), events[:1]); n != 1 || err != nil { // connects, which may take long
			t.Fatal(n, err)
		}
		events = events[1:]
		ctx := t.Context()
		if what == silence {
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			ctx = short
		}
		n, err := s.Deliver(ctx, events)
		if n != 2 || err == nil || isRefused(err) || !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s: taken %d, %v", what, n, err)
		}
		b.set(func() { b.answer = nil })
		if n, err := s.Deliver(t.Context(), events[n:]); n != 3 || err != nil {
			t.Errorf("%s, then: taken %d, %v", what, n, err)
		}
		got := ids(b.taken())
		for _, id := range idsOf(events) {
			if !slices.Contains(got, id) {
				t.Errorf("%s: %s is lost", what, id)
			}
		}
	}
	f(nack, "did not take it")
	f(lose, "connection lost")
	f(hangUp, "connection lost")
	f(silence, "deadline exceeded")
	f(refuse, "ACCESS_REFUSED")
}

// Whatever fails before or after the broker has taken it, every id arrives.
func TestEveryIDArrives(t *testing.T) {
	b := newBroker(t)
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(rapid.SampledFrom([]string{ack, ack, ack, nack, lose, hangUp, refuse}), 0, 30).Draw(rt, "answers")
		b.set(func() {
			b.messages = nil
			b.answer = func(published, int) string {
				if len(script) == 0 {
					return ack
				}
				what := script[0]
				script = script[1:]
				return what
			}
		})
		s, err := New(b.options())
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close(context.Background())
		events := sinkcheck.Numbered(rapid.IntRange(0, 20).Draw(rt, "events"))
		queue := events
		for tries := 0; len(queue) > 0; tries++ {
			n, err := s.Deliver(t.Context(), queue)
			if (n == len(queue)) != (err == nil) || isRefused(err) || tries > 100 {
				rt.Fatalf("taken %d of %d: %v", n, len(queue), err)
			}
			queue = queue[n:]
		}
		got := ids(b.taken())
		for _, id := range idsOf(events) {
			if !slices.Contains(got, id) {
				rt.Fatalf("%s is lost", id)
			}
		}
	})
}

// Nothing holds a call for longer than its context.
func TestDeadlines(t *testing.T) {
	b := newBroker(t)
	o := b.options()
	o.Timeout = time.Hour
	s := newSink(t, o)
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
	b.set(func() { b.mute = true })
	_, err := s.Deliver(short(), sinkcheck.Numbered(1))
	f("a broker that says nothing", err)
	f("also to others", s.Heartbeat(short(), "perfmon.heartbeat.v1.x", "id", nil))
	b.set(func() { b.mute = false })
	if n, err := s.Deliver(t.Context(), sinkcheck.Numbered(1)); n != 1 || err != nil { // a slow machine does not connect within a short time
		t.Fatal(n, err)
	}
	b.set(func() { b.answer = func(published, int) string { return silence } })
	_, err = s.Deliver(short(), sinkcheck.Numbered(1))
	f("no confirm", err)

	var while, closing error
	if err := s.conn.Close(t.Context(), func(c *conn) { // as if somebody else were connecting
		while, closing = s.Announce(short(), sinkcheck.Numbered(1)), s.Close(short())
		c.Drop()
	}); err != nil {
		t.Fatal(err)
	}
	f("while another connects", while)
	f("also to close", closing)

	b.set(func() { b.answer = nil })
	if n, err := s.Deliver(t.Context(), sinkcheck.Numbered(1)); n != 1 || err != nil {
		t.Errorf("afterwards: %d, %v", n, err)
	}
}

// A broker that does not read any more, as RabbitMQ when it runs out of
// memory, blocks the socket: the deadline holds all the same.
func TestBlockedSocket(t *testing.T) {
	b := newBroker(t)
	stuck := make(chan struct{})
	b.answer = func(published, int) string { <-stuck; return ack }
	o := b.options()
	o.Timeout = 300 * time.Millisecond
	s := newSink(t, o)
	events := sinkcheck.Numbered(20)
	for _, e := range events {
		e.Name = strings.Repeat("x", 1<<20)
	}
	if n, err := s.Deliver(t.Context(), events); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("taken %d: %v", n, err)
	}
	if err := s.Announce(t.Context(), events); err == nil {
		t.Error("announced into a full socket")
	}
	close(stuck)
}

// Brokers are tried in order, and a new connection after a loss.
func TestBrokers(t *testing.T) {
	away, b := newBroker(t), newBroker(t)
	away.listener.Close()
	o := b.options()
	o.URLs = append([]string{away.url}, o.URLs...)
	s := newSink(t, o)
	for range 2 {
		if n, err := s.Deliver(t.Context(), sinkcheck.Numbered(1)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		closed := connection(t, s).closed
		b.cut()
		<-closed
	}
	b.mu.Lock()
	if b.count != 2 {
		t.Errorf("%d connections", b.count)
	}
	b.mu.Unlock()
	b.listener.Close()
	_, err := s.Deliver(t.Context(), sinkcheck.Numbered(1))
	if err == nil || !strings.Contains(err.Error(), away.url) || !strings.Contains(err.Error(), b.url) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestVhost(t *testing.T) {
	b := newBroker(t)
	o := b.options()
	o.URLs = []string{strings.Replace(b.url, "%2F", "other", 1)}
	if n, err := newSink(t, o).Deliver(t.Context(), sinkcheck.Numbered(1)); n != 0 || err == nil || !strings.Contains(err.Error(), "vhost not found") {
		t.Errorf("taken %d: %v", n, err)
	}
}

func TestTLS(t *testing.T) {
	certificates := httptest.NewTLSServer(nil)
	certificates.Close()
	own := certificates.TLS.Certificates
	b := startBroker(t, &tls.Config{Certificates: own, ClientAuth: tls.RequireAnyClientCert})
	roots := x509.NewCertPool()
	roots.AddCert(certificates.Certificate())
	f := func(question string, c *tls.Config, external bool, want string) {
		t.Helper()
		o := b.options()
		if o.TLS = c; external {
			o.External, o.Username, o.Password = true, "", ""
		}
		_, err := newSink(t, o).Deliver(t.Context(), sinkcheck.Numbered(1))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", question, err, want)
		}
	}
	good := &tls.Config{RootCAs: roots, Certificates: own}
	f("authority and certificate", good, false, "")
	f("the certificate says who we are", good, true, "")
	f("another name", &tls.Config{RootCAs: roots, ServerName: "other.invalid"}, false, "not other.invalid")
	f("nothing said", nil, false, "unknown authority")
	if good.ServerName != "" {
		t.Error("the caller's configuration was changed")
	}
}

// Secrets go to the broker and nowhere else.
func TestSecrets(t *testing.T) {
	const secret = "hunter2-correct-horse"
	b := newBroker(t)
	b.password = secret
	var texts []string
	for _, password := range []string{secret, secret + "x"} {
		o := b.options()
		o.Password = password
		s := newSink(t, o)
		_, err := s.Deliver(t.Context(), sinkcheck.Numbered(1))
		if (err == nil) != (password == secret) || err != nil && !strings.Contains(err.Error(), "login was refused") {
			t.Errorf("the error is %v", err)
		}
		var logged strings.Builder
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("settings", "options", o, "sink", s)
		texts = append(texts, fmt.Sprintf("%v %+v %#v %v %+v %#v %v", s, s, s, o, o, o, err), logged.String())
	}
	for _, text := range texts {
		if strings.Contains(text, secret) {
			t.Errorf("a secret in %s", text)
		}
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	f := func(o Options, want string) {
		t.Helper()
		_, err := New(o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: %v, want %q", o, err, want)
		}
	}
	urls := []string{"amqp://a"}
	f(Options{}, "no url")
	f(Options{URLs: []string{"amqp://a", "a:5672"}}, "url 2")
	f(Options{URLs: []string{"http://a"}}, "amqp://")
	f(Options{URLs: []string{"amqp://u:hunter2@a"}}, "options of its own")
	f(Options{URLs: []string{"amqp://a?password=hunter2"}}, "options of its own")
	f(Options{URLs: []string{"amqp://a/hunter2/b"}}, "options of its own")
	f(Options{URLs: []string{"amqp://u:hunter2@a b"}}, "url 1")
	f(Options{URLs: urls}, "no username")
	f(Options{URLs: urls, External: true}, "client certificate")
	f(Options{URLs: []string{"amqps://a"}, TLS: &tls.Config{}, External: true, Username: "u"}, "keep one")
	f(Options{URLs: urls, Username: "u", Exchange: "amq.topic"}, "exchange")
	f(Options{URLs: urls, Username: "u", Timeout: -1}, "negative")
	f(Options{URLs: urls, Username: "u", KeepAlive: time.Millisecond}, "less than a second")
}
