package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// crashIntents is how many machines the rubber that crashes has, at most.
const crashIntents = 6

// crashSpec is of one of its machines. The variable is how a test finds what
// is left over, by itself.
func crashSpec(n int, nonce string) cloud.Spec {
	s := sleeper(fmt.Sprintf("i-%d", n), "crash", fmt.Sprintf("w-%d", n))
	s.Env = map[string]string{"CRASH_TEST": nonce}
	return s
}

// playController makes, lists, stops, wakes and deletes machines until it is killed.
func playController() error {
	c, err := New(Options{Dir: os.Getenv("CRASH_DIR"), Hosts: []Host{{ID: "a"}, {ID: "b"}}})
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println("begun")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // whatever becomes of the test
	defer cancel()
	errs := make(chan error)
	for range 2 { // at once
		go func() {
			for {
				n := rand.IntN(crashIntents)
				s := crashSpec(n, os.Getenv("CRASH_NONCE"))
				id := id(s.Owner, s.Intent)
				var err error
				switch rand.IntN(7) {
				case 0, 1, 2:
					_, err = c.Create(ctx, s)
				case 3:
					err = c.Delete(ctx, id)
				case 4:
					err = c.Stop(ctx, id)
				case 5:
					err = c.Wake(ctx, id, s)
				case 6:
					_, err = c.List(ctx, s.Owner)
				}
				if k := cloud.KindOf(err); err != nil && k != cloud.NotFound && !strings.Contains(err.Error(), "has been told to end") {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

// withVariable are the processes that have a variable, by the machine's
// intent.
func withVariable(t *testing.T, variable string) map[string][]int {
	t.Helper()
	all, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]int{}
	for _, s := range all {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.PID))
		if err != nil || !strings.Contains("\x00"+string(data), "\x00"+variable+"\x00") {
			continue
		}
		intent := ""
		for v := range strings.SplitSeq(string(data), "\x00") {
			if rest, ok := strings.CutPrefix(v, "RUBBER_INTENT="); ok {
				intent = rest
			}
		}
		found[intent] = append(found[intent], s.PID)
	}
	return found
}

// crash has a rubber begin, and kills it at some instant.
func crash(t *testing.T, o Options, nonce string, after time.Duration) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "PROCESS_TEST_ROLE=controller", "CRASH_DIR="+o.Dir, "CRASH_NONCE="+nonce)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	time.Sleep(after) // the instant is what the test is about
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil || said.Len() > 0 {
		t.Fatalf("the rubber that was to crash: %v, %s", err, said.String())
	}
}

func TestCrashLeavesNoOrphanAndNoDouble(t *testing.T) { testCrashes(t, 10) }

// testCrashes: after each crash every process is of a machine that is listed, no machine
// has two programs, and what had been begun can be gone on with.
func testCrashes(t *testing.T, crashes int) {
	t.Helper()
	o := Options{Dir: filepath.Join(t.TempDir(), "state"), Hosts: []Host{{ID: "a"}, {ID: "b"}}}
	nonce := fmt.Sprint(os.Getpid(), ".", time.Now().UnixNano())
	defer clear(t, o)
	started := 0
	for n := range crashes {
		crash(t, o, nonce, time.Duration(rand.Int64N(int64(25*time.Millisecond))))
		c := connect(t, o)
		checkCrash(t, c, nonce)
		if n%10 == 9 {
			started += goOn(t, c, nonce)
		}
		if t.Failed() {
			t.Fatalf("after crash %d", n+1)
		}
	}
	if started == 0 {
		t.Error("no machine was ever there: this has tested nothing")
	}
	clear(t, o)
	if left := withVariable(t, "CRASH_TEST="+nonce); len(left) > 0 {
		t.Errorf("orphans: %v", left)
	}
	for _, folder := range []string{"machines", "turn", "trash"} {
		if left, err := os.ReadDir(filepath.Join(o.Dir, folder)); len(left) > 0 || err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("left in %s: %v, %v", folder, left, err)
		}
	}
}

func checkCrash(t *testing.T, c *Cloud, nonce string) {
	t.Helper()
	list, err := c.List(t.Context(), "crash")
	if err != nil {
		t.Fatal(err)
	}
	found := withVariable(t, "CRASH_TEST="+nonce) // afterwards: one may just have come to be seen
	listed := map[string]bool{}
	for _, i := range list {
		if listed[i.Intent] {
			t.Errorf("two machines of %q", i.Intent)
		}
		listed[i.Intent] = true
		if (i.State == cloud.Halted || i.State == cloud.Failed) && len(found[i.Intent]) > 0 {
			t.Errorf("%q is %s, and its program runs", i.Intent, i.State)
		}
	}
	for intent, pids := range found {
		if len(pids) > 1 {
			t.Errorf("%q has the programs %v", intent, pids)
		}
		if !listed[intent] {
			t.Errorf("process %v of %q is an orphan; machines: %v", pids, intent, list)
		}
	}
}

// goOn has a rubber that did not crash make all machines, and says how many
// run then. Those that were about to be deleted or stopped may stay so.
func goOn(t *testing.T, c *Cloud, nonce string) (running int) {
	t.Helper()
	for n := range crashIntents {
		s := crashSpec(n, nonce)
		made, err := c.Create(t.Context(), s)
		if err == nil && made.State == cloud.Deleting {
			err = c.Delete(t.Context(), made.ID)
			if err == nil {
				made, err = c.Create(t.Context(), s)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if made.State == cloud.Running {
			running++
		}
		if made.State != cloud.Running && made.State != cloud.Halted {
			t.Errorf("%q is %s: %v", s.Intent, made.State, made.Fault)
		}
	}
	checkCrash(t, c, nonce)
	return running
}
