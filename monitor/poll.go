package monitor

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"perfmon/monitor/config"
	"perfmon/rrd"
)

var (
	errNoInventory = errors.New("no configuration has been read yet")
	errClockSet    = errors.New("the wall clock was set again and again while rows came")
)

// fetchLimit bounds one answer from request to last byte, so that one which
// trickles cannot hold the loop.
const fetchLimit = 2 * time.Minute

// unreachable wraps an error of a source that did not answer, as against an
// answer that was broken.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

// Poll asks for rows, evaluates them and the readings, and leaves a snapshot
// behind. Its error says why there were no rows. Run calls it when it is due;
// one who turns the loop by hand, with clocks of his own, calls it instead of
// Run and never beside it.
func (m *Monitor) Poll(ctx context.Context) error {
	select {
	case inv := <-m.inventories:
		m.setInventory(inv)
	default:
	}
	wall, _ := m.look()
	if !m.begun {
		m.begun = true
		m.anchor.start = wall.Unix() - m.lookBack()
	}
	clear(m.readings)

	rowsBefore := m.anchor
	f, asked, wall, err := m.ask(ctx)
	if err != nil && ctx.Err() != nil {
		return err // told to stop: that is nobody's failure
	}
	if err == nil && f.newest.Values != nil {
		m.newest, m.newestLegend, m.newestStep = f.newest, f.header.Legend, f.header.Step
	}
	switch {
	case m.inv == nil:
		// Rows stay unread until it is known what to make of them.
		if err == nil {
			err = errNoInventory
		}
	case err != nil:
		m.pace.failed()
		m.usePlan(m.accepted)
		m.evaluate(nil, wall.Unix())
	default:
		m.pace.saw(asked, f.end(), f.header.Step, m.step())
		m.accept(f.header.Legend)
		m.evaluate(f, wall.Unix())
		if d, back := m.anchor.answered(f.end(), f.header.Step, m.clock.mono); back {
			m.metrics.reanchors.Inc()
			m.log.Warn("the source's time went back: followed", "seconds", d, "start", m.anchor.start)
			m.shiftRows(d)
		}
		m.skipHole(f)
		m.hostOf(f.header.Legend)
		m.usePlan(f.header.Legend)
		m.room = f.room(m.room)
	}
	result := m.account(err, wall)
	m.settle(wall.Unix())
	m.keep()
	m.timeRow(rowsBefore)
	m.announce(wall.Unix())
	m.publish(wall)
	m.metrics.polls.WithLabelValues(result).Inc() // last: who sees it sees the poll's picture too
	return err
}

// timeRow measures how old the newest row is, if this poll has brought it. The
// first of all has waited for us.
func (m *Monitor) timeRow(before anchor) {
	if m.anchor.hasLast && before.hasLast && m.anchor.last > before.last && m.anchor.step <= m.step() {
		wall, _ := m.opts.Clock.Now()
		m.metrics.rowLatency.Observe(wall.Sub(time.Unix(m.anchor.last, 0)).Seconds())
	}
}

// ask fetches, and looks at the clock before and afterwards: a fetch can take
// long. Rows that came while the clock was set are dated by the one time or the
// other. They are asked for again.
func (m *Monitor) ask(ctx context.Context) (f *folded, asked, wall time.Time, err error) {
	asked, _ = m.opts.Clock.Now()
	f, err = m.fetch(ctx)
	wall, set := m.look()
	if set {
		asked = wall
		f, err = m.fetch(ctx)
		if wall, set = m.look(); set {
			return nil, asked, wall, unreachable{errClockSet}
		}
	}
	return f, asked, wall, err
}

// fetch reads one whole update.
func (m *Monitor) fetch(ctx context.Context) (*folded, error) {
	bounded, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	var f *folded
	var err error
	start, srs := m.anchor.start, m.srs()
	m.attend(func() {
		var u Update
		if u, err = m.opts.Source.Update(bounded, start, m.step(), srs); err != nil {
			err = unreachable{err}
			return
		}
		defer u.Close()
		f, err = m.read(u)
	})
	return f, err
}

// skipHole goes on from the end of an answer of coarse rows that has none.
// What an archive has not by then it will never have; and as long as older
// rows are asked for, the finer ones of the time since do not come.
func (m *Monitor) skipHole(f *folded) {
	if len(f.times) == 0 && f.header.Step > m.step() && f.header.End >= m.anchor.start {
		m.anchor.start = f.header.End + 1
	}
}

// account logs how a poll went, once when it begins to fail in a new way and
// once when it works again, and returns the word for it.
func (m *Monitor) account(err error, wall time.Time) (result string) {
	result = "ok"
	switch {
	case err == nil:
		m.polledAt = wall.Unix()
		m.metrics.lastPoll.Set(float64(wall.UnixNano()) / 1e9)
		if m.anchor.hasLast {
			m.metrics.lastRow.Set(float64(m.anchor.last))
		}
	case errors.As(err, new(unreachable)):
		result = "unreachable"
	case errors.Is(err, errNoInventory):
		result = "unconfigured"
	default:
		result = "broken"
		m.metrics.parseErrors.Inc()
		if lost := m.anchor.brokenAnswer(wall.Unix()); lost > 0 {
			m.giveUp(lost)
		}
	}
	switch {
	case err == nil && m.failing != "":
		m.log.Info("rows are coming again", "polls_without", m.failures, "unknown_seconds", m.lost)
	case err != nil && m.failing != result:
		m.log.Error("no rows: "+result, "err", err, "start", m.anchor.start)
	case err != nil:
		m.log.Debug("no rows: "+result, "err", err)
	}
	if err == nil {
		m.failing, m.failures, m.lost = "", 0, 0
		m.noticeStall(wall.Unix())
	} else {
		m.failing = result
		m.failures++
	}
	return result
}

// noticeStall says when a source that answers has had no new row for long, and
// when it has one again.
func (m *Monitor) noticeStall(now int64) {
	age := now - m.anchor.last
	stalled := m.anchor.hasLast && age > max(stallLimit, 3*m.anchor.step)
	switch {
	case stalled && !m.stalled:
		m.log.Error("the source answers, and has no new rows: what it measures is unknown", "newest", m.anchor.last, "seconds", age)
	case !stalled && m.stalled:
		m.log.Info("new rows are coming again")
	}
	m.stalled = stalled
}

// stallLimit is for how many seconds there may be no new row without a word.
const stallLimit = 180

// giveUp counts row time that nobody will see, and says so when it begins; the
// sum is logged when rows come again.
func (m *Monitor) giveUp(seconds int64) {
	level := slog.LevelError
	if m.lost > 0 {
		level = slog.LevelDebug
	}
	m.lost += seconds
	m.metrics.lostSeconds.Add(float64(seconds))
	m.log.Log(context.Background(), level, "rows given up after broken answers: this time is unknown",
		"seconds", seconds, "start", m.anchor.start)
}

// look tells the time. When the wall clock was set since the last look, all
// stored times move with it.
func (m *Monitor) look() (wall time.Time, set bool) {
	wall, mono := m.opts.Clock.Now()
	d := m.clock.moved(wall, mono, m.anchor.step)
	if d == 0 {
		return wall, false
	}
	m.metrics.clockSteps.Inc()
	m.log.Warn("the wall clock was set: stored times follow", "seconds", d)
	m.anchor.shift(d)
	m.pace.shift(d)
	m.newest.T += d
	if m.polledAt != 0 {
		m.polledAt += d
	}
	for _, o := range m.objects {
		o.shift(d)
	}
	return wall, true
}

// shiftRows moves the times that rows were dated with, and not those of
// readings, which are dated by our own clock.
func (m *Monitor) shiftRows(d int64) {
	for _, o := range m.objects {
		o.shiftRows(d)
	}
}

// srs lists the SRs whose rows are asked for, by uuid.
func (m *Monitor) srs() []string {
	if m.inv == nil || m.opts.Legacy {
		return nil
	}
	return m.inv.attachedSRs()
}

// cachedReading reads a value of the control domain at most once a poll.
func (m *Monitor) cachedReading(f config.Fold) (float64, error) {
	r, ok := m.readings[f]
	if !ok {
		r.value, r.err = m.opts.Readings.Read(f)
		m.readings[f] = r
		if r.err != nil {
			m.metrics.readingFails.WithLabelValues(f.String()).Inc()
			m.log.Debug("reading failed", "reading", f.String(), "err", r.err)
		}
	}
	return r.value, r.err
}

type readResult struct {
	value float64
	err   error
}

// attachedSRs lists the SRs of this host in order.
func (inv *Inventory) attachedSRs() []string {
	var list []string
	for o, facts := range inv.Objects {
		if o.Class == rrd.ClassSR && facts.Resident {
			list = append(list, o.UUID)
		}
	}
	slices.Sort(list)
	return list
}
