//go:build system

package packages

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	service = "perfmon-agent.service"
	socket  = "perfmon-agent.socket"
	stockU  = "perfmon.service"
	plugin  = "/etc/xapi.d/plugins/perfmon"
)

// stockUnit and toolstackTarget are shaped like those of a toolstack: the
// target wants the stock daemon by itself.
const (
	stockUnit = `[Unit]
Description=stand-in for the stock daemon
PartOf=toolstack.target

[Service]
Environment=PERFMON_STAND_IN=stock
ExecStart=/root/standin
SuccessExitStatus=0 1
Restart=on-failure

[Install]
WantedBy=multi-user.target
`
	toolstackTarget = `[Unit]
Description=stand-in for the toolstack
Wants=perfmon.service

[Install]
WantedBy=multi-user.target
`
)

// alwaysBad are two triggers that fire with the second row: one on a file of
// /proc, one on how full the disk is. Both are read from within the sandbox.
const alwaysBad = `<config><variable><name value="memory_free_kib"/><alarm_trigger_sense value="high"/>` +
	`<alarm_trigger_level value="1"/><alarm_trigger_period value="10"/></variable>` +
	`<variable><name value="fs_usage"/><consolidation_fn value="get_percent_fs_usage"/>` +
	`<alarm_trigger_level value="0"/><alarm_trigger_period value="10"/></variable></config>`

// TestGuest is the life of the package on one host, in its order.
func TestGuest(t *testing.T) {
	tree := repository(t)
	g := newGuest(t)
	older := g.take(one(t, built(t, tree, olderVersion), ".deb"), "/root/older.deb", 0o644)
	newer := g.take(one(t, built(t, tree, newerVersion), ".deb"), "/root/newer.deb", 0o644)
	watched := []string{"/etc", "/usr/lib/systemd", "/usr/sbin", "/usr/bin"}
	bare := g.files(watched[:2]...)
	step := func(name string, f func(g *guest)) {
		if t.Failed() {
			return
		}
		t.Run(name, func(t *testing.T) { f(&guest{t, g.dir, g.root}) })
	}

	// A host without a toolstack.
	step("install and purge", func(g *guest) { installAndPurge(g, older, bare) })

	// A host with one.
	addStock(g)
	before := g.files(watched[:2]...)

	step("beside stock", func(g *guest) { besideStock(g, older) })
	installed := g.files(watched...)
	step("takeover", takeOver)
	step("sandbox", sandbox)
	step("host plugin", hostPlugin)
	step("restart of the toolstack", restartOfToolstack)
	step("a command waits for a restart", commandWaits)
	step("watchdog", watchdog)
	step("wrong flags", wrongFlags)
	step("undo", func(g *guest) {
		mustBeOnPage(g.t, "undo", g.run("perfmonctl", "takeover", "--undo"))
		mustBeStock(g)
		if diff := cmp.Diff(installed, g.files(watched...)); diff != "" {
			g.t.Errorf("not every byte is back (-before +after):\n%s", diff)
		}
	})
	step("upgrade under an alarm", func(g *guest) { upgradeUnderAlarm(g, newer) })
	step("downgrade", func(g *guest) {
		g.run("dpkg", "-i", "--force-confold", older)
		g.mustSoon("the older version runs", func() bool {
			_, ok := g.metric(`perfmon_source_info{source="local",version="` + olderVersion + `"}`)
			return ok
		})
	})
	step("purge after a takeover", func(g *guest) {
		g.run("dpkg", "--purge", "perfmon-agent")
		mustBeStock(g)
		if diff := cmp.Diff(before, g.files(watched[:2]...)); diff != "" {
			g.t.Errorf("the host is not as it was (-before +after):\n%s", diff)
		}
		mustBeGone(g)
	})
}

// addStock makes the guest a host with a toolstack: stand-ins for the stock
// daemon, its unit and its host plugin.
func addStock(g *guest) {
	g.t.Helper()
	self, err := os.Executable()
	if err != nil {
		g.t.Fatal(err)
	}
	g.take(self, "/root/standin", 0o755)
	g.write("/usr/lib/systemd/system/perfmon.service", stockUnit, 0o644)
	g.write("/usr/lib/systemd/system/toolstack.target", toolstackTarget, 0o644)
	g.write(plugin, "#!/bin/sh\necho the stock plugin\n", 0o755)
	old := time.Date(2020, 2, 3, 4, 5, 6, 7000, time.UTC)
	if err := os.Chtimes(filepath.Join(g.root, plugin), old, old); err != nil {
		g.t.Fatal(err)
	}
	g.run("systemctl", "daemon-reload")
	g.run("systemctl", "enable", "--now", "toolstack.target", stockU)
}

func installAndPurge(g *guest, deb string, bare map[string]string) {
	begin := time.Now()
	g.run("dpkg", "-i", deb)
	// dpkg returns when the agent has said that it is ready.
	if !g.active(service) || !g.active(socket) {
		g.t.Fatalf("after dpkg: service %s, socket %s", g.property(service, "ActiveState"), g.property(socket, "ActiveState"))
	}
	g.t.Logf("installed and ready after %v", time.Since(begin).Round(10*time.Millisecond))
	g.mustSoon("it says what it does", func() bool { return g.property(service, "StatusText") != "" })
	g.mustSoon("it polls", func() bool { n, _ := g.metric(`perfmon_polls_total{result="ok"}`); return n > 0 })
	// What docs/install.md has a newcomer type.
	g.run("perfmonctl", "status")
	g.run("cp", "/usr/share/perfmon/triggers/host.xml", "/etc/perfmon/triggers/")
	g.run("systemctl", "reload", service)
	g.mustSoon("the example triggers are in force", func() bool {
		said, err := g.try("perfmonctl", "explain", "host")
		return err == nil && strings.Contains(said, "cpu_busiest")
	})
	g.run("dpkg", "--purge", "perfmon-agent")
	if diff := cmp.Diff(bare, g.files("/etc", "/usr/lib/systemd")); diff != "" {
		g.t.Errorf("purged, and something is left (-before +after):\n%s", diff)
	}
	mustBeGone(g)
}

func mustBeGone(g *guest) {
	g.t.Helper()
	for _, path := range []string{"/var/lib/perfmon", "/run/perfmon", "/etc/perfmon", "/usr/sbin/perfmon"} {
		if said, err := g.try("ls", "-d", path); err == nil {
			g.t.Errorf("purged, there is left: %s", said)
		}
	}
	if state := g.property(service, "LoadState"); state != "not-found" {
		g.t.Errorf("purged, the unit is %s", state)
	}
}

func mustBeStock(g *guest) {
	g.t.Helper()
	if !g.active(stockU) || g.active(service) || g.active(socket) {
		g.t.Errorf("stock is %s, the agent %s, its socket %s", g.property(stockU, "ActiveState"), g.property(service, "ActiveState"), g.property(socket, "ActiveState"))
	}
	if said, _ := g.try(plugin); said != "the stock plugin\n" {
		g.t.Errorf("the plugin says %q", said)
	}
}

func besideStock(g *guest, deb string) {
	said := g.run("dpkg", "-i", deb)
	if !strings.Contains(said, "perfmonctl takeover") {
		g.t.Errorf("it does not say how to go on:\n%s", said)
	}
	mustBeStock(g)
	if enabled, _ := g.try("systemctl", "is-enabled", service); strings.TrimSpace(enabled) != "disabled" {
		g.t.Errorf("the agent is %s", enabled)
	}
}

// mustBeOnPage: docs/install.md shows what is printed.
func mustBeOnPage(t *testing.T, name, printed string) {
	t.Helper()
	t.Logf("%s:\n%s", name, printed)
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "<!-- begin "+name+" ")
	_, rest, _ = strings.Cut(rest, "```text\n")
	if body, _, _ := strings.Cut(rest, "```"); body != printed {
		t.Errorf("docs/install.md shows of %s:\n%s", name, body)
	}
}

func takeOver(g *guest) {
	mustBeOnPage(g.t, "takeover", g.run("perfmonctl", "takeover"))
	if g.active(stockU) || !g.active(service) || !g.active(socket) {
		g.t.Fatalf("stock is %s, the agent %s, its socket %s", g.property(stockU, "ActiveState"), g.property(service, "ActiveState"), g.property(socket, "ActiveState"))
	}
	again := g.run("perfmonctl", "takeover")
	for line := range strings.Lines(again) {
		if !strings.HasSuffix(line, ": done already\n") {
			g.t.Errorf("a second takeover says %q", line)
		}
	}
	var report struct {
		DryRun bool `json:"dry_run"`
		Steps  []string
	}
	text := g.run("perfmonctl", "takeover", "--dry-run", "--output", "json")
	if err := json.Unmarshal([]byte(text), &report); err != nil || !report.DryRun || len(report.Steps) != strings.Count(again, "\n") {
		g.t.Errorf("as JSON a third would be %s, %v", text, err)
	}
}

// sandbox: the restrictions of the unit hold for the process, and it works
// under them.
func sandbox(g *guest) {
	pid := g.property(service, "MainPID")
	status := g.run("cat", "/proc/"+pid+"/status")
	for _, want := range []string{"CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n"} {
		if !strings.Contains(status, want) {
			g.t.Errorf("/proc/%s/status has no %q", pid, want)
		}
	}
	for _, path := range []string{"/etc/x", "/usr/x", "/run/x", "/var/lib/x"} {
		if said, err := g.try("nsenter", "-t", pid, "-m", "touch", path); err == nil || !strings.Contains(said, "Read-only") {
			g.t.Errorf("the agent could write %s: %v %s", path, err, said)
		}
	}
	g.run("nsenter", "-t", pid, "-m", "touch", "/var/lib/perfmon/x", "/run/perfmon/x")
	g.run("rm", "/var/lib/perfmon/x", "/run/perfmon/x")
	if limit := g.property(service, "MemoryMax"); limit != strconv.Itoa(256<<20) {
		g.t.Errorf("the memory limit is %s", limit)
	}
}

// ask calls a function of the host plugin as the toolstack does.
func ask(g *guest, function string) string {
	g.t.Helper()
	return g.run(plugin, "<?xml version='1.0'?><methodCall><methodName>"+function+"</methodName><params><param><value>"+
		"<string>OpaqueRef:1</string></value></param><param><value><struct></struct></value></param></params></methodCall>")
}

func hostPlugin(g *guest) {
	for _, c := range []struct{ function, want string }{
		{"refresh", "True"}, {"debug_mem", "True"}, {"status", "active"}, {"restart", "True"}, {"status", "active"},
		{"stop", "True"}, {"status", "inactive"}, {"refresh", "ERROR_111: Connection refused"},
		{"start", "True"}, {"status", "active"}, {"refresh", "True"},
	} {
		if got := ask(g, c.function); !strings.Contains(got, "<value><string>Success</string></value>") ||
			!strings.Contains(got, "<name>Value</name>\n<value><string>"+c.want+"</string></value>") {
			g.t.Errorf("%s: want %q, got\n%s", c.function, c.want, got)
		}
	}
}

func restartOfToolstack(g *guest) {
	pid := g.property(service, "MainPID")
	g.run("systemctl", "restart", "toolstack.target")
	g.mustSoon("the agent runs again", func() bool { return g.active(service) && g.property(service, "MainPID") != pid })
	if g.active(stockU) {
		g.t.Error("a restart of the toolstack has started the stock daemon")
	}
	g.run("systemctl", "stop", "toolstack.target")
	g.mustSoon("the agent has stopped with the toolstack", func() bool { return !g.active(service) })
	g.run("systemctl", "start", "toolstack.target")
	g.mustSoon("the agent has started with the toolstack", func() bool { return g.active(service) })
}

// signal uses the shell's own kill: the guest has no program of that name.
func (g *guest) signal(name, pid string) {
	g.t.Helper()
	g.run("sh", "-c", "kill -"+name+" "+pid)
}

// commandWaits: what one agent does not come to hear, the next one hears.
func commandWaits(g *guest) {
	heard := func(n float64) func() bool {
		return func() bool {
			got, _ := g.metric(`perfmon_commands_total{command="refresh",result="accepted"}`)
			return got == n
		}
	}
	pid := g.property(service, "MainPID")
	g.run("systemctl", "reload", service)
	if now := g.property(service, "MainPID"); now != pid || !g.active(service) {
		g.t.Fatal("a reload has ended the agent")
	}
	g.signal("STOP", pid)
	if got := ask(g, "refresh"); !strings.Contains(got, "<string>True</string>") {
		g.t.Fatalf("refresh: %s", got)
	}
	g.signal("KILL", pid)
	g.mustSoon("another agent runs", func() bool {
		now := g.property(service, "MainPID")
		return g.active(service) && now != pid && now != "0"
	})
	g.mustSoon("it has heard what was sent to the first", heard(1))

	// With no agent at all, a command starts one.
	g.run("systemctl", "stop", service)
	if got := ask(g, "refresh"); !strings.Contains(got, "<string>True</string>") {
		g.t.Fatalf("refresh: %s", got)
	}
	g.mustSoon("the command has started an agent", func() bool { return g.active(service) })
	g.mustSoon("it has heard the command", heard(1))
}

// watchdog: an agent that turns is left alone, and one that hangs is ended.
func watchdog(g *guest) {
	const dropIn = "/etc/systemd/system/perfmon-agent.service.d/test.conf"
	g.write(dropIn, "[Service]\nWatchdogSec=3\nRestartSec=1\nTimeoutAbortSec=1\n", 0o644)
	defer func() {
		g.run("rm", "-r", filepath.Dir(dropIn))
		g.run("systemctl", "daemon-reload")
		g.run("systemctl", "restart", service)
	}()
	g.run("systemctl", "daemon-reload")
	g.run("systemctl", "restart", service)
	pid := g.property(service, "MainPID")
	time.Sleep(7 * time.Second) // two watchdogs long
	if g.property(service, "MainPID") != pid {
		g.t.Fatal("the watchdog has ended an agent that turns")
	}
	g.signal("STOP", pid)
	g.mustSoon("the watchdog has ended it, and it runs again", func() bool {
		now := g.property(service, "MainPID")
		return g.active(service) && now != pid && now != "0"
	})
	if journal := g.run("journalctl", "--no-pager", "-u", service); !strings.Contains(journal, "Watchdog timeout") {
		g.t.Error("it was not the watchdog")
	}
}

// wrongFlags: the agent is not started again and again, not even by commands
// that wait for it, and comes back when the flags are mended.
func wrongFlags(g *guest) {
	starts := func() int {
		return strings.Count(g.run("journalctl", "--no-pager", "-u", service), "Starting "+service)
	}
	before := starts()
	g.write("/etc/default/perfmon", "PERFMON_FLAGS=--nonsense\n", 0o644)
	if said, err := g.try("systemctl", "restart", service); err == nil {
		g.t.Errorf("it starts with wrong flags: %s", said)
	}
	if journal := g.run("journalctl", "--no-pager", "-u", service); !strings.Contains(journal, "unknown flag: --nonsense") {
		g.t.Error("the journal does not say which flag is wrong")
	}
	ask(g, "refresh")
	g.mustSoon("the socket has given up", func() bool { return g.property(socket, "ActiveState") == "failed" })
	if got := ask(g, "refresh"); !strings.Contains(got, "ERROR_111: Connection refused") {
		g.t.Errorf("nobody listens, and the host plugin says %s", got)
	}
	gaveUp := starts()
	time.Sleep(3 * time.Second)
	if n := starts(); n != gaveUp || n > before+10 {
		g.t.Errorf("it is started again and again: %d times before, then %d, three seconds later %d", before, gaveUp, n)
	}
	g.run("rm", "/etc/default/perfmon")
	g.run("systemctl", "restart", service)
	if !g.active(service) || !g.active(socket) {
		g.t.Errorf("mended, the agent is %s and its socket %s", g.property(service, "ActiveState"), g.property(socket, "ActiveState"))
	}
}

// upgradeUnderAlarm: what waits for its sink over an upgrade gets there once,
// and the upgrade does not raise it anew.
func upgradeUnderAlarm(g *guest, newer string) {
	g.run("perfmonctl", "takeover")
	g.write("/etc/perfmon/triggers/host.xml", alwaysBad, 0o644)
	g.write("/etc/perfmon/perfmon.yaml", "sinks:\n  webhook:\n    url: http://127.0.0.1:9000/\n", 0o644)
	g.run("systemctl", "restart", service)
	g.mustSoon("two alarms wait for the webhook", func() bool {
		n, _ := g.metric(`perfmon_sink_queued{sink="webhook"}`)
		return n >= 2
	})
	pid := g.property(service, "MainPID")
	g.run("dpkg", "-i", "--force-confold", newer)
	if g.property(service, "MainPID") == pid || !g.active(service) || g.active(stockU) {
		g.t.Fatalf("after the upgrade: the agent is %s, stock %s", g.property(service, "ActiveState"), g.property(stockU, "ActiveState"))
	}
	g.mustSoon("the newer version runs", func() bool {
		_, ok := g.metric(`perfmon_source_info{source="local",version="` + newerVersion + `"}`)
		return ok
	})
	g.run("systemd-run", "--unit", "receiver", "--setenv", standInEnv+"=receiver", "/root/standin")
	events := func() string {
		text, _ := os.ReadFile(filepath.Join(g.root, eventsFile))
		return string(text)
	}
	g.mustSoon("the events arrive", func() bool { return strings.Count(events(), "perfmon.alarm.raised.v1") >= 2 })
	polls, _ := g.metric(`perfmon_polls_total{result="ok"}`)
	g.mustSoon("three polls later", func() bool { n, _ := g.metric(`perfmon_polls_total{result="ok"}`); return n >= polls+3 })
	for _, variable := range []string{"memory_free_kib", "fs_usage"} {
		n := 0
		for event := range strings.Lines(events()) {
			if strings.Contains(event, "perfmon.alarm.raised.v1") && strings.Contains(event, "/"+variable+`"`) {
				n++
			}
		}
		if n != 1 {
			g.t.Errorf("raised of %s arrived %d times:\n%s", variable, n, events())
		}
	}
	g.run("systemctl", "stop", "receiver")
}
