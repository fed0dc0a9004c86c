package main

// The files that are changed, and whose tests have to notice.
const (
	trigger = "alarm/trigger.go"
	fold    = "monitor/fold.go"
)

var (
	triggerTests = []string{"./alarm"}
	foldTests    = []string{"./monitor"}
)

// list is what is tried: mistakes that a person could make in the trigger and
// in the fold.
var list = []mutation{
	// Time without a known value.
	{trigger, "const UnknownLimit = 600", "const UnknownLimit = 660", triggerTests},
	{trigger, "const UnknownLimit = 600", "const UnknownLimit = 540", triggerTests},
	{trigger, "dark := s.T - t.KnownAt", "dark := s.T - t.RaisedAt", triggerTests},
	{trigger, "dark = s.From - t.KnownAt", "dark = s.T - t.KnownAt", triggerTests},
	{trigger, "if dark >= max(UnknownLimit, tm.Period) {", "if dark > max(UnknownLimit, tm.Period) {", triggerTests},
	{trigger, "if dark >= max(UnknownLimit, tm.Period) {", "if dark >= min(UnknownLimit, tm.Period) {", triggerTests},
	{trigger, "if dark >= max(UnknownLimit, tm.Period) {", "if dark >= UnknownLimit {", triggerTests},
	{trigger, "if !s.Known {", "if s.Known && !s.Known {", triggerTests},
	{trigger, "t.HasKnown, t.KnownAt, t.Value = true, s.T, s.Value", "t.HasKnown, t.KnownAt, t.Value = false, s.T, s.Value", triggerTests},
	{trigger, "t.HasKnown, t.KnownAt, t.Value = true, s.T, s.Value", "t.HasKnown, t.KnownAt, t.Value = true, s.From, s.Value", triggerTests},
	{trigger, "t.HasKnown, t.KnownAt, t.Value = true, s.T, s.Value", "t.HasKnown, t.KnownAt, t.Value = true, s.T, 0", triggerTests},

	// From good to firing.
	{trigger, "if !s.Bad {", "if s.Bad {", triggerTests},
	{trigger, "if t.State == Inactive {", "if t.State != Firing {", triggerTests},
	{trigger, "t.State, t.Since = Pending, s.T", "t.State, t.Since = Pending, s.From", triggerTests},
	{trigger, "t.State, t.Since = Pending, s.T", "t.State, t.Since = Firing, s.T", triggerTests},
	{trigger, "t.BadFor += s.Span", "t.BadFor = s.Span", triggerTests},
	{trigger, "t.BadFor += s.Span", "t.BadFor += 60", triggerTests},
	{trigger, "t.BadFor += s.Span", "t.BadFor += s.T - s.From", triggerTests},
	{trigger, "if t.BadFor < tm.Period {", "if t.BadFor <= tm.Period {", triggerTests},

	// The raise and what inhibit does to it.
	{trigger, "t.BadFor = 0", "t.BadFor -= tm.Period", triggerTests},
	{trigger, "t.BadFor = 0", "t.BadFor += 0", triggerTests},
	{trigger, "again := t.State == Firing", "again := t.HasRaise", triggerTests},
	{trigger, "t.State = Firing", "t.State = Pending", triggerTests},
	{trigger, "if t.HasRaise && now-t.RaisedAt < tm.Inhibit {", "if t.HasRaise && now-t.RaisedAt <= tm.Inhibit {", triggerTests},
	{trigger, "if t.HasRaise && now-t.RaisedAt < tm.Inhibit {", "if now-t.RaisedAt < tm.Inhibit {", triggerTests},
	{trigger, "if t.HasRaise && now-t.RaisedAt < tm.Inhibit {", "if t.HasRaise && now-t.Since < tm.Inhibit {", triggerTests},
	{trigger, "return Held", "return Nothing", triggerTests},
	{trigger, "t.HasRaise, t.RaisedAt = true, now", "t.HasRaise, t.RaisedAt = true, t.Since", triggerTests},
	{trigger, "if again {", "if !again {", triggerTests},

	// Recovery, and a clock that was set.
	{trigger, "t.State, t.BadFor, t.Since = Inactive, 0, 0", "t.State, t.BadFor, t.Since = Inactive, t.BadFor, 0", triggerTests},
	{trigger, "t.State, t.BadFor, t.Since = Inactive, 0, 0", "t.State, t.BadFor, t.Since = t.State, 0, 0", triggerTests},
	{trigger, "t.State, t.BadFor, t.Since = Inactive, 0, 0", "t.State, t.BadFor, t.Since = Inactive, 0, t.Since", triggerTests},
	{trigger, "t.State, t.BadFor, t.Since = Inactive, 0, 0", "t.State, t.BadFor, t.Since, t.HasRaise = Inactive, 0, 0, false", triggerTests},
	{trigger, "t.Since += d", "t.Since -= d", triggerTests},
	{trigger, "t.RaisedAt += d", "t.RaisedAt -= d", triggerTests},
	{trigger, "t.KnownAt += d", "t.KnownAt -= d", triggerTests},

	// What is known of a variable's columns.
	{fold, "if f == config.SRUsage {", "if f != config.SRUsage {", foldTests},
	{fold, "sum, highest, n := 0.0, math.Inf(-1), 0", "sum, highest, n := 0.0, 0.0, 0", foldTests},
	{fold, "sum, highest, n := 0.0, math.Inf(-1), 0", "sum, highest, n := 1.0, math.Inf(-1), 0", foldTests},
	{fold, "v := values[c]", "v := values[min(c, 0)]", foldTests},
	{fold, "sum += v", "sum = v", foldTests},
	{fold, "highest = max(highest, v)", "highest = min(highest, v)", foldTests},
	{fold, "highest = max(highest, v)", "highest = v", foldTests},
	{fold, "n++", "n = 1", foldTests},
	{fold, "n++", "n += 2", foldTests},

	// How they become one value.
	{fold, "case n == 0:", "case n < 0:", foldTests},
	{fold, "case n == 0:", "case n < len(columns):", foldTests},
	{fold, "case f == config.Max:", "case f == config.Sum:", foldTests},
	{fold, "case f == config.Average:", "case f == config.Sum:", foldTests},
	{fold, "return finite(sum / float64(n))", "return finite(sum / float64(len(columns)))", foldTests},
	{fold, "return highest", "return sum", foldTests},
	{fold, "return finite(sum / float64(n))", "return sum / float64(n)", foldTests},
	{fold, "return finite(sum)", "return sum", foldTests},

	// An SR's usage.
	{fold, "if len(columns) != 2 {", "if len(columns) > 2 {", foldTests},
	{fold, "used, size := values[columns[0]], values[columns[1]]", "size, used := values[columns[0]], values[columns[1]]", foldTests},
	{fold, "if !known(used) || !known(size) || size <= 0 {", "if !known(used) && !known(size) || size <= 0 {", foldTests},
	{fold, "if !known(used) || !known(size) || size <= 0 {", "if !known(used) || !known(size) || size == 0 {", foldTests},
	{fold, "return finite(used / size)", "return finite(size / used)", foldTests},

	// What a known value is.
	{fold, "func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }", "func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 1) }", foldTests},
	{fold, "func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }", "func known(v float64) bool { return !math.IsNaN(v) }", foldTests},
	{fold, "func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }", "func known(v float64) bool { return !math.IsInf(v, 0) }", foldTests},
	{fold, "func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }", "func known(v float64) bool { return v > 0 }", foldTests},
}
