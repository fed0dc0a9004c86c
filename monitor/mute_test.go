package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"perfmon/alarm"
	"perfmon/monitor/config"
)

// put changes what the inventory says of an object.
func (w *world) put(class, uuid string, f Facts) {
	inv := *w.inv
	inv.Objects = maps.Clone(inv.Objects)
	inv.Objects[Object{class, uuid}] = &f
	w.inv = &inv
	w.m.setInventory(w.inv)
}

// maintain gives an object a reason to be muted, "" for none.
func (w *world) maintain(class, uuid, reason string) {
	f := *w.inv.Objects[Object{class, uuid}]
	f.Maintenance = reason
	w.put(class, uuid, f)
}

// fleet is a host with its control domain d, two VMs and an SR, each with an
// alarm at 0.5, and a metrics page.
func fleet(t *testing.T, o Options) (*world, *prometheus.Registry) {
	reg := prometheus.NewPedanticRegistry()
	o.Registerer = reg
	w := newWorld(t, o, "vm/d/cpu0", "vm/a/cpu0", "vm/b/cpu0", "vm/b/load", hostCPU, "host/h/hostload", "sr/s/cpu0")
	with := func(class, uuid string, f Facts, short string) {
		f.Resident, f.Config = true, shortXML(short)
		w.put(class, uuid, f)
	}
	cpu := "cpu_usage level=0.5 period=60 inhibit=0"
	with("vm", "d", Facts{ControlDomain: true}, cpu)
	with("vm", "a", Facts{}, cpu)
	with("vm", "b", Facts{}, cpu+"; other level=0.5 period=60 inhibit=0 regex=load")
	with("host", "h", Facts{}, cpu+"; host_load level=0.5 period=60 inhibit=3600 regex=hostload")
	with("sr", "s", Facts{SR: &SRFacts{}}, "x level=0.5 period=60 inhibit=0 regex=cpu0")
	return w, reg
}

// silenced lists which of the alarms that were raised since n events were
// silenced, and which not.
func (w *world) silenced(n int) string {
	yes, no := []string{}, []string{}
	for _, e := range w.events[n:] {
		word := e.UUID + ":" + e.Variable
		switch {
		case e.Kind != alarm.KindRaised:
		case e.Silenced:
			yes = append(yes, word)
		default:
			no = append(no, word)
		}
	}
	return strings.Join(yes, " ") + " | " + strings.Join(no, " ")
}

// mutedObjects checks the metric that counts them.
func mutedObjects(t *testing.T, reg *prometheus.Registry, want string) {
	t.Helper()
	text := ""
	if want != "" {
		text = "# HELP perfmon_muted_objects Objects whose alarms are muted, by reason: maintenance of the object or its host, or contention (of the host, CPU alarms alone).\n" +
			"# TYPE perfmon_muted_objects gauge\n" + want + "\n"
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(text), "perfmon_muted_objects"); err != nil {
		t.Error(err)
	}
}

func TestMaintenanceMutes(t *testing.T) {
	f := func(class, uuid, reason, want, metric string) {
		t.Helper()
		w, reg := fleet(t, Options{})
		w.maintain(class, uuid, reason)
		w.row(0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9)
		w.poll(5)
		if got := w.silenced(0); got != want {
			t.Errorf("%s %s: silenced %s\n want %s", uuid, reason, got, want)
		}
		mutedObjects(t, reg, metric)
		by := fmt.Sprintf(`silenced_by="maintenance: %s"`, reason)
		if n := w.logged(by); n != strings.Count(strings.Split(want, " | ")[0], ":") {
			t.Errorf("%s %s: %d lines have %s:\n%s", uuid, reason, n, by, w.log.String())
		}
	}
	f("host", "h", Disabled, "d:cpu_usage h:cpu_usage h:host_load | a:cpu_usage b:cpu_usage b:other s:x", `perfmon_muted_objects{reason="disabled"} 2`)
	f("host", "h", Evacuating, "d:cpu_usage a:cpu_usage b:cpu_usage b:other h:cpu_usage h:host_load | s:x", `perfmon_muted_objects{reason="evacuating"} 4`)
	f("vm", "b", Migrating, "b:cpu_usage b:other | d:cpu_usage a:cpu_usage h:cpu_usage h:host_load s:x", `perfmon_muted_objects{reason="migrating"} 1`)
	f("vm", "a", InSnapshot, "a:cpu_usage | d:cpu_usage b:cpu_usage b:other h:cpu_usage h:host_load s:x", `perfmon_muted_objects{reason="snapshot"} 1`)
	f("vm", "a", ShuttingDown, "a:cpu_usage | d:cpu_usage b:cpu_usage b:other h:cpu_usage h:host_load s:x", `perfmon_muted_objects{reason="shutting down"} 1`)
}

// The rows of a minute after an operation are still its own. What goes on
// firing then is raised; what has ended is not.
func TestMaintenanceEnds(t *testing.T) {
	w, reg := fleet(t, Options{})
	bad, good := []float64{0, 0.9, 0.9, 0.9, 0, 0, 0}, []float64{0, 0.9, 0.1, 0.9, 0, 0, 0}
	w.maintain("vm", "a", Migrating)
	w.maintain("vm", "b", InSnapshot)
	w.row(0, bad...)
	w.poll(5)
	w.advance(25 * time.Second) // at 30
	w.maintain("vm", "a", "")
	w.maintain("vm", "b", "")
	w.row(60, bad...)
	w.poll(65)
	w.wantHeard("half a minute later", "")
	w.row(89, good...)
	w.poll(91)
	w.wantHeard("a second less than a minute", "")
	mutedObjects(t, reg, "perfmon_muted_objects{reason=\"migrating\"} 1\nperfmon_muted_objects{reason=\"snapshot\"} 1")
	w.row(90, good...)
	w.poll(92)
	w.wantHeard("a minute later", "a:cpu_usage raised@90, b:other raised@90")
	mutedObjects(t, reg, "")
	if a, b := w.logged("alarms are muted"), w.logged("no longer muted"); a != 2 || b != 2 {
		t.Errorf("the beginning is told %d times, the end %d, want each of both objects once:\n%s", a, b, w.log.String())
	}
}

// An operation that begins anew within that minute goes on muting; another one
// takes its place.
func TestMaintenanceGoesOn(t *testing.T) {
	w, reg := fleet(t, Options{})
	w.poll(5)
	w.maintain("vm", "a", InSnapshot)
	w.maintain("vm", "a", "")
	w.maintain("vm", "a", InSnapshot)
	for at := int64(60); at <= 300; at += 60 {
		w.row(at, 0, 0.9, 0, 0, 0, 0, 0)
		w.poll(at + 5)
	}
	w.wantHeard("while it lasts", "")
	w.maintain("vm", "a", Migrating)
	w.poll(310)
	mutedObjects(t, reg, `perfmon_muted_objects{reason="migrating"} 1`)
	w.maintain("vm", "a", "")
	w.row(360, 0, 0.9, 0, 0, 0, 0, 0)
	w.poll(365)
	w.wantHeard("right after it", "")
	w.row(420, 0, 0.9, 0, 0, 0, 0, 0)
	w.poll(425)
	w.wantHeard("later", "a:cpu_usage raised@420")
}

// Where no rows come, a mute ends when an alarm would, and what is read once a
// poll is raised.
func TestMaintenanceEndsWithoutRows(t *testing.T) {
	w := dom0(t, "fs_usage period=60")
	w.reads[config.FSUsage] = 0.95
	w.refuse = errTorn
	w.maintain("vm", "d", ShuttingDown)
	w.poll(0)
	w.poll(60)
	w.maintain("vm", "d", "")
	w.poll(119)
	w.wantHeard("before the minute is over", "")
	w.poll(120)
	w.wantHeard("after", "d:fs_usage raised@120")
	if w.m.objects[Object{"vm", "d"}].mute.reason == "" {
		t.Error("the mute ended before ten minutes had passed")
	}
	w.poll(720)
	if w.m.objects[Object{"vm", "d"}].mute.reason != "" {
		t.Error("the mute did not end")
	}
}

// A clock that is set takes the minute after an operation along.
func TestMaintenanceAndTheClock(t *testing.T) {
	w, _ := fleet(t, Options{})
	w.maintain("vm", "a", Migrating)
	w.row(0, 0, 0.9, 0, 0, 0, 0, 0)
	w.poll(5)
	w.maintain("vm", "a", "") // until 65
	w.wall = w.wall.Add(7200 * time.Second)
	w.rows = map[int64][]float64{}
	w.row(7260, 0, 0.9, 0, 0, 0, 0, 0)
	w.poll(7262)
	w.wantHeard("set", "")
	w.row(7320, 0, 0.9, 0, 0, 0, 0, 0)
	w.poll(7325)
	w.wantHeard("later", "a:cpu_usage raised@7320")
}

// What was muted on a VM that moves on is never raised here.
func TestMutedVMThatLeaves(t *testing.T) {
	w, _ := fleet(t, Options{})
	w.maintain("vm", "a", Migrating)
	w.row(0, 0, 0.9, 0, 0, 0, 0, 0)
	w.poll(5)
	f := *w.inv.Objects[Object{"vm", "a"}]
	f.Maintenance, f.Resident = "", false
	w.put("vm", "a", f)
	w.setColumns("vm/d/cpu0", "vm/b/cpu0", "vm/b/load", hostCPU, "host/h/hostload", "sr/s/cpu0")
	for at := int64(60); at <= 900; at += 60 {
		w.rows = map[int64][]float64{}
		w.row(at, 0, 0, 0, 0, 0, 0)
		w.poll(at + 5)
	}
	w.wantHeard("gone", "")
	w.wantTold("for those who hear all", "a:cpu_usage raised@0, a:cpu_usage cleared@660 gone")
}

// A host in trouble speaks for its VMs if it is told to.
func TestContentionMutes(t *testing.T) {
	f := func(mute bool, during, after string) {
		t.Helper()
		w, reg := fleet(t, Options{MuteVMs: mute})
		w.row(0, 0.9, 0.9, 0.9, 0.9, 0, 0.9, 0)
		w.poll(5)
		if got := w.silenced(0); got != during {
			t.Errorf("MuteVMs %v: silenced %s, want %s", mute, got, during)
		}
		if mute {
			mutedObjects(t, reg, `perfmon_muted_objects{reason="contention"} 2`)
		}
		n := len(w.events)
		w.row(60, 0.9, 0.9, 0.1, 0.9, 0, 0.1, 0)
		w.poll(65)
		if got := w.silenced(n); got != after {
			t.Errorf("MuteVMs %v: silenced afterwards %s, want %s", mute, got, after)
		}
		mutedObjects(t, reg, "")
	}
	f(false, " | d:cpu_usage a:cpu_usage b:cpu_usage b:other h:host_load", " | ")
	f(true, "a:cpu_usage b:cpu_usage | h:host_load d:cpu_usage b:other", " | a:cpu_usage")
}

// The host's contention is known row by row, and over a restart.
func TestContentionOfLateRows(t *testing.T) {
	w, _ := fleet(t, Options{MuteVMs: true})
	w.m.opts.Registerer = nil // it takes one of each
	w.row(0, 0, 0, 0, 0, 0, 0.9, 0)
	w.poll(5)
	w.restart()
	for i, values := range []struct{ host, a, b float64 }{
		{0.9, 0.9, 0}, {0.1, 0, 0.9}, {0.1, 0, 0}, {0.9, 0, 0.9}, {0.9, 0, 0}, {0.1, 0.9, 0},
	} {
		w.row(60*int64(i+1), 0, values.a, values.b, 0, 0, values.host, 0)
	}
	w.poll(365)
	var got []string
	for _, e := range w.events {
		if e.Kind == alarm.KindRaised && e.Class == "vm" {
			got = append(got, fmt.Sprintf("%s@%d %v", e.UUID, e.Time-t0, e.Silenced))
		}
	}
	want := []string{"a@60 true", "a@360 false", "b@120 false", "b@240 true"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("raised %v, want %v", got, want)
	}
}

// A VM that an evacuation has taken elsewhere is the other host's business.
func TestEvacuatedVM(t *testing.T) {
	w, reg := fleet(t, Options{})
	w.maintain("host", "h", Evacuating)
	w.row(0, 0, 0.9, 0, 0, 0, 0, 0)
	w.poll(5)
	f := *w.inv.Objects[Object{"vm", "a"}]
	f.Resident = false
	w.setColumns("vm/d/cpu0", "vm/b/cpu0", "vm/b/load", hostCPU, "host/h/hostload", "sr/s/cpu0")
	w.row(60, 0, 0, 0, 0, 0, 0)
	w.poll(65)
	w.put("vm", "a", f)
	w.row(180, 0, 0, 0, 0, 0, 0)
	w.poll(185)
	mutedObjects(t, reg, `perfmon_muted_objects{reason="evacuating"} 3`)
}

// What the migration itself kept from people is raised where the VM arrives,
// if it goes on there.
func TestMutedAlarmMigratesWithItsVM(t *testing.T) {
	p := newTwoHosts(t)
	p.minutes(0.1)
	p.record.Maintenance = Migrating
	p.tell()
	p.minutes(0.9, 0.9)
	p.a.wantTold("on the old host", "v:cpu_usage raised@120")
	p.migrate()
	p.record.Maintenance = ""
	p.tell()
	p.minutes(0.9, 0.9, 0.9)
	if len(p.b.adopted) != 1 || !p.b.adopted[0].Silenced {
		t.Errorf("adopted %+v", p.b.adopted)
	}
	p.a.wantHeard("on the old host", "")
	p.b.wantHeard("on the new one", "v:cpu_usage raised@240")
	if n := slices.IndexFunc(p.b.events, (*alarm.Event).IsALARM); n < 0 {
		t.Errorf("it makes no message: %+v", p.b.events)
	}
	p.minutes(0.9, 0.1)
	p.b.wantHeard("in the end", "v:cpu_usage raised@240, v:cpu_usage cleared@420 level")
	p.a.wantHeard("on the old host", "")
}
