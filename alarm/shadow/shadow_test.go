package shadow

import (
	"fmt"
	"math"
	"testing"

	"perfmon/alarm"
)

var cpu = variable("cpu_usage", "0.9")

func TestAgreed(t *testing.T) {
	b := newBench(t)
	b.raised(60, "vm", web, cpu, 0.97, nil)
	b.until(120)
	b.says(300, "vm", web, cpu, 0.97, nil)
	b.until(300)
	b.want("agreed")
	if b.open != [2]int{} {
		t.Errorf("%d wait", b.open)
	}
	if f := b.found[0]; f.Row != t0+60 || f.Message != t0+300 || f.Name != "web-01" || f.Here != "0.970000" || f.Stock != f.Here {
		t.Errorf("%+v", f)
	}
}

// TestWindow: the message may come as late as a poll, the row's delay, a
// period and the clocks allow, and as early as a period and the clocks do. A
// difference is one when that is over for both, and not a second before.
func TestWindow(t *testing.T) {
	const late, early = 315 + 15 + 60 + 60, 60 + 60
	for _, c := range []struct {
		offset int64
		want   []string
	}{
		{late, []string{"agreed"}},
		{late + 1, []string{"only_here: not explained", "only_stock: stock said it late: after the row of " + clock(t0+5000)}},
		{-early, []string{"agreed"}},
		{-early - 1, []string{"only_stock: not explained", "only_here: not explained"}},
	} {
		b := newBench(t)
		const row = 5000 // well after the beginning
		if c.offset < 0 {
			b.says(row+c.offset, "vm", web, variable("cpu_usage", "0.9", "alarm_auto_inhibit_period=0"), 0.97, nil)
			b.until(row + c.offset + early - 1)
			b.want()
		}
		b.raised(row, "vm", web, variable("cpu_usage", "0.9", "alarm_auto_inhibit_period=0"), 0.97, nil)
		if c.offset >= 0 {
			b.until(row + late)
			b.want()
			b.says(row+c.offset, "vm", web, cpu, 0.97, nil)
		}
		b.until(row + 2*late)
		for i, f := range b.found { // the two texts differ, which is another question
			if f.Result == OtherBody {
				b.found[i].Result, b.found[i].Differs = Agreed, nil
			}
		}
		b.want(c.want...)
	}
}

// TestEachSideWaitsForTheOther: what is known of one side alone decides
// nothing.
func TestEachSideWaitsForTheOther(t *testing.T) {
	b := newBench(t)
	b.raised(5000, "vm", web, cpu, 0.97, nil)
	b.says(5000, "vm", db, cpu, 0.97, nil)
	b.found = b.Settle(t0+99999, t0+5000)
	b.want("only_stock: not explained")
	b = newBench(t)
	b.raised(5000, "vm", web, cpu, 0.97, nil)
	b.says(5000, "vm", db, cpu, 0.97, nil)
	b.found = b.Settle(t0+5000, t0+99999)
	b.want("only_here: not explained")
	if n := b.Counts(); n.OpenHere != 0 || n.OpenStock != 1 {
		t.Errorf("%+v", n)
	}
}

// TestRepeatsDrift: stock counts its inhibit time from its own polls, so each
// repeat is later than ours by a little more; both are of the same alarm all
// the same, and so is the one that stock has not come to when it ends.
func TestRepeatsDrift(t *testing.T) {
	b := newBench(t)
	said, n := int64(0), 0
	for k := range int64(30) {
		row := 60 + k*3600
		kind := alarm.KindRepeated
		if k == 0 {
			kind = alarm.KindRaised
		}
		b.raised(row, "vm", web, cpu, 0.91+float64(k)/1000, nil, func(e *alarm.Event) { e.Kind = kind })
		for ; said <= row; said += 3600 + 250 {
			b.says(said+200, "vm", web, cpu, 0.99, nil)
			n++
		}
		b.until(row)
	}
	b.until(500000)
	agreed, only := 0, 0
	for _, f := range b.found {
		switch {
		case f.Result == Agreed:
			agreed++
		case f.Result == OnlyHere && f.Reason == StockInhibits:
			only++
		case f.Result == OtherBody && f.Row == t0+60: // the first is of one row
		default:
			t.Errorf("%v: %s", f.Result, f.Why())
		}
	}
	if agreed+1 != n || agreed+1+only != 30 || only == 0 {
		t.Errorf("%d agreed, %d only here; stock said %d", agreed, only, n)
	}
}

func TestShortInhibit(t *testing.T) {
	b := newBench(t)
	config := variable("cpu_usage", "0.9", "alarm_auto_inhibit_period=60")
	for row := int64(60); row <= 6000; row += 60 {
		b.raised(row, "vm", web, config, 0.97, nil)
	}
	for at := int64(310); at < 6310; at += 300 {
		b.says(at, "vm", web, config, 0.97, nil)
	}
	b.until(19999)
	count := map[string]int{}
	for _, f := range b.found {
		count[string(f.Result)+" "+string(f.Reason)]++
		if f.Result == Agreed && f.Message-f.Row > 60+450 {
			t.Errorf("the message %d s later is taken for the row's", f.Message-f.Row)
		}
	}
	if count["agreed "] != 20 || count["only_here "+string(StockInhibits)] != 80 || len(b.found) != 100 {
		t.Errorf("%v", count)
	}
}

// TestValue: of one row values must be alike, of others not.
func TestValue(t *testing.T) {
	f := func(here, stock float64, want string) {
		t.Helper()
		b := newBench(t)
		b.raised(60, "vm", web, cpu, here, nil)
		b.says(300, "vm", web, cpu, stock, nil)
		b.until(9999)
		b.want(want)
	}
	f(1, 1, "agreed")
	f(1, 1.01, "agreed")
	f(1, 1.0102, "other_body value: not explained")
	f(1.0102, 1, "other_body value: not explained")
	f(-1, -1.005, "agreed")
	f(1, -1, "other_body value: not explained")
	f(0, 0, "agreed")
	f(0, 0.000001, "agreed")
	f(0, 0.000003, "other_body value: not explained")
	f(1, math.Inf(1), "other_body value: not explained")
	f(1e300, 1.009e300, "agreed")

	// Stock's inhibit time was running, so that its message is of another row.
	b := newBench(t)
	b.says(-600, "vm", web, cpu, 0.97, nil)
	b.raised(60, "vm", web, cpu, 0.97, nil)
	b.says(3010, "vm", web, cpu, 0.92, nil)
	b.until(9999)
	b.want("agreed")
}

func TestOtherBody(t *testing.T) {
	rows := &Circumstances{InForce: true, Rows: []Row{{t0, 0.95}, {t0 + 60, 0.97}, {t0 + 120, 0.92}}, Columns: []string{"vbd_xvda_read", "vbd_sdb_read"}}
	disk := variable("disk_usage", "1000")
	f := func(class, uuid, ours string, here float64, theirs string, stock float64, known *Circumstances, want string) {
		t.Helper()
		b := newBench(t)
		b.raised(60, class, uuid, ours, here, known)
		b.says(300, class, uuid, theirs, stock, nil)
		b.until(9999)
		b.want("other_body " + want)
	}
	f("vm", web, cpu, 0.97, cpu, 0.92, rows, "value: of another row of the same bad stretch: "+clock(t0+120))
	f("vm", web, cpu, 0.97, cpu, 0.80, rows, "value: not explained")
	f("vm", web, disk, 5000, disk, 3000, rows, "value: stock's default leaves devices out: vbd_sdb_read")
	own := variable("disk_usage", "1000", "rrd_regex=vbd_.*")
	f("vm", web, own, 5000, own, 3000, rows, "value: not explained")
	fs := variable("fs_usage", "0.5")
	f("vm", web, fs, 0.951, fs, 0.99, nil, "value: a reading, which stock takes in whole per cent once a row")
	phys := variable("physical_utilisation", "0.8")
	f("sr", nas, phys, 0.9, phys, 1.111111, nil, "value: stock has the columns in the other order")
	f("sr", nas, phys, 0.9, phys, 0.95, nil, "value: not explained")
	bar := variable("busy", "0.8", "rrd_regex=cpu0|cpu1")
	f("vm", web, bar, 1, bar, 1.5, nil, "value: stock takes an expression with | apart")
	f("vm", web, cpu, 0.97, "\n"+cpu, 0.97, nil, "configuration: white space alone")
	f("vm", web, cpu, 0.97, variable("cpu_usage", "0.8"), 0.97, nil, "configuration: stock goes by an older configuration")
	f("vm", web, cpu, 0.97, variable("cpu_usage", "0.8"), 0.85, nil, "configuration+value: stock goes by an older configuration")
	f("vm", web, `<variable><name value="x" b="1" a="2"/></variable>`, 0.97, `<variable><name a="2" b="1" value="x"/></variable>`, 0.97, nil,
		"configuration: the order of attributes, which stock sorts under an old Python")
}

func TestWhyOnlyHere(t *testing.T) {
	f := func(want string, fill func(*bench), change ...func(*Options)) {
		t.Helper()
		b := newBench(t, change...)
		fill(b)
		b.until(30000)
		b.want("only_here: " + want)
	}
	one := func(class, uuid, config string, known *Circumstances) func(*bench) {
		return func(b *bench) { b.raised(9000, class, uuid, config, 0.97, known) }
	}
	f("not explained", one("vm", web, cpu, nil))
	f("not explained", one("vm", web, cpu, &Circumstances{InForce: true, Rows: []Row{{t0 + 8940, math.NaN()}, {t0 + 9000, 0.97}}})) // before its first bad row
	f("no stock daemon runs", one("vm", web, cpu, nil), func(o *Options) { o.NoStock = true })
	f("inherited, of which stock knows nothing: triggers/vm.xml", one("vm", web, cpu, &Circumstances{From: "triggers/vm.xml"}))
	f("stock does not know the name: sr_latency_c0ffee00", one("host", own, variable("sr_latency_c0ffee00", "9"), nil))
	f("stock's default leaves devices out: pif_eno1_rx", one("host", own, variable("network_usage", "9"), &Circumstances{Columns: []string{"pif_eth0_rx", "pif_eno1_rx"}}))
	f("stock has no rows of most SRs", one("sr", nas, variable("physical_utilisation", "0.8"), nil))
	f("a reading, which stock takes in whole per cent once a row", one("vm", web, variable("mine", "1", "consolidation_fn=get_percent_mem_usage"), nil))
	f("a hole in the rows, which stock takes for good: row of "+clock(t0+9000-60), func(b *bench) {
		known := &Circumstances{InForce: true, Rows: []Row{{t0 + 8880, 0.97}, {t0 + 8940, math.NaN()}, {t0 + 9000, 0.97}}}
		b.raised(9000, "vm", web, cpu, 0.97, known, func(e *alarm.Event) { e.Since -= 120 })
	})
	f("stock's inhibit time was running: since "+clock(t0-600), func(b *bench) {
		b.says(-600, "vm", web, cpu, 0.97, nil)
		b.raised(60, "vm", web, cpu, 0.97, nil)
		b.until(60)
		b.want()
	})
	f("edited a moment ago, which stock reads within half an hour: at "+clock(t0+8000), func(b *bench) {
		now := copyOf(watched)
		now[Object{"vm", web}] = Facts{Name: "web-01", Config: cpu}
		b.Watch(t0+8000, now)
		b.raised(9000, "vm", web, cpu, 0.97, nil)
	})
	f("the object left this host: at "+clock(t0+9100), func(b *bench) {
		b.raised(9000, "vm", web, cpu, 0.97, nil)
		now := copyOf(watched)
		delete(now, Object{"vm", web})
		b.Watch(t0+9100, now)
	})
}

func TestWhyOnlyStock(t *testing.T) {
	f := func(want string, fill func(*bench)) {
		t.Helper()
		b := newBench(t)
		fill(b)
		b.until(30000)
		if n := len(b.found); n > 0 {
			b.found = b.found[n-1:] // the last one is meant
		}
		b.want("only_stock: " + want)
	}
	one := func(class, uuid, config string, value float64, known *Circumstances) func(*bench) {
		return func(b *bench) { b.says(9000, class, uuid, config, value, known) }
	}
	free := variable("memory_internal_free", "1000")
	f("not explained", one("vm", web, cpu, 0.97, nil))
	f("not explained", one("vm", web, cpu, 0.97, &Circumstances{InForce: true}))
	f("stock takes infinity for a value: inf", one("vm", web, cpu, math.Inf(1), nil))
	f("stock takes a missing value for 0", one("vm", web, free, 0, nil))
	f("not explained", one("vm", web, free, 12, nil))
	f("stock has the columns in the other order", one("sr", nas, variable("physical_utilisation", "0.8"), 12, nil))
	f("the stock daemon of another host may have said it", one("sr", nas, variable("physical_utilisation", "0.8"), 0.9, nil))
	f("a reading, which stock takes in whole per cent once a row", one("vm", web, variable("mem_usage", "0.8"), 0.9, nil))
	f("stock takes an expression with | apart", one("vm", web, variable("x", "0.8", "rrd_regex=cpu0|cpu1"), 0.9, nil))
	f("not in force here", one("vm", web, cpu, 0.97, &Circumstances{}))
	f("held back here by a silence or maintenance: snapshot", one("vm", web, cpu, 0.97, &Circumstances{InForce: true, Muted: "snapshot"}))
	f("held back here by a silence or maintenance", func(b *bench) {
		b.raised(8900, "vm", web, cpu, 0.97, nil, func(e *alarm.Event) { e.Silenced = true })
		b.says(9000, "vm", web, cpu, 0.97, nil)
	})
	f("held back here by its inhibit time: row of "+clock(t0+8900), func(b *bench) {
		b.raised(8900, "vm", web, cpu, 0.97, nil, func(e *alarm.Event) { e.Inhibited = true })
		b.says(9000, "vm", web, cpu, 0.97, nil)
	})
	f("it began before this agent did", func(b *bench) { b.says(100, "vm", web, cpu, 0.97, nil) })
	f("stock forgot its inhibit time: which ran since "+clock(t0+8100), func(b *bench) {
		b.raised(8000, "vm", web, cpu, 0.97, nil)
		b.says(8100, "vm", web, cpu, 0.97, nil)
		b.says(9000, "vm", web, cpu, 0.97, nil)
	})
	f("held back here by its inhibit time: which ran since "+clock(t0+6000), func(b *bench) {
		b.raised(6000, "vm", web, cpu, 0.97, nil)
		b.says(6100, "vm", web, variable("cpu_usage", "0.9", "alarm_auto_inhibit_period=1000"), 0.97, nil)
		b.says(9000, "vm", web, variable("cpu_usage", "0.9", "alarm_auto_inhibit_period=3600"), 0.97, nil)
		b.tracks[alarm.ID{Class: "vm", UUID: web, Variable: "cpu_usage"}].lastTheirs = 0
		b.until(8000)
		b.tracks[alarm.ID{Class: "vm", UUID: web, Variable: "cpu_usage"}].lastTheirs = 0 // as if it had said nothing
	})
	f("stock said it late: after the row of "+clock(t0+6000), func(b *bench) {
		b.raised(6000, "vm", web, cpu, 0.97, nil)
		b.until(8000)
		b.says(9000, "vm", web, cpu, 0.97, nil)
	})
	f("stock goes by an older configuration: edited at "+clock(t0+8000), func(b *bench) {
		now := copyOf(watched)
		now[Object{"vm", web}] = Facts{Name: "web-01", Config: cpu}
		b.Watch(t0+8000, now)
		b.says(9000, "vm", web, cpu, 0.97, nil)
	})
	f("the object has just come to this host: at "+clock(t0+8900), func(b *bench) {
		now := copyOf(watched)
		delete(now, Object{"vm", web})
		b.Watch(t0+10, now)
		b.Watch(t0+8900, watched)
		b.says(9000, "vm", web, cpu, 0.97, nil)
	})
	f("the object left this host: at "+clock(t0+8900), func(b *bench) {
		now := copyOf(watched)
		delete(now, Object{"vm", web})
		b.Watch(t0+8900, now)
		b.says(9000, "vm", web, cpu, 0.97, nil)
	})
}

// TestOthers: what is not of this host, or not of the stock daemon, is not
// compared; and nothing twice.
func TestOthers(t *testing.T) {
	b := newBench(t)
	b.says(5000, "vm", "elsewhere", cpu, 0.97, nil)
	b.says(5000, "host", web, cpu, 0.97, nil) // a uuid of another class
	now := copyOf(watched)
	delete(now, Object{"vm", web})
	b.Watch(t0+100, now)
	b.says(5000, "vm", web, cpu, 0.97, nil) // it left long ago
	b.Watch(t0+5000, watched)
	b.says(4900, "vm", web, cpu, 0.97, nil) // of the host it was on
	b.says(-5000, "vm", db, cpu, 0.97, nil) // from before our time
	m := Message{Ref: "OpaqueRef:x", Object: Object{"vm", db}, Time: t0 + 5000, Body: "no alarm of perfmon"}
	if !b.Wants(m) || m.Variable() != "" {
		t.Error("it looks at the body")
	}
	if err := b.Stock(m, nil); err == nil || b.Wants(m) {
		t.Errorf("a body that is none: %v", err)
	}
	m.Ref, m.Body = "OpaqueRef:y", bodyOf(0.97, cpu)
	for range 2 {
		if err := b.Stock(m, nil); err != nil || m.Variable() != "cpu_usage" {
			t.Error(err)
		}
	}
	e := b.event(5000, "vm", web, cpu, 0.97)
	for _, kind := range []alarm.Kind{alarm.KindCleared, alarm.KindNoData, alarm.KindState} {
		e.Kind = kind
		if err := b.Ours(e, nil); err != nil {
			t.Error(err)
		}
	}
	e.Kind, e.Severity = alarm.KindRaised, alarm.Warning
	if err := b.Ours(e, nil); err != nil {
		t.Error(err)
	}
	e.Severity, e.Body = alarm.Critical, "none"
	if err := b.Ours(e, nil); err == nil {
		t.Error("an alarm without a body is compared")
	}
	b.until(30000)
	b.want("only_stock: not explained")
	if len(b.tracks) == 0 {
		t.Error("nothing is remembered")
	}
	b.until(9999999)
	if len(b.tracks)+len(b.seen) != 0 || len(b.objects) != len(watched) {
		t.Errorf("%d tracks, %d messages, %d objects are remembered for ever", len(b.tracks), len(b.seen), len(b.objects))
	}
}

// TestBounds: what waits is bounded, and so is what is kept for the table.
func TestBounds(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Keep = 10 })
	for i := range maxOpen + 5 {
		config := variable(fmt.Sprint("x", i%(maxOpen/2)), "0.9", "alarm_auto_inhibit_period=0")
		b.raised(5000, "vm", web, config, 0.97, nil)
		b.says(5000, "vm", db, config, 0.97, nil)
	}
	if n := b.Counts(); n.OpenHere != maxOpen || n.OpenStock != maxOpen || n.Dropped != 10 {
		t.Errorf("%+v", n)
	}
	b.until(30000)
	if n := b.Counts(); n.OpenHere+n.OpenStock != 0 || len(b.findings) != 10 || n.Forgotten != 2*maxOpen-10 || n.Results[OnlyHere] != maxOpen || n.Results[OnlyStock] != maxOpen {
		t.Errorf("%+v, %d kept", n, len(b.findings))
	}
	if want := fmt.Sprintf("agreed 0, only here %d (%[1]d not explained), only stock %[1]d (%[1]d not explained), other body 0, not compared 10", maxOpen); b.Counts().String() != want {
		t.Errorf("%s", b.Counts())
	}
}

func copyOf(m map[Object]Facts) map[Object]Facts {
	n := map[Object]Facts{}
	for k, v := range m {
		n[k] = v
	}
	return n
}

// TestStockThatEnds: what is said while no stock daemon runs is only here,
// also if one runs by the time that this is known.
func TestStockThatEnds(t *testing.T) {
	b := newBench(t)
	b.raised(5000, "vm", web, cpu, 0.97, nil)
	b.StockRuns(false)
	b.raised(5000, "vm", db, cpu, 0.97, nil)
	b.StockRuns(true)
	b.until(9000)
	b.want("only_here: not explained", "only_here: no stock daemon runs")
}
