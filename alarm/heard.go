package alarm

// Heard is what those know of a trigger whom silences hold back: what was
// said while none did. The zero value has heard nothing. Times are Unix
// seconds of row time; 0 is never.
type Heard struct {
	Severity  Severity // of what they believe to fire; "": nothing
	NoData    bool     // they believe that nobody knows the value
	RaisedAt  int64    // as in Trigger, of what they heard
	AlarmedAt int64
	Owed      bool // a raised or repeated was held back that would have made an ALARM, or could have
}

// HeardOf is what they know who have heard everything.
func HeardOf(t *Trigger) Heard {
	return Heard{Severity: t.Severity, NoData: t.State == NoData, RaisedAt: t.RaisedAt, AlarmedAt: t.AlarmedAt}
}

// Hold takes down what a trigger said in a row that was held back. A clear is
// held back from nobody who knows what it ends.
func (h *Heard) Hold(said []Transition) {
	for _, t := range said {
		switch t.Kind {
		case KindRaised, KindRepeated:
			h.Owed = h.Owed || !t.Inhibited
		case KindNoData:
			h.Owed = false
		case KindCleared:
			h.Severity, h.NoData, h.Owed = "", false, false
		}
	}
}

// hear takes down what they heard.
func (h *Heard) hear(said Transition, at int64) {
	switch said.Kind {
	case KindCleared:
		h.Severity, h.NoData = "", false
		return
	case KindNoData:
		h.Severity, h.NoData = "", true
		return
	}
	h.Severity, h.NoData = said.Severity, false
	if said.Inhibited {
		return
	}
	h.RaisedAt = at
	if said.Severity == Critical {
		h.AlarmedAt = at
	}
}

// Behind reports whether a trigger has something to say, or to forget, once
// nothing holds it back any more.
func (h *Heard) Behind(t *Trigger) bool {
	return h.Owed || h.RaisedAt != t.RaisedAt || h.AlarmedAt != t.AlarmedAt || !h.Knows(t)
}

// Knows reports whether they know how a trigger is, so that the next that it
// says makes sense to them. That a critical alarm has fallen to a warning is
// said to nobody.
func (h *Heard) Knows(t *Trigger) bool {
	switch t.State {
	case Firing, Clearing:
		return h.Severity == t.Severity || h.Severity == Critical
	case NoData:
		return h.NoData
	}
	return h.Severity == ""
}

// Rewind makes the quiet time of a trigger count from what was heard. It is
// called before a row that nothing holds back.
func (h *Heard) Rewind(t *Trigger) {
	t.RaisedAt, t.AlarmedAt = h.RaisedAt, h.AlarmedAt
}

// CatchUp takes down what a trigger has said in the row at, its newest one,
// which nothing holds back, and appends what those have to be told who do not
// know how it is. What they were told before is not said again: a repeat that
// was held back comes when the next period is complete. What they hear as
// repeated and never heard of before is raised.
func (h *Heard) CatchUp(t *Trigger, tm Timing, at int64, said []Transition) []Transition {
	for i := range said {
		if said[i].Kind == KindRepeated && !h.Knows(t) {
			said[i].Kind = KindRaised
		}
		h.hear(said[i], at)
	}
	h.Rewind(t)
	// None of what they heard of it made an ALARM, and what was held back would have.
	owed := h.Owed && h.RaisedAt < t.Since
	h.Owed = false
	if h.Knows(t) && !owed {
		return said
	}
	var late Transition
	switch t.State {
	case Firing, Clearing:
		late = Transition{Kind: KindRaised, Severity: t.Severity, Inhibited: t.inhibited(tm, at)}
		if !late.Inhibited {
			t.announced(at)
		}
	case NoData:
		late = Transition{Kind: KindNoData}
	default:
		// It was unknown for the nodata period, and then bad: nothing was said
		// of either that could reach them.
		late = Transition{Kind: KindCleared, Severity: h.Severity, Reason: ReasonUnknown}
	}
	h.hear(late, at)
	return append(said, late)
}

// Shift moves every stored time by d seconds, for a clock that was set.
func (h *Heard) Shift(d int64) {
	for _, at := range []*int64{&h.RaisedAt, &h.AlarmedAt} {
		if *at != 0 {
			*at += d
		}
	}
}
