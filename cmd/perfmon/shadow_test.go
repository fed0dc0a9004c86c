package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/monitor/control"
	"perfmon/xapi"
	"perfmon/xapi/xapitest"
)

// standIn is the stock daemon as far as the toolstack and its neighbours see
// it: it holds the command socket, polls every five minutes, judges the rows
// since its last poll by the rules of the stock daemon, and creates messages.
type standIn struct {
	p      *pool
	client *xapi.Client
	watch  []*standInVariable
	said   int // messages that were created
}

type standInVariable struct {
	class, uuid string
	config      string // of one variable, without white space
	level       float64
	low         bool
	period      int64
	inhibit     int64
	series      func(minute int64) float64 // of the values as stock folds them

	count, saidAt int64
}

// newStandIn holds the command socket until the test ends.
func newStandIn(t *testing.T, p *pool) *standIn {
	t.Helper()
	socket, err := control.Listen(p.socket, control.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &standIn{p: p, client: xapi.New(xapi.Options{XAPISocket: p.sim.Addr(xapitest.XAPI), UserAgent: "stand-in"})}
	t.Cleanup(func() {
		if err := s.client.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// poll judges the rows of the minutes from first to last at a time. An alarm
// that cannot be created is lost, and its inhibit time runs all the same.
func (s *standIn) poll(t *testing.T, at, base, first, last int64) {
	t.Helper()
	s.p.sim.SetNow(func() time.Time { return time.Unix(at, 0) })
	for _, v := range s.watch {
		if v.saidAt == 0 {
			v.count, v.saidAt = v.period, at-v.inhibit
		}
		for minute := first; minute <= last; minute++ {
			x := v.series(minute)
			if bad := x > v.level && !v.low || x < v.level && v.low; !bad {
				v.count = v.period
				continue
			}
			if v.count -= 60; v.count > 0 {
				continue
			}
			v.count = v.period
			if at-v.saidAt < v.inhibit {
				continue
			}
			v.saidAt = at
			_, err := s.client.CreateMessage(t.Context(), xapi.Message{Name: "ALARM", Priority: 3, Class: v.class, UUID: v.uuid,
				Body: fmt.Sprintf("value: %f\nconfig:\n%s", x, printed(v.config))})
			if err == nil {
				s.said++
			}
		}
	}
}

// printed is a variable without white space as Python prints it.
func printed(config string) string {
	inner := strings.TrimSuffix(strings.TrimPrefix(config, "<variable>"), "</variable>")
	return "<variable>\n\t" + strings.ReplaceAll(inner, "/><", "/>\n\t<") + "\n</variable>\n"
}

func variableOf(name string, level float64, more string) string {
	return fmt.Sprintf(`<variable><name value=%q/><alarm_trigger_level value="%v"/>%s</variable>`, name, level, more)
}

// shadow is the command of an instance with --shadow at the site: all that
// would collide is left to its defaults, or to another place.
func (p *pool) shadow(flags ...string) *exec.Cmd {
	theirs := p.base
	defer func() { p.base = theirs }()
	p.base = []string{"--shadow", "--control-socket", p.socket, "--api-socket", p.path("shadow"), "--settings-file", p.path("settings"),
		"--triggers", p.path("triggers"), "--inventory-file", p.path("inventory"), "--xapi-socket", p.path("xcp/xapi"), "--rrdd-socket", p.path("xcp/xcp-rrdd"),
		"--xapi-http", p.sim.Addr(xapitest.TCP), "--web.listen-address", "127.0.0.1:0"}
	return p.command(flags...)
}

// onlyLooked fails the test if anybody with our name has changed something at
// the toolstack.
func (p *pool) onlyLooked() {
	p.t.Helper()
	looks := regexp.MustCompile(`^(session\.(login_with_password|logout)|event\.from|message\.get_since|(VM|host|SR|PBD|pool)\.get_\w+|)$`)
	asked := 0
	for _, r := range p.sim.Requests() {
		if !strings.HasPrefix(r.UserAgent, "perfmon/") {
			continue
		}
		if !looks.MatchString(r.Method) {
			p.t.Errorf("it called %s", r.Method)
		}
		if r.Method == "message.get_since" {
			asked++
		}
	}
	if asked == 0 || asked > 4 {
		p.t.Errorf("messages were asked for %d times", asked)
	}
}

// minutes of a script, all in one hour and three quarters.
func between(from, to int64, bad, good float64) func(int64) float64 {
	return func(minute int64) float64 {
		if minute >= from && minute < to {
			return bad
		}
		return good
	}
}

// TestShadowBesideStock: both judge 100 minutes; the stock daemon polls every
// five of them, and makes its known mistakes.
func TestShadowBesideStock(t *testing.T) {
	t.Parallel()
	p := newQuietPool(t)
	stock := newStandIn(t, p)
	host := p.sim.HostUUID()
	vms := map[string]string{"web-01": p.vm}
	for _, name := range []string{"lost", "toolless", "holes", "stale", "inheriting", "elsewhere"} {
		vms[name] = xapitest.UUID(name)
		on := host
		if name == "elsewhere" {
			on = xapitest.UUID("another host")
			p.sim.PutHost(xapitest.Host{UUID: on, Name: "another", Enabled: true})
		}
		p.sim.PutVM(xapitest.VM{UUID: vms[name], Name: name, PowerState: "Running", ResidentOn: on})
	}
	sr := xapitest.UUID("nas")
	p.sim.PutSR(xapitest.SR{UUID: sr, Name: "nas", Type: "nfs", ContentType: "user", PhysicalSize: 1000, PhysicalUtilisation: 900,
		OtherConfig: map[string]string{"perfmon": `<config><variable><name value="physical_utilisation"/></variable></config>`}})
	p.sim.PutPBD(xapitest.PBD{UUID: xapitest.UUID("pbd"), Host: host, SR: sr, Attached: true})

	base := time.Now().Unix() / 60 * 60 // minute 0, and the newest row when the shadow begins
	add := func(class, uuid, column string, series func(int64) float64) {
		p.sim.SetSeries(strings.ToLower(class), uuid, column, func(at int64) float64 { return series((at - base + 59) / 60) })
	}
	variable := func(class, uuid string, v *standInVariable, config string) {
		t.Helper()
		p.configure(strings.ToLower(class), uuid, "<config>"+config+"</config>")
		v.class, v.uuid, v.inhibit = class, uuid, 3600
		if v.config == "" {
			v.config = config
		}
		stock.watch = append(stock.watch, v)
	}
	vm := func(name, config string, v *standInVariable, column string, series func(int64) float64) {
		t.Helper()
		v.series, v.period = series, max(v.period, 60)
		variable("VM", vms[name], v, config)
		add("VM", vms[name], column, series)
	}
	cpu := variableOf("cpu_usage", 0.9, "")
	vm("web-01", cpu, &standInVariable{level: 0.9}, "cpu0", between(10, 92, 0.97, 0.2))                                 // said, and said again
	vm("lost", cpu, &standInVariable{level: 0.9}, "cpu0", between(20, 24, 0.96, 0.2))                                   // its message is not created
	variable("VM", vms["elsewhere"], &standInVariable{level: 0.9, period: 60, series: between(20, 24, 0.98, 0.2)}, cpu) // as that host's own would say
	vm("holes", variableOf("cpu_usage", 0.9, `<alarm_trigger_period value="180"/>`), &standInVariable{level: 0.9, period: 180}, "cpu0", func(minute int64) float64 {
		if minute == 82 {
			return math.NaN()
		}
		return between(80, 84, 0.95, 0.2)(minute) // three known bad rows: stock never has three in a row
	})
	vm("stale", variableOf("cpu_usage", 0.9, ""), &standInVariable{level: 0.8, config: variableOf("cpu_usage", 0.8, "")}, "cpu0", between(40, 44, 0.93, 0.2))
	vm("toolless", variableOf("memory_internal_free", 5000, ""), &standInVariable{level: 5000, low: true, inhibit: 3600}, "other", func(int64) float64 { return 0 })
	add("VM", vms["inheriting"], "cpu0", between(30, 34, 0.99, 0.2))
	add("Host", host, "pif_eth0_rx", func(int64) float64 { return 100 })
	add("Host", host, "pif_eno1_rx", between(50, 54, 5000, 0))
	variable("Host", host, &standInVariable{level: 1000, period: 60, series: func(int64) float64 { return 100 }}, variableOf("network_usage", 1000, ""))
	p.write("triggers/vm.xml", `<config><variable><name value="inherited"/><rrd_regex value="cpu0"/><alarm_trigger_level value="0.985"/></variable></config>`)
	p.write("settings", "sinks:\n  hook:\n    kind: webhook\n    url: http://127.0.0.1:1/\n")
	p.sim.Install(xapitest.Fault{Method: "message.create", Object: vms["lost"], Kind: xapitest.RPCFailure, Failure: []string{"INTERNAL_ERROR", "no space"}})

	p.sim.SetNow(func() time.Time { return time.Unix(base, 0) })
	cmd := p.shadow("-i", "300")
	var table bytes.Buffer
	cmd.Stdout = &table
	a := p.run(cmd)
	a.waitLog(1, `level=INFO msg="PERFMON: shadow: nothing is sent, and no command socket is bound" off=".*hook.*`)
	a.waitLog(1, fmt.Sprintf(`level=INFO msg="PERFMON: shadow: comparing with the stock daemon" pid=%d polls_every_s=315`, os.Getpid()))
	a.waitPage(`perfmon_polls_total\{result="ok"\} 1$`)
	for minute := int64(4); minute <= 104; minute += 5 {
		stock.poll(t, base+minute*60+17, base, minute-4, minute)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	a.waitLog(1, `alarm raised" class=vm uuid=`+vms["holes"])
	a.waitLog(1, `alarm raised" class=vm uuid=`+vms["web-01"])
	// What comes is only told from what does not when its time is over.
	late := time.Unix(base+104*60+1800, 0)
	p.sim.SetNow(func() time.Time { return late })
	polls := a.value(`perfmon_polls_total{result="ok"}`)
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	a.waitPage(`perfmon_polls_total\{result="ok"\} [^` + polls + `]`)
	a.stop(syscall.SIGTERM)

	text := table.String()
	t.Log(text)
	for name, want := range map[string][]string{
		"web-01":     {"agreed", "agreed"},
		"lost":       {"only here .* not explained"},
		"toolless":   {"only stock .* stock takes a missing value for 0", "only stock .* stock takes a missing value for 0"},
		"holes":      {`only here .* a hole in the rows, which stock takes for good: row of \d\d:\d\d:00`},
		"stale":      {`other body \(configuration\) .* stock goes by an older configuration`},
		"inheriting": {`only here .* inherited, of which stock knows nothing: triggers/vm\.xml:1:9`},
		"elsewhere":  nil,
		"host":       {"only here .* stock's default leaves devices out: pif_eno1_rx"},
		"nas":        {"(only here .* stock has no rows of most SRs|waits .*)"},
	} {
		var got []string
		for line := range strings.Lines(text) {
			if regexp.MustCompile(` (vm|host|sr) ` + name + ` \(`).MatchString(line) {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %q, want %q", name, got, want)
			continue
		}
		for i := range want {
			if !regexp.MustCompile("^" + want[i]).MatchString(got[i]) {
				t.Errorf("%s: %q, want %q", name, got[i], want[i])
			}
		}
	}
	if n := a.logged(`level=WARN msg="PERFMON: shadow: (only here|only stock|other body)" class=`); n < 7 {
		t.Errorf("%d lines about differences", n)
	}
	a.waitLog(1, `level=INFO msg="PERFMON: shadow: compared with the stock daemon" agreed=2 only_here=\d only_stock=2 other_body=1 not_explained=1 not_decided=\d`)
	if n := len(p.sim.Messages()); n != stock.said || n < 5 {
		t.Errorf("%d messages, and the stand-in has made %d", n, stock.said)
	}
	p.onlyLooked()
	if pid, err := control.Owner(p.socket); err != nil || pid != os.Getpid() {
		t.Errorf("the command socket belongs to %d: %v", pid, err)
	}
	for _, name := range []string{"pid", "state", "api"} {
		if _, err := os.Stat(p.path(name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	if n := p.sessions(); n != 1 { // the stand-in's
		t.Errorf("%d sessions, want 1", n)
	}
}

// TestShadowBesideAgent: another instance of this agent is in the stock
// daemon's place, which is what an update can be tried with. They agree, and
// neither is in the other's way.
func TestShadowBesideAgent(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	first := p.start("--source", "xapi")
	p.messages(1)
	cmd := p.shadow()
	var table bytes.Buffer
	cmd.Stdout = &table
	a := p.run(cmd)
	a.waitLog(1, fmt.Sprintf(`shadow: comparing with the stock daemon" pid=%d polls_every_s=315`, first.cmd.Process.Pid))
	a.waitLog(1, `alarm raised" class=vm uuid=`+p.vm)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-a.ended
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !regexp.MustCompile(`(?m)^agreed .* vm web-01 \(\w+\) +cpu_usage +0.75 +0.75$`).MatchString(table.String()) {
		t.Errorf("%s", &table)
	}
	// The first one goes on as before.
	send(t, p.socket, "refresh")
	first.waitPage(`perfmon_polls_total\{result="ok"\} [2-9]`)
	if text, err := os.ReadFile(p.path("pid")); err != nil || string(text) != fmt.Sprint(first.cmd.Process.Pid) {
		t.Errorf("pid file %q, %v", text, err)
	}
	if n := len(p.sim.Messages()); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
	first.stop(syscall.SIGTERM)
}

// TestShadowAlone: without a stock daemon it says so, at once and of each
// alarm. It ends by itself, and goes to the background if it is told to.
func TestShadowAlone(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	p.sim.SetNow(func() time.Time { return time.Now().Add(time.Hour) }) // so that the rows' time is over
	out := p.ends(p.shadow("--numloops", "2", "-i", "1", "-D", "0"), exitOK)
	for _, want := range []string{
		`level=WARN msg="PERFMON: shadow: no stock daemon seems to run, so every alarm will be only here: start it, if you want to compare" socket=` + p.socket,
		"shadow: compared with the stock daemon",
		"Alarms of this agent (here) and of the stock daemon, ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	p.onlyLooked()
	if n := len(p.sim.Messages()); n != 0 {
		t.Errorf("%d messages", n)
	}

	p.ends(p.shadow("--daemon", "--pid-file", p.path("pid")), exitOK)
	text, err := os.ReadFile(p.path("pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := reap(t, pid); code != exitOK {
		t.Errorf("in the background it ended with %d", code)
	}
}

func TestShadowNeedsAToolstack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	out := s.ends(s.command("--shadow", "--source", "local"), exitUsage)
	if want := "perfmon: --shadow with --source local: there is no stock daemon without a toolstack; leave one of them out ('perfmon --help' lists the flags)\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	out = s.ends(s.command("--shadow"), exitFatal)
	if want := "perfmon: --shadow compares with the stock daemon of a toolstack, and this host has no toolstack: "; !strings.Contains(out, want) {
		t.Errorf("%q, want %q", out, want)
	}
}

// TestShadowKeepsOutOfTheWay: of a flag that is given the value counts.
func TestShadowKeepsOutOfTheWay(t *testing.T) {
	f := func(args, state, pid, socket, address string) {
		t.Helper()
		o, err := parseFlags(append([]string{"--shadow", "--share-state"}, strings.Fields(args)...), nil)
		if err != nil {
			t.Fatal(err)
		}
		if o.stateDir != state || o.pidFile != pid || o.apiSocket != socket || strings.Join(*o.web.WebListenAddresses, " ") != address || o.shareState {
			t.Errorf("%s: %q %q %q %q, shared: %v", args, o.stateDir, o.pidFile, o.apiSocket, *o.web.WebListenAddresses, o.shareState)
		}
	}
	f("", "", "", "/run/perfmon/shadow.sock", "127.0.0.1:9790")
	f("--state-dir /a --pid-file /b --api-socket /c --web.listen-address 127.0.0.1:1", "/a", "/b", "/c", "127.0.0.1:1")
	f("--api-socket= --web.listen-address=", "", "", "", "")
}

// TestShadowWithStateOfItsOwn: there it keeps the lock too.
func TestShadowWithStateOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	first := p.start("--source", "xapi")
	first.address()
	out := p.ends(p.shadow("--state-dir", p.path("state")), exitRunning)
	if !strings.Contains(out, p.path("state/perfmon.lock")) {
		t.Errorf("%s", out)
	}
	p.ends(p.shadow("--state-dir", p.path("other"), "-n", "1"), exitOK)
	if _, err := os.Stat(p.path("other/perfmon.lock")); err != nil {
		t.Error(err)
	}
	first.stop(syscall.SIGTERM)
}

// TestShadowAndTroubleWithMessages: they are asked for again; a hang at the end
// does not keep the agent from ending, and the table comes all the same.
func TestShadowAndTroubleWithMessages(t *testing.T) {
	t.Parallel()
	for _, fault := range []xapitest.Fault{
		{Method: "message.get_since", Kind: xapitest.RPCFailure, Failure: []string{"INTERNAL_ERROR", "x"}},
		{Method: "message.get_since", Kind: xapitest.HangHeader, Skip: 1},
	} {
		t.Run(fault.Kind.String(), func(t *testing.T) {
			t.Parallel()
			p := newPool(t)
			p.configure("vm", p.vm, cpuAbove(0.5))
			p.sim.Install(fault)
			cmd := p.shadow()
			var table bytes.Buffer
			cmd.Stdout = &table
			a := p.run(cmd)
			a.waitLog(1, `alarm raised" class=vm uuid=`+p.vm)
			p.waitFor(func() bool {
				return len(p.sim.Requests()) > 0 && p.sim.Counters()["message.get_since"].Calls > 0
			})
			a.stop(syscall.SIGTERM)
			if fault.Skip == 0 {
				a.waitLog(1, `level=WARN msg="PERFMON: shadow: messages are not read: tried again every minute" err=`)
			}
			if !regexp.MustCompile(`(?m)^waits .* vm web-01`).MatchString(table.String()) {
				t.Errorf("%s", &table)
			}
			if n := a.logged("messages are not read"); n > 1 {
				t.Errorf("said %d times", n)
			}
		})
	}
}
