package worktest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm/sink/sinktest"
)

//go:embed tasks.py
var tasks []byte

// Site is a place from which workers run: the module of tasks, and the file
// into which tasks write what they do.
type Site struct {
	Dir       string
	BrokerURL string // with user, password and vhost

	t testing.TB
}

// NewSite makes a site for a vhost, which must exist.
func NewSite(t testing.TB, r *sinktest.Rabbit, vhost string) *Site {
	t.Helper()
	s := &Site{Dir: t.TempDir(), BrokerURL: URL(r, vhost), t: t}
	if err := os.WriteFile(filepath.Join(s.Dir, "tasks.py"), tasks, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// WorkerOptions are what a worker may be told.
type WorkerOptions struct {
	Name        string   // "worker@vm-a"
	Queues      []string // at least one
	Slots       int      // 0: 1
	Prefetch    int      // messages for each slot besides those that run, Celery's multiplier; 0: 4, as Celery's own
	AcksLate    bool     // acknowledge at the end of a task, not at its start
	Quiet       bool     // no events of tasks
	PIDFile     string   // "": none
	Environment []string // besides
}

// Command is the program, its arguments and its environment that run a
// worker, for those who start it themselves. It needs no working directory.
func (s *Site) Command(o WorkerOptions) (args, env []string) {
	args = []string{"/usr/bin/python3", "-m", "celery", "--workdir", s.Dir, "-A", "tasks", "worker", "-n", o.Name,
		"-Q", strings.Join(o.Queues, ","), "-c", strconv.Itoa(max(o.Slots, 1)), "--loglevel", "INFO"}
	if !o.Quiet {
		args = append(args, "-E")
	}
	if o.PIDFile != "" {
		args = append(args, "--pidfile", o.PIDFile)
	}
	prefetch := o.Prefetch
	if prefetch == 0 {
		prefetch = 4
	}
	late := "0"
	if o.AcksLate {
		late = "1"
	}
	env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.Dir, "LANG=C.UTF-8", "C_FORCE_ROOT=1", "PYTHONDONTWRITEBYTECODE=1",
		"WORKTEST_BROKER=" + s.BrokerURL, "WORKTEST_LOG=" + s.log(), "WORKTEST_ACKS_LATE=" + late, "WORKTEST_PREFETCH=" + strconv.Itoa(prefetch),
	}, o.Environment...)
	return args, env
}

func (s *Site) log() string { return filepath.Join(s.Dir, "done.log") }

// Worker is a Celery worker and its processes.
type Worker struct {
	Name string

	site *Site
	cmd  *exec.Cmd
	out  string // file that it prints to
	done chan struct{}
	once sync.Once
}

// StartWorker starts a worker. It returns at once; what listens to workers
// says when it is there.
func (s *Site) StartWorker(o WorkerOptions) *Worker {
	s.t.Helper()
	w := &Worker{Name: o.Name, site: s, out: filepath.Join(s.Dir, o.Name+"."+strconv.FormatInt(time.Now().UnixNano(), 36)+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(w.out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	args, env := s.Command(o)
	w.cmd = exec.Command(args[0], args[1:]...)
	w.cmd.Env, w.cmd.Dir, w.cmd.Stdout, w.cmd.Stderr = env, s.Dir, log, log
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := w.cmd.Start(); err != nil {
		s.t.Fatalf("start a Celery worker; make integration installs it: %v", err)
	}
	go func() {
		defer close(w.done)
		_ = w.cmd.Wait() // its end is what counts
	}()
	s.t.Cleanup(w.Kill)
	return w
}

// PID is of the worker's main process.
func (w *Worker) PID() int { return w.cmd.Process.Pid }

// Done is closed when the worker has ended.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Signal sends a signal to the main process: SIGTERM lets it finish.
func (w *Worker) Signal(sig syscall.Signal) { _ = w.cmd.Process.Signal(sig) }

// Kill ends all of its processes at once.
func (w *Worker) Kill() {
	w.once.Do(func() {
		_ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL)
		<-w.done
	})
}

// Output is what it has printed.
func (w *Worker) Output() string {
	text, err := os.ReadFile(w.out)
	if err != nil {
		w.site.t.Fatal(err)
	}
	return string(text)
}

// Run is one run of a task, as it wrote it down itself.
type Run struct {
	ID, Queue, Worker string
	Redelivered       bool // the broker had given the message to somebody before
	Ended             bool
}

// Runs are all runs of tasks, in the order of their starts. A task that ran
// twice is there twice.
func (s *Site) Runs() (runs []Run) {
	s.t.Helper()
	text, err := os.ReadFile(s.log())
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		f := strings.Fields(line)
		if len(f) != 6 {
			s.t.Fatalf("line %q in %s", line, s.log())
		}
		run := Run{ID: f[1], Queue: f[2], Worker: f[3], Redelivered: f[4] == "redelivered"}
		if f[0] == "start" {
			runs = append(runs, run)
			continue
		}
		for i := len(runs) - 1; ; i-- {
			if i < 0 {
				s.t.Fatalf("%q without its start in %s", line, s.log())
			}
			if r := &runs[i]; r.ID == run.ID && r.Worker == run.Worker && !r.Ended {
				r.Ended = true
				break
			}
		}
	}
	return runs
}

// Ended is how many runs have ended.
func (s *Site) Ended() (n int) {
	s.t.Helper()
	for _, r := range s.Runs() {
		if r.Ended {
			n++
		}
	}
	return n
}

// Exactly fails the test unless each task ran to its end, once, and nothing
// else ran. With redelivered the broker may have given a message to somebody
// before who did not begin it.
func (s *Site) Exactly(ids []string, redelivered bool) {
	s.t.Helper()
	runs := map[string]int{}
	for _, r := range s.Runs() {
		runs[r.ID]++
		if !r.Ended {
			s.t.Errorf("%s began on %s and did not end", r.ID, r.Worker)
		}
		if r.Redelivered && !redelivered {
			s.t.Errorf("%s was delivered to %s a second time", r.ID, r.Worker)
		}
	}
	for _, id := range ids {
		if n := runs[id]; n != 1 {
			s.t.Errorf("%s ran %d times", id, n)
		}
		delete(runs, id)
	}
	if len(runs) > 0 {
		s.t.Errorf("others ran: %v", runs)
	}
}

// Gate is a file for tasks named hold: they end when it is opened.
func (s *Site) Gate(name string) (path string, open func()) {
	path = filepath.Join(s.Dir, "gate-"+name)
	return path, func() {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}
