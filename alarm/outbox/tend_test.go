package outbox

import (
	"testing"
	"time"
)

// tender is a driver with work of its own. It notes "tend" when it is asked to
// do it.
type tender struct {
	*fake
	wait time.Duration
	err  error
}

func (d *tender) Tend(ctx) (time.Duration, error) {
	d.note("tend")
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wait, d.err
}

// answersTend says what Tend returns from now on.
func (d *tender) answersTend(wait time.Duration, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wait, d.err = wait, err
}

func TestTend(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := &tender{newFake(), 10 * time.Minute, nil}
		b := start(t, newJournal(t), d)
		d.want(t, "0s: tend")
		time.Sleep(10*time.Minute - time.Nanosecond)
		d.want(t)
		time.Sleep(time.Nanosecond)
		d.want(t, "10m0s: tend")
		time.Sleep(time.Minute)
		d.answersTend(0, nil) // which is not meant
		b.add("a1")
		d.want(t, "11m0s: a1", "11m0s: tend")
		time.Sleep(time.Second)
		d.want(t, "11m1s: tend")
	})
}

// TestTendFails: it is tried again as an event would be, and holds up none.
func TestTendFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := &tender{newFake(), time.Hour, errAway}
		b := start(t, newJournal(t), d)
		d.want(t, "0s: tend")
		b.add("a1")
		d.want(t, "0s: a1")
		time.Sleep(4 * time.Second)
		d.want(t, "1s: tend", "3s: tend")
		d.answersTend(time.Hour, nil)
		time.Sleep(4 * time.Second)
		d.want(t, "7s: tend")
		if n := b.log.count("level=WARN", "connection refused"); n != 1 {
			t.Errorf("log: %q", b.log.lines)
		}
		b.add("a2r")
		d.want(t, "8s: a2r", "8s: tend")
	})
}

// TestTendAway: a sink that is away is left alone.
func TestTendAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := &tender{newFake(), time.Hour, nil}
		b := start(t, newJournal(t), d, func(o *Options) { o.Batch = 1 })
		d.want(t, "0s: tend")
		d.answers(failing(errAway, "a1", "b1", "c1"))
		b.add("a1", "b1", "c1")
		d.want(t, "0s: a1", "0s: tend", "0s: b1", "0s: tend", "0s: c1")
		time.Sleep(time.Second)
		d.want(t, "1s: tend", "1s: a1")
	})
}
