package monitor

import (
	"errors"
	"io"
	"slices"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// folded is an update on its way through: one value for each variable with
// columns and each row, kept until the update has ended well.
type folded struct {
	header *rrd.Header
	times  []int64   // newest first, as rows come
	values []float64 // len(times) × len(plan.rows)
	newest rrd.Row   // a copy
}

// maxRows bounds the rows of one update: the largest archive of a toolstack
// has 366.
const maxRows = 10000

// read takes a whole update, or an error. Nothing is evaluated here.
func (m *Monitor) read(u Update) (*folded, error) {
	h, err := u.Header()
	if err != nil {
		return nil, err
	}
	if h.Step <= 0 {
		return nil, errNoStep
	}
	m.usePlan(h.Legend)
	f := &folded{header: h}
	u.Want(nil) // the metrics page shows every column of the newest row
	for {
		row, err := u.Next()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, err
		}
		if len(f.times) == 0 {
			f.newest = rrd.Row{T: row.T, Values: slices.Clone(row.Values)}
			u.Want(m.plan.want)
		}
		if len(f.times) >= maxRows {
			return nil, errTooManyRows
		}
		if n := len(f.times); n > 0 && row.T >= f.times[n-1] {
			return nil, errRowOrder
		}
		f.times = append(f.times, row.T)
		for _, v := range m.plan.rows {
			f.values = append(f.values, fold(v.conf.Fold, row.Values, v.columns))
		}
	}
}

// usePlan makes a plan for a legend, unless the one in force is for it.
func (m *Monitor) usePlan(l *rrd.Legend) {
	if m.plan != nil && m.plan.legend == l {
		return
	}
	if l != nil && m.inv != nil {
		m.learn(l)
	}
	var complaints []complaint
	m.plan, complaints = newPlan(l, m.objects)
	for _, c := range complaints {
		m.log.Warn("variable: "+c.msg, "class", c.v.id.Class, "uuid", c.v.id.UUID, "variable", c.v.conf.Name)
	}
}

// learn meets the objects of a legend, and says which headings are bad.
func (m *Monitor) learn(l *rrd.Legend) {
	for _, e := range l.Entries {
		key := Object{e.Class, e.UUID}
		if e.Class == rrd.ClassHost && e.UUID != m.hostUUID {
			m.adoptHost(e.UUID)
			m.configurePerHost()
		}
		if m.inv.Objects[key] != nil && m.objects[key] == nil {
			m.object(key)
		}
	}
	if len(l.Bad) > 0 && len(l.Bad) != m.badHeadings {
		for i, text := range l.Bad {
			m.log.Warn("a column is ignored: its legend entry does not have four parts", "column", i, "entry", text)
		}
	}
	m.metrics.badHeadings.Add(float64(max(0, len(l.Bad)-m.badHeadings)))
	m.badHeadings = len(l.Bad)
}

// evaluate steps the triggers with an update that has ended well, and with
// the readings of this poll.
func (m *Monitor) evaluate(f *folded, now int64) {
	first, spans := m.spans(f)
	rowOf := make(map[*variable]int, len(m.plan.rows))
	for i, v := range m.plan.rows {
		rowOf[v] = i
	}
	width := len(m.plan.rows)
	for _, o := range m.plan.order {
		for _, v := range o.vars {
			i, inRows := rowOf[v]
			if !v.fromReading {
				for k := first; k >= 0; k-- {
					value := nan
					if inRows {
						value = f.values[k*width+i]
					}
					m.row(o, v, f.times[k], spans[k], value)
				}
			} else {
				m.reading(o, v, now)
			}
		}
		if f != nil && first >= 0 && o.inLegend {
			o.hasSeen, o.seenAt = true, f.times[0]
		}
	}
	if first >= 0 {
		m.forget(f.times[0])
	}
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

// row judges one row of a variable.
func (m *Monitor) row(o *object, v *variable, t, span int64, value float64) {
	m.judge(o, v, alarm.Sample{T: t, Span: span, From: t - span, Absent: !o.inLegend}, value)
}

// judge steps a variable's trigger with a value, NaN for unknown, and says
// what it says.
func (m *Monitor) judge(o *object, v *variable, s alarm.Sample, value float64) {
	before := v.trig
	s.Known = known(value)
	s.Value = value
	if s.Known {
		s.Grade = alarm.Grade(v.conf.Grade(value))
	}
	flipped := v.known != s.Known
	v.known, v.value = s.Known, value
	m.said = v.trig.Step(timingOf(v.conf), s, m.said[:0])
	v.dirty = v.dirty || flipped || v.trig.Progress() != before.Progress() || len(m.said) > 0
	m.say(o, v, s.T, m.said)
}

func timingOf(c *config.Variable) alarm.Timing {
	return alarm.Timing{Period: c.Period, Inhibit: c.Inhibit, Clear: c.ClearPeriod, NoData: c.NoDataPeriod, HasWarning: c.HasWarning}
}

// forget ends what fires on objects that have missed reports for too long,
// and drops their state. Readings do not come with reports.
func (m *Monitor) forget(newest int64) {
	m.strays(newest)
	for _, o := range m.objects {
		if !o.hasSeen || newest-o.seenAt <= alarm.UnknownLimit {
			continue
		}
		o.hasSeen = false
		if o.facts == nil || !o.facts.Resident {
			m.drop(o)
			continue
		}
		for _, v := range o.vars {
			if !v.fromReading {
				m.end(o, v, alarm.ReasonGone)
				v.trig, v.known, v.value = alarm.Trigger{}, false, nan
			}
		}
	}
}

// drop forgets an object that has gone, and ends what fires on it.
func (m *Monitor) drop(o *object) {
	for _, v := range o.vars {
		m.end(o, v, alarm.ReasonGone)
		m.changes.States[v.id] = nil
	}
	delete(m.objects, o.Object)
	m.plan = nil
}
