package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"perfmon/cmd/internal/console"
	"perfmon/docs/docstest"
	"perfmon/scaling/rubber/api"
)

// night is a small world in which somebody has to see what is the matter: one
// broker is away, a host has an alarm, machines are ready, boot, are let go and
// have failed, and all of it is paused.
func night() *api.Status {
	n := func(v int) *int { return &v }
	f := func(v float64) *float64 { return &v }
	ago := func(d time.Duration) *time.Time { at := noon.Add(-d); return &at }
	away := `ask for queue "reports": billing: http://10.7.0.12:8080/depth: dial tcp 10.7.0.12:8080: connect: connection refused`
	failed := "it could not be made: POST /v2.1/servers: 503: The server is currently unavailable. Please try again at a later time"
	return &api.Status{
		API: api.Version1, Version: "1.2.0", Owner: "night", Now: noon, At: noon.Add(-4 * time.Second), Role: "active", Since: noon.Add(-26 * time.Hour), Cap: 20, Turns: 4711,
		Paused: true, Reason: "the network of rack 4 is being rewired until 14:00",
		Engine: &api.Engine{Where: "engine in /var/lib/perfmon-engine", Owner: true, OK: true},
		Profiles: []api.Profile{
			{Name: "mail", Queue: "mail", Broker: "jobs", Waits: n(0), Running: n(1), Slots: 2, Busy: 1, Want: 1, Have: 1, States: map[string]int{"ready": 1}},
			{Name: "reports", Queue: "reports", Broker: "billing", States: map[string]int{"resting": 1}, Have: 1, Want: 1, Slots: 1, Error: away},
			{Name: "video-transcoding-1080p", Queue: "video", Broker: "jobs", Waits: n(1370), Running: n(12), OldestS: f(5025), Slots: 12, Busy: 12, Want: 9, Have: 6,
				States: map[string]int{"requested": 1, "booting": 2, "ready": 3, "draining": 1}, Cloud: "nova", Blocked: "cloud nova, quota: 20 of 20 instances are in use; raise the quota of instances"},
		},
		MachineCount: 9, InTrouble: 2,
		Machines: []api.Machine{
			{Name: "video-transcoding-1080p-nhwogu6gu7", Profile: "video-transcoding-1080p", State: "requested", AgeS: 754, Trouble: failed, Hint: "look whether Nova is well", Tries: "tried 4 times, again in 50 s"},
			{Name: "video-transcoding-1080p-b4hm5wq2ka", Profile: "video-transcoding-1080p", State: "booting", AgeS: 1505, Overdue: true, Host: "xcp-rack4-07.example.org"},
			{Name: "video-transcoding-1080p-3onetc6oli", Profile: "video-transcoding-1080p", State: "booting", AgeS: 61, Host: "xcp-rack4-07.example.org"},
			{Name: "video-transcoding-1080p-ihsk5hbmrm", Profile: "video-transcoding-1080p", State: "draining", AgeS: 3700, Slots: 4, Busy: n(3), Host: "xcp-02", Released: "its host xcp-02 has an alarm"},
			{Name: "mail-vmtuq4zdfs", Profile: "mail", State: "ready", AgeS: 93600, Slots: 2, Busy: n(1), Host: "xcp-02", Protected: "a debugger is on it"},
			{Name: "reports-krp3c2io3s", Profile: "reports", State: "resting", AgeS: 40, Slots: 1, Host: "xcp-03"},
		},
		Clouds:  []api.Source{{Name: "nova", OK: true, Good: ago(4 * time.Second), Count: 9}},
		Brokers: []api.Source{{Name: "billing", Good: ago(25 * time.Minute), Error: away, Fails: 37}, {Name: "jobs", OK: true, Good: ago(4 * time.Second), Count: 7}},
		Hearing: []api.Hearing{{Name: "engine", Connected: true, Complete: true}},
		Brakes:  []api.Brake{{Cloud: "nova", Profile: "video-transcoding-1080p", Kind: "quota", Text: "20 of 20 instances are in use", Hint: "raise the quota of instances", Until: noon.Add(4 * time.Minute)}},
		Hosts: []api.Host{
			{UUID: "3857a1a4-2d5a-4d0e-a1c6-000000000002", Name: "xcp-02", Bad: []string{"memory"}, Alarms: []api.Alarm{{Class: "host", Variable: "memory_free_kib", Known: true}, {Class: "host", Variable: "cpu_usage"}}},
			{UUID: "54837276-2d5a-4d0e-a1c6-000000000003", Name: "xcp-rack4-07.example.org", Silent: true},
			{UUID: "70af4348-2d5a-4d0e-a1c6-000000000004", Name: "xcp-03"},
		},
		Storage: []api.Storage{{UUID: "51d0", Name: "ssd", Bad: []string{"slow"}, Alarms: []api.Alarm{{Class: "sr", Variable: "sr_latency", Known: true}}}},
	}
}

// nightPlan is what is planned then.
func nightPlan() *planned {
	n := func(v int) *int { return &v }
	f := func(v float64) *float64 { return &v }
	return &planned{
		API: api.Version1, Role: "active", Paused: true,
		Plan: &api.Plan{At: noon.Add(-4 * time.Second), Targets: []api.Target{
			{Profile: "mail", Waits: n(0), Running: n(1), Slots: 2, Want: 1, Wish: 1, Limit: 20, Have: 1, Ready: 1},
			{Profile: "reports", Slots: 1, Want: 1, Limit: 5, Have: 1, Resting: 1},
			{Profile: "video-transcoding-1080p", Waits: n(1370), Running: n(12), OldestS: f(5025), Slots: 12, Want: 9, Wish: 346, Limit: 9, Have: 6, Ready: 3, Coming: 3},
		}, Lines: []api.Line{
			{Action: "start", Profile: "video-transcoding-1080p", Count: 3, Avoid: []string{"xcp-02", "xcp-rack4-07.example.org"}, Reasons: []api.Reason{
				{Code: "demand", Text: "1370 tasks wait and 12 run, 12 can run at once, and 1322 would still wait when a machine asked for now is ready"},
			}},
			{Action: "drain", Profile: "video-transcoding-1080p", Machine: "video-transcoding-1080p-ihsk5hbmrm", Reasons: []api.Reason{{Code: "host", Text: "its host xcp-02 has an alarm"}}},
		}},
		Holds: map[string][]string{
			"mail":    {"1 needed, 1 there"},
			"reports": {"nobody knows how much work there is, so nothing is let go and nothing but the floor is asked for"},
		},
	}
}

// TestGolden: what an operator reads, on terminals of two widths, with colours
// and without. Escape is written as ␛.
func TestGolden(t *testing.T) {
	for name, text := range map[string]func(on console.Screen) string{
		"status":   func(on console.Screen) string { return statusText(night(), false, on) },
		"machines": func(on console.Screen) string { return statusText(night(), true, on) },
		"fine":     func(on console.Screen) string { return statusText(healthy(), true, on) },
		"plan":     func(on console.Screen) string { return nightPlan().textAt(noon, on) },
	} {
		for _, width := range []int{80, 120} {
			plain := console.Screen{Width: width}
			for line := range strings.Lines(plain.Finish(text(plain))) {
				if n := console.TextWidth(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: %d columns of %d: %s", name, n, width, line)
				}
			}
			colored := console.Screen{Width: width, Color: true}
			golden(t, fmt.Sprintf("%s-%d.txt", name, width), plain.Finish(text(plain)))
			golden(t, fmt.Sprintf("%s-%d-colors.txt", name, width), strings.ReplaceAll(colored.Finish(text(colored)), "\x1b", "␛"))
		}
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "text", name)
	if docstest.Updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}
