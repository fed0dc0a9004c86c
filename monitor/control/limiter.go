package control

import "time"

// limiter lets one event of a kind pass in each interval and counts the
// others, so that a flood costs one log line and is still told in full. Its
// kinds are a fixed few; it is not safe for concurrent use.
type limiter struct {
	interval time.Duration
	kinds    map[string]*window
}

// window is the interval that a kind is in.
type window struct {
	opened    time.Time
	swallowed int
}

func newLimiter(interval time.Duration) *limiter {
	return &limiter{interval: interval, kinds: map[string]*window{}}
}

// allow says whether an event of this kind at now may pass, and if so how
// many have been held back since the last that did.
func (l *limiter) allow(kind string, now time.Time) (pass bool, swallowed int) {
	w := l.kinds[kind]
	if w == nil {
		w = &window{}
		l.kinds[kind] = w
	} else if now.Sub(w.opened) < l.interval {
		w.swallowed++
		return false, 0
	}
	swallowed = w.swallowed
	w.opened, w.swallowed = now, 0
	return true, swallowed
}

// drain returns how many of each kind were held back and not told yet, and
// forgets them.
func (l *limiter) drain() map[string]int {
	left := map[string]int{}
	for kind, w := range l.kinds {
		if w.swallowed > 0 {
			left[kind] = w.swallowed
			w.swallowed = 0
		}
	}
	return left
}
