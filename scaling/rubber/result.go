package rubber

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// result is what came of an order.
type result struct {
	order
	instance cloud.Instance // of create, adopt
	load     work.Load      // of load
	err      error
	ended    time.Time // by our clock
}

// toCloud says whether an order goes to a cloud; the others go to workers.
func (o order) toCloud() bool {
	switch o.verb {
	case orderCreate, orderAdopt, orderWake, orderPark, orderStop, orderDelete:
		return true
	}
	return false
}

// take takes in what came of an order. It is a pure function of its arguments
// but for the jitter of a retry; m is changed.
func (m *life) take(r result, l Limits) []note {
	if !r.toCloud() {
		return m.takeWord(r)
	}
	m.changed, m.absent = r.ended, 0
	if r.err == nil {
		m.fails, m.retry, m.Trouble = 0, time.Time{}, nil
		return m.done(r, l)
	}
	m.fails++
	m.retry = r.ended.Add(backoff(2*time.Second, time.Minute, m.fails))
	m.Trouble = m.troubleOf(undone[r.verb], r.err, r.ended)
	kind := cloud.KindOf(r.err)
	switch r.verb {
	case orderCreate, orderAdopt:
		if m.State != plan.Requested && m.State != plan.Building {
			break
		}
		if kind == cloud.Transient || r.verb == orderAdopt && kind != cloud.Invalid && kind != cloud.NotFound {
			m.retry = r.ended.Add(backoff(l.Again, 4*l.Again, m.fails)) // it may still be on its way
			break
		}
		m.Ending = m.Trouble.String()
		if r.verb == orderAdopt { // it bears no mark of ours, and stays what it is
			m.enter(Gone, r.ended, l)
			return []note{{event: evRefused, text: m.Ending, loud: true, err: r.err}}
		}
		m.enter(plan.Deleting, r.ended, l)
		return []note{{event: evRefused, text: m.Ending, loud: true, err: r.err}}
	case orderWake:
		if m.State == plan.Booting && m.Waking && kind != cloud.Transient {
			m.Waking = false
			m.enter(plan.Warm, r.ended, l)
		}
	case orderPark:
		if kind != cloud.Transient && m.Release != nil {
			m.Release.Then = ThenDelete
		}
	case orderStop:
		m.Stopped, m.retry = r.ended, time.Time{} // a guest that cannot help is no reason to stay
		return []note{{event: evError, text: m.Trouble.String(), err: r.err}}
	case orderDelete:
		if kind == cloud.NotFound {
			m.fails, m.retry, m.Trouble = 0, time.Time{}, nil
			m.Deleted = r.ended
			return nil
		}
	}
	return []note{{event: evError, text: fmt.Sprintf("%s; tried again in %s", m.Trouble, plan.Span(m.retry.Sub(r.ended))), loud: m.fails%10 == 1, err: r.err}}
}

// done takes in that a cloud did as it was told.
func (m *life) done(r result, l Limits) []note {
	switch r.verb {
	case orderCreate, orderAdopt:
		if r.instance.ID != "" {
			m.ID = r.instance.ID
		}
		if r.instance.Host != "" {
			m.Host = r.instance.Host
		}
		if m.State != plan.Requested {
			return nil
		}
		m.enter(plan.Building, r.ended, l)
		if r.verb == orderAdopt {
			m.Adopt = ""
			return []note{{event: evAdopted, text: "it was the ancestor's, and is marked as ours"}}
		}
		return []note{{event: evCreated, text: fmt.Sprintf("the cloud has taken the request: id %s", m.ID)}}
	case orderWake:
		if m.State == plan.Booting && m.Waking {
			m.Waking, m.Booted = false, r.ended
			m.enter(plan.Booting, r.ended, l)
		}
	case orderPark:
		if m.State == plan.Draining && m.Release != nil && m.Release.Then == ThenPark {
			m.parkedAt(r.ended, l)
			return []note{{event: evParked, text: "it is parked"}}
		}
	case orderStop:
		m.Stopped = r.ended
	case orderDelete:
		m.Deleted = r.ended
	}
	return nil
}

// takeWord takes in what a worker said, or that it said nothing.
func (m *life) takeWord(r result) []note {
	p := m.of(work.Worker{Name: r.worker, PID: r.pid})
	if r.err != nil {
		m.mute++
		m.hush = r.ended.Add(backoff(time.Second, 30*time.Second, m.mute))
		if r.verb == orderLoad {
			p.empties, p.asked = 0, r.ended
		}
		return []note{{event: evError, text: m.unsaid(r), loud: m.mute%10 == 1, err: r.err}}
	}
	m.mute, m.hush = 0, time.Time{}
	switch r.verb {
	case orderCancel:
		p.left = append(p.left, r.queue)
		p.empties = 0
	case orderAdd:
		m.forget(r.worker)
		if m.State != plan.Ready {
			break // it is being let go again: it has to be told again
		}
		m.Cancelled[r.worker] = slices.DeleteFunc(m.Cancelled[r.worker], func(q string) bool { return q == r.queue })
		if len(m.Cancelled[r.worker]) == 0 {
			delete(m.Cancelled, r.worker)
		}
	case orderLoad:
		p.asked, p.busy = r.ended, r.load.Active+r.load.Reserved
		if p.busy == 0 {
			p.empties++
		} else {
			p.empties = 0
		}
	case orderShutdown:
		if m.Release != nil {
			if m.Release.Told == nil {
				m.Release.Told = map[string]int{}
			}
			m.Release.Told[r.worker] = r.pid
		}
	}
	return nil
}

// unsaid is a word to a worker that has failed; its error names the worker if it
// is that of a driver.
func (m *life) unsaid(r result) string {
	var e *work.Error
	if errors.As(r.err, &e) && e.Name != "" {
		return fmt.Sprintf("a word to its worker failed: %v", r.err)
	}
	return fmt.Sprintf("a word to its worker %s failed: %s: %v", r.worker, r.verb, r.err)
}

// forget drops what is known of a worker's release.
func (p *progress) forget(worker string) {
	for key := range p.workers {
		if key.name == worker {
			delete(p.workers, key)
		}
	}
}

// backoff is how long to wait after so many failures in a row: twice as long
// each time, from first up to most, a quarter more or less by chance so that
// many do not come back at once.
func backoff(first, most time.Duration, fails int) time.Duration {
	d := first
	for i := 1; i < fails && d < most; i++ {
		d *= 2
	}
	d = min(d, most)
	return d + time.Duration((rand.Float64()-0.5)/2*float64(d))
}
