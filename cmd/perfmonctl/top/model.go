package top

import (
	"context"
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
	o     Options
	asks  requests
	frame tui.Frame

	width, height int

	poll   *api.WatchPoll // the newest; nil before the first
	status *api.Status    // nil before the first
	away   *lost          // since when the agent cannot be reached, and why; nil if it can
	rows   []*row
	past   map[string]history // by uuid
	host   history

	alarms    []api.Variable
	alarmsErr error
	asOf      int64 // the time of the poll to which the alarms belong; 0 before the first

	sort   *sorting
	turned bool
	kind   kind
	filter string
	typing bool // the filter is being typed

	pane   pane
	table  cursor
	alarm  cursor
	detail *detail // nil while the tables are shown
	help   bool
}

func newModel(o Options, asks requests) (*model, error) {
	m := &model{o: o, asks: asks, width: o.Width, height: o.Height, past: map[string]history{}, filter: o.Filter}
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

// Init has nothing to do: what comes, comes from the goroutines of Run.
func (m *model) Init() tea.Cmd { return nil }

// ticked comes every now and then, so that ages are shown anew.
type ticked struct{}

// settled comes once a terminal that was made wider has been drawn. It is drawn
// again then: the renderer forgets what it has written to the right of where
// the terminal ended before, and would leave that there.
type settled struct{}

// settleTime is some of the renderer's ticks.
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
	case polled:
		m.polled(msg.poll)
	case alarmed:
		m.asks.wantList()
	case lost:
		m.lost(msg)
	case listed:
		m.listed(msg)
	case detailed:
		m.detailed(msg)
	case remembered:
		m.remembered(msg)
	case frameDue:
		m.frame.Due()
	}
	return m, m.draw(urgent)
}

// polled takes a poll.
func (m *model) polled(p *api.WatchPoll) {
	m.away = nil
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

// lost notes that the agent is away; the first time counts.
func (m *model) lost(l lost) {
	if m.away != nil {
		l.when = m.away.when
	}
	m.away = &l
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
func (m *model) now() int64 { return m.o.now().Unix() }

// old says that what is shown is not what is so now.
func (m *model) old() bool { return m.away != nil || m.stale() }

// stale says that the newest row is older than it should be. One poll that
// fails does not make it so.
func (m *model) stale() bool {
	return m.poll.LastRow > 0 && m.now()-m.poll.LastRow > staleAfter*max(m.step(), 5)+pollSlack
}

// visible are the rows of the table, in order.
func (m *model) visible() []*row { return choose(m.rows, m.kind, m.filter, m.sort, m.turned) }

// clock is a time of the day, with the day if that is not today.
func (m *model) clock(unix int64) string {
	t, now := time.Unix(unix, 0).In(m.o.Location), m.o.now().In(m.o.Location)
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		return t.Format("Jan 2 15:04:05")
	}
	return t.Format(time.TimeOnly)
}

// tick sends what lets ages be shown anew, until ctx ends.
func tick(ctx context.Context, send func(tea.Msg)) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			send(ticked{})
		}
	}
}
