package monitor

import (
	"context"
	"fmt"
	"slices"

	"perfmon/alarm"
	"perfmon/monitor/config"
)

// Explanation says why a variable is in its state, and what comes next. Times
// are Unix seconds; what is not known is left out, or null.
type Explanation struct {
	Class    string `json:"class"`
	UUID     string `json:"uuid"`
	Name     string `json:"name_label"`
	Variable string `json:"variable"`
	From     string `json:"from,omitempty"` // where its configuration comes from
	Rule     Rule   `json:"rule"`

	Columns []string `json:"columns"`           // the data sources that it reads
	Reading bool     `json:"reading"`           // its value is read of dom0 or of a record, not of rows
	Problem string   `json:"problem,omitempty"` // why it has no value

	State        string         `json:"state"`
	Severity     alarm.Severity `json:"severity,omitempty"`
	Since        int64          `json:"since,omitempty"` // the first bad row
	BadFor       int64          `json:"bad_for_s"`       // counted towards the next raise or repeat
	FineFor      int64          `json:"fine_for_s"`      // counted towards the clear
	AlarmedAt    int64          `json:"alarmed_at,omitempty"`
	InhibitUntil int64          `json:"inhibit_until,omitempty"`
	// Muted is what holds back those sinks that wake people, "" for nothing;
	// Silence is the silence, if it is one.
	Muted   string         `json:"muted,omitempty"`
	Silence *alarm.Silence `json:"silence,omitempty"`
	// Unheard: those sinks do not know yet of what it says now, and will be
	// told when nothing holds it back any more.
	Unheard bool `json:"unheard"`

	Now  int64          `json:"now"`    // time of the newest row
	Step int64          `json:"step_s"` // between rows, or readings
	Rows []ExplainedRow `json:"rows"`   // the last ones, oldest first
	Next []Forecast     `json:"next"`
	// Trouble is why no rows come at present.
	Trouble string `json:"trouble,omitempty"`
}

// Rule is a variable's configuration with all defaults filled in. Periods are
// seconds, levels in the unit of the columns.
type Rule struct {
	Fold         string            `json:"consolidation_fn"`
	Pattern      string            `json:"rrd_regex,omitempty"`
	Level        float64           `json:"alarm_trigger_level"`
	Sense        string            `json:"alarm_trigger_sense"`
	Period       int64             `json:"alarm_trigger_period"`
	Inhibit      int64             `json:"alarm_auto_inhibit_period"`
	Priority     int64             `json:"alarm_priority"`
	WarningLevel *float64          `json:"alarm_warning_level,omitempty"`
	ClearLevel   *float64          `json:"alarm_clear_level,omitempty"`
	ClearPeriod  int64             `json:"alarm_clear_period"`
	NoDataPeriod int64             `json:"alarm_nodata_period"`
	Labels       map[string]string `json:"alarm_labels,omitempty"`
}

// ExplainedRow is one value and what the levels say of it: Grade is a word of
// gradeWords, "" for a value that is unknown.
type ExplainedRow struct {
	T     int64    `json:"t"`
	Value *float64 `json:"value"`
	Grade string   `json:"grade,omitempty"`
}

// Forecast is what the variable will say if its values are so from now on.
type Forecast struct {
	If        alarm.Condition `json:"if"`
	Kind      alarm.Kind      `json:"kind"`
	Severity  alarm.Severity  `json:"severity,omitempty"`
	Reason    alarm.Reason    `json:"reason,omitempty"`
	At        int64           `json:"at"`
	Inhibited bool            `json:"inhibited"`
}

// NotFoundError is an object or a variable that the monitor does not have.
type NotFoundError struct {
	What  string
	Known []string // what it has instead, in order; may be nil
}

func (e *NotFoundError) Error() string { return e.What }

// Explain explains a variable of an object. It waits for the loop; the error
// is that of ctx, ErrEnded, or a *NotFoundError.
func (m *Monitor) Explain(ctx context.Context, key Object, variable string) (*Explanation, error) {
	var x *Explanation
	var missing error
	err := m.onLoop(ctx, func() { x, missing = m.explain(key, variable) })
	if err != nil {
		return nil, err
	}
	return x, missing
}

// ExplainAll explains all variables of an object, in the order in which they
// are judged. Its errors are those of Explain.
func (m *Monitor) ExplainAll(ctx context.Context, key Object) ([]*Explanation, error) {
	list := []*Explanation{}
	var missing error
	err := m.onLoop(ctx, func() {
		o := m.objects[key]
		if o == nil {
			missing = notWatched(key)
			return
		}
		for _, v := range o.vars {
			list = append(list, m.explainVariable(o, v))
		}
	})
	if err != nil {
		return nil, err
	}
	return list, missing
}

func (m *Monitor) explain(key Object, variable string) (*Explanation, error) {
	o := m.objects[key]
	if o == nil {
		return nil, notWatched(key)
	}
	v := o.byName[variable]
	if v == nil {
		var known []string
		for name := range o.byName {
			known = append(known, name)
		}
		slices.Sort(known)
		return nil, &NotFoundError{What: fmt.Sprintf("%s %s has no variable %q", key.Class, key.UUID, variable), Known: known}
	}
	return m.explainVariable(o, v), nil
}

func (m *Monitor) explainVariable(o *object, v *variable) *Explanation {
	x := &Explanation{
		Class: o.Class, UUID: o.UUID, Name: o.label(), Variable: v.conf.Name, From: m.fromInWords(o, v), Rule: ruleInForce(v.conf),
		Columns: m.columnNames(v), Reading: v.matched.fromReading, Problem: m.problemOf(o, v),
		State: v.trig.State.String(), Severity: v.trig.Severity, Since: v.trig.Since,
		BadFor: v.trig.BadFor, FineFor: v.trig.FineFor, AlarmedAt: v.heard.AlarmedAt,
		Now: m.anchor.last, Step: m.newestStep, Rows: []ExplainedRow{}, Next: []Forecast{}, Trouble: m.trouble(),
		Muted: m.heldNow(o, v),
	}
	if fires := v.trig.State == alarm.NoData || v.fires(); fires && x.Muted != "" {
		x.Unheard = !v.heard.Knows(&v.trig) || v.heard.Owed && v.heard.RaisedAt < v.trig.Since
	}
	for _, s := range m.silences {
		if x.Muted == "silence "+s.ID {
			silence := s.Silence
			x.Silence = &silence
		}
	}
	if v.matched.fromReading {
		x.Now, x.Step = v.readAt, int64(m.interval().Seconds())
	}
	if quiet := x.AlarmedAt + v.conf.Inhibit; x.AlarmedAt != 0 && quiet > x.Now {
		x.InhibitUntil = quiet
	}
	v.recent.each(func(p point) { x.Rows = append(x.Rows, explainedRow(v.conf, p)) })
	for _, next := range v.trig.Outlook(timingOf(v.conf), x.Now, x.Step) {
		x.Next = append(x.Next, Forecast{
			If: next.If, Kind: next.Kind, Severity: next.Severity, Reason: next.Reason, At: x.Now + next.After, Inhibited: next.Inhibited,
		})
	}
	return x
}

func explainedRow(c *config.Variable, p point) ExplainedRow {
	if !known(p.value) {
		return ExplainedRow{T: p.t}
	}
	value := p.value
	return ExplainedRow{T: p.t, Value: &value, Grade: gradeWords[c.Grade(value)]}
}

// gradeWords are the grades as programs read them.
var gradeWords = map[config.Grade]string{
	config.Fine: "fine", config.Lingering: "lingering", config.BadWarning: "warning", config.BadFalling: "falling", config.BadCritical: "critical",
}

func ruleInForce(c *config.Variable) Rule {
	r := Rule{
		Fold: c.Fold.String(), Pattern: c.Pattern.String(), Level: c.Level, Sense: c.Sense.String(), Period: c.Period,
		Inhibit: c.Inhibit, Priority: c.Priority, ClearPeriod: c.ClearPeriod, NoDataPeriod: c.NoDataPeriod, Labels: c.Labels,
	}
	if c.HasWarning {
		r.WarningLevel = &c.WarningLevel
	}
	if c.HasClear {
		r.ClearLevel = &c.ClearLevel
	}
	return r
}

// columnNames are the data sources of the plan in force that a variable reads.
func (m *Monitor) columnNames(v *variable) []string {
	names := []string{}
	if m.plan == nil || m.plan.legend == nil {
		return names
	}
	for _, c := range v.columns {
		names = append(names, m.plan.legend.Entries[c].Name)
	}
	return names
}

// problemOf is why a variable has no value, "" if it has one or nobody knows.
func (m *Monitor) problemOf(o *object, v *variable) string {
	switch {
	case v.matched.err != nil:
		return v.matched.err.Error()
	case !o.here():
		return "the object is not on this host"
	case v.told != "":
		return v.told
	case !v.matched.fromReading && m.plan != nil && m.plan.legend != nil && !o.inLegend:
		return "the toolstack reports no rows of the object"
	}
	return ""
}
