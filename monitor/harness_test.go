package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// Times in these tests count from t0, a whole day.
const t0 = int64(1_700_006_400)

// world is what a test changes between polls: rows, clocks, readings.
type world struct {
	t *testing.T
	m *Monitor

	wall time.Time
	mono time.Duration

	columns   []string // "vm/UUID/cpu0", in legend order
	legend    *rrd.Legend
	step      int64
	end       int64               // of answers; 0: the newest row
	rows      map[int64][]float64 // by time
	refuse    error               // no answer
	breakAt   int                 // 1: broken after the header, 2: after the first row …; 0: whole
	header    func(*headerOf)     // spoils the header of an answer
	sequence  []int64             // the rows of the next answers, as they come; nil: as asked
	serveAll  bool                // answers have all rows, whatever was asked
	meanwhile func()              // happens once, during the next answer
	asked     []int64             // start of each request
	reads     map[config.Fold]float64
	inv       *Inventory
	alarms    []*alarm.Event // raised and repeated since the last poll, and not inhibited
	events    []*alarm.Event // all of them
	adopted   []*alarm.Event
	saved     Saved // what a store would have kept
	log       bytes.Buffer
}

func newWorld(t *testing.T, o Options, columns ...string) *world {
	w := &world{t: t, wall: time.Unix(t0, 0), mono: time.Hour, step: 60, rows: map[int64][]float64{}, reads: map[config.Fold]float64{}}
	w.inv = &Inventory{HostUUID: "h", Objects: map[Object]*Facts{{"host", "h"}: {Resident: true}}}
	w.setColumns(columns...)
	o.Source, o.Clock, o.Store, o.Readings = w, w, w, w
	o.Logger = slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.m = New(o)
	return w
}

// setColumns changes the legend.
func (w *world) setColumns(columns ...string) {
	w.columns, w.legend = columns, &rrd.Legend{}
	for _, c := range columns {
		p := strings.SplitN(c, "/", 3)
		w.legend.Entries = append(w.legend.Entries, rrd.Entry{CF: rrd.Average, Class: p[0], UUID: p[1], Name: p[2]})
	}
}

// give sets the trigger XML of an object: variables in short, separated by
// semicolons, as "name level=1 period=60 inhibit=0 regex=x fn=max sense=low".
func (w *world) give(class, uuid, short string) {
	w.giveXML(class, uuid, shortXML(short))
}

func (w *world) giveXML(class, uuid, text string) {
	inv := *w.inv
	inv.Objects = map[Object]*Facts{}
	for k, f := range w.inv.Objects {
		inv.Objects[k] = f
	}
	f := &Facts{Resident: true}
	if old := inv.Objects[Object{class, uuid}]; old != nil {
		*f = *old
	}
	f.Config = text
	inv.Objects[Object{class, uuid}] = f
	w.inv = &inv
	w.m.setInventory(w.inv)
}

var tagOf = map[string]string{
	"level": "alarm_trigger_level", "period": "alarm_trigger_period", "inhibit": "alarm_auto_inhibit_period",
	"regex": "rrd_regex", "fn": "consolidation_fn", "sense": "alarm_trigger_sense", "priority": "alarm_priority",
}

func shortXML(short string) string {
	var b strings.Builder
	b.WriteString("<config>")
	for one := range strings.SplitSeq(short, ";") {
		words := strings.Fields(one)
		if len(words) == 0 {
			continue
		}
		fmt.Fprintf(&b, `<variable><name value="%s"/>`, words[0])
		for _, w := range words[1:] {
			k, v, _ := strings.Cut(w, "=")
			fmt.Fprintf(&b, `<%s value="%s"/>`, tagOf[k], v)
		}
		b.WriteString("</variable>")
	}
	b.WriteString("</config>")
	return b.String()
}

// row records a row at t0+at, one value a column.
func (w *world) row(at int64, values ...float64) {
	w.rows[t0+at] = values
}

// poll sets both clocks to t0+at and polls. It returns the alarms since the
// last poll, as "variable@row" words.
func (w *world) poll(at int64) string {
	w.advance(time.Unix(t0+at, 0).Sub(w.wall))
	return w.pollNow()
}

func (w *world) advance(d time.Duration) { w.wall, w.mono = w.wall.Add(d), w.mono+d }

func (w *world) pollNow() string {
	w.alarms = nil
	w.m.Poll(context.Background())
	var words []string
	for _, a := range w.alarms {
		words = append(words, fmt.Sprintf("%s@%d", a.Variable, a.Time-t0))
	}
	return strings.Join(words, " ")
}

func (w *world) Now() (time.Time, time.Duration) { return w.wall, w.mono }

func (w *world) Keep(c *Changes) {
	w.adopted = append(w.adopted, c.Adopted...)
	for _, e := range c.Events {
		w.events = append(w.events, e)
		if (e.Kind == alarm.KindRaised || e.Kind == alarm.KindRepeated) && !e.Inhibited {
			w.alarms = append(w.alarms, e)
		}
	}
	if w.saved.States == nil {
		w.saved = Saved{States: map[alarm.ID][]byte{}, Configs: map[Object]string{}, Silences: map[string][]byte{}}
	}
	for id, b := range c.States {
		if w.saved.States[id] = b; b == nil {
			delete(w.saved.States, id)
		}
	}
	for o, text := range c.Configs {
		w.saved.Configs[o] = text
	}
	for id, b := range c.Silences {
		if w.saved.Silences[id] = b; b == nil {
			delete(w.saved.Silences, id)
		}
	}
	if c.HasLast {
		w.saved.HasLast, w.saved.Last = true, c.Last
	}
	w.saved.Sequence = c.Sequence
}

func (w *world) Epoch() string { return "e" }

func (w *world) Announce(events []*alarm.Event) { w.events = append(w.events, events...) }

func (w *world) Read(f config.Fold) (float64, error) {
	v, ok := w.reads[f]
	if !ok {
		return 0, errors.New("no such reading")
	}
	return v, nil
}

func (w *world) Update(_ context.Context, start, _ int64, _ []string) (Update, error) {
	w.asked = append(w.asked, start-t0)
	if w.refuse != nil {
		return nil, w.refuse
	}
	a := &answer{w: w, data: w.rows, h: &rrd.Header{Start: start, Step: w.step, End: w.end, Legend: w.legend}}
	for t := range w.rows {
		if (t >= start || w.serveAll) && (w.end == 0 || t <= w.end) {
			a.times = append(a.times, t)
		}
		if w.end == 0 {
			a.h.End = max(a.h.End, t)
		}
	}
	slices.Sort(a.times)
	slices.Reverse(a.times)
	if w.sequence != nil {
		a.times = w.sequence
	}
	if w.header != nil {
		w.header(a.h)
	}
	if happens := w.meanwhile; happens != nil {
		w.meanwhile = nil
		happens()
	}
	return a, nil
}

// headerOf is short for what a test may spoil.
type headerOf = rrd.Header

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// answer is one update of a world.
type answer struct {
	w     *world
	h     *rrd.Header
	data  map[int64][]float64 // as it was when the answer was made
	times []int64
	given int
}

var errTorn = errors.New("torn")

func (a *answer) Header() (*rrd.Header, error) { return a.h, nil }
func (a *answer) Want([]bool)                  {}
func (a *answer) Close() error                 { return nil }

func (a *answer) Next() (rrd.Row, error) {
	if a.w.breakAt == a.given+1 {
		return rrd.Row{}, errTorn
	}
	if a.given == len(a.times) {
		return rrd.Row{}, io.EOF
	}
	t := a.times[a.given]
	a.given++
	return rrd.Row{T: t, Values: a.data[t]}, nil
}

// wantAlarms fails the test if a poll raised something else.
func (w *world) wantAlarms(question, got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: raised %q, want %q", question, got, want)
	}
}

// logged counts the log lines that have a text.
func (w *world) logged(text string) int { return strings.Count(w.log.String(), text) }
