package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a controller that says and does what a test wants.
type fake struct {
	mu        sync.Mutex // guards everything that follows
	status    *rubber.Status
	plans     []rubber.PlanView
	decisions []rubber.Decision
	asked     []string // what was to be done, in order
	refusal   error
	hang      bool // until who asks has gone
}

func (f *fake) Status() *rubber.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status == nil {
		f.status = &rubber.Status{}
	}
	return f.status
}

func (f *fake) Plans(n int) []rubber.PlanView {
	f.mu.Lock()
	defer f.mu.Unlock()
	return lastOf(f.plans, n)
}

func (f *fake) Decisions(n int) []rubber.Decision {
	f.mu.Lock()
	defer f.mu.Unlock()
	return lastOf(f.decisions, n)
}

func lastOf[T any](list []T, n int) []T {
	if n < 1 || n > len(list) {
		n = len(list)
	}
	return append([]T{}, list[len(list)-n:]...)
}

func (f *fake) Explain(profile string) (rubber.Explanation, error) {
	if f.Status().Profile(profile) == nil {
		return rubber.Explanation{}, fmt.Errorf("explain %q: no such profile is configured", profile)
	}
	return rubber.Explanation{Profile: profile, At: noon, Lines: []string{"2 machines are wanted", "because"}}, nil
}

func (f *fake) done(ctx context.Context, what ...string) error {
	f.mu.Lock()
	hang, refusal := f.hang, f.refusal
	f.asked = append(f.asked, strings.Join(what, " "))
	f.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return refusal
}

func (f *fake) Now(ctx context.Context) error                   { return f.done(ctx, "plan") }
func (f *fake) Pause(ctx context.Context, reason string) error  { return f.done(ctx, "pause", reason) }
func (f *fake) Resume(ctx context.Context, reason string) error { return f.done(ctx, "resume", reason) }
func (f *fake) Drain(ctx context.Context, m, reason string) error {
	return f.done(ctx, "drain", m, reason)
}
func (f *fake) Undo(ctx context.Context, m, reason string) error {
	return f.done(ctx, "undo", m, reason)
}
func (f *fake) Force(ctx context.Context, m, reason string) error {
	return f.done(ctx, "force", m, reason)
}
func (f *fake) TakeOver(ctx context.Context, cloud, reason string) error {
	return f.done(ctx, "take over", cloud, reason)
}
func (f *fake) Protect(ctx context.Context, m, reason string) error {
	return f.done(ctx, "protect", m, reason)
}

// turn makes the status another one, of the next turn.
func (f *fake) turn(change func(s *rubber.Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := rubber.Status{}
	if f.status != nil {
		next = *f.status
	}
	next.Turns++
	next.At = noon.Add(time.Duration(next.Turns) * 5 * time.Second)
	if change != nil {
		change(&next)
	}
	f.status = &next
}

func (f *fake) decide(texts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, text := range texts {
		f.decisions = append(f.decisions, rubber.Decision{At: noon, Event: "drain", Profile: "mail", Text: text})
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// known and unknown are targets whose demand is so.
func known(profile string, waits, running int, oldest time.Duration) rubber.TargetView {
	return rubber.TargetView{Target: plan.Target{Profile: profile, Want: 3, Wish: 4, Limit: 3, Have: 2, Ready: 1, Coming: 1}, Known: true, Waits: waits, Running: running, Oldest: oldest, Slots: 4}
}

func unknown(profile string) rubber.TargetView {
	return rubber.TargetView{Target: plan.Target{Profile: profile, Want: 1, Have: 1, Ready: 1}, Slots: 4}
}

// asker asks a service without a network.
type asker struct {
	*testing.T
	h http.Handler
}

func (a asker) do(method, path, body string) *httptest.ResponseRecorder {
	a.Helper()
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

// get asks for something that has to be there.
func (a asker) get(path string, into any) {
	a.Helper()
	w := a.do("GET", path, "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		a.Fatalf("%s: %d, %s: %s", path, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		a.Fatalf("%s: %v", path, err)
	}
}

// refused asks for what has to be refused.
func (a asker) refused(method, path, body string, code int, message string) Refusal {
	a.Helper()
	w := a.do(method, path, body)
	var no Refusal
	if err := json.Unmarshal(w.Body.Bytes(), &no); err != nil {
		a.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
	}
	if w.Code != code || !strings.Contains(no.Message, message) || w.Header().Get("Content-Type") != "application/json" {
		a.Errorf("%s %s: %d %+v, want %d and %q", method, path, w.Code, no, code, message)
	}
	return no
}

func newAsker(t *testing.T, f *fake) (public, private asker) {
	s := New(Options{Controller: f, Version: "1.2", Owner: "shop"})
	return asker{t, s.Public()}, asker{t, s.Private()}
}
