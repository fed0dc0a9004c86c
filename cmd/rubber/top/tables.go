package top

import (
	"fmt"
	"strings"

	"perfmon/cmd/internal/tui"
	"perfmon/scaling/rubber/api"
)

// mark is before the entry that the cursor is on.
func mark(here bool) string {
	if here {
		return "▸ "
	}
	return "  "
}

// shown is a line, turned round if the cursor is on it.
func (m *model) shown(line string, here bool) string {
	if here {
		return tui.Paint(tui.Reverse, tui.Fit(tui.Plain(line), m.Width))
	}
	return line
}

// filled is lines, with empty ones after them.
func filled(out []string, lines int) []string {
	for len(out) < lines {
		out = append(out, "")
	}
	return out[:max(0, lines)]
}

func (m *model) title(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	text := fmt.Sprintf("%d %s", n, what)
	if m.Filter.Text != "" {
		text += fmt.Sprintf(", filter %q", tui.Clean(m.Filter.Text))
	}
	return text
}

// among says that rubber tells the first of its machines, and no more; "" if it
// tells all.
func (m *model) among() string {
	told := len(m.status.Machines)
	if m.status.MachineCount <= told {
		return ""
	}
	return fmt.Sprintf(", among the first %d of %d", told, m.status.MachineCount)
}

// twoSparks is how wide a terminal is that has room for two sparklines.
const twoSparks = 74

// profileLines is the profiles in so many lines.
func (m *model) profileLines(lines int) []string {
	list := m.profiles()
	keys := make([]string, len(list))
	for i, p := range list {
		keys[i] = p.Name
	}
	c := &m.cursors[profilePane]
	c.Settle(keys, lines-2)
	const numbers = 6 + 6 + 9 + 7 + 6 + 6
	rest := m.Width - 2 - numbers
	sparklines := 2
	if m.Width < twoSparks {
		sparklines = 1 // of demand
	}
	spark := max(6, min(40, (rest-2*sparklines)/3))
	name := min(32, rest-sparklines*(spark+2))
	heads := "  " + tui.Fit("DEMAND", spark)
	if sparklines > 1 {
		heads += "  " + tui.Fit("CAPACITY", spark)
	}
	out := []string{
		tui.Rule(m.title(len(list), "profile"), m.pane == profilePane, m.Width),
		tui.Paint(tui.Heading, "  "+tui.Fit("NAME", name)+tui.Right("WAITS", 6)+tui.Right("RUN", 6)+tui.Right("OLDEST", 9)+tui.Right("SLOTS", 7)+
			tui.Right("WANT", 6)+tui.Right("HAVE", 6)+heads),
	}
	for i := c.First; i < len(list) && len(out) < lines; i++ {
		out = append(out, m.profileLine(list[i], name, spark, i == c.Index && m.pane == profilePane))
	}
	if len(list) == 0 {
		out = append(out, tui.Paint(tui.Faint, "  "+m.whyEmpty("no profile is configured")))
	}
	return filled(out, lines)
}

func (m *model) whyEmpty(otherwise string) string {
	if m.Filter.Text != "" {
		return fmt.Sprintf("nothing has %q in its name; esc ends the filter", tui.Clean(m.Filter.Text))
	}
	return otherwise
}

func (m *model) profileLine(p *api.Profile, name, spark int, here bool) string {
	oldest := tui.Unknown
	if p.OldestS != nil {
		oldest = tui.Short(int64(*p.OldestS + 0.5))
	}
	shown := tui.Fit(tui.Clean(p.Name), name)
	switch {
	case p.Waits == nil:
		shown = tui.Paint(tui.Critical, shown)
	case p.Blocked != "":
		shown = tui.Paint(tui.Warning, shown)
	}
	have := tui.Right(fmt.Sprint(p.Have), 6)
	if p.Have != p.Want {
		have = tui.Paint(tui.Bold, have)
	}
	demand, capacity := sparks(m.past[p.Name], spark)
	line := mark(here) + shown + tui.Right(number(p.Waits), 6) + tui.Right(number(p.Running), 6) + tui.Right(oldest, 9) +
		tui.Right(fmt.Sprint(p.Slots+p.Static), 7) + tui.Right(fmt.Sprint(p.Want), 6) + have + "  " + demand
	if m.Width >= twoSparks {
		line += "  " + capacity
	}
	return m.shown(line, here)
}

func number(n *int) string {
	if n == nil {
		return tui.Unknown
	}
	return fmt.Sprint(*n)
}

// sparks draws demand and capacity of the last plans, a cell each, both on one
// scale.
func sparks(past []point, cells int) (demand, capacity string) {
	past = past[max(0, len(past)-cells):]
	top := 0
	for _, p := range past {
		top = max(top, p.demand, p.capacity)
	}
	blocks := tui.Blocks()
	block := func(n int) rune {
		if top == 0 {
			return blocks[0]
		}
		return blocks[min(len(blocks)-1, n*len(blocks)/top)]
	}
	pad := strings.Repeat(" ", cells-len(past))
	var d, c strings.Builder
	for _, p := range past {
		if p.known {
			d.WriteRune(block(p.demand))
		} else {
			d.WriteRune('·')
		}
		c.WriteRune(block(p.capacity))
	}
	return pad + d.String(), pad + c.String()
}

// machineLines is the machines in so many lines.
func (m *model) machineLines(lines int) []string {
	list := m.machines()
	keys := make([]string, len(list))
	for i, one := range list {
		keys[i] = one.Intent
	}
	c := &m.cursors[machinePane]
	c.Settle(keys, lines-2)
	name, profile, host := m.machineCells(list)
	heads := "  " + tui.Fit("NAME", name)
	if profile > 0 {
		heads += " " + tui.Fit("PROFILE", profile)
	}
	heads += " " + tui.Fit("STATE", 9) + tui.Right("FOR", 8) + tui.Right("BUSY", 7) + "  " + tui.Fit("HOST", host)
	if tui.Width(heads)+len(" NOTE") <= m.Width {
		heads += " NOTE"
	}
	out := []string{
		tui.Rule(m.title(len(list), "machine")+m.among(), m.pane == machinePane, m.Width),
		tui.Paint(tui.Heading, heads),
	}
	for i := c.First; i < len(list) && len(out) < lines; i++ {
		one := list[i]
		busy := ""
		if one.Slots > 0 || one.Busy != nil {
			busy = fmt.Sprintf("%s/%d", number(one.Busy), one.Slots)
		}
		here := i == c.Index && m.pane == machinePane
		line := mark(here) + tui.FitEnds(tui.Clean(one.Name), name) + " "
		if profile > 0 {
			line += tui.Fit(tui.Clean(one.Profile), profile) + " "
		}
		line += stateOf(one) + tui.Right(tui.Short(int64(one.AgeS)), 8) + tui.Right(busy, 7) + "  " + tui.Fit(tui.Clean(m.status.HostName(one.Host)), host) + " " + noteOf(one)
		out = append(out, m.shown(tui.Fit(line, m.Width), here))
	}
	if len(list) == 0 {
		out = append(out, tui.Paint(tui.Faint, "  "+m.whyEmpty("there are none")))
	}
	return filled(out, lines)
}

// allColumns is how wide a terminal is that has room for every column of a
// machine.
const allColumns = 100

// machineCells is how wide the columns of machines are that have names: no wider
// than these, so that there is room for notes. A narrow terminal has no column
// of profiles if all names begin with theirs, and a very narrow one has none.
func (m *model) machineCells(list []*api.Machine) (name, profile, host int) {
	name, profile, host = len("NAME"), len("PROFILE"), len("HOST")
	same := true
	for _, one := range list {
		same = same && strings.HasPrefix(one.Name, one.Profile)
		name = max(name, tui.Width(tui.Clean(one.Name)))
		profile = max(profile, tui.Width(tui.Clean(one.Profile)))
		host = max(host, tui.Width(tui.Clean(m.status.HostName(one.Host))))
	}
	if m.Width < twoSparks || m.Width < allColumns && same {
		profile = 0
	}
	return min(name, max(20, m.Width/3)), min(profile, m.Width/6), min(host, max(8, m.Width/6))
}

func stateOf(m *api.Machine) string {
	text := tui.Fit(tui.Clean(m.State), 9)
	switch {
	case m.Overdue:
		return tui.Paint(tui.Critical, text)
	case m.State == "ready":
		return tui.Paint(tui.Good, text)
	case m.State == "draining" || m.State == "resting" || m.State == "deleting":
		return tui.Paint(tui.Warning, text)
	}
	return text
}

func noteOf(m *api.Machine) string {
	switch {
	case m.Trouble != "":
		return tui.Paint(tui.Critical, tui.Clean(m.TroubleText()))
	case m.Overdue:
		return tui.Paint(tui.Critical, "takes too long")
	case m.Protected != "":
		return "protected: " + tui.Clean(m.Protected)
	case m.Ending != "":
		return tui.Clean(m.Ending)
	}
	return tui.Clean(m.Released)
}

// decisionLines is the newest decisions in so many lines.
func (m *model) decisionLines(lines int) []string {
	keys := make([]string, len(m.decisions))
	for i := range m.decisions {
		keys[i] = decisionKey(&m.decisions[i])
	}
	c := &m.cursors[decisionPane]
	c.Settle(keys, lines-1)
	out := []string{tui.Rule("decisions, the newest first", m.pane == decisionPane, m.Width)}
	for i := c.First; i < len(m.decisions) && len(out) < lines; i++ {
		d := &m.decisions[i]
		here := i == c.Index && m.pane == decisionPane
		text := tui.Clean(d.Text)
		if d.Loud {
			text = tui.Paint(tui.Warning, text)
		}
		who := tui.Clean(d.Name)
		if who == "" {
			who = tui.Clean(d.Profile)
		}
		if who != "" {
			who += "  "
		}
		line := mark(here) + m.Clock(d.At) + " " + tui.Fit(tui.Clean(d.Event), 9) + " " + who + text
		out = append(out, m.shown(tui.Fit(line, m.Width), here))
	}
	if len(m.decisions) == 0 {
		out = append(out, tui.Paint(tui.Faint, "  nothing was decided yet"))
	}
	return filled(out, lines)
}
