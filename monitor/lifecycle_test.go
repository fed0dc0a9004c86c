package monitor

import (
	"fmt"
	"testing"

	"perfmon/monitor/config"
)

// without returns the inventory without one object.
func (w *world) without(class, uuid string) {
	inv := *w.inv
	inv.Objects = map[Object]*Facts{}
	for k, f := range w.inv.Objects {
		if k != (Object{class, uuid}) {
			inv.Objects[k] = f
		}
	}
	w.inv = &inv
	w.m.setInventory(w.inv)
}

// with puts it back, with the trigger XML that it had.
func (w *world) with(class, uuid string, f Facts) {
	inv := *w.inv
	inv.Objects = map[Object]*Facts{{class, uuid}: &f}
	for k, f := range w.inv.Objects {
		inv.Objects[k] = f
	}
	w.inv = &inv
	w.m.setInventory(w.inv)
}

// An SR that is unplugged and plugged again is the same SR, and so is a VM
// whose record was away for a moment.
func TestObjectThatLeavesTheInventoryKeepsItsState(t *testing.T) {
	f := func(question, class string, missing int64, want string) {
		t.Helper()
		w := newWorld(t, Options{}, "vm/a/load", hostCPU)
		facts := Facts{Resident: true, Config: shortXML("x level=0.5 period=60 inhibit=7200 regex=load")}
		if class == "sr" {
			facts.Config = shortXML("physical_utilisation level=0.5 period=60 inhibit=7200")
			facts.SR = &SRFacts{Size: 100, Utilisation: 90, RaisedHere: true}
		}
		w.with(class, "a", facts)
		w.row(0, 0.9, 0.1)
		if w.poll(5) == "" {
			t.Fatalf("%s: no alarm at first", question)
		}
		w.without(class, "a")
		at := int64(60)
		for ; at <= missing; at += 60 {
			w.row(at, 0.9, 0.1)
			w.wantAlarms(question+": away", w.poll(at+5), "")
			if n := len(w.m.Snapshot().Variables); n != 0 {
				t.Errorf("%s: %d variables are shown while it is away", question, n)
			}
		}
		w.with(class, "a", facts)
		w.row(at, 0.9, 0.1)
		w.wantAlarms(question, w.poll(at+5), want)
	}
	f("SR plugged again after ten minutes", "sr", 600, "")
	f("after longer", "sr", 660, "physical_utilisation@725")
	f("VM known again after ten minutes", "vm", 600, "")
	f("after longer", "vm", 660, "x@720")
}

func TestLastGoodVersionSurvivesAnAbsence(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/load", hostCPU)
	facts := Facts{Resident: true, Config: shortXML("x level=0.5 period=60 inhibit=0 regex=load")}
	w.with("vm", "a", facts)
	w.row(0, 0.9, 0.1)
	w.wantAlarms("good", w.poll(5), "x@0")
	w.without("vm", "a")
	w.row(60, 0.9, 0.1)
	w.wantAlarms("away", w.poll(65), "")
	facts.Config = shortXML("x level=oops period=60 inhibit=0 regex=load")
	w.with("vm", "a", facts)
	w.row(120, 0.9, 0.1)
	w.wantAlarms("returned with a broken one", w.poll(125), "x@120")
}

// A VM that has moved on is another host's business, also where its variables
// read the control domain.
func TestReadingsOfAVMThatHasLeft(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/load", hostCPU)
	w.reads[config.FSUsage] = 0.95
	w.with("vm", "a", Facts{Resident: true, Config: shortXML("fs_usage period=60 inhibit=0")})
	w.row(0, 0.1, 0.1)
	w.wantAlarms("here", w.poll(5), "fs_usage@5")
	w.without("vm", "a")
	w.with("vm", "a", Facts{Config: shortXML("fs_usage period=60 inhibit=0")})
	w.row(60, 0.1, 0.1)
	w.wantAlarms("leaving: its rows still come", w.poll(65), "fs_usage@65")
	w.setColumns(hostCPU)
	w.rows = map[int64][]float64{}
	w.row(120, 0.1)
	w.wantAlarms("gone", w.poll(125), "")
	if n := len(w.m.Snapshot().Variables); n != 0 {
		t.Errorf("%d variables are shown", n)
	}
}

// VMs that come and go leave nothing behind, also those that never had rows.
func TestObjectsThatHaveLeftAreForgotten(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	for i := range int64(50) {
		vm := fmt.Sprint("vm", i)
		w.with("vm", vm, Facts{Resident: true, Config: shortXML("fs_usage")})
		w.row(60*i, 0.1)
		w.poll(60*i + 5)
		w.without("vm", vm)
		w.with("vm", vm, Facts{}) // halted
	}
	if n := len(w.m.objects); n > 15 {
		t.Errorf("%d objects are remembered", n)
	}
}

// The same while no rows come at all.
func TestObjectsThatHaveLeftWithoutRows(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	w.refuse = errTorn
	for i := range int64(50) {
		vm := fmt.Sprint("vm", i)
		w.with("vm", vm, Facts{Resident: true, Config: shortXML("fs_usage")})
		w.poll(60 * i)
		w.without("vm", vm)
	}
	if n := len(w.m.objects); n > 1 {
		t.Errorf("%d objects are remembered", n)
	}
}

// What a VM had before it left is not what it has when it returns.
func TestValueOfAVMThatReturns(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/load", hostCPU)
	facts := Facts{Resident: true, Config: shortXML("x level=0.5 regex=load")}
	w.with("vm", "a", facts)
	w.row(0, 0.9, 0.1)
	w.poll(5)
	w.without("vm", "a")
	w.poll(10)
	w.with("vm", "a", facts)
	w.poll(15) // without a new row
	if v := w.m.Snapshot().Variables; len(v) != 1 || v[0].Known {
		t.Errorf("shown as %+v", v)
	}
}

// The page keeps the other objects' alarms when one is forgotten.
func TestSnapshotWhenAnObjectIsForgotten(t *testing.T) {
	w := steady(t, "")
	w.with("vm", "a", Facts{Resident: true, Config: shortXML("fs_usage")})
	w.row(0, 0.1)
	w.poll(5)
	w.without("vm", "a")
	for at := int64(60); at <= 900; at += 60 {
		w.row(at, 0.1)
		w.poll(at + 5)
		if n := len(w.m.Snapshot().Variables); n != 1 {
			t.Errorf("at %d: %d variables are shown, want the host's", at, n)
		}
	}
}

// Errors in the configuration of what is not here are not shown.
func TestConfigErrorsGoWithTheObject(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/load", hostCPU)
	w.with("vm", "a", Facts{Resident: true, Config: "<config"})
	w.row(0, 0.1, 0.1)
	w.poll(5)
	if n := len(w.m.Snapshot().ConfigErrors); n != 1 {
		t.Errorf("%d objects with errors, want 1", n)
	}
	w.without("vm", "a")
	w.poll(10)
	if n := len(w.m.Snapshot().ConfigErrors); n != 0 {
		t.Errorf("%d objects with errors, want none", n)
	}
}

// An SR that grows rows and loses them again takes up its record where that
// was left: the time of the rows is not time of readings.
func TestSRThatHasRowsForAWhile(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	w.with("sr", "s", Facts{Resident: true, SR: &SRFacts{Size: 100, Utilisation: 90, RaisedHere: true},
		Config: shortXML("physical_utilisation level=0.8 period=300 inhibit=0")})
	w.wantAlarms("its record, 60 s", w.poll(0), "")
	w.setColumns(hostCPU, "sr/s/size", "sr/s/physical_utilisation")
	for at := int64(60); at <= 600; at += 60 {
		w.row(at, 0, 100, 10)
		w.wantAlarms("its rows, which are good", w.poll(at+5), "")
	}
	w.setColumns(hostCPU)
	for at := int64(660); at < 660+240; at += 60 {
		w.rows = map[int64][]float64{}
		w.row(at, 0)
		w.wantAlarms("its record again", w.poll(at+5), "")
	}
	w.wantAlarms("five minutes of it", w.poll(905), "physical_utilisation@905")
}

// Two SRs whose uuids begin alike ask for the same variable of the host. It
// is evaluated once.
func TestTwoSRsThatBeginAlike(t *testing.T) {
	w := newWorld(t, Options{}, "host/h/io_throughput_total_12345678")
	for _, sr := range []string{"12345678-aaaa-bbbb-cccc-ddddeeeeffff", "12345678-aaaa-bbbb-cccc-ddddeeee0000"} {
		w.give("sr", sr, "sr_io_throughput_total_per_host level=0.01 period=120 inhibit=0")
	}
	w.row(0, 1.5)
	w.wantAlarms("60 s", w.poll(5), "")
	w.row(60, 1.5)
	w.wantAlarms("120 s", w.poll(65), "sr_io_throughput_total_12345678@60")
}
