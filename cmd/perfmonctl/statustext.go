package main

import (
	"fmt"
	"strings"

	"perfmon/monitor/api"
)

// statusText is the agent's state for a person:
//
//	perfmon 1.0 on xcp-1 is running
//	  host:b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001
//
//	rows       of the toolstack, every 5 s; the newest of 12:00:00 CET, 3 s ago
//	…
func statusText(s *api.Status, t times) string {
	b := &sheet{}
	state := map[string]string{
		api.StateRunning: paint(good, "running"), api.StateStarting: paint(warned, "starting") + ": it has not polled yet", api.StateTrouble: paint(bad, "in trouble") + ": no rows come (" + s.Trouble + ")",
	}[s.State]
	if state == "" {
		state = s.State // a newer agent's
	}
	where := s.Host.Name
	if where == "" {
		where = "this host"
	}
	fmt.Fprintf(b, "perfmon %s on %s is %s\n", s.Version, where, state)
	if s.Host.UUID != "" {
		fmt.Fprintf(b, "  %s:%s\n", s.Host.Class, s.Host.UUID)
	}
	b.WriteString("\n")
	b.Section("rows", rowsLine(s, t))
	b.Section("since", fmt.Sprintf("%s, for %s", t.At(s.Started), span(s.Now-s.Started)))
	if s.Shadow {
		b.Section("shadow", "it runs beside the stock daemon, and tells nobody")
	}
	c := &s.Counts
	b.Section("watches", fmt.Sprintf("%s: %s, %s; %s", count(c.Objects, "object"), count(c.VMs, "VM"), count(c.SRs, "SR"), count(c.Variables, "variable")))
	if s.State == api.StateRunning && c.Variables == 0 {
		b.Section("", paint(warned, "no alarm can come")+": perfmonctl explain host says what to do")
	}
	b.Section("alarms", alarmCounts(c))
	if c.Silences > 0 {
		b.Section("silences", fmt.Sprintf("%d in force: perfmonctl silence list", c.Silences))
	}
	if c.ConfigErrors > 0 {
		b.Section("config", paint(warned, count(c.ConfigErrors, "error"))+" in trigger XML: perfmonctl objects says whose it is, and")
		b.Section("", "perfmonctl config --effective OBJECT what is wrong")
	}
	b.Section("sinks", sinksLines(s, t)...)
	b.Section("state", stateLine(&s.Journal))
	b.Section("uses", fmt.Sprintf("%s of memory, %s", bytesText(s.Memory), count(s.Goroutines, "goroutine")))
	if s.Version != version {
		b.Section("note", "this is perfmonctl "+version)
	}
	return b.String()
}

func rowsLine(s *api.Status, t times) string {
	from := map[string]string{"xapi": "of the toolstack", "local": "of this host's /proc"}[s.Source]
	if from == "" {
		from = "of " + s.Source
	}
	line := fmt.Sprintf("%s, every %s", from, span(s.Step))
	if s.LastRow == 0 {
		return line + "; none yet"
	}
	return fmt.Sprintf("%s; the newest of %s, %s ago", line, t.At(s.LastRow), span(s.Now-s.LastRow))
}

// alarmCounts is how many alarms there are, in words.
func alarmCounts(c *api.Counts) string {
	var words []string
	for _, of := range []struct {
		n    int
		what string
		s    style
	}{{c.Critical, "critical", bad}, {c.Warning, "warning", warned}, {c.NoData, "without data", warned}, {c.Pending, "pending", warned}} {
		if of.n > 0 {
			words = append(words, paint(of.s, fmt.Sprintf("%d %s", of.n, of.what)))
		}
	}
	text := strings.Join(words, ", ")
	if text == "" {
		return "none"
	}
	if c.Muted > 0 {
		text += fmt.Sprintf("; %d of them held back", c.Muted)
	}
	return text
}

// sinksLines says of each sink what has become of its events.
func sinksLines(s *api.Status, t times) []string {
	width := 0
	titles := make([]string, len(s.Sinks))
	for i := range s.Sinks {
		k := &s.Sinks[i]
		titles[i] = k.Name
		if k.Kind != "" && k.Kind != k.Name {
			titles[i] += " (" + k.Kind + ")"
		}
		width = max(width, textWidth(titles[i]))
	}
	var lines []string
	for i, title := range titles {
		for _, line := range sinkLines(&s.Sinks[i], t) {
			lines = append(lines, title+strings.Repeat(" ", width-textWidth(title))+"  "+line)
			title = ""
		}
	}
	if len(lines) == 0 {
		return []string{"none: alarms are in the agent's log alone"}
	}
	return lines
}

func sinkLines(k *api.Sink, t times) []string {
	state := paint(good, "fine")
	switch {
	case k.Away:
		state = paint(bad, "takes nothing")
		if k.NextTry > 0 {
			state += ", and is tried again at " + t.At(k.NextTry)
		}
	case k.Heartbeat != nil && !*k.Heartbeat:
		state = paint(bad, "the last heartbeat did not arrive")
	case late(k):
		state = paint(warned, "late")
	case k.Queued > 0 && k.LastErrorAt >= t.Now.Unix()-k.Oldest:
		state = paint(warned, "trying again")
	}
	sent := count(int(k.Sent), "event") + " sent"
	lines := []string{state + "; " + sent}
	if k.Away {
		lines = []string{state, sent}
	}
	if k.Queued > 0 {
		lines = append(lines, fmt.Sprintf("%s, the oldest for %s", wait(k.Queued, ""), span(k.Oldest)))
	}
	if k.Dropped > 0 {
		lines = append(lines, paint(bad, count(int(k.Dropped), "event")+" lost"))
	}
	if k.LastError != "" && (k.Away || k.Queued > 0 || k.Dropped > 0 || !heard(k)) {
		lines = append(lines, fmt.Sprintf("last error, at %s: %s", t.At(k.LastErrorAt), k.LastError))
	}
	return lines
}

// stateLine is whether a restart forgets nothing.
func stateLine(j *api.Journal) string {
	switch {
	case j.Degraded:
		return strings.TrimSuffix(paint(bad, "its disk does not work")+", all goes on in memory: "+j.Error, ": ")
	case j.Memory:
		return "in memory alone: a restart forgets the alarms"
	}
	return "kept over a restart, " + bytesText(j.Bytes)
}

// bytesText is a size:
//
//	512 B, 1.5 MiB
func bytesText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB"} {
		if v /= 1024; v < 1024 {
			return fmt.Sprintf("%.3g %s", v, unit)
		}
	}
	return fmt.Sprintf("%.4g TiB", v/1024)
}
