package top

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"perfmon/cmd/internal/tui"
	"perfmon/scaling/rubber/api"
)

// render makes all lines of the screen.
func (m *model) render() string {
	return m.Lines(func() []string {
		switch {
		case m.Help:
			return m.helpView()
		case m.status == nil:
			return m.Waiting("rubber")
		case m.detail != nil:
			return m.detailView()
		}
		return m.mainView()
	})
}

// mainView is the header and the panes.
func (m *model) mainView() []string {
	lines := m.header()
	bottom := m.footer()
	room := m.Height - len(lines) - len(bottom)
	decisions := max(3, min(len(m.decisions)+1, room/4))
	profiles := max(3, min(len(m.profiles())+2, (room-decisions)/2))
	machines := min(max(3, len(m.machines())+2), room-decisions-profiles)
	decisions = room - profiles - machines
	lines = append(lines, m.aged(m.profileLines(profiles))...)
	lines = append(lines, m.aged(m.machineLines(machines))...)
	lines = append(lines, m.aged(m.decisionLines(decisions))...)
	return append(lines, bottom...)
}

// aged greys lines if what they say is old.
func (m *model) aged(lines []string) []string {
	if m.Away != nil {
		for i := range lines {
			lines[i] = tui.Paint(tui.Faint, tui.Plain(lines[i]))
		}
	}
	return lines
}

// header is who answers, how much there is of all, and what is the matter.
func (m *model) header() []string {
	s := m.status
	role := map[string]string{
		"active": tui.Paint(tui.Good, "active"), "dry-run": tui.Paint(tui.Warning, "dry run"), "standby": tui.Paint(tui.Warning, "standing by"),
	}[s.Role]
	if role == "" {
		role = tui.Paint(tui.Warning, tui.Clean(s.Role))
	}
	who := tui.Paint(tui.Bold, "rubber "+tui.Clean(s.Owner)) + "  " + role + " for " + tui.Ago(int64(s.Now.Sub(s.Since)/time.Second))
	if s.Paused {
		who += "  " + tui.Paint(tui.Critical, "PAUSED")
	}
	if e := s.Engine; e != nil {
		text := tui.Paint(tui.Good, "engine ok")
		if !e.OK {
			text = tui.Paint(tui.Critical, "engine away")
		}
		if e.Owner {
			text += " (here)"
		}
		who += "  " + text
	}
	turn := "no turn yet"
	if s.Turns > 0 {
		turn = "turn of " + m.Clock(s.At)
	}
	if gap := m.Width - tui.Width(who) - len(turn); gap > 1 {
		who += strings.Repeat(" ", gap) + tui.Paint(tui.Faint, turn)
	}
	lines := []string{who, m.totals()}
	notices := m.notices()
	room := 2
	if m.Height >= 32 || m.pane == noPane {
		room = 5
	}
	if len(notices) > room {
		more := len(notices) - room + 1
		notices = append(notices[:room-1], tui.Paint(tui.Warning, fmt.Sprintf("and %d more: rubber status", more)))
	}
	return append(lines, notices...)
}

// totals is one line about all profiles together.
func (m *model) totals() string {
	s := m.status
	waits, running, slots := 0, 0, 0
	for i := range s.Profiles {
		p := &s.Profiles[i]
		if p.Waits != nil && p.Running != nil { // those that are not known are among the notices
			waits, running = waits+*p.Waits, running+*p.Running
		}
		slots += p.Slots + p.Static
	}
	label := func(word string) string { return tui.Paint(tui.Heading, word+" ") }
	line := label("machines") + fmt.Sprintf("%d of %d ", s.MachineCount, s.Cap) + bar(float64(s.MachineCount), float64(s.Cap), max(5, min(12, m.Width/10)))
	line += "  " + label("tasks") + fmt.Sprintf("%d wait, %d run", waits, running)
	line += "  " + label("slots") + fmt.Sprintf("%d", slots)
	return line
}

// bar is a part of a whole as a bar of so many cells.
func bar(part, whole float64, cells int) string {
	full := 0
	style := tui.Good
	if whole > 0 {
		full = int(max(0, min(1, part/whole))*float64(cells) + 0.5)
		if part >= whole {
			style = tui.Warning
		}
	}
	return tui.Paint(style, strings.Repeat("█", full)) + tui.Paint(tui.Faint, strings.Repeat("░", cells-full))
}

// notices are what is the matter, the worst first.
func (m *model) notices() []string {
	s := m.status
	var out []string
	add := func(style lipgloss.Style, text string) {
		out = append(out, tui.Paint(style, tui.Fit(tui.Clean(text), min(m.Width, tui.Width(tui.Clean(text))))))
	}
	if m.Away != nil {
		add(tui.Critical, "not there since "+m.Clock(m.Away.When)+": "+m.Away.Err.Error())
	}
	if s.Problem != "" {
		add(tui.Critical, s.Problem)
	}
	var unknown []string
	for i := range s.Profiles {
		if p := &s.Profiles[i]; p.Waits == nil || p.Running == nil {
			unknown = append(unknown, p.Name)
		}
	}
	if len(unknown) > 0 {
		add(tui.Critical, fmt.Sprintf("nobody knows what %d of %d queues hold: %s", len(unknown), len(s.Profiles), strings.Join(unknown, ", ")))
	}
	if s.Paused {
		add(tui.Warning, "paused: "+s.Reason)
	}
	for _, list := range [][]api.Source{s.Clouds, s.Brokers} {
		for _, one := range list {
			if !one.OK {
				add(tui.Critical, one.Name+": "+one.Error)
			}
		}
	}
	for _, b := range s.Brakes {
		what := "cloud " + b.Cloud
		if b.Profile != "" {
			what += ", profile " + b.Profile
		}
		add(tui.Warning, what+": "+b.Text)
	}
	for _, h := range s.Hearing {
		if !h.Connected {
			add(tui.Warning, "alarms of "+h.Name+" are not heard: "+h.Error)
		}
	}
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Silent || len(h.Bad) > 0 {
			what := strings.Join(h.Bad, ", ")
			if h.Silent {
				what = strings.TrimSuffix("silent, "+what, ", ")
			}
			name := h.Name
			if name == "" {
				name = h.UUID
			}
			add(tui.Warning, "host "+name+": "+what)
		}
	}
	for i := range s.Storage {
		if st := &s.Storage[i]; len(st.Bad) > 0 {
			add(tui.Warning, "storage "+cmp.Or(st.Name, st.UUID)+": "+strings.Join(st.Bad, ", "))
		}
	}
	if n := s.StrangeCount; n > 0 {
		add(tui.Warning, fmt.Sprintf("%d machines have our mark and no record", n))
	}
	if n := s.UnreadCount; n > 0 {
		add(tui.Critical, fmt.Sprintf("%d records cannot be read", n))
	}
	return out
}

// footer says which keys there are.
func (m *model) footer() []string {
	switch {
	case m.Filter.Typing:
		return []string{m.Filter.Line()}
	case m.detail != nil:
		return []string{tui.KeyLine(m.Width, "esc", "back", "← →", "plot", "↑ ↓", "reasons", "?", "help", "q", "quit")}
	}
	return []string{tui.KeyLine(m.Width, "q", "quit", "?", "help", "/", "filter", "tab", "pane", "↑ ↓", "move", "enter", "detail")}
}
