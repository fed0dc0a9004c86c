package top

import (
	"context"
	"net/url"
	"strconv"
	"sync"

	tea "charm.land/bubbletea/v2"

	"perfmon/scaling/rubber/api"
)

// What the asker sends to the model.
type (
	// remembered is what rubber knows of the time before.
	remembered struct {
		plans     []api.Plan
		decisions []api.Decision
	}
	// detailed is a profile in detail.
	detailed struct {
		profile string
		explain *api.Explanation
		series  *api.Series
		err     error
	}
)

// asker asks for what the stream does not bring, one thing after the other.
// What is asked for again while it is being asked for is asked for once more
// afterwards, not as often as it was wanted.
type asker struct {
	server Server
	wake   chan struct{}

	mu       sync.Mutex // guards all below
	past     bool
	profiles int
	detail   string
}

func newAsker(server Server) *asker { return &asker{server: server, wake: make(chan struct{}, 1)} }

// wantPast asks for the time before, of so many profiles.
func (a *asker) wantPast(profiles int) {
	a.mu.Lock()
	a.past, a.profiles = true, profiles
	a.mu.Unlock()
	a.rouse()
}

// wantDetail asks for a profile in detail.
func (a *asker) wantDetail(profile string) {
	a.mu.Lock()
	a.detail = profile
	a.mu.Unlock()
	a.rouse()
}

func (a *asker) rouse() {
	select {
	case a.wake <- struct{}{}:
	default: // it is awake
	}
}

func (a *asker) next() (past bool, profiles int, detail string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	past, profiles, detail = a.past, a.profiles, a.detail
	a.past, a.detail = false, ""
	return past, profiles, detail
}

// run asks until ctx ends.
func (a *asker) run(ctx context.Context, send func(tea.Msg)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		past, profiles, detail := a.next()
		if detail != "" { // somebody looks at it, and waits
			send(a.inDetail(ctx, detail))
		}
		if past {
			send(a.before(ctx, profiles))
		}
	}
}

// cellsAsked bounds how much is asked for of the time before.
const cellsAsked = 20_000

// before asks for the time before. What cannot be had is not shown.
func (a *asker) before(ctx context.Context, profiles int) remembered {
	var plans api.Plans
	var decisions api.Decisions
	n := max(2, min(maxPast, cellsAsked/max(1, profiles)))
	_ = a.server.Get(ctx, "/v1/plans", url.Values{"n": {strconv.Itoa(n)}}, &plans)
	_ = a.server.Get(ctx, "/v1/decisions", url.Values{"n": {strconv.Itoa(maxDecisions)}}, &decisions)
	return remembered{plans.Plans, decisions.Decisions}
}

func (a *asker) inDetail(ctx context.Context, profile string) detailed {
	out := detailed{profile: profile, explain: &api.Explanation{}, series: &api.Series{}}
	out.err = a.server.Get(ctx, "/v1/explain/"+profile, nil, out.explain)
	if out.err == nil {
		out.err = a.server.Get(ctx, "/v1/series", url.Values{"profile": {profile}}, out.series)
	}
	return out
}
