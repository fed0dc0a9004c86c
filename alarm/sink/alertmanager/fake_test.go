package alertmanager

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"perfmon/alarm/sink/internal/sinkcheck"
)

// fake keeps alerts as Alertmanager does: one for each set of labels, merged
// with a new one that overlaps it, over when its end has passed.
type fake struct {
	*httptest.Server
	now func() time.Time

	mu     sync.Mutex
	alerts map[string]alert
	posts  [][]alert
	// answer decides about a request whose alerts have been kept if its
	// status is 2xx or its keep says so. Nil is 200.
	answer func(posted []alert) (status int, keep bool)
}

// hangUp as a status closes the connection without one.
const hangUp = -1

func newFake(t *testing.T, now func() time.Time) *fake {
	t.Helper()
	f := &fake{now: now, alerts: map[string]alert{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/api/v2/alerts" || r.Header.Get("Content-Type") != "application/json" {
		http.Error(w, "bad request line or type", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var posted []alert
	if err := json.Unmarshal(body, &posted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts = append(f.posts, posted)
	status, keep := 200, false
	if f.answer != nil {
		status, keep = f.answer(posted)
	}
	if status/100 == 2 || keep {
		for _, a := range posted {
			f.put(a)
		}
	}
	if status == hangUp {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"code":"as told"}`)
}

func (f *fake) put(a alert) {
	old, known := f.alerts[key(a.Labels)]
	now := f.now()
	overlap := a.EndsAt.After(old.StartsAt) && a.EndsAt.Before(old.EndsAt) || a.StartsAt.After(old.StartsAt) && a.StartsAt.Before(old.EndsAt)
	if known && overlap {
		if old.StartsAt.Before(a.StartsAt) {
			a.StartsAt = old.StartsAt
		}
		over := !a.EndsAt.After(now)
		oldOver := !old.EndsAt.After(now)
		if old.EndsAt.After(a.EndsAt) && (over == oldOver || !over) {
			a.EndsAt = old.EndsAt
		}
	}
	f.alerts[key(a.Labels)] = a
}

// firing lists the keys of the alerts that are not over.
func (f *fake) firing() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for k, a := range f.alerts {
		if a.EndsAt.After(f.now()) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// lastPost returns the alerts of the last request.
func (f *fake) lastPost() []alert {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.posts) == 0 {
		return nil
	}
	return f.posts[len(f.posts)-1]
}

// reply makes the fake answer so from now on.
func (f *fake) reply(status int, keep bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = func([]alert) (int, bool) { return status, keep }
}

func newSink(t *testing.T, o Options) *Sink {
	t.Helper()
	return sinkcheck.Open(t, New, o)
}

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1766000105, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}
