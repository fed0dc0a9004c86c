//go:build system

package packages

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	rubberService = "rubber.service"
	rubberConfig  = "/etc/rubber/rubber.yaml"
	rubberDropIns = "/etc/systemd/system/rubber.service.d/"

	// A queue in which nothing waits, and a floor of processes that do nothing,
	// each with something of its own in /tmp and /dev/shm. The floor is filled in.
	rubberSite = `brokers:
  dispatcher:
    kind: http
    url: http://127.0.0.1:9100/depth?queue={queue}
    workers_url: http://127.0.0.1:9100/workers
    header: Authorization
    secret_credential: dispatcher
clouds:
  local: {driver: process, process: {%s}}
profiles:
  mail:
    queue: mail
    min: %d
    command: [/bin/sh, -c, "echo mine >/tmp/$RUBBER_NAME && echo mine >/dev/shm/$RUBBER_NAME && exec sleep infinity"]
engine: {users_file: engine.users}
`
)

// TestRubberGuest is the life of the package perfmon-rubber on one host, in its
// order.
func TestRubberGuest(t *testing.T) {
	mustHaveRoot(t)
	tree := repository(t)
	older, newer := built(t, tree, olderVersion), built(t, tree, newerVersion)
	g := newGuest(t)
	take := func(dir, name string) string {
		return g.take(oneOf(t, dir, name, ".deb"), "/root/"+filepath.Base(oneOf(t, dir, name, ".deb")), 0o644)
	}
	old, recent, agent := take(older, rubberPackage), take(newer, rubberPackage), take(newer, "perfmon-agent")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g.take(self, "/root/standin", 0o755)
	bare := g.files("/usr/lib/systemd", "/etc/systemd")
	step := func(name string, f func(g *rubberGuest)) {
		if t.Failed() {
			return
		}
		t.Run(name, func(t *testing.T) { f(&rubberGuest{&guest{t, g.dir, g.root}}) })
	}
	step("install", func(g *rubberGuest) { g.install(old) })
	step("wrong configuration", (*rubberGuest).wrongConfiguration)
	step("ready when it serves", (*rubberGuest).readyWhenItServes)
	step("processes need more room", (*rubberGuest).processesNeedRoom)
	step("machines", (*rubberGuest).machinesAreMade)
	step("sandbox", (*rubberGuest).sandboxed)
	step("restart", (*rubberGuest).restartKeeps)
	step("reload", (*rubberGuest).reloads)
	step("killed, and hanging", (*rubberGuest).killedAndHanging)
	step("groups of control", (*rubberGuest).ownGroups)
	step("drain", (*rubberGuest).drains)
	step("beside the agent", func(g *rubberGuest) { g.besideAgent(agent) })
	step("upgrade", func(g *rubberGuest) { g.upgrade(recent) })
	step("remove and put back", func(g *rubberGuest) { g.removeAndPutBack(recent) })
	step("purge", func(g *rubberGuest) { g.purged(bare) })
}

// rubberGuest is a guest with rubber in it.
type rubberGuest struct{ *guest }

// site writes the configuration, with so many machines and these keys of the
// cloud.
func (g *rubberGuest) site(machines int, keys string) {
	g.t.Helper()
	g.write(rubberConfig, fmt.Sprintf(rubberSite, keys, machines), 0o644)
}

// journal is what the unit has said.
func (g *rubberGuest) journal() string {
	g.t.Helper()
	return g.run("journalctl", "--no-pager", "--output", "cat", "--unit", rubberService)
}

// mustNotWarn: what is said since there is no warning, but that of rubber's about this
// configuration, and systemd's about workers that go on.
func mustNotWarn(t *testing.T, said string) {
	t.Helper()
	for line := range strings.Lines(said) {
		if regexp.MustCompile(`level=(WARN|ERROR)|[Ff]ailed|[Dd]enied`).MatchString(line) {
			t.Errorf("the journal has %s", line)
		}
	}
}

// rubberMachineStatus is a machine as rubber tells of it.
type rubberMachineStatus struct{ Intent, Name, State, Trouble, Hint string }

// rubberStatus is what rubber says of itself.
type rubberStatus struct {
	Version, Role, Problem string
	Machines               []rubberMachineStatus
	Profiles               []struct{ Waits *int }
	Hosts                  []struct {
		UUID   string
		Silent bool
	}
}

func (g *rubberGuest) status() (s rubberStatus, err error) {
	said, err := g.try("rubber", "status", "--output", "json")
	if err == nil {
		err = json.Unmarshal([]byte(said), &s)
	}
	return s, err
}

func (g *rubberGuest) mustSay(what string, yes func(s *rubberStatus) bool) (s rubberStatus) {
	g.t.Helper()
	g.mustSoon(what, func() bool {
		var err error
		s, err = g.status()
		return err == nil && yes(&s)
	})
	return s
}

// workers are the numbers of the processes that are machines.
func (g *rubberGuest) workers() []string {
	g.t.Helper()
	return strings.Fields(g.run("sh", "-c", `for p in /proc/[0-9]*; do
		[ "$(cat $p/comm 2>/dev/null)" = sleep ] && [ "$(stat -c %U $p 2>/dev/null)" = rubber ] && echo ${p#/proc/}; done; true`))
}

// mustHaveAll waits for so many machines, and returns their processes.
func (g *rubberGuest) mustHaveAll(n int) []string {
	g.t.Helper()
	g.mustSay(fmt.Sprintf("rubber is active with %d machines", n), func(s *rubberStatus) bool {
		return s.Role == "active" && len(s.Machines) == n &&
			!slices.ContainsFunc(s.Machines, func(m rubberMachineStatus) bool { return m.State != "ready" })
	})
	found := g.workers()
	if len(found) != n {
		g.t.Fatalf("%d processes are machines, want %d", len(found), n)
	}
	return found
}

// intents are the records' names.
func (g *rubberGuest) intents() (all []string) {
	g.t.Helper()
	s, err := g.status()
	if err != nil {
		g.t.Fatal(err)
	}
	for _, m := range s.Machines {
		all = append(all, m.Intent)
	}
	slices.Sort(all)
	return all
}

// mustStay: these processes and records are there, and no others.
func (g *rubberGuest) mustStay(when string, workers, intents []string) {
	g.t.Helper()
	if diff := cmp.Diff(workers, g.mustHaveAll(len(workers))); diff != "" {
		g.t.Errorf("%s, the machines are others (-before +after):\n%s", when, diff)
	}
	if diff := cmp.Diff(intents, g.intents()); diff != "" {
		g.t.Errorf("%s, the records are others (-before +after):\n%s", when, diff)
	}
	for _, pid := range workers {
		g.run("sh", "-c", "name=$(tr '\\0' '\\n' </proc/"+pid+"/environ | sed -n s/^RUBBER_NAME=//p) && cat /proc/"+pid+"/root/tmp/$name /proc/"+pid+"/root/dev/shm/$name")
	}
}

func (g *rubberGuest) install(deb string) {
	said := g.run("dpkg", "-i", deb)
	if !strings.Contains(said, "systemctl enable --now rubber") {
		g.t.Errorf("it does not say how to go on:\n%s", said)
	}
	if g.active(rubberService) {
		g.t.Error("it runs before anybody has said which queues there are")
	}
	// With what is installed it starts, and says that it has nothing to do.
	g.run("systemctl", "start", rubberService)
	g.mustSay("it is active", func(s *rubberStatus) bool { return s.Role == "active" && s.Version == olderVersion })
	if said := g.journal(); !strings.Contains(said, "no profiles: there is nothing to do") {
		g.t.Errorf("without queues it says:\n%s", said)
	}
	g.run("systemctl", "stop", rubberService)
	mustNotWarn(g.t, g.journal())
	g.t.Logf("%s", regexp.MustCompile(`Overall exposure level.*`).FindString(g.run("systemd-analyze", "security", "--no-pager", rubberService)))
}

// wrongConfiguration: it says where and what, and is not started again and
// again.
func (g *rubberGuest) wrongConfiguration() {
	g.write(rubberDropIns+"test.conf", "[Service]\nRestartSec=1\n", 0o644)
	g.run("systemctl", "daemon-reload")
	g.write(rubberConfig, "profils: {}\n", 0o644)
	if said, err := g.try("systemctl", "start", rubberService); err == nil || !strings.Contains(said, "systemctl status "+rubberService) {
		g.t.Errorf("it starts with a wrong configuration: %v %s", err, said)
	}
	said, _ := g.try("systemctl", "status", "--no-pager", "--full", rubberService)
	for _, want := range []string{`/etc/rubber/rubber.yaml:1:1: `, `profiles`, "status=3"} {
		if !strings.Contains(said, want) {
			g.t.Errorf("systemctl status does not say %q:\n%s", want, said)
		}
	}
	// A job that is due after a second would be waited for by now.
	g.run("sleep", "3")
	if state, n := g.property(rubberService, "ActiveState"), g.property(rubberService, "NRestarts"); state != "failed" || n != "0" {
		g.t.Errorf("three seconds later it is %s, and was restarted %s times", state, n)
	}
}

// readyWhenItServes: while another program has the engine's port it is not up,
// and nobody waits in vain for it after.
func (g *rubberGuest) readyWhenItServes() {
	g.run("systemd-run", "--unit", "dispatcher", "--setenv", standInEnv+"=dispatcher", "/root/standin")
	g.write("/etc/rubber/dispatcher", dispatcherSecret+"\n", 0o600) // root's
	g.write("/etc/rubber/engine.users", "agent  a-word-of-the-guest\n", 0o600)
	g.run("chown", "rubber:", "/etc/rubber/engine.users")
	g.write(rubberDropIns+"test.conf", "[Service]\nRestartSec=1\nLoadCredential=dispatcher:/etc/rubber/dispatcher\n", 0o644)
	g.run("systemctl", "daemon-reload")
	g.site(2, "")

	g.run("systemd-run", "--unit", "squatter", "--setenv", standInEnv+"=squatter", "/root/standin")
	g.mustSoon("the port is taken", func() bool {
		said, err := g.try("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/4222")
		return err == nil || said == ""
	})
	said := len(g.journal())
	g.run("systemctl", "start", "--no-block", rubberService)
	g.mustSoon("it says that the port is taken", func() bool { return strings.Contains(g.journal()[said:], "127.0.0.1:4222") })
	if state := g.property(rubberService, "ActiveState"); state != "activating" {
		g.t.Errorf("without its store it is %s", state)
	}
	g.run("systemctl", "stop", "squatter")
	g.mustSoon("it is up", func() bool { return g.active(rubberService) })
	g.run("rubber", "status") // by root, and at once
	g.mustSay("the dispatcher answers to root's secret", func(s *rubberStatus) bool { return len(s.Profiles) == 1 && s.Profiles[0].Waits != nil })
}

// processesNeedRoom: the unit alone makes no machines of processes, and says
// what does.
func (g *rubberGuest) processesNeedRoom() {
	g.mustSay("it says which file helps", func(s *rubberStatus) bool {
		return len(s.Machines) == 2 && strings.Contains(s.Machines[0].Trouble+s.Machines[0].Hint, "/usr/share/rubber/process.conf")
	})
	if n := len(g.workers()); n != 0 {
		g.t.Errorf("%d processes are machines all the same", n)
	}
}

func (g *rubberGuest) machinesAreMade() {
	g.run("cp", "/usr/share/rubber/process.conf", rubberDropIns)
	g.run("systemctl", "daemon-reload")
	g.run("systemctl", "restart", rubberService)
	g.mustHaveAll(2)
	g.t.Logf("with process.conf: %s", regexp.MustCompile(`Overall exposure level.*`).FindString(g.run("systemd-analyze", "security", "--no-pager", rubberService)))
}

// sandboxed: the restrictions hold for rubber and for its workers.
func (g *rubberGuest) sandboxed() {
	uid := strings.TrimSpace(g.run("id", "-u", "rubber"))
	main := g.property(rubberService, "MainPID")
	for _, pid := range append(g.workers(), main) {
		status := g.run("cat", "/proc/"+pid+"/status")
		for _, want := range []string{"CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n", fmt.Sprintf("Uid:\t%[1]s\t%[1]s\t%[1]s\t%[1]s\n", uid)} {
			if !strings.Contains(status, want) {
				g.t.Errorf("/proc/%s/status has no %q", pid, want)
			}
		}
		for _, path := range []string{"/etc/rubber/x", "/usr/x", "/var/lib/x", "/srv/x"} {
			if said, err := g.try("nsenter", "-t", pid, "-m", "touch", path); err == nil || !strings.Contains(said, "Read-only") {
				g.t.Errorf("%s could be written: %v %s", path, err, said)
			}
		}
	}
	for path, want := range map[string]string{
		"/etc/rubber": "rubber:rubber 750", "/var/lib/rubber": "rubber:rubber 700", "/var/lib/perfmon-engine": "rubber:rubber 700",
		"/run/rubber": "rubber:rubber 755", "/run/rubber/rubber.sock": "rubber:rubber 600",
	} {
		if got := strings.TrimSpace(g.run("stat", "-c", "%U:%G %a", path)); got != want {
			g.t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// restartKeeps: machines, what they have in memory and in /tmp, and their
// records are there after it.
func (g *rubberGuest) restartKeeps() {
	workers, intents, said := g.workers(), g.intents(), len(g.journal())
	g.run("systemctl", "restart", rubberService)
	g.mustStay("restarted", workers, intents)
	mustNotWarn(g.t, g.journal()[said:])
}

// reloads: a changed configuration counts, and a wrong one does not.
func (g *rubberGuest) reloads() {
	pid, before := g.property(rubberService, "MainPID"), g.workers()
	g.site(3, "")
	g.run("systemctl", "reload", rubberService)
	workers := g.mustHaveAll(3)
	for _, one := range before {
		if !slices.Contains(workers, one) {
			g.t.Errorf("after a reload process %s is none of the machines", one)
		}
	}
	intents := g.intents()
	g.write(rubberConfig, "profils: {}\n", 0o644)
	g.run("systemctl", "reload", rubberService)
	g.mustSoon("it says that the one before stays", func() bool {
		return strings.Contains(g.journal(), "the configuration is not read again: the one before stays in force")
	})
	g.mustStay("reloaded", workers, intents)
	if now := g.property(rubberService, "MainPID"); now != pid || !g.active(rubberService) {
		g.t.Error("a reload has ended rubber")
	}
	g.site(3, "")
	g.run("systemctl", "reload", rubberService)
}

// killedAndHanging: whoever kills it, or what it hangs in, it comes back and
// goes on, and one that works is left alone.
func (g *rubberGuest) killedAndHanging() {
	const dropIn = rubberDropIns + "watchdog.conf"
	g.write(dropIn, "[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n", 0o644)
	g.run("systemctl", "daemon-reload")
	g.run("systemctl", "restart", rubberService)
	workers := g.mustHaveAll(3)
	intents, pid := g.intents(), g.property(rubberService, "MainPID")
	again := func() bool {
		now := g.property(rubberService, "MainPID")
		return g.active(rubberService) && now != pid && now != "0"
	}
	g.signal("KILL", pid)
	g.mustSoon("it runs again", again)
	pid = g.property(rubberService, "MainPID")
	// Its lease is free when the time of the last holder's has passed: some
	// watchdogs long.
	g.mustStay("killed", workers, intents)
	if g.property(rubberService, "MainPID") != pid {
		g.t.Fatal("the watchdog has ended one that works")
	}
	g.signal("STOP", pid)
	g.mustSoon("the watchdog has ended it, and it runs again", again)
	if !strings.Contains(g.journal(), "Watchdog timeout") {
		g.t.Error("it was not the watchdog")
	}
	g.mustStay("hung", workers, intents)
	g.run("rm", dropIn)
}

// ownGroups: with what process.conf has in comments, each machine is in a group
// of control of its own, and the others stay where they are.
func (g *rubberGuest) ownGroups() {
	// Where the tree of groups is, on a host of any kind.
	tree := strings.TrimSpace(g.run("sh", "-c", "sed -n 's/^cgroup2 \\([^ ]*\\) .*/\\1/p' /proc/mounts"))
	if tree == "" {
		g.t.Skip("no groups of control of version 2 here")
	}
	before, intents := g.workers(), g.intents()
	g.run("sed", "-i", "s/^#\\(Delegate\\|ProtectControlGroups\\|RestrictNamespaces\\)=/\\1=/", rubberDropIns+"process.conf")
	g.run("systemctl", "daemon-reload")
	g.site(4, "cgroup: "+tree+"/system.slice/"+rubberService)
	g.run("systemctl", "restart", rubberService)
	workers := g.mustHaveAll(4)
	for _, pid := range workers {
		grouped := strings.Contains(g.run("cat", "/proc/"+pid+"/cgroup"), "/"+rubberService+"/rubber.")
		if is := slices.Contains(before, pid); grouped == is {
			g.t.Errorf("process %s: was there before %v, has a group %v", pid, is, grouped)
		}
	}
	if now := g.intents(); len(now) != 4 || slices.ContainsFunc(intents, func(i string) bool { return !slices.Contains(now, i) }) {
		g.t.Errorf("records were %q and are %q", intents, now)
	}
}

// drains: a machine that is let go is asked to end, and another takes its place.
func (g *rubberGuest) drains() {
	before, s := g.workers(), g.mustSay("it is active", func(s *rubberStatus) bool { return s.Role == "active" })
	g.run("rubber", "drain", s.Machines[0].Name, "--reason", "a test")
	g.mustSay("it has gone", func(now *rubberStatus) bool {
		return !slices.ContainsFunc(now.Machines, func(m rubberMachineStatus) bool { return m.Intent == s.Machines[0].Intent })
	})
	gone := 0
	after := g.mustHaveAll(4)
	for _, pid := range before {
		if !slices.Contains(after, pid) {
			gone++
		}
	}
	if gone != 1 {
		g.t.Errorf("one machine was let go, and %d processes of %q are not in %q", gone, before, after)
	}
}

// besideAgent: an agent on the same host is heard by rubber's engine, as a user
// of its own, since it cannot read what rubber's user keeps to itself.
func (g *rubberGuest) besideAgent(deb string) {
	g.write("/etc/perfmon/perfmon.yaml", `sinks:
  nats: {urls: ["nats://127.0.0.1:4222"], username: agent, password_file: engine.password}
`, 0o644)
	g.write("/etc/perfmon/engine.password", "a-word-of-the-guest\n", 0o600)
	g.run("dpkg", "-i", "--force-confold", deb)
	g.mustSay("the agent's host is heard", func(s *rubberStatus) bool { return len(s.Hosts) == 1 && !s.Hosts[0].Silent })
	g.run("dpkg", "--purge", "perfmon-agent")
	g.mustStay("the agent has gone", g.workers(), g.intents())
}

func (g *rubberGuest) upgrade(deb string) {
	workers, intents := g.workers(), g.intents()
	g.run("systemctl", "enable", rubberService)
	g.run("dpkg", "-i", "--force-confold", deb)
	g.mustSay("the newer version is active", func(s *rubberStatus) bool { return s.Role == "active" && s.Version == newerVersion })
	g.mustStay("upgraded", workers, intents)
}

// removeAndPutBack: without the package machines go on, and with it they are
// found again.
func (g *rubberGuest) removeAndPutBack(deb string) {
	workers, intents, config := g.workers(), g.intents(), g.run("cat", rubberConfig)
	g.run("dpkg", "--remove", rubberPackage)
	if state := g.property(rubberService, "ActiveState"); state == "active" {
		g.t.Error("removed, and it is active")
	}
	if diff := cmp.Diff(workers, g.workers()); diff != "" {
		g.t.Errorf("removed, the machines are others (-before +after):\n%s", diff)
	}
	g.run("dpkg", "-i", "--force-confold", deb)
	if got := g.run("cat", rubberConfig); got != config {
		g.t.Errorf("put back, the configuration is\n%s", got)
	}
	g.run("systemctl", "start", rubberService)
	g.mustStay("put back", workers, intents)
}

// purged: nothing of it runs, and nothing is left but what docs/rubber-package.md
// says.
func (g *rubberGuest) purged(bare map[string]string) {
	said := g.run("dpkg", "--purge", rubberPackage)
	if !strings.Contains(said, "/var/lib/perfmon-engine stays") {
		g.t.Errorf("it does not say what stays:\n%s", said)
	}
	g.mustSoon("no process of its user is there", func() bool {
		return g.run("find", "/proc", "-maxdepth", "1", "-name", "[0-9]*", "-user", "rubber") == ""
	})
	for _, path := range []string{"/etc/rubber", "/var/lib/rubber", "/run/rubber", "/usr/bin/rubber", "/usr/share/rubber"} {
		if said, err := g.try("ls", "-d", path); err == nil {
			g.t.Errorf("purged, there is left: %s", said)
		}
	}
	g.run("ls", "-d", "/var/lib/perfmon-engine/jetstream")
	g.run("rm", "-r", rubberDropIns) // the operator's
	g.run("systemctl", "daemon-reload")
	if diff := cmp.Diff(bare, g.files("/usr/lib/systemd", "/etc/systemd")); diff != "" {
		g.t.Errorf("purged, and something is left (-before +after):\n%s", diff)
	}
	if state := g.property(rubberService, "LoadState"); state != "not-found" {
		g.t.Errorf("purged, the unit is %s", state)
	}
}
