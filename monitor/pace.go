package monitor

import (
	"slices"
	"time"
)

const (
	// beatOfSource is how often a toolstack samples. Longer rows are put
	// together of samples, so that the lateness of two in a row can differ by as
	// much.
	beatOfSource = 5 * time.Second
	// lateAtMost is the latest that a row comes where the source's clock is ours.
	lateAtMost = 6 * time.Second
	// recentlyFound is how many longer rows' lateness is remembered.
	recentlyFound = 64
	// So many rows come as expected before one is asked for earlier.
	leastPatience, mostPatience = 4, 32
	// evenTries of a row that is not there come after even gaps; each gap after
	// them is twice the one before, up to a step.
	evenTries = 4
)

// pace learns when rows come, and says when to ask for them. It is told the
// time and holds no clock.
//
// A row of time t is to be had from t plus its lateness: what the source's beat
// is behind round times, what its work takes, and by how much its clock differs
// from ours. All this is measured as one, by our clock, and is nearly the same
// from row to row.
//
//	t                  early          late                   t + step
//	|--------------------|-------------|------------------------|
//	                 not there       there
//
// At early a row was asked for and was not there; at late one was. While they
// are further apart than a gap, the next row is asked for in the middle; then at
// late. One that is not there is asked for again a gap later, and late moves.
// That rows come sooner than they did would not be noticed: so now and then one
// is asked for a gap before late, and further before while that goes well.
type pace struct {
	known  bool
	step   time.Duration // of the rows
	newest int64         // time of the newest row, Unix seconds

	early, late time.Duration
	before      time.Duration   // early is not known any more: the next try is so much before late; 0: it is
	found       []time.Duration // how late the last longer rows were, newest first
	moved       int             // how many of them since one was later than expected
	calm        int             // rows in a row that came as expected
	patience    int             // how many until one is asked for earlier

	asked    time.Time // the last time
	missedAt time.Time // the last time that the next row was asked for in vain
	missed   bool      // it was
	tries    int       // in vain, since it was expected
	again    bool      // and it is asked for again within the step
	coarse   bool      // the last answer had longer rows than wanted
	catching bool      // and it is the first: shorter ones may be behind it
}

// gap is the time between two tries, and how exactly a lateness is learned.
func (p *pace) gap() time.Duration {
	return min(max(p.step/10, 500*time.Millisecond), time.Second)
}

// saw notes an answer: rows of step seconds were asked for at a time, and reach
// up to end (Unix seconds). Rows of want seconds were wanted.
func (p *pace) saw(asked time.Time, end, step, want int64) {
	p.asked = asked
	p.catching = step > want && !p.coarse
	p.coarse = step > want
	switch lateness := asked.Sub(time.Unix(end, 0)); {
	case !p.known || p.step != time.Duration(step)*time.Second || end < p.newest:
		p.begin(end, step, lateness)
	case end == p.newest:
		p.miss(lateness - p.step)
	default:
		p.hit(end, lateness)
	}
}

// begin starts to learn. The row at end was there, and the one after it was not.
func (p *pace) begin(end, step int64, lateness time.Duration) {
	*p = pace{
		known: true, step: time.Duration(step) * time.Second, newest: end, moved: recentlyFound,
		before: time.Duration(step) * time.Second / 2, patience: leastPatience, asked: p.asked, coarse: p.coarse, catching: p.catching,
	}
	switch first := p.gap() / 2; {
	case lateness > p.step+lateAtMost: // no rows come at present, or by a clock far behind ours
		p.missed, p.missedAt, p.tries, p.before = true, p.asked, 1, 0
	case lateness > first: // as if the source's clock were ours: the next row comes within seconds
		lateness = first
	}
	p.early, p.late = lateness, lateness
}

// miss notes that the next row was not there when it was that late.
func (p *pace) miss(lateness time.Duration) {
	stopped := p.tries > 0 && !p.again
	switch {
	case lateness < p.try():
		return // asked for another reason
	case lateness < p.late:
		if p.before > 0 {
			p.patience = min(2*p.patience, mostPatience)
		}
	default:
		p.calm = 0
		p.tries++
	}
	p.missed, p.missedAt = true, p.asked
	p.before, p.early = 0, lateness
	p.again = lateness < p.late+p.step && !stopped
}

// hit notes that the row at end was there when it was that late.
func (p *pace) hit(end int64, lateness time.Duration) {
	switch {
	case p.tries > 0:
		p.patience = leastPatience
	case lateness < p.late:
		p.before, p.calm, p.patience = 2*p.before, 0, leastPatience
	default:
		lateness = p.late // or less: it was not asked for any sooner
		if p.calm++; p.calm >= p.patience && p.before == 0 {
			p.before, p.calm = p.gap(), 0
		}
	}
	if p.missed {
		p.early = p.missedAt.Sub(time.Unix(end, 0))
	}
	tried := p.tries > 0
	p.newest, p.missed, p.again, p.tries = end, false, false, 0
	p.late = lateness
	if p.step > beatOfSource {
		if p.moved++; tried && len(p.found) > 0 {
			p.moved = 0
		}
		if p.moved < recentlyFound && p.before == 0 {
			p.before = p.gap() // the next may come sooner by a whole beat
		}
		p.found = append([]time.Duration{lateness}, p.found[:min(len(p.found), recentlyFound-1)]...)
		p.late = slices.Min(p.found)
	}
}

// failed notes that there was no answer: a source that was away may have
// another beat.
func (p *pace) failed() {
	p.missed, p.again, p.tries, p.catching = false, false, 0, false
	p.patience = leastPatience
	if p.before == 0 {
		p.before = p.gap()
	}
}

// shift moves stored times by d seconds, for a clock that was set.
func (p *pace) shift(d int64) {
	p.newest += d
	p.asked = p.asked.Add(time.Duration(d) * time.Second)
	p.missedAt = p.missedAt.Add(time.Duration(d) * time.Second)
}

// try is how late the next row will be when it is asked for first.
func (p *pace) try() time.Duration {
	switch {
	case p.before > 0:
		return p.late - p.before
	case p.late-p.early > p.gap():
		return p.late - (p.late-p.early)/2
	}
	return p.late
}

// wait is for how long to wait from now on. dither is added where a row is
// asked for when it is expected. It is at least half a gap, and at most a step
// and the dither.
func (p *pace) wait(now time.Time, dither time.Duration) time.Duration {
	next := time.Unix(p.newest, 0).Add(p.step) // row
	var due time.Time
	switch {
	case p.catching:
		due = p.asked.Add(p.gap())
	case p.tries > 0 && !p.again:
		due = p.asked.Add(p.step) // no rows come at present
	case p.tries > evenTries:
		due = p.asked.Add(min(p.gap()<<(p.tries-evenTries), p.step))
	case p.tries > 0:
		due = p.asked.Add(p.gap())
	case p.missed || p.try() == p.late:
		due = next.Add(p.late + dither)
	default:
		due = next.Add(p.try())
	}
	return min(max(due.Sub(now), p.gap()/2), p.step+dither)
}

// between says that the next request is one more for what the last has asked
// for.
func (p *pace) between() bool { return p.again || p.catching }
