package monitor

import (
	"slices"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// evaluate steps the triggers with an update that has ended well, and with
// the readings of this poll.
func (m *Monitor) evaluate(f *folded, now int64) {
	first, spans := m.spans(f)
	m.beginContention()
	for _, o := range m.judgingOrder() {
		for _, v := range o.vars {
			if v.matched.fromReading {
				m.reading(o, v, now)
				continue
			}
			v.hasRead = false
			if first >= 0 {
				m.judgeRows(o, v, f, first, spans)
			}
		}
	}
	if first >= 0 {
		m.forget(f.times[0])
	}
}

// judgingOrder is that of the alarms; but where a host mutes its VMs, what it
// says is known before.
func (m *Monitor) judgingOrder() []*object {
	if !m.opts.MuteVMs {
		return m.plan.order
	}
	order := slices.Clone(m.plan.order)
	slices.SortStableFunc(order, func(a, b *object) int {
		first := func(o *object) int {
			if o.Class == rrd.ClassHost {
				return 0
			}
			return 1
		}
		return first(a) - first(b)
	})
	return order
}

// spans returns the index of the oldest row to evaluate, -1 for none, and for
// how many seconds each row stands. It moves the anchor past them.
func (m *Monitor) spans(f *folded) (first int, spans []int64) {
	if f == nil {
		return -1, nil
	}
	spans = make([]int64, len(f.times))
	first = -1
	for k := len(f.times) - 1; k >= 0; k-- {
		span, ok := m.anchor.span(f.times[k], f.header.Step)
		if !ok {
			m.metrics.rowsDropped.Inc()
			continue
		}
		if first < 0 {
			first = k
		}
		spans[k] = span
		m.anchor.evaluated(f.times[k])
		m.metrics.rows.Inc()
	}
	return first, spans
}

// reading evaluates a variable whose value is read once a poll.
func (m *Monitor) reading(o *object, v *variable, now int64) {
	value := m.readValue(o, v.conf.Fold)
	since := int64(m.interval().Seconds())
	span := since
	if v.hasRead {
		since = now - v.readAt
		if since <= 0 {
			return // the same second, or a clock that went back a little
		}
		span = min(since, max(v.conf.Period, 1))
	}
	v.hasRead, v.readAt = true, now
	m.judge(o, v, alarm.Sample{T: now, Span: span, From: now - since}, value)
}

// readValue returns NaN for unknown.
func (m *Monitor) readValue(o *object, f config.Fold) float64 {
	if f == config.SRUsage {
		if o.facts == nil || o.facts.SR == nil || !o.facts.SR.RaisedHere || o.facts.SR.Size <= 0 {
			return nan
		}
		return float64(o.facts.SR.Utilisation) / float64(o.facts.SR.Size)
	}
	value, err := m.cachedReading(f)
	if err != nil {
		return nan
	}
	return value
}

// judgeRows judges the rows of one variable from the one at first, the oldest.
func (m *Monitor) judgeRows(o *object, v *variable, f *folded, first int, spans []int64) {
	var values []float64
	switch {
	case v.place < 0:
	case v.calm() && !f.marked[v.place]:
		v.pass(f.times[:first+1], f.of(v.place, recentRows))
		return
	default:
		values = f.of(v.place, len(f.times))
	}
	for k := first; k >= 0; k-- {
		value := nan
		if values != nil {
			if n := v.goodRows(values[:k+1]); n > 0 && v.calm() {
				v.pass(f.times[k+1-n:k+1], values[k+1-n:])
				k -= n - 1
				continue
			}
			value = values[k]
		}
		t, span := f.times[k], spans[k]
		m.judge(o, v, alarm.Sample{T: t, Span: span, From: t - span, Absent: !o.inLegend}, value)
	}
}

// calm says that good rows change nothing.
func (v *variable) calm() bool {
	return v.known && v.trig.Calm(timingOf(v.conf)) && !v.behind()
}

// goodRows is how many of the oldest values are good one after the other. They
// come newest first.
func (v *variable) goodRows(values []float64) int {
	end := len(values)
	for end > 0 && known(values[end-1]) && v.conf.Good(values[end-1]) {
		end--
	}
	return len(values) - end
}

// pass takes note of good rows that change nothing: of all their times, and of
// so many values as are remembered, or more. They come newest first.
func (v *variable) pass(times []int64, values []float64) {
	for k := min(len(times), recentRows) - 1; k >= 0; k-- {
		v.recent.add(point{times[k], values[k]})
	}
	v.value = values[0]
	v.trig.Pass(times[0], v.value)
}

// judge steps a variable's trigger with a value, NaN for unknown, and says
// what it says.
func (m *Monitor) judge(o *object, v *variable, s alarm.Sample, value float64) {
	before, heard := v.trig, v.heard
	s.Known = known(value)
	s.Value = value
	if s.Known {
		s.Grade = alarm.Grade(v.conf.Grade(value))
	}
	flipped := v.known != s.Known
	v.known, v.value = s.Known, value
	v.recent.add(point{s.T, value})
	if v.behind() && m.heldBy(o, v, s.T) == "" {
		v.heard.Rewind(&v.trig)
	}
	m.said = v.trig.Step(timingOf(v.conf), s, m.said[:0])
	m.say(o, v, s.T, m.said)
	begun := before.KnownAt == 0 // since when it may be unknown
	v.dirty = v.dirty || begun || flipped || v.trig.Progress() != before.Progress() || v.heard != heard
}

func timingOf(c *config.Variable) alarm.Timing {
	return alarm.Timing{Period: c.Period, Inhibit: c.Inhibit, Clear: c.ClearPeriod, NoData: c.NoDataPeriod, HasWarning: c.HasWarning}
}

// forget ends what fires on objects that have missed reports for too long,
// drops the state of their rows, and drops objects that have been gone for as
// long.
func (m *Monitor) forget(newest int64) {
	m.strays(newest)
	for _, o := range m.objects {
		if !o.timed {
			o.timed, o.hereAt, o.rowsAt = true, newest, newest
		}
		if o.here() {
			o.hereAt = newest
			if o.inLegend {
				o.rowsAt = newest
			}
		}
		if !o.here() && m.takenOver(o.Object, o.facts) {
			m.handOver(o)
			continue
		}
		if newest-o.rowsAt > alarm.UnknownLimit {
			m.forgetRows(o)
		}
		if newest-o.hereAt > alarm.UnknownLimit {
			m.drop(o)
		}
	}
}

// leave ends what fires on an object that is known to have gone. Its quiet
// times stay for a while, in case it returns.
func (m *Monitor) leave(o *object) {
	for _, v := range o.vars {
		m.end(o, v, alarm.ReasonGone)
	}
}

// drop forgets an object that has gone, and ends what fires on it.
func (m *Monitor) drop(o *object) {
	m.leave(o)
	m.share(o) // the pool would believe that it fires
	for _, v := range o.vars {
		m.changes.States[v.id] = nil
	}
	delete(m.objects, o.Object)
	m.outdate()
}
