package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/plugincode"
	"perfmon/scaling/rubber/api"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// healthy is a status with which nothing is the matter.
func healthy() *api.Status {
	waits, running, oldest, busy := 12, 3, 40.0, 2
	before := noon.Add(-time.Minute)
	return &api.Status{
		API: api.Version1, Version: "1.2", Owner: "tiles", Now: noon, At: noon.Add(-2 * time.Second), Role: "active", Since: noon.Add(-3 * time.Hour), Cap: 50, Turns: 9,
		Profiles:     []api.Profile{{Name: "tiles", Queue: "tiles", Waits: &waits, Running: &running, OldestS: &oldest, Slots: 4, Busy: 3, Want: 4, Have: 3, States: map[string]int{"ready": 2, "booting": 1}}},
		Machines:     []api.Machine{{Name: "tiles-1", Intent: "a", Profile: "tiles", State: "ready", AgeS: 60, Slots: 2, Busy: &busy, Host: "xcp-1"}},
		MachineCount: 1, MachineStates: map[string]int{"ready": 1},
		Clouds:  []api.Source{{Name: "nova", OK: true, Good: &before, Count: 3}},
		Brokers: []api.Source{{Name: "main", OK: true, Good: &before, Count: 2}},
		Hearing: []api.Hearing{{Name: "engine", Connected: true, Complete: true}},
		Engine:  &api.Engine{Where: "engine in /var/lib/perfmon-engine", Owner: true, OK: true},
	}
}

// troubled is one with every trouble at once, and names that would like to steer
// a terminal.
func troubled() *api.Status {
	s := healthy()
	s.Problem, s.Paused, s.Reason = "the store cannot be written", true, "night\x1b[2J"
	s.Engine.OK, s.Engine.Error = false, "no servers"
	s.Clouds[0] = api.Source{Name: "nova", Error: "quota: 50 of 50 instances", Fails: 3}
	s.Hearing[0] = api.Hearing{Name: "engine", Error: "no servers"}
	s.Brakes = []api.Brake{{Cloud: "nova", Profile: "tiles", Kind: "quota", Text: "50 of 50 instances", Hint: "raise the quota", Until: noon.Add(90 * time.Second)}}
	s.Strange = []api.Strange{{Cloud: "nova", Name: "tiles-9", Reason: "it has no record"}}
	s.Rivals = []api.Rival{{Cloud: "nova", Text: "cloud nova: another rubber\x1b[2J has machines there"}, {Cloud: "here", Aside: true, Text: "it is the problem"}}
	s.Unread = []string{"record machine/x is of a newer version"}
	s.StrangeCount, s.UnreadCount, s.InTrouble = 1, 1, 1
	s.Profiles[0].Waits, s.Profiles[0].Running, s.Profiles[0].OldestS, s.Profiles[0].Error, s.Profiles[0].Blocked = nil, nil, nil, "main is away", "quota"
	s.Machines[0].Overdue, s.Machines[0].Trouble, s.Machines[0].Hint = true, "its task does not end", "rubber drain tiles-1 --force"
	s.Hosts = []api.Host{{UUID: "b0cc", Name: "xcp-1", Silent: true, Bad: []string{"memory"}, Alarms: []api.Alarm{{Class: "host", Variable: "memory_free_kib"}}}}
	s.Storage = []api.Storage{{UUID: "51d0", Name: "ssd\x1b[2J", Bad: []string{"slow", "full"}, Alarms: []api.Alarm{{Class: "sr", Variable: "sr_latency", Known: true}}}, {UUID: "77aa", Name: "cold"}}
	return s
}

func TestStatusText(t *testing.T) {
	f := func(s *api.Status, want ...string) string {
		t.Helper()
		on := console.Screen{Width: 160}
		text := on.Finish(statusText(s, false, on))
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("no %q in\n%s", part, text)
			}
		}
		if strings.ContainsRune(text, '\x1b') {
			t.Errorf("a name steers the terminal:\n%q", text)
		}
		return text
	}
	fine := f(healthy(), `rubber 1.2 of "tiles" is active, for 3 h`, "turn       2 s ago; 1 of at most 50 machines", "nova: fine; 3 machines", "engine: heard",
		"tiles       12    3    40 s     3      4     4     3  1 booting, 2 ready")
	if strings.Contains(fine, "tiles-1") {
		t.Errorf("a machine without trouble is listed:\n%s", fine)
	}
	if text := f(troubled(), "rival      cloud nova: another rubber"); strings.Contains(text, "it is the problem") {
		t.Errorf("it is said twice:\n%s", text)
	}
	f(troubled(), "problem    the store cannot be written", "rubber resume ends that", "not connected, no servers", "quota: 50 of 50 instances (3 failures, no answer yet)",
		"engine: not heard, no servers", "cloud nova, profile tiles: 50 of 50 instances (quota); raise the quota; asked again in 1 min 31 s", "tiles-9 of nova: it has no record",
		"record machine/x is of a newer version", "tiles: main is away", "tiles: no machine can be had: quota", "takes too long; its task", "silent, memory", "host memory_free_kib (nobody knows)", "STORAGE", "slow, full", "sr sr_latency")
}

// However many machines there are, and however many are in trouble: a status
// fits on a screen or two, and says how many it does not list.
func TestStatusOfManyMachines(t *testing.T) {
	s := healthy()
	s.Machines = nil
	for i := range 500 { // those that rubber tells first
		s.Machines = append(s.Machines, api.Machine{Name: fmt.Sprintf("tiles-%d", i), Profile: "tiles", State: "building", Overdue: true})
	}
	s.MachineCount, s.InTrouble, s.MachineStates = 20_000, 700, map[string]int{"building": 20_000}
	for i := range 100 {
		s.Hosts = append(s.Hosts, api.Host{UUID: fmt.Sprintf("host-%d", i), Silent: true})
		s.Storage = append(s.Storage, api.Storage{UUID: fmt.Sprintf("sr-%d", i), Bad: []string{"full"}})
		s.Strange = append(s.Strange, api.Strange{Name: fmt.Sprintf("strange-%d", i)})
		s.Unread = append(s.Unread, fmt.Sprintf("unread-%d", i))
		s.Brakes = append(s.Brakes, api.Brake{Cloud: fmt.Sprintf("nova-%d", i)})
	}
	s.StrangeCount, s.UnreadCount = 300, 100
	on := console.Screen{Width: 100}
	text := on.Finish(statusText(s, false, on))
	for part, times := range map[string]int{
		"20000 of at most": 1, "tiles-19 ": 1, "tiles-20 ": 0, "and 680 more: --machines lists them": 1, "host-19 ": 1, "host-20 ": 0, "sr-19 ": 1, "sr-20 ": 0, "and 80 more: the page": 2,
		"strange-4 ": 1, "strange-5 ": 0, "and 295 more": 1, "unread-4\n": 1, "unread-5\n": 0, "and 95 more": 2,
	} {
		if got := strings.Count(text, part); got != times {
			t.Errorf("%q is there %d times, want %d:\n%s", part, got, times, text)
		}
	}
	if lines := strings.Count(text, "\n"); lines > 110 {
		t.Errorf("%d lines", lines)
	}
	all := on.Finish(statusText(s, true, on))
	if !strings.Contains(all, "tiles-499 ") || !strings.Contains(all, "and 19500 more: the page has all of them, and so has GET /v1/machines") {
		t.Errorf("not every machine that is known:\n%.3000s", all)
	}
}

func TestVerdict(t *testing.T) {
	f := func(want plugincode.Verdict, change func(s *api.Status)) {
		t.Helper()
		s := healthy()
		change(s)
		if got := verdictOf(s); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	f(plugincode.Fine, func(*api.Status) {})
	f(plugincode.Fine, func(s *api.Status) {
		s.Role, s.Problem, s.Profiles = "standby", "another instance holds the lease", nil
	})
	f(plugincode.Unknown, func(s *api.Status) { s.Role = "starting" })
	f(plugincode.Warning, func(s *api.Status) { s.Paused = true })
	f(plugincode.Warning, func(s *api.Status) { s.Machines[0].Overdue = true })
	f(plugincode.Warning, func(s *api.Status) { s.Profiles[0].Blocked = "quota" })
	f(plugincode.Warning, func(s *api.Status) { s.Clouds[0].OK = false })
	f(plugincode.Warning, func(s *api.Status) { s.Hearing[0].Connected = false })
	f(plugincode.Critical, func(s *api.Status) { s.Profiles[0].Waits = nil })
	f(plugincode.Critical, func(s *api.Status) { s.Problem = "the store cannot be written" })
	f(plugincode.Critical, func(s *api.Status) { s.Unread = []string{"x"} })
}
