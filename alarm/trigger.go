package alarm

// State is where a trigger is in its life.
type State int

// The states. Pending has seen bad rows, but not yet for the whole period;
// Firing has, whether or not inhibit let the alarm out.
const (
	Inactive State = iota
	Pending
	Firing
)

// States lists every State, in order.
var States = []State{Inactive, Pending, Firing}

// String is the state's name in lower case.
func (s State) String() string {
	switch s {
	case Inactive:
		return "inactive"
	case Pending:
		return "pending"
	case Firing:
		return "firing"
	}
	return "unknown"
}

// UnknownLimit is how long, in seconds of row time, a trigger keeps its
// progress without a known value; a longer period of the trigger itself
// extends it.
const UnknownLimit = 600

// Timing is what a trigger needs to know of its variable. Both are seconds.
type Timing struct {
	Period  int64 // bad time that raises; at least one row, whatever it says
	Inhibit int64 // quiet time after a raise
}

// Sample is one judged row.
type Sample struct {
	T     int64   // the row's time, Unix seconds
	Span  int64   // seconds that the row stands for
	From  int64   // where the time that it knows of begins: at or before T-Span
	Known bool    // false: Bad and Value mean nothing
	Bad   bool    // Value is on the wrong side of the level
	Value float64 // finite if Known
}

// Output is what a step of a trigger says.
type Output int

// The outputs. Held is a raise that the inhibit time kept back.
const (
	Nothing Output = iota
	Raised
	Repeated
	Held
)

// Trigger is the state of one variable of one object. The zero value is a
// new one. All times are Unix seconds of row time; those behind a Has flag
// mean nothing without it.
type Trigger struct {
	State    State
	BadFor   int64 // bad seconds counted since the last good row or raise
	Since    int64 // first bad row of the stretch; only while not Inactive
	HasRaise bool
	RaisedAt int64 // the last raise that was let out: inhibit counts from it
	HasKnown bool
	KnownAt  int64   // the last row with a known value
	Value    float64 // of that row
}

// Step judges one row. Rows come oldest first.
//
// A bad row adds the time that it stands for. When that reaches the period,
// the trigger fires and the count starts again, also when inhibit holds the
// alarm back. A good row ends it. An unknown row changes nothing, until
// UnknownLimit (or the period, if longer) has passed without a known one.
func (t *Trigger) Step(tm Timing, s Sample) Output {
	if t.HasKnown {
		dark := s.T - t.KnownAt
		if s.Known {
			dark = s.From - t.KnownAt
		}
		if dark >= max(UnknownLimit, tm.Period) {
			t.Reset()
		}
	}
	if !s.Known {
		return Nothing
	}
	t.HasKnown, t.KnownAt, t.Value = true, s.T, s.Value
	if !s.Bad {
		t.Reset()
		return Nothing
	}
	if t.State == Inactive {
		t.State, t.Since = Pending, s.T
	}
	t.BadFor += s.Span
	if t.BadFor < tm.Period {
		return Nothing
	}
	return t.fire(tm, s.T)
}

func (t *Trigger) fire(tm Timing, now int64) Output {
	t.BadFor = 0
	again := t.State == Firing
	t.State = Firing
	if t.HasRaise && now-t.RaisedAt < tm.Inhibit {
		return Held
	}
	t.HasRaise, t.RaisedAt = true, now
	if again {
		return Repeated
	}
	return Raised
}

// Reset forgets the progress and keeps the inhibit time: for a good row, for
// too long without a known value, and for a variable whose meaning changed.
func (t *Trigger) Reset() {
	t.State, t.BadFor, t.Since = Inactive, 0, 0
}

// Shift moves every stored time by d seconds, for a clock that was set.
func (t *Trigger) Shift(d int64) {
	t.Since += d
	t.RaisedAt += d
	t.KnownAt += d
}
