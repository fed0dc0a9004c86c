package xapi

import (
	"encoding/json"
	"slices"
	"time"

	"perfmon/alarm"
)

// Of the limit.
const (
	limitKey  = "limit"   // the key of what is known of it
	stormKeys = "storm/"  // prefix of the keys that name a storm's objects; no values
	window    = time.Hour // in which messages are counted
	maxFirst  = 5         // alarms that a summary names
)

// limiter counts the messages of the last hour, and what was left out because
// there were too many.
//
// A message counts from when we heard of it on, which is later than it was
// made, so no hour has more of them than allowed. A call that may have made
// its message counts as if it had, until that is known. Summaries do not
// count.
type limiter struct {
	Made  []int64 `json:"made,omitempty"` // when we heard of them, Unix seconds rounded up, rising
	Storm *storm  `json:"storm,omitempty"`

	doubts map[string]time.Time // event → when the call ended that may have made its message
}

// storm is a time in which alarms were left out; an hour without one ends it.
// Times are Unix seconds.
type storm struct {
	Host    string   `json:"host"` // uuid of this host
	Limit   int      `json:"limit"`
	Began   int64    `json:"began"`
	Last    int64    `json:"last"` // when the last one was left out
	Alarms  int      `json:"alarms"`
	Ends    int      `json:"ends,omitempty"` // messages of cleared alarms
	Objects int      `json:"objects"`
	First   []string `json:"first,omitempty"` // the first of them, in words

	Told *told    `json:"told,omitempty"` // the summary that there is
	Due  *due     `json:"due,omitempty"`  // one that may have been made
	Old  []string `json:"old,omitempty"`  // references of those that it replaces
}

func loadLimiter(b []byte) (limiter, error) {
	l := limiter{doubts: map[string]time.Time{}}
	if b == nil {
		return l, nil
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return limiter{doubts: l.doubts}, err
	}
	return l, nil
}

// hasRoom reports whether one more message may be made, of the event with the
// given id.
func (l *limiter) hasRoom(id string, limit int, now time.Time) bool {
	if limit == 0 {
		return true
	}
	l.look(now)
	n := len(l.Made)
	for other := range l.doubts {
		if other != id {
			n++
		}
	}
	return n < limit
}

// look forgets what is over, and brings times that a clock set back has put
// into the future back to now.
func (l *limiter) look(now time.Time) {
	at := now.Unix()
	for i, t := range l.Made {
		l.Made[i] = min(t, at+1)
	}
	l.Made = slices.DeleteFunc(l.Made, func(t int64) bool { return at-t >= int64(window.Seconds()) })
	for id, t := range l.doubts {
		if now.Sub(t) > window {
			delete(l.doubts, id)
		}
	}
	if st := l.Storm; st != nil {
		st.Began, st.Last = min(st.Began, at), min(st.Last, at)
		if st.Told != nil {
			st.Told.At = min(st.Told.At, at)
		}
	}
}

// made counts messages. Without a limit none is counted.
func (l *limiter) made(id string, messages, limit int, now time.Time) {
	delete(l.doubts, id)
	if limit == 0 {
		l.Made = nil
		return
	}
	for range messages {
		l.Made = append(l.Made, now.Unix()+1)
	}
	if over := len(l.Made) - limit; over > 0 {
		l.Made = slices.Delete(l.Made, 0, over) // of a limit that was higher
	}
}

// leaveOut counts an event that gets no message because of the limit. It
// reports whether a storm begins with it. isNew says that the storm has no
// other event of the object.
func (l *limiter) leaveOut(e *alarm.Event, isNew bool, limit int, now time.Time) (begins bool) {
	if l.Storm == nil {
		l.Storm, begins = &storm{Began: now.Unix()}, true
	}
	st := l.Storm
	st.Host, st.Limit, st.Last = e.HostUUID, limit, now.Unix()
	if isNew {
		st.Objects++
	}
	if e.Kind == alarm.KindCleared {
		st.Ends++
		return begins
	}
	st.Alarms++
	if len(st.First) < maxFirst {
		st.First = append(st.First, plain(e.Variable)+" of "+classes[e.Class]+" "+quoted(e.Name))
	}
	return begins
}
