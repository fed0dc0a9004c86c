package rubber

import (
	"slices"
	"time"
)

// mostBoots is how many boot times of a profile are remembered.
const mostBoots = 64

// Learned is what was measured of a profile. It is kept in the store.
type Learned struct {
	Boots []float64 `json:"boots,omitempty"` // seconds from request to first heartbeat, the latest last
	Slots int       `json:"slots,omitempty"` // of one machine, as its workers said last
	Task  float64   `json:"task,omitempty"`  // seconds that a task runs, as its workers said last
}

func (l *Learned) boot(d time.Duration) {
	if d <= 0 {
		return
	}
	l.Boots = append(l.Boots, d.Seconds())
	if len(l.Boots) > mostBoots {
		l.Boots = slices.Delete(l.Boots, 0, len(l.Boots)-mostBoots)
	}
}

// BootTime is the boot time that so great a part of all was not above; 0 if
// none was measured.
func (l *Learned) BootTime(part float64) time.Duration {
	if len(l.Boots) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l.Boots))
	i := min(int(part*float64(len(sorted))), len(sorted)-1)
	return time.Duration(sorted[i] * float64(time.Second))
}

// arrivals measures how many tasks come, from what waits and what is done.
type arrivals struct {
	at      time.Time
	backlog int
	minutes [15]struct {
		minute int64
		tasks  int
		length time.Duration // of it that was watched
	}
}

// watch takes in a look: what is in the queue or with workers, and how many
// tasks were ended since the last one. A gap, in which nothing was known, is
// left out.
func (a *arrivals) watch(now time.Time, backlog int, ended int64, longest time.Duration) {
	last, before := a.at, a.backlog
	a.at, a.backlog = now, backlog
	passed := now.Sub(last)
	if last.IsZero() || passed <= 0 || passed > longest {
		return
	}
	m := now.Unix() / 60
	slot := &a.minutes[m%int64(len(a.minutes))]
	if slot.minute != m {
		slot.minute, slot.tasks, slot.length = m, 0, 0
	}
	slot.tasks += max(0, backlog-before+int(ended))
	slot.length += passed
}

// rate is tasks a second over the last quarter of an hour; false if too little
// was watched.
func (a *arrivals) rate(now time.Time) (float64, bool) {
	var tasks int
	var length time.Duration
	for _, slot := range a.minutes {
		if age := now.Unix()/60 - slot.minute; age >= 0 && age < int64(len(a.minutes)) {
			tasks += slot.tasks
			length += slot.length
		}
	}
	if length < time.Minute {
		return 0, false
	}
	return float64(tasks) / length.Seconds(), true
}
