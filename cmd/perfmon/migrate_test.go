package main

import (
	"maps"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// TestAlarmMigratesWithItsVM: of two hosts with an agent each, the second
// makes no message of an alarm for which the first has made one, and ends it.
// Each host has a toolstack of its own here; what one writes to the VM's
// record the test brings to the other.
func TestAlarmMigratesWithItsVM(t *testing.T) {
	t.Parallel()
	old, next := newQuietPool(t), newQuietPool(t)
	next.sim.ChangeHostUUID(xapitest.UUID("another host"))
	next.write("inventory", "INSTALLATION_UUID='"+next.sim.HostUUID()+"'\n")
	record := xapitest.VM{UUID: old.vm, Name: "web-01", PowerState: "Running", ResidentOn: old.sim.HostUUID(), OtherConfig: map[string]string{
		"perfmon": strings.Replace(cpuAbove(0.5), "</variable>", `<alarm_auto_inhibit_period value="86400"/></variable>`, 1),
	}}
	both := func() {
		old.sim.PutVM(record)
		next.sim.PutVM(record)
	}
	shared := func(p *pool, part string) {
		t.Helper()
		p.waitFor(func() bool {
			vm, _ := p.sim.VM(old.vm)
			return strings.Contains(vm.OtherConfig["perfmon-state"], part)
		})
		vm, _ := p.sim.VM(old.vm)
		record.OtherConfig = maps.Clone(vm.OtherConfig)
	}
	both()
	for _, p := range []*pool{old, next} {
		p.sim.SetSeries(rrd.ClassHost, p.sim.HostUUID(), "cpu0", func(int64) float64 { return 0.25 })
	}
	load := 0.75
	series := func(int64) float64 { return load }
	old.sim.SetSeries(rrd.ClassVM, old.vm, "cpu0", series)
	a := old.start("--source", "xapi", "-s", "5", "-i", "1", "--share-state")
	b := next.start("--source", "xapi", "-s", "5", "-i", "1", "--share-state")
	old.messages(1)
	shared(old, `"severity":"critical"`)
	both()
	b.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)

	record.ResidentOn = next.sim.HostUUID()
	old.sim.RemoveSeries(rrd.ClassVM, old.vm)
	next.sim.SetSeries(rrd.ClassVM, old.vm, "cpu0", series)
	both()
	b.waitLog(1, `msg="PERFMON: alarm taken over from the host that the VM comes from" .*variable=cpu_usage .*from=`+old.sim.HostUUID())
	shared(next, next.sim.HostUUID())
	both()
	a.waitLog(1, `msg="PERFMON: alarms are handed over`)
	b.waitPage(`perfmon_alarm_state\{class="vm",state="firing",uuid="` + old.vm + `",variable="cpu_usage"\} 1`)
	time.Sleep(6 * time.Second) // a row, so that it is seen to be bad here as well
	next.sim.SetSeries(rrd.ClassVM, old.vm, "cpu0", func(int64) float64 { return 0.1 })
	b.waitLog(1, `msg="PERFMON: alarm cleared" class=vm .*reason=level`)
	shared(next, `"alarms":{"cpu_usage":{"rule"`)
	a.stop(syscall.SIGTERM)
	b.stop(syscall.SIGTERM)
	if n, m := len(old.sim.Messages()), len(next.sim.Messages()); n != 1 || m != 0 {
		t.Errorf("%d messages on the old host and %d on the new one, want 1 and 0", n, m)
	}
	if n := a.logged("alarm cleared"); n != 0 {
		t.Errorf("the old host has cleared it")
	}
	if n := b.logged("alarm (raised|repeated)"); n != 0 {
		t.Errorf("the new host has raised it")
	}
}
