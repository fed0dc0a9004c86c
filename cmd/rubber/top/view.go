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
	var lines []string
	switch {
	case m.width < minWidth || m.height < minHeight:
		lines = []string{TooSmall(m.width, m.height)}
	case m.help:
		lines = m.helpView()
	case m.status == nil:
		lines = m.waitingView()
	case m.detail != nil:
		lines = m.detailView()
	default:
		lines = m.mainView()
	}
	lines = lines[:min(len(lines), m.height)]
	for i, line := range lines {
		if tui.Width(line) > m.width {
			lines[i] = tui.Fit(line, m.width)
		}
	}
	return strings.Join(lines, "\n")
}

// waitingView is what is shown before the first status.
func (m *model) waitingView() []string {
	lines := []string{"", "  " + tui.Paint(tui.Bold, "asking rubber"), ""}
	if m.away != nil {
		lines = append(lines, tui.Wrap("  ", "not there since "+m.clock(m.away.when)+": "+tui.Clean(m.away.err.Error()), m.width)...)
		lines = append(lines, "", "  It is asked again every few seconds; q ends this.")
	}
	return lines
}

// mainView is the header and the panes.
func (m *model) mainView() []string {
	lines := m.header()
	bottom := m.footer()
	room := m.height - len(lines) - len(bottom)
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
	if m.away != nil {
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
		turn = "turn of " + m.clock(s.At)
	}
	if gap := m.width - tui.Width(who) - len(turn); gap > 1 {
		who += strings.Repeat(" ", gap) + tui.Paint(tui.Faint, turn)
	}
	lines := []string{who, m.totals()}
	notices := m.notices()
	room := 2
	if m.height >= 32 || m.pane == noPane {
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
	line := label("machines") + fmt.Sprintf("%d of %d ", s.MachineCount, s.Cap) + bar(float64(s.MachineCount), float64(s.Cap), 12)
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
		out = append(out, tui.Paint(style, tui.Fit(tui.Clean(text), min(m.width, tui.Width(tui.Clean(text))))))
	}
	if m.away != nil {
		add(tui.Critical, "not there since "+m.clock(m.away.when)+": "+m.away.err.Error())
	}
	if s.Problem != "" {
		add(tui.Critical, s.Problem)
	}
	unknown := 0
	for i := range s.Profiles {
		if p := &s.Profiles[i]; p.Waits == nil || p.Running == nil {
			unknown++
		}
	}
	if unknown > 0 {
		add(tui.Critical, fmt.Sprintf("nobody knows what %d of %d queues hold", unknown, len(s.Profiles)))
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
		add(tui.Warning, b.Cloud+" "+b.Profile+": "+b.Text)
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
	case m.typing:
		return []string{tui.Paint(tui.Bold, "/"+m.filter+"▏") + tui.Paint(tui.Faint, "  enter keeps the filter, esc ends it")}
	case m.detail != nil:
		return []string{tui.KeyLine(m.width, "esc", "back", "← →", "plot", "↑ ↓", "reasons", "?", "help", "q", "quit")}
	}
	return []string{tui.KeyLine(m.width, "q", "quit", "?", "help", "/", "filter", "tab", "pane", "↑ ↓", "move", "enter", "detail")}
}

// clock is a time of the day, with the day if that is not today.
func (m *model) clock(t time.Time) string {
	t = t.In(m.o.Location)
	if t.Format(time.DateOnly) != m.o.now().In(m.o.Location).Format(time.DateOnly) {
		return t.Format("Jan 2 15:04:05")
	}
	return t.Format(time.TimeOnly)
}
