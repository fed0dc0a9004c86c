package celery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/work"
)

var epoch = time.Unix(1_000_000, 0)

// script plays a table: one line of words a step, and what it then knows.
//
//	at 2.5             the time, in seconds since the start
//	beat a 7 1 3       heartbeat of the worker a, process 7, one task runs, three have begun
//	online|offline a 7
//	task started|succeeded|failed a 7 [id [seconds]]
//	connected, disconnected, echo
//	slots a 4, queues a q p, counts a 1 2
//
// and "= …" compares with what List says.
func script(t *testing.T, text string) *table {
	t.Helper()
	tb := newTable(3)
	now := epoch
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		n := func(i int) (v int) {
			if i < len(f) {
				if _, err := fmt.Sscan(f[i], &v); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
			}
			return v
		}
		switch f[0] {
		case "at":
			var s float64
			if _, err := fmt.Sscan(f[1], &s); err != nil {
				t.Fatal(err)
			}
			now = epoch.Add(time.Duration(s * float64(time.Second)))
		case "beat":
			active, processed := n(3), int64(n(4))
			tb.Event(now, event{Type: "worker-heartbeat", Worker: f[1], PID: n(2), Freq: 2 * time.Second, Active: &active, Processed: &processed, Runtime: -1})
		case "online", "offline":
			tb.Event(now, event{Type: "worker-" + f[0], Worker: f[1], PID: n(2), Runtime: -1})
		case "task":
			e := event{Type: "task-" + f[1], Worker: f[2], PID: n(3), Runtime: -1}
			if len(f) > 4 {
				e.Task = f[4]
			}
			if len(f) > 5 {
				e.Runtime = time.Duration(n(5)) * time.Second
			}
			tb.Event(now, e)
		case "connected":
			tb.Connected(now)
		case "disconnected":
			tb.Disconnected()
		case "echo":
			tb.Echo(now)
		case "slots":
			tb.Slots(now, f[1], n(2), 0)
		case "queues":
			tb.Queues(now, f[1], slices.Clone(f[2:]))
		case "counts":
			active, reserved := n(2), n(3)
			tb.Counts(now, f[1], &active, &reserved)
		case "=":
			want := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "="))
			if got := show(tb, now); got != want {
				t.Errorf("after %v:\n got %s\nwant %s", now.Sub(epoch), got, want)
			}
		default:
			t.Fatalf("what is %q?", line)
		}
	}
	return tb
}

// show is what a table knows, in a line.
func show(tb *table, now time.Time) string {
	list, complete := tb.List(now)
	var out []string
	for _, w := range list {
		s := fmt.Sprintf("%s:%d", w.Name, w.PID)
		if w.Active != nil {
			s += fmt.Sprintf(" runs %d", *w.Active)
		}
		if !w.IdleSince.IsZero() {
			s += fmt.Sprintf(" idle@%v", w.IdleSince.Sub(epoch).Seconds())
		}
		if w.Slots > 0 {
			s += fmt.Sprintf(" slots %d", w.Slots)
		}
		if w.Queues != nil {
			s += fmt.Sprintf(" %v", w.Queues)
		}
		if w.Reserved != nil {
			s += fmt.Sprintf(" fetched %d", *w.Reserved)
		}
		if w.FirstSeen != epoch {
			s += fmt.Sprintf(" since %v", w.FirstSeen.Sub(epoch).Seconds())
		}
		if w.Gone {
			s += " gone"
		}
		if w.Twins {
			s += " twins"
		}
		out = append(out, s)
	}
	if complete {
		out = append(out, "complete")
	}
	return strings.Join(out, ", ")
}

// echoes are one a second, from and to in seconds.
func echoes(from, to int) string {
	var b strings.Builder
	for s := from; s <= to; s++ {
		fmt.Fprintf(&b, "at %d\necho\n", s)
	}
	return b.String()
}

func TestCompleteAfterAWindow(t *testing.T) {
	script(t, `
		=
		connected
		=
		echo
		=
	`+echoes(1, 5)+`
		=
		at 6
		echo
		= complete
		at 9
		= complete
		at 9.001
		=
		disconnected
		=
		connected
		echo
		=
	`)
}

func TestGoneAfterThreeHeartbeats(t *testing.T) {
	tb := script(t, "connected\n beat a 7 0 0\n"+echoes(1, 6)+`
		= a:7 runs 0 idle@0, complete
		at 6.001
		echo
		= a:7 runs 0 idle@0 gone, complete
		at 7
		beat a 7 0 0
		= a:7 runs 0 idle@7, complete
		at 7.5
		offline a 7
		= a:7 runs 0 idle@7 gone, complete
		at 8
		beat a 7 1 1
		= a:7 runs 1, complete
	`)
	if tb.returned != 2 {
		t.Errorf("%d returned", tb.returned)
	}
}

// Who is heard slowly is waited for longer.
func TestSlowHeartbeats(t *testing.T) {
	tb := script(t, "connected\n beat a 7 0 0\n")
	slow := event{Type: "worker-heartbeat", Worker: "a", PID: 7, Freq: 10 * time.Second, Runtime: -1}
	tb.Event(epoch, slow)
	for s := range 31 {
		now := epoch.Add(time.Duration(s) * time.Second)
		tb.Echo(now)
		if list, complete := tb.List(now); list[0].Gone || complete != (s == 30) {
			t.Errorf("after %d s: gone %t, complete %t", s, list[0].Gone, complete)
		}
	}
	tb.Echo(epoch.Add(31 * time.Second))
	if list, _ := tb.List(epoch.Add(31 * time.Second)); !list[0].Gone {
		t.Error("it is not gone after 31 s")
	}
}

// While we hear nothing, nobody falls silent, however long that is.
func TestNobodyIsSilentWhileWeAreDeaf(t *testing.T) {
	script(t, "connected\n beat a 7 0 0\n"+echoes(1, 6)+`
		at 3600
		= a:7 runs 0 idle@0
		echo
		= a:7 runs 0 idle@0
		at 3601
		beat a 7 0 0
	`+echoes(3601, 3605)+`
		= a:7 runs 0 idle@0
		at 3606
		echo
		= a:7 runs 0 idle@0, complete
	`)
	script(t, "connected\n beat a 7 0 0\n"+echoes(1, 6)+`
		disconnected
		at 3600
		= a:7 runs 0 idle@0
		connected
		echo
	`+echoes(3601, 3606)+`
		= a:7 runs 0 idle@0, complete
		at 3606.5
		echo
		= a:7 runs 0 idle@0 gone, complete
	`)
}

func TestIdle(t *testing.T) {
	script(t, `
		connected
		beat a 7 0 0
		at 2
		beat a 7 0 0
		= a:7 runs 0 idle@0
		at 4
		beat a 7 1 1
		= a:7 runs 1
		at 6
		beat a 7 0 1
		= a:7 runs 0 idle@6
		at 8
		beat a 7 0 3
		= a:7 runs 0 idle@8
		at 9
		task received a 7 x
		= a:7 runs 0
		at 10
		beat a 7 0 3
		= a:7 runs 0 idle@10
		at 11
		counts a 1 2
		= a:7 runs 0 fetched 2
		at 12
		online a 7
		= a:7 runs 0 idle@12 fetched 2
	`)
}

func TestFactsAndNewProcess(t *testing.T) {
	tb := script(t, `
		connected
		slots a 4
		queues a q
		= 
		beat a 7 0 0
		slots a 4
		queues a p q
		counts a 0 3
		= a:7 runs 0 idle@0 slots 4 [p q] fetched 3
		at 2
		online a 8
		= a:8 since 2
		beat a 8 0 0
		= a:8 runs 0 idle@2 since 2
	`)
	// The slots of a process that is no more are not those of the next.
	tb.Slots(epoch, "a", 4, 7)
	if w, _ := tb.Find("a"); w.Slots != 0 {
		t.Errorf("%+v", w)
	}
	tb.Slots(epoch, "a", 2, 8)
	if w, _ := tb.Find("a"); w.Slots != 2 {
		t.Errorf("%+v", w)
	}
}

func TestToAsk(t *testing.T) {
	tb := script(t, "connected\n beat b 7 0 0\n beat a 7 0 0\n beat c 7 0 0\n offline c 7\n")
	f := func(after time.Duration, want ...string) {
		t.Helper()
		if got := tb.ToAsk(epoch.Add(after), 30*time.Second, 5*time.Second); !slices.Equal(got, want) {
			t.Errorf("after %v: %v", after, got)
		}
	}
	f(0, "a", "b")
	f(time.Second)
	tb.Queues(epoch.Add(time.Second), "a", []string{})
	tb.Slots(epoch.Add(time.Second), "a", 1, 7)
	tb.Queues(epoch.Add(time.Second), "b", []string{"q"})
	f(5*time.Second, "b")
	f(10*time.Second, "b")
	f(31*time.Second, "a", "b")
}

// A worker that is started anew is another; two that speak in turn are twins.
func TestTwins(t *testing.T) {
	script(t, `
		connected
		beat a 7 0 5
		at 2
		beat a 8 0 0
		= a:8 runs 0 idle@2 since 2
		at 4
		beat a 8 0 0
		= a:8 runs 0 idle@2 since 2
	`)
	script(t, "connected\n"+`
		beat a 7 2 5
		at 1
		beat a 8 0 0
		= a:8 runs 0 idle@1 since 1
		at 2
		beat a 7 2 5
		= a:7 runs 2 since 1 twins
		at 3
		beat a 8 0 0
		= a:8 runs 2 since 1 twins
		at 3.5
		offline a 7
		at 5
		beat a 8 0 0
		at 7
		beat a 8 0 0
		at 9
		beat a 8 0 0
		= a:8 runs 0 idle@3 since 1 twins
		at 9.5
		beat a 8 0 0
		= a:8 runs 0 idle@3 since 1
	`)
	script(t, "connected\n"+`
		beat a 7 0 5
		at 1
		beat a 8 0 0
		at 2
		beat a 9 0 0
		= a:9 runs 0 idle@2 since 2
		at 3
		beat a 7 0 5
		= a:7 runs 0 idle@3 since 2 twins
	`)
	// The one that came later goes, and the first was there all the time.
	script(t, "connected\n"+`
		beat a 7 0 5
		at 1
		beat a 8 0 0
		at 2
		offline a 8
		at 3
		beat a 7 0 5
		= a:7 runs 0 idle@3 since 3
	`)
	// In containers all have the number 1.
	script(t, "connected\n"+`
		beat a 1 0 5
		at 2
		beat a 1 0 0
		= a:1 runs 0 idle@2 since 2
		at 3
		beat a 1 0 5
		at 4
		beat a 1 0 0
		= a:1 runs 0 idle@4 since 4 twins
	`)
}

func TestFull(t *testing.T) {
	tb := script(t, "connected\n beat a 1 0 0\n beat b 1 0 0\n beat c 1 0 0\n beat d 1 0 0\n"+`
		= a:1 runs 0 idle@0, b:1 runs 0 idle@0, c:1 runs 0 idle@0
		at 1
		offline b 1
		at 2
		beat d 1 0 0
		= a:1 runs 0 idle@0, c:1 runs 0 idle@0, d:1 runs 0 idle@2 since 2
		task started e 1 x
		offline e 1
	`)
	if tb.dropped != 1 {
		t.Errorf("%d dropped", tb.dropped)
	}
	// What is gone is forgotten in the end.
	script(t, "connected\n beat a 1 0 0\n offline a 1\n"+echoes(1, 600)+"= a:1 runs 0 idle@0 gone, complete\n"+echoes(601, 601)+"= complete\n")
}

func TestListIsTheCallers(t *testing.T) {
	tb := script(t, "connected\n beat a 7 1 1\n queues a q\n counts a 1 2\n")
	list, _ := tb.List(epoch)
	*list[0].Active, *list[0].Reserved, list[0].Queues[0] = 9, 9, "x"
	if w, _ := tb.Find("a"); *w.Active != 1 || *w.Reserved != 2 || w.Queues[0] != "q" {
		t.Errorf("%+v", w)
	}
}

func TestTaskTimes(t *testing.T) {
	f := func(text, queue, want string) {
		t.Helper()
		got := "unknown"
		if mean, ok := script(t, "connected\n beat a 7 0 0\n queues a q p\n"+text).times.Mean(queue); ok {
			got = fmt.Sprintf("%v of %d", mean.Mean, mean.Tasks)
		}
		if got != want {
			t.Errorf("%s: %s instead of %s", text, got, want)
		}
	}
	f("", "q", "unknown")
	f("task succeeded a 7 x 3\n task succeeded a 7 y 5\n", "q", "4s of 2")
	f("task succeeded a 7 x 3\n", "p", "3s of 1")
	f("task succeeded a 7 x 3\n", "other", "unknown")
	f("task started a 7 x\n at 7\n task failed a 7 x\n at 8\n task failed a 7 never\n", "q", "7s of 1")
	f("task started a 7 x\n at 7\n task retried a 7 x\n task failed a 7 x\n", "q", "7s of 1")
	f("task succeeded b 7 x 3\n", "q", "unknown")
	// Without events: two run for 6 s in all 12 s, and three end.
	f("at 2\n beat a 7 2 2\n at 4\n beat a 7 2 3\n at 6\n beat a 7 2 3\n at 8\n beat a 7 0 3\n", "q", "4s of 3")
	f("at 2\n beat a 7 1 1\n at 4\n beat a 7 1 1\n", "q", "unknown")                          // not one has ended
	f("at 2\n beat a 7 1 1\n at 60\n beat a 7 0 1\n", "q", "unknown")                         // it was not heard meanwhile
	f("at 2\n beat a 7 1 1\n at 4\n beat a 8 0 0\n", "q", "unknown")                          // another process
	f("at 2\n beat a 7 2 2\n at 4\n beat a 7 0 2\n task succeeded a 7 x 9\n", "q", "9s of 1") // events count more

	var r ratio
	r.add(1000*time.Second, 1000)
	for range 2000 {
		r.add(3*time.Second, 1)
	}
	if mean := r.busy / r.tasks; mean < 2.9 || mean > 3 || r.total != 3000 {
		t.Errorf("what was long ago still weighs: %v of %d", mean, r.total)
	}
}

// What is remembered of tasks has a limit.
func TestTaskTimesAreBounded(t *testing.T) {
	var times taskTimes
	for i := range 3 * maxStarted {
		times.Started(epoch, fmt.Sprint(i))
		times.Ended(epoch, fmt.Sprint(i-1), time.Second, []string{fmt.Sprint("q", i)})
	}
	if len(times.started) > maxStarted || len(times.order) > maxStarted || len(times.queues) > maxQueues {
		t.Errorf("%d tasks, %d in order, %d queues", len(times.started), len(times.order), len(times.queues))
	}
	times.Started(epoch, "")
	times.Ended(epoch, "", -1, []string{"q1"})
	if got, _ := times.Mean("q1"); got != (work.TaskTime{Mean: time.Second, Tasks: 1}) {
		t.Errorf("%+v", got)
	}
}
