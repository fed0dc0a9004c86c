package monitor

import (
	"errors"
	"testing"

	"perfmon/monitor/config"
)

func dom0(t *testing.T, short string) *world {
	w := newWorld(t, Options{}, "vm/d/cpu0", hostCPU)
	w.inv.Objects[Object{"vm", "d"}] = &Facts{Resident: true, ControlDomain: true}
	w.give("vm", "d", short)
	return w
}

func TestReadingIsEvaluatedOncePerPoll(t *testing.T) {
	w := dom0(t, "fs_usage period=60 inhibit=0")
	w.reads[config.FSUsage] = 0.95
	for i := range int64(5) {
		w.row(60*i-240, 0, 0)
	}
	w.wantAlarms("five rows, one reading, at the time of the poll", w.poll(5), "fs_usage@5")
}

func TestReadingWithoutRows(t *testing.T) {
	w := dom0(t, "fs_usage period=120 inhibit=0")
	w.reads[config.FSUsage] = 0.95
	w.refuse = errors.New("no toolstack")
	w.wantAlarms("first: one interval", w.poll(0), "")
	w.wantAlarms("second", w.poll(60), "fs_usage@60")
}

func TestReadingStandsForTheTimeSinceTheLast(t *testing.T) {
	w := dom0(t, "fs_usage period=300 inhibit=0")
	w.reads[config.FSUsage] = 0.95
	w.wantAlarms("60 s", w.poll(0), "")
	w.wantAlarms("100 s", w.poll(40), "")
	w.wantAlarms("the same second again", w.poll(40), "")
	w.wantAlarms("299 s", w.poll(239), "")
	w.wantAlarms("300 s", w.poll(240), "fs_usage@240")
	w.wantAlarms("a week later: at most its period", w.poll(240+7*86400), "fs_usage@605040")
}

func TestUnknownReading(t *testing.T) {
	w := dom0(t, "mem_usage period=120 inhibit=0 level=0.5 sense=low")
	w.wantAlarms("no reading is not low", w.poll(0), "")
	w.wantAlarms("nor later", w.poll(60), "")
	w.reads[config.MemUsage] = 0.1
	w.wantAlarms("the first known one", w.poll(120), "")
	w.wantAlarms("the second", w.poll(180), "mem_usage@180")
}

func TestReadingOnAnotherVM(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0", hostCPU)
	w.give("vm", "a", "fs_usage period=60")
	w.reads[config.FSUsage] = 0.95
	w.wantAlarms("it reads dom0 all the same", w.poll(0), "fs_usage@0")
	if w.logged("reads the control domain") != 1 {
		t.Errorf("no warning:\n%s", w.log.String())
	}
}

func TestReadingFollowsASetClock(t *testing.T) {
	w := dom0(t, "fs_usage period=60 inhibit=600")
	w.reads[config.FSUsage] = 0.95
	w.wantAlarms("first", w.poll(0), "fs_usage@0")
	w.wall = w.wall.Add(7200e9)
	w.wantAlarms("held", w.poll(7200+300), "")
	w.wantAlarms("not held", w.poll(7200+600), "fs_usage@7800")
}

func TestSRUsageFromItsRecord(t *testing.T) {
	const short = "physical_utilisation level=0.8 period=60 inhibit=0"
	f := func(question string, facts SRFacts, want string) {
		t.Helper()
		w := newWorld(t, Options{}, hostCPU)
		w.inv.Objects[Object{"sr", "s"}] = &Facts{Resident: true, SR: &facts}
		w.give("sr", "s", short)
		w.wantAlarms(question, w.poll(0), want)
	}
	f("full", SRFacts{Size: 100, Utilisation: 81, RaisedHere: true}, "physical_utilisation@0")
	f("at the level", SRFacts{Size: 100, Utilisation: 80, RaisedHere: true}, "")
	f("another host raises", SRFacts{Size: 100, Utilisation: 81}, "")
	f("no size", SRFacts{Size: 0, Utilisation: 81, RaisedHere: true}, "")
}

func TestSRUsageFromRowsGoesByName(t *testing.T) {
	for _, columns := range [][]string{
		{"sr/s/physical_utilisation", "sr/s/size"},
		{"sr/s/size", "sr/s/physical_utilisation"},
	} {
		w := newWorld(t, Options{}, columns...)
		w.inv.Objects[Object{"sr", "s"}] = &Facts{Resident: true, SR: &SRFacts{Size: 1, Utilisation: 1, RaisedHere: true}}
		w.give("sr", "s", "physical_utilisation level=0.8 period=60 inhibit=0")
		used, size := 90.0, 100.0
		if columns[0] == "sr/s/size" {
			used, size = size, used
		}
		w.row(0, used, size)
		w.wantAlarms(columns[0]+" first", w.poll(5), "physical_utilisation@0")
		if v := w.alarms[0].Value; v != 0.9 {
			t.Errorf("%s first: value %v, want 0.9", columns[0], v)
		}
	}
}
