package sim

import (
	"math"
	"time"
)

// policy is an autoscaler: now and then it looks at the world and changes it.
type policy interface {
	every() time.Duration
	step(w *world)
}

// ancestor is the daemon that rubber descends from, with its crashes repaired:
// what waits is what nobody has, booting is a state, the cap holds, and only empty
// machines are deleted.
type ancestor struct {
	ratio     float64
	threshold int
	interval  time.Duration
	running   bool // what runs is pending too
}

func (a *ancestor) every() time.Duration { return a.interval }

const minIdle = 1 // RUBBER_MIN_IDLE_WORKERS

func (a *ancestor) step(w *world) {
	share := fixedShares(w.o.Cap, len(w.wait))
	for q := range w.wait {
		pending := len(w.wait[q])
		busy, ready, booting := w.running(q)
		if a.running {
			pending += busy
		}
		switch {
		case pending > a.threshold:
			for range int(float64(pending)*a.ratio) - booting {
				if ready+booting+1 > share[q] || !w.launch(q) {
					break
				}
				booting++
			}
		case pending == 0:
			idle := w.idle(q)
			for n := len(idle) - minIdle; n > 0 && ready-1 >= minIdle; n-- {
				w.remove(idle[0])
				idle = idle[1:]
				ready--
			}
		}
	}
}

// fixedShares are equal parts, the first ones with what is left over.
func fixedShares(limit, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = limit / n
		if i < limit%n {
			list[i]++
		}
	}
	return list
}

// hpa is KEDA with a target of one task a slot, counting what waits and what
// runs, and the HorizontalPodAutoscaler's defaults behind it.
type hpa struct {
	recent [][]recommendation // of each queue
	busy   bool               // victims are whichever, not only idle ones
	random uint64
}

type recommendation struct {
	at time.Duration
	n  int
}

// The defaults of the HorizontalPodAutoscaler.
const (
	hpaSync      = 15 * time.Second
	hpaWindow    = 300 * time.Second
	hpaTolerance = 0.1
	hpaAtLeast   = 1
)

func (h *hpa) every() time.Duration { return hpaSync }

func (h *hpa) step(w *world) {
	if h.recent == nil {
		h.recent = make([][]recommendation, len(w.wait))
	}
	for q := range w.wait {
		running, ready, booting := w.running(q)
		now := ready + booting
		want := h.desired(w, q, len(w.wait[q])+running, now)
		for range min(want, max(2*now, now+4)) - now {
			if !w.launch(q) {
				break
			}
		}
		if want < now {
			for _, m := range h.victims(w, q, now-want) {
				w.remove(m)
			}
		}
	}
}

// desired is the recommendation of this instant, and for less the highest one of
// the window.
func (h *hpa) desired(w *world, q, demand, now int) int {
	want := int(math.Ceil(float64(demand) / float64(w.o.Slots)))
	if now > 0 && math.Abs(float64(demand)/float64(w.o.Slots)/float64(now)-1) <= hpaTolerance {
		want = now
	}
	want = min(max(want, hpaAtLeast), w.o.Cap)
	list := h.recent[q]
	for len(list) > 0 && w.now-list[0].at >= hpaWindow {
		list = list[1:]
	}
	h.recent[q] = append(list, recommendation{w.now, want})
	if want < now {
		for _, r := range h.recent[q] {
			want = max(want, min(r.n, now))
		}
	}
	return want
}

// victims are idle machines; or any, chosen as by dice, as it really is.
func (h *hpa) victims(w *world, q, n int) []*machine {
	if !h.busy {
		idle := w.idle(q)
		return idle[:min(n, len(idle))]
	}
	var list []*machine
	for _, m := range w.alive[q] {
		if m.state == working {
			list = append(list, m)
		}
	}
	for i := len(list) - 1; i > 0; i-- {
		h.random = h.random*6364136223846793005 + 1442695040888963407
		j := int(h.random>>33) % (i + 1)
		list[i], list[j] = list[j], list[i]
	}
	return list[:min(n, len(list))]
}
