package monitor

import (
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// beats is a source with a clock of its own: a row is there from its first beat
// at or after the row's time. They are by our clock, which it is ahead of by
// skew.
type beats struct {
	at   []time.Time
	skew time.Duration
}

var paceBegan = time.Unix(t0, 0)

// newBeats makes beats for a time: the first is offset behind a round time of
// the source's clock, and each comes period after the one before it.
func newBeats(offset, skew, length time.Duration, period func(at time.Duration) time.Duration) beats {
	b := beats{skew: skew}
	for at := offset - skew%(5*time.Second) - 10*time.Minute; at < length+2*time.Minute; {
		b.at = append(b.at, paceBegan.Add(at))
		if at < 0 {
			at += 5 * time.Second
		} else {
			at += period(at)
		}
	}
	return b
}

// end is the newest row of a step at a time.
func (b beats) end(now time.Time, step int64) int64 {
	n := sort.Search(len(b.at), func(i int) bool { return b.at[i].After(now) })
	return b.at[n-1].Add(b.skew).Unix() / step * step
}

// came is when the row at end came.
func (b beats) came(end int64) time.Time {
	n := sort.Search(len(b.at), func(i int) bool { return b.at[i].Add(b.skew).Unix() >= end })
	return b.at[n]
}

// paced is how a pace fared with a source.
type paced struct {
	late   []time.Duration // of each row, behind the moment when it came
	asked  []time.Time
	waited []time.Duration
}

// answerTime is how long an answer takes.
const answerTime = 20 * time.Millisecond

// follow asks a source by a pace for a while.
func follow(b beats, step int64, dither, length time.Duration) paced {
	var out paced
	var p pace
	var newest int64
	for now := paceBegan.Add(1700 * time.Millisecond); now.Sub(paceBegan) < length; {
		end := b.end(now, step)
		p.saw(now, end, step, step)
		if end != newest && newest != 0 {
			out.late = append(out.late, now.Sub(b.came(end)))
		}
		newest = end
		d := p.wait(now.Add(answerTime), dither)
		out.asked, out.waited = append(out.asked, now), append(out.waited, d)
		now = now.Add(answerTime + d)
	}
	return out
}

// most is the largest number of requests in any time of a length.
func (p paced) most(length time.Duration) int {
	most := 0
	for i, from := range p.asked {
		n := sort.Search(len(p.asked), func(k int) bool { return p.asked[k].Sub(from) >= length })
		most = max(most, n-i)
	}
	return most
}

// settled drops the rows from which the pace has learned.
func (p paced) settled(rows int) time.Duration { return slices.Max(p.late[rows:]) }

func steadily(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

// TestPace: how late rows are found, and by how many requests, of sources that
// keep their beat, or wait five seconds after some work.
func TestPace(t *testing.T) {
	f := func(step int64, period, offset, skew, late time.Duration, requests int) {
		t.Helper()
		const rows = 720
		length := time.Duration(step) * rows * time.Second
		p := follow(newBeats(offset, skew, length, steadily(period)), step, 0, length)
		got := p.settled(rows / 10)
		if got > late || len(p.asked) > requests {
			t.Errorf("rows of %d s, a beat of %v, %v behind, skew %v: up to %v late, %d requests for %d rows; want %v and %d",
				step, period, offset, skew, got, len(p.asked), len(p.late), late, requests)
		}
	}
	const exact = 5 * time.Second
	for _, offset := range []time.Duration{0, 2 * time.Second, 4900 * time.Millisecond} {
		for _, skew := range []time.Duration{0, 20 * time.Second, -20 * time.Second, -time.Hour} {
			f(5, exact, offset, skew, 500*time.Millisecond, 760)
			f(60, exact, offset, skew, time.Second, 1010)
			f(5, exact+10*time.Millisecond, offset, skew, 550*time.Millisecond, 800)
			f(5, exact+200*time.Millisecond, offset, skew, 550*time.Millisecond, 1000)
			f(60, exact+10*time.Millisecond, offset, skew, 2*time.Second, 3450)
			f(60, exact+200*time.Millisecond, offset, skew, 2*time.Second, 3450)
		}
	}
}

// TestPaceLearns: how many rows it takes, by whatever clock they are dated.
func TestPaceLearns(t *testing.T) {
	f := func(skew time.Duration, rows int) {
		t.Helper()
		const length = time.Hour
		p := follow(newBeats(2*time.Second, skew, length, steadily(5*time.Second)), 60, 0, length)
		if late := p.settled(rows); late > time.Second {
			t.Errorf("skew %v: %v late after %d rows", skew, late, rows)
		}
	}
	f(0, 1)
	for _, skew := range []time.Duration{3 * time.Second, 20 * time.Second, 50 * time.Second, -3 * time.Second, -20 * time.Second, -50 * time.Second, -time.Hour} {
		f(skew, 9)
	}
	f(55*time.Minute, 9)
}

// TestPaceProperties: whatever the source does, it is asked a bounded number of
// times, and never without a pause.
func TestPaceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]int64{5, 60, 3600}).Draw(t, "step")
		offset := time.Duration(rapid.Int64Range(0, int64(5*time.Second)).Draw(t, "offset"))
		skew := time.Duration(rapid.Int64Range(-int64(2*time.Hour), int64(2*time.Hour)).Draw(t, "skew"))
		dither := time.Duration(rapid.Int64Range(0, step).Draw(t, "dither")) * time.Second / 10
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 0))
		unit := time.Duration(step) * time.Second
		length := 200 * unit
		p := follow(newBeats(offset, skew, length, func(time.Duration) time.Duration {
			switch r.IntN(50) {
			case 0: // away for some rows
				return time.Duration(r.Int64N(int64(10 * unit)))
			case 1: // twice at once
				return time.Millisecond
			}
			return 5*time.Second + time.Duration(r.NormFloat64()*float64(100*time.Millisecond))
		}), step, dither, length)
		for _, d := range p.waited {
			if d < 250*time.Millisecond || d > unit+dither {
				t.Fatalf("a pause of %v", d)
			}
		}
		if n := p.most(unit); n > mostTries && step <= 60 || n > 2*mostTries {
			t.Fatalf("%d requests in a step", n)
		}
	})
}

// mostTries is how many requests in a time as long as a step docs/load.md
// promises at most.
const mostTries = 20

// TestPaceOfASourceThatStops: one request a step, once a whole step has passed
// without a row; and its new beat is learned when it is back.
func TestPaceOfASourceThatStops(t *testing.T) {
	f := func(step int64) {
		t.Helper()
		unit := time.Duration(step) * time.Second
		length := 300 * unit
		away := false
		p := follow(newBeats(time.Second, 0, length, func(at time.Duration) time.Duration {
			if at >= 100*unit && !away {
				away = true
				return 100*unit + 2700*time.Millisecond
			}
			return 5 * time.Second
		}), step, 0, length)
		between := 0
		for _, at := range p.asked {
			if d := at.Sub(paceBegan); d > 103*unit && d < 200*unit {
				between++
			}
		}
		if between > 98 {
			t.Errorf("rows of %d s: %d requests in 97 steps without a row", step, between)
		}
		if late := slices.Max(p.late[110:]); late > time.Second {
			t.Errorf("rows of %d s: %v late ten rows after it is back", step, late)
		}
	}
	f(5)
	f(60)
}

// ask is one answer to a pace: asked at, in seconds behind t0.
func (p *pace) ask(at float64, end, step, want int64, now float64) time.Duration {
	moment := func(s float64) time.Time { return time.Unix(t0, 0).Add(time.Duration(s * float64(time.Second))) }
	p.saw(moment(at), t0+end, step, want)
	return p.wait(moment(now), 0)
}

// TestPaceStep: another step is learned anew; and behind the first answer with
// longer rows than wanted there may be shorter ones, but only once.
func TestPaceStep(t *testing.T) {
	var p pace
	p.ask(1, 0, 5, 5, 1)
	if d := p.ask(2, 0, 60, 60, 2); d > 60*time.Second || d < 20*time.Second || p.between() {
		t.Errorf("after another step: %v", d)
	}
	p = pace{}
	if d := p.ask(10, 0, 60, 5, 10.2); d != 800*time.Millisecond || !p.between() {
		t.Errorf("after longer rows than wanted: %v, want a gap of a second from the request on", d)
	}
	if d := p.ask(11, 0, 60, 5, 11); d < 10*time.Second || p.between() {
		t.Errorf("after longer rows again: %v", d)
	}
}

// TestPaceOfASetClock: stored times move with it, and a clock that moves alone
// costs a step at most.
func TestPaceOfASetClock(t *testing.T) {
	learned := func() *pace {
		p := &pace{}
		for i := range int64(40) {
			at := 5 * float64(i)
			p.ask(at+2, 5*(i-1), 5, 5, at+2) // early
			p.ask(at+2.3, 5*i, 5, 5, at+2.3)
		}
		return p
	}
	const now = 195 + 2.4
	calm := learned().wait(time.Unix(t0, 0).Add(197400*time.Millisecond), 0)
	p := learned()
	p.shift(3600)
	if d := p.wait(time.Unix(t0+3600, 0).Add(197400*time.Millisecond), 0); d != calm {
		t.Errorf("%v after the clock was set, %v without", d, calm)
	}
	for _, jump := range []float64{-86400, -3600, -7, 7, 3600, 86400} {
		if d := learned().ask(now+jump, 195, 5, 5, now+jump); d <= 0 || d > 5*time.Second {
			t.Errorf("our clock alone jumps by %v s: %v", jump, d)
		}
		if d := learned().ask(now, 195+int64(jump), 5, 5, now); d <= 0 || d > 5*time.Second {
			t.Errorf("the source's clock alone jumps by %v s: %v", jump, d)
		}
	}
}

// TestPaceDither: it is added where a row is expected, and not to an earlier try.
func TestPaceDither(t *testing.T) {
	f := func(p pace, want time.Duration) {
		t.Helper()
		p.known, p.step, p.newest, p.late = true, 5*time.Second, t0, 1300*time.Millisecond
		if got := p.wait(time.Unix(t0+2, 0), 250*time.Millisecond); got != want {
			t.Errorf("%+v: a wait of %v, want %v", p, got, want)
		}
	}
	f(pace{early: time.Second}, 4550*time.Millisecond)
	f(pace{early: 300 * time.Millisecond}, 3800*time.Millisecond)
	f(pace{before: time.Second}, 3300*time.Millisecond)
	f(pace{early: time.Second, missed: true}, 4550*time.Millisecond)
}
