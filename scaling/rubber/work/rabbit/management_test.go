package rabbit

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"perfmon/scaling/rubber/work"
)

// plugin answers as RabbitMQ's management does.
func plugin(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, pw, _ := r.BasicAuth(); user != "bob" || pw != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/api/overview" {
			fmt.Fprint(w, `{"rates_mode":"basic"}`)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A broker that keeps no statistics answers for a queue with its name alone:
//
//	{"rates_mode":"basic","disable_stats":true}
//	{"name":"q"}
//
// That is told, with what brings them back. One that keeps the totals all the
// same (management.enable_queue_totals) is asked as any other.
func TestStatisticsOff(t *testing.T) {
	f := func(queue string, want string) figures {
		t.Helper()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/overview" {
				fmt.Fprint(w, `{"rates_mode":"basic","disable_stats":true}`)
				return
			}
			fmt.Fprint(w, queue)
		}))
		defer s.Close()
		got, err := newPlugin(t, "hunter2", s.URL).figures(t.Context(), "/", "q")
		if want == "" != (err == nil) || err != nil && (work.KindOf(err) != work.Invalid || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", queue, err, want)
		}
		return got
	}
	if got := f(`{"name":"q"}`, "management_agent.disable_metrics_collector"); got != (figures{}) {
		t.Errorf("%+v", got)
	}
	if got := f(`{"name":"q","messages_ready":2,"messages_unacknowledged":1}`, ""); *got.Ready != 2 || *got.Unacked != 1 {
		t.Errorf("%+v", got)
	}
}

func newPlugin(t *testing.T, password string, urls ...string) *management {
	t.Helper()
	o := Options{Broker: work.Broker{URLs: []string{"amqp://bob@h"}, Timeout: 5 * time.Second}, Management: urls, ManagementUsername: "bob", ManagementPassword: password}
	if err := o.validate(); err != nil {
		t.Fatal(err)
	}
	m := newManagement(&o)
	t.Cleanup(m.close)
	return m
}

func TestManagement(t *testing.T) {
	var asked atomic.Value
	url := plugin(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.EscapedPath())
		fmt.Fprint(w, `{"messages_ready":2,"messages_unacknowledged":4,"message_stats":{"publish":10},"more":[1]}`)
	})
	m := newPlugin(t, "hunter2", "http://127.0.0.1:1/", url+"/") // the first does not listen
	f, err := m.figures(t.Context(), "a/b%c", "q#1/..")
	if err != nil || *f.Ready != 2 || *f.Unacked != 4 || *f.Published != 10 || f.Head != nil {
		t.Errorf("%+v, %v", f, err)
	}
	if got := asked.Load(); got != "/api/queues/a%2Fb%25c/q%231%2F.." {
		t.Errorf("asked for %s", got)
	}
	if m.good != 1 {
		t.Errorf("the address that answered is not asked first: %d", m.good)
	}
}

func TestManagementThatDoesNotHelp(t *testing.T) {
	f := func(what, password string, answer func(w http.ResponseWriter, r *http.Request), kind work.Kind, want string) {
		t.Helper()
		var calls atomic.Int64
		m := newPlugin(t, password, plugin(t, func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			answer(w, r)
		}))
		_, err := m.figures(t.Context(), "/", "q")
		if err == nil || work.KindOf(err) != kind || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", what, err)
		}
		if n, err := m.gate.State(); n != 1 || err == nil {
			t.Errorf("%s: %d failures, %v", what, n, err)
		}
		before := calls.Load()
		m.gate.Succeeded()
		m.gate.Failed(time.Now(), err, time.Minute) // a pause that no slow machine sits out
		if _, again := m.figures(t.Context(), "/", "q"); again == nil || !strings.Contains(again.Error(), "tried again in") || calls.Load() != before {
			t.Errorf("%s: no pause before the next try: %v", what, again)
		}
	}
	text := func(s string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
	}
	f("wrong password", "wrong", text("{}"), work.Auth, "the user needs the tag management")
	f("not JSON", "hunter2", text("<html>hunter"), work.Garbled, `"q"`)
	f("a negative number", "hunter2", text(`{"messages_ready":-1}`), work.Garbled, "cannot be -1")
	f("a fraction", "hunter2", text(`{"messages_ready":1.5}`), work.Garbled, "figures")
	f("endless", "hunter2", func(w http.ResponseWriter, _ *http.Request) {
		for range maxAnswer/1000 + 2 {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				return
			}
		}
	}, work.Away, "longer than")
	f("an error", "hunter2", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, work.Away, "status 500")
	f("sent elsewhere", "hunter2", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
	}, work.Away, "status 302")

	m := newPlugin(t, "hunter2", plugin(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }))
	if got, err := m.figures(t.Context(), "/", "q"); err != nil || got != (figures{}) {
		t.Errorf("a queue that it does not know of yet: %+v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.figures(ctx, "/", "q"); err == nil {
		t.Error("no error of a call that was cancelled")
	}
	if n, _ := m.gate.State(); n != 0 {
		t.Error("a call that was cancelled closes the gate")
	}
}

func TestRates(t *testing.T) {
	f := func(mode, body string, want string) {
		t.Helper()
		c, err := parseCounting([]byte(mode))
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseFigures([]byte(body), c.Rates)
		if err != nil {
			t.Fatal(err)
		}
		text := "unknown"
		if got.Published != nil {
			text = fmt.Sprint(*got.Published)
		}
		if text != want {
			t.Errorf("%s, %s: %s published", mode, body, text)
		}
	}
	f(`{"rates_mode":"none"}`, `{"messages_ready":1}`, "unknown")
	f(`{"rates_mode":"basic"}`, `{"messages_ready":1}`, "0")
	f(`{"rates_mode":"detailed"}`, `{}`, "unknown")
	f(`{"rates_mode":"basic"}`, `{"messages_ready":1,"message_stats":{"publish":7}}`, "7")
	f(`{"rates_mode":"basic"}`, `{"messages_ready":1,"message_stats":[]}`, "0")
	for _, body := range []string{"", "[]", "{}", `{"rates_mode":7}`} {
		if _, err := parseCounting([]byte(body)); err == nil {
			t.Errorf("%q is an overview", body)
		}
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
	good := work.Broker{URLs: []string{"amqp://h"}}
	f(Options{}, "rabbit: broker: no url")
	f(Options{Broker: good, Management: []string{"http://a", "http://u:hunter2@h"}}, "management url 2: only scheme")
	f(Options{Broker: good, Management: []string{"ftp://hunter2"}}, "management url 1: not of the form")
	f(Options{Broker: good, Management: []string{"http://h?hunter2"}}, "management url 1: only scheme")
	f(Options{Broker: good, Lag: -1}, "negative")
	o := Options{Broker: work.Broker{URLs: []string{"amqps://u:hunter2@[::1]/v", "amqps://b:7/v"}}}
	if err := o.validate(); err != nil || fmt.Sprint(o.management()) != "[https://[::1]:15671 https://b:15671]" || o.Lag != DefaultLag {
		t.Errorf("%v, %v", o.management(), err)
	}
}

// A broker that is away is an error, soon and without a storm of tries.
func TestAway(t *testing.T) {
	s, err := New(Options{Broker: work.Broker{URLs: []string{"amqp://u:hunter2@127.0.0.1:1/v", "amqp://u:hunter2@[::1]:1/v"}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		d, err := s.Depth(t.Context(), "q")
		if err == nil || work.KindOf(err) != work.Away || d.Ready != nil || d.Absent || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "amqp://[::1]:1/v") {
			t.Errorf("%+v, %v", d, err)
		}
	}
	if st := s.Stats(); st.ConnectFailures < 1 || st.ConnectFailures == 5 || st.LookFailures != 5 || st.Connected || st.Err == nil {
		t.Errorf("%+v", st)
	}
	if _, err := s.Depth(t.Context(), ""); work.KindOf(err) != work.Invalid {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Depth(t.Context(), "q"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Error(err)
	}
}
