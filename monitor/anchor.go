package monitor

import "time"

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
	whole   bool  // the next row stands for a whole step: rows were re-anchored
	step    int64 // of the last answer, 0 before one

	broken int           // broken answers in a row
	behind int           // whole answers in a row that end too early
	since  time.Duration // of the first of them, by the clock that only goes forward
}

// span returns for how many seconds a row at time t stands, and whether it
// is a row to evaluate at all: the first one stands for a whole step, any
// later one for the time since the one before, at most a step; a row that
// is not later than the last is dropped.
func (a *anchor) span(t, step int64) (int64, bool) {
	switch {
	case !a.hasLast:
		return step, true
	case t <= a.last:
		return 0, false
	case a.whole:
		return step, true
	}
	return min(step, t-a.last), true
}

// evaluated notes that the row at t has been. A row older than what was asked
// for does not take the start back: nobody wants the history since then.
func (a *anchor) evaluated(t int64) {
	a.hasLast, a.last, a.whole = true, t, false
	a.start = max(a.start, t+1)
}

// answered notes a whole answer, the time of its end, and when it came. Two in
// a row that end before the last row are believed: back is true, rows are asked
// for again from that end, and stored row times have to move by shift seconds.
// They have to be a step apart: the row at the end of one that comes sooner can
// be the last one that was evaluated, under another date.
//
// An end that is not before the last row and still well before the start comes
// after rows were given up by a clock of ours that is ahead of the source's:
// the start goes back to the last row, and nothing moves.
func (a *anchor) answered(end, step int64, now time.Duration) (shift int64, back bool) {
	a.broken = 0
	a.step = step
	if !a.hasLast || end >= a.last && end >= a.start-1-giveUpWindow {
		a.behind = 0
		return 0, false
	}
	if a.behind++; a.behind == 1 {
		a.since = now
	}
	if a.behind < backLimit || now-a.since < time.Duration(step)*time.Second {
		return 0, false
	}
	a.behind = 0
	if end >= a.last {
		a.start = a.last + 1
		return 0, true
	}
	shift = end - a.last
	// The row at the end itself is to be evaluated.
	a.last, a.start, a.whole = end-1, end, true
	return shift, true
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
