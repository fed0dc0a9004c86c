package replay

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// epoch is the moment at which every test begins, by the wall clock of its
// host: the beginning of a day, so that rows of any archive begin with it.
const epoch = int64(1_700_006_400)

// world is the host of a test: its toolstack, its clock and what is installed
// on it. It goes on by one step at a time.
type world struct {
	c   *Case
	now int64 // seconds since the beginning
	// ahead is by how much the wall clock has been set since, in seconds.
	ahead int64

	changed     bool // the agent has not been told of what follows
	setting     setting
	missing     map[monitor.Object]bool // from the toolstack's answers
	gone        map[monitor.Object]bool // from its records
	elsewhere   map[monitor.Object]bool // it belongs to another host
	maintenance map[monitor.Object]string

	down       bool // the toolstack does not answer
	unrecorded bool // nobody records rows
	rows       []recorded
	legend     *rrd.Legend // of the next answer; nil: to be made
	columns    []int       // of c.series, one for each column

	agent  *monitor.Monitor // nil while it does not run
	saved  *monitor.Saved   // what it left on disk
	calls  []func(context.Context) error
	events []Expectation
	states []picture
	notes  []string // what went wrong outside the agent
}

// recorded is one row: when it was recorded by the test's own time, what time
// the host had, and which value of each series it has.
type recorded struct {
	at, t int64
	tick  int
	known []bool // by series: false while its object is missing
}

// picture is the state of all variables at one moment.
type picture struct {
	at        int64
	variables []monitor.VariableStatus
}

func newWorld(c *Case) *world {
	return &world{
		c: c, setting: c.given, saved: newSaved(),
		missing: map[monitor.Object]bool{}, gone: map[monitor.Object]bool{}, elsewhere: map[monitor.Object]bool{},
		maintenance: map[monitor.Object]string{},
	}
}

// wall is the time of the host's clock, in Unix seconds.
func (w *world) wall() int64 { return epoch + w.now + w.ahead }

// record adds the row of this moment.
func (w *world) record() {
	if w.unrecorded {
		return
	}
	row := recorded{at: w.now, t: w.wall(), tick: int(w.now / w.c.step), known: make([]bool, len(w.c.series))}
	for i, s := range w.c.series {
		row.known[i] = !w.missing[s.object]
	}
	w.rows = append(w.rows, row)
}

// setClock sets the host's clock. The times of rows are counted from the last
// one, so a clock that is set back takes them along; one that is set forward
// leaves a hole.
func (w *world) setClock(seconds int64) {
	w.ahead += seconds
	if seconds < 0 {
		for i := range w.rows {
			w.rows[i].t += seconds
		}
	}
}

// elapsed is a row's time as the test counts. A time that the clock has jumped
// over is that of the row before it.
func (w *world) elapsed(t int64) int64 {
	i, _ := slices.BinarySearchFunc(w.rows, t, func(r recorded, t int64) int { return cmp.Compare(r.t, t) })
	at := t - epoch - w.ahead
	if i < len(w.rows) {
		at = t - (w.rows[i].t - w.rows[i].at)
	}
	if i > 0 {
		at = max(at, w.rows[i-1].at)
	}
	return at
}

var errDown = errors.New("the toolstack is down")

// Update answers the agent as a toolstack does: from the first archive whose
// rows are long enough and that reaches back to the start.
func (w *world) Update(ctx context.Context, start, step int64, _ []string) (monitor.Update, error) {
	for _, call := range w.calls {
		if err := call(ctx); err != nil {
			w.noteOnce("%v", err)
		}
	}
	w.calls = nil
	if w.down {
		return nil, errDown
	}
	w.makeLegend()
	newest := w.wall()
	if len(w.rows) > 0 {
		newest = w.rows[len(w.rows)-1].t
	}
	picked := archiveOf(w.c.step, step, start, newest)
	a := &answer{header: rrd.Header{Start: start, Step: picked, End: newest / picked * picked, Legend: w.legend}}
	for _, bucket := range w.buckets(picked, start, a.header.End) {
		a.rows = append(a.rows, rrd.Row{T: bucket.t, Values: w.average(bucket.rows, int(picked/w.c.step))})
	}
	slices.Reverse(a.rows)
	return a, nil
}

// archives are those of a toolstack: the step of their rows, and how far back
// they reach.
var archives = []struct{ step, span int64 }{{5, 600}, {60, 7200}, {3600, 168 * 3600}, {86400, 366 * 86400}}

// archiveOf picks the step of an answer. The finest archive has rows of base
// seconds.
func archiveOf(base, wanted, start, newest int64) int64 {
	step := base
	span := 120 * base
	for _, a := range archives {
		if a.step > base && (step < wanted || start <= newest-span) {
			step, span = a.step, a.span
		}
	}
	return step
}

type bucket struct {
	t    int64
	rows []recorded
}

// buckets gathers the recorded rows into rows of a longer step, those from
// start to end, oldest first.
func (w *world) buckets(step, start, end int64) []bucket {
	var list []bucket
	for _, r := range w.rows {
		t := (r.t + step - 1) / step * step
		if step == w.c.step {
			t = r.t
		}
		if t < start || t > end {
			continue
		}
		if n := len(list); n > 0 && list[n-1].t == t {
			list[n-1].rows = append(list[n-1].rows, r)
			continue
		}
		list = append(list, bucket{t, []recorded{r}})
	}
	return list
}

// average merges the rows that there are of so many, one value for each
// column. As in a toolstack, more than half of it unknown is unknown, but for
// the host, of which one known row is enough.
func (w *world) average(rows []recorded, of int) []float64 {
	values := make([]float64, len(w.columns))
	for c, i := range w.columns {
		s := w.c.series[i]
		sum, n := 0.0, 0
		for _, r := range rows {
			if r.known[i] && r.tick < len(s.values) && !math.IsNaN(s.values[r.tick]) {
				sum += s.values[r.tick]
				n++
			}
		}
		values[c] = math.NaN()
		if n > 0 && (2*n >= of || s.object.Class == rrd.ClassHost) {
			values[c] = sum / float64(n)
		}
	}
	return values
}

// makeLegend makes the legend of the objects that are not missing. It stays
// the same pointer while its text does.
func (w *world) makeLegend() {
	var columns []int
	for i, s := range w.c.series {
		if !w.missing[s.object] {
			columns = append(columns, i)
		}
	}
	if w.legend != nil && slices.Equal(columns, w.columns) {
		return
	}
	w.columns, w.legend = columns, &rrd.Legend{}
	for _, i := range columns {
		s := w.c.series[i]
		w.legend.Entries = append(w.legend.Entries, rrd.Entry{CF: rrd.Average, Class: s.object.Class, UUID: s.object.UUID, Name: s.name})
	}
}

// inventory is what the agent is told of the objects.
func (w *world) inventory() *monitor.Inventory {
	inv := &monitor.Inventory{
		HostUUID: theHost.UUID, PoolDefaults: w.setting.pool,
		Files: w.setting.files, Objects: map[monitor.Object]*monitor.Facts{},
	}
	for o := range w.c.objects() {
		if w.gone[o] {
			continue
		}
		facts := &monitor.Facts{
			Config: w.setting.own[o], Resident: !w.elsewhere[o], Maintenance: w.maintenance[o],
			Tags: slices.Sorted(slices.Values(w.setting.tags[o])),
			// A test of a reading is a test of the control domain.
			ControlDomain: o.Class == rrd.ClassVM && len(w.c.readings) > 0,
		}
		if o.Class == rrd.ClassSR {
			facts.SR = w.srFacts(o)
		}
		inv.Objects[o] = facts
	}
	return inv
}

const srSize = 1 << 40 // bytes, of every SR of a test

func (w *world) srFacts(o monitor.Object) *monitor.SRFacts {
	facts := &monitor.SRFacts{RaisedHere: true}
	if v := w.valueNow(w.c.usage[o]); !math.IsNaN(v) {
		facts.Size, facts.Utilisation = srSize, int64(math.Round(v*srSize))
	}
	return facts
}

// valueNow is the value of this moment's step.
func (w *world) valueNow(values []float64) float64 {
	if i := int(w.now / w.c.step); i < len(values) {
		return values[i]
	}
	return math.NaN()
}

// Read answers with a reading of the control domain.
func (w *world) Read(f config.Fold) (float64, error) {
	return w.valueNow(w.c.readings[f]), nil
}

// silence asks the agent to put a silence in force. It can only be asked while
// it is at work, so that happens during its next poll.
func (w *world) silence(s alarm.Silence, length int64) {
	s.Created, s.Ends = w.wall(), w.wall()+length
	w.calls = append(w.calls, func(ctx context.Context) error { return addSilence(ctx, w.agent, s) })
}

func (w *world) endSilences() {
	w.calls = append(w.calls, func(ctx context.Context) error { return endSilences(ctx, w.agent) })
}
