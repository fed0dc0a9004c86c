package rabbit

import "time"

// past is what is remembered of one queue between looks.
type past struct {
	used   time.Time
	ready  []reading  // of the last looks, as far as the lag goes
	counts []sighting // ascending in both
}

// reading is how much was ready, by the broker itself.
type reading struct {
	at time.Time
	n  int
}

// sighting is that by a time so many messages had come to a queue.
type sighting struct {
	at        time.Time
	published int64
}

// How much is remembered of one queue.
const (
	maxReadings  = 64
	maxSightings = 256
)

// Unacked is how many messages can be with workers. ready is the broker's
// word of now, f the plugin's of some time in the last lag. The larger of:
//
//   - what the plugin says is unacknowledged;
//   - what it says there is in all, less what is ready now: a message that it
//     still takes for ready and that has been handed out since;
//   - the most that was ready within the lag, less what is ready now: a message
//     that came and was handed out since the plugin looked.
//
// A message that was acknowledged meanwhile counts up to a lag too long. One
// that came and went to a worker between two looks within one lag is missed:
// the worker's own heartbeat has it.
func (p *past) Unacked(now time.Time, ready int, f figures, lag time.Duration) *int {
	for len(p.ready) > 0 && now.Sub(p.ready[0].at) > lag {
		p.ready = p.ready[1:]
	}
	// Only what is more than all later ones can ever count.
	for len(p.ready) > 0 && p.ready[len(p.ready)-1].n <= ready {
		p.ready = p.ready[:len(p.ready)-1]
	}
	if len(p.ready) >= maxReadings {
		p.ready = append(p.ready[:1], p.ready[2:]...) // the highest stays
	}
	p.ready = append(p.ready, reading{now, ready})
	if f.Unacked == nil || f.Ready == nil {
		return nil
	}
	n := max(int(*f.Unacked), int(*f.Ready+*f.Unacked)-ready, p.ready[0].n-ready)
	return &n
}

// Oldest is how long the message at the head of the queue has waited, at
// least; 0 when none waits, nil when that cannot be told.
//
// Of all messages that ever came to a queue, those that are ready are the
// last: the one at the head is number published - ready + 1, so it had come
// when that many were first seen published. Both figures are the plugin's, of
// one instant. The answer is short by as much as lies between two looks, and
// by the lag. Of messages that were there before the first look it is the
// time since then. A queue that is not first in, first out (priorities) has
// no such order, and the answer is of a message of the middle.
//
// Where the plugin counts nothing (rates_mode none), or the count does not
// go back far enough, the time that the sender wrote on the message counts,
// if there is one.
func (p *past) Oldest(now time.Time, ready int, f figures) *time.Duration {
	var age time.Duration
	known := false
	if f.Published != nil && f.Ready != nil {
		age, known = p.waited(now, *f.Published, *f.Ready), true
	}
	if ready == 0 {
		age, known = 0, true
	} else if f.Head != nil {
		age, known = max(age, now.Sub(*f.Head)), true
	}
	if !known {
		return nil
	}
	return &age
}

func (p *past) waited(now time.Time, published, ready int64) time.Duration {
	if n := len(p.counts); n > 0 && p.counts[n-1].published > published {
		p.counts = nil // the broker counts anew, or it is another queue
	}
	gone := published - ready
	for len(p.counts) > 0 && p.counts[0].published <= gone {
		p.counts = p.counts[1:]
	}
	if n := len(p.counts); published > gone && (n == 0 || p.counts[n-1].published < published) {
		if n >= maxSightings {
			// Every other one: what is left is true, and a little less exact.
			kept := p.counts[:0]
			for i := 0; i < n; i += 2 {
				kept = append(kept, p.counts[i])
			}
			p.counts = kept
		}
		p.counts = append(p.counts, sighting{now, published})
	}
	if len(p.counts) == 0 {
		return 0
	}
	return now.Sub(p.counts[0].at)
}
