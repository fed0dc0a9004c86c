package httpjson

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/scaling/rubber/work"
)

// jobs is a server of jobs, which answers as it is told.
type jobs struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	list   string           // answered to GET
	answer http.HandlerFunc // instead of that; nil: none
	taken  func(command string)
	refuse http.HandlerFunc // of POST; nil: all are taken
	sent   []string         // commands
	looks  int
}

func newJobs(t *testing.T, list string) *jobs {
	t.Helper()
	j := &jobs{t: t, list: list}
	server := httptest.NewServer(j)
	t.Cleanup(server.Close)
	j.url = server.URL
	return j
}

func (j *jobs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/workers" || r.Header.Get("Authorization") != "Bearer hunter2" {
		j.t.Errorf("%s %s with %q", r.Method, r.RequestURI, r.Header)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/json" {
			j.t.Errorf("%q, %v, %q", body, err, r.Header)
		}
		j.sent = append(j.sent, string(body))
		if j.refuse != nil {
			j.refuse(w, r)
			return
		}
		if j.taken != nil {
			j.taken(string(body))
		}
		w.WriteHeader(http.StatusAccepted)
		return
	}
	j.looks++
	if j.answer != nil {
		j.answer(w, r)
		return
	}
	fmt.Fprint(w, j.list)
}

// now changes what is answered.
func (j *jobs) now(f func(j *jobs)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(j)
}

// commands is what was sent.
func (j *jobs) commands() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.sent)
}

// run begins to ask; it ends with the test.
func (j *jobs) run(o WorkersOptions) *Workers {
	j.t.Helper()
	o.URL, o.Header, o.Secret = j.url+"/workers?key=hunter3", "Authorization", "Bearer hunter2"
	if o.Every == 0 {
		o.Every = 5 * time.Millisecond
	}
	w, err := NewWorkers(o)
	if err != nil {
		j.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(j.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	j.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			j.t.Error(err)
		}
		if _, complete := w.Workers(); complete {
			j.t.Error("the list is complete although nobody asks")
		}
	})
	return w
}

// until waits for a worker's state in a line, as describe has it.
func (j *jobs) until(w *Workers, what string, done func(line string) bool) {
	j.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		w.mu.Lock()
		came, line := w.came, describe(w.table, time.Now())
		w.mu.Unlock()
		if done(line) {
			return
		}
		select {
		case <-came:
		case <-deadline:
			j.t.Fatalf("no %s; it is %s", what, line)
		}
	}
}

func (j *jobs) ready(w *Workers) {
	j.t.Helper()
	j.until(w, "complete list", func(string) bool { _, complete := w.Workers(); return complete })
}

const oneBusy = `{"complete": true, "workers": [{"name": "worker@vm-a", "process": 7, "seen_seconds": 0, "queues": ["fast", "unheard-of"], "slots": 4, "active": 2, "reserved": 1, "begun": 5}]}`

func TestWorkers(t *testing.T) {
	j := newJobs(t, oneBusy)
	w := j.run(WorkersOptions{})
	j.ready(w)
	list, complete := w.Workers()
	if len(list) != 1 || !complete {
		t.Fatalf("%v, %v", list, complete)
	}
	got := list[0]
	// A queue that no profile has is no concern of this package.
	if got.Name != "worker@vm-a" || got.Host != "vm-a" || got.PID != 7 || !slices.Equal(got.Queues, []string{"fast", "unheard-of"}) || got.Slots != 4 ||
		*got.Active != 2 || *got.Reserved != 1 || got.Processed != 5 || got.Gone || got.Twins || !got.IdleSince.IsZero() {
		t.Errorf("%+v", got)
	}
	load, err := w.Load(t.Context(), "worker@vm-a")
	if err != nil || load != (work.Load{Active: 2, Reserved: 1}) {
		t.Errorf("%v, %v", load, err)
	}
	if err := w.Run(t.Context()); err == nil {
		t.Error("runs twice")
	}
	st := w.Stats()
	if st.Workers != 1 || !st.Complete || st.Lists < 2 || st.Err != nil || st.Failures+st.Malformed+st.Crowded+st.Commands > 0 {
		t.Errorf("%+v", st)
	}
}

// A whole release: the worker leaves, finishes, and ends.
func TestRelease(t *testing.T) {
	j := newJobs(t, oneBusy)
	w := j.run(WorkersOptions{})
	j.ready(w)
	j.now(func(j *jobs) {
		j.taken = func(string) { // what it was told is in one of the lists that come
			j.looks = 0
			j.answer = func(rw http.ResponseWriter, _ *http.Request) {
				if j.looks > 2 {
					fmt.Fprint(rw, strings.Replace(oneBusy, `"fast", `, "", 1))
					return
				}
				fmt.Fprint(rw, oneBusy)
			}
		}
	})
	if err := w.CancelConsumer(t.Context(), "worker@vm-a", "fast"); err != nil {
		t.Fatal(err)
	}
	list, _ := w.Workers()
	if !slices.Equal(list[0].Queues, []string{"unheard-of"}) {
		t.Errorf("it has left before the list says so: %v", list[0].Queues)
	}
	// It is empty in the server's books; but was last heard before it left.
	empty := strings.NewReplacer(`"fast", `, "", `"active": 2, "reserved": 1`, `"active": 0, "reserved": 0`, `"seen_seconds": 0`, `"seen_seconds": 9`).Replace(oneBusy)
	j.now(func(j *jobs) {
		j.answer = func(rw http.ResponseWriter, _ *http.Request) {
			if j.looks > 6 {
				fmt.Fprint(rw, strings.Replace(empty, `"seen_seconds": 9`, `"seen_seconds": 0`, 1))
				return
			}
			fmt.Fprint(rw, empty)
		}
		j.looks = 0
	})
	load, err := w.Load(t.Context(), "worker@vm-a")
	if err != nil || load != (work.Load{}) {
		t.Errorf("%v, %v", load, err)
	}
	j.now(func(j *jobs) {
		if j.looks <= 6 {
			t.Error("what was known before it left is taken for what it has now")
		}
		j.taken = func(string) {
			j.answer = nil
			j.list = `{"complete": true, "workers": []}`
		}
	})
	if err := w.Shutdown(t.Context(), "worker@vm-a"); err != nil {
		t.Fatal(err)
	}
	j.until(w, "end", func(line string) bool { return strings.HasSuffix(line, " gone") })
	if _, complete := w.Workers(); !complete {
		t.Error("one that has ended, as it was told, is still waited for")
	}
	want := []string{
		`{"command":"cancel","worker":"worker@vm-a","process":7,"queue":"fast"}`,
		`{"command":"shutdown","worker":"worker@vm-a","process":7}`,
	}
	if sent := j.commands(); !slices.Equal(sent, want) {
		t.Errorf("%q", sent)
	}
	for _, f := range []func() error{
		func() error { return w.CancelConsumer(t.Context(), "worker@vm-a", "fast") },
		func() error { _, err := w.Load(t.Context(), "worker@vm-a"); return err },
		func() error { return w.Shutdown(t.Context(), "nobody") },
	} {
		if err := f(); work.KindOf(err) != work.NoWorker {
			t.Error(err)
		}
	}
}

// A server that has forgotten what it was told: nothing that was proven of the
// worker holds any more.
func TestForgotten(t *testing.T) {
	left := strings.Replace(oneBusy, `"fast", `, "", 1)
	j := newJobs(t, left)
	w := j.run(WorkersOptions{})
	j.ready(w)
	if err := w.CancelConsumer(t.Context(), "worker@vm-a", "fast"); err != nil {
		t.Fatal(err)
	}
	j.now(func(j *jobs) { j.list = oneBusy })
	j.until(w, "other process", func(line string) bool { return strings.HasPrefix(line, "worker@vm-a/9007199254740999 fast,unheard-of") })
	// Taken back by us it is no surprise.
	j.now(func(j *jobs) { j.list = left })
	if err := w.CancelConsumer(t.Context(), "worker@vm-a", "fast"); err != nil {
		t.Fatal(err)
	}
	j.now(func(j *jobs) { j.taken = func(string) { j.list = oneBusy } })
	if err := w.AddConsumer(t.Context(), "worker@vm-a", "fast"); err != nil {
		t.Fatal(err)
	}
	if list, _ := w.Workers(); list[0].PID != 9007199254740999 || len(list[0].Queues) != 2 {
		t.Errorf("%+v", list[0])
	}
	if sent := j.commands(); sent[len(sent)-1] != `{"command":"resume","worker":"worker@vm-a","process":7,"queue":"fast"}` {
		t.Errorf("%q", sent)
	}
}

// What the server does not say is asked in vain, and is never 0.
func TestNotSaid(t *testing.T) {
	f := func(list string, ask func(*Workers) error, kind work.Kind, want string) {
		t.Helper()
		j := newJobs(t, list)
		w := j.run(WorkersOptions{Answer: 300 * time.Millisecond})
		j.until(w, "worker", func(line string) bool { return strings.HasPrefix(line, "a/") })
		if err := ask(w); err == nil || work.KindOf(err) != kind || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", list, err)
		}
	}
	load := func(w *Workers) error { _, err := w.Load(t.Context(), "a"); return err }
	cancel := func(w *Workers) error { return w.CancelConsumer(t.Context(), "a", "q") }
	f(`{"complete": true, "workers": [{"name": "a", "process": 7, "seen_seconds": 0, "active": 0}]}`, load, work.Garbled, "active and reserved")
	f(`{"complete": true, "workers": [{"name": "a", "process": 7, "seen_seconds": 0, "reserved": 0}]}`, load, work.Garbled, "active and reserved")
	f(`{"complete": true, "workers": [{"name": "a", "process": 7, "seen_seconds": 0}]}`, cancel, work.Garbled, "write queues")
	f(`{"complete": true, "workers": [{"name": "a", "process": 7, "seen_seconds": 0, "queues": ["q"]}]}`, cancel, work.Silent, "has said yes")
	twins := `{"complete": true, "workers": [{"name": "a", "process": 7, "seen_seconds": 0}, {"name": "a", "process": 8, "seen_seconds": 0}]}`
	f(twins, cancel, work.Twins, "name of its own")
	f(twins, load, work.Twins, "name of its own")
	f(`{"complete": true, "workers": [{"name": "a", "process": 7, "seen_seconds": 11}]}`, load, work.NoWorker, "it has gone")
}

// Whatever goes wrong, those who were known stay as they were, and nothing
// follows from who is missing.
func TestListFailures(t *testing.T) {
	f := func(what string, answer http.HandlerFunc, kind work.Kind, want string) {
		t.Helper()
		t.Run(what, func(t *testing.T) { t.Parallel(); failList(t, answer, kind, want) })
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, `{"complete": true, "workers": [], "error": "Bearer hunter2"}`)
		}
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
	}
	f("not known", status(401), work.Auth, "check the header")
	f("not allowed", status(403), work.Auth, "check the header")
	f("nowhere", status(404), work.Garbled, `"workers": []`)
	f("broken", status(500), work.Away, "status 500")
	f("empty", status(204), work.Away, "status 204")
	f("sent elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/hunter2", http.StatusFound) }, work.Garbled, "status 302")
	f("no JSON", body("<html>hunter2"), work.Garbled, "read the list")
	f("another document", body(`{"ready": 0}`), work.Garbled, `no "workers"`)
	f("endless", body(strings.Repeat(" ", maxList+1)), work.Garbled, "longer than 16777216")
	f("half an answer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, `{"complete": true, "workers": []}`)
	}, work.Away, "read the answer")
	f("hung up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, work.Away, "EOF")
}

// failList has a list fail, and come back.
func failList(t *testing.T, answer http.HandlerFunc, kind work.Kind, want string) {
	t.Helper()
	j := newJobs(t, oneBusy)
	w := j.run(WorkersOptions{})
	j.ready(w)
	before, _ := w.Workers()
	j.now(func(j *jobs) { j.answer = answer })
	j.until(w, "failure", func(line string) bool { return strings.HasSuffix(line, "and who knows") })
	after, complete := w.Workers()
	if complete || len(after) != 1 || after[0].Gone || *after[0].Active != *before[0].Active {
		t.Errorf("%v, %v", after, complete)
	}
	st := w.Stats()
	if st.Complete || st.Err == nil || st.Failures == 0 || work.KindOf(st.Err) != kind || !strings.Contains(st.Err.Error(), want) || strings.Contains(st.Err.Error(), "hunter") {
		t.Errorf("%+v", st)
	}
	if _, err := w.Load(t.Context(), "worker@vm-a"); work.KindOf(err) != kind || strings.Contains(err.Error(), "hunter") {
		t.Errorf("%v", err)
	}
	// It comes back.
	j.now(func(j *jobs) { j.answer = nil })
	j.ready(w)
}

// Entries that make no sense are told from those who are not there.
func TestNonsense(t *testing.T) {
	j := newJobs(t, oneBusy)
	var log bytes.Buffer
	w := j.run(WorkersOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	j.ready(w)
	j.now(func(j *jobs) {
		j.list = `{"complete": true, "workers": [{"name": "worker@vm-a", "process": 7, "seen_seconds": 0, "active": -1}, {"name": "b", "process": 1, "seen_seconds": 0}]}`
	})
	j.until(w, "second worker", func(line string) bool {
		return line == "b/1 ? ?+? of 0; worker@vm-a/7 fast,unheard-of 2+1 of 4; and who knows"
	})
	if st := w.Stats(); st.Malformed == 0 || st.Failures > 0 || st.Complete {
		t.Errorf("%+v", st)
	}
	j.now(func(j *jobs) { j.list = oneBusy })
	j.until(w, "first one", func(line string) bool { return !strings.Contains(line, "worker@vm-a/7 ? ") && w.Stats().Workers == 2 })
	text := log.String()
	if strings.Count(text, "make no sense") != 1 || !strings.Contains(text, `active of \"worker@vm-a\" is -1`) || strings.Count(text, "the workers are known") != 1 || strings.Contains(text, "hunter") {
		t.Error(text)
	}
}

// A server that asks to be left alone is, and whoever asks meanwhile is told so
// at once.
func TestRetryAfterOfLists(t *testing.T) {
	j := newJobs(t, oneBusy)
	w := j.run(WorkersOptions{})
	j.ready(w)
	j.now(func(j *jobs) {
		j.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	j.until(w, "failure", func(line string) bool { return strings.HasSuffix(line, "and who knows") })
	if w.gate.Closed(time.Now().Add(100*time.Second)) == nil {
		t.Error("asked again before two minutes are over")
	}
	for _, err := range []error{w.CancelConsumer(t.Context(), "worker@vm-a", "fast"), w.Shutdown(t.Context(), "worker@vm-a")} {
		if work.KindOf(err) != work.Away || !strings.Contains(err.Error(), "tried again in") {
			t.Error(err)
		}
	}
	if sent := j.commands(); len(sent) > 0 {
		t.Errorf("sent %q", sent)
	}
}

func TestCommandFailures(t *testing.T) {
	f := func(what string, refuse http.HandlerFunc, kind work.Kind, want string, paused bool) {
		t.Helper()
		j := newJobs(t, oneBusy)
		w := j.run(WorkersOptions{})
		j.ready(w)
		j.now(func(j *jobs) { j.refuse = refuse })
		err := w.CancelConsumer(t.Context(), "worker@vm-a", "fast")
		if err == nil || work.KindOf(err) != kind || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: %v", what, err)
		}
		_ = w.Shutdown(t.Context(), "worker@vm-a") // it fails, too
		if sent := len(j.commands()); sent == 1 != paused {
			t.Errorf("%s: %d commands were sent", what, sent)
		}
		if st := w.Stats(); st.Refused != st.Commands || !st.Complete {
			t.Errorf("%s: %+v", what, st) // lists still come
		}
	}
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	f("not allowed", status(403, ""), work.Auth, "may give commands", true)
	f("no such worker", status(404, ""), work.NoWorker, "status 404", false)
	f("no commands", status(405, ""), work.Garbled, "by POST", true)
	f("refused", status(409, `{"error": "it is paid for"}`), work.Refused, `status 409 Conflict: "it is paid for"`, false)
	f("refused at length", status(422, `{"error": "`+strings.Repeat("no", 1000)+`"}`), work.Refused, `nono"`, false)
	f("refused with too much to say", status(409, `{"error": "`+strings.Repeat("no", maxBody)+`"}`), work.Refused, "status 409", false)
	f("refused, and the secret repeated", status(400, `{"error": "Bearer hunter2 may not, nor key=hunter3"}`), work.Refused, "status 400", false)
	f("refused without a document", status(409, "<hunter2>"), work.Refused, "status 409", false)
	f("sent elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/hunter2", http.StatusTemporaryRedirect)
	}, work.Garbled, "status 307", true)
	f("broken", status(500, ""), work.Away, "status 500", true)
	f("hung up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, work.Away, "EOF", true)
}

func TestEnds(t *testing.T) {
	j := newJobs(t, oneBusy)
	w, err := NewWorkers(WorkersOptions{Options: Options{URL: j.url + "/workers", Header: "Authorization", Secret: "Bearer hunter2"}, Every: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Shutdown(t.Context(), "worker@vm-a"); work.KindOf(err) != work.Away {
		t.Errorf("before it runs: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	j.ready(w)
	j.now(func(j *jobs) {
		j.list = strings.Replace(oneBusy, `, "reserved": 1`, "", 1)
		j.taken = func(string) { cancel() }
	})
	// Whoever waits while it ends is told.
	if err := w.CancelConsumer(t.Context(), "worker@vm-a", "fast"); err == nil || work.KindOf(err) != work.Away {
		t.Errorf("while it ends: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := w.Load(t.Context(), "worker@vm-a"); work.KindOf(err) != work.Away {
		t.Errorf("after it has ended: %v", err)
	}
	w.server.transport.CloseIdleConnections()
}

func TestWorkersOptions(t *testing.T) {
	f := func(o WorkersOptions, want string) {
		t.Helper()
		if _, err := NewWorkers(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v instead of %s", err, want)
		}
		if text := fmt.Sprintf("%v %+v %#v", o, o, o); strings.Contains(text, "hunter2") {
			t.Errorf("a secret in %s", text)
		}
	}
	f(WorkersOptions{}, "not of the form")
	f(WorkersOptions{Options: Options{URL: "http://h/?queue={queue}", Header: "A", Secret: "hunter2"}}, "of all queues")
	f(WorkersOptions{Options: Options{URL: "http://h/", Header: "A", Secret: "hunter2"}, Every: -1}, "negative")
	f(WorkersOptions{Options: Options{URL: "http://u:hunter2@h/"}}, "has a user")
}
