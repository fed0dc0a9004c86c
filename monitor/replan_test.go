package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"perfmon/rrd"
)

// TestReplanIsPlan changes legends, configurations and objects at random. What
// a plan takes from the one before must be what it would find itself.
func TestReplanIsPlan(t *testing.T) {
	sources := []string{"cpu0", "cpu1", "memory", "memory_target", "vif_0_rx", "runstate_full_run"}
	rules := []string{"", "a level=2 regex=cpu[0-9]", "a level=2 regex=cpu[0-9] fn=sum", "a level=2 regex=memory; b level=3 regex=vif_._rx", "cpu_usage level=2"}
	reused := 0
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, Options{}, hostCPU)
		fresh := newWorld(t, Options{}, hostCPU)
		w.row(0, 1)
		fresh.row(0, 1)
		for i := range rapid.IntRange(4, 16).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "change") {
			case 0:
				uuid := rapid.SampledFrom([]string{"u", "v"}).Draw(rt, "object")
				rule := rapid.SampledFrom(rules).Draw(rt, "rule")
				w.give("vm", uuid, rule)
				fresh.give("vm", uuid, rule)
			case 1:
				uuid := rapid.SampledFrom([]string{"u", "v"}).Draw(rt, "object that goes")
				for _, w := range []*world{w, fresh} {
					inv := *w.inv
					inv.Objects = map[Object]*Facts{}
					for k, f := range w.inv.Objects {
						if k.UUID != uuid {
							inv.Objects[k] = f
						}
					}
					w.inv = &inv
					w.m.setInventory(w.inv)
				}
			default:
				columns := []string{}
				for _, uuid := range rapid.Permutation([]string{"u", "v", "w"}).Draw(rt, "order") {
					for _, s := range rapid.SliceOfN(rapid.SampledFrom(sources), 0, 4).Draw(rt, "sources") {
						columns = append(columns, "vm/"+uuid+"/"+s)
					}
				}
				w.setColumns(append(columns, hostCPU)...)
				fresh.setColumns(append(columns, hostCPU)...)
			}
			at := int64(60 * (i + 1))
			values := make([]float64, len(w.columns))
			clear(w.rows) // they had other columns
			clear(fresh.rows)
			w.row(at, values...)
			fresh.row(at, values...)
			before := w.m.plan
			w.poll(at + 5)
			if before != nil && w.m.plan != before && w.m.plan.serial > before.serial {
				reused++
			}
			fresh.m.plan, fresh.m.outdated = nil, nil
			fresh.poll(at + 5)
			if got, want := describe(w.m.plan), describe(fresh.m.plan); got != want {
				rt.Fatalf("step %d, columns %v\ngot\n%s\nwant\n%s", i, w.columns, got, want)
			}
		}
	})
	if reused == 0 {
		t.Error("no plan was made with one before")
	}
}

// TestReplanOfWhatComesBack takes a tag off a VM for a while, in which its data
// sources change: what comes back is the layer's very same variable.
func TestReplanOfWhatComesBack(t *testing.T) {
	w := newWorld(t, Options{}, "vm/u/memory", hostCPU)
	w.give("vm", "u", "")
	w.file("vm", triggers(block("vm", "busy", "a level=2 regex=cpu[0-9]")))
	next := int64(0)
	columns := func(tags []string, columns ...string) {
		w.tag("vm", "u", tags...)
		w.setColumns(columns...)
		clear(w.rows)
		w.row(next, make([]float64, len(columns))...)
		w.poll(next + 5)
		next += 60
	}
	columns([]string{"busy"}, "vm/u/memory", hostCPU)
	columns(nil, "vm/u/memory", hostCPU)
	columns(nil, "vm/u/cpu0", "vm/u/cpu1", hostCPU)
	columns([]string{"busy"}, "vm/u/cpu0", "vm/u/cpu1", hostCPU)
	vars := w.m.objects[Object{"vm", "u"}].vars
	if len(vars) != 1 || !slices.Equal(vars[0].columns, []int{0, 1}) {
		t.Errorf("%d variables, the first reads the columns %v", len(vars), vars[0].columns)
	}
}

// describe has all that a plan says.
func describe(p *plan) string {
	var b strings.Builder
	for _, o := range p.order {
		for _, v := range o.vars {
			fmt.Fprintf(&b, "%v columns %v place %d reading %v err %v\n", v.id, v.columns, v.place, v.matched.fromReading, v.matched.err)
		}
	}
	fmt.Fprintf(&b, "want %v gathers %v %v\n", p.want, p.gathers, p.gathered)
	for _, c := range p.complaints {
		fmt.Fprintf(&b, "%v: %s; %s (command: %v)\n", c.v.id, c.msg, c.fix, c.command)
	}
	return b.String()
}

// TestReplanTriesOnlyWhatChanged counts the matchings that are made anew.
func TestReplanTriesOnlyWhatChanged(t *testing.T) {
	c := newCrowd(50, 1)
	m := crowdMonitor(t, c)
	matchings := func() (all []*int) {
		for _, o := range m.plan.order {
			for _, v := range o.vars {
				if len(v.matched.places) > 0 {
					all = append(all, &v.matched.places[0])
				}
			}
		}
		return all
	}
	before := matchings()
	if len(before) != 150 {
		t.Fatalf("%d variables have columns, want 150", len(before))
	}
	changed := func(question string, want int) {
		t.Helper()
		if err := m.Poll(context.Background()); err != nil {
			t.Fatal(err)
		}
		n := 0
		now := matchings()
		for _, place := range now {
			if !slices.Contains(before, place) {
				n++
			}
		}
		if before = now; n != want {
			t.Errorf("%s: %d matchings are new, want %d", question, n, want)
		}
	}
	changed("the same legend", 0)

	entries := slices.Clone(c.legend.Entries)
	entries[0].Name = "renamed"
	c.legend = &rrd.Legend{Entries: entries}
	changed("a source of one VM has another name", 3)

	c.legend = &rrd.Legend{Entries: slices.Concat(entries[crowdColumns:], entries[:crowdColumns])}
	changed("the VMs come in another order", 0)

	inv := c.inventory()
	inv.Objects[Object{"vm", crowdUUID(7)}].Config = shortXML("a level=2 regex=source_0[45]")
	m.setInventory(inv)
	changed("one VM has another variable", 1)
}

// TestPollAllocatesNothingARow compares polls of few rows and of many, and of
// few VMs and of many.
func TestPollAllocatesNothingARow(t *testing.T) {
	f := func(vms, rows int) float64 {
		c := newCrowd(vms, rows)
		m := crowdMonitor(t, c)
		poll := func() {
			if err := m.Poll(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		for range recentRows { // the rings fill
			poll()
		}
		return testing.AllocsPerRun(10, poll)
	}
	few, rows, vms := f(20, 1), f(20, 200), f(400, 1)
	t.Logf("%v allocations for 1 row of 20 VMs, %v for 200 rows, %v for 400 VMs", few, rows, vms)
	const some = 20 // slices that grow
	if few > 64 || rows > few+some || vms > few+some {
		t.Errorf("%v allocations for 1 row of 20 VMs, %v for 200 rows, %v for 400 VMs", few, rows, vms)
	}
}

// crowdMonitor is a Monitor that has seen a crowd's rows once.
func crowdMonitor(t testing.TB, c *crowd) *Monitor {
	m := New(Options{Source: c, Clock: c, Store: c, Readings: c, Logger: slog.New(slog.DiscardHandler), Step: c.step})
	m.setInventory(c.inventory())
	if err := m.Poll(context.Background()); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestBytesAVM: what the loop keeps of a VM with three variables and thirty
// columns, its last rows included, and the legend and the rows not.
func TestBytesAVM(t *testing.T) {
	live := func() int64 {
		runtime.GC()
		runtime.GC()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		return int64(mem.HeapAlloc)
	}
	kept := func(vms int) int64 {
		c := newCrowd(vms, 2)
		before := live()
		m := crowdMonitor(t, c)
		for range recentRows {
			if err := m.Poll(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		after := live()
		runtime.KeepAlive(m)
		runtime.KeepAlive(c)
		return after - before
	}
	const few, many = 200, 1200
	each := (kept(many) - kept(few)) / (many - few)
	t.Logf("%d bytes a VM", each)
	if each > 8<<10 {
		t.Errorf("the loop keeps %d bytes of a VM; more than 8 KiB", each)
	}
}
