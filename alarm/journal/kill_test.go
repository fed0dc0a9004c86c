package journal

import (
	"bufio"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
)

var kills = flag.Int("kills", 50, "how often TestKill kills the writer")

// writerPath in the environment makes this test program the writer that
// TestKill kills.
const writerPath = "PERFMON_JOURNAL_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerPath); path != "" {
		if err := write(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// perCommit is how many states and events a commit of the writer has; all of
// them carry its number.
const perCommit = 20

// write commits without end, from where the journal is. It prints each number
// once its commit has returned, and "done" and a number before events up to
// that one are taken out of the queue.
func write(path string) error {
	j, err := Open(Options{Path: path, Logger: discard()})
	if err != nil {
		return err
	}
	for n := j.Sequence() + 1; ; n++ {
		b := &Batch{}
		for i := range perCommit {
			b.SetState(vm(i, "cpu_usage"), fmt.Append(nil, n))
			b.SetState(vm(i, fmt.Sprint("of ", n)), fmt.Append(nil, n))
			b.DeleteState(vm(i, fmt.Sprint("of ", n-1)))
			b.Append("xapi", event(alarm.KindRaised, n))
			b.Remember(event(alarm.KindRaised, n))
		}
		b.Set(Rows, "xapi", fmt.Append(nil, n))
		b.Set("large", "one", []byte(strings.Repeat(fmt.Sprint(n, " "), int(n%50)*100)))
		b.SetSequence(n)
		if _, err := j.Commit(b); err != nil {
			return err
		}
		fmt.Println(n)
		if n%5 == 0 {
			fmt.Println("done", n)
			for _, e := range j.Pending("xapi", 0) {
				if err := j.Done("xapi", e.Key); err != nil {
					return err
				}
			}
		}
	}
}

// TestKill kills a process that writes, at random instants. What it has seen
// committed has to be there, and the last commit wholly or not at all.
func TestKill(t *testing.T) {
	path := quickPath(t)
	var acknowledged, done int64
	epoch := ""
	for round := range *kills {
		acknowledged, done = runAndKill(t, path, acknowledged, done)
		j := open(t, path)
		if epoch == "" {
			epoch = j.Epoch()
		}
		checkWritten(t, j, acknowledged, done)
		if j.Epoch() != epoch || len(asideFiles(t, path)) > 0 {
			t.Fatalf("round %d: the file was damaged", round)
		}
		closeIt(t, j)
		if t.Failed() {
			t.Fatalf("in round %d, after commit %d", round, acknowledged)
		}
	}
	if acknowledged < int64(*kills) {
		t.Errorf("only %d commits in %d rounds", acknowledged, *kills)
	}
	t.Logf("%d commits, %d kills", acknowledged, *kills)
}

// runAndKill lets a writer run until a few commits and a random moment have
// passed. It returns the last numbers that it has printed.
func runAndKill(t *testing.T, path string, acknowledged, done int64) (int64, int64) {
	t.Helper()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), writerPath+"="+path)
	writer.Stderr = os.Stderr
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	after := 1 + rand.IntN(7)
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		text, isDone := strings.CutPrefix(lines.Text(), "done ")
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if isDone {
			done = number
		} else {
			acknowledged = number
		}
		if n == after {
			time.AfterFunc(time.Duration(rand.IntN(5000))*time.Microsecond, func() { writer.Process.Kill() })
		}
	}
	if err := writer.Wait(); err == nil || writer.ProcessState.ExitCode() != -1 {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return acknowledged, done
}

func checkWritten(t *testing.T, j *Journal, acknowledged, done int64) {
	t.Helper()
	n := j.Sequence()
	if n < acknowledged || n > acknowledged+1 {
		t.Errorf("sequence %d; %d was acknowledged", n, acknowledged)
	}
	want := map[alarm.ID]string{}
	for i := range perCommit {
		want[vm(i, "cpu_usage")] = fmt.Sprint(n)
		want[vm(i, fmt.Sprint("of ", n))] = fmt.Sprint(n)
	}
	got := map[alarm.ID]string{}
	for id, state := range j.States() {
		got[id] = string(state)
	}
	if !maps.Equal(got, want) {
		t.Errorf("the states of commit %d are %v", n, got)
	}
	if row, _ := j.Value(Rows, "xapi"); string(row) != fmt.Sprint(n) {
		t.Errorf("the row of commit %d is %s", n, row)
	}
	if large, _ := j.Value("large", "one"); string(large) != strings.Repeat(fmt.Sprint(n, " "), int(n%50)*100) {
		t.Errorf("the large value of commit %d is %.40q", n, large)
	}
	left := int64(perCommit)
	for e := range j.History() {
		if e.Sequence != n {
			t.Errorf("the history has an event of %d where one of %d should be", e.Sequence, n)
			break
		}
		if left--; left == 0 {
			left, n = perCommit, n-1
		}
	}
	if left != perCommit {
		t.Errorf("the history has %d events of commit %d", perCommit-left, n)
	}
	n = j.Sequence()
	// Events are taken out in order and one by one, so those that wait are all
	// since the first of them, and of that one's commit maybe not all.
	waiting := map[int64]int{}
	first := n + 1
	for _, e := range j.Pending("xapi", 0) {
		waiting[e.Event.Sequence]++
		first = min(first, e.Event.Sequence)
	}
	if first > done+1 || waiting[first] > perCommit {
		t.Errorf("%d events of commit %d wait, the first; the last done is %d", waiting[first], first, done)
	}
	for number := first + 1; number <= n; number++ {
		if waiting[number] != perCommit {
			t.Errorf("%d events of commit %d wait; the first is %d, the last commit %d", waiting[number], number, first, n)
		}
	}
	if len(waiting) != int(n+1-first) {
		t.Errorf("events of %d commits wait, from %d to %d", len(waiting), first, n)
	}
}
