package top

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/tui"
	"perfmon/monitor/api"
)

// requests is what the model asks for; *asker answers.
type requests interface {
	wantList()
	wantDetail(wanted)
}

// pane is a part of the screen that takes the arrow keys.
type pane int

// The panes.
const (
	tablePane pane = iota
	alarmPane
	noPane // on paper
)

// model is the state of the view. It belongs to the goroutine of the program.
type model struct {
	tui.Screen
	asks requests

	poll   *api.WatchPoll // the newest; nil before the first
	status *api.Status    // nil before the first
	rows   []*row
	past   map[string]history // by uuid
	host   history

	alarms    []api.Variable
	alarmsErr error
	asOf      int64 // the time of the poll to which the alarms belong; 0 before the first

	sort   *sorting
	turned bool
	kind   kind

	pane   pane
	table  cursor
	alarm  cursor
	detail *detail // nil while the tables are shown
}

func newModel(o Options, asks requests) (*model, error) {
	m := &model{Screen: tui.Screen{Terminal: o.Terminal, Filter: tui.Filter{Text: o.Filter}}, asks: asks, past: map[string]history{}}
	for i := range sortings {
		if sortings[i].name == o.Sort || o.Sort == "" && i == 0 {
			m.sort = &sortings[i]
		}
	}
	if m.sort == nil {
		return nil, fmt.Errorf("sort by %q: want one of %s", o.Sort, strings.Join(SortKeys(), ", "))
	}
	return m, nil
}

// Update takes a message. Each is cheap; what is drawn is made in render.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		if quit := m.press(msg); quit {
			return m, tea.Quit
		}
	case polled:
		m.polled(msg.poll)
	case alarmed:
		m.asks.wantList()
	case listed:
		m.listed(msg)
	case detailed:
		m.detailed(msg)
	case remembered:
		m.remembered(msg)
	}
	return m, m.Screen.Update(msg, m.render)
}

// polled takes a poll.
func (m *model) polled(p *api.WatchPoll) {
	m.Away = nil
	m.poll = p
	m.rows = rowsOf(p.Overview)
	if t := p.Overview.Row; t > 0 {
		m.remember(t, &p.Overview.Host)
	}
	m.asks.wantList()
	if m.detail != nil {
		m.asks.wantDetail(m.detail.wanted)
	}
}

// remember keeps the headlines of a row, and forgets objects that have gone.
func (m *model) remember(t int64, h *api.HostOverview) {
	past := make(map[string]history, len(m.rows))
	for _, r := range m.rows {
		past[r.uuid] = m.past[r.uuid].add(sample{t, r.values})
	}
	m.past = past
	m.host = m.host.add(sample{t, [metrics]float64{cpu: known(h.CPU), memory: known(h.MemoryUsed)}})
}

// remembered puts what the agent knows of the time before in front of what has
// been seen since.
func (m *model) remembered(r remembered) {
	if r.recent == nil {
		return
	}
	t := r.recent.T
	h := &r.recent.Host
	m.host = m.host.before(t, [metrics][]float64{cpu: h.CPU, memory: h.Memory})
	for i := range r.recent.VMs {
		v := &r.recent.VMs[i]
		m.past[v.UUID] = m.past[v.UUID].before(t, [metrics][]float64{cpu: v.CPU, memory: v.Memory, network: v.Net, disk: v.Disk, contention: v.Contention})
	}
	for i := range r.recent.SRs {
		s := &r.recent.SRs[i]
		m.past[s.UUID] = m.past[s.UUID].before(t, [metrics][]float64{memory: s.Memory, disk: s.Disk, contention: s.Latency})
	}
}

func (m *model) listed(l listed) {
	m.alarmsErr = l.err
	if l.err != nil {
		return
	}
	m.alarms, m.status = l.alarms, l.status
	for i := range m.alarms {
		v := &m.alarms[i]
		v.Name, v.Variable, v.Muted, v.State = nameOf(v.Name, v.UUID), clean(v.Variable), clean(v.Muted), clean(v.State)
	}
	if m.poll != nil {
		m.asOf = m.poll.Now
	}
}

// now is the time, which is also the agent's: it runs on the same host.
func (m *model) now() int64 { return m.Now().Unix() }

// old says that what is shown is not what is so now.
func (m *model) old() bool { return m.Away != nil || m.stale() }

// stale says that the newest row is older than it should be. One poll that
// fails does not make it so.
func (m *model) stale() bool {
	return m.poll.LastRow > 0 && m.now()-m.poll.LastRow > staleAfter*max(m.step(), 5)+pollSlack
}

// visible are the rows of the table, in order.
func (m *model) visible() []*row { return choose(m.rows, m.kind, m.Filter.Text, m.sort, m.turned) }

// clock is a time of the day, with the day if that is not today.
func (m *model) clock(unix int64) string { return m.Clock(time.Unix(unix, 0)) }
