package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// reference is a monitor that nobody stops, fed with a script row by row. It
// is its own source, clock and store.
type reference struct {
	*script
	legend *rrd.Legend
	row    int // the newest
	events []*alarm.Event
}

func (r *reference) Now() (time.Time, time.Duration) {
	return time.Unix(r.time(r.row), 0), time.Duration(int64(r.row)*r.step) * time.Second
}

func (r *reference) Update(context.Context, int64, int64, []string) (monitor.Update, error) {
	values := make([]float64, len(r.variables))
	for i, v := range r.variables {
		values[i] = float64(float32(v.values[r.row])) // as archives keep it
	}
	return &oneRow{rrd.Header{Step: r.step, End: r.time(r.row), Legend: r.legend}, []rrd.Row{{T: r.time(r.row), Values: values}}}, nil
}

func (r *reference) Keep(c *monitor.Changes)           { r.events = append(r.events, c.Events...) }
func (r *reference) Announce([]*alarm.Event)           {}
func (r *reference) Epoch() string                     { return "reference" }
func (r *reference) Read(config.Fold) (float64, error) { return 0, errors.New("not in the script") }

type oneRow struct {
	header rrd.Header
	rows   []rrd.Row
}

func (o *oneRow) Header() (*rrd.Header, error) { return &o.header, nil }
func (o *oneRow) Want([]bool)                  {}
func (o *oneRow) Close() error                 { return nil }
func (o *oneRow) Next() (rrd.Row, error) {
	if len(o.rows) == 0 {
		return rrd.Row{}, io.EOF
	}
	defer func() { o.rows = o.rows[1:] }()
	return o.rows[0], nil
}

// expected is what the first rows of a script lead to: the events of a monitor
// that sees every row when it is there, by alarm, in their order, and how the
// alarms are after them.
func (s *script) expected(t *testing.T, rows int) (map[alarm.ID][]*alarm.Event, []monitor.VariableStatus) {
	t.Helper()
	r := &reference{script: s, legend: &rrd.Legend{}}
	inv := &monitor.Inventory{HostUUID: xapitest.UUID("host"), PoolUUID: xapitest.UUID("pool"), Objects: map[monitor.Object]*monitor.Facts{}}
	for _, v := range s.variables {
		r.legend.Entries = append(r.legend.Entries, rrd.Entry{CF: rrd.Average, Class: v.class, UUID: v.uuid, Name: v.name})
		o := monitor.Object{Class: v.class, UUID: v.uuid}
		facts := inv.Objects[o]
		if facts == nil {
			facts = &monitor.Facts{Name: v.object, Resident: true}
			inv.Objects[o] = facts
		}
		facts.Config = "<config>" + strings.TrimSuffix(strings.TrimPrefix(facts.Config, "<config>"), "</config>") + v.xml() + "</config>"
		if v.silenced {
			facts.Maintenance = monitor.InSnapshot
		}
	}
	m := monitor.New(monitor.Options{
		Source: r, Clock: r, Store: r, Readings: r, Logger: slog.New(slog.DiscardHandler), Step: s.step,
	})
	m.SetInventory(inv)
	for r.row = range rows {
		if err := m.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	byAlarm := map[alarm.ID][]*alarm.Event{}
	for _, e := range r.events {
		byAlarm[e.ID] = append(byAlarm[e.ID], e)
	}
	return byAlarm, m.Snapshot().Variables
}

// ask has the book judge the first rows of a variable.
func (s *script) ask(v *scripted, rows int) *book {
	o := &book{terms: v.terms}
	for row := range rows {
		o.judge(judged{s.time(row), s.step, v.values[row]})
	}
	return o
}

// wordOf is an event in the book's words.
func wordOf(e *alarm.Event) word {
	w := word{at: e.Time, kind: e.Kind, reason: e.Reason, inhibited: e.Inhibited, value: e.Value}
	if !e.Known {
		w.value = math.NaN()
	}
	if e.Kind == alarm.KindRaised || e.Kind == alarm.KindRepeated {
		w.severity = e.Severity
	}
	return w
}

func sentences(words []word) []string {
	var list []string
	for _, w := range words {
		list = append(list, w.String())
	}
	return list
}

// check compares what was said of a variable with the book.
func (v *scripted) check(t *testing.T, who string, got []*alarm.Event, want []word) {
	t.Helper()
	var words []word
	for _, e := range got {
		words = append(words, wordOf(e))
		if e.Silenced != v.silenced {
			t.Errorf("%s: %s is silenced: %t", who, e.EventID(), e.Silenced)
		}
	}
	if d := cmp.Diff(sentences(want), sentences(words)); d != "" {
		t.Errorf("%s: %s %s, %+v (-book +got):\n%s", who, v.object, v.name, v.terms, d)
	}
}

// TestReference: the monitor says of random scripts what the book says.
func TestReference(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	kinds := map[alarm.Kind]int{}
	for n := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, n))
		s := newScript(r, 20, 600, 1_700_000_000, 5, 4, 1)
		got, _ := s.expected(t, 600)
		for _, v := range s.variables {
			want := s.ask(v, 600).said
			v.check(t, "monitor", got[v.id()], want)
			for _, w := range want {
				kinds[w.kind]++
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d, script %d", seed, n)
		}
	}
	for _, kind := range []alarm.Kind{alarm.KindRaised, alarm.KindRepeated, alarm.KindCleared, alarm.KindNoData} {
		if kinds[kind] < 20 {
			t.Errorf("%s happens %d times in these scripts: too seldom to tell", kind, kinds[kind])
		}
	}
}
