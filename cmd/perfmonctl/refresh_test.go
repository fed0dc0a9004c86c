package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
	"perfmon/monitor/control"
)

var sockets atomic.Int64

// commands is a command socket, and what it hears.
func commands(t *testing.T) (name string, heard chan control.Command) {
	t.Helper()
	name = fmt.Sprintf("@perfmonctl-refresh-%d-%d", os.Getpid(), sockets.Add(1))
	s, err := control.Listen(name, control.Options{})
	if err != nil {
		t.Fatal(err)
	}
	heard = make(chan control.Command, 10)
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		_ = s.Run(ctx, func(c control.Command) { heard <- c })
	}()
	t.Cleanup(func() { cancel(); <-ended; s.Close() })
	return name, heard
}

func listener(t *testing.T) string {
	name, _ := commands(t)
	return name
}

// TestRefresh: it is sent when somebody looks on, and done with the next poll.
func TestRefresh(t *testing.T) {
	name, heard := commands(t)
	answer := `{"api": "v1", "state": "running", "now": 1795338005}`
	socket := agentAt(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "event: poll\ndata: {\"now\": 1}\n\n")
		w.(http.Flusher).Flush()
		if c := <-heard; c != control.Refresh {
			t.Errorf("heard %q", c)
		}
		fmt.Fprintf(w, "event: silence\ndata: {}\n\nevent: poll\ndata: %s\n\n", answer)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	got := output(t, "refresh", "--api-socket", socket, "--control-socket", name, "--output", "json")
	if want := "{\n  \"polled\": 1795338005,\n  \"state\": \"running\"\n}\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	answer = `{"api": "v1", "state": "trouble", "trouble": "unreachable", "now": 1795338005}`
	if got := output(t, "refresh", "--api-socket", socket, "--control-socket", name); !strings.HasPrefix(got, "refreshed at ") || !strings.HasSuffix(got, ", but no rows came: unreachable\n") {
		t.Errorf("%q", got)
	}
}

// TestInterrupted: who breaks it off has sent nothing, and is told nothing.
func TestInterrupted(t *testing.T) {
	name, heard := commands(t)
	socket := agentAt(t, func(_ http.ResponseWriter, r *http.Request) {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	})
	for _, args := range [][]string{{"refresh", "--control-socket", name}, {"top", "--once"}, {"top", "--once", "--output", "json"}} {
		if code, out, complaints := runs(append(args, "--api-socket", socket)...); code != verbs.ExitInterrupted || out+complaints != "" {
			t.Errorf("%q: exit code %d, says %q%q", args, code, out, complaints)
		}
	}
	if code, _, complaints := runs("alarms", "--watch", "--api-socket", socket); code != verbs.ExitOK || complaints != "" {
		t.Errorf("watching: exit code %d, says %q", code, complaints)
	}
	if len(heard) > 0 {
		t.Error("a command was sent")
	}
}

func TestRefreshTroubles(t *testing.T) {
	name, heard := commands(t)
	f := func(code int, want string, serve http.HandlerFunc, control string) {
		t.Helper()
		socket := socketName(t)
		if serve != nil {
			socket = agentAt(t, serve)
		}
		got, out, complaints := runs("refresh", "--api-socket", socket, "--control-socket", control, "--timeout", "200ms")
		if says := out + complaints; got != code || !strings.HasPrefix(says, want) {
			t.Errorf("exit code %d, says %q, want %d, %q", got, says, code, want)
		}
	}
	poll := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "event: poll\ndata: {}\n\n") }
	hangs := func(w http.ResponseWriter, r *http.Request) {
		poll(w, r)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	nonsense := func(w http.ResponseWriter, r *http.Request) {
		poll(w, r)
		fmt.Fprint(w, "event: poll\ndata: []\n\n")
	}
	f(verbs.ExitOK, "sent; nobody can say when it is done: there is no socket ", nil, name)
	f(verbs.ExitFailed, "perfmonctl: nobody listens on @nobody-at-all: is perfmon running?", nil, "@nobody-at-all")
	f(verbs.ExitFailed, "perfmonctl: nobody listens on @nobody-at-all: is perfmon running?", hangs, "@nobody-at-all")
	f(verbs.ExitFailed, "perfmonctl: sent, but no poll was done within 200ms: perfmonctl status may say why", hangs, name)
	f(verbs.ExitFailed, "perfmonctl: sent, but the agent has hung up: ", poll, name)
	f(verbs.ExitFailed, "perfmonctl: the agent is not of this version: its event is not understood: ", nonsense, name)
	newer := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(api.VersionHeader, "3.0")
		fmt.Fprint(w, "event: poll\ndata: {\"api\": \"v2\"}\n\n")
	}
	f(verbs.ExitOK, `sent; nobody can say when it is done: perfmon 3.0 is newer: it answers in version "v2" of the API, `, newer, name)
	f(verbs.ExitOK, "sent; nobody can say when it is done: EOF", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, name)
	dumb := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	f(verbs.ExitFailed, "perfmonctl: sent, but perfmon does not answer on ", dumb, name)
	f(verbs.ExitFailed, "perfmonctl: nobody listens on @nobody-at-all: is perfmon running?", dumb, "@nobody-at-all")
	for range 7 { // as many as were sent
		<-heard
	}
	if len(heard) > 0 {
		t.Error("more commands were sent")
	}
	f(verbs.ExitFailed, `perfmonctl: command socket name "perfmon": want an abstract name`, nil, "perfmon")
}
