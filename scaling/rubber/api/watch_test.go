package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/scaling/rubber"
)

// line is the writer of a stream: what is sent is taken, or not.
type line struct {
	mu       sync.Mutex // guards everything that follows
	header   http.Header
	code     int
	taken    bytes.Buffer
	stuck    bool // it takes nothing any more
	deadline time.Time
}

func newLine() *line { return &line{header: http.Header{}, code: 200} }

func (l *line) Header() http.Header             { return l.header }
func (l *line) WriteHeader(code int)            { l.code = code }
func (l *line) FlushError() error               { return nil }
func (l *line) SetReadDeadline(time.Time) error { return nil }
func (l *line) SetWriteDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deadline = t
	return nil
}

func (l *line) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stuck {
		if l.deadline.IsZero() {
			return 0, errors.New("it would wait for ever")
		}
		time.Sleep(time.Until(l.deadline))
		return 0, os.ErrDeadlineExceeded
	}
	return l.taken.Write(b)
}

// events are those that were taken since the last call, by their kind and the
// first words of what matters.
func (l *line) events(t *testing.T) (list []string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for part := range strings.SplitSeq(l.taken.String(), "\n\n") {
		kind, data, ok := strings.Cut(strings.TrimPrefix(part, "event: "), "\ndata: ")
		switch {
		case part == "":
		case part == ": ":
			list = append(list, "alive")
		case !ok:
			t.Errorf("an event: %q", part)
		case kind == "status":
			var s Status
			if err := json.Unmarshal([]byte(data), &s); err != nil {
				t.Error(err)
			}
			list = append(list, fmt.Sprintf("status %d", s.Turns))
		case kind == "plan":
			var p Plan
			if err := json.Unmarshal([]byte(data), &p); err != nil {
				t.Error(err)
			}
			list = append(list, fmt.Sprintf("plan %s", p.At.Format("05")))
		default:
			var d Decision
			if err := json.Unmarshal([]byte(data), &d); err != nil {
				t.Error(err)
			}
			list = append(list, kind+" "+d.Text)
		}
	}
	l.taken.Reset()
	return list
}

// watching has a line on a service, in fake time, until stop is called.
func watching(t *testing.T, s *Service, l *line) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Public().ServeHTTP(l, httptest.NewRequest("GET", "/v1/watch", nil).WithContext(ctx))
	}()
	synctest.Wait()
	return func() {
		cancel()
		<-ended
	}
}

func (l *line) want(t *testing.T, after time.Duration, want ...string) {
	t.Helper()
	time.Sleep(after)
	synctest.Wait()
	if got := l.events(t); strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := full() // turn 1, two plans, three decisions
		l := newLine()
		stop := watching(t, New(Options{Controller: f}), l)
		defer stop()
		if got := l.header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type %q", got)
		}
		l.want(t, 0, "status 1", "plan 05") // how it stands; what was decided before is asked for elsewhere
		l.want(t, 10*time.Second)           // nothing is new
		f.decide("four", "four and a half") // both of one instant, and of that of the others
		f.turn(nil)
		f.mu.Lock()
		f.plans = append(f.plans, rubber.PlanView{At: noon.Add(10 * time.Second)})
		f.mu.Unlock()
		l.want(t, time.Second, "status 2", "plan 10", "decision four", "decision four and a half")
		f.turn(nil) // without a plan
		l.want(t, time.Second, "status 3")
		f.decide("five") // between two turns
		l.want(t, time.Second, "decision five")
		f.mu.Lock()
		f.decisions = f.decisions[4:] // the oldest are forgotten
		f.mu.Unlock()
		f.decide("six")
		l.want(t, time.Second, "decision six")
	})
}

// A line that stands says so, since what is between may cut what is silent.
func TestWatchIsKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		stop := watching(t, New(Options{Controller: full()}), l)
		defer stop()
		l.want(t, time.Second, "status 1", "plan 05")
		l.want(t, 31*time.Second, "alive", "alive")
	})
}

// A reader that takes nothing is given up, and holds no place.
func TestSlowWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := full()
		s := New(Options{Controller: f})
		l := newLine()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Public().ServeHTTP(l, httptest.NewRequest("GET", "/v1/watch", nil))
		}()
		l.want(t, time.Second, "status 1", "plan 05")
		l.mu.Lock()
		l.stuck = true
		l.mu.Unlock()
		begun := time.Now()
		f.turn(nil)
		<-ended
		if took := time.Since(begun); took > takeLimit+lookEvery {
			t.Errorf("it was waited for %v", took)
		}
		if len(s.watchers) != 0 {
			t.Error("it holds a place")
		}
	})
}

func TestTooManyWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Controller: full()})
		var stops []func()
		for range watchLimit {
			stops = append(stops, watching(t, s, newLine()))
		}
		a := asker{t, s.Public()}
		a.refused("GET", "/v1/watch", "", 503, "as many as may be")
		asker{t, s.Private()}.refused("GET", "/v1/watch", "", 503, "as many as may be")
		var status Status
		a.get("/v1/status", &status) // others are answered all the same
		stops[0]()
		l := newLine()
		stops = append(stops[1:], watching(t, s, l))
		l.want(t, 0, "status 1", "plan 05")
		for _, stop := range stops {
			stop()
		}
	})
}

// Over a real line: what is sent arrives at once, and the end of either side
// ends it.
func TestWatchOverTheNetwork(t *testing.T) {
	f := full()
	server := httptest.NewServer(New(Options{Controller: f}).Public())
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/v1/watch", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got strings.Builder
	b := make([]byte, 4096)
	for !strings.Contains(got.String(), "event: decision\ndata: ") {
		n, err := resp.Body.Read(b)
		if err != nil {
			t.Fatalf("%v after %q", err, got.String())
		}
		if got.Len() == 0 {
			f.decide("on the way")
		}
		got.Write(b[:n])
	}
	if !strings.HasPrefix(got.String(), "event: status\ndata: {") {
		t.Errorf("%.100q", got.String())
	}
}
