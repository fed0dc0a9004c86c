package alarm

// Condition is what the values have to be like from now on for something to
// come.
type Condition string

// The conditions.
const (
	IfCritical Condition = "critical" // bad for the critical level
	IfWarning  Condition = "warning"  // bad for the warning level alone
	IfFine     Condition = "fine"     // on the clear side
	IfUnknown  Condition = "unknown"
)

// Outlook is what a trigger will say if a condition holds from now on, and
// after how many seconds of row time. The row that completes them says it.
type Outlook struct {
	Kind      Kind
	Severity  Severity // of what will be raised or repeated
	Reason    Reason   // of a clear
	Inhibited bool     // the ALARM will be held back
	If        Condition
	After     int64 // seconds until the row that brings it
}

// Outlook lists what the trigger says next, one for each condition that leads
// somewhere. now is the time of its newest row, and rows come every step
// seconds.
func (t *Trigger) Outlook(tm Timing, now, step int64) []Outlook {
	o := outlook{t, tm, now, max(step, 1)}
	var list []Outlook
	switch t.State {
	case Inactive, Pending, NoData:
		list = o.quiet()
		if t.State == NoData {
			list = append(list, Outlook{Kind: KindCleared, Reason: ReasonLevel, If: IfFine, After: o.rows(0)})
		}
	case Firing, Clearing:
		list = o.firing()
	}
	dark := int64(0)
	if t.KnownAt != 0 {
		dark = max(0, now-t.KnownAt)
	}
	switch {
	case tm.NoData > 0 && t.State != NoData:
		list = append(list, Outlook{Kind: KindNoData, If: IfUnknown, After: o.rows(tm.NoData - dark)})
	case tm.NoData <= 0 && (t.State == Firing || t.State == Clearing):
		list = append(list, Outlook{Kind: KindCleared, Reason: ReasonUnknown, If: IfUnknown, After: o.rows(max(UnknownLimit, tm.Period) - dark)})
	}
	return list
}

// outlook is what one call of Outlook works with.
type outlook struct {
	t         *Trigger
	tm        Timing
	now, step int64
}

// rows is how long it takes for the row to come that completes so many
// seconds; the next one does if they are complete.
func (o outlook) rows(seconds int64) int64 {
	return max(1, (seconds+o.step-1)/o.step) * o.step
}

func (o outlook) quiet() []Outlook {
	worst, bad := o.t.WorstFor, o.t.BadFor
	if o.t.State != Pending {
		worst, bad = 0, 0
	}
	list := []Outlook{o.raise(Critical, IfCritical, o.tm.Period-worst)}
	if o.tm.HasWarning {
		list = append(list, o.raise(Warning, IfWarning, o.tm.Period-bad))
	}
	return list
}

func (o outlook) firing() []Outlook {
	var list []Outlook
	condition := IfCritical
	if o.t.Severity == Warning {
		list = append(list, o.raise(Critical, IfCritical, o.tm.Period-o.t.WorstFor))
		condition = IfWarning
	}
	return append(list,
		Outlook{Kind: KindRepeated, Severity: o.t.Severity, If: condition, After: o.repeat()},
		Outlook{Kind: KindCleared, Severity: o.t.Severity, Reason: ReasonLevel, If: IfFine, After: o.rows(o.tm.Clear - o.t.FineFor)})
}

func (o outlook) raise(s Severity, c Condition, seconds int64) Outlook {
	after := o.rows(seconds)
	raised := *o.t
	raised.Severity = s
	return Outlook{Kind: KindRaised, Severity: s, If: c, After: after, Inhibited: raised.inhibited(o.tm, o.now+after)}
}

// repeat is when the first period is complete that ends after the inhibit
// time.
func (o outlook) repeat() int64 {
	after, period := o.rows(o.tm.Period-o.t.BadFor), o.rows(o.tm.Period)
	last := o.t.RaisedAt
	if o.t.Severity == Critical {
		last = o.t.AlarmedAt
	}
	if quiet := o.tm.Inhibit - (o.now - last); last != 0 && quiet > after {
		const ever = 1 << 40 // seconds; keeps the sum below whole
		after += (min(quiet, ever) - after + period - 1) / period * period
	}
	return after
}
