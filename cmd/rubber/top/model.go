package top

import (
	"slices"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/tui"
	"perfmon/scaling/rubber/api"
)

// pane is a part of the screen that takes the arrow keys.
type pane int

// The panes.
const (
	profilePane pane = iota
	machinePane
	decisionPane
	panes
	noPane // on paper
)

const (
	maxPast      = 120 // plans that are kept, a cell of a sparkline each
	maxDecisions = 200
)

// point is what one plan saw of a profile.
type point struct {
	at       time.Time
	known    bool
	demand   int // tasks that wait or run
	capacity int // tasks that can run at once
}

// requests is what the model asks for; *asker answers.
type requests interface {
	wantPast(profiles int)
	wantDetail(profile string)
}

// model is the state of the view. It belongs to the goroutine of the program.
type model struct {
	tui.Screen
	asks requests

	status    *api.Status // the newest; nil before the first
	past      map[string][]point
	decisions []api.Decision // the newest first

	pane    pane
	cursors [panes]tui.Cursor
	detail  *detail // nil while the tables are shown
}

func newModel(o Options, asks requests) *model {
	return &model{Screen: tui.Screen{Terminal: o.Terminal, Filter: tui.Filter{Text: o.Filter}}, asks: asks, past: map[string][]point{}}
}

// Update takes a message. Each is cheap; what is drawn is made in render.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		if quit := m.press(msg); quit {
			return m, tea.Quit
		}
	case stated:
		m.stated(msg.status)
	case planned:
		m.planned(msg.plan)
	case decided:
		m.decided(msg.decision)
	case remembered:
		m.remembered(msg)
	case detailed:
		m.detailed(msg)
	}
	return m, m.Screen.Update(msg, m.render)
}

// stated takes a status. After a time without one there may be decisions that
// nobody has told.
func (m *model) stated(s *api.Status) {
	if m.status == nil || m.Away != nil {
		m.asks.wantPast(len(s.Profiles))
	}
	m.status, m.Away = s, nil
	if m.detail != nil {
		m.asks.wantDetail(m.detail.profile)
	}
}

// planned remembers what a plan saw, and forgets profiles that have gone.
func (m *model) planned(p *api.Plan) {
	past := make(map[string][]point, len(p.Targets))
	for i := range p.Targets {
		t := &p.Targets[i]
		list := m.past[t.Profile]
		if n := len(list); n > 0 && !p.At.After(list[n-1].at) {
			past[t.Profile] = list
			continue
		}
		one := point{at: p.At, known: t.Waits != nil && t.Running != nil, capacity: t.Slots}
		if one.known {
			one.demand = *t.Waits + *t.Running
		}
		if len(list) >= maxPast {
			list = append(list[:0], list[len(list)-maxPast+1:]...)
		}
		past[t.Profile] = append(list, one)
	}
	m.past = past
}

func (m *model) decided(d *api.Decision) {
	m.decisions = slices.Insert(m.decisions, 0, *d)
	m.decisions = m.decisions[:min(len(m.decisions), maxDecisions)]
}

// remembered takes the time before in the place of what has been seen since:
// rubber remembers that too.
func (m *model) remembered(r remembered) {
	if len(r.plans) > 0 {
		m.past = map[string][]point{}
	}
	for i := range r.plans {
		m.planned(&r.plans[i])
	}
	if r.decisions != nil {
		m.decisions = r.decisions
		slices.Reverse(m.decisions)
		m.decisions = m.decisions[:min(len(m.decisions), maxDecisions)]
	}
}

// press takes a key, and says whether it ends the view.
func (m *model) press(k tea.KeyPressMsg) (quit bool) {
	taken, quit := m.Press(k, m.travel)
	switch {
	case taken, m.status == nil:
	case m.detail != nil:
		m.pressDetail(k)
	default:
		m.pressTables(k)
	}
	return quit
}

// pressTables takes a key while the tables are shown.
func (m *model) pressTables(k tea.KeyPressMsg) {
	switch {
	case key.Matches(k, keyPane):
		m.pane = (m.pane + 1) % panes
	case key.Matches(k, keyPaneBack):
		m.pane = (m.pane + panes - 1) % panes
	case key.Matches(k, keyFilter):
		m.Filter.Typing = true
	case key.Matches(k, keyBack):
		m.Filter.Text = ""
	case key.Matches(k, keyOpen):
		m.openHere()
	default:
		m.travel(k)
	}
}

// travel moves the cursor of the pane that is active.
func (m *model) travel(k tea.KeyPressMsg) {
	keys := m.keys()
	if by, ok := tui.Steps(k, max(1, m.Height/3), len(keys)); ok {
		m.cursors[m.pane].Move(keys, by)
	}
}

// keys are the entries of the pane that is active.
func (m *model) keys() []string {
	var keys []string
	switch m.pane {
	case profilePane:
		for _, p := range m.profiles() {
			keys = append(keys, p.Name)
		}
	case machinePane:
		for _, one := range m.machines() {
			keys = append(keys, one.Intent)
		}
	case decisionPane:
		for i := range m.decisions {
			keys = append(keys, decisionKey(&m.decisions[i]))
		}
	}
	return keys
}

// openHere shows the profile of what the cursor is on in detail.
func (m *model) openHere() {
	c := &m.cursors[m.pane]
	switch m.pane {
	case profilePane:
		if list := m.profiles(); c.Index < len(list) {
			m.open(list[c.Index].Name)
		}
	case machinePane:
		if list := m.machines(); c.Index < len(list) {
			m.open(list[c.Index].Profile)
		}
	case decisionPane:
		if c.Index < len(m.decisions) && m.decisions[c.Index].Profile != "" {
			m.open(m.decisions[c.Index].Profile)
		}
	}
}

// profiles are those that pass the filter.
func (m *model) profiles() []*api.Profile {
	var list []*api.Profile
	for i := range m.status.Profiles {
		if p := &m.status.Profiles[i]; m.Filter.Passes(p.Name, p.Queue) {
			list = append(list, p)
		}
	}
	return list
}

// machines are those that pass the filter, those in trouble first.
func (m *model) machines() []*api.Machine {
	var list []*api.Machine
	for i := range m.status.Machines {
		if one := &m.status.Machines[i]; m.Filter.Passes(one.Name, one.Profile, one.Host, m.status.HostName(one.Host)) {
			list = append(list, one)
		}
	}
	slices.SortStableFunc(list, func(a, b *api.Machine) int { return rank(a) - rank(b) })
	return list
}

// rank is lower for what somebody should see first.
func rank(m *api.Machine) int {
	switch {
	case m.Overdue:
		return 0
	case m.Trouble != "":
		return 1
	case m.State != "ready" && m.State != "warm":
		return 2
	}
	return 3
}

// decisionKey tells a decision from others.
func decisionKey(d *api.Decision) string { return d.At.String() + d.Event + d.Machine + d.Text }
