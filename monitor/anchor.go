package monitor

// Limits of the anchor.
const (
	brokenLimit  = 3   // broken answers in a row before rows are given up
	backLimit    = 2   // answers that end before the last row, before they are believed
	giveUpWindow = 300 // seconds before now that are asked for after giving up
)

// anchor knows which rows have been evaluated and what to ask for next. All
// times are Unix seconds of the source's rows.
type anchor struct {
	start   int64 // asked for next
	hasLast bool
	last    int64 // the last evaluated row; only with hasLast
	step    int64 // of the last answer, 0 before one

	broken int // broken answers in a row
	behind int // answers in a row that end before last
}

// span returns for how many seconds a row at time t stands, and whether it
// is a row to evaluate at all: the first one stands for a whole step, any
// later one for the time since the one before, at most a step; a row that
// is not later than the last is dropped.
func (a *anchor) span(t, step int64) (int64, bool) {
	if !a.hasLast {
		return step, true
	}
	if t <= a.last {
		return 0, false
	}
	return min(step, t-a.last), true
}

// evaluated notes that the row at t has been.
func (a *anchor) evaluated(t int64) {
	a.hasLast, a.last = true, t
	a.start = t + 1
}

// answered notes a whole answer. It returns by how many seconds stored times
// have to move because the source's time went back, 0 as a rule: an answer
// that ends before the last row twice in a row is believed, and asked for
// again from its end.
func (a *anchor) answered(end, step int64) (shift int64) {
	a.broken = 0
	a.step = step
	if !a.hasLast || end >= a.last {
		a.behind = 0
		return 0
	}
	a.behind++
	if a.behind < backLimit {
		return 0
	}
	shift = end - a.last
	a.behind, a.hasLast, a.start = 0, false, end
	return shift
}

// brokenAnswer notes an answer that was broken. It returns the seconds that
// are given up and thereby unknown, 0 as a rule.
func (a *anchor) brokenAnswer(now int64) (lost int64) {
	a.broken++
	if a.broken < brokenLimit {
		return 0
	}
	a.broken = 0
	if from := now - giveUpWindow; from > a.start {
		lost = from - a.start
		a.start = from
	}
	return lost
}

// shift moves the stored times by d seconds, for a clock that was set.
func (a *anchor) shift(d int64) {
	a.start += d
	a.last += d
}
