package top

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	maxFilter    = 64 // bytes
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
	o     Options
	asks  requests
	frame tui.Frame

	width, height int

	status    *api.Status // the newest; nil before the first
	away      *lost       // since when rubber cannot be reached, and why; nil if it can
	past      map[string][]point
	decisions []api.Decision // the newest first

	filter string
	typing bool // the filter is being typed

	pane    pane
	cursors [panes]tui.Cursor
	detail  *detail // nil while the tables are shown
	help    bool
}

func newModel(o Options, asks requests) *model {
	return &model{o: o, asks: asks, width: o.Width, height: o.Height, past: map[string][]point{}, filter: o.Filter}
}

// Init has nothing to do: what comes, comes from the goroutines of Run.
func (m *model) Init() tea.Cmd { return nil }

// ticked comes every now and then, so that ages are shown anew.
type ticked struct{}

// settled comes once a terminal that was made wider has been drawn. It is drawn
// again then: the renderer forgets what it has written to the right of where
// the terminal ended before.
type settled struct{}

const settleTime = 300 * time.Millisecond

// Update takes a message. Each is cheap; what is drawn is made in draw.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	urgent := false
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		wider := m.width > 0 && msg.Width > m.width
		m.width, m.height = msg.Width, msg.Height
		if wider {
			return m, tea.Batch(m.draw(true), tea.Tick(settleTime, func(time.Time) tea.Msg { return settled{} }))
		}
		urgent = true
	case settled:
		return m, tea.ClearScreen
	case tea.KeyPressMsg:
		if quit := m.press(msg); quit {
			return m, tea.Quit
		}
	case tea.PasteMsg:
		if m.typing {
			m.typed(msg.Content)
		}
	case stated:
		m.stated(msg.status)
	case planned:
		m.planned(msg.plan)
	case decided:
		m.decided(msg.decision)
	case lost:
		m.lost(msg)
	case remembered:
		m.remembered(msg)
	case detailed:
		m.detailed(msg)
	case tui.FrameDue:
		m.frame.Due()
	}
	return m, m.draw(urgent)
}

// stated takes a status. After a time without one there may be decisions that
// nobody has told.
func (m *model) stated(s *api.Status) {
	if m.status == nil || m.away != nil {
		m.asks.wantPast(len(s.Profiles))
	}
	m.status, m.away = s, nil
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

// lost notes that rubber is away; the first time counts.
func (m *model) lost(l lost) {
	if m.away != nil {
		l.when = m.away.when
	}
	m.away = &l
}

// draw draws the next frame, or has itself called again when that may be.
func (m *model) draw(urgent bool) tea.Cmd {
	if m.width == 0 {
		return nil // not known yet
	}
	return m.frame.Draw(m.o.now(), time.Second/time.Duration(m.o.Frames), urgent, m.render)
}

// View is the frame that was last drawn.
func (m *model) View() tea.View { return m.frame.View() }

// press takes a key, and says whether it ends the view.
func (m *model) press(k tea.KeyPressMsg) (quit bool) {
	switch {
	case k.String() == "ctrl+c":
		return true
	case m.help:
		m.help = false // any key
	case m.typing:
		m.typeKey(k)
	case key.Matches(k, tui.KeyQuit):
		return true
	case key.Matches(k, tui.KeyHelp):
		m.help = true
	case m.status == nil:
	case m.detail != nil:
		m.pressDetail(k)
	default:
		m.pressTables(k)
	}
	return false
}

// pressTables takes a key while the tables are shown.
func (m *model) pressTables(k tea.KeyPressMsg) {
	switch {
	case key.Matches(k, keyPane):
		m.pane = (m.pane + 1) % panes
	case key.Matches(k, keyPaneBack):
		m.pane = (m.pane + panes - 1) % panes
	case key.Matches(k, keyFilter):
		m.typing = true
	case key.Matches(k, keyBack):
		m.filter = ""
	case key.Matches(k, keyOpen):
		m.openHere()
	default:
		m.travel(k)
	}
}

// travel moves the cursor of the pane that is active.
func (m *model) travel(k tea.KeyPressMsg) {
	keys := m.keys()
	if by, ok := tui.Steps(k, max(1, m.height/3), len(keys)); ok {
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

// typeKey takes a key while the filter is typed.
func (m *model) typeKey(k tea.KeyPressMsg) {
	switch k.String() {
	case "enter":
		m.typing = false
	case "esc":
		m.typing, m.filter = false, ""
	case "backspace":
		_, n := utf8.DecodeLastRuneInString(m.filter)
		m.filter = m.filter[:len(m.filter)-n]
	case "ctrl+u":
		m.filter = ""
	case "up", "down", "pgup", "pgdown":
		m.travel(k)
	default:
		m.typed(k.Text)
	}
}

// typed adds to the filter.
func (m *model) typed(text string) {
	if text = tui.Clean(text); len(m.filter)+len(text) <= maxFilter {
		m.filter += text
	}
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

// passes says whether a name passes the filter.
func (m *model) passes(names ...string) bool {
	if m.filter == "" {
		return true
	}
	for _, name := range names {
		if strings.Contains(strings.ToLower(name), strings.ToLower(m.filter)) {
			return true
		}
	}
	return false
}

// profiles are those that pass the filter.
func (m *model) profiles() []*api.Profile {
	var list []*api.Profile
	for i := range m.status.Profiles {
		if p := &m.status.Profiles[i]; m.passes(p.Name, p.Queue) {
			list = append(list, p)
		}
	}
	return list
}

// machines are those that pass the filter, those in trouble first.
func (m *model) machines() []*api.Machine {
	var list []*api.Machine
	for i := range m.status.Machines {
		if one := &m.status.Machines[i]; m.passes(one.Name, one.Profile, one.Host) {
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
