//go:build browser

package page_test

import (
	"fmt"
	"math"
	"path"
	"strings"
	"time"

	"perfmon/alarm"
	"perfmon/monitor/api"
)

// hostileName is what somebody may call a VM.
const hostileName = `<img src=x onerror=alert(1)> & "co"`

// longName is as long as the toolstack lets a name be, and has no place to
// break.
var longName = strings.Repeat("Wolfsbarsch", 23)

func uuidOf(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", 0xa0000000+n*7919, n) }

func some(v float64) *float64 { return &v }

// wobble is a number of 0..1 that belongs to a seed and goes on slowly with
// time; the same for the same arguments.
func wobble(seed int, t int64) float64 {
	s, x := float64(seed), float64(t)
	v := 0.5 + 0.3*math.Sin(x/97+s*1.7) + 0.15*math.Sin(x/23+s*3.1) + 0.05*math.Sin(x/7.3+s)
	return min(1, max(0, v))
}

var vmNames = []string{"web", "db", "build", "mail", "desk", "cache"}

func fakeVM(n int, t int64) api.VMOverview {
	name := fmt.Sprintf("%s-%02d", vmNames[n%len(vmNames)], n/len(vmNames)+1)
	switch n {
	case 13:
		name = hostileName
	case 15:
		name = longName
	}
	busy := math.Pow(wobble(n, t), 3) * 0.8
	v := api.VMOverview{
		UUID: uuidOf(n), Name: name, CPU: some(busy), CPUs: 1 + n%8, Contention: some(busy * busy / 9),
		Memory: some(float64(1+n%8) * (1 << 30)), MemoryFree: some(wobble(n+3, t/20) * (1 << 29)),
		NetRx: some(wobble(n+1, t) * 4e6), NetTx: some(wobble(n+2, t) * 9e5), DiskRead: some(wobble(n+4, t) * 1e6), DiskWrite: some(wobble(n+5, t) * 7e5),
	}
	if n%29 == 7 { // it has just been started: nobody knows yet
		v.CPU, v.Contention, v.MemoryFree, v.NetRx, v.NetTx, v.DiskRead, v.DiskWrite = nil, nil, nil, nil, nil, nil, nil
	}
	if n == 0 {
		v.Name, v.ControlDomain = "Control domain on host: xcp-1", true
	}
	return v
}

// knownLine is what the series of the data source "known" is at a time, so
// that a test can see that it is what is drawn; unknown for a while.
func knownLine(k int) float64 {
	if k >= 40 && k < 50 {
		return math.NaN()
	}
	return float64(k) / 200
}

type fakeColumn struct {
	name, unit string
	at         func(k int, t int64) float64
}

func vmColumns() []fakeColumn {
	w := func(seed int, scale float64) func(int, int64) float64 {
		return func(_ int, t int64) float64 { return wobble(seed, t) * scale }
	}
	return []fakeColumn{
		{"cpu0", "fraction", func(k int, t int64) float64 {
			if k >= 40 && k < 46 {
				return math.NaN()
			}
			return min(1, wobble(1, t)*0.6+max(0, float64(k)-70)/90)
		}},
		{"cpu1", "fraction", func(k int, t int64) float64 {
			if k >= 40 && k < 46 {
				return math.NaN()
			}
			return min(1, wobble(2, t)*0.5+max(0, float64(k)-70)/80)
		}},
		{"memory", "B", func(int, int64) float64 { return 4 << 30 }},
		{"memory_internal_free", "KiB", w(5, 400000)},
		{"vif_0_rx", "B/s", w(6, 4e6)}, {"vif_0_tx", "B/s", w(7, 9e5)},
		{"vbd_xvda_read", "B/s", w(8, 2e6)}, {"vbd_xvda_write", "B/s", w(9, 5e6)},
		{"vbd_xvda_read_latency", "µs", w(10, 4000)},
		{"known", "requests", func(k int, _ int64) float64 { return knownLine(k) }},
	}
}

func hostColumns() []fakeColumn {
	var list []fakeColumn
	for n := range 16 {
		list = append(list, fakeColumn{fmt.Sprintf("cpu%d", n), "fraction", func(_ int, t int64) float64 { return wobble(n, t) * 0.8 }})
	}
	return append(list,
		fakeColumn{"cpu_avg", "fraction", func(_ int, t int64) float64 { return wobble(3, t) * 0.7 }},
		fakeColumn{"hostload", "", func(_ int, t int64) float64 { return wobble(4, t) }},
		fakeColumn{"memory_total_kib", "KiB", func(int, int64) float64 { return 512 << 20 }},
		fakeColumn{"memory_free_kib", "KiB", func(_ int, t int64) float64 { return (0.2 + wobble(5, t/10)*0.2) * (512 << 20) }},
		fakeColumn{"pif_aggr_rx", "B/s", func(_ int, t int64) float64 { return wobble(6, t) * 3e8 }},
		fakeColumn{"pif_aggr_tx", "B/s", func(_ int, t int64) float64 { return wobble(7, t) * 2e8 }})
}

var spans = map[string][2]int64{"10m": {5, 600}, "2h": {60, 7200}, "1w": {3600, 7 * 86400}, "1y": {86400, 365 * 86400}}

// series makes the answer of /v1/series.
func (f *fake) series(ref api.ObjectRef, span, globs string) api.Series {
	columns := vmColumns()
	if ref.Class == "host" {
		columns = hostColumns()
	}
	size := spans[span]
	end := f.now - f.now%size[0]
	s := api.Series{
		Head: api.Head{API: api.Version1}, ObjectRef: ref, Span: span, Step: size[0], Start: end - size[1], End: end,
		Columns: []api.SeriesColumn{}, T: []int64{}, Values: []api.Values{}, Triggers: []api.Variable{}, Transitions: []api.Transition{},
	}
	for t := s.Start + s.Step; t <= end && span != f.young; t += s.Step {
		s.T = append(s.T, t)
	}
	for _, c := range columns {
		if !matchesGlobs(globs, c.name) {
			continue
		}
		s.Columns = append(s.Columns, api.SeriesColumn{Name: c.name, Class: ref.Class, UUID: ref.UUID, Unit: c.unit})
		values := make(api.Values, len(s.T))
		for k, t := range s.T {
			values[k] = c.at(k, t)
		}
		s.Values = append(s.Values, values)
	}
	for _, v := range f.variables {
		if v.ObjectRef == ref {
			s.Triggers = append(s.Triggers, v)
		}
	}
	for _, t := range f.past {
		if t.ObjectRef == ref && t.Time > s.Start && t.Time <= end {
			s.Transitions = append(s.Transitions, t)
		}
	}
	return s
}

func matchesGlobs(globs, name string) bool {
	if globs == "" {
		return true
	}
	for glob := range strings.SplitSeq(globs, ",") {
		if ok, _ := path.Match(glob, name); ok {
			return true
		}
	}
	return false
}

func variable(ref api.ObjectRef, name, state string, severity alarm.Severity, since int64, value *float64, level float64, columns ...string) api.Variable {
	return api.Variable{
		ObjectRef: ref, Variable: name, State: state, Severity: severity, Since: since, Value: value, Level: level,
		Sense: "high", Fold: "average", Columns: columns, Period: 60, Priority: 3,
	}
}

// scenario fills the fake with a bad night: what fires, what is pending, what
// is silenced, and what was. One has the given VM's network busy.
func (f *fake) scenario(busy int) {
	now := f.now
	web, dom0 := f.ref(6), f.ref(0)
	sr := api.ObjectRef{Class: "sr", UUID: uuidOf(1001), Name: "local-1"}
	hot := variable(web, "cpu_usage", "firing", alarm.Critical, now-200, some(0.97), 0.85, "cpu0", "cpu1")
	warning := 0.7
	hot.WarningLevel = &warning
	free := variable(f.ref(7), "memory_internal_free", "firing", alarm.Warning, now-3900, some(90000), 200000, "memory_internal_free")
	free.Sense = "low"
	silenced := variable(f.ref(busy), "network_usage", "firing", alarm.Critical, now-700, some(9.1e7), 5e7, "vif_0_rx", "vif_0_tx")
	silenced.Muted, silenced.Silence = "silence 5f0c3a9be1d27c48", "5f0c3a9be1d27c48"
	f.variables = []api.Variable{
		hot,
		variable(sr, "physical_utilisation", "firing", alarm.Critical, now-40000, some(0.93), 0.8),
		silenced, free,
		variable(dom0, "fs_usage", "nodata", "", now-500, nil, 0.9),
		variable(f.ref(20), "disk_usage", "pending", "", now-30, some(1.2e8), 1e8, "vbd_xvda_read", "vbd_xvda_write"),
		variable(web, "network_usage", "inactive", "", 0, some(4.4e6), 5e7, "vif_0_rx", "vif_0_tx"),
	}
	for i, hours := range []int64{1, 3, 4, 9, 14, 20, 31, 50} {
		ref := []api.ObjectRef{web, sr, f.ref(7), f.ref(busy), f.ref(20)}[i%5]
		name := []string{"cpu_usage", "physical_utilisation", "memory_internal_free", "network_usage", "disk_usage"}[i%5]
		at := now - hours*3600
		f.say(at-1500, alarm.KindRaised, ref, name)
		f.say(at, alarm.KindCleared, ref, name)
	}
	f.say(now-40000, alarm.KindRaised, sr, "physical_utilisation")
	f.say(now-3840, alarm.KindRaised, f.ref(7), "memory_internal_free")
	f.say(now-640, alarm.KindRaised, f.ref(busy), "network_usage")
	f.say(now-500, alarm.KindNoData, dom0, "fs_usage")
	f.say(now-420, alarm.KindRaised, web, "cpu_usage")
	f.say(now-300, alarm.KindCleared, web, "cpu_usage")
	f.say(now-140, alarm.KindRaised, web, "cpu_usage")
}

// say adds a transition.
func (f *fake) say(at int64, kind alarm.Kind, ref api.ObjectRef, name string) api.Transition {
	t := api.Transition{
		ID: fmt.Sprintf("%s/%s/%s/%d", ref.Class, ref.UUID, name, len(f.past)), Time: at, Kind: kind, ObjectRef: ref, Variable: name,
		State: "firing", Level: 0.85, Sense: "high", Period: 60, Priority: 3, Severity: alarm.Critical,
	}
	switch kind {
	case alarm.KindCleared:
		t.Reason, t.Severity, t.State, t.Value = alarm.ReasonLevel, "", "inactive", some(0.4)
	case alarm.KindNoData:
		t.Severity, t.State = "", "nodata"
	default:
		t.Value = some(0.97)
	}
	f.past = append(f.past, t)
	return t
}

// newFake makes a fake whose present is the machine's.
func newFake() *fake {
	f := &fake{now: time.Now().Unix() / 5 * 5, state: api.StateRunning}
	f.host = api.ObjectRef{Class: "host", UUID: "6f0c3a9b-e1d2-47c4-8a11-0e8f2e0b9c11", Name: "xcp-1"}
	return f
}

func (f *fake) ref(n int) api.ObjectRef {
	v := fakeVM(n, f.now)
	return api.ObjectRef{Class: "vm", UUID: v.UUID, Name: v.Name}
}
