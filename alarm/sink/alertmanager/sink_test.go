package alertmanager

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
)

func cleared(sequence int64) *alarm.Event {
	return sinkcheck.As(func(e *alarm.Event) {
		e.Kind, e.Sequence, e.State, e.Time, e.Since, e.Value, e.Reason = alarm.KindCleared, sequence, "inactive", e.Time+60, 0, 0.2, alarm.ReasonLevel
	})
}

func deliver(t *testing.T, s *Sink, events ...*alarm.Event) {
	t.Helper()
	if n, err := s.Deliver(t.Context(), events); n != len(events) || err != nil {
		t.Fatalf("taken %d of %d: %v", n, len(events), err)
	}
}

func announce(t *testing.T, s *Sink, e *alarm.Event) {
	t.Helper()
	e.Kind, e.Announce = alarm.KindState, 1
	if err := s.Announce(t.Context(), []*alarm.Event{e}); err != nil {
		t.Fatal(err)
	}
}

func setup(t *testing.T) (*Sink, *fake, *clock) {
	c := newClock()
	f := newFake(t, c.now)
	s := newSink(t, Options{URLs: []string{f.URL}})
	s.now = c.now
	return s, f, c
}

func TestLifeOfAnAlert(t *testing.T) {
	s, f, c := setup(t)
	deliver(t, s, sinkcheck.Raised())
	first := f.lastPost()[0]
	if !first.StartsAt.Equal(time.Unix(1766000040, 0)) || !first.EndsAt.Equal(c.now().Add(3*time.Minute)) {
		t.Errorf("from %v to %v", first.StartsAt, first.EndsAt)
	}
	for range 5 {
		c.add(time.Minute)
		// The object is renamed, and one of its labels changes: the alert
		// keeps its identity.
		announce(t, s, sinkcheck.As(func(e *alarm.Event) { e.Name, e.Labels = "web-08", map[string]string{"team": "db"} }))
		if got := f.lastPost()[0]; key(got.Labels) != key(first.Labels) || !got.StartsAt.Equal(first.StartsAt) {
			t.Fatalf("announced as %v from %v, want %v from %v", got.Labels, got.StartsAt, first.Labels, first.StartsAt)
		}
		if len(f.firing()) != 1 {
			t.Fatal("it does not fire any more")
		}
	}
	c.add(3 * time.Minute)
	if len(f.firing()) != 0 {
		t.Fatal("nobody announces it, and it fires for ever")
	}
	deliver(t, s, sinkcheck.As(func(e *alarm.Event) { e.Sequence, e.Name = 8, "web-08" }))
	deliver(t, s, sinkcheck.As(func(e *alarm.Event) {
		*e = *cleared(9)
		e.Time = c.now().Unix() - 5
	}))
	if got := f.lastPost()[0]; got.Labels["name"] != "web-08" || !got.EndsAt.Equal(c.now().Add(-5*time.Second)) || got.Annotations["summary"] == "" {
		t.Errorf("cleared by %+v at %v", got, c.now())
	}
	if len(f.firing()) != 0 {
		t.Error("it still fires")
	}
}

func TestSeverityChange(t *testing.T) {
	warning := func(e *alarm.Event) { e.Severity = alarm.Warning }
	s, f, c := setup(t)
	deliver(t, s, sinkcheck.As(warning))
	c.add(30 * time.Second)
	deliver(t, s, sinkcheck.As(func(e *alarm.Event) { e.Sequence = 8 }))
	if got := f.firing(); len(got) != 1 || !strings.Contains(got[0], "critical") {
		t.Fatalf("after warning became critical: %q", got)
	}
	c.add(30 * time.Second)
	announce(t, s, sinkcheck.As(func(e *alarm.Event) { e.Sequence = 8; warning(e) }))
	if got := f.firing(); len(got) != 1 || !strings.Contains(got[0], "warning") {
		t.Fatalf("after critical fell to warning: %q", got)
	}
	c.add(time.Minute)
	deliver(t, s, cleared(9)) // it says critical, the alert has warning
	if got := f.firing(); len(got) != 0 {
		t.Fatalf("after the clear: %q", got)
	}
	// Nothing is owed any more.
	if err := s.Heartbeat(t.Context(), sinkcheck.HostUUID, "xen-1"); err != nil {
		t.Fatal(err)
	}
	if got := f.lastPost(); len(got) != 1 {
		t.Errorf("the heartbeat came with %d alerts", len(got)-1)
	}
}

func TestNoData(t *testing.T) {
	s, f, c := setup(t)
	deliver(t, s, sinkcheck.Raised())
	deliver(t, s, sinkcheck.As(func(e *alarm.Event) { e.Kind, e.Sequence, e.State, e.Known = alarm.KindNoData, 8, "nodata", false }))
	if got := f.firing(); len(got) != 1 || !strings.Contains(got[0], "state\x00nodata") {
		t.Fatalf("%q", got)
	}
	c.add(time.Minute)
	deliver(t, s, cleared(9))
	if got := f.firing(); len(got) != 0 {
		t.Fatalf("after the clear: %q", got)
	}
}

// What has queued up while Alertmanager was away ends in the last state, and
// an announcement does not wait in the queue.
func TestOldTransitionsDoNotUndoNews(t *testing.T) {
	s, f, c := setup(t)
	var queue []*alarm.Event
	for i := range int64(250) { // more than one request
		e := sinkcheck.As(func(e *alarm.Event) { e.Sequence = i })
		if i%2 == 1 {
			e = cleared(i)
		}
		queue = append(queue, e)
	}
	last := sinkcheck.As(func(e *alarm.Event) { e.Sequence = 250 })
	announce(t, s, sinkcheck.As(func(e *alarm.Event) { e.Sequence = 250 }))
	f.mu.Lock()
	before := len(f.posts)
	f.mu.Unlock()
	deliver(t, s, queue...)
	if len(f.firing()) != 1 {
		t.Error("an old transition ended the alert")
	}
	f.mu.Lock()
	if sent := len(f.posts) - before; sent != 0 {
		t.Errorf("%d requests with old news", sent)
	}
	f.mu.Unlock()
	deliver(t, s, last)
	c.add(time.Minute)
	deliver(t, s, cleared(251))
	if len(f.firing()) != 0 {
		t.Error("it still fires")
	}
	// A new journal counts from the beginning again.
	deliver(t, s, sinkcheck.As(func(e *alarm.Event) { e.Epoch, e.Sequence = "2", 1 }))
	if len(f.firing()) != 1 {
		t.Error("a new journal's alarm does not fire")
	}
}

// After a restart of the agent nobody knows what the alert began with.
func TestClearAfterRestart(t *testing.T) {
	s, f, _ := setup(t)
	deliver(t, s, sinkcheck.As(func(e *alarm.Event) { e.Severity = alarm.Warning }))
	again := newSink(t, Options{URLs: []string{f.URL}})
	again.now = s.now
	deliver(t, again, sinkcheck.As(func(e *alarm.Event) { *e = *cleared(8); e.Severity = "" }))
	if got := f.firing(); len(got) != 0 {
		t.Errorf("still firing: %q", got)
	}
}

func TestHeartbeat(t *testing.T) {
	s, f, c := setup(t)
	for range 3 {
		if err := s.Heartbeat(t.Context(), sinkcheck.HostUUID, "xen-1"); err != nil {
			t.Fatal(err)
		}
		c.add(time.Minute)
	}
	got := f.lastPost()[0]
	if got.Labels["alertname"] != "PerfmonHeartbeat" || got.Labels["host_uuid"] != sinkcheck.HostUUID || got.Labels["name"] != "xen-1" {
		t.Errorf("labels %v", got.Labels)
	}
	if d := got.EndsAt.Sub(got.StartsAt); d != 5*time.Minute {
		t.Errorf("from first to last %v", d)
	}
	if len(f.firing()) != 1 {
		t.Errorf("firing: %q", f.firing())
	}
	c.add(3 * time.Minute)
	if len(f.firing()) != 0 {
		t.Error("a silent agent's heartbeat fires for ever")
	}
}

func TestRefusedAndRetried(t *testing.T) {
	f := func(status int, keep, wantRefused bool) {
		t.Helper()
		s, am, _ := setup(t)
		am.reply(status, keep)
		n, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()})
		var r *alarm.Refused
		if n != 0 || err == nil || errors.As(err, &r) != wantRefused {
			t.Errorf("status %d: taken %d, refused %v: %v", status, n, !wantRefused, err)
		}
		if status > 0 && !strings.Contains(err.Error(), fmt.Sprint("status ", status)) || wantRefused && !strings.Contains(err.Error(), "as told") {
			t.Errorf("the error is %v", err)
		}
		am.reply(200, false)
		deliver(t, s, sinkcheck.Raised())
	}
	f(400, false, true)
	for _, status := range []int{301, 401, 403, 404, 408, 413, 429, 500, 503, hangUp} {
		f(status, false, false)
		f(status, true, false)
	}
}

// A bad alert in the middle takes no good one with it.
func TestOneBadAlert(t *testing.T) {
	s, f, _ := setup(t)
	f.answer = func(posted []alert) (int, bool) {
		for _, a := range posted {
			if a.Labels["alertname"] == "bad" {
				return 400, false
			}
		}
		return 200, true
	}
	var events []*alarm.Event
	for _, variable := range []string{"a", "b", "bad", "c"} {
		events = append(events, sinkcheck.As(func(e *alarm.Event) { e.Variable = variable }))
	}
	n, err := s.Deliver(t.Context(), events)
	var r *alarm.Refused
	if n != 2 || !errors.As(err, &r) {
		t.Fatalf("taken %d: %v", n, err)
	}
	deliver(t, s, events[3:]...)
	if len(f.firing()) != 3 {
		t.Errorf("firing: %q", f.firing())
	}
	// Nor does its end, which is owed when the severity changes.
	bad := sinkcheck.As(func(e *alarm.Event) { e.Variable, e.Severity, e.Sequence = "bad", alarm.Warning, 8 })
	if n, err := s.Deliver(t.Context(), []*alarm.Event{bad}); n != 0 || !errors.As(err, &r) {
		t.Fatalf("taken %d: %v", n, err)
	}
	if err := s.Heartbeat(t.Context(), sinkcheck.HostUUID, ""); err != nil {
		t.Fatal(err)
	}
}

func TestPeers(t *testing.T) {
	c := newClock()
	a, b := newFake(t, c.now), newFake(t, c.now)
	var logged strings.Builder
	s := newSink(t, Options{URLs: []string{a.URL, b.URL + "/"}, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	s.now = c.now
	deliver(t, s, sinkcheck.Raised())
	if len(a.firing()) != 1 || len(b.firing()) != 1 {
		t.Fatal("not every peer got it")
	}
	b.reply(503, false)
	c.add(10 * time.Second)
	deliver(t, s, cleared(8)) // one has it: taken
	deliver(t, s, sinkcheck.As(func(e *alarm.Event) { e.Variable = "other" }))
	if len(a.firing()) != 1 || len(b.firing()) != 1 {
		t.Fatalf("firing: %q and %q", a.firing(), b.firing())
	}
	b.reply(200, false)
	if err := s.Heartbeat(t.Context(), sinkcheck.HostUUID, ""); err != nil {
		t.Fatal(err)
	}
	// The end came with the heartbeat; what fires comes with its announcement.
	if got := b.firing(); len(got) != 1 || !strings.Contains(got[0], "PerfmonHeartbeat") {
		t.Errorf("the peer that was away has %q", got)
	}
	if got := strings.Count(logged.String(), "\n"); got != 2 {
		t.Errorf("%d lines logged, want one for each change:\n%s", got, logged.String())
	}

	a.reply(400, false)
	b.reply(503, false)
	n, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()})
	var r *alarm.Refused
	if n != 0 || err == nil || errors.As(err, &r) {
		t.Errorf("refused by one, the other away: %d, %v", n, err)
	}
	if !strings.Contains(err.Error(), a.URL) || !strings.Contains(err.Error(), b.URL) {
		t.Errorf("the error does not name the peers: %v", err)
	}
}

// A server that never stops answering costs no memory and no more time than
// the request has.
func TestOversizedAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	s := newSink(t, Options{URLs: []string{server.URL}})
	_, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()})
	var r *alarm.Refused
	if !errors.As(err, &r) || len(err.Error()) > 1000 {
		t.Errorf("an error of %d bytes: %v", len(fmt.Sprint(err)), err)
	}
}

func TestHangingPeer(t *testing.T) {
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hanging.Close()
	defer close(release)
	c := newClock()
	good := newFake(t, c.now)
	for timeout := 50 * time.Millisecond; ; timeout *= 4 { // the other peer has no more time to answer
		s := newSink(t, Options{URLs: []string{hanging.URL, good.URL}, Timeout: timeout})
		s.now = c.now
		n, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()})
		if n == 1 && err == nil {
			break
		}
		if timeout > 10*time.Second {
			t.Fatalf("taken %d: %v", n, err)
		}
	}

	alone := newSink(t, Options{URLs: []string{hanging.URL}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := alone.Deliver(ctx, []*alarm.Event{sinkcheck.Raised()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the deadline passed: %v", err)
	}
	if err := alone.turn.Enter(t.Context()); err != nil { // somebody else is at it
		t.Fatal(err)
	}
	if err := alone.Announce(ctx, []*alarm.Event{sinkcheck.Raised()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while waiting for a turn: %v", err)
	}
	alone.turn.Leave()
}

// Secrets go to the server and nowhere else.
func TestSecrets(t *testing.T) {
	const secret = "hunter2-correct-horse"
	f := func(o Options, wantHeader string) {
		t.Helper()
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization"); got != wantHeader {
				t.Errorf("authorization is %q, want %q", got, wantHeader)
			}
			w.WriteHeader(400)
			_, _ = fmt.Fprint(w, "I do not like ", r.Header.Get("Authorization"))
		}))
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // one client does not trust it
		server.StartTLS()
		defer server.Close()
		o.URLs = []string{server.URL}
		o.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig
		s := newSink(t, o)
		texts := []string{s.String(), fmt.Sprintf("%v %+v %#v %v %+v %#v", s, s, s, o, o, o)}
		_, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()})
		texts = append(texts, err.Error())
		o.TLS = &tls.Config{} // does not know the authority
		_, err = newSink(t, o).Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()})
		texts = append(texts, err.Error())
		var logged strings.Builder
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("settings", "options", o, "sink", s)
		texts = append(texts, logged.String())
		for _, text := range texts {
			if strings.Contains(text, secret) || wantHeader != "" && strings.Contains(text, strings.Fields(wantHeader)[1]) {
				t.Errorf("a secret in %q", text)
			}
		}
	}
	f(Options{BearerToken: secret}, "Bearer "+secret)
	f(Options{Username: "u", Password: secret}, "Basic dTpodW50ZXIyLWNvcnJlY3QtaG9yc2U=")
	f(Options{}, "")
}

func TestProxyOnlyWhenTold(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "am.invalid:9093" {
			t.Errorf("the proxy is asked for %q", r.URL)
		}
	}))
	defer proxy.Close()
	s := newSink(t, Options{URLs: []string{"http://am.invalid:9093/prefix"}, Proxy: proxy.URL})
	deliver(t, s, sinkcheck.Raised())
	without := newSink(t, Options{URLs: []string{"http://am.invalid:9093"}})
	if without.client.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy that nobody asked for")
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
	f(Options{}, "no url")
	f(Options{URLs: []string{"http://a:1", "a:9093"}}, "url 2")
	f(Options{URLs: []string{"ftp://a"}}, "http://")
	f(Options{URLs: []string{"http://u:hunter2@a"}}, "options of their own")
	f(Options{URLs: []string{"http://a?token=hunter2"}}, "options of their own")
	f(Options{URLs: []string{"http://u:hunter2@a b"}}, "url 1")
	f(Options{URLs: []string{"http://a"}, BearerToken: "x", Username: "u"}, "keep one")
	f(Options{URLs: []string{"http://a"}, Proxy: "hunter2"}, "proxy")
	f(Options{URLs: []string{"http://a"}, Timeout: -1}, "negative")
}
