package hear

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
)

// TestLife: an alarm is raised, confirmed and cleared, with an agent that lives.
func TestLife(t *testing.T) {
	table := newTable(t)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	tell(t, table, at(0), beat(1, at(0)), Woken)
	if h := hostOf(t, table, at(1)); h.Silent || h.Contended != Fine || h.MemoryShort != Fine || *h.FreeMemory != 17179869184 || h.Name != "xen-03" {
		t.Errorf("%+v", h)
	}
	tell(t, table, at(5), overload(alarm.KindRaised, 41, at(0)), Raised)
	tell(t, table, at(6), overload(alarm.KindRaised, 41, at(0)), Late)
	tell(t, table, at(7), overload(alarm.KindRaised, 40, at(0)), Late)
	tell(t, table, at(10), beat(2, at(10)), Beat)
	h := hostOf(t, table, at(11))
	if h.Contended != Bad || h.MemoryShort != Fine || len(h.Alarms) != 1 || *h.Alarms[0].Value != 0.97 || h.Alarms[0].Severity != "critical" {
		t.Errorf("%+v", h)
	}
	tell(t, table, at(60), overload(alarm.KindState, 41, at(60)), Confirmed)
	tell(t, table, at(61), overload(alarm.KindState, 41, at(50)), Late)
	tell(t, table, at(200), overload(alarm.KindState, 41, at(200)), Confirmed)
	tell(t, table, at(210), beat(3, at(210)), Woken)
	if h := hostOf(t, table, at(211)); h.Contended != Bad {
		t.Errorf("%+v", h)
	}
	tell(t, table, at(220), overload(alarm.KindCleared, 42, at(220)), Cleared)
	tell(t, table, at(221), overload(alarm.KindState, 41, at(215)), Late)
	if h := hostOf(t, table, at(222)); h.Contended != Fine || len(h.Alarms) != 0 {
		t.Errorf("%+v", h)
	}
}

// TestLostClear: belief in an alarm ends with its time to live. A heartbeat says
// what became of it; without one it is unknown, and forgotten in the end.
func TestLostClear(t *testing.T) {
	table := newTable(t)
	tell(t, table, start, overload(alarm.KindRaised, 1, start), Raised)
	for _, c := range []struct {
		after time.Duration
		want  Mark
		known int
	}{
		{0, Bad, 1}, {180*time.Second - 1, Bad, 1}, {180 * time.Second, Unknown, 1}, {180*time.Second + unknownFor - 1, Unknown, 1}, {180*time.Second + unknownFor, Unknown, 0},
	} {
		h := hostOf(t, table, start.Add(c.after))
		if h.Contended != c.want || len(h.Alarms) != c.known || !h.Silent || h.FreeMemory != nil || h.InDanger != Unknown {
			t.Errorf("after %v: %+v", c.after, h)
		}
	}

	later := start.Add(4 * time.Minute)
	named := beat(1, later)
	named.Pressure.Firing, named.Pressure.Alarms = 1, []alarm.FiringAlarm{{Class: "host", UUID: hostA, Variable: "cpu_usage", Severity: alarm.Warning}}
	tell(t, table, later, named, Woken)
	if h := hostOf(t, table, later); h.Contended != Bad || h.Alarms[0].Severity != "warning" || h.Silent {
		t.Errorf("a heartbeat names it: %+v", h)
	}
	later = later.Add(10 * time.Second)
	short := beat(2, later)
	short.Pressure.Firing = 200 // more than it names
	tell(t, table, later, short, Beat)
	if h := hostOf(t, table, later); h.Contended != Unknown {
		t.Errorf("a heartbeat that does not name all: %+v", h)
	}
	later = later.Add(10 * time.Second)
	tell(t, table, later, beat(3, later), Beat)
	if h := hostOf(t, table, later); h.Contended != Fine || len(h.Alarms) != 0 {
		t.Errorf("a heartbeat that names nothing: %+v", h)
	}
}

// TestLostRaise: a heartbeat tells of an alarm whose event is lost.
func TestLostRaise(t *testing.T) {
	table := newTable(t)
	h := beat(1, start)
	h.Pressure.Firing, h.Pressure.Alarms = 1, []alarm.FiringAlarm{{Class: "host", UUID: hostA, Variable: "cpu_usage", Severity: alarm.Critical}}
	tell(t, table, start, h, Woken)
	if h := hostOf(t, table, start); h.Contended != Bad || h.Alarms[0].Via != "heartbeat" {
		t.Errorf("%+v", h)
	}
	tell(t, table, start.Add(time.Second), overload(alarm.KindCleared, 3, start), Late)
	if h := hostOf(t, table, start.Add(time.Second)); h.Contended != Fine {
		t.Errorf("cleared after the heartbeat was made: %+v", h)
	}
}

// TestSilence: without a heartbeat nothing is fine.
func TestSilence(t *testing.T) {
	table := newTable(t)
	tell(t, table, start, beat(1, start), Woken)
	if h := hostOf(t, table, start.Add(30*time.Second-1)); h.Silent {
		t.Error("silent before its time to live has passed")
	}
	h := hostOf(t, table, start.Add(30*time.Second))
	if !h.Silent || h.Contended != Unknown || h.FreeMemory != nil || h.Storage != nil || !h.Since.Equal(start) {
		t.Errorf("%+v", h)
	}
	if v := table.View(start.Add(30 * time.Second)); len(v.Storage) != 0 {
		t.Errorf("storage of silent hosts: %+v", v.Storage)
	}
	v := table.View(start.Add(DefaultForget + time.Minute + 1))
	if len(v.Hosts) != 0 {
		t.Errorf("not forgotten: %+v", v.Hosts)
	}
}

// TestNoData: an alarm without data is neither firing nor fine.
func TestNoData(t *testing.T) {
	table := newTable(t)
	tell(t, table, start, beat(1, start), Woken)
	tell(t, table, start, overload(alarm.KindNoData, 1, start), Raised)
	if h := hostOf(t, table, start); h.Contended != Unknown || h.MemoryShort != Fine || !h.Alarms[0].NoData || h.Alarms[0].Value != nil {
		t.Errorf("%+v", h)
	}
}

// TestEpochs: a new numbering replaces the old, also when the clock was set
// back, then after a time to live.
func TestEpochs(t *testing.T) {
	table := newTable(t)
	tell(t, table, start, overload(alarm.KindRaised, 900, start), Raised)
	anew := overload(alarm.KindCleared, 1, start.Add(time.Minute))
	anew.Epoch = "e2"
	tell(t, table, start.Add(time.Minute), anew, Cleared)
	tell(t, table, start.Add(time.Minute), overload(alarm.KindRepeated, 901, start.Add(30*time.Second)), Late)

	back := overload(alarm.KindRaised, 1, start.Add(-time.Hour))
	back.Epoch = "e3"
	tell(t, table, start.Add(2*time.Minute), back, Late)
	tell(t, table, start.Add(4*time.Minute), back, Raised)

	tell(t, table, start, beat(5, start), Woken)
	old := beat(1, start.Add(-time.Hour))
	old.Epoch = "e3"
	tell(t, table, start.Add(10*time.Second), old, Late)
	tell(t, table, start.Add(31*time.Second), old, Woken)
}

// TestEffects: what each of the agent's variables means.
func TestEffects(t *testing.T) {
	for _, c := range []struct {
		class, variable string
		want            Effect
	}{
		{"host", "cpu_usage", Contended}, {"host", "host_load", Contended}, {"vm", "cpu_contention", Contended},
		{"host", "memory_free_kib", Memory}, {"host", "memory_available", Danger}, {"vm", "fs_usage", Danger}, {"vm", "log_fs_usage", Danger}, {"vm", "mem_usage", Danger},
		{"host", "network_usage", Network}, {"host", "nic_errors", Network},
		{"host", "sr_latency", Disk}, {"host", "sr_latency_3f0a51c2", Slow}, {"host", "sr_io_throughput_total_3f0a51c2", Slow},
		{"sr", "physical_utilisation", Full}, {"sr", "sr_latency", Slow},
		{"vm", "cpu_usage", Advise}, {"vm", "network_usage", Advise}, {"host", "my_own", Advise},
	} {
		if got := effectOf(DefaultRules(), c.class, c.variable, nil); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.class, c.variable, got, c.want)
		}
	}
	own := []Rule{
		{Variable: "my_*", Effect: Danger}, {Labels: map[string]string{"team": "net*"}, Effect: Network},
		{Class: "host", Variable: "cpu_usage", Effect: Ignore},
	}
	table := newTable(t, own...)
	tell(t, table, start, overload(alarm.KindRaised, 1, start), Late)
	mine := event(alarm.KindRaised, "host", hostA, "my_own", 2, start)
	tell(t, table, start, mine, Raised)
	labelled := event(alarm.KindRaised, "vm", "vm-1", "cpu_usage", 3, start)
	labelled.Labels = map[string]string{"team": "network"}
	tell(t, table, start, labelled, Raised)
	if h := hostOf(t, table, start); h.InDanger != Bad || h.NetworkSaturated != Bad || h.Contended != Unknown || len(h.Alarms) != 2 {
		t.Errorf("%+v", h)
	}
	for _, r := range []Rule{{Effect: Danger}, {Variable: "a", Effect: "x"}, {Class: "pool", Effect: Full}} {
		if _, err := NewTable([]Rule{r}, Bounds{}); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"a*c", "abc", true}, {"a*c", "abd", false}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"*b*b*", "abcb", true}, {"**", "x", true}, {"é?", "éa", true}, {"a*", "*", false}, {strings.Repeat("a*", 30), strings.Repeat("a", 200) + "b", true},
	} {
		if got := glob(c.pattern, c.text); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.text, got)
		}
	}
}

// TestStorage: alarms of a repository, its own and those of hosts.
func TestStorage(t *testing.T) {
	table := newTable(t)
	tell(t, table, start, beat(1, start), Woken)
	v := table.View(start)
	if len(v.Storage) != 1 || v.Storage[0].UUID != ssd || v.Storage[0].Slow != Fine || v.Storage[0].Full != Fine || *v.Storage[0].Latency != 0.002 || *v.Storage[0].Size != 1e12 || v.Storage[0].Used != nil {
		t.Fatalf("%+v", v.Storage)
	}
	tell(t, table, start, event(alarm.KindRaised, "sr", ssd, "physical_utilisation", 1, start), Raised)
	tell(t, table, start, event(alarm.KindRaised, "host", hostA, "sr_latency_3f0a51c2", 2, start), Raised)
	tell(t, table, start, event(alarm.KindRaised, "host", hostA, "sr_latency_99999999", 3, start), Raised)
	v = table.View(start)
	if len(v.Storage) != 2 || v.Storage[0].Slow != Bad || v.Storage[0].Full != Bad || len(v.Storage[0].Alarms) != 2 || !reflect.DeepEqual(v.Storage[0].Hosts, []string{hostA}) {
		t.Errorf("%+v", v.Storage)
	}
	if v.Storage[1].UUID != "99999999" || v.Storage[1].Slow != Bad || v.Storage[1].Full != Unknown {
		t.Errorf("%+v", v.Storage[1])
	}
	if h := v.Host(hostA); h.DiskSlow != Fine {
		t.Errorf("%+v", h)
	}
}

// TestSample: the events in docs/events.md are understood.
func TestSample(t *testing.T) {
	page, err := os.ReadFile("../../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	samples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	if len(samples) < 5 {
		t.Fatalf("%d samples", len(samples))
	}
	table := newTable(t)
	for _, s := range samples {
		o := table.Event("test", s[1], start, start)
		if o == Malformed || o == Foreign {
			t.Errorf("%s: %s", o, s[1])
		}
	}
	if h := hostOf(t, table, start); h.Name != "xen-03" || h.Silent || len(h.Alarms) != 1 || *h.CPUContention != 0.05 {
		t.Errorf("%+v", h)
	}
}

// TestHostile: what is not an event is counted, and changes nothing.
func TestHostile(t *testing.T) {
	good := string(text(t, overload(alarm.KindRaised, 7, start)))
	beats := string(text(t, beat(7, start)))
	swap := func(s, from, to string) string {
		t.Helper()
		if !strings.Contains(s, from) {
			t.Fatalf("no %s in %s", from, s)
		}
		return strings.Replace(s, from, to, 1)
	}
	for _, c := range []struct {
		text string
		want Outcome
	}{
		{"", Malformed}, {"{", Malformed}, {"[]", Malformed}, {"null", Foreign}, {`"x"`, Malformed}, {"NaN", Malformed}, {"\xff\xfe", Malformed},
		{strings.Repeat("[", 20000), Malformed}, {strings.Repeat(" ", MaxEvent+1), TooLarge},
		{`{"type":"com.example.other","data":[1]}`, Foreign}, {swap(good, "raised.v1", "raised.v2"), Foreign}, {swap(good, "perfmon.alarm.raised", "perfmon.alarm.melted"), Foreign},
		{swap(good, `"specversion":"1.0"`, `"specversion":"0.3"`), Malformed},
		{swap(good, `"value":0.97`, `"value":NaN`), Malformed}, {swap(good, `"value":0.97`, `"value":1e999`), Malformed}, {swap(good, `"value":0.97`, `"value":"0.97"`), Malformed},
		{swap(good, `"sequence":7`, `"sequence":8`), Malformed}, {swap(good, `/7"`, `/-7"`), Malformed}, {swap(good, `"sequence":7`, `"sequence":1e30`), Malformed},
		{swap(good, `"host_uuid":"`+hostA, `"host_uuid":"`+hostB), Malformed}, {swap(good, `"host_uuid":"`+hostA, `"host_uuid":"`), Malformed},
		{swap(good, `"variable":"cpu_usage"`, `"variable":"cpu"`), Malformed}, {swap(good, `"subject":"host/`, `"subject":"pool/`), Malformed}, {swap(good, `"subject":"host/`, `"subject":"host`), Malformed},
		{swap(good, `"time":"2025`, `"time":"x025`), Malformed}, {swap(good, `raised.v1`, `state.v1`), Malformed},
		{swap(good, `"pool_uuid":""`, `"pool_uuid":"../x"`), Malformed},
		{swap(beats, `heartbeat/e1/7`, `heartbeat/e1/x`), Malformed}, {swap(beats, `heartbeat/e1/7`, `heartbeat/7`), Malformed},
	} {
		table := newTable(t)
		if got := table.Event("test", []byte(c.text), start, start); got != c.want {
			t.Errorf("%.200s: %s, want %s", c.text, got, c.want)
		}
		if v := table.View(start); len(v.Hosts) != 0 || table.Counts()[c.want] != 1 {
			t.Errorf("%.200s: %+v %v", c.text, v, table.Counts())
		}
	}

	// What may be wrong in part is taken without that part.
	table := newTable(t)
	odd := swap(swap(beats, `"memory_free_bytes":17179869184`, `"memory_free_bytes":-1`), `"name_label":"xen-03"`, `"name_label":"a\u001b[2J`+strings.Repeat("x", 1000)+`"`)
	odd = swap(swap(odd, `"ttl_s":30`, `"ttl_s":99999999999`), `"uuid":"`+ssd, `"uuid":"../../etc`)
	if got := table.Event("test", []byte(odd), start, start); got != Woken {
		t.Fatal(got)
	}
	h := hostOf(t, table, start)
	if h.FreeMemory != nil || strings.ContainsRune(h.Name, 0x1b) || len(h.Name) > 300 || len(h.Storage) != 0 || !hostOf(t, table, start.Add(maxTTL)).Silent {
		t.Errorf("%+v", h)
	}
}

// TestBounds: more hosts and alarms than there is room for are counted.
func TestBounds(t *testing.T) {
	table, err := NewTable(nil, Bounds{Hosts: 1, Alarms: 2})
	if err != nil {
		t.Fatal(err)
	}
	other := beat(1, start)
	other.HostUUID = hostB
	tell(t, table, start, beat(1, start), Woken)
	tell(t, table, start, other, NoRoom)
	for i, want := range []Outcome{Raised, Raised, NoRoom} {
		tell(t, table, start, event(alarm.KindRaised, "vm", fmt.Sprintf("vm-%d", i), "cpu_usage", int64(i+1), start), want)
	}
	later := start.Add(2 * time.Hour) // the first two have been over for long
	tell(t, table, later, event(alarm.KindRaised, "vm", "vm-9", "cpu_usage", 9, later), Raised)
	if table.alarms != 1 {
		t.Errorf("%d alarms are counted", table.alarms)
	}
}

// TestOld: what was sent before anything is remembered makes no host.
func TestOld(t *testing.T) {
	table := newTable(t)
	if got := table.Event("test", text(t, overload(alarm.KindRaised, 1, start)), start.Add(-DefaultForget-1), start); got != Late || len(table.hosts) != 0 {
		t.Error(got, len(table.hosts))
	}
	// Belief counts from when it was sent.
	if got := table.Event("test", text(t, overload(alarm.KindRaised, 1, start)), start.Add(-170*time.Second), start); got != Raised {
		t.Error(got)
	}
	if h := hostOf(t, table, start.Add(11*time.Second)); h.Contended != Unknown {
		t.Errorf("%+v", h)
	}
}

// TestViewIsTheCallers: what a caller does to a view, the table does not notice.
func TestViewIsTheCallers(t *testing.T) {
	table := newTable(t)
	tell(t, table, start, beat(1, start), Woken)
	tell(t, table, start, overload(alarm.KindRaised, 1, start), Raised)
	before, _ := json.Marshal(table.View(start))
	v := table.View(start)
	*v.Hosts[0].CPUUsage, *v.Hosts[0].Alarms[0].Value, *v.Storage[0].Latency, v.Hosts[0].Storage[0] = 9, 9, 9, "x"
	if after, _ := json.Marshal(table.View(start)); string(after) != string(before) {
		t.Errorf("%s\n%s", before, after)
	}
}

func BenchmarkEvent(b *testing.B) {
	table, _ := NewTable(nil, Bounds{})
	var events [][]byte
	for i := range 1000 {
		events = append(events, text(b, event(alarm.KindState, "vm", fmt.Sprintf("vm-%d", i), "cpu_usage", int64(i+1), start)))
	}
	rand.New(rand.NewSource(1)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		table.Event("bench", events[i%len(events)], start, start)
	}
}

// TestEqualTimes: of two epochs of one time it is always the same that counts.
func TestEqualTimes(t *testing.T) {
	a, b := overload(alarm.KindRaised, 1, start), overload(alarm.KindCleared, 1, start)
	b.Epoch = "e2"
	for _, both := range [][]*alarm.Event{{a, b}, {b, a}} {
		table := newTable(t)
		for _, e := range both {
			table.Event("x", text(t, e), start, start)
		}
		if h := hostOf(t, table, start); len(h.Alarms) != 0 {
			t.Errorf("%+v", h)
		}
	}
}

// TestOldHeartbeat: one that was made before an alarm was raised says nothing
// about what became of that.
func TestOldHeartbeat(t *testing.T) {
	table := newTable(t)
	long := beat(1, start)
	long.TTL = 3600
	tell(t, table, start, long, Woken)
	tell(t, table, start.Add(10*time.Second), overload(alarm.KindRaised, 1, start), Raised)
	if h := hostOf(t, table, start.Add(190*time.Second)); h.Contended != Unknown {
		t.Errorf("%+v", h)
	}
}
