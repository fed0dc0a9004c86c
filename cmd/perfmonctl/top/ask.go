package top

import (
	"context"
	"net/url"
	"sync"

	tea "charm.land/bubbletea/v2"

	"perfmon/monitor/api"
)

// spans are the lengths of the plots, as the API has them.
var spans = []string{"10m", "2h"}

// wanted is an object in detail that is asked for.
type wanted struct{ class, uuid, span string }

func (w *wanted) object() string { return w.class + ":" + w.uuid }

// What the asker sends to the model. An err is why there is no answer.
type (
	// listed are the alarms, and how the agent does.
	listed struct {
		alarms []api.Variable
		status *api.Status
		err    error
	}
	// remembered is what the agent knows of the time before; nil if it does not
	// say.
	remembered struct{ recent *api.Recent }
	// detailed is an object in detail.
	detailed struct {
		of        wanted
		variables *api.ExplainedAll
		series    *api.Series
		err       error // of the variables
		plotErr   error // of the series
	}
)

// asker asks the agent for what the stream does not bring, one thing after
// the other. What is asked for again while it is being asked for is asked for
// once more afterwards, not as often as it was wanted.
type asker struct {
	agent Agent
	wake  chan struct{}

	mu     sync.Mutex // guards all below
	list   bool
	detail *wanted
}

func newAsker(agent Agent) *asker { return &asker{agent: agent, wake: make(chan struct{}, 1)} }

// wantList asks for the alarms.
func (a *asker) wantList() {
	a.mu.Lock()
	a.list = true
	a.mu.Unlock()
	a.rouse()
}

// wantDetail asks for an object in detail.
func (a *asker) wantDetail(w wanted) {
	a.mu.Lock()
	a.detail = &w
	a.mu.Unlock()
	a.rouse()
}

func (a *asker) rouse() {
	select {
	case a.wake <- struct{}{}:
	default: // it is awake
	}
}

// next takes what is wanted.
func (a *asker) next() (list bool, detail *wanted) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list, detail = a.list, a.detail
	a.list, a.detail = false, nil
	return list, detail
}

// run asks until ctx ends.
func (a *asker) run(ctx context.Context, send func(tea.Msg)) {
	begun := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		list, detail := a.next()
		if detail != nil { // somebody looks at it, and waits
			send(a.askDetail(ctx, *detail))
		}
		if list {
			send(a.askList(ctx))
		}
		if !begun { // what is in the pictures can wait until all else is shown
			begun = true
			send(a.askRecent(ctx))
		}
	}
}

// askRecent asks for what there was before. An agent that is older does not
// know it.
func (a *asker) askRecent(ctx context.Context) remembered {
	recent := &api.Recent{}
	if err := a.agent.Get(ctx, "/v1/recent", nil, recent); err != nil {
		recent = nil
	}
	return remembered{recent}
}

func (a *asker) askList(ctx context.Context) listed {
	var out listed
	var alarms api.Variables
	if out.err = a.agent.Get(ctx, "/v1/alarms", nil, &alarms); out.err == nil {
		out.alarms = alarms.Variables
		out.status = &api.Status{}
		out.err = a.agent.Get(ctx, "/v1/status", nil, out.status)
	}
	return out
}

func (a *asker) askDetail(ctx context.Context, w wanted) detailed {
	out := detailed{of: w, variables: &api.ExplainedAll{}, series: &api.Series{}}
	out.err = a.agent.Get(ctx, "/v1/explain", url.Values{"object": {w.object()}}, out.variables)
	query := url.Values{"object": {w.object()}, "span": {w.span}, "columns": {globsOf(w.class, out.variables.Variables)}}
	out.plotErr = a.agent.Get(ctx, "/v1/series", query, out.series)
	return out
}
