package xapi

import (
	"math/rand/v2"
	"time"
)

// Backoff gives the waits between tries: each is random between zero and a
// ceiling that doubles from Initial to Max. The whole wait is random ("full
// jitter") so that the hosts of a pool, which lose their coordinator at the
// same moment, do not come back to it at the same moment. The zero value
// starts at one second and ends at thirty. It is not safe for concurrent use.
type Backoff struct {
	Initial time.Duration  // first ceiling; 0 means 1 s
	Max     time.Duration  // last ceiling; 0 means 30 s
	Rand    func() float64 // in [0,1); nil means math/rand

	ceiling time.Duration
}

// Next is how long to wait before the next try.
func (b *Backoff) Next() time.Duration {
	first, last, random := b.Initial, b.Max, b.Rand
	setDefault(&first, time.Second)
	setDefault(&last, 30*time.Second)
	if random == nil {
		random = rand.Float64
	}
	if b.ceiling < last/2 {
		b.ceiling = max(first, 2*b.ceiling)
	} else {
		b.ceiling = last
	}
	b.ceiling = min(b.ceiling, last)
	return time.Duration(random() * float64(b.ceiling))
}

// Reset starts again at the first ceiling, after a success.
func (b *Backoff) Reset() { b.ceiling = 0 }
