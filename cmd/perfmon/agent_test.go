package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// limit is how long a test waits for what has to come.
const limit = 5 * time.Minute

// endingLimit is how long a process may take to end when told to. The contract
// says 5 s; a machine that is busy with other tests needs more for the same, and
// still less than the 30 s after which an answer is given up that does not come.
const endingLimit = 25 * time.Second

// site is what one instance of the agent has for itself.
type site struct {
	t      *testing.T
	dir    string // short, since sockets are in it
	socket string // for commands
	base   []string
	env    []string
}

var sites atomic.Int64

// newSite makes a site without a toolstack.
func newSite(t *testing.T) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "perfmon")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &site{t: t, dir: dir, socket: fmt.Sprintf("@perfmon-test-%d-%d", os.Getpid(), sites.Add(1))}
	s.base = []string{
		"--state-dir", s.path("state"), "--pid-file", s.path("pid"), "--control-socket", s.socket, "--api-socket", s.path("api"),
		"--triggers", s.path("triggers"), "--inventory-file", s.path("inventory"),
		"--xapi-socket", s.path("xcp/xapi"), "--rrdd-socket", s.path("xcp/xcp-rrdd"), "--xapi-http", "127.0.0.1:1",
		"--web.listen-address", "127.0.0.1:0",
	}
	s.env = []string{asProgram + "=1", "GORACE=atexit_sleep_ms=0"} // the detector of races would end a second late
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// write makes a file of the site, all at once.
func (s *site) write(name, text string) {
	s.t.Helper()
	path := s.path(name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path+".new", []byte(text), 0o644)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// command is perfmon at this site, with more flags; the last one of a name
// counts.
func (s *site) command(flags ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append(append([]string{}, s.base...), flags...)...)
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch name { // what a service manager above the tests may have set
		case "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "JOURNAL_STREAM", daemonEnv:
		default:
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, s.env...)
	return cmd
}

// ends runs a command that is expected to end by itself. It returns what it
// says on stdout and stderr together.
func (s *site) ends(cmd *exec.Cmd, want int) string {
	s.t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		s.t.Errorf("exit code %d, want %d:\n%s", got, want, out)
	}
	return string(out)
}

// agent is a running instance.
type agent struct {
	*site
	cmd    *exec.Cmd
	stderr *os.File
	ended  chan struct{} // its log is at its end

	// mu guards everything that follows.
	mu      sync.Mutex
	lines   []string
	arrived chan struct{} // closed with the next line
}

// start runs an instance until the test ends, at the latest.
func (s *site) start(flags ...string) *agent {
	s.t.Helper()
	return s.run(s.command(flags...))
}

func (s *site) run(cmd *exec.Cmd) *agent {
	s.t.Helper()
	ours, theirs, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stderr = theirs
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		ours.Close()
		s.t.Fatal(err)
	}
	a := &agent{site: s, cmd: cmd, stderr: ours, ended: make(chan struct{}), arrived: make(chan struct{})}
	go a.read()
	s.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() // an error if the test has waited already
		ours.Close()
		<-a.ended
		if s.t.Failed() {
			s.t.Logf("log of %s:\n%s", s.socket, strings.Join(a.log(), "\n"))
		}
	})
	return a
}

// read takes the log down.
func (a *agent) read() {
	defer close(a.ended)
	for lines := bufio.NewScanner(a.stderr); lines.Scan(); {
		a.mu.Lock()
		a.lines = append(a.lines, lines.Text())
		close(a.arrived)
		a.arrived = make(chan struct{})
		a.mu.Unlock()
	}
}

// log is what the instance has logged so far.
func (a *agent) log() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.lines...)
}

// logged counts the lines that match.
func (a *agent) logged(pattern string) int {
	n := 0
	for _, line := range a.log() {
		if regexp.MustCompile(pattern).MatchString(line) {
			n++
		}
	}
	return n
}

// waitLog waits for n lines that match, and returns the last.
func (a *agent) waitLog(n int, pattern string) string {
	a.t.Helper()
	re := regexp.MustCompile(pattern)
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		a.mu.Lock()
		lines, arrived := a.lines, a.arrived
		a.mu.Unlock()
		found := 0
		for _, line := range lines {
			if re.MatchString(line) {
				if found++; found == n {
					return line
				}
			}
		}
		select {
		case <-arrived:
		case <-a.ended:
			if len(a.log()) > len(lines) {
				continue // the last lines came with the end
			}
			a.t.Fatalf("the log ended after %d of %d lines %q", found, n, pattern)
		case <-timeout.C:
			a.t.Fatalf("%d of %d lines %q in the log", found, n, pattern)
		}
	}
}

// address is where the web port listens.
func (a *agent) address() string {
	a.t.Helper()
	_, rest, _ := strings.Cut(a.waitLog(1, "PERFMON: Listening on"), "address=")
	return strings.Fields(rest)[0]
}

// page is the metrics page.
func (a *agent) page() string {
	a.t.Helper()
	resp, err := webClient(a.t).Get("http://" + a.address() + "/metrics")
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		a.t.Fatalf("metrics page: %s: %v\n%s", resp.Status, err, body)
	}
	return string(body)
}

// waitPage waits until some line of the page matches, from its beginning.
func (a *agent) waitPage(pattern string) {
	a.t.Helper()
	re := regexp.MustCompile("(?m)^" + pattern)
	deadline := time.Now().Add(limit)
	for {
		page := a.page()
		if re.MatchString(page) {
			return
		}
		if time.Now().After(deadline) {
			own := regexp.MustCompile("(?m)^(perfmon|xen)_.*\n").FindAllString(page, -1)
			a.t.Fatalf("no line %q on the page:\n%s", pattern, strings.Join(own, ""))
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// waitPoll waits until another good poll has ended.
func (a *agent) waitPoll() {
	a.t.Helper()
	const good = `perfmon_polls_total{result="ok"}`
	before := a.value(good)
	for deadline := time.Now().Add(limit); a.value(good) == before; time.Sleep(30 * time.Millisecond) {
		if time.Now().After(deadline) {
			a.t.Fatalf("no poll after the %s before", before)
		}
	}
}

// value is what stands on the page behind a series, "" if it is not there.
func (a *agent) value(series string) string {
	a.t.Helper()
	for line := range strings.Lines(a.page()) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// stop tells the instance to end, and fails the test if it does not do so in
// time and well.
func (a *agent) stop(how os.Signal) {
	a.t.Helper()
	if err := a.cmd.Process.Signal(how); err != nil {
		a.t.Fatal(err)
	}
	a.wait(endingLimit, exitOK)
}

// kill ends the instance at once, and waits until it has gone.
func (a *agent) kill() {
	a.t.Helper()
	if err := a.cmd.Process.Kill(); err != nil {
		a.t.Fatal(err)
	}
	<-a.ended
	a.cmd.Wait()
}

// wait waits for the end.
func (a *agent) wait(limit time.Duration, want int) {
	a.t.Helper()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	began := time.Now()
	select {
	case <-a.ended:
	case <-timeout.C:
		a.cmd.Process.Signal(syscall.SIGQUIT) // for the goroutines, in the log
		a.t.Fatalf("still there after %v", limit)
	}
	a.cmd.Wait()
	a.t.Logf("ended after %v", time.Since(began))
	if got := a.cmd.ProcessState.ExitCode(); got != want {
		a.t.Errorf("exit code %d, want %d", got, want)
	}
	if _, err := os.Stat(a.path("pid")); !errors.Is(err, os.ErrNotExist) {
		a.t.Errorf("the pid file is left: %v", err)
	}
}

// webClient keeps no connections.
func webClient(t *testing.T) *http.Client {
	t.Helper()
	return &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}
}
