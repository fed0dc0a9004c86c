package top

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api"
	"perfmon/monitor/replay"
)

// group is data sources of a class that belong together in one plot.
type group struct {
	title   string
	pattern *regexp.Regexp
	glob    string
	fold    string
}

func grouped(title, pattern, glob, fold string) group {
	return group{title, regexp.MustCompile("^(?:" + pattern + ")$"), glob, fold}
}

// groups are the main data sources of each class, in the order in which
// somebody asks for them.
var groups = map[string][]group{
	"host": {
		grouped("processors", `cpu\d+`, "cpu*", "average"),
		grouped("runnable processors for each physical one", `hostload`, "hostload", "max"),
		grouped("load of the control domain", `loadavg`, "loadavg", "max"),
		grouped("free memory", `memory_free_kib`, "memory_*", "max"),
		grouped("received", `pif_eth\d+_rx`, "pif_*", "sum"),
		grouped("sent", `pif_eth\d+_tx`, "pif_*", "sum"),
	},
	"vm": {
		grouped("processors", `cpu\d+`, "cpu*", "average"),
		grouped("memory", `memory`, "memory*", "max"),
		grouped("free memory, as its guest agent says", `memory_internal_free`, "memory*", "max"),
		grouped("received", `vif_\d+_rx`, "vif_*", "sum"),
		grouped("sent", `vif_\d+_tx`, "vif_*", "sum"),
		grouped("read", `vbd_.+_read`, "vbd_*", "sum"),
		grouped("written", `vbd_.+_write`, "vbd_*", "sum"),
	},
	"sr": {
		grouped("space in use", `physical_utilisation`, "physical_utilisation", "max"),
	},
}

const (
	maxGlobs      = 60 // the agent takes 64, and a query of 4 KiB
	maxGlobBytes  = 2 << 10
	maxOtherPlots = 12 // of data sources in no group, where there is no other plot
)

// globsOf is what of an object's data sources is asked for: those of its
// groups, and those that its variables read.
func globsOf(class string, variables []*monitor.Explanation) string {
	var globs []string
	size := 0
	add := func(glob string) {
		if len(globs) < maxGlobs && size+len(glob) < maxGlobBytes && !slices.Contains(globs, glob) && !strings.ContainsAny(glob, ",?*[]\\") {
			globs, size = append(globs, glob), size+len(glob)+1
		}
	}
	for _, g := range groups[class] {
		if !slices.Contains(globs, g.glob) {
			globs, size = append(globs, g.glob), size+len(g.glob)+1
		}
	}
	if class == "sr" { // they have few, and what they have differs
		return "*"
	}
	for _, v := range variables {
		for _, c := range v.Columns {
			if !slices.ContainsFunc(groups[class], func(g group) bool { return strings.HasPrefix(c, strings.TrimSuffix(g.glob, "*")) }) {
				add(c)
			}
		}
	}
	return strings.Join(globs, ",")
}

// picture is a plot that is ready to be drawn.
type picture struct {
	title    string
	variable string // that it is of; "" for data sources without a trigger
	unit     string
	track    replay.Track
	factor   float64 // from the unit of the data sources to ours
}

// picturesOf are the plots of a series: of its triggers, then of the main
// data sources that no trigger reads in the same way.
func picturesOf(s *api.Series) []*picture {
	var list []*picture
	taken := map[string]bool{}
	for i := range s.Triggers {
		v := &s.Triggers[i]
		columns := columnsOf(s, func(name string) bool { return slices.Contains(v.Columns, name) })
		if len(columns) == 0 {
			continue
		}
		p := newPicture(s, clean(v.Variable), v.Fold, columns)
		p.variable = clean(v.Variable)
		p.judge(s, v)
		list = append(list, p)
		taken[idOf(v.Fold, columns)] = true
	}
	for _, g := range groups[s.Class] {
		columns := columnsOf(s, g.pattern.MatchString)
		if len(columns) > 0 && !taken[idOf(g.fold, columns)] {
			list = append(list, newPicture(s, g.title, g.fold, columns))
		}
	}
	if len(list) == 0 {
		for i := range s.Columns[:min(len(s.Columns), maxOtherPlots)] {
			list = append(list, newPicture(s, clean(s.Columns[i].Name), "max", []int{i}))
		}
	}
	return list
}

// columnsOf are the places of the data sources with such names.
func columnsOf(s *api.Series, wanted func(name string) bool) []int {
	var list []int
	for i := range s.Columns {
		if i < len(s.Values) && wanted(s.Columns[i].Name) {
			list = append(list, i)
		}
	}
	return list
}

// idOf tells pictures of the same values apart from others. Of one column,
// all folds are the same.
func idOf(fold string, columns []int) string {
	var b strings.Builder
	if len(columns) > 1 {
		b.WriteString(fold)
	}
	for _, c := range columns {
		b.WriteString("," + number(float64(c)))
	}
	return b.String()
}

// newPicture folds columns into one line.
func newPicture(s *api.Series, title, fold string, columns []int) *picture {
	p := &picture{title: title}
	p.track = replay.Track{Level: math.NaN(), Warning: math.NaN(), Clear: math.NaN()}
	if len(columns) == 1 {
		if name := clean(s.Columns[columns[0]].Name); !strings.HasSuffix(title, name) {
			p.title += ": " + name
		}
	} else {
		p.title += ": " + clean(fold) + " of " + number(float64(len(columns))) + " data sources"
	}
	for k, t := range s.T {
		p.track.Points = append(p.track.Points, replay.Point{T: t, Span: s.Step, Value: foldAt(s, fold, columns, k)})
	}
	unit := s.Columns[columns[0]].Unit
	if unit == "count" || s.Columns[columns[0]].Name == "hostload" { // which is no share, though its unit says so
		unit = ""
	}
	p.scale(unit)
	p.round()
	return p
}

// foldAt is the value of columns in one row; NaN if none is known.
func foldAt(s *api.Series, fold string, columns []int, k int) float64 {
	out, n := math.NaN(), 0
	for _, c := range columns {
		if k >= len(s.Values[c]) || !finite(s.Values[c][k]) {
			continue
		}
		v := s.Values[c][k]
		switch {
		case n == 0:
			out = v
		case fold == "max":
			out = max(out, v)
		default:
			out += v
		}
		n++
	}
	if fold == "average" {
		out /= float64(n)
	}
	return out
}

// scale gives the values a unit in which they are short: shares in percent,
// bytes in KiB and so on.
func (p *picture) scale(unit string) {
	factor := 1.0
	base, perSecond := strings.CutSuffix(unit, "/s")
	switch base {
	case "fraction":
		factor, unit = 100, "%"
	case "B", "KiB":
		top := 0.0
		for _, point := range p.track.Points {
			if finite(point.Value) {
				top = max(top, math.Abs(point.Value))
			}
		}
		units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
		i := slices.Index(units, base)
		for top >= 1024 && i+1 < len(units) {
			top, factor, i = top/1024, factor/1024, i+1
		}
		if unit = units[i]; perSecond {
			unit += "/s"
		}
	}
	p.unit = clean(unit)
	p.track.Level *= factor
	p.track.Warning *= factor
	p.track.Clear *= factor
	for i := range p.track.Points {
		p.track.Points[i].Value *= factor
	}
	p.factor = factor
}

// round leaves out what is too small to be seen, so that labels are short.
func (p *picture) round() {
	top := 0.0
	for _, point := range p.track.Points {
		if finite(point.Value) {
			top = max(top, math.Abs(point.Value))
		}
	}
	if top == 0 {
		return
	}
	unit := math.Pow(10, math.Floor(math.Log10(top))-3)
	for i := range p.track.Points {
		if v := &p.track.Points[i].Value; unit > 0 && finite(*v/unit) {
			*v = math.Round(*v/unit) * unit
		}
	}
}

// judge adds the levels of a variable, and when it fired.
func (p *picture) judge(s *api.Series, v *api.Variable) {
	p.track.Low = v.Sense == "low"
	p.track.Level = v.Level * p.factor
	p.track.Warning = known(v.WarningLevel) * p.factor
	p.track.Clear = known(v.ClearLevel) * p.factor
	if math.Abs(p.track.Level) > 1e300 || !finite(p.track.Level) {
		p.track.Level = math.NaN() // a level that is never reached
	}
	var changes []api.Transition
	for _, t := range s.Transitions {
		if t.Variable == v.Variable && t.UUID == v.UUID {
			changes = append(changes, t)
		}
	}
	state := stateBefore(changes, v)
	for i := range p.track.Points {
		point := &p.track.Points[i]
		for len(changes) > 0 && changes[0].Time <= point.T {
			state = stateAfter(&changes[0])
			changes = changes[1:]
		}
		point.State = state
	}
}

func stateAfter(t *api.Transition) alarm.State {
	switch t.Kind {
	case alarm.KindRaised, alarm.KindRepeated:
		return alarm.Firing
	case alarm.KindNoData:
		return alarm.NoData
	}
	return alarm.Inactive
}

// stateBefore is a variable's state before its first transition in the plot,
// as far as that tells; without one it is what it is now.
func stateBefore(changes []api.Transition, v *api.Variable) alarm.State {
	if len(changes) > 0 {
		switch first := &changes[0]; {
		case first.Kind == alarm.KindRepeated, first.Kind == alarm.KindCleared && first.Reason != alarm.ReasonUnknown:
			return alarm.Firing
		}
		return alarm.Inactive
	}
	switch v.State {
	case "firing", "clearing":
		return alarm.Firing
	case "nodata":
		return alarm.NoData
	}
	return alarm.Inactive
}

// draw draws a picture in so many lines and columns.
func (p *picture) draw(cells, lines int, color bool, loc *time.Location) []string {
	head := p.title
	if p.unit != "" {
		head += ", " + p.unit
	}
	if last := p.newest(); last != "" {
		head += ", now " + last
	}
	lines-- // of the title
	// The axis and its times take two lines, and the strip of alarms one.
	text := p.track.Plot(replay.PlotOptions{Width: cells, Height: max(4, lines-3), Color: color, Zero: true, Location: loc})
	out := append([]string{paint(bold, fit(head, min(cells, width(head))))}, strings.Split(strings.TrimRight(text, "\n"), "\n")...)
	for len(out) < lines+1 {
		out = append(out, "")
	}
	return out[:lines+1]
}

// newest is the last value that is known.
func (p *picture) newest() string {
	for _, point := range slices.Backward(p.track.Points) {
		if finite(point.Value) {
			return number(point.Value)
		}
	}
	return ""
}
