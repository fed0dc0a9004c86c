package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

func TestAlarmFromRowToMessage(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	p.configure("host", p.sim.HostUUID(), cpuAbove(0.5)) // which is not so busy
	a := p.start("--source", "xapi")
	m := p.messages(1)[0]
	want := "value: 0.750000\nconfig:\n<variable>\n\t<name value=\"cpu_usage\"/>\n\t<alarm_trigger_level value=\"0.5\"/>\n\t<alarm_trigger_period value=\"1\"/>\n</variable>\n"
	if m.Name != "ALARM" || m.Class != "VM" || m.ObjUUID != p.vm || m.Priority != 3 || m.Body != want {
		t.Errorf("message %+v\nwant the body %q", m, want)
	}
	a.waitLog(1, `level=WARN msg="PERFMON: alarm raised" class=vm uuid=`+p.vm+` variable=cpu_usage name=web-01 value=0.75 level=0.5`)
	a.waitPage(`perfmon_alarm_state\{class="vm",state="firing",uuid="` + p.vm + `",variable="cpu_usage"\} 1`)
	a.waitPage(`perfmon_alarms_total\{class="vm",variable="cpu_usage"\} 1`)
	a.waitPage(`xen_vm_info\{.*web-01`)
	a.stop(syscall.SIGTERM)
	if n := len(p.sim.Messages()); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	if n := p.sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// TestChangedOtherConfigIsInForceAtOnce: nobody has sent a refresh, and no
// poll is due.
func TestChangedOtherConfigIsInForceAtOnce(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.9))
	a := p.start("--source", "xapi", "-i", long)
	level := func(value string) {
		t.Helper()
		began := time.Now()
		a.waitPage(`perfmon_alarm_level\{class="vm",uuid="` + p.vm + `",variable="cpu_usage"\} ` + value + "$")
		t.Logf("level %s after %v", value, time.Since(began))
	}
	level("0.9")
	for range 3 {
		for _, l := range []float64{0.8, 0.85} {
			p.configure("vm", p.vm, cpuAbove(l))
			level(fmt.Sprint(l))
		}
	}
	if err := p.sim.RemoveOtherConfig("vm", p.vm, "perfmon"); err != nil {
		t.Fatal(err)
	}
	a.waitPage("perfmon_variables 0")
	if got := a.value(`perfmon_polls_total{result="ok"}`); got != "1" {
		t.Errorf("%s polls: a changed configuration is no reason to poll", got)
	}
	a.stop(syscall.SIGTERM)
}

func TestToolstackRestart(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	a := p.start("--source", "xapi", "-i", "1", "-s", "5")
	a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
	if n := p.sessions(); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for range 2 {
		if err := p.sim.Restart(ctx, 300*time.Millisecond, 700*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	p.configure("vm", p.vm, cpuAbove(0.5))
	p.messages(1)
	if n := p.sessions(); n != 1 {
		t.Errorf("%d sessions after the restart, want 1", n)
	}
	p.sim.EndSessions()
	p.configure("host", p.sim.HostUUID(), cpuAbove(0.1))
	p.messages(2)
	if n := p.sessions(); n != 1 {
		t.Errorf("%d sessions after theirs were ended, want 1", n)
	}
	a.stop(syscall.SIGTERM)
	if n := p.sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	if n := len(p.sim.Messages()); n != 2 {
		t.Errorf("%d messages, want each alarm once: 2", n)
	}
}

// TestToolstackThatGoesAway: what belongs to a toolstack's objects is never
// taken from /proc.
func TestToolstackThatGoesAway(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("host", p.sim.HostUUID(), cpuAbove(0.5))
	a := p.start("-i", "1", "-s", "5") // by itself it finds the toolstack
	a.waitPage(`perfmon_source_info\{source="xapi",.*\} 1`)
	a.waitPage(`xen_host_cpu_.*` + p.sim.HostUUID() + `.* 0.25`)
	if err := p.sim.StopToolstack(); err != nil {
		t.Fatal(err)
	}
	if err := p.sim.SetListening(xapitest.RRDD, false, true); err != nil {
		t.Fatal(err)
	}
	a.waitPage(`perfmon_polls_total\{result="unreachable"\} [2-9]`)
	page := a.page()
	if !strings.Contains(page, `perfmon_source_info{source="xapi"`) || strings.Contains(page, `source="local"`) {
		t.Error("it says that rows come from elsewhere")
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "xen_host_") && !strings.Contains(line, p.sim.HostUUID()) {
			t.Errorf("a row that is not the toolstack's: %s", line)
		}
		if strings.HasPrefix(line, "xen_host_cpu") && !strings.HasSuffix(line, " 0.25\n") {
			t.Errorf("a value that is not the toolstack's: %s", line)
		}
	}
	// A restart of the agent finds the same, as the inventory file is there.
	a.stop(syscall.SIGTERM)
	a = p.start("-i", "1", "-s", "5")
	a.waitLog(1, `msg="PERFMON: source chosen" source=xapi`)
	a.waitPage(`perfmon_polls_total\{result="unreachable"\} [1-9]`)
	if page := a.page(); strings.Contains(page, "\nxen_host_cpu") {
		t.Errorf("values without a toolstack:\n%s", page)
	}
	a.stop(syscall.SIGTERM)
}

func TestSourceIsChosen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, there, want string }{
		{"neither", "", "local"},
		{"the identity of the host", "inventory", "xapi"},
		{"the directory of the sockets", "xcp/other", "xapi"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if c.there != "" {
				s.write(c.there, "")
			}
			a := s.start()
			a.waitLog(1, `level=INFO msg="PERFMON: source chosen" source=`+c.want)
			a.waitPage(`perfmon_source_info\{source="` + c.want + `",version="unknown"\} 1`)
			a.stop(syscall.SIGTERM)
		})
	}
}

func TestLegacy(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	sr := xapitest.UUID("sr")
	p.sim.PutSR(xapitest.SR{UUID: sr, Name: "shared", Type: "lvm", ContentType: "user", PhysicalSize: 100, PhysicalUtilisation: 99,
		OtherConfig: map[string]string{"perfmon": `<config><variable><name value="physical_utilisation"/></variable></config>`}})
	p.sim.PutPBD(xapitest.PBD{UUID: xapitest.UUID("pbd"), Host: p.sim.HostUUID(), SR: sr, Attached: true})
	p.configure("host", p.sim.HostUUID(), cpuAbove(0.1))
	run := func(messages int, flags ...string) {
		t.Helper()
		a := p.start(append(flags, "--source", "xapi")...)
		p.messages(messages)
		a.stop(syscall.SIGTERM)
	}
	run(1, "--legacy")
	run(3, "--state-dir", p.path("another")) // which knows nothing of the first
	var got []string
	for _, r := range p.sim.Requests() {
		if r.Method == "message.create" { // with session, name, priority, class, uuid, body
			got = append(got, fmt.Sprintf("%s %s %s", r.Args[1], r.Args[2], r.Args[3]))
		}
	}
	want := []string{"ALARM 5 HOST", "ALARM 3 Host", "ALARM 3 SR"}
	if !slices.Equal(got, want) {
		t.Errorf("messages %q, want %q", got, want)
	}
}

func TestAnswerOverTheLimit(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	for i := range 40 {
		p.sim.SetSeries(rrd.ClassVM, p.vm, fmt.Sprint("filling_", i), func(int64) float64 { return 1 })
	}
	a := p.start("--source", "xapi", "-i", "1", "--max-update-bytes", "1024")
	a.waitPage(`perfmon_parse_errors_total [1-9]`)
	a.waitLog(1, `level=ERROR msg="PERFMON: no rows: broken" err="update: byte 1024.*limit`)
	if n := len(p.sim.Messages()); n != 0 {
		t.Errorf("%d messages from an answer that was not read to its end", n)
	}
	a.stop(syscall.SIGTERM)
}

// TestNoSecretInTheLog: a session is as good as a password.
func TestNoSecretInTheLog(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	for _, f := range []xapitest.Fault{
		{Method: "message.create", Kind: xapitest.RPCFailure, Failure: []string{"SESSION_INVALID", "OpaqueRef:echoed"}, Count: 2},
		{Method: "message.create", Kind: xapitest.LostAnswer, Skip: 1, Count: 1},
		{Method: "event.from", Kind: xapitest.HTMLPage, Skip: 1, Count: 1},
		{Method: "session.logout", Kind: xapitest.Status, Code: 500},
	} {
		p.sim.Install(f)
	}
	a := p.start("--source", "xapi", "-d", "-i", "1", "-s", "5")
	p.messages(1)
	// Rows by way of xapi's port carry the session too.
	if err := p.sim.SetRRDD(false); err != nil {
		t.Fatal(err)
	}
	a.waitPage(`perfmon_polls_total\{result="unreachable"\} [1-9]`)
	if err := p.sim.SetRRDD(true); err != nil {
		t.Fatal(err)
	}
	if err := p.sim.SetListening(xapitest.RRDD, false, false); err != nil {
		t.Fatal(err)
	}
	p.waitFor(func() bool {
		for _, r := range p.sim.Requests() {
			if r.Endpoint == xapitest.TCP && r.Path == "/rrd_updates" && r.Status == 200 {
				return true
			}
		}
		return false
	})
	p.sim.EndSessions()
	p.configure("host", p.sim.HostUUID(), cpuAbove(0.1))
	p.messages(2)
	send(t, p.socket, "debug_mem")
	a.waitLog(1, "PERFMON: debug_mem")
	a.stop(syscall.SIGTERM)

	secrets := append(p.secrets(), "OpaqueRef:echoed")
	if len(secrets) < 3 {
		t.Fatalf("%d sessions to look for", len(secrets))
	}
	log := strings.Join(a.log(), "\n")
	if !strings.Contains(log, "PERFMON(DEBUG): ") || !strings.Contains(log, "SESSION_INVALID") {
		t.Errorf("the log does not say enough to tell")
	}
	for _, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("session %s is in the log", secret)
		}
	}
}

// TestIdentityThatComesLater: on a host that is just being installed the file
// that says which one it is may be late.
func TestIdentityThatComesLater(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	if err := os.Remove(p.path("inventory")); err != nil {
		t.Fatal(err)
	}
	p.configure("vm", p.vm, cpuAbove(0.5))
	a := p.start()
	a.waitLog(1, `level=ERROR .*this host's uuid is not known: .*--host-uuid.*`+p.path("inventory"))
	p.write("inventory", "INSTALLATION_UUID=\n")
	a.waitLog(1, "this host's uuid is not known: .*line 1")
	p.write("inventory", "INSTALLATION_UUID='"+p.sim.HostUUID()+"'\n")
	p.messages(1)
	if n := a.logged("this host's uuid is not known"); n != 2 {
		t.Errorf("%d lines about two kinds of trouble", n)
	}
	a.stop(syscall.SIGTERM)
}
