package shadow

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
)

// t0 is a full hour.
const t0 = 1766000400 - 1766000400%3600

const (
	web = "5d0d2a4c-0000-0000-0000-000000000001"
	db  = "77aa01be-0000-0000-0000-000000000002"
	nas = "c0ffee00-0000-0000-0000-000000000003"
	own = "b0cc7f0e-0000-0000-0000-000000000004"
)

var watched = map[Object]Facts{
	{"vm", web}: {Name: "web-01"}, {"vm", db}: {Name: "db-01"}, {"sr", nas}: {Name: "nas"}, {"host", own}: {Name: "host-3"},
}

// variable is the XML of a variable, as a body has it.
func variable(name, level string, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<variable>\n\t<name value=%q/>\n\t<alarm_trigger_level value=%q/>\n", name, level)
	for _, m := range more {
		tag, value, _ := strings.Cut(m, "=")
		fmt.Fprintf(&b, "\t<%s value=%q/>\n", tag, value)
	}
	return b.String() + "</variable>\n"
}

// bodyOf is the body of an ALARM. Python's words for what is no number are
// stock's.
func bodyOf(value float64, config string) string {
	text := fmt.Sprintf("%f", value)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		text = strings.ToLower(strings.TrimPrefix(text, "+"))
	}
	return "value: " + text + "\nconfig:\n" + config
}

// bench is a comparison that a test feeds. Its times are seconds after t0.
type bench struct {
	t *testing.T
	*Comparison
	sequence int64
	refs     int
	found    []Finding
}

// newBench begins at t0.
func newBench(t *testing.T, change ...func(*Options)) *bench {
	o := Options{Began: t0}
	for _, f := range change {
		f(&o)
	}
	b := &bench{t: t, Comparison: New(o)}
	b.Watch(t0, watched)
	return b
}

// event is an ALARM of ours.
func (b *bench) event(at int64, class, uuid, config string, value float64) *alarm.Event {
	r, err := parseRule(config)
	if err != nil {
		b.t.Fatal(err)
	}
	b.sequence++
	return &alarm.Event{
		ID: alarm.ID{Class: class, UUID: uuid, Variable: r.variable}, Kind: alarm.KindRaised, HostUUID: own, Epoch: "e", Sequence: b.sequence,
		Time: t0 + at, Since: t0 + at, Severity: alarm.Critical, Known: true, Value: value, Period: r.period,
		Name: watched[Object{class, uuid}].Name, Body: bodyOf(value, config),
	}
}

// raised is an alarm of ours, changed before it is said.
func (b *bench) raised(at int64, class, uuid, config string, value float64, known *Circumstances, change ...func(*alarm.Event)) {
	b.t.Helper()
	e := b.event(at, class, uuid, config, value)
	for _, f := range change {
		f(e)
	}
	if err := b.Ours(e, known); err != nil {
		b.t.Error(err)
	}
}

// says is a message of stock's.
func (b *bench) says(at int64, class, uuid, config string, value float64, known *Circumstances) {
	b.t.Helper()
	b.refs++
	m := Message{Ref: fmt.Sprint("OpaqueRef:", b.refs), Object: Object{class, uuid}, Time: t0 + at, Body: bodyOf(value, config)}
	if err := b.Stock(m, known); err != nil {
		b.t.Error(err)
	}
}

// until settles what can be settled when both sides are known up to then.
func (b *bench) until(at int64) { b.found = append(b.found, b.Settle(t0+at, t0+at)...) }

// want compares all that was found, as "result reason".
func (b *bench) want(want ...string) {
	b.t.Helper()
	var got []string
	for _, f := range b.found {
		text := string(f.Result)
		if len(f.Differs) > 0 {
			text += " " + strings.Join(f.Differs, "+")
		}
		if f.Result != Agreed {
			text += ": " + f.Why()
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("found\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}
