package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

// shownRows is how many rows stand in the table; the others are in the small
// picture above it alone.
const shownRows = 8

// explainer writes an explanation for a person.
type explainer struct {
	*api.Explained
	times
	sheet
}

// text is the whole of it:
//
//	cpu_usage of vm web-07 is pending: bad since 12:04:00 CET, for 3 min of 5 min
//	  vm:5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11
//
//	rule       alarm when the average of cpu[0-9]+ is above 0.9 for 5 min
//	…
func (e *explainer) text() string {
	fmt.Fprintf(e, "%s of %s %s\n  %s:%s\n\n", e.Variable, e.nameOf(), e.headline(), e.Class, e.UUID)
	e.Section("rule", e.rule()...)
	if e.From != "" {
		e.Section("from", e.From)
	}
	if !e.Reading {
		e.Section("reads", e.columns())
	}
	if e.Problem != "" {
		e.Section("problem", e.Problem)
	}
	if e.Trouble != "" {
		e.Section("trouble", "no rows come at present ("+e.Trouble+"): the agent's log says why")
	}
	e.rows()
	e.Section("next", e.next()...)
	e.Section("held back", e.held()...)
	e.Section("sinks", e.sinks()...)
	return e.String()
}

func (e *explainer) nameOf() string {
	if e.Name == "" {
		return e.Class + " " + e.UUID
	}
	return e.Class + " " + e.Name
}

// headline is the state in a sentence.
func (e *explainer) headline() string {
	since := e.At(e.Since)
	switch e.State {
	case alarm.Pending.String():
		return fmt.Sprintf("is %s: bad since %s, for %s of %s", e.colour("pending"), since, span(e.BadFor), span(e.Explanation.Rule.Period))
	case alarm.Firing.String():
		return fmt.Sprintf("is %s: bad since %s, for %s", e.colour(fmt.Sprintf("firing (%s)", e.Severity)), since, span(e.Explanation.Now-e.Since+e.Step))
	case alarm.Clearing.String():
		return fmt.Sprintf("is %s: fine for %s of %s", e.colour(fmt.Sprintf("clearing (%s)", e.Severity)), span(e.FineFor), span(e.Explanation.Rule.ClearPeriod))
	case alarm.NoData.String():
		return "has " + e.colour("no data") + ": nobody has known its value for " + span(e.Explanation.Rule.NoDataPeriod) + " or longer"
	}
	if last := e.last(); last != nil && last.Value != nil {
		return fmt.Sprintf("is %s: %s at %s is %s", e.State, number(*last.Value)+unitText(e.Unit), e.At(last.T), gradeInWords[last.Grade])
	}
	return fmt.Sprintf("is %s, and its value is unknown", e.State)
}

func (e *explainer) colour(text string) string { return paint(styleOf(e.State, e.Severity), text) }

// last is the newest row, nil for none.
func (e *explainer) last() *monitor.ExplainedRow {
	if len(e.Rows) == 0 {
		return nil
	}
	return &e.Rows[len(e.Rows)-1]
}

var gradeInWords = map[string]string{
	"fine": "fine", "lingering": "neither bad nor fine", "warning": "bad for a warning",
	"falling": "bad for a warning, and keeps a critical alarm critical", "critical": "critical", "": "unknown",
}

// rule is what the variable is about, in words.
func (e *explainer) rule() []string {
	r := &e.Explanation.Rule
	what := r.Fold
	if !e.Reading {
		what = fmt.Sprintf("the %s of %s", cmp.Or(foldInWords[r.Fold], r.Fold), r.Pattern)
	}
	lines := []string{fmt.Sprintf("alarm when %s is %s %s for %s", what, e.beyond(), e.level(r.Level), periodInWords(r.Period))}
	if r.WarningLevel != nil {
		lines = append(lines, fmt.Sprintf("warning when it is %s %s for as long", e.beyond(), e.level(*r.WarningLevel)))
	}
	clear := fmt.Sprintf("cleared when it is %s", e.within())
	if r.ClearPeriod > 0 {
		clear += " for " + span(r.ClearPeriod)
	}
	lines = append(lines, clear)
	if r.NoDataPeriod > 0 {
		lines = append(lines, "no data when it is unknown for "+span(r.NoDataPeriod))
	}
	more := fmt.Sprintf("priority %d", r.Priority)
	if r.Inhibit > 0 {
		more = fmt.Sprintf("after an alarm quiet for %s; %s", span(r.Inhibit), more)
	}
	for i, name := range slices.Sorted(maps.Keys(r.Labels)) {
		more += []string{"; labels ", ", "}[min(i, 1)] + name + "=" + r.Labels[name]
	}
	return append(lines, more)
}

var foldInWords = map[string]string{"max": "largest"}

func periodInWords(period int64) string {
	if period <= 0 {
		return "one row"
	}
	return span(period)
}

// level is a level with its unit, if that is known.
func (e *explainer) level(v float64) string { return exact(v) + unitText(e.Unit) }

// low says that values below the levels are bad.
func (e *explainer) low() bool { return e.Explanation.Rule.Sense == "low" }

// beyond is on which side of a level a value is bad.
func (e *explainer) beyond() string {
	if e.low() {
		return "below"
	}
	return "above"
}

// within is where a value is fine.
func (e *explainer) within() string {
	if e.low() {
		return e.level(e.fineLevel()) + " or above"
	}
	return e.level(e.fineLevel()) + " or below"
}

// fineLevel is the level at which fine begins.
func (e *explainer) fineLevel() float64 {
	r := &e.Explanation.Rule
	level := r.Level
	for _, other := range []*float64{r.WarningLevel, r.ClearLevel} {
		if other != nil && (*other < level) != e.low() {
			level = *other
		}
	}
	return level
}

// maxColumns is how many data sources are named.
const maxColumns = 12

func (e *explainer) columns() string {
	switch n := len(e.Columns); {
	case n == 0:
		return "no data source"
	case n > maxColumns:
		return fmt.Sprintf("%s and %d more", strings.Join(e.Columns[:maxColumns], ", "), n-maxColumns)
	}
	return strings.Join(e.Columns, ", ")
}

// rows draws the last rows, and writes the newest of them.
func (e *explainer) rows() {
	if len(e.Rows) == 0 {
		e.Section("rows", "none yet")
		return
	}
	every := "every " + span(e.Step)
	if e.Reading {
		every = "read at each poll"
	}
	e.Section("rows", fmt.Sprintf("%s  %s, the newest of %s", sparkline(e.Rows, e.Explanation.Rule.Level), every, e.At(e.Explanation.Now)))
	shown := e.Rows[max(0, len(e.Rows)-shownRows):]
	if !slices.ContainsFunc(shown, func(r monitor.ExplainedRow) bool { return r.Value != nil }) {
		return
	}
	values := make([]string, len(shown))
	width := 0
	for i, r := range shown {
		values[i] = "–"
		if r.Value != nil {
			values[i] = number(*r.Value)
		}
		width = max(width, len([]rune(values[i])))
	}
	lines := make([]string, len(shown))
	for i, r := range shown {
		pad := strings.Repeat(" ", width-len([]rune(values[i])))
		lines[i] = fmt.Sprintf("%s  %s%s  %s", e.Clock(r.T), pad, values[i], gradeInWords[r.Grade])
	}
	e.Section("", lines...)
}

// next is what the variable will say.
func (e *explainer) next() []string {
	var lines []string
	for _, f := range e.Explanation.Next {
		text := e.forecast(f)
		if f.Inhibited {
			text += "; without a message, since the last one is too recent"
		}
		lines = append(lines, text)
	}
	if len(lines) == 0 {
		return []string{"nothing that can be foreseen"}
	}
	return lines
}

// forecast is one thing that it will say:
//
//	raised (critical) at 12:08:00 CET if it stays above 0.9
func (e *explainer) forecast(f monitor.Forecast) string {
	text := string(f.Kind)
	switch f.Kind {
	case alarm.KindRaised, alarm.KindRepeated:
		text += " (" + string(f.Severity) + ")"
	case alarm.KindNoData:
		text = "no data"
	}
	return fmt.Sprintf("%s at %s if it %s", text, e.At(f.At), e.condition(f.If))
}

// condition is what the values have to be like from now on.
func (e *explainer) condition(c alarm.Condition) string {
	r := &e.Explanation.Rule
	grade := ""
	if last := e.last(); last != nil {
		grade = last.Grade
	}
	holds := map[alarm.Condition]bool{
		alarm.IfCritical: grade == "critical", alarm.IfWarning: grade == "warning" || grade == "falling",
		alarm.IfFine: grade == "fine", alarm.IfUnknown: grade == "" && e.last() != nil,
	}[c]
	like := fmt.Sprintf("%s %s", e.beyond(), e.level(r.Level))
	switch {
	case c == alarm.IfUnknown:
		like = "unknown"
	case c == alarm.IfFine && holds:
		like = "at " + e.within()
	case c == alarm.IfFine:
		like = e.within()
	case c == alarm.IfWarning && r.WarningLevel != nil:
		like = fmt.Sprintf("%s %s, and not %s", e.beyond(), e.level(*r.WarningLevel), like)
	}
	if holds {
		return "stays " + like
	}
	return "is " + like + " from now on"
}

// held is what holds words back.
func (e *explainer) held() []string {
	var lines []string
	if e.InhibitUntil != 0 {
		lines = append(lines, fmt.Sprintf("inhibit: no message and no repeat until %s, since the alarm of %s", e.At(e.InhibitUntil), e.At(e.AlarmedAt)))
	}
	switch s := e.Silence; {
	case s != nil:
		lines = append(lines, fmt.Sprintf("silence %s by %s until %s: %s", s.ID, s.Author, e.At(s.Ends), s.Reason))
	case e.Muted != "":
		lines = append(lines, e.Muted)
	}
	if e.Unheard {
		lines = append(lines, "those whom it holds back have not heard of this yet, and will when it ends")
	}
	if len(lines) == 0 {
		return []string{"nothing"}
	}
	return lines
}

// sinks is what each sink knows, one paragraph each.
func (e *explainer) sinks() []string {
	width := 0
	for _, s := range e.Sinks {
		width = max(width, len(s.Sink))
	}
	var lines []string
	for i := range e.Sinks {
		s := &e.Sinks[i]
		title := s.Sink
		for _, line := range e.sink(s) {
			lines = append(lines, fmt.Sprintf("%-*s  %s", width, title, line))
			title = ""
		}
	}
	if len(lines) == 0 {
		return []string{"none: alarms are in the agent's log alone"}
	}
	return lines
}

// sink is what one sink knows of the alarm.
func (e *explainer) sink(s *api.SinkStatus) []string {
	lines := []string{e.told(s)}
	for _, keeps := range e.keepsBack(s) {
		if lines[0] == notTold || lines[0] == nothingToTell {
			lines[0] += ": " + keeps
		} else {
			lines = append(lines, "from now on: "+keeps)
		}
	}
	if lines[0] == notTold {
		lines[0] += ": it was held back when it was said, or the sink is new"
	}
	if s.Away {
		lines = append(lines, "it takes nothing at present, and is tried again at "+e.At(s.NextTry))
	}
	if s.LastError != "" && (s.Away || s.Waiting > 0 || s.LastErrorOurs) {
		lines = append(lines, fmt.Sprintf("last error, at %s: %s", e.At(s.LastErrorAt), s.LastError))
	}
	if others := s.Queued - s.Waiting; others > 0 {
		lines = append(lines, fmt.Sprintf("%s; its queue goes back to %s", wait(others, " about other alarms"), e.At(s.QueuedSince)))
	}
	return lines
}

const (
	notTold       = "not told"
	nothingToTell = "nothing to tell"
)

// told says whether the sink knows of the alarm.
func (e *explainer) told(s *api.SinkStatus) string {
	switch {
	case s.Waiting > 0:
		return fmt.Sprintf("not told yet: %s since %s", wait(s.Waiting, ""), e.At(s.WaitingSince))
	case s.LastErrorOurs && s.Refused:
		return "not told: it has refused what was said last, which is lost"
	case s.Told:
		return "told"
	case e.State == alarm.Firing.String(), e.State == alarm.Clearing.String(), e.State == alarm.NoData.String():
		return notTold
	}
	return nothingToTell
}

// keepsBack is what would keep the next words from a sink.
func (e *explainer) keepsBack(s *api.SinkStatus) []string {
	var list []string
	if s.Filtered {
		list = append(list, "its filter leaves this alarm out")
	}
	if s.HoldSilenced {
		list = append(list, "held back by "+e.Muted)
	}
	if s.HoldInhibited {
		list = append(list, "held back by inhibit")
	}
	return list
}

func wait(n int, about string) string {
	if n == 1 {
		return "1 event" + about + " waits"
	}
	return fmt.Sprintf("%d events%s wait", n, about)
}
