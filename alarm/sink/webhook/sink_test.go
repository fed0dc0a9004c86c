package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
)

// hangUp as a status closes the connection without one.
const hangUp = -1

// fake answers each request as told and notes the ids that it answered 2xx,
// and all that it read.
type fake struct {
	*httptest.Server
	mu        sync.Mutex             // held by whoever uses what follows
	answer    func(ids []string) int // nil is 200
	header    http.Header
	got, good []string
	requests  int
	signed    string // the key that requests have to be signed with
}

func newFake(t *testing.T) *fake {
	f := &fake{header: http.Header{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if f.signed != "" {
			if err := Verify(f.signed, r.Header, body, time.Now()); err != nil {
				t.Error(err)
			}
		}
		type event struct{ ID string }
		var batch []event
		switch mime := r.Header.Get("Content-Type"); mime {
		case "application/cloudevents+json":
			batch = make([]event, 1)
			err = json.Unmarshal(body, &batch[0])
		case "application/cloudevents-batch+json":
			err = json.Unmarshal(body, &batch)
		default:
			err = fmt.Errorf("content type %q", mime)
		}
		if err != nil || r.Method != http.MethodPost {
			t.Errorf("%s: %v", r.Method, err)
		}
		var ids []string
		for _, e := range batch {
			ids = append(ids, e.ID[strings.LastIndex(e.ID, "/")+1:])
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.requests++
		status := 200
		if f.answer != nil {
			status = f.answer(ids)
		}
		f.got = append(f.got, ids...)
		if status == hangUp {
			panic(http.ErrAbortHandler)
		}
		if status/100 == 2 {
			f.good = append(f.good, ids...)
		}
		for name, values := range f.header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "as told")
	}))
	t.Cleanup(f.Close)
	return f
}

// count is the number of requests so far.
func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

func newSink(t *testing.T, o Options) *Sink {
	t.Helper()
	return sinkcheck.Open(t, New, o)
}

func numbers(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func TestDeliver(t *testing.T) {
	f := func(o Options, events, wantRequests int) {
		t.Helper()
		server := newFake(t)
		o.URL, o.Secret, server.signed = server.URL, "key", "key"
		n, err := newSink(t, o).Deliver(t.Context(), sinkcheck.Numbered(events))
		if n != events || err != nil {
			t.Errorf("taken %d: %v", n, err)
		}
		server.mu.Lock()
		defer server.mu.Unlock()
		if !slices.Equal(server.good, numbers(events)) || server.requests != wantRequests {
			t.Errorf("in %d requests: %q", server.requests, server.good)
		}
	}
	f(Options{}, 0, 0)
	f(Options{}, 3, 3)
	f(Options{MaxBatch: 7}, 3, 3) // means nothing without Batch
	f(Options{Batch: true}, 1, 1)
	f(Options{Batch: true}, 120, 3)
	f(Options{Batch: true, MaxBatch: 2}, 5, 3)
}

// A batch has a bound in bytes, too, which one event may exceed.
func TestBatchBytes(t *testing.T) {
	server := newFake(t)
	s := newSink(t, Options{URL: server.URL, Batch: true})
	events := sinkcheck.Numbered(4)
	for _, i := range []int{0, 1} {
		events[i].Labels = map[string]string{"long": strings.Repeat("x", maxBatchBytes*2/3)}
	}
	if n, err := s.Deliver(t.Context(), events); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	if got := server.count(); got != 2 {
		t.Errorf("%d requests, want 0 | 1 2 3", got)
	}
}

func TestStatuses(t *testing.T) {
	f := func(status int, batch bool, wantTaken int, wantRefused bool) {
		t.Helper()
		server := newFake(t)
		server.answer = func(ids []string) int {
			if slices.Contains(ids, "2") {
				return status
			}
			return 202
		}
		server.header.Set("Location", server.URL+"/elsewhere")
		s := newSink(t, Options{URL: server.URL, Batch: batch})
		n, err := s.Deliver(t.Context(), sinkcheck.Numbered(4))
		var r *alarm.Refused
		if n != wantTaken || (wantTaken == 4) != (err == nil) || errors.As(err, &r) != wantRefused {
			t.Errorf("status %d: taken %d, %v", status, n, err)
		}
		if err != nil && status > 0 && !strings.Contains(err.Error(), fmt.Sprintf("status %d: \"as told\"", status)) {
			t.Errorf("the error is %v", err)
		}
		server.mu.Lock()
		defer server.mu.Unlock()
		if slices.Contains(server.good, "3") != (wantTaken == 4) {
			t.Errorf("status %d: one after the failed one was sent: %q", status, server.got)
		}
	}
	for _, status := range []int{200, 201, 204, 299} {
		f(status, false, 4, false)
		f(status, true, 4, false)
	}
	for _, status := range []int{400, 410, 413, 422} {
		f(status, false, 2, true)
		f(status, true, 2, true)
	}
	for _, status := range []int{301, 302, 307, 401, 403, 404, 405, 408, 409, 415, 425, 429, 500, 502, 503, 504, hangUp} {
		f(status, false, 2, false)
		f(status, true, 0, false)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := newFake(t)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	_, err := newSink(t, Options{URL: server.URL}).Deliver(t.Context(), sinkcheck.Numbered(1))
	if err == nil || elsewhere.count() != 0 {
		t.Errorf("%d requests elsewhere: %v", elsewhere.count(), err)
	}
}

func TestLater(t *testing.T) {
	server := newFake(t)
	server.answer = func([]string) int { return 503 }
	server.header.Set("Retry-After", "60")
	s := newSink(t, Options{URL: server.URL})
	now := time.Unix(1766000105, 0)
	s.now = func() time.Time { return now }
	for _, wait := range []time.Duration{0, time.Second, 59 * time.Second, 60*time.Second - 1} {
		now = time.Unix(1766000105, 0).Add(wait)
		n, err := s.Deliver(t.Context(), sinkcheck.Numbered(1))
		var later *Later
		if n != 0 || !errors.As(err, &later) || !later.At.Equal(time.Unix(1766000165, 0)) {
			t.Fatalf("after %v: %d, %v", wait, n, err)
		}
	}
	if server.count() != 1 {
		t.Errorf("%d requests although it asked to wait", server.count())
	}
	server.mu.Lock()
	server.answer = nil
	server.mu.Unlock()
	now = time.Unix(1766000165, 0)
	if n, err := s.Deliver(t.Context(), sinkcheck.Numbered(1)); n != 1 || err != nil {
		t.Errorf("after the wait: %d, %v", n, err)
	}
}

// Whatever fails before or after the receiver has read it, every id arrives,
// in order, and an id again only if it got no 2xx.
func TestEveryIDArrives(t *testing.T) {
	server := newFake(t)
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(rapid.SampledFrom([]int{200, 204, 429, 500, hangUp}), 0, 40).Draw(rt, "statuses")
		server.mu.Lock()
		server.got, server.good = nil, nil
		server.answer = func([]string) int {
			if len(script) == 0 {
				return 200
			}
			status := script[0]
			script = script[1:]
			return status
		}
		server.mu.Unlock()
		s, err := New(Options{URL: server.URL, Batch: rapid.Bool().Draw(rt, "batch"), MaxBatch: rapid.IntRange(1, 9).Draw(rt, "max")})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close(t.Context())
		queue := sinkcheck.Numbered(rapid.IntRange(0, 20).Draw(rt, "events"))
		want := numbers(len(queue))
		for tries := 0; len(queue) > 0; tries++ {
			n, err := s.Deliver(t.Context(), queue)
			if n == len(queue) != (err == nil) {
				rt.Fatalf("taken %d of %d: %v", n, len(queue), err)
			}
			if queue = queue[n:]; tries > 1000 {
				rt.Fatal("no end")
			}
		}
		server.mu.Lock()
		defer server.mu.Unlock()
		if !slices.Equal(server.good, want) {
			rt.Fatalf("answered with 2xx: %q, want %q", server.good, want)
		}
		if all := slices.Compact(slices.Sorted(slices.Values(server.got))); len(all) != len(want) {
			rt.Fatalf("got %q", server.got)
		}
	})
}

// The status counts, whatever becomes of the rest of the answer, and a
// receiver that never ends it costs no memory.
func TestEndlessAnswer(t *testing.T) {
	f := func(status int, wantErr bool) {
		t.Helper()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}))
		defer server.Close()
		s := newSink(t, Options{URL: server.URL})
		if _, err := s.Deliver(t.Context(), sinkcheck.Numbered(1)); (err != nil) != wantErr || len(fmt.Sprint(err)) > 1000 {
			t.Errorf("status %d: an error of %d bytes", status, len(fmt.Sprint(err)))
		}
	}
	f(200, false)
	f(500, true)
}

func TestHugeHeader(t *testing.T) {
	server := newFake(t)
	server.header.Set("X-Long", strings.Repeat("x", 1<<20))
	if n, err := newSink(t, Options{URL: server.URL}).Deliver(t.Context(), sinkcheck.Numbered(1)); n != 0 || err == nil {
		t.Errorf("taken %d: %v", n, err)
	}
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	s := newSink(t, Options{URL: server.URL, Timeout: 20 * time.Millisecond})
	n, err := s.Deliver(t.Context(), sinkcheck.Numbered(1))
	var r *alarm.Refused
	if n != 0 || err == nil || errors.As(err, &r) {
		t.Errorf("its own timeout: %d, %v", n, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := newSink(t, Options{URL: server.URL}).Deliver(ctx, sinkcheck.Numbered(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's deadline: %v", err)
	}
}

// The receiver knows who we are by our certificate, and we know it by ours.
func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // half of the clients fail
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	f := func(question string, c *tls.Config, want string) {
		t.Helper()
		_, err := newSink(t, Options{URL: server.URL, TLS: c}).Deliver(t.Context(), sinkcheck.Numbered(1))
		// A reset may overtake the reason why TLS was refused.
		for try := 1; try < 20 && want != "" && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)); try++ {
			_, err = newSink(t, Options{URL: server.URL, TLS: c}).Deliver(t.Context(), sinkcheck.Numbered(1))
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", question, err, want)
		}
	}
	own := server.TLS.Certificates // of the test server, which is as good as any
	f("authority, name and certificate", &tls.Config{RootCAs: roots, ServerName: "example.com", Certificates: own}, "")
	f("no client certificate", &tls.Config{RootCAs: roots}, "certificate required")
	f("another name", &tls.Config{RootCAs: roots, ServerName: "other.invalid", Certificates: own}, "not other.invalid")
	f("unknown authority", &tls.Config{Certificates: own}, "unknown authority")
	f("nothing said", nil, "unknown authority")
}

// Secrets go to the receiver and nowhere else.
func TestSecrets(t *testing.T) {
	const secret = "hunter2-correct-horse"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret+"-token" || r.URL.Path != "/hook/"+secret || r.URL.Query().Get("key") != secret+"-query" {
			t.Errorf("not sent to the receiver: %v %v", r.URL, r.Header)
		}
		w.WriteHeader(400)
		_, _ = fmt.Fprint(w, "I do not like ", r.URL, " with ", r.Header, " nor ", secret)
	}))
	o := Options{URL: server.URL + "/hook/" + secret + "?key=" + secret + "-query", Secret: secret, BearerToken: secret + "-token"}
	s := newSink(t, o)
	var texts []string
	_, err := s.Deliver(t.Context(), sinkcheck.Numbered(1))
	texts = append(texts, err.Error())
	server.Close()
	_, err = s.Deliver(t.Context(), sinkcheck.Numbered(1))
	texts = append(texts, err.Error(), fmt.Sprintf("%v %+v %#v %v %+v %#v", s, s, s, o, o, o))
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("settings", "options", o, "sink", s)
	texts = append(texts, logged.String())
	for _, text := range texts {
		if strings.Contains(text, secret) {
			t.Errorf("a secret in %s", text)
		}
	}
	if !strings.Contains(texts[0], "I do not like") || !strings.Contains(texts[0], server.URL) {
		t.Errorf("too little in %s", texts[0])
	}
}

func TestProxyOnlyWhenTold(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "hook.invalid" {
			t.Errorf("the proxy is asked for %q", r.URL)
		}
	}))
	defer proxy.Close()
	if n, err := newSink(t, Options{URL: "http://hook.invalid/", Proxy: proxy.URL}).Deliver(t.Context(), sinkcheck.Numbered(1)); n != 1 || err != nil {
		t.Errorf("through the proxy: %d, %v", n, err)
	}
	proxyOf := func(o Options) func(*http.Request) (*url.URL, error) {
		return newSink(t, o).client.Transport.(*http.Transport).Proxy
	}
	if proxyOf(Options{URL: "http://hook.invalid/"}) != nil {
		t.Error("a proxy that nobody asked for")
	}
	if proxyOf(Options{URL: "http://hook.invalid/", Proxy: "environment"}) == nil {
		t.Error("the environment is not asked")
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
	f(Options{}, "url")
	f(Options{URL: "hunter2"}, "url")
	f(Options{URL: "ftp://hunter2"}, "url")
	f(Options{URL: "http://u:hunter2@a"}, "does not belong")
	f(Options{URL: "http://u:hunter2@a b"}, "not of the form")
	f(Options{URL: "http://a#hunter2"}, "does not belong")
	f(Options{URL: "http://a", Proxy: "hunter2"}, "proxy")
	f(Options{URL: "http://a", Timeout: -1}, "negative")
	f(Options{URL: "http://a", MaxBatch: -1}, "negative")
}
