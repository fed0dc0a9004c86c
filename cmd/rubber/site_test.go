//go:build integration

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm/sink/sinktest"
	"perfmon/scaling/rubber/api"
	"perfmon/scaling/rubber/cloud/process"
	"perfmon/scaling/rubber/work/worktest"
)

var (
	messages *sinktest.Rabbit
	binary   string // rubber itself
	agent    string // perfmon
)

func TestMain(m *testing.M) {
	os.Exit(worktest.Main(m, func(t testing.TB) {
		dir := t.TempDir()
		binary = filepath.Join(dir, "rubber")
		agent = filepath.Join(dir, "perfmon")
		if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", dir, ".", "../perfmon").CombinedOutput(); err != nil {
			t.Fatalf("build rubber and perfmon: %v\n%s", err, out)
		}
		messages = worktest.StartRabbit(t, "")
	}))
}

// site is a rubber with a broker, and a process cloud whose machines are Celery
// workers.
type site struct {
	*worktest.Site
	t      *testing.T
	dir    string
	config string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it has
	log    *lockedBuffer
}

// lockedBuffer is written by a process and read by its test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// setup is what sites differ in.
type setup struct {
	alarms string // the key of that name in the configuration
	hosts  string // of the cloud
	engine string // where it listens
}

// newSite makes a vhost of its own and writes a configuration: machines of two
// slots, four at most, that are let go after seconds instead of minutes.
func newSite(t *testing.T, o setup) *site {
	t.Helper()
	vhost := strings.ToLower(t.Name())
	worktest.MakeVhost(t, messages, vhost)
	s := &site{Site: worktest.NewSite(t, messages, vhost), t: t, dir: t.TempDir(), log: &lockedBuffer{}}
	args, env := s.Command(worktest.WorkerOptions{Name: "celery@{name}", Queues: []string{"jobs"}, Slots: 2, Prefetch: 1})
	command, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	var variables strings.Builder
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&variables, "      %s: %s\n", name, quoted)
	}
	s.write("password", messages.Password, 0o600)
	s.config = s.write("rubber.yaml", fmt.Sprintf(`
owner: test
max_machines: 4
brokers:
  main:
    urls: [%q]
    username: %s
    password_file: password
    management_urls: [%q]
    lag: 2s
clouds:
  here:
    driver: process
    process: {dir: machines, grace: 5s, hosts: %s}
profiles:
  jobs:
    queue: jobs
    slots: 2
    command: %s
    env:
%s
alarms: %s
engine: {dir: engine, listen: %q}
planner: {interval: 1s, start_cost: 6s, load_window: 5s, recent: 2s, down_cooldown: 0s, down_every: 2s}
limits: {settle: 1s, ask: 1s, fresh: 10s}
api: {socket: rubber.sock}
web: {listen: none}
`, messages.URL+"/"+vhost, messages.User, messages.Management, cmp.Or(o.hosts, "[localhost]"), command, variables.String(),
		cmp.Or(o.alarms, "{from: none}"), cmp.Or(o.engine, "127.0.0.1:0")), 0o600)
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(name, text string, mode os.FileMode) string {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

// start starts rubber; it is ended, and its machines are, with the test.
func (s *site) start(args ...string) {
	s.t.Helper()
	s.cmd = exec.Command(binary, append([]string{"serve", "--config", s.config}, args...)...)
	s.cmd.Dir, s.cmd.Stderr, s.cmd.Stdout = s.dir, s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, ended := s.cmd, make(chan struct{})
	s.ended = ended
	go func() {
		_ = cmd.Wait() // its end is what counts
		close(ended)
	}()
	s.t.Cleanup(s.stop)
	s.until("rubber to be active", time.Minute, func(st *api.Status) bool { return st.Role == "active" || st.Role == "dry-run" })
}

// stop ends rubber, if it has not ended already, and shows its log if the test
// has failed.
func (s *site) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.ended
	s.deleteMachines()
	if s.t.Failed() {
		s.t.Logf("log of rubber:\n%s", s.log)
	}
}

// deleteMachines ends what rubber has left, as it should.
func (s *site) deleteMachines() {
	c, err := process.New(process.Options{Dir: s.path("machines"), Grace: time.Second})
	if err != nil {
		s.t.Error(err)
		return
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	left, err := c.List(ctx, "test")
	if err != nil {
		s.t.Error(err)
	}
	for _, m := range left {
		if err := c.Delete(ctx, m.ID); err != nil {
			s.t.Error(err)
		}
	}
}

// ask asks rubber by its socket.
func (s *site) ask(method, path string, body, into any) error {
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.path("rubber.sock"))
	}}}
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, "http://rubber"+path, sent)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return json.Unmarshal(answer, into)
}

// until waits for rubber's status to be so. The limit is of a machine that does
// nothing else; one on which the workers' interpreters have to wait for their
// turn to start gets three times as much.
func (s *site) until(what string, limit time.Duration, done func(*api.Status) bool) *api.Status {
	s.t.Helper()
	limit *= 3
	var last *api.Status
	for end := time.Now().Add(limit); ; time.Sleep(200 * time.Millisecond) {
		st := &api.Status{}
		if err := s.ask("GET", "/v1/status", nil, st); err == nil {
			if last = st; done(st) {
				return st
			}
		}
		select {
		case <-s.ended:
			s.t.Fatalf("rubber has ended while %s was waited for; log:\n%s", what, s.log)
		default:
		}
		if time.Now().After(end) {
			text, _ := json.MarshalIndent(last, "", " ")
			s.t.Fatalf("waited %v for %s; status:\n%s\nlog:\n%s", limit, what, text, s.log)
		}
	}
}

// count is how many machines are in one of some states.
func inState(st *api.Status, states ...string) (n int) {
	for _, m := range st.Machines {
		for _, state := range states {
			if m.State == state {
				n++
			}
		}
	}
	return n
}
