package rubber

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no time zones on this machine: %v", err)
	}
	return z
}

// TestSchedule asks windows on ordinary days and on those on which the clocks
// are changed.
func TestSchedule(t *testing.T) {
	berlin, sydney := zone(t, "Europe/Berlin"), zone(t, "Australia/Lord_Howe") // half an hour there
	one := 1
	hours := func(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }
	window := func(z *time.Location, from, until float64, days ...time.Weekday) Window {
		return Window{Zone: z, From: hours(from), Until: hours(until), Days: days, Min: &one}
	}
	f := func(w Window, at string, want bool) {
		t.Helper()
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.has(when); got != want {
			t.Errorf("%v to %v on %v has %s: %v", w.From, w.Until, w.Days, at, got)
		}
	}
	office := window(berlin, 8, 18, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday)
	f(office, "2026-03-27T06:59:59Z", false) // Friday, winter time
	f(office, "2026-03-27T07:00:00Z", true)
	f(office, "2026-03-27T16:59:59Z", true)
	f(office, "2026-03-27T17:00:00Z", false)
	f(office, "2026-03-28T10:00:00Z", false) // Saturday
	f(office, "2026-03-30T05:59:59Z", false) // Monday, summer time
	f(office, "2026-03-30T06:00:00Z", true)
	f(office, "2026-03-30T15:59:59Z", true)
	f(office, "2026-03-30T16:00:00Z", false)

	night := window(berlin, 22, 6, time.Saturday)
	f(night, "2026-03-28T20:59:59Z", false)
	f(night, "2026-03-28T21:00:00Z", true)
	f(night, "2026-03-29T03:59:59Z", true) // 05:59 of summer time
	f(night, "2026-03-29T04:00:00Z", false)
	f(night, "2026-03-29T21:00:00Z", false) // Sunday's night is not Saturday's

	// 02:00 to 03:00 is not there on 29 March: a window that begins in it begins
	// when the clocks have gone past it.
	gap := window(berlin, 2.5, 4)
	f(gap, "2026-03-29T00:59:59Z", false)
	f(gap, "2026-03-29T01:00:00Z", true) // 03:00
	f(gap, "2026-03-29T01:59:59Z", true)
	f(gap, "2026-03-29T02:00:00Z", false)
	inGap := window(berlin, 2, 2.75) // all of it is missing
	f(inGap, "2026-03-29T00:59:59Z", false)
	f(inGap, "2026-03-29T01:00:00Z", false)
	f(inGap, "2026-03-30T00:00:00Z", true)

	// 02:00 to 03:00 is there twice on 25 October: it begins the first time and
	// ends the last.
	twice := window(berlin, 2.5, 2.75)
	f(twice, "2026-10-25T00:29:59Z", false)
	f(twice, "2026-10-25T00:30:00Z", true)
	f(twice, "2026-10-25T01:00:00Z", true)
	f(twice, "2026-10-25T01:44:59Z", true)
	f(twice, "2026-10-25T01:45:00Z", false)

	// Half an hour of summer time: 02:00 to 02:30 is not there on 4 October.
	half := window(sydney, 2.25, 3)
	f(half, "2026-10-03T15:29:59Z", false)
	f(half, "2026-10-03T15:30:00Z", true)
	f(half, "2026-10-03T16:00:00Z", false)

	whole := window(nil, 0, 24)
	f(whole, "2026-01-01T00:00:00Z", true)
	f(whole, "2026-01-01T23:59:59Z", true)
}

func TestBounds(t *testing.T) {
	two, three, nine := 2, 3, 9
	p := Profile{Min: 1, Max: 20, Schedule: []Window{{From: 8 * time.Hour, Until: 18 * time.Hour, Min: &nine}, {From: 12 * time.Hour, Until: 13 * time.Hour, Min: &three, Max: &two}}}
	f := func(hour, least, most, window int) {
		t.Helper()
		l, m, w := p.bounds(time.Date(2026, 1, 1, hour, 30, 0, 0, time.UTC))
		if l != least || m != most || w != window {
			t.Errorf("at %d:30: %d to %d by window %d", hour, l, m, w)
		}
	}
	f(7, 1, 20, -1)
	f(8, 9, 20, 0)
	f(12, 2, 2, 1) // the ceiling is the stronger word
	f(18, 1, 20, -1)
	if err := p.Schedule[1].check(); err == nil {
		t.Error("a window with a floor above its ceiling passes")
	}
}

// TestBrakes hits brakes with errors of each kind.
func TestBrakes(t *testing.T) {
	now := caseBegin
	fail := func(kind cloud.Kind, after time.Duration) error {
		return &cloud.Error{Kind: kind, Op: "create", RetryAfter: after, Hint: "do this"}
	}
	b := newBrakes()
	b.hit(now, "c", "p", "", fail(cloud.Quota, 0), false)
	if text := b.refused(now, "c", "other"); !strings.Contains(text, "quota") || !strings.Contains(text, "do this") {
		t.Errorf("a quota is of the whole cloud: %q", text)
	}
	if b.refused(now, "d", "p") != "" {
		t.Error("and of no other")
	}
	b.took("c", "p", now)
	b.ran("c", "p", now)
	b.worked("c", "p", now)
	if b.refused(now, "c", "p") == "" {
		t.Error("a machine that was asked for before proves nothing")
	}
	later := now.Add(time.Second)
	b.took("c", "p", later)
	b.hit(now, "c", "p", "host-1", fail(cloud.Capacity, 0), true)
	if b.refused(now, "c", "other") != "" || b.refused(now, "c", "p") == "" {
		t.Error("capacity is of one profile")
	}
	if got := b.avoid(now, "c", "p"); len(got) != 1 || got[0] != "host-1" {
		t.Errorf("avoided: %v", got)
	}
	if b.took("c", "p", later); b.refused(now, "c", "p") == "" {
		t.Error("a cloud that fails afterwards proves nothing by taking a request")
	}
	if b.ran("c", "p", later); b.refused(now, "c", "p") != "" {
		t.Error("a machine that runs proves it")
	}
	if err, _ := b.giveIn(now, "c", "p", fail(cloud.Quota, 0)); cloud.KindOf(err) != cloud.Quota || len(b.avoid(now, "c", "p")) != 1 {
		t.Errorf("a quota is no reason to go where machines fail: %v", err)
	}
	if err, _ := b.giveIn(now, "c", "other", fail(cloud.Capacity, 0)); cloud.KindOf(err) != cloud.Capacity {
		t.Errorf("nothing was avoided: %v", err)
	}
	if got := b.avoid(now.Add(badHostFor), "c", "p"); len(got) != 0 {
		t.Errorf("avoided for ever: %v", got)
	}
	b.hit(now, "c", "p", "host-1", fail(cloud.Transient, 0), true)
	if err, ours := b.giveIn(now, "c", "p", fail(cloud.Capacity, 0)); !ours || cloud.KindOf(err) != cloud.Transient || !strings.Contains(err.Error(), "host-1") {
		t.Errorf("no room but there: %v", err)
	}
	if got := b.avoid(now, "c", "p"); len(got) != 0 {
		t.Errorf("avoided although there is no other: %v", got)
	}
	b.reset("c", "p")
	b.hit(now, "c", "p", "", fail(cloud.Transient, time.Hour), false)
	if b.refused(now, "c", "p") != "" {
		t.Error("what may be over soon is no reason not to plan")
	}
	if br, open := b.trial(now.Add(59*time.Minute), "c", "p"); br == nil || !open {
		t.Error("the cloud said how long to wait")
	}
	if br, open := b.trial(now.Add(61*time.Minute), "c", "p"); br == nil || open {
		t.Error("and that is over")
	}
	b.worked("c", "p", later)
	var last time.Duration
	for i := range 12 { // each wait is longer, up to the longest
		b.hit(now, "c", "p", "", fail(cloud.Capacity, 0), false)
		b.hit(now, "c", "p", "", fail(cloud.Capacity, 0), false) // of the same time
		wait := b.all()[0].Until.Sub(now)
		if b.all()[0].Fails != i+1 || wait < last/2 || wait > 13*time.Minute {
			t.Errorf("after %d: %v, %d fails", i+1, wait, b.all()[0].Fails)
		}
		last = wait
		now = now.Add(wait)
	}
	if last < 7*time.Minute {
		t.Errorf("the longest wait is %v", last)
	}
}

func TestNames(t *testing.T) {
	f := func(profile, want string) {
		t.Helper()
		got := MachineName(profile, "abcdefghijklmnop")
		if got != want {
			t.Errorf("%q: %q", profile, got)
		}
		if err := (cloud.Spec{Intent: newIntent(newIdentity(time.Now())), Owner: "o", Name: got}).Check(); err != nil {
			t.Error(err)
		}
	}
	f("ocr", "ocr-ghijklmnop")
	f("OCR for Müller & Co", "ocr-for-m-ller-co-ghijklmnop")
	f("---", "worker-ghijklmnop")
	f("", "worker-ghijklmnop")
	f(strings.Repeat("long", 20), "longlonglonglonglonglonglonglo-ghijklmnop")
	if keyFor("a b") == keyFor("a_20b") || keyFor("ü") == "" {
		t.Error("keys are not unique")
	}
	if a, b := orphanIntent("c", "1"), orphanIntent("c", "2"); a == b || (cloud.Spec{Intent: a, Owner: "o", Name: "n"}).Check() != nil {
		t.Errorf("intents of orphans: %s, %s", a, b)
	}
}

func TestHostsOfWorkers(t *testing.T) {
	f := func(host string, want ...string) {
		t.Helper()
		got := hostsOf(work.Worker{Host: host})
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q: %q", host, got)
		}
	}
	f("VM-1", "vm-1")
	f("vm-1.example.org", "vm-1.example.org", "vm-1")
	f("10.0.0.1", "10.0.0.1")
	f("")
}

// TestRecordRoundTrip writes and reads a record with everything in it.
func TestRecordRoundTrip(t *testing.T) {
	now := caseBegin
	r := Record{Version: 1, Intent: "i", Profile: "p", State: plan.Draining, Since: now, Deadline: now, Created: now, Cancelled: map[string][]string{"w": {"q"}},
		Release: &Release{Asked: now, By: byPlan, Then: ThenPark, Told: map[string]int{"w": 3}}, Trouble: &Trouble{Kind: "quota", At: now}}
	b, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeRecord(recordKey("i"), b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.encode()
	if err != nil || string(again) != string(b) {
		t.Errorf("%s\nbecame\n%s (%v)", b, again, err)
	}
	c := back.clone()
	c.Cancelled["w"][0], c.Release.Told["w"], c.Trouble.Kind = "x", 4, "y"
	if after, _ := back.encode(); string(after) != string(b) {
		t.Error("a clone shares something")
	}
}

// TestEveryChangeIsNoticed changes each field of a record, alone: a change that
// is not noticed is never written.
func TestEveryChangeIsNoticed(t *testing.T) {
	f := func(name string, change func(*Record)) {
		t.Helper()
		full := func() *Record {
			return &Record{Release: &Release{Told: map[string]int{"a": 1}}, Cancelled: map[string][]string{"a": {"q"}}, Trouble: &Trouble{}}
		}
		was, is := full(), full()
		if !was.equal(is) {
			t.Fatal("it has not changed")
		}
		change(is)
		if was.equal(is) || is.equal(was) {
			t.Errorf("a change of %s is not noticed", name)
		}
	}
	fields := func(of func(*Record) reflect.Value) {
		for i, field := range reflect.VisibleFields(of(&Record{Release: &Release{}, Trouble: &Trouble{}}).Type()) {
			f(field.Name, func(r *Record) {
				v := of(r).Field(i)
				switch v.Interface().(type) {
				case time.Time:
					v.Set(reflect.ValueOf(time.Unix(1, 0)))
				case []string:
					v.Set(reflect.ValueOf([]string{"other"}))
				case map[string]int, map[string][]string, *Release, *Trouble:
					v.SetZero()
				default:
					switch v.Kind() {
					case reflect.String:
						v.SetString("other")
					case reflect.Int:
						v.SetInt(1)
					case reflect.Bool:
						v.SetBool(true)
					default:
						t.Fatalf("no other value of %s is known", field.Name)
					}
				}
			})
		}
	}
	fields(func(r *Record) reflect.Value { return reflect.ValueOf(r).Elem() })
	fields(func(r *Record) reflect.Value { return reflect.ValueOf(r.Release).Elem() })
	fields(func(r *Record) reflect.Value { return reflect.ValueOf(r.Trouble).Elem() })
	f("a PID", func(r *Record) { r.Release.Told["a"] = 2 })
	f("a queue", func(r *Record) { r.Cancelled["a"] = []string{"q", "r"} })
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte(`{"version":1,"intent":"i","state":"ready"}`))
	f.Add([]byte(`{"version":2,"intent":"i"}`))
	f.Add([]byte(`{"version":1,"intent":"i","state":"draining","release":null,"cancelled":{"a":null}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRecord(recordKey("i"), b)
		if err != nil {
			return
		}
		if r.Intent != "i" || r.Version < 1 {
			t.Fatalf("read %+v", r)
		}
		m := revived(*r, caseBegin, DefaultLimits())
		for i := range 20 { // whatever it is, it is lived through
			o, _ := m.advance(&sight{now: caseBegin.Add(time.Duration(i) * time.Hour), heard: true, listed: true}, DefaultLimits())
			if o.verb != orderNothing {
				m.take(result{order: o, ended: caseBegin.Add(time.Duration(i) * time.Hour)}, DefaultLimits())
			}
		}
	})
}

func TestArrivals(t *testing.T) {
	var a arrivals
	now := caseBegin
	a.watch(now, 100, 0, time.Minute)
	if _, ok := a.rate(now); ok {
		t.Error("a rate of one look")
	}
	for range 120 { // 2 tasks come and 1 is done each 5 s
		now = now.Add(5 * time.Second)
		a.watch(now, a.backlog+1, 1, time.Minute)
	}
	if rate, ok := a.rate(now); !ok || rate < 0.39 || rate > 0.41 {
		t.Errorf("rate %v, %v", rate, ok)
	}
	now = now.Add(time.Hour) // nobody watched
	a.watch(now, 0, 0, time.Minute)
	if _, ok := a.rate(now); ok {
		t.Error("a rate after a gap")
	}
}

func TestLearned(t *testing.T) {
	var l Learned
	if l.BootTime(0.5) != 0 {
		t.Error("a boot time that nobody measured")
	}
	for i := range 200 {
		l.boot(time.Duration(i+1) * time.Second)
	}
	if len(l.Boots) != mostBoots || l.BootTime(0.5) != 169*time.Second || l.BootTime(0.95) != 197*time.Second {
		t.Errorf("%d boots, %v, %v", len(l.Boots), l.BootTime(0.5), l.BootTime(0.95))
	}
}

func TestBadOptions(t *testing.T) {
	good := Options{Owner: "o", Store: NewMemoryStore(), Config: Config{Cap: 1}}
	if _, err := New(good); err != nil {
		t.Errorf("good options: %v", err)
	}
	f := func(want string, change func(*Options)) {
		t.Helper()
		o := good
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	f("owner", func(o *Options) { o.Owner = "Not Good" })
	f("store", func(o *Options) { o.Store = nil })
	f("cap 0", func(o *Options) { o.Config.Cap = 0 })
	f("interval", func(o *Options) { o.Config.Interval = 1 })
	f(`broker "b" is not configured`, func(o *Options) { o.Config.Profiles = []Profile{{Name: "p", Queue: "q", Broker: "b"}} })
	f(`profile "x" is not configured`, func(o *Options) { o.Config.Adopt = []Adoption{{Name: "n", Profile: "x"}} })
}
