package engine

import (
	"sync"
	"time"
)

const (
	// sayAgain is after how long a line is news again.
	sayAgain = 10 * time.Minute
	// mostSaid lines are remembered; what a server says has an end.
	mostSaid = 200
)

// repeats are the lines that were said while the server is tried again and
// again. Each try has the same to say: that is said once, and counted.
type repeats struct {
	mu sync.Mutex
	// mu guards everything that follows
	said map[string]time.Time
	n    int // lines that were not said again
}

// again says whether a line was said lately, and counts it then.
func (r *repeats) again(text string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.said[text]; ok && now.Sub(at) < sayAgain {
		r.n++
		return true
	}
	if r.said == nil || len(r.said) >= mostSaid {
		r.said = map[string]time.Time{}
	}
	r.said[text] = now
	return false
}

// unsaid is how many lines were not said again.
func (r *repeats) unsaid() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

// forget makes every line news again, and returns how many were not said.
func (r *repeats) forget() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.n
	r.said, r.n = nil, 0
	return n
}
