package httpjson

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/scaling/rubber/work"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func text(d work.Depth) string {
	show := func(n *int) string {
		if n == nil {
			return "?"
		}
		return fmt.Sprint(*n)
	}
	out := fmt.Sprintf("ready %s unacked %s consumers %s", show(d.Ready), show(d.Unacked), show(d.Consumers))
	if d.Oldest != nil {
		out += " oldest " + d.Oldest.String()
	}
	if d.Absent {
		out += " absent"
	}
	return out
}

func TestParse(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		d, err := parse([]byte(body))
		if err != nil || text(d) != want {
			t.Errorf("%s: %s, %v", body, text(d), err)
		}
	}
	f(`{"ready": 12, "unacked": 3, "consumers": 4, "oldest_seconds": 7.5}`, "ready 12 unacked 3 consumers 4 oldest 7.5s")
	f(`{"ready": 0}`, "ready 0 unacked ? consumers ?")
	f(`{"ready": 1, "unacked": null, "more": {"of": ["it"]}}`, "ready 1 unacked ? consumers ?")
	f(`{"unacked": 1, "more": [{}]}`, "ready ? unacked 1 consumers ?")
	f(`{"absent": true}`, "ready 0 unacked 0 consumers 0 oldest 0s absent")
	f(`{"absent": true, "ready": 0}`, "ready 0 unacked 0 consumers 0 oldest 0s absent")
}

func TestParseRefuses(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if d, err := parse([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", body, text(d), err)
		}
	}
	for _, body := range []string{"", "12", "[]", `{"ready": "1"}`, `{"ready": 1.5}`, `{"ready": 1e99}`, `{"ready": 1} {}`, `{"absent": 1}`, `{"oldest_seconds": 1e999}`} {
		f(body, "read the document: ")
	}
	f("null", "null")
	f("{}", "none of")
	f(`{"error": "no"}`, "none of")
	f(`{"ready": -1}`, "ready is -1")
	f(`{"consumers": 1099511627777}`, "consumers is")
	f(`{"oldest_seconds": -0.5}`, "oldest_seconds is -0.5")
	f(`{"oldest_seconds": 1e10}`, "oldest_seconds is 1e+10")
	f(`{"absent": true, "ready": 1}`, "absent")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"ready": 12, "unacked": 3, "consumers": 4, "oldest_seconds": 7.5}`))
	f.Add([]byte(`{"absent": true}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := parse(body)
		if err != nil {
			return
		}
		for _, n := range []*int{d.Ready, d.Unacked, d.Consumers} {
			if n != nil && (*n < 0 || *n > maxTasks) {
				t.Errorf("%q: %s", body, text(d))
			}
		}
		if d.Oldest != nil && *d.Oldest < 0 || d.Absent && *d.Ready != 0 {
			t.Errorf("%q: %s", body, text(d))
		}
	})
}

func newSource(t *testing.T, o Options) *Source {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestDepth(t *testing.T) {
	f := func(path, queue, want string) {
		t.Helper()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.RequestURI != want || r.Header.Get("X-Token") != "hunter2" {
				t.Errorf("asked for %s with %q", r.RequestURI, r.Header)
			}
			fmt.Fprint(w, `{"ready": 2}`)
		}))
		defer server.Close()
		s := newSource(t, Options{URL: server.URL + path, Header: "X-Token", Secret: "hunter2"})
		before := time.Now()
		d, err := s.Depth(t.Context(), queue)
		if err != nil || text(d) != "ready 2 unacked ? consumers ?" || d.At.Before(before) {
			t.Errorf("%s, %v", text(d), err)
		}
		if st := s.Stats(); st != (Stats{Looks: 1}) {
			t.Errorf("%+v", st)
		}
	}
	f("/depth", "q", "/depth?queue=q")
	f("", "a/b c&d", "/?queue=a%2Fb+c%26d")
	f("/depth?pool=x", "q", "/depth?pool=x&queue=q")
	f("/q/{queue}/depth", "a/b c?", "/q/a%2Fb%20c%3F/depth")
	f("/d?name={queue}", "a&b", "/d?name=a%26b")
}

func TestFailures(t *testing.T) {
	f := func(what string, answer http.HandlerFunc, kind work.Kind, want string) {
		t.Helper()
		calls := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls++
			answer(w, r)
		}))
		defer server.Close()
		s := newSource(t, Options{URL: server.URL + "/?key=hunter2", Header: "Authorization", Secret: "Bearer hunter2"})
		d, err := s.Depth(t.Context(), "q")
		if err == nil || work.KindOf(err) != kind || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || d.Ready != nil {
			t.Errorf("%s: %s, %v", what, text(d), err)
		}
		if st := s.Stats(); st.Looks != 1 || st.Failures != 1 || st.Err == nil {
			t.Errorf("%s: %+v", what, st)
		}
		s.gate.Succeeded()
		s.gate.Failed(time.Now(), err, time.Minute) // a pause that no slow machine sits out
		_, again := s.Depth(t.Context(), "other")
		if again == nil || work.KindOf(again) != kind || !strings.Contains(again.Error(), `"other"`) || !strings.Contains(again.Error(), "tried again in 60 s") || calls != 1 {
			t.Errorf("%s: asked %d times: %v", what, calls, again)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, `{"ready": 0}`)
		}
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
	}
	f("unknown", status(401), work.Auth, "check the header")
	f("forbidden", status(403), work.Auth, "check the header")
	f("nowhere", status(404), work.Garbled, `{"absent": true}`)
	f("broken", status(500), work.Away, "status 500")
	f("empty", status(204), work.Away, "status 204")
	f("sent elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/hunter2", http.StatusFound) }, work.Garbled, "status 302")
	f("not JSON", body("<html>"), work.Garbled, "read the document")
	f("endless", body(strings.Repeat(" ", maxBody+1)), work.Garbled, "longer than 65536")
	f("cut off", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, `{"ready": 0}`)
	}, work.Away, "read the answer")

	s := newSource(t, Options{URL: "http://127.0.0.1:1/?key=hunter2"})
	if d, err := s.Depth(t.Context(), "q"); err == nil || work.KindOf(err) != work.Away || strings.Contains(err.Error(), "hunter2") || d.Ready != nil {
		t.Errorf("nobody listens: %s, %v", text(d), err)
	}
}

func TestRetryAfter(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	s := newSource(t, Options{URL: server.URL})
	before := time.Now()
	if _, err := s.Depth(t.Context(), "q"); err == nil {
		t.Error("too many requests are fine")
	}
	if s.gate.Closed(before.Add(59*time.Second)) == nil {
		t.Error("asked again before the minute is over")
	}
}

func TestOptions(t *testing.T) {
	f := func(o Options, want string) {
		t.Helper()
		_, err := New(o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v instead of %s", err, want)
		}
		if text := fmt.Sprintf("%v %+v %#v", o, o, o); strings.Contains(text, "hunter2") {
			t.Errorf("a secret in %s", text)
		}
	}
	f(Options{}, "not of the form")
	f(Options{URL: "ftp://h/"}, "not of the form")
	f(Options{URL: "http://u:hunter2@h/"}, "has a user")
	f(Options{URL: "http://h/?x=hunter2#f"}, "a fragment")
	f(Options{URL: "http://h/", Secret: "hunter2"}, "belong together")
	f(Options{URL: "http://h/", Header: "X-Token"}, "belong together")
	f(Options{URL: "http://h/", Header: "X Token", Secret: "hunter2"}, "cannot be sent")
	f(Options{URL: "http://h/", Header: "X-Token", Secret: "hunter2\n"}, "newline")
	f(Options{URL: "http://h/", Timeout: -1}, "negative")
}
