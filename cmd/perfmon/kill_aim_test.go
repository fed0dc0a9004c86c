//go:build integration

package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/alarm/journal"
)

// What a kill can be aimed at.
const (
	aimStart    = "start"    // some time after the start
	aimRows     = "rows"     // some time after rows have come
	aimJournal  = "journal"  // a write to the journal
	aimMessage  = "message"  // a message that is made, before its reply
	aimReply    = "reply"    // some time after a message whose reply does not come
	aimWebhook  = "webhook"  // a request that has been received, before its answer
	aimShutdown = "shutdown" // some time after SIGTERM
	aimLate     = "late"     // after some seconds, in which more rows come
)

// aim is when a life is to end: after what has happened so often, and a while.
type aim struct {
	what  string
	count int
	after time.Duration
}

func (a aim) String() string { return fmt.Sprintf("%s %d + %v", a.what, a.count, a.after) }

// drawAim draws an aim.
func (k *killing) drawAim() aim {
	while := func(least, most time.Duration) time.Duration {
		return time.Duration(float64(least) * math.Exp(k.r.Float64()*math.Log(float64(most)/float64(least))))
	}
	switch n := k.r.IntN(100); {
	case n < 25:
		return aim{aimStart, 0, while(time.Millisecond, 600*time.Millisecond)}
	case n < 45:
		return aim{aimRows, 1 + k.r.IntN(2), while(100*time.Microsecond, 500*time.Millisecond)}
	case n < 60:
		return aim{aimJournal, 1 + k.r.IntN(60), while(time.Microsecond, 3*time.Millisecond)}
	case n < 70:
		return aim{aimMessage, 1 + k.r.IntN(4), 0}
	case n < 75:
		return aim{aimReply, 1, while(time.Millisecond, time.Second)}
	case n < 80:
		return aim{aimWebhook, 1 + k.r.IntN(6), 0}
	case n < 86:
		return aim{aimShutdown, 0, while(time.Millisecond, 1500*time.Millisecond)}
	}
	return aim{aimLate, 0, 2500*time.Millisecond + while(time.Millisecond, 2500*time.Millisecond)}
}

// carryOut kills the agent of a life as it is aimed, or at the end of what a
// life may last.
func (a aim) carryOut(k *killing, w *watch) {
	defer w.kill()
	switch a.what {
	case aimStart:
		w.sleep(a.after)
	case aimShutdown:
		w.sleep(300*time.Millisecond + time.Duration(k.r.IntN(1200))*time.Millisecond)
		_ = w.cmd.Process.Signal(syscall.SIGTERM)
		w.sleep(a.after)
	case aimLate:
		for end := time.Now().Add(a.after); time.Now().Before(end); w.sleep(min(700*time.Millisecond, time.Until(end))) {
			k.more(1 + k.r.IntN(rowsALife/3))
		}
	default:
		select {
		case <-w.happened:
			w.sleep(a.after)
		case <-w.dead:
		case <-time.After(lifeLimit):
		}
	}
}

// victim is the agent that is to be killed, for those who see what it does.
type victim struct {
	mu  sync.Mutex
	now *watch // nil while there is none
}

// watch is one life of the victim.
type watch struct {
	t        *testing.T
	cmd      *exec.Cmd
	aim      aim
	happened chan struct{} // closed when what is aimed at has happened
	dead     chan struct{} // closed when the process has gone
	mu       sync.Mutex
	left     int // times that it still has to happen; guarded by mu
	notify   *os.File
	watching sync.WaitGroup
}

// begin starts an agent.
func (v *victim) begin(t *testing.T, cmd *exec.Cmd, a aim, state string) *watch {
	t.Helper()
	w := &watch{t: t, cmd: cmd, aim: a, happened: make(chan struct{}), dead: make(chan struct{}), left: a.count}
	see := func() {}
	if a.what == aimJournal {
		see = w.watchJournal(state)
	}
	v.mu.Lock() // what happens at once is seen afterwards
	defer v.mu.Unlock()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.now = w
	w.watching.Go(see)
	w.watching.Go(func() {
		_ = cmd.Wait() // how it ended is asked for later
		close(w.dead)
	})
	return w
}

// rest says that there is none.
func (v *victim) rest() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = nil
}

// sees tells that something has happened that can be aimed at, and says
// whether that has killed the agent.
func (v *victim) sees(what string) (killed bool) {
	v.mu.Lock()
	w := v.now
	v.mu.Unlock()
	return w != nil && w.sees(what)
}

func (w *watch) sees(what string) (killed bool) {
	if what == aimMessage && w.aim.what == aimReply {
		what = aimReply
	}
	w.mu.Lock()
	hit := false
	if what == w.aim.what && w.left > 0 {
		w.left--
		hit = w.left == 0
	}
	w.mu.Unlock()
	if !hit {
		return false
	}
	if w.aim.after == 0 {
		w.kill()
		<-w.dead
	}
	close(w.happened)
	return w.aim.after == 0
}

func (w *watch) kill() { _ = w.cmd.Process.Kill() } // an error if it has ended

// sleep waits, or until the process has gone.
func (w *watch) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.dead:
	}
}

// wait waits for the end, and says whether it was a kill.
func (w *watch) wait() bool {
	w.t.Helper()
	<-w.dead
	if w.notify != nil {
		w.notify.Close()
	}
	w.watching.Wait()
	status, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return true
	}
	if !w.cmd.ProcessState.Success() {
		w.t.Errorf("the agent ended by itself: %v", w.cmd.ProcessState)
	}
	return false
}

// watchJournal begins to watch the journal. What it returns sees each write
// since, until wait closes the watch.
func (w *watch) watchJournal(state string) (see func()) {
	w.t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		w.t.Fatal(err)
	}
	w.notify = os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, filepath.Join(state, journal.FileName), unix.IN_MODIFY); err != nil {
		w.t.Fatal(err)
	}
	return func() {
		for b := make([]byte, unix.SizeofInotifyEvent*64); ; {
			n, err := w.notify.Read(b)
			if err != nil {
				return
			}
			for range n / unix.SizeofInotifyEvent {
				w.sees(aimJournal)
			}
		}
	}
}

// aims lists numbers by aim.
func aims(count map[string]int) string {
	var words []string
	for _, what := range []string{aimStart, aimRows, aimJournal, aimMessage, aimReply, aimWebhook, aimShutdown, aimLate} {
		if count[what] > 0 {
			words = append(words, fmt.Sprintf("%s %d", what, count[what]))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
