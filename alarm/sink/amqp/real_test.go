//go:build integration

package amqp

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/alarm"
)

// rabbit is a RabbitMQ from the Debian package, on ports and with a port
// mapper of its own.
type rabbit struct {
	t   *testing.T
	dir string
	url string
	env []string
	cmd *exec.Cmd
}

func startRabbit(t *testing.T) *rabbit {
	t.Helper()
	r := &rabbit{t: t, dir: t.TempDir()}
	var ports []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
		l.Close()
	}
	r.url = "amqp://127.0.0.1:" + ports[0]
	for name, text := range map[string]string{"env.conf": "", "plugins": "[].\n", "rabbitmq.conf": "default_user = agent\ndefault_pass = pw\n"} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "LANG=C.UTF-8",
		"ERL_EPMD_PORT=" + ports[1], "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=perfmon@localhost", "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", "RABBITMQ_NODE_PORT=" + ports[0], "RABBITMQ_DIST_PORT=" + ports[2],
		"RABBITMQ_CONF_ENV_FILE=" + filepath.Join(r.dir, "env.conf"), "RABBITMQ_CONFIG_FILE=" + filepath.Join(r.dir, "rabbitmq"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + filepath.Join(r.dir, "plugins"),
		"RABBITMQ_MNESIA_BASE=" + filepath.Join(r.dir, "data"), "RABBITMQ_LOG_BASE=" + filepath.Join(r.dir, "logs"), "RABBITMQ_LOGS=-",
		"RUNNING_UNDER_SYSTEMD=true", // the program itself, without a shell around it
	}
	mapper := r.run("epmd", "-port", ports[1], "-address", "127.0.0.1")
	t.Cleanup(func() { r.end(mapper, syscall.SIGKILL) })
	r.start()
	t.Cleanup(func() { r.stop(syscall.SIGTERM) })
	return r
}

// run starts a program in a group of its own, which ends with the test.
func (r *rabbit) run(name string, args ...string) *exec.Cmd {
	r.t.Helper()
	log, err := os.OpenFile(filepath.Join(r.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = r.env, r.dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		r.t.Fatalf("start %s; make integration installs it: %v", name, err)
	}
	return cmd
}

// end stops a program and all that it has started.
func (r *rabbit) end(cmd *exec.Cmd, signal syscall.Signal) {
	_ = cmd.Process.Signal(signal)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-done
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

func (r *rabbit) start() {
	r.t.Helper()
	r.cmd = r.run("/usr/lib/rabbitmq/bin/rabbitmq-server")
	for range 1200 {
		c, err := amqp.Dial(strings.Replace(r.url, "//", "//agent:pw@", 1))
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(r.dir, "log"))
	r.t.Fatalf("RabbitMQ does not start:\n%s", log)
}

func (r *rabbit) stop(signal syscall.Signal) {
	if r.cmd != nil {
		r.end(r.cmd, signal)
		r.cmd = nil
	}
}

// with runs f on a connection of the test's own.
func (r *rabbit) with(f func(ch *amqp.Channel) error) {
	r.t.Helper()
	c, err := amqp.Dial(strings.Replace(r.url, "//", "//agent:pw@", 1))
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	ch, err := c.Channel()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := f(ch); err != nil {
		r.t.Fatal(err)
	}
}

// bind makes a durable queue for a pattern of routing keys.
func (r *rabbit) bind(queue, pattern string) {
	r.t.Helper()
	r.with(func(ch *amqp.Channel) error {
		if _, err := ch.QueueDeclare(queue, true, false, false, false, nil); err != nil {
			return err
		}
		return ch.QueueBind(queue, pattern, DefaultExchange, false, nil)
	})
}

// drain takes everything out of a queue, and counts the ids.
func (r *rabbit) drain(queue string) map[string]int {
	r.t.Helper()
	got := map[string]int{}
	r.with(func(ch *amqp.Channel) error {
		for {
			m, ok, err := ch.Get(queue, true)
			if err != nil || !ok {
				return err
			}
			var event struct{ ID string }
			if err := json.Unmarshal(m.Body, &event); err != nil || event.ID != m.MessageId {
				return fmt.Errorf("message %s with the event %s: %w", m.MessageId, event.ID, err)
			}
			got[m.MessageId]++
		}
	})
	return got
}

// ctl runs RabbitMQ's own tool.
func (r *rabbit) ctl(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("/usr/lib/rabbitmq/bin/rabbitmqctl", append([]string{"-q", "-n", "perfmon@localhost"}, args...)...)
	cmd.Env = r.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("rabbitmqctl %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestRealRabbit(t *testing.T) {
	r := startRabbit(t)
	s := newSink(t, Options{URLs: []string{r.url}, Username: "agent", Password: "pw"})
	deliver := func(events []*alarm.Event) {
		t.Helper()
		for tries := 0; len(events) > 0; tries++ {
			n, err := s.Deliver(t.Context(), events)
			events = events[n:]
			if err != nil && tries > 100 {
				t.Fatal(err)
			}
		}
	}
	expect := func(queue string, events []*alarm.Event, exactly bool) {
		t.Helper()
		got := r.drain(queue)
		for _, e := range events {
			if n := got[e.EventID()]; n == 0 || exactly && n != 1 {
				t.Errorf("%s has %s %d times", queue, e.EventID(), n)
			}
			delete(got, e.EventID())
		}
		if len(got) != 0 {
			t.Errorf("%s has others: %v", queue, got)
		}
	}

	// The sink makes the exchange; nobody has bound a queue, and that is fine.
	deliver(numbered(1))
	if out := r.ctl("list_exchanges", "name", "type", "durable"); !strings.Contains(out, "perfmon.alarms\ttopic\ttrue") {
		t.Fatalf("exchanges:\n%s", out)
	}

	// Queues get what they are bound to, once as long as nothing fails.
	r.bind("all", "perfmon.alarm.v1.#")
	r.bind("web", "perfmon.alarm.v1.*.vm."+vmUUID+".*")
	r.bind("other", "perfmon.alarm.v1.*.sr.#")
	r.bind("heartbeats", "perfmon.heartbeat.v1.*")
	events := numbered(250)
	deliver(events)
	expect("all", events, true)
	expect("web", events, true)
	expect("other", nil, true)

	e := raised()
	e.Kind, e.Announce = alarm.KindState, 1
	if err := s.Announce(t.Context(), []*alarm.Event{e}); err != nil {
		t.Fatal(err)
	}
	if err := s.Heartbeat(t.Context(), "perfmon.heartbeat.v1."+hostUUID, "beat", []byte(`{"id":"beat"}`)); err != nil {
		t.Fatal(err)
	}
	deliver(numbered(1)) // its confirm comes behind both
	expect("all", append(numbered(1), e), true)
	if got := r.drain("heartbeats"); got["beat"] != 1 {
		t.Errorf("heartbeats: %v", got)
	}

	// The broker is killed, and then stopped, in the middle: what it has
	// confirmed it still has when it is back, and the rest comes then.
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		events = numbered(3000)
		delivered := make(chan struct{})
		back := make(chan struct{})
		go func() {
			defer close(back)
			<-delivered
			r.stop(signal)
			r.start()
		}()
		for queue, tries := events, 0; len(queue) > 0; {
			n, err := s.Deliver(t.Context(), queue[:min(50, len(queue))])
			if queue = queue[n:]; n > 0 && len(queue) == 2500 {
				close(delivered)
			}
			if err != nil {
				if isRefused(err) || tries > 1000 {
					t.Fatal(err)
				}
				tries++
				time.Sleep(100 * time.Millisecond)
			}
		}
		<-back
		expect("all", events, false)
	}

	// Without the right to make anything, an exchange that is there will do.
	r.ctl("add_user", "poor", "pw")
	r.ctl("set_permissions", "poor", "^$", "^perfmon\\.alarms$", "^$")
	poor := newSink(t, Options{URLs: []string{r.url}, Username: "poor", Password: "pw"})
	if n, err := poor.Deliver(t.Context(), numbered(2)); n != 2 || err != nil {
		t.Errorf("may only write: %d, %v", n, err)
	}
	expect("all", numbered(2), true)
	r.ctl("set_permissions", "poor", "^$", "^$", "^$")
	again := newSink(t, Options{URLs: []string{r.url}, Username: "poor", Password: "pw"})
	if n, err := again.Deliver(t.Context(), numbered(2)); n != 0 || err == nil || isRefused(err) || !strings.Contains(err.Error(), "ACCESS_REFUSED") {
		t.Errorf("may do nothing: %d, %v", n, err)
	}

	// A broker that is out of memory takes nothing until it has some again.
	r.ctl("set_vm_memory_high_watermark", "0.00001")
	blocked := newSink(t, Options{URLs: []string{r.url}, Username: "agent", Password: "pw", Timeout: 2 * time.Second})
	events = numbered(3)
	n, err := blocked.Deliver(t.Context(), events)
	if n != 0 || err == nil || isRefused(err) {
		t.Errorf("out of memory: taken %d, %v", n, err)
	}
	r.ctl("set_vm_memory_high_watermark", "0.4")
	if n, err := blocked.Deliver(t.Context(), events); n != 3 || err != nil {
		t.Errorf("memory again: taken %d, %v", n, err)
	}
	expect("all", events, false)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	if out := r.ctl("list_connections", "user"); strings.Count(out, "agent") != 1 { // the one that was blocked is still open
		t.Errorf("connections after the close:\n%s", out)
	}
}
