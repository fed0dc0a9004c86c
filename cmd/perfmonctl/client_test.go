package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"perfmon/cmd/internal/verbs"
)

// agentAt is a server in the agent's place, on a socket that it returns.
func agentAt(t *testing.T, handler http.HandlerFunc) (socket string) {
	t.Helper()
	socket = socketName(t)
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return socket
}

func socketName(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl") // short, for the address of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// wantComplaint runs perfmonctl and compares what it complains of.
func wantComplaint(t *testing.T, question string, code int, want string, args ...string) {
	t.Helper()
	var out, complaints bytes.Buffer
	got := run(args, strings.NewReader(""), &out, &complaints)
	if got != code || complaints.String() != "perfmonctl: "+want+"\n" || out.Len() > 0 {
		t.Errorf("%s: exit code %d, says\n%s%swant %d and\nperfmonctl: %s", question, got, &complaints, &out, code, want)
	}
}

// TestRefusals: what the agent refuses is said in its words, with what could
// have been meant.
func TestRefusals(t *testing.T) {
	f := func(question string, status int, body string, code int, want string) {
		t.Helper()
		socket := agentAt(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Server", "perfmon/0.9")
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
		wantComplaint(t, question, code, want, "explain", "--api-socket", socket, "web")
	}
	f("no such object", 404, `{"error": "there is no object \"web\"", "fix": "name one that it has", "known": ["vm:1 a", "vm:2 b"]}`, verbs.ExitProblem,
		"there is no object \"web\": name one that it has\n  vm:1 a\n  vm:2 b")
	var known []string
	for i := range 13 {
		known = append(known, fmt.Sprintf("%q", fmt.Sprint("vm:", i)))
	}
	f("many", 409, `{"error": "\"web\" can be 13 objects", "known": [`+strings.Join(known, ",")+`]}`, verbs.ExitProblem,
		"\"web\" can be 13 objects\n  vm:0\n  vm:1\n  vm:2\n  vm:3\n  vm:4\n  vm:5\n  vm:6\n  vm:7\n  vm:8\n  vm:9\n  and 3 more")
	f("a loop that hangs", 503, `{"error": "the loop does not answer", "fix": "ask again"}`, verbs.ExitFailed, "the loop does not answer: ask again")
	f("escape sequences", 404, `{"error": "no \u001b[2J\u009b2J"}`, verbs.ExitProblem, "no \ufffd[2J\ufffd2J")
	f("another version", 404, "404 page not found", verbs.ExitFailed, `perfmon/0.9 is not of this version: it answers "/v1/explain" with 404 Not Found: use the perfmonctl that came with it`)
	f("another answer", 200, `{"variables": 7}`, verbs.ExitFailed,
		"perfmon/0.9 is not of this version: its answer is not understood: json: cannot unmarshal number into Go struct field ExplainedAll.variables of type []*monitor.Explanation: use the perfmonctl that came with it")
}

func TestAnotherAnswerForOneVariable(t *testing.T) {
	socket := agentAt(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") })
	wantComplaint(t, "nothing in it", verbs.ExitFailed, "the agent is not of this version: its answer is empty: use the perfmonctl that came with it", "explain", "--api-socket", socket, "web", "cpu")
}

// TestNoAgent: each way in which nobody answers has its own way out.
func TestNoAgent(t *testing.T) {
	socket := socketName(t)
	wantComplaint(t, "no socket", verbs.ExitFailed, "there is no socket "+socket+": is perfmon running? If it has its socket elsewhere, name it with --api-socket",
		"silence", "list", "--api-socket", socket)

	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	wantComplaint(t, "a dead agent", verbs.ExitFailed, "nobody listens on "+socket+": is perfmon running? Its last run did not end well; its log should say why",
		"config", "--effective", "--api-socket", socket, "host")

	file := socketName(t)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantComplaint(t, "a file", verbs.ExitFailed, "nobody listens on "+file+": is perfmon running? Its last run did not end well; its log should say why",
		"explain", "--api-socket", file, "host")

	hangsUp := socketName(t)
	l, err = net.ListenUnix("unix", &net.UnixAddr{Name: hangsUp, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	defer func() { l.Close(); <-ended }()
	want := "perfmon has hung up: it may have ended just now; ask again"
	if os.Geteuid() != 0 {
		want = "perfmon has hung up: it answers root and its own user alone: run perfmonctl as root"
	}
	wantComplaint(t, "an agent that hangs up", verbs.ExitFailed, want, "explain", "--api-socket", hangsUp, "host")
}

// TestUnreachable: the errors that a test cannot have from the kernel.
func TestUnreachable(t *testing.T) {
	a := &agentFlags{socket: "/s"}
	f := func(err error, want string) {
		t.Helper()
		if got := a.client().Unreachable(fmt.Errorf("get: %w", err)).Error(); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	f(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)}, "/s: permission denied: run perfmonctl as root")
	f(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EPROTOTYPE)}, "/s is not the agent's socket: name it with --api-socket")
	f(context.DeadlineExceeded, "perfmon does not answer on /s within 10s: its log should say why")
	f(syscall.EIO, "ask perfmon: get: input/output error")
}

// TestAnswerThatCannotBeWritten: as with every other output.
func TestAnswerThatCannotBeWritten(t *testing.T) {
	socket := agentAt(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"silences": []}`) })
	for _, format := range []string{"table", "json"} {
		var complaints bytes.Buffer
		code := run([]string{"silence", "list", "--api-socket", socket, "--output", format}, strings.NewReader(""), full{}, &complaints)
		if want := "perfmonctl: write output: no space left on device\n"; code != verbs.ExitFailed || complaints.String() != want {
			t.Errorf("%s: exit code %d, says %q", format, code, &complaints)
		}
	}
}

// TestEndOfASilenceByItsBeginning: only where one can be meant.
func TestEndOfASilenceByItsBeginning(t *testing.T) {
	var ended []string
	socket := agentAt(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			ended = append(ended, r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprintf(w, `{"silences": [
			{"id": "abc1", "matchers": ["class=vm"], "reason": "one", "author": "kim", "created": 0, "ends": 4102444800},
			{"id": "abd2", "matchers": ["class=sr"], "reason": "two", "author": "kim", "created": 0, "ends": 4102444800}]}`)
	})
	if got, want := output(t, "silence", "end", "--api-socket", socket, "abc"), "silence abc1 is ended (class=vm: one)\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := output(t, "silence", "end", "--api-socket", socket, "abd2", "--output", "json"); !strings.Contains(got, `"ended": {`) || !strings.Contains(got, `"id": "abd2"`) {
		t.Errorf("%q", got)
	}
	var out, complaints bytes.Buffer
	code := run([]string{"silence", "end", "--api-socket", socket, "ab"}, strings.NewReader(""), &out, &complaints)
	if says := complaints.String(); code != verbs.ExitProblem || !strings.Contains(says, `2 silences have an id that begins with "ab": say which`) || !strings.Contains(says, "abd2") {
		t.Errorf("exit code %d: %s", code, says)
	}
	if len(ended) != 2 || ended[0] != "/v1/silences/abc1" || ended[1] != "/v1/silences/abd2" {
		t.Errorf("ended: %q", ended)
	}
}
