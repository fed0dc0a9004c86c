package httpjson

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/work"
)

var epoch = time.Unix(1_000_000, 0)

// describe is a table in a line: who is there, and whether those are all.
func describe(tb *table, now time.Time) string {
	var all []string
	for _, w := range tb.All() {
		queues := "?"
		if w.Queues != nil {
			queues = strings.Join(w.Queues, ",")
		}
		out := fmt.Sprintf("%s/%d %s %s+%s of %d", w.Name, w.PID, queues, shown(w.Active), shown(w.Reserved), w.Slots)
		if !w.IdleSince.IsZero() {
			out += fmt.Sprintf(" idle %v", now.Sub(w.IdleSince))
		}
		if w.Twins {
			out += " twins"
		}
		if w.Gone {
			out += " gone"
		}
		all = append(all, out)
	}
	if !tb.whole {
		all = append(all, "and who knows")
	}
	return strings.Join(all, "; ")
}

// script plays a table, a step a line.
//
//	at 2.5         the time, in seconds since the start
//	all, some      a list comes, complete or not; then its entries, with ; between:
//	               a/7 q 1+2 3 118 0.5: the worker a, process 7, of queue q, with 1 active and 2 reserved, 3 slots, 118 begun, heard 0.5 s ago;
//	               ? is not said, and what is not there neither, but heard 0 s ago
//	nonsense       the same as some, and one entry makes no sense
//	away           no answer comes
//	left a q       the worker has left a queue that it was told to leave
//	ended a        the worker was told to end
//
// and "= …" compares with describe.
func script(t *testing.T, text string) *table {
	t.Helper()
	tb := newTable(3)
	now := epoch
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "":
		case "at":
			var s float64
			if _, err := fmt.Sscan(rest, &s); err != nil {
				t.Fatal(err)
			}
			now = epoch.Add(time.Duration(s * float64(time.Second)))
		case "all", "some", "nonsense":
			l := listing{complete: verb != "some", silence: defaultSilence}
			if verb == "nonsense" {
				l.bad = 1
			}
			for one := range strings.SplitSeq(rest, ";") {
				if one = strings.TrimSpace(one); one != "" {
					l.workers = append(l.workers, scripted(t, one))
				}
			}
			tb.List(now, now, l)
		case "away":
			tb.Failed()
		case "left":
			name, queue, _ := strings.Cut(rest, " ")
			tb.workers[name].left = append(tb.workers[name].left, queue)
		case "ended":
			tb.workers[rest].ended = true
		case "=":
			if got := describe(tb, now); got != rest {
				t.Errorf("at %v: %s\nwant    %s", now.Sub(epoch), got, rest)
			}
		default:
			t.Fatalf("%q", line)
		}
	}
	return tb
}

func scripted(t *testing.T, one string) entry {
	t.Helper()
	f := append(strings.Fields(one), make([]string, 6)...)
	name, process, _ := strings.Cut(f[0], "/")
	e := entry{name: name}
	number := func(s string) *int {
		if s == "" || s == "?" {
			return nil
		}
		var n int
		if _, err := fmt.Sscan(s, &n); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		return &n
	}
	e.process = *number(process)
	if f[1] != "" && f[1] != "?" {
		e.queues = strings.Split(f[1], ",")
	}
	if f[1] == "-" {
		e.queues = []string{}
	}
	active, reserved, _ := strings.Cut(f[2], "+")
	e.active, e.reserved = number(active), number(reserved)
	if n := number(f[3]); n != nil {
		e.slots = *n
	}
	if n := number(f[4]); n != nil {
		begun := int64(*n)
		e.begun = &begun
	}
	if f[5] != "" {
		var s float64
		if _, err := fmt.Sscan(f[5], &s); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		e.seen = time.Duration(s * float64(time.Second))
	}
	return e
}

func TestWhoIsThere(t *testing.T) {
	f := func(name, text string) {
		t.Helper()
		t.Run(name, func(t *testing.T) { t.Helper(); script(t, text) })
	}
	f("what is not said is not known", `
		= and who knows
		all a/7
		= a/7 ? ?+? of 0
		some a/7 q 1+2 3
		= a/7 q 1+2 of 3; and who knows
		all a/7
		= a/7 ? ?+? of 0`)
	f("nobody is there", `
		all
		=
		away
		= and who knows`)
	f("idle", `
		all a/7 q 0+0 2 5
		= a/7 q 0+0 of 2 idle 0s
		at 3
		all a/7 q 0+0 2 5
		= a/7 q 0+0 of 2 idle 3s
		at 4
		all a/7 q 1+0 2 6
		= a/7 q 1+0 of 2
		at 5
		all a/7 q 0+0 2 6
		at 6
		= a/7 q 0+0 of 2 idle 1s
		all a/7 q 0+0 2 7
		= a/7 q 0+0 of 2 idle 0s
		at 7
		all a/7 q ?+0 2 7
		= a/7 q ?+0 of 2`)
	f("silent by the server's word", `
		all a/7 q 0+0 1 1 10; b/1
		= a/7 q 0+0 of 1 idle 0s; b/1 ? ?+? of 0
		at 1
		all a/7 q 0+0 1 1 11; b/1
		= a/7 q 0+0 of 1 idle 1s gone; b/1 ? ?+? of 0
		at 20
		all a/7 q 0+0 1 1 0; b/1
		= a/7 q 0+0 of 1 idle 0s; b/1 ? ?+? of 0`)
	f("not in the list, and nobody told it to end", `
		all a/7 q; b/1
		at 10
		all b/1
		= a/7 q ?+? of 0; b/1 ? ?+? of 0; and who knows
		at 10.1
		all b/1
		= a/7 q ?+? of 0 gone; b/1 ? ?+? of 0`)
	f("not in the list, and told to end", `
		all a/7 q
		ended a
		= a/7 q ?+? of 0
		all
		= a/7 q ?+? of 0 gone`)
	f("not in a list that is not complete", `
		all a/7 q
		ended a
		at 60
		some
		= a/7 q ?+? of 0; and who knows
		nonsense
		= a/7 q ?+? of 0; and who knows`)
	f("not in the list of a server that was away, and forgot", `
		all a/7 q
		at 1
		away
		at 60
		all
		= a/7 q ?+? of 0; and who knows
		at 65
		all a/7 q
		= a/7 q ?+? of 0
		at 66
		away
		at 99
		all
		at 110
		all
		= a/7 q ?+? of 0 gone`)
	f("gone ones are forgotten", `
		all a/7
		ended a
		all
		at 600
		all
		= a/7 ? ?+? of 0 gone
		at 601
		all
		=`)
	f("started anew", `
		all a/7 q 1+1 2 9
		left a q
		at 1
		all a/8 q 0+0 2 0
		= a/8 q 0+0 of 2 idle 0s
		at 2
		all a/8 q 0+0 2 0
		= a/8 q 0+0 of 2 idle 1s`)
	f("it takes again what it has left: somebody has forgotten what it was told", `
		all a/7 p,q 0+0
		left a q
		at 1
		all a/7 p 0+0
		= a/7 p 0+0 of 0 idle 1s
		all a/7 p,q 0+0
		= a/9007199254740999 p,q 0+0 of 0 idle 0s
		at 2
		all a/7 p,q 0+0
		= a/9007199254740999 p,q 0+0 of 0 idle 1s`)
	f("it has begun less than before", `
		all a/7 q 0+0 1 9
		at 1
		all a/7 q 0+0 1 2
		= a/9007199254740999 q 0+0 of 1 idle 0s`)
	f("two of one name", `
		all a/7 q 0+0 2 9; a/8 p 3+1 4 3
		= a/7 q,p 3+1 of 2 twins
		at 1
		all a/7 q 0+0 2 9 0.5; a/8 p 3+1 4 3 0.1
		= a/7 p,q 3+1 of 2 twins
		all a/7 q 0+0 2 9; a/8 p 3
		= a/7 q,p 3+? of 2 twins
		all a/7 q 0+0 2 9; a/8 p ?
		= a/7 q,p ?+? of 2 twins
		all a/7 q 0+0 2 9; a/8 p 0+0 2 9 10.5
		= a/7 q 0+0 of 2 idle 0s
		all a/7 q 0+0 2 9 11; a/8 p 0+0 2 9 0
		= a/8 p 0+0 of 2 idle 0s`)
	f("more than there is room for", `
		all a/1; b/1; c/1
		at 1
		all a/1; b/1; c/1; d/1
		= a/1 ? ?+? of 0; b/1 ? ?+? of 0; c/1 ? ?+? of 0; and who knows
		ended b
		all a/1; c/1
		all a/1; c/1; d/1
		= a/1 ? ?+? of 0; c/1 ? ?+? of 0; d/1 ? ?+? of 0`)
}

func TestTimes(t *testing.T) {
	tb := script(t, `
		at 5
		all a@vm-a/7 q 0+0 1 1 2`)
	w := tb.All()[0]
	if w.Host != "vm-a" || !w.FirstSeen.Equal(epoch.Add(3*time.Second)) || !w.LastSeen.Equal(w.FirstSeen) || w.Processed != 1 {
		t.Errorf("%+v", w)
	}
	*w.Active, w.Queues[0] = 9, "mine"
	if got := tb.All()[0]; *got.Active != 0 || got.Queues[0] != "q" {
		t.Error("what is given away is shared")
	}
}

func TestTaskTimes(t *testing.T) {
	f := func(text, queue string, want work.TaskTime) {
		t.Helper()
		got, ok := script(t, text).times.mean(queue)
		if got != want || ok != (want != work.TaskTime{}) {
			t.Errorf("%s%s: %v, %v", text, queue, got, ok)
		}
	}
	text := `
		all a/7 p,q 0+0 2 0
		at 1
		all a/7 p,q 2+0 2 2
		at 4
		all a/7 p,q 1+0 2 2
		at 7
		all a/7 p,q 0+0 2 3
		`
	f(text, "q", work.TaskTime{Mean: 3 * time.Second, Tasks: 3})
	f(text, "p", work.TaskTime{Mean: 3 * time.Second, Tasks: 3})
	f(text, "r", work.TaskTime{})
	f(`
		all a/7 q 2+0 2 2
		away
		at 60
		all a/7 q 0+0 2 2`, "q", work.TaskTime{}) // nobody knows when they ended
	f(`
		all a/7 q 2+0 2
		at 1
		all a/7 q 0+0 2`, "q", work.TaskTime{})
	f(`
		all a/7 q 2+0 2 2
		at 1
		all a/8 q 0+0 2 2`, "q", work.TaskTime{})
}
