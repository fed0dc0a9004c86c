package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

// runs runs perfmonctl and returns all that it says.
func runs(args ...string) (code int, out, complaints string) {
	var o, c bytes.Buffer
	code = run(args, strings.NewReader(""), &o, &c)
	return code, o.String(), c.String()
}

// TestQuestions: what each verb asks the agent for.
func TestQuestions(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		agent := wholeAgent()
		socket := agent.start(t)
		output(t, append(args, "--api-socket", socket)...)
		if len(agent.asked) != 1 || agent.asked[0] != want {
			t.Errorf("%q asks %q, want %q", args, agent.asked, want)
		}
	}
	f("/v1/status", "status")
	f("/v1/objects", "objects")
	f("/v1/objects?query=vm%3Aweb-07", "objects", "vm:web-07")
	f("/v1/alarms", "alarms")
	f("/v1/alarms?object=web-07&state=firing%2Cclearing", "alarms", "web-07", "--state", "firing,clearing")
	f("/v1/history?limit=50", "history")
	f("/v1/history?limit=3&object=host&variable=cpu_usage", "history", "host", "cpu_usage", "--limit", "3")
	f("/v1/history?limit=50&since=1766534400", "history", "--since", "2025-12-24T00:00:00Z")
}

// TestJSON: with --output json the answer is printed as it came.
func TestJSON(t *testing.T) {
	agent := wholeAgent()
	socket := agent.start(t)
	f := func(want any, args ...string) {
		t.Helper()
		got := output(t, append(args, "--output", "json", "--api-socket", socket)...)
		text, err := asJSON(want)
		if err != nil || got != string(text) {
			t.Errorf("%q:\n%s\nwant\n%s", args, got, text)
		}
	}
	f(healthy(), "status")
	f(someObjects(), "objects")
	f(someAlarms(), "alarms")
	f(someHistory(), "history")
	hosts := someObjects()
	hosts.Objects = hosts.Objects[:1]
	f(hosts, "objects", "--class", "host", "--alarms")
	f(refreshed{Note: "sent"}, "refresh", "--timeout", "0", "--control-socket", listener(t))
}

// TestWrongWords: each is one line, and nobody is asked.
func TestWrongWords(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		code, out, complaints := runs(args...)
		if code != verbs.ExitUsage || out != "" || !strings.HasPrefix(complaints, "perfmonctl: "+want) || strings.Count(complaints, "\n") != 1 {
			t.Errorf("%q: exit code %d, says %q%q, want %q", args, code, out, complaints, want)
		}
	}
	f(`unexpected argument "b": one OBJECT at a time`, "alarms", "a", "b")
	f(`unexpected argument "b": one OBJECT at a time`, "objects", "a", "b")
	f(`unexpected argument "c": one OBJECT and one VARIABLE`, "history", "a", "b", "c")
	f(`--state "fine": want some of inactive, pending, firing, clearing, nodata`, "alarms", "--state", "fine")
	f(`--watch shows what changes: it has neither --exit-code nor --state`, "alarms", "--watch", "--state", "firing")
	f(`--class "pool": want vm, host or sr`, "objects", "--class", "pool")
	f(`--limit 0: want 1 to 2000`, "history", "--limit", "0")
	f(`--limit 2001: want 1 to 2000`, "history", "--limit", "2001")
	for _, verb := range []string{"status", "refresh", "version", "top", "support-bundle", "takeover", "replay"} {
		f(fmt.Sprintf(`unexpected argument "x": %s takes none`, verb), verb, "x")
	}
	f(`unexpected argument "x": list takes none`, "silence", "list", "x")
	f(`--output json is for one frame: want --once`, "top", "--output", "json")
	f(`--sort "size": want one of cpu, `, "top", "--sort", "size")
	f(`--since "soon": want a length of time`, "history", "--since", "soon")
	f(`--since "2999-01-01": that time is yet to come`, "history", "--since", "2999-01-01")
	f(`--timeout -1s: want a length of time`, "refresh", "--timeout", "-1s")
	f(`--log-lines -1: want 0`, "support-bundle", "--log-lines", "-1")
	f(`for which shell? Want bash, zsh, fish`, "completion")
	f(`there is no completion for "tcsh": want bash, zsh, fish`, "completion", "tcsh")
	f(`unknown command "ad" for "perfmonctl silence": did you mean add or end?`, "silence", "ad")
	for _, verb := range []string{"status", "objects", "alarms", "history", "refresh", "version", "support-bundle", "top", "takeover"} {
		f(`--output "yaml": want table or json`, verb, "--output", "yaml")
	}
}

// TestPluginCodes: with --exit-code everything ends as a plugin does, with
// its text where a monitoring system reads it.
func TestPluginCodes(t *testing.T) {
	agent := wholeAgent()
	socket := agent.start(t)
	f := func(want int, text string, args ...string) {
		t.Helper()
		code, out, complaints := runs(append(args, "--exit-code", "--api-socket", socket)...)
		if code != want || !strings.Contains(out, text) || complaints != "" {
			t.Errorf("%q: exit code %d, says %q%q, want %d and %q", args, code, out, complaints, want, text)
		}
	}
	f(pluginFine, "is running", "status")
	f(pluginCritical, "1 critical", "alarms")
	agent.answers["/v1/status"], agent.answers["/v1/alarms"] = troubled(), &api.Variables{Head: thisHead, Row: noon}
	f(pluginCritical, "in trouble", "status")
	f(pluginFine, "no alarm at ", "alarms")
	f(pluginUnknown, `unknown flag: --what`, "alarms", "--what")
	f(pluginUnknown, `--state "x"`, "alarms", "--state", "x")
	if code, out, complaints := runs("status", "--exit-code=true", "--api-socket", socket); code != pluginCritical || out == "" || complaints != "" {
		t.Errorf("exit code %d, %q", code, complaints)
	}
	delete(agent.answers, "/v1/status")
	f(pluginUnknown, "does not know /v1/status", "status")
	socket = socketName(t)
	f(pluginUnknown, "there is no socket", "alarms")
}

// TestOtherVersions: an agent that is older does not know the path; one that
// is newer says so in its answer.
func TestOtherVersions(t *testing.T) {
	agent := &fakeAgent{answers: map[string]any{}}
	socket := agent.start(t)
	f := func(want string, args ...string) {
		t.Helper()
		wantComplaint(t, strings.Join(args, " "), verbs.ExitFailed, want, append(args, "--api-socket", socket)...)
	}
	for path, args := range map[string][]string{
		"/v1/status": {"status"}, "/v1/alarms": {"alarms"}, "/v1/history": {"history"}, "/v1/watch": {"alarms", "--watch"},
	} {
		f(fmt.Sprintf("perfmon 1.2 does not know %s, and this is perfmonctl unknown: if perfmon was updated, restart it; or use the perfmonctl that came with it", path), args...)
	}
	agent.answers["/v1/status"] = `{"api": "v2", "state": {"word": "running"}}`
	f(`perfmon 1.2 is newer: it answers in version "v2" of the API, and this is perfmonctl unknown, which knows v1: use the perfmonctl that came with it`, "status")
	agent.answers["/v1/alarms"] = someAlarms()
	agent.answers["/v1/watch"] = "event: alarm\ndata: []\n\n"
	code, out, complaints := runs("alarms", "--watch", "--output", "json", "--api-socket", socket)
	if code != verbs.ExitFailed || out != "" || !strings.HasPrefix(complaints, "perfmonctl: perfmon 1.2 is not of this version: its event is not understood: ") {
		t.Errorf("exit code %d: %s%s", code, out, complaints)
	}
}

func TestVersion(t *testing.T) {
	agent := wholeAgent()
	socket := agent.start(t)
	got := output(t, "version", "--api-socket", socket)
	if !strings.HasPrefix(got, "perfmonctl unknown\nperfmon    unknown, running since ") || strings.Count(got, "\n") != 2 {
		t.Errorf("%q", got)
	}
	other := healthy()
	other.Version = "0.9"
	agent.answers["/v1/status"] = other
	if got := output(t, "version", "--api-socket", socket); !strings.HasSuffix(got, "\nthey differ: if perfmon was updated, restart it\n") {
		t.Errorf("%q", got)
	}
	if got, want := output(t, "version", "--client"), "perfmonctl unknown\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	delete(agent.answers, "/v1/status")
	code, out, complaints := runs("version", "--api-socket", socket)
	if want := "perfmonctl unknown\nperfmon    1.2\nthey differ: if perfmon was updated, restart it\n"; code != verbs.ExitFailed || out != want || !strings.Contains(complaints, "does not know") {
		t.Errorf("exit code %d: %q %q", code, out, complaints)
	}
	code, out, _ = runs("version", "--output", "json", "--api-socket", socketName(t))
	var v versions
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != verbs.ExitFailed || v.Tool != "unknown" || v.Agent != "" || !strings.HasPrefix(v.Error, "there is no socket") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// TestWatch: what comes is shown as it comes; an agent that goes is waited
// for, and asked for what was missed.
func TestWatch(t *testing.T) {
	var asked []string
	socket := agentAt(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		if r.URL.Path == "/v1/alarms" {
			fmt.Fprintf(w, `{"api": "v1", "row": %d, "variables": []}`, noon)
			return
		}
		switch r.URL.Query().Get("last") {
		case "":
			fmt.Fprintf(w, "event: poll\ndata: {}\n\n: hello\n\nevent: alarm\nid: e/7\ndata: {\"time\": %d, \"kind\": \"raised\", \"class\": \"vm\", \"name_label\": \"web\", \"variable\": \"cpu_usage\", \"value\": 0.95, \"level\": 0.9, \"sense\": \"high\", \"severity\": \"critical\", \"inhibited\": true}\n\n", noon)
		case "e/7":
			fmt.Fprintf(w, "event: alarm\nid: e/8\ndata: {\"time\": %d, \"kind\": \"cleared\", \"class\": \"vm\", \"uuid\": \"5c2b\", \"variable\": \"cpu_usage\", \"value\": null, \"level\": 0.9, \"sense\": \"high\", \"severity\": \"critical\", \"reason\": \"gone\"}\n\n", noon)
		default:
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"error": "there is no object \"web\" on this host"}`)
		}
	})
	code, out, complaints := runs("alarms", "web", "--watch", "--api-socket", socket)
	when := times{Now: time.Now()}
	want := fmt.Sprintf("no alarm at %s\n\n%[2]s  raised    critical  vm web  cpu_usage  0.95 > 0.9  (inhibited)\n%[2]s  cleared   critical  vm 5c2b  cpu_usage  – > 0.9  (the object has gone)\n", when.At(noon), when.Clock(noon))
	if code != verbs.ExitProblem || out != want || complaints != "perfmonctl: perfmon has gone; it is waited for\nperfmonctl: perfmon has gone; it is waited for\nperfmonctl: there is no object \"web\" on this host\n" {
		t.Errorf("exit code %d:\n%s%swant\n%s", code, out, complaints, want)
	}
	if want := []string{"/v1/watch?object=web&overview=false", "/v1/alarms?object=web", "/v1/watch?last=e%2F7&object=web&overview=false", "/v1/watch?last=e%2F8&object=web&overview=false"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

// TestWatchJSON: each event is a line, as it came.
func TestWatchJSON(t *testing.T) {
	agent := wholeAgent()
	agent.answers["/v1/watch"] = "event: poll\ndata: {}\n\nevent: alarm\nid: 1\ndata: {\"kind\":\"raised\"}\n\nevent: alarm\nid: 2\ndata: {\"kind\":\"cleared\"}\n\nevent: alarm\nid: 3\ndata: []\n\n"
	code, out, _ := runs("alarms", "--watch", "--output", "json", "--api-socket", agent.start(t))
	if want := "{\"kind\":\"raised\"}\n{\"kind\":\"cleared\"}\n"; out != want || code != verbs.ExitFailed {
		t.Errorf("exit code %d: %s, want %s", code, out, want)
	}
}

func TestSinceTime(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f := func(text string, want time.Time) {
		t.Helper()
		if got, err := sinceTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	f("2h", now.Add(-2*time.Hour))
	f("3d", now.AddDate(0, 0, -3))
	f("1w", now.AddDate(0, 0, -7))
	f("08:00", now.Add(-4*time.Hour))
	f("18:00", now.Add(-18*time.Hour))
	f("2026-11-20", now.AddDate(0, 0, -2).Add(-12*time.Hour))
	f("2026-11-20T10:00:00+01:00", time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))
}
