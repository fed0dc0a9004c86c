package alarm

// State is where a trigger is in its life.
type State int

// The states. A trigger is Pending once a value is bad, Firing when it has
// been bad for the period, whether or not inhibit lets an alarm out, Clearing
// while a firing one has a value on the clear side that has not lasted for
// the clear period, and NoData when nobody has known the value for the nodata
// period.
const (
	Inactive State = iota
	Pending
	Firing
	Clearing
	NoData
)

// States lists every State, in order.
var States = []State{Inactive, Pending, Firing, Clearing, NoData}

var stateNames = [...]string{"inactive", "pending", "firing", "clearing", "nodata"}

// String is the state's name in lower case.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// UnknownLimit is how long, in seconds of row time, a trigger keeps its
// progress without a known value; a longer period of the trigger itself
// extends it.
const UnknownLimit = 600

// Timing is what a trigger needs to know of its variable, in seconds.
type Timing struct {
	Period  int64 // bad time that raises; at least one row, whatever it says
	Inhibit int64 // quiet time of ALARM and repeated after either
	Clear   int64 // time on the clear side that clears; at least one row
	NoData  int64 // time without a known value that is worth an event; 0: none

	HasWarning bool // there is a warning level below the level
}

// Grade is on which side of the levels a value is. Between a level and its
// clear level lies a value that neither makes an alarm nor ends one.
type Grade int

// The grades, from good to bad. A variable without a warning level knows
// Fine, Lingering and BadCritical alone.
const (
	Fine        Grade = iota // on the clear side of every level
	Lingering                // bad for no level, but not on the clear side
	BadWarning               // bad for the warning level, on the clear side of the critical one
	BadFalling               // bad for the warning level, not on the clear side of the critical one
	BadCritical              // bad for the level itself
)

// Sample is one judged row.
type Sample struct {
	T     int64 // the row's time, Unix seconds
	Span  int64 // seconds that the row stands for
	From  int64 // where the time that it knows of begins: at or before T-Span
	Known bool  // false: Grade and Value mean nothing
	// Absent says that the whole object is missing from the report. Whether
	// it has gone is for others to say, so not even a long absence ends an
	// alarm as unknown.
	Absent bool
	Grade  Grade
	Value  float64 // finite if Known
}

// Transition is something that a trigger says.
type Transition struct {
	Kind      Kind
	Severity  Severity // of a raise or repeat; of what was cleared
	Reason    Reason   // of a clear
	Inhibited bool     // the inhibit period holds the ALARM back
}

// Trigger is the state of one variable of one object. The zero value is a
// new one. All times are Unix seconds of row time; 0 is never.
type Trigger struct {
	State    State
	Severity Severity // while Firing or Clearing
	BadFor   int64    // bad seconds counted towards the next raise or repeat
	WorstFor int64    // of these the last ones that were bad for the critical level
	FineFor  int64    // seconds on the clear side, while Clearing
	FallFor  int64    // seconds on the clear side of the critical level, while Firing or Clearing
	Since    int64    // first bad row of the stretch; 0 when nothing is bad

	RaisedAt  int64   // the last raised or repeated that was not inhibited
	AlarmedAt int64   // the same, of critical severity
	KnownAt   int64   // the last row with a known value, or the beginning
	Value     float64 // of that row
	EverKnown bool
}

// Step judges one row and appends what the trigger says to out. Rows come
// oldest first.
func (t *Trigger) Step(tm Timing, s Sample, out []Transition) []Transition {
	if t.KnownAt == 0 {
		t.KnownAt = s.From
	}
	dark := s.T - t.KnownAt
	if s.Known {
		dark = s.From - t.KnownAt
	}
	out = t.darken(tm, dark, s.Absent, out)
	if !s.Known {
		return out
	}
	t.KnownAt, t.Value, t.EverKnown = s.T, s.Value, true
	if t.State == NoData {
		t.reset()
		if s.Grade < BadWarning {
			return append(out, Transition{Kind: KindCleared, Reason: ReasonLevel})
		}
	}
	if t.State == Firing || t.State == Clearing {
		return t.stepFiring(tm, s, out)
	}
	return t.stepQuiet(tm, s, out)
}

// darken does what time without a known value does.
func (t *Trigger) darken(tm Timing, dark int64, absent bool, out []Transition) []Transition {
	if tm.NoData > 0 && dark >= tm.NoData && t.State != NoData {
		t.reset()
		t.State = NoData
		return append(out, Transition{Kind: KindNoData})
	}
	if dark < max(UnknownLimit, tm.Period) {
		return out
	}
	switch t.State {
	case Pending:
		t.reset()
	case Firing, Clearing:
		if tm.NoData <= 0 && !absent {
			out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonUnknown})
			t.reset()
		}
	}
	return out
}

// stepQuiet judges a known row while nothing fires.
func (t *Trigger) stepQuiet(tm Timing, s Sample, out []Transition) []Transition {
	if s.Grade < BadWarning {
		t.reset()
		return out
	}
	if t.State != Pending {
		t.State, t.Since = Pending, s.T
	}
	t.count(s)
	switch {
	case s.Grade == BadCritical && t.WorstFor >= tm.Period:
		return t.raise(tm, s.T, Critical, out)
	case t.BadFor >= tm.Period:
		return t.raise(tm, s.T, Warning, out)
	}
	return out
}

// stepFiring judges a known row while an alarm fires.
func (t *Trigger) stepFiring(tm Timing, s Sample, out []Transition) []Transition {
	if s.Grade == Fine {
		t.State, t.BadFor, t.WorstFor = Clearing, 0, 0
		t.FineFor += s.Span
		if t.FineFor < tm.Clear {
			t.fall(tm, s)
			return out
		}
		out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: ReasonLevel})
		t.reset()
		return out
	}
	t.State, t.FineFor = Firing, 0
	t.count(s)
	t.fall(tm, s)
	switch {
	case t.Severity == Warning && s.Grade == BadCritical && t.WorstFor >= tm.Period:
		return t.raise(tm, s.T, Critical, out)
	case t.BadFor >= tm.Period:
		t.BadFor = 0
		if !t.inhibited(tm, s.T) {
			t.announced(s.T)
			out = append(out, Transition{Kind: KindRepeated, Severity: t.Severity})
		}
	}
	return out
}

// fall makes a critical alarm a warning when it has been on the clear side of
// the critical level for the clear period. A fine row is on that side too.
func (t *Trigger) fall(tm Timing, s Sample) {
	if tm.HasWarning && s.Grade <= BadWarning {
		if t.FallFor += s.Span; t.FallFor >= tm.Clear {
			t.Severity = Warning
		}
	} else {
		t.FallFor = 0
	}
}

// count adds the time that a row stands for. Only an unbroken stretch counts
// as critical.
func (t *Trigger) count(s Sample) {
	t.BadFor += s.Span
	if s.Grade == BadCritical {
		t.WorstFor += s.Span
	} else {
		t.WorstFor = 0
	}
}

// raise makes the trigger fire, or become critical. A raise that inhibit
// holds back is said all the same; the quiet time goes on from the one before.
func (t *Trigger) raise(tm Timing, now int64, severity Severity, out []Transition) []Transition {
	t.State, t.Severity, t.BadFor, t.FallFor = Firing, severity, 0, 0
	held := t.inhibited(tm, now)
	if !held {
		t.announced(now)
	}
	return append(out, Transition{Kind: KindRaised, Severity: severity, Inhibited: held})
}

// inhibited says whether it is too early for a further ALARM, or for a
// further word on a warning: going from warning to critical is not delayed by
// the warning.
func (t *Trigger) inhibited(tm Timing, now int64) bool {
	last := t.RaisedAt
	if t.Severity == Critical {
		last = t.AlarmedAt
	}
	return last != 0 && now-last < tm.Inhibit
}

func (t *Trigger) announced(now int64) {
	t.RaisedAt = now
	if t.Severity == Critical {
		t.AlarmedAt = now
	}
}

// End makes the trigger inactive for a reason outside its rows, and appends
// the word that ends what was announced. The quiet time stays.
func (t *Trigger) End(reason Reason, out []Transition) []Transition {
	switch t.State {
	case Firing, Clearing, NoData:
		out = append(out, Transition{Kind: KindCleared, Severity: t.Severity, Reason: reason})
	}
	t.reset()
	return out
}

// reset forgets all progress and keeps the quiet time.
func (t *Trigger) reset() {
	t.State, t.Severity, t.Since = Inactive, "", 0
	t.BadFor, t.WorstFor, t.FineFor, t.FallFor = 0, 0, 0, 0
}

// Shift moves every stored time by d seconds, for a clock that was set.
func (t *Trigger) Shift(d int64) {
	for _, at := range []*int64{&t.Since, &t.RaisedAt, &t.AlarmedAt, &t.KnownAt} {
		if *at != 0 {
			*at += d
		}
	}
}
