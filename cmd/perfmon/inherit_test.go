package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"perfmon/rrd"
)

// cpuOf is a block of triggers with one variable, which fires at the first
// row. head is its attributes.
func cpuOf(head string, level float64) string {
	return strings.Replace(cpuAbove(level), "<config", "<config "+head, 1)
}

// setDefaults sets what the objects of the pool inherit.
func (p *pool) setDefaults(text string) {
	p.t.Helper()
	found, ok := p.sim.Pool()
	if !ok {
		p.t.Fatal("no pool")
	}
	if err := p.sim.SetOtherConfig("pool", found.UUID, "perfmon-defaults", text); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pool) tags(class, uuid string, tags ...string) {
	p.t.Helper()
	if err := p.sim.SetTags(class, uuid, tags...); err != nil {
		p.t.Fatal(err)
	}
}

// TestInheritanceAtRunTime: the pool's key, tags and files change while the
// agent runs, and are in force without a poll.
func TestInheritanceAtRunTime(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	a := p.start("--source", "xapi", "-i", long)
	a.waitPage("perfmon_variables 0")
	level := func(class, uuid, value string) {
		t.Helper()
		a.waitPage(`perfmon_alarm_level\{class="` + class + `",uuid="` + uuid + `",variable="cpu_usage"\} ` + value + "$")
	}
	host := p.sim.HostUUID()
	p.setDefaults("<triggers>" + cpuOf(`class="vm"`, 0.91) + cpuOf(`class="vm" tag="db"`, 0.92) + cpuOf(`class="host"`, 0.97) + "</triggers>")
	level("vm", p.vm, "0.91")
	level("host", host, "0.97")
	p.tags("vm", p.vm, "web", "db")
	level("vm", p.vm, "0.92")
	p.write("triggers/vm.xml", cpuOf(`tag="web"`, 0.93))
	level("vm", p.vm, "0.93")
	p.tags("vm", p.vm, "db")
	level("vm", p.vm, "0.92")
	p.write("triggers/vm.xml", strings.Replace(cpuAbove(0.94), "</variable>", `<alarm_labels value="team=web"/></variable>`, 1))
	level("vm", p.vm, "0.94")
	a.waitPage(`perfmon_variable_info\{class="vm",label_team="web",uuid="` + p.vm + `",variable="cpu_usage"\} 1$`)
	p.write("triggers/host.xml", "<config><variable")
	a.waitLog(1, `level=ERROR msg="PERFMON: trigger configuration: .* from=triggers/host.xml class=host .*at=1:`)
	a.waitPage(`perfmon_config_errors\{class="host",uuid="` + host + `"\} 1`)
	level("host", host, "0.97")
	p.write("triggers/host.xml", cpuAbove(0.98))
	level("host", host, "0.98")
	p.configure("vm", p.vm, cpuAbove(0.95))
	level("vm", p.vm, "0.95")
	p.configure("vm", p.vm, `<config><disable name="cpu_usage"/></config>`)
	p.configure("host", host, `<config><disable name="cpu_usage"/></config>`)
	a.waitPage("perfmon_variables 1$") // that of the control domain
	if got := a.value(`perfmon_polls_total{result="ok"}`); got != "1" {
		t.Errorf("%s polls: a changed configuration is no reason to poll", got)
	}
	a.stop(syscall.SIGTERM)
	if n := len(p.sim.Messages()); n != 0 {
		t.Errorf("%d messages, want none", n)
	}
}

// TestInheritedAlarmOverAKill: it is neither raised again nor ended by a
// restart, also when its file cannot be read then.
func TestInheritedAlarmOverAKill(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.write("triggers/vm.xml", cpuAbove(0.5))
	p.setDefaults(cpuOf(`class="host"`, 0.2))
	a := p.start("--source", "xapi", "-s", "5")
	p.messages(2)
	firing := func() {
		t.Helper()
		a.waitPage(`perfmon_alarm_state\{class="vm",state="firing",uuid="` + p.vm + `",variable="cpu_usage"\} 1`)
		a.waitPage(`perfmon_alarm_state\{class="host",state="firing",uuid="` + p.sim.HostUUID() + `",variable="cpu_usage"\} 1`)
	}
	for _, spoiled := range []bool{false, true} {
		firing()
		if err := a.cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-a.ended
		a.cmd.Wait()
		if spoiled {
			p.write("triggers/vm.xml", string(make([]byte, maxTriggerFile+1)))
		}
		a = p.start("--source", "xapi", "-s", "5")
		a.waitPage(`perfmon_polls_total\{result="ok"\} [2-9]`)
		firing()
		if n := a.logged("PERFMON: alarm"); n != 0 {
			t.Errorf("%d lines about alarms after the restart", n)
		}
	}
	a.waitLog(1, "level=ERROR .*triggers not read: the last ones stay in force.* class=vm .*larger than")
	p.sim.SetSeries(rrd.ClassVM, p.vm, "cpu0", func(int64) float64 { return 0.1 })
	a.waitLog(1, `msg="PERFMON: alarm cleared" class=vm .*reason=level`)
	p.setDefaults("")
	a.waitLog(1, `msg="PERFMON: alarm cleared" class=host .*reason=config`)
	a.stop(syscall.SIGTERM)
	if n := len(p.sim.Messages()); n != 2 {
		t.Errorf("%d messages, want those of the first run", n)
	}
}

// TestLegacyHostHasItsFileAlone: --legacy inherits nothing, and a host without
// a toolstack still has its triggers.
func TestLegacyHostHasItsFileAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("triggers/host.xml", cpuAbove(0.97))
	a := s.start("--source", "local", "--legacy", "-i", long)
	a.waitPage(`perfmon_alarm_level\{class="host",uuid="[0-9a-f-]+",variable="cpu_usage"\} 0.97`)
	a.stop(syscall.SIGTERM)

	p := newPool(t)
	p.write("triggers/vm.xml", cpuAbove(0.5))
	p.configure("vm", p.vm, strings.Replace(cpuAbove(0.6), "cpu_usage", "own", 1))
	p.setDefaults(fmt.Sprintf("<triggers>%s</triggers>", cpuOf(`class="vm"`, 0.5)))
	p.configure("host", p.sim.HostUUID(), cpuAbove(0.99))
	a = p.start("--source", "xapi", "--legacy", "-i", long)
	a.waitPage(`perfmon_alarm_level\{class="host",uuid="` + p.sim.HostUUID() + `",variable="cpu_usage"\} 0.99`)
	if page := a.page(); strings.Contains(page, `perfmon_alarm_level{class="vm"`) {
		t.Errorf("a VM inherits in legacy mode:\n%s", page)
	}
	a.stop(syscall.SIGTERM)
}
