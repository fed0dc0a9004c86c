package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/cmd/internal/verbs/verbstest"
	"perfmon/monitor/api"
)

// askingVerbs are all that ask the agent and can do nothing without it, each in
// the ways in which it asks. Of a verb that is new here, the test fails.
func askingVerbs(t *testing.T, control string) [][]string {
	t.Helper()
	forms := map[string][]string{
		"status":       {"status", "status --output json"},
		"objects":      {"objects", "objects web-07"},
		"alarms":       {"alarms", "alarms --watch", "alarms --watch --output json"},
		"history":      {"history", "history web-07 cpu_usage"},
		"top":          {"top --once", "top --once --output json"},
		"explain":      {"explain web-07", "explain web-07 cpu_usage"},
		"config":       {"config --effective web-07"},
		"silence add":  {"silence add class=vm --for 1h --reason x"},
		"silence list": {"silence list"},
		"silence end":  {"silence end 5f0c"},
		"refresh":      {"refresh --control-socket " + control},
		"version":      {"version"},
	}
	var list [][]string
	for _, cmd := range verbstest.Shown(newRoot()) {
		name := strings.TrimPrefix(cmd.CommandPath(), "perfmonctl ")
		if !asks(cmd) || slices.Contains([]string{"set", "unset", "support-bundle"}, name) { // they can do without
			continue
		}
		if forms[name] == nil {
			t.Errorf("%s asks the agent, and no test tries it without one", name)
		}
		for _, form := range forms[name] {
			list = append(list, strings.Fields(form))
		}
	}
	return list
}

func asks(cmd *cobra.Command) bool { return cmd.Flags().Lookup("api-socket") != nil }

// oneLine runs each of the verbs, and wants one line of complaint and the exit
// code of what could not be asked.
func oneLine(t *testing.T, socket, want string, lines [][]string) {
	t.Helper()
	for _, args := range lines {
		code, out, complaints := runs(append(slices.Clone(args), "--api-socket", socket)...)
		if args[0] == "version" {
			out = "" // its own it can say
		}
		if code != verbs.ExitFailed || out != "" || !strings.HasPrefix(complaints, "perfmonctl: ") || !strings.Contains(complaints, want) || strings.Count(complaints, "\n") != 1 {
			t.Errorf("%q: exit code %d, says\n%s%swant %q", args, code, out, complaints, want)
		}
	}
}

// withoutRefresh leaves out the verb that does its work if the agent can say
// nothing; TestRefreshTroubles has it.
func withoutRefresh(lines [][]string) [][]string {
	return slices.DeleteFunc(lines, func(args []string) bool { return args[0] == "refresh" })
}

// TestEveryVerbWithoutAnAgent: one clear line, and what to do.
func TestEveryVerbWithoutAnAgent(t *testing.T) {
	oneLine(t, socketName(t), "is perfmon running? If it has its ", withoutRefresh(askingVerbs(t, "@none")))
	oneLine(t, socketName(t), "nobody listens on @none: is perfmon running? If its ", [][]string{{"refresh", "--control-socket", "@none"}})
}

// TestEveryVerbOfAnotherVersion: an agent that is newer, one that is older, and
// what is none at all.
func TestEveryVerbOfAnotherVersion(t *testing.T) {
	lines := withoutRefresh(askingVerbs(t, "@none"))
	f := func(want string, serve http.HandlerFunc) {
		t.Helper()
		oneLine(t, agentAt(t, serve), want, lines)
	}
	f(`perfmon 3.0 is newer: it answers in version "v2" of the API, and this is perfmonctl unknown, which knows v1: use the perfmonctl that came with it`,
		func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(api.VersionHeader, "3.0")
			fmt.Fprint(w, map[bool]string{true: "event: poll\ndata: {\"api\": \"v2\"}\n\n", false: `{"api": "v2", "state": []}`}[r.URL.Path == "/v1/watch"])
		})
	f("perfmon 0.9 is not of this version: it answers ", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(api.VersionHeader, "0.9")
		http.NotFound(w, r)
	})
	f("nginx is not of this version: its answer is not understood: ", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "nginx")
		fmt.Fprint(w, "<html>")
	})
}

// TestHistoryOfNoVariable: nothing was said, or there is nothing that could
// say it.
func TestHistoryOfNoVariable(t *testing.T) {
	agent := wholeAgent()
	agent.answers["/v1/history"] = &api.History{Head: thisHead, Transitions: []api.Transition{}, Complete: true}
	socket := agent.start(t)
	wantComplaint(t, "a slip", verbs.ExitProblem, "web-07 has no variable \"cpu_usgae\", and none of that name has said anything\n  cpu_usage\n  disk_usage_of_all_disks\n  memory_free_kib\n  cpu_usage\n  cpu_usage",
		"history", "web-07", "cpu_usgae", "--api-socket", socket)
	if got := output(t, "history", "web-07", "cpu_usage", "--api-socket", socket); got != "no alarm has said anything\n" {
		t.Errorf("%q", got)
	}
	delete(agent.answers, "/v1/variables") // the object has gone
	if got := output(t, "history", "web-07", "cpu_usgae", "--api-socket", socket); got != "no alarm has said anything\n" {
		t.Errorf("%q", got)
	}
}
