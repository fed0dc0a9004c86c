package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"perfmon/monitor"
	"perfmon/rrd"
)

// Limits of a history, so that foreign documents cannot fill the memory.
const (
	maxHistoryValues = 1 << 24 // 128 MiB
	maxRowStep       = 366 * 86400
	maxRowTime       = 1 << 33 // Unix seconds; it is past the year 2200
)

// History is what was recorded of some objects, gathered from documents of any
// archive, in any order. Only averages count, as they do for the agent.
type History struct {
	keep    func(o monitor.Object, name string) bool
	objects map[monitor.Object]*recording
	order   []monitor.Object // as they came
	values  int
}

// recording is one object's rows, by step and time. A row has a value for each
// of the first so many names.
type recording struct {
	names []string
	steps map[int64]map[int64][]float64
}

// NewHistory makes an empty one that takes the data sources that keep wants;
// nil takes all.
func NewHistory(keep func(o monitor.Object, name string) bool) *History {
	if keep == nil {
		keep = func(monitor.Object, string) bool { return true }
	}
	return &History{keep: keep, objects: map[monitor.Object]*recording{}}
}

// Objects lists the objects of a class that have rows, in the order in which
// the documents named them.
func (h *History) Objects(class string) []monitor.Object {
	return slices.DeleteFunc(slices.Clone(h.order), func(o monitor.Object) bool { return o.Class != class })
}

// Add reads an update, or an archive of a full RRD, to its end. An update that
// does not end well leaves nothing behind.
func (h *History) Add(r rrd.Reader) error {
	header, err := r.Header()
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	if header.Step <= 0 || header.Step > maxRowStep {
		return fmt.Errorf("read rows: a step of %d s is none", header.Step)
	}
	wanted, any := make([]bool, len(header.Legend.Entries)), false
	repeats := header.Legend.Repeats()
	for i, e := range header.Legend.Entries {
		wanted[i] = e.CF == rrd.Average && !repeats[i] && h.keep(monitor.Object{Class: e.Class, UUID: e.UUID}, e.Name)
		any = any || wanted[i]
	}
	var columns []int
	for i, w := range wanted {
		if w {
			columns = append(columns, i)
		}
	}
	r.Want(wanted)
	var times []int64
	var values []float64
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		if row.T < 0 || row.T > maxRowTime {
			return fmt.Errorf("read rows: %d is not a time", row.T)
		}
		if h.values+len(values)+len(columns) > maxHistoryValues {
			return fmt.Errorf("read rows: more than %d values: ask for fewer objects", maxHistoryValues)
		}
		times = append(times, row.T)
		for _, c := range columns {
			values = append(values, row.Values[c])
		}
	}
	if any {
		h.take(header, columns, times, values)
	}
	return nil
}

// take files the values of whole rows under their objects. Where two documents
// have the same row the first known value stays.
func (h *History) take(header *rrd.Header, columns []int, times []int64, values []float64) {
	h.values += len(values)
	for c, column := range columns {
		e := header.Legend.Entries[column]
		o := monitor.Object{Class: e.Class, UUID: e.UUID}
		rec := h.objects[o]
		if rec == nil {
			rec = &recording{steps: map[int64]map[int64][]float64{}}
			h.objects[o] = rec
			h.order = append(h.order, o)
		}
		at := slices.Index(rec.names, e.Name)
		if at < 0 {
			at = len(rec.names)
			rec.names = append(rec.names, e.Name)
		}
		rows := rec.steps[header.Step]
		if rows == nil {
			rows = map[int64][]float64{}
			rec.steps[header.Step] = rows
		}
		for i, t := range times {
			row := rows[t]
			for len(row) <= at {
				row = append(row, nan)
			}
			if math.IsNaN(row[at]) {
				row[at] = values[i*len(columns)+c]
			}
			rows[t] = row
		}
	}
}

// piece is a row that has been chosen for a stretch of time, which ends at t.
// It is as long as the row's step, or shorter where finer rows cover the rest.
type piece struct {
	t, length int64
	step      int64 // of the archive
	values    []float64
	known     bool // some value is
}

// merge chooses, for each moment that any row of the objects covers, the row
// of the finest archive; one with a known value before one without. Pieces are
// oldest first, from the first known value on. The legend heads their values.
func (h *History) merge(objects []monitor.Object) (*rrd.Legend, []piece) {
	legend := &rrd.Legend{}
	type slot struct {
		rec  *recording
		from int
	}
	var slots []slot
	steps := map[int64]map[int64]bool{}
	for _, o := range objects {
		rec := h.objects[o]
		if rec == nil {
			continue
		}
		slots = append(slots, slot{rec, len(legend.Entries)})
		for _, name := range rec.names {
			legend.Entries = append(legend.Entries, rrd.Entry{CF: rrd.Average, Class: o.Class, UUID: o.UUID, Name: name})
		}
		for step, rows := range rec.steps {
			if steps[step] == nil {
				steps[step] = map[int64]bool{}
			}
			for t := range rows {
				steps[step][t] = true
			}
		}
	}
	var all []piece
	for step, times := range steps {
		for t := range times {
			p := piece{t: t, length: step, step: step, values: make([]float64, len(legend.Entries))}
			for i := range p.values {
				p.values[i] = nan
			}
			for _, s := range slots {
				copy(p.values[s.from:], s.rec.steps[step][t])
			}
			p.known = slices.ContainsFunc(p.values, func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) })
			all = append(all, p)
		}
	}
	return legend, choose(all)
}

// choose is merge for rows of one legend.
func choose(all []piece) []piece {
	slices.SortFunc(all, func(a, b piece) int {
		if a.known != b.known {
			if a.known {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.t, b.t))
	})
	var taken spans
	var chosen []piece
	for len(all) > 0 {
		// Rows of one archive do not take time from one another.
		n := 1
		for n < len(all) && all[n].step == all[0].step && all[n].known == all[0].known {
			n++
		}
		var added spans
		for _, p := range all[:n] {
			for _, rest := range taken.without(span{p.t - p.length, p.t}) {
				chosen = append(chosen, piece{t: rest.to, length: rest.to - rest.from, step: p.step, values: p.values, known: p.known})
				added = append(added, rest)
			}
		}
		taken = taken.with(added)
		all = all[n:]
	}
	slices.SortFunc(chosen, func(a, b piece) int { return cmp.Compare(a.t, b.t) })
	if first := slices.IndexFunc(chosen, func(p piece) bool { return p.known }); first >= 0 {
		return chosen[first:]
	}
	return nil
}

// Last forgets all rows that end longer than some seconds before the newest
// row of any object.
func (h *History) Last(seconds int64) {
	newest := int64(math.MinInt64)
	h.each(func(_ map[int64][]float64, t int64) { newest = max(newest, t) })
	h.each(func(rows map[int64][]float64, t int64) {
		if t <= newest-seconds {
			delete(rows, t)
		}
	})
}

func (h *History) each(f func(rows map[int64][]float64, t int64)) {
	for _, rec := range h.objects {
		for _, rows := range rec.steps {
			for t := range rows {
				f(rows, t)
			}
		}
	}
}
