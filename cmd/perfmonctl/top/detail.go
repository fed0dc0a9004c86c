package top

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

// detail is one object: its plots, and its variables.
type detail struct {
	wanted
	variable string // that the first plot shall show; "" for any

	variables []*monitor.Explanation
	pictures  []*picture
	loaded    bool  // an answer has come
	err       error // why the variables are not known
	plotErr   error // why there are no plots
	plotSpan  string
	plot      int // the first picture that is shown
	cursor    cursor
}

// open shows an object in detail.
func (m *model) open(class, uuid, variable string) {
	m.detail = &detail{wanted: wanted{class, uuid, spans[0]}, variable: variable}
	m.asks.wantDetail(m.detail.wanted)
}

// detailed takes what was asked for. What has become of an object that is no
// longer shown does not matter.
func (m *model) detailed(got detailed) {
	d := m.detail
	if d == nil || got.of != d.wanted {
		return
	}
	first := !d.loaded
	d.loaded, d.err, d.plotErr = true, got.err, got.plotErr
	if got.err == nil {
		d.variables = got.variables.Variables
	}
	if got.plotErr == nil {
		d.pictures, d.plotSpan = picturesOf(got.series), got.of.span
		d.plot = max(0, min(d.plot, len(d.pictures)-1))
	}
	if first && d.variable != "" {
		d.show(d.variable)
	}
}

// show goes to the plot and the line of a variable.
func (d *detail) show(variable string) {
	for i, p := range d.pictures {
		if p.variable == variable {
			d.plot = i
		}
	}
	for i, v := range d.variables {
		if clean(v.Variable) == variable && i > 0 {
			d.cursor.Key = v.Variable
		}
	}
}

// pressDetail takes a key while an object is shown.
func (m *model) pressDetail(k tea.KeyPressMsg) {
	d := m.detail
	switch {
	case key.Matches(k, keyBack):
		m.detail = nil
	case key.Matches(k, keySpan):
		d.span = map[string]string{spans[0]: spans[1], spans[1]: spans[0]}[d.span]
		m.asks.wantDetail(d.wanted)
	case key.Matches(k, keyRight):
		d.turn(1)
	case key.Matches(k, keyLeft):
		d.turn(-1)
	case key.Matches(k, keyOpen):
		if i := d.cursor.Index; i < len(d.variables) {
			d.show(clean(d.variables[i].Variable))
		}
	default:
		if by, ok := steps(k, max(1, m.Height/3), len(d.variables)); ok {
			d.cursor.Move(d.keys(), by)
		}
	}
}

// turn goes to another plot, round and round.
func (d *detail) turn(by int) {
	if n := len(d.pictures); n > 0 {
		d.plot = (d.plot + by + n) % n
	}
}

func (d *detail) keys() []string {
	keys := make([]string, len(d.variables))
	for i, v := range d.variables {
		keys[i] = v.Variable
	}
	return keys
}

// detailView is all lines of an object.
func (m *model) detailView() []string {
	lines := m.aged(m.aboutLines())
	lines = append(lines, m.notices()...)
	bottom := m.footer()
	room := m.Height - len(lines) - len(bottom)
	next := m.nextLines()
	variables := 2
	if n := len(m.detail.variables); n > 0 {
		variables = max(4, min(n+2, room/2-1-len(next)))
	}
	lines = append(lines, m.aged(m.plotLines(room-variables-len(next)))...)
	lines = append(lines, m.aged(m.variableLines(variables))...)
	lines = append(lines, m.aged(next)...)
	return append(lines, bottom...)
}

// aboutLines say what the object is, and its headlines.
func (m *model) aboutLines() []string {
	d := m.detail
	if d.class == "host" {
		return []string{m.whoLine(), m.loadLine(), m.flowLine()}
	}
	var r *row
	for _, one := range m.rows {
		if one.class == d.class && one.uuid == d.uuid {
			r = one
		}
	}
	if r == nil {
		return []string{paint(bold, clean(d.class+" "+d.uuid)), paint(warning, "it is not on this host any more")}
	}
	alarms, style := alarmCell(&r.flags)
	alarms = inStyle(style, alarms)
	who := paint(bold, d.class+" "+fit(r.name, min(width(r.name), m.Width/2)))
	if r.control {
		who += paint(faint, " (control domain)")
	}
	who += "  " + paint(faint, d.class+":"+clean(d.uuid))
	if m.Width < 100 {
		who = paint(bold, d.class+" "+fit(r.name, min(width(r.name), m.Width-44))) + "  " + paint(faint, clean(d.uuid))
	}
	return []string{who + "  " + alarms, m.factsLine(r)}
}

// factsLine is the headlines of a row in words.
func (m *model) factsLine(r *row) string {
	var parts []string
	add := func(name, text string) {
		if !strings.Contains(text, unknown) {
			parts = append(parts, label(name+" ")+text)
		}
	}
	if v := r.vm; v != nil {
		add("cpu", percent(known(v.CPU))+of(v.CPUs))
		add("wait", percent(known(v.Contention)))
		add("mem", size(known(v.Memory)))
		add("free", size(known(v.MemoryFree)))
		add("rx", size(known(v.NetRx)))
		add("tx", size(known(v.NetTx)))
		add("rd", size(known(v.DiskRead)))
		add("wr", size(known(v.DiskWrite)))
		return joined(parts, m.Width)
	}
	s := r.sr
	add("used", percent(known(s.Used)/known(s.Size))+", "+size(known(s.Used))+" of "+size(known(s.Size)))
	add("rd", size(known(s.Read)))
	add("wr", size(known(s.Write)))
	add("delay", seconds(known(s.Latency)))
	return joined(parts, m.Width)
}

func of(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" of %d", n)
}

// The smallest plot, with its title and its axis.
const (
	minPlotLines = 10
	minPlotCells = 56
)

// plotLines is the plots in so many lines: as many beside and below each
// other as there is room for.
func (m *model) plotLines(lines int) []string {
	d := m.detail
	shown := map[string]string{spans[0]: "10 min", spans[1]: "2 h"}
	across := max(1, min(3, (m.Width+2)/(minPlotCells+2)))
	down := max(1, (lines-1)/minPlotLines)
	if n := len(d.pictures); n > 0 {
		across = min(across, n)
		down = min(down, (n+across-1)/across)
	}
	title := shown[d.span]
	if n := len(d.pictures); n > across*down {
		title += fmt.Sprintf(", plots %d to %d of %d", d.plot+1, (d.plot+across*down-1)%n+1, n)
		if across*down == 1 {
			title = fmt.Sprintf("%s, plot %d of %d", shown[d.span], d.plot+1, n)
		}
	}
	out := []string{rule(title, false, m.Width)}
	switch {
	case d.plotErr != nil:
		out = append(out, paint(warning, "  "+fit("no rows: "+clean(d.plotErr.Error()), m.Width-2)))
	case !d.loaded || d.plotSpan != d.span:
		out = append(out, paint(faint, "  asking perfmon"))
	case len(d.pictures) == 0:
		out = append(out, paint(faint, "  it has no data sources"))
	default:
		each := (m.Width - 2*(across-1)) / across
		high := (lines - 1) / down
		for y := range down {
			out = append(out, m.plotsBeside(y*across, across, each, high)...)
		}
	}
	for len(out) < lines {
		out = append(out, "")
	}
	return out[:max(0, lines)]
}

// plotsBeside draws plots from one on side by side.
func (m *model) plotsBeside(from, n, cells, lines int) []string {
	d := m.detail
	out := make([]string, lines)
	for x := range min(n, len(d.pictures)-from) {
		p := d.pictures[(d.plot+from+x)%len(d.pictures)]
		for i, line := range p.draw(cells, lines, m.Color, m.Location) {
			if x > 0 {
				out[i] += "  "
			}
			if x < n-1 {
				line = fit(line, cells)
			}
			out[i] += line
		}
	}
	return out
}

// variableCells is how wide the name of a variable is.
func (m *model) variableCells() int { return max(16, min(30, (m.Width-50)/2)) }

// variableLines is the variables with their states in so many lines.
func (m *model) variableLines(lines int) []string {
	d := m.detail
	d.cursor.Settle(d.keys(), lines-2)
	name := m.variableCells()
	out := []string{rule(counted(len(d.variables), "variable"), false, m.Width)}
	if len(d.variables) > 0 {
		out = append(out, paint(heading, "  "+fit("VARIABLE", name)+" "+fit("STATE", 8)+right("SINCE", 8)+"  "+fit("VALUE", valueCells)+" NEXT"))
	}
	for i := d.cursor.First; i < len(d.variables) && len(out) < lines; i++ {
		out = append(out, m.variableLine(d.variables[i], name, i == d.cursor.Index))
	}
	switch {
	case d.err != nil:
		out = append(out, paint(warning, "  "+fit(clean(d.err.Error()), m.Width-2)))
	case len(d.variables) == 0 && d.loaded:
		out = append(out, paint(faint, "  it has none: perfmonctl set gives it one"))
	}
	for len(out) < lines {
		out = append(out, "")
	}
	return out[:max(0, lines)]
}

// nextLines say in full what comes next of the variable that the cursor is
// on, where there is no room for that in its line.
func (m *model) nextLines() []string {
	d := m.detail
	d.cursor.Settle(d.keys(), len(d.variables))
	if d.cursor.Index >= len(d.variables) {
		return nil
	}
	v := d.variables[d.cursor.Index]
	if text := m.nextOf(v); width(text) > m.Width-m.variableCells()-2-1-8-8-2-valueCells-1 {
		lines := wrap("  ", clean(v.Variable)+": "+text, m.Width)
		return lines[:min(len(lines), 2)]
	}
	return nil
}

// variableLine is a variable, its state, and what comes next:
//
//	cpu_usage        firing     12 min  0.97 (>0.9)      cleared 12:05 if fine
func (m *model) variableLine(x *monitor.Explanation, name int, here bool) string {
	v := api.Variable{
		State: clean(x.State), Severity: x.Severity, Level: x.Rule.Level, Sense: x.Rule.Sense, WarningLevel: x.Rule.WarningLevel,
	}
	if n := len(x.Rows); n > 0 {
		v.Value = x.Rows[n-1].Value
	}
	word, style := stateOf(&v)
	value := m.detail.inUnit(&v, clean(x.Variable))
	since := ""
	if x.Since != 0 {
		since = short(max(0, x.Now-x.Since+x.Step))
	}
	line := map[bool]string{true: "▸ ", false: "  "}[here] + fit(clean(x.Variable), name) + " " +
		inStyle(style, fit(word, 8)) + right(since, 8) + "  " + fit(value, valueCells) + " " + m.nextOf(x)
	if here {
		return paint(reverse, fit(plain(line), m.Width))
	}
	return line
}

// valueCells is how wide a value and its level are.
const valueCells = 20

// inUnit is a variable's value against its level, in the unit of its plot if
// it has one.
func (d *detail) inUnit(v *api.Variable, variable string) string {
	for _, p := range d.pictures {
		if p.variable != variable {
			continue
		}
		scaled := *v
		scaled.Level *= p.factor
		for _, value := range []**float64{&scaled.Value, &scaled.WarningLevel} {
			if *value != nil {
				inUnit := **value * p.factor
				*value = &inUnit
			}
		}
		return strings.TrimSpace(against(&scaled) + " " + p.unit)
	}
	return against(v)
}

// nextOf is what a variable will say, and when, if its values stay or become
// so; or what holds it back.
func (m *model) nextOf(x *monitor.Explanation) string {
	var parts []string
	if x.Problem != "" {
		parts = append(parts, clean(x.Problem))
	}
	if x.Muted != "" {
		parts = append(parts, "muted: "+clean(x.Muted))
	}
	for _, f := range x.Next {
		word := clean(string(f.Kind))
		if f.Severity == alarm.Warning {
			word = "warning"
		}
		if f.Kind == alarm.KindNoData {
			word = "no data"
		}
		text := fmt.Sprintf("%s %s if %s", word, m.clock(f.At), clean(string(f.If)))
		if f.Inhibited {
			text += ", inhibited"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}
