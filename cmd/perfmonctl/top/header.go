package top

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"perfmon/monitor/api"
)

// staleAfter is for how many steps no row may come before that is said.
const staleAfter = 3

// header is the host in three lines, and below them what is wrong.
//
//	xcp-1  up 12 d 4 h  perfmon 1.4 running  200 VMs 4 SRs     rows to 12:04:30
//	cpu  35% ████░░░░░░ of 32  load 0.71  dom0 1.2  mem  76% ███████░░░ 97G of 128G
//	net rx 12M tx 3.1M  disk rd 1.2M wr 4.5M  alarms 3 critical 2 warning
func (m *model) header() []string {
	lines := m.aged([]string{m.whoLine(), m.loadLine(), m.flowLine()})
	return append(lines, m.notices()...)
}

// whoLine is who it is, and how new what is shown.
func (m *model) whoLine() string {
	h := &m.poll.Overview.Host
	parts := []string{paint(bold, fit(nameOf(h.Name, h.UUID), min(24, width(nameOf(h.Name, h.UUID)))))}
	if h.Uptime != nil {
		parts = append(parts, label("up ")+ago(int64(*h.Uptime)))
	}
	agent := "perfmon"
	if m.status != nil && m.status.Version != "" && m.status.Version != "unknown" {
		agent += " " + fit(clean(m.status.Version), min(12, width(clean(m.status.Version))))
	}
	parts = append(parts, agent+" "+m.stateWord())
	if m.Width >= 110 {
		c := &m.poll.Counts
		parts = append(parts, fmt.Sprintf("%d VMs %d SRs %d variables", c.VMs, c.SRs, c.Variables))
		if m.status != nil && m.status.Step > 0 {
			parts = append(parts, fmt.Sprintf("a row each %s from %s", ago(m.status.Step), clean(m.status.Source)))
		}
	}
	left := strings.Join(parts, "  ")
	age := m.age()
	if gap := m.Width - width(left) - width(age); gap > 0 {
		return left + strings.Repeat(" ", gap) + age
	}
	return fit(left, max(0, m.Width-width(age)-1)) + " " + age
}

// stateWord is how the agent does, in a word.
func (m *model) stateWord() string {
	switch {
	case m.Away != nil:
		return paint(critical, "away")
	case m.status != nil && m.status.Shadow:
		return clean(m.poll.State) + ", shadow"
	case m.poll.State != api.StateRunning:
		return paint(warning, clean(m.poll.State))
	}
	return paint(good, clean(m.poll.State))
}

// age is the time of the newest row, and in words how old it is once that is
// older than it should be.
func (m *model) age() string {
	if m.poll.LastRow == 0 {
		return paint(warning, "no row yet")
	}
	text := "rows to " + m.clock(m.poll.LastRow)
	if m.stale() {
		return paint(warning, text+", "+ago(m.now()-m.poll.LastRow)+" old")
	}
	return text
}

// pollSlack is how many seconds later than its time a row is heard of, as a
// rule.
const pollSlack = 30

// step is the seconds between rows.
func (m *model) step() int64 { return max(1, m.poll.Overview.Step) }

// From so many columns on, the host has a sparkline too, of so many cells.
const (
	wideHost  = 120
	hostSpark = 20
)

// loadLine is processors and memory.
func (m *model) loadLine() string {
	h := &m.poll.Overview.Host
	room := m.Width - 64
	if m.Width >= wideHost {
		room -= hostSpark + 1
	}
	cells := max(6, min(30, room/2))
	share, total := known(h.MemoryUsed)/known(h.MemoryTotal), known(h.MemoryTotal)
	parts := []string{label("cpu ") + right(percent(known(h.CPU)), 4) + " " + bar(known(h.CPU), cells)}
	if h.CPUs > 0 {
		parts[0] += fmt.Sprintf(" of %d", h.CPUs)
	}
	if m.Width >= wideHost {
		parts[0] += " " + m.host.spark(cpu, 1, m.poll.Overview.Row, hostSpark, m.cell(), m.step())
	}
	whose := "dom0 " // the load average is the control domain's, if there is one
	if m.status != nil && m.status.Source == "local" {
		whose = "avg "
	}
	parts = append(parts,
		label("load ")+number(round2(known(h.Load))),
		label(whose)+number(round2(known(h.LoadAverage))),
		label("mem ")+right(percent(share), 4)+" "+bar(share, cells)+" "+size(known(h.MemoryUsed))+" of "+size(total))
	return joined(parts, m.Width)
}

func round2(v float64) float64 {
	if v != v || v > 1e6 || v < -1e6 {
		return v
	}
	return float64(int64(v*100+0.5)) / 100
}

// flowLine is what flows, and the alarms.
func (m *model) flowLine() string {
	h := &m.poll.Overview.Host
	line := joined([]string{
		label("net ") + "rx " + right(size(known(h.NetRx)), 4) + " tx " + right(size(known(h.NetTx)), 4),
		label("disk ") + "rd " + right(size(known(h.DiskRead)), 4) + " wr " + right(size(known(h.DiskWrite)), 4),
	}, m.Width)
	return fit(line+"  "+label("alarms ")+m.counts("crit", "warn", "no data"), m.Width)
}

// joined is parts side by side; the last are left out if there is no room.
func joined(parts []string, cells int) string {
	line := ""
	for i, p := range parts {
		if i > 0 {
			p = line + "  " + p
		}
		if i > 0 && width(p) > cells {
			break
		}
		line = p
	}
	return line
}

// counts is how many alarms there are of some kinds, in these words: critical
// ones, warnings, and so on.
func (m *model) counts(words ...string) string {
	c := &m.poll.Counts
	var parts []string
	numbers := []int{c.Critical, c.Warning, c.NoData, c.Pending, c.Muted}
	styles := []lipgloss.Style{critical, warning, missing, lipgloss.NewStyle(), faint}
	for i, word := range words {
		if numbers[i] > 0 {
			parts = append(parts, paint(styles[i], fmt.Sprintf("%d %s", numbers[i], word)))
		}
	}
	if len(parts) == 0 {
		return paint(good, "none")
	}
	return strings.Join(parts, " ")
}

// notices are lines about what is wrong.
func (m *model) notices() []string {
	var lines []string
	say := func(style lipgloss.Style, format string, args ...any) {
		lines = append(lines, paint(style, fit(fmt.Sprintf(format, args...), m.Width)))
	}
	switch {
	case m.Away != nil:
		since := m.Away.When.Unix()
		say(critical, "away since %s, for %s: %s; what is shown is old", m.clock(since), ago(m.now()-since), clean(m.Away.Err.Error()))
	case m.poll.Trouble != "":
		say(critical, "no rows come: %s", strings.TrimPrefix(clean(m.poll.Trouble), "no rows: "))
	case m.alarmsErr != nil:
		say(warning, "the alarms are not known: %s", clean(m.alarmsErr.Error()))
	}
	if m.status == nil || m.Away != nil {
		return lines
	}
	if m.status.Journal.Degraded {
		say(warning, "the journal's disk does not work (%s): alarms are kept in memory alone", clean(m.status.Journal.Error))
	}
	var silent []string
	for _, s := range m.status.Sinks {
		if s.Away {
			silent = append(silent, fmt.Sprintf("%s (%d wait)", clean(s.Name), s.Queued))
		}
	}
	if len(silent) > 0 {
		say(warning, "sinks that take nothing: %s", strings.Join(silent, ", "))
	}
	return lines
}
