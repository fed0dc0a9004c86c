package top

import (
	"fmt"
	"math"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/tui"
	"perfmon/monitor/replay"
	"perfmon/scaling/rubber/api"
)

// detail is one profile: its plots, and why it is as it is.
type detail struct {
	profile string
	explain *api.Explanation // nil before the first answer
	series  *api.Series
	err     error
	plot    int // the one that is shown where there is room for one
	first   int // line of the reasons that is shown
}

// open shows a profile in detail.
func (m *model) open(profile string) {
	m.detail = &detail{profile: profile}
	m.asks.wantDetail(profile)
}

// detailed takes what was asked for. What has become of a profile that is no
// longer shown does not matter.
func (m *model) detailed(got detailed) {
	d := m.detail
	if d == nil || d.profile != got.profile {
		return
	}
	if d.err = got.err; got.err == nil {
		d.explain, d.series = got.explain, got.series
	}
}

// pressDetail takes a key while a profile is shown.
func (m *model) pressDetail(k tea.KeyPressMsg) {
	d := m.detail
	switch {
	case key.Matches(k, keyBack):
		m.detail = nil
	case key.Matches(k, keyNext), key.Matches(k, keyLast):
		d.plot = 1 - d.plot
	default:
		if by, ok := tui.Steps(k, max(1, m.Height/3), 1000); ok {
			d.first = max(0, d.first+by) // the view keeps it within the lines there are
		}
	}
}

// detailView is all lines of a profile.
func (m *model) detailView() []string {
	lines := m.aged(m.about())
	bottom := m.footer()
	room := m.Height - len(lines) - len(bottom)
	reasons := m.reasonLines()
	below := max(5, min(len(reasons)+1, room/2))
	lines = append(lines, m.aged(m.plotLines(room-below))...)
	d := m.detail
	d.first = max(0, min(d.first, len(reasons)-(below-1)))
	title := "why"
	if hidden := len(reasons) - (below - 1); hidden > 0 {
		title = fmt.Sprintf("why, lines %d to %d of %d", d.first+1, min(len(reasons), d.first+below-1), len(reasons))
	}
	out := []string{tui.Rule(title, true, m.Width)}
	out = append(out, reasons[min(d.first, len(reasons)):]...)
	lines = append(lines, m.aged(filled(out, below))...)
	return append(lines, bottom...)
}

// about says what the profile is, and its numbers.
func (m *model) about() []string {
	d := m.detail
	var p *api.Profile
	for i := range m.status.Profiles {
		if m.status.Profiles[i].Name == d.profile {
			p = &m.status.Profiles[i]
		}
	}
	name := tui.Paint(tui.Bold, "profile "+tui.Clean(d.profile))
	if p == nil {
		return []string{name, tui.Paint(tui.Warning, "it is not configured any more")}
	}
	who := name + tui.Paint(tui.Faint, fmt.Sprintf("  queue %s of %s, machines of %s", tui.Clean(p.Queue), tui.Clean(p.Broker), tui.Clean(p.Cloud)))
	var parts []string
	add := func(word, text string) { parts = append(parts, tui.Paint(tui.Heading, word+" ")+text) }
	add("waits", number(p.Waits))
	add("runs", number(p.Running))
	if p.OldestS != nil {
		add("oldest", tui.Ago(int64(*p.OldestS+0.5)))
	}
	add("slots", fmt.Sprint(p.Slots+p.Static))
	add("want", fmt.Sprint(p.Want))
	add("have", fmt.Sprint(p.Have))
	add("limit", fmt.Sprint(p.Limit))
	if p.BootP95S != nil {
		add("boot p95", tui.Ago(int64(*p.BootP95S)))
	}
	if p.TaskS != nil {
		add("task", tui.Seconds(*p.TaskS))
	}
	if p.ArrivalsS != nil {
		add("arrivals", fmt.Sprintf("%.3g/s", *p.ArrivalsS))
	}
	lines := append([]string{who}, flowing(parts, m.Width)...)
	if m.Away != nil {
		lines = append(lines, tui.Paint(tui.Critical, tui.Fit("not there since "+m.Clock(m.Away.When)+": "+tui.Clean(m.Away.Err.Error()), m.Width)))
	}
	if p.Error != "" {
		lines = append(lines, tui.Paint(tui.Critical, tui.Fit(tui.Clean(p.Error), m.Width)))
	}
	return lines
}

// flowing is parts beside each other in as many lines as they take.
func flowing(parts []string, cells int) []string {
	lines := []string{parts[0]}
	for _, part := range parts[1:] {
		last := &lines[len(lines)-1]
		if tui.Width(*last)+2+tui.Width(part) > cells {
			lines = append(lines, part)
			continue
		}
		*last += "  " + part
	}
	return lines
}

// reasonLines are the sentences of the explanation.
func (m *model) reasonLines() []string {
	d := m.detail
	switch {
	case d.err != nil:
		return []string{tui.Paint(tui.Warning, "  "+tui.Fit(tui.Clean(d.err.Error()), m.Width-2))}
	case d.explain == nil:
		return []string{tui.Paint(tui.Faint, "  asking rubber")}
	}
	var lines []string
	for _, text := range d.explain.Lines {
		wrapped := tui.Wrap("    ", cleanLong(text), m.Width)
		wrapped[0] = "  · " + strings.TrimPrefix(wrapped[0], "    ")
		lines = append(lines, wrapped...)
	}
	return lines
}

// cleanLong is tui.Clean for a text of more than one line.
func cleanLong(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = tui.Clean(w)
	}
	return strings.Join(words, " ")
}

// The smallest plot.
const minPlotCells = 56

// plotLines is demand and machines over time in so many lines: beside each
// other if there is room, else one of them.
func (m *model) plotLines(lines int) []string {
	d := m.detail
	out := []string{tui.Rule("over time", false, m.Width)}
	if d.series == nil || len(d.series.T) < 2 {
		text := "  no plans yet"
		if d.series == nil {
			text = "  asking rubber"
		}
		return filled(append(out, tui.Paint(tui.Faint, text)), lines)
	}
	s := d.series
	demand := m.plot("tasks that wait or run", s, lines-1, func(i int) float64 { return sum(at(s.Waits, i), at(s.Running, i)) })
	machines := m.plot("machines", s, lines-1, func(i int) float64 { return at(s.Have, i) })
	each := m.plotCells()
	if each == m.Width {
		return filled(append(out, [][]string{demand, machines}[d.plot]...), lines)
	}
	for i := range max(len(demand), len(machines)) {
		left, right := "", ""
		if i < len(demand) {
			left = demand[i]
		}
		if i < len(machines) {
			right = machines[i]
		}
		out = append(out, tui.Fit(left, each)+"  "+right)
	}
	return filled(out, lines)
}

// plotCells is how wide a plot is.
func (m *model) plotCells() int {
	if each := (m.Width - 2) / 2; each >= minPlotCells {
		return each
	}
	return m.Width
}

func at(list []*int, i int) float64 {
	if i >= len(list) || list[i] == nil {
		return math.NaN()
	}
	return float64(*list[i])
}

func sum(a, b float64) float64 { return a + b } // unknown with anything is unknown

// plot draws one line with its title.
func (m *model) plot(title string, s *api.Series, lines int, value func(i int) float64) []string {
	track := replay.Track{Level: math.NaN(), Warning: math.NaN(), Clear: math.NaN()}
	now := math.NaN()
	for i, t := range s.T {
		span := int64(1)
		if i > 0 {
			span = max(1, int64(t)-int64(s.T[i-1]))
		}
		v := value(i)
		track.Points = append(track.Points, replay.Point{T: int64(t), Span: span, Value: v})
		if !math.IsNaN(v) {
			now = v
		}
	}
	if !math.IsNaN(now) {
		title += ", now " + tui.Number(now)
	}
	each := m.plotCells()
	text := track.Plot(replay.PlotOptions{Width: each, Height: max(4, lines-4), Color: m.Color, Zero: true, Location: m.Location})
	return append([]string{tui.Paint(tui.Bold, title)}, strings.Split(strings.TrimRight(text, "\n"), "\n")...)
}
