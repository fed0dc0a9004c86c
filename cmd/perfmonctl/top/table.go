package top

import (
	"fmt"
	"math"
	"strings"

	"charm.land/lipgloss/v2"

	"perfmon/alarm"
	"perfmon/monitor/api"
)

// wide is from how many columns of the terminal on there is room for more
// columns of the table.
const wide = 110

// column is a column of the table.
type column struct {
	title string
	cells int
	sort  string // the sorting that it belongs to
	text  func(*row) string
}

// columns are those of the rows that are shown, without the name before them
// and the sparkline and the alarms after them.
func (m *model) columns() []column {
	value := func(which metric, format func(float64) string) func(*row) string {
		return func(r *row) string { return format(r.values[which]) }
	}
	if m.kind == srs {
		return []column{
			{"USED%", 6, "", func(r *row) string { return percent(known(r.sr.Used) / known(r.sr.Size)) }},
			{"USED", 5, "memory", value(memory, size)},
			{"SIZE", 5, "", func(r *row) string { return size(known(r.sr.Size)) }},
			{"READ", 5, "", func(r *row) string { return size(known(r.sr.Read)) }},
			{"WRITE", 6, "disk", func(r *row) string { return size(known(r.sr.Write)) }},
			{"DELAY", 6, "contention", value(contention, seconds)},
		}
	}
	list := []column{
		{"CPU", 5, "cpu", vmOnly(value(cpu, percent))},
		{"WAIT", 6, "contention", func(r *row) string {
			if r.sr != nil {
				return seconds(r.values[contention])
			}
			return percent(r.values[contention])
		}},
	}
	if m.Width < wide {
		return append(list,
			column{"MEM", 5, "memory", func(r *row) string {
				if r.sr != nil {
					return percent(known(r.sr.Used) / known(r.sr.Size))
				}
				return size(r.values[memory])
			}},
			column{"NET", 5, "network", vmOnly(value(network, size))},
			column{"DISK", 5, "disk", value(disk, size)})
	}
	of := func(vm func(*api.VMOverview) *float64, sr func(*api.SROverview) *float64) func(*row) string {
		return func(r *row) string {
			switch {
			case r.vm != nil:
				return size(known(vm(r.vm)))
			case sr != nil:
				return size(known(sr(r.sr)))
			}
			return ""
		}
	}
	return append(list,
		column{"CPUS", 5, "", vmOnly(func(r *row) string { return fmt.Sprint(r.vm.CPUs) })},
		column{"MEM", 6, "memory", value(memory, size)},
		column{"FREE", 6, "", func(r *row) string {
			if r.sr != nil {
				return size(known(r.sr.Size) - known(r.sr.Used))
			}
			return size(known(r.vm.MemoryFree))
		}},
		column{"RX", 6, "network", of(func(v *api.VMOverview) *float64 { return v.NetRx }, nil)},
		column{"TX", 6, "network", of(func(v *api.VMOverview) *float64 { return v.NetTx }, nil)},
		column{"READ", 6, "disk", of(func(v *api.VMOverview) *float64 { return v.DiskRead }, func(s *api.SROverview) *float64 { return s.Read })},
		column{"WRITE", 6, "disk", of(func(v *api.VMOverview) *float64 { return v.DiskWrite }, func(s *api.SROverview) *float64 { return s.Write })})
}

// vmOnly leaves a cell of an SR empty.
func vmOnly(text func(*row) string) func(*row) string {
	return func(r *row) string {
		if r.vm == nil {
			return ""
		}
		return text(r)
	}
}

const (
	alarmCells = 11
	minSpark   = 10
	maxSpark   = 40
	maxNames   = 32
)

// layout is how many cells the name and the sparkline have.
func (m *model) layout(columns []column) (name, spark int) {
	rest := m.Width - 2 - 1 - alarmCells - 1
	if m.kind == all {
		rest -= 3
	}
	for _, c := range columns {
		rest -= c.cells
	}
	spark = max(minSpark, min(maxSpark, rest/3))
	name = min(maxNames, rest-1-spark)
	return name, min(maxSpark, rest-1-name)
}

// cell is how many seconds a cell of a sparkline is.
func (m *model) cell() int64 { return max(30, m.step()) }

// tableLines is the table in so many lines.
func (m *model) tableLines(lines int) []string {
	rows := m.visible()
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = r.uuid
	}
	m.table.Settle(keys, lines-2)
	columns := m.columns()
	name, spark := m.layout(columns)
	out := []string{rule(m.tableTitle(len(rows)), m.pane == tablePane, m.Width), m.heads(columns, name, spark)}
	for i := m.table.First; i < len(rows) && len(out) < lines; i++ {
		out = append(out, m.rowLine(rows[i], columns, name, spark, i == m.table.Index && m.pane == tablePane))
	}
	if len(rows) == 0 {
		out = append(out, paint(faint, "  "+m.whyEmpty()))
	}
	for len(out) < lines {
		out = append(out, "")
	}
	return out[:max(0, lines)]
}

func (m *model) tableTitle(n int) string {
	order := m.sort.name
	if m.kind == srs && (m.sort.name == "cpu" || m.sort.name == "network") {
		order = "name" // SRs have no such thing
	}
	title := fmt.Sprintf("%d %s by %s", n, kindNames[m.kind], order)
	if n == 1 {
		title = fmt.Sprintf("%d of %s", n, kindNames[m.kind])
	}
	if m.turned {
		title += ", turned round"
	}
	if m.Filter.Text != "" {
		title += fmt.Sprintf(", filter %q", clean(m.Filter.Text))
	}
	return title
}

func (m *model) whyEmpty() string {
	switch {
	case m.Filter.Text != "":
		return fmt.Sprintf("nothing has %q in its name; esc ends the filter", clean(m.Filter.Text))
	case m.poll.Overview.Row == 0:
		return "no row has come yet"
	}
	return "there are none"
}

// heads are the titles of the columns; the one that is sorted by is bold.
func (m *model) heads(columns []column, name, spark int) string {
	title := func(text, sort string) string {
		if sort == m.sort.name {
			return paint(heading.Bold(true).Underline(true), strings.TrimSpace(text))
		}
		return paint(heading, strings.TrimSpace(text))
	}
	var b strings.Builder
	b.WriteString("  ")
	if m.kind == all {
		b.WriteString("   ")
	}
	b.WriteString(fit(title("NAME", "name"), name))
	for _, c := range columns {
		b.WriteString(right(title(c.title, c.sort), c.cells))
	}
	shown := m.sort.title
	if m.kind == srs {
		shown = "DISK"
	}
	b.WriteString("  " + fit(title(fmt.Sprintf("%s %s", shown, ago(int64(spark)*m.cell())), ""), spark) + " " + title("ALARMS", "alarms"))
	return b.String()
}

// rowLine is a row of the table.
func (m *model) rowLine(r *row, columns []column, name, spark int, here bool) string {
	var b strings.Builder
	b.WriteString(map[bool]string{true: "▸ ", false: "  "}[here])
	if m.kind == all {
		b.WriteString(paint(faint, fit(r.class, 2)) + " ")
	}
	alarms, style := alarmCell(&r.flags)
	shown := fit(r.name, name)
	if style != nil && r.flags.Firing > 0 || here {
		shown = inStyle(style, shown)
	}
	b.WriteString(shown)
	for _, c := range columns {
		text := c.text(r)
		if text == unknown {
			b.WriteString(paint(faint, right(text, c.cells)))
			continue
		}
		b.WriteString(right(text, c.cells))
	}
	b.WriteString("  " + fit(m.sparkOf(r, spark), spark) + " " + inStyle(style, fit(alarms, alarmCells)))
	if here {
		return paint(reverse, fit(plain(b.String()), m.Width))
	}
	return b.String()
}

// sparkOf is the sparkline of a row: of what the table is sorted by, or of
// the disk where an SR has no such thing.
func (m *model) sparkOf(r *row, cells int) string {
	which, top := m.sort.spark, 0.0
	if r.sr != nil && which != disk {
		which = disk
	}
	if which == cpu || which == contention {
		top = 1
	}
	return m.past[r.uuid].spark(which, top, m.poll.Overview.Row, cells, m.cell(), m.step())
}

// alarmCell is the worst that an object's alarms say, and how many others
// there are.
func alarmCell(f *api.Flags) (string, *lipgloss.Style) {
	others := f.Firing + f.NoData + f.Pending
	text := func(n int, word string) string {
		out := fmt.Sprintf("%d %s", n, word)
		if others -= n; others > 0 {
			out += fmt.Sprintf(" +%d", others)
		}
		return out
	}
	switch {
	case f.Firing > 0 && f.Severity == alarm.Warning:
		return text(f.Firing, "warn"), &warning
	case f.Firing > 0:
		return text(f.Firing, "crit"), &critical
	case f.NoData > 0:
		return text(f.NoData, "no data"), &missing
	case f.Maintenance != "":
		return f.Maintenance, &faint
	case f.Pending > 0:
		return text(f.Pending, "pending"), nil
	}
	return "", nil
}

// finite says that a value is one.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
