//go:build browser

package page_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"perfmon/monitor/api/page/kit"
	"perfmon/monitor/api/page/pagetest"
	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/api"
	"perfmon/scaling/rubber/api/page"
	"perfmon/scaling/rubber/plan"
)

// fake is a controller that says what a test wants, behind the real API, with
// the page beside it.
type fake struct {
	mu        sync.Mutex // guards everything that follows
	status    *rubber.Status
	plans     []rubber.PlanView
	decisions []rubber.Decision
	engine    *api.Engine
	away      bool
	refused   int // requests while away
	cut       chan struct{}
}

func newFake() *fake {
	return &fake{
		status: &rubber.Status{Role: rubber.Active, At: time.Now(), Since: time.Now().Add(-26 * time.Hour), Cap: 50, Turns: 1},
		engine: &api.Engine{Where: "engine in /var/lib/perfmon-engine on 127.0.0.1:4222", Owner: true, OK: true}, cut: make(chan struct{}),
	}
}

func (f *fake) Status() *rubber.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

func (f *fake) Plans(n int) []rubber.PlanView {
	f.mu.Lock()
	defer f.mu.Unlock()
	return last(f.plans, n)
}

func (f *fake) Decisions(n int) []rubber.Decision {
	f.mu.Lock()
	defer f.mu.Unlock()
	return last(f.decisions, n)
}

func last[T any](list []T, n int) []T {
	if n < 1 || n > len(list) {
		n = len(list)
	}
	return append([]T{}, list[len(list)-n:]...)
}

func (f *fake) Explain(string) (rubber.Explanation, error) {
	return rubber.Explanation{}, errors.New("not asked here")
}
func (f *fake) Now(context.Context) error                      { return nil }
func (f *fake) Pause(context.Context, string) error            { return nil }
func (f *fake) Resume(context.Context, string) error           { return nil }
func (f *fake) Drain(context.Context, string, string) error    { return nil }
func (f *fake) Undo(context.Context, string, string) error     { return nil }
func (f *fake) Force(context.Context, string, string) error    { return nil }
func (f *fake) Protect(context.Context, string, string) error  { return nil }
func (f *fake) TakeOver(context.Context, string, string) error { return nil }

// start serves it until the test ends.
func (f *fake) start(t *testing.T) (origin string) {
	t.Helper()
	service := api.New(api.Options{Controller: f, Version: "1.0", Owner: "shop", Engine: func() *api.Engine {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.engine
	}}).Public()
	mux := http.NewServeMux()
	mux.Handle("/v1/", service)
	mux.Handle("/", page.New("1.0"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", kit.Policy)
		f.mu.Lock()
		away, cut := f.away, f.cut
		if away {
			f.refused++
		}
		f.mu.Unlock()
		if away {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() {
			select {
			case <-cut:
				cancel()
			case <-ctx.Done():
			}
		}()
		mux.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// goAway ends all streams and refuses everything.
func (f *fake) goAway() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = true
	close(f.cut)
	f.cut = make(chan struct{})
}

func (f *fake) comeBack() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = false
}

// waitFor waits until something is so.
func (f *fake) waitFor(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(pagetest.Patience)
	for {
		f.mu.Lock()
		ok := so()
		f.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it has not come about: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// change makes another status of the present one: a turn.
func (f *fake) change(f2 func(s *rubber.Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := *f.status
	next.Profiles = append([]rubber.ProfileStatus{}, next.Profiles...)
	next.At, next.Turns = time.Now(), next.Turns+1
	f2(&next)
	f.status = &next
}

// decide adds a decision.
func (f *fake) decide(d rubber.Decision) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decisions = append(f.decisions, d)
}

// target is a profile in a plan, with known demand.
func target(name string, waits, running int, oldest time.Duration, ready, coming, want int) rubber.TargetView {
	return rubber.TargetView{
		Target: plan.Target{Profile: name, Want: want, Wish: want, Limit: 20, Have: ready + coming, Ready: ready, Coming: coming},
		Known:  true, Waits: waits, Running: running, Oldest: oldest, Slots: 4 * ready,
	}
}

// planned adds a plan at a time.
func (f *fake) planned(at time.Time, targets ...rubber.TargetView) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans = append(f.plans, rubber.PlanView{At: at, Targets: targets})
}

// profile is one as a status has it, of its last target.
func profile(t rubber.TargetView, reasons ...string) rubber.ProfileStatus {
	p := rubber.ProfileStatus{
		Name: t.Profile, Queue: t.Profile, Broker: "rabbit", Cloud: "openstack", Generation: "3f2a9c71d004", DemandKnown: t.Known, Waits: t.Waits, Running: t.Running,
		Oldest: t.Oldest, DemandAt: time.Now(), WorkersKnown: true, Slots: t.Slots, Busy: min(t.Running, t.Slots), Target: t.Target, Reasons: reasons, Window: -1,
		States: map[plan.State]int{plan.Ready: t.Ready, plan.Booting: t.Coming}, Max: 20, BootP50: 74 * time.Second, BootP95: 118 * time.Second, BootCount: 31,
		TaskTime: 41 * time.Second, Arrivals: 0.37,
	}
	if len(reasons) == 0 {
		p.Reasons = []string{fmt.Sprintf("hold: %d machines are as many as %d tasks need", t.Have, t.Waits+t.Running)}
	}
	return p
}
