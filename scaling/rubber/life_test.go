package rubber

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// lifeCase is a file of testdata/life: what is seen of one machine, and what is
// made of it. A line is
//
//	<time since the beginning>  <what is new> => <state> [<order>]
//
// and what is new is any of
//
//	cloud=building|running|halted|suspended|deleting|failed:<kind>   what its list says, and goes on saying
//	cloud=absent      complete lists do not have it
//	cloud=away        there is no list
//	cloud=old         the list of before is the last one: it says nothing of what is since
//	worker=<pid>:<tasks>,…   who is heard: workers of several processes, with what they have to do
//	worker=-          nobody is heard
//	stray=busy|idle|-        a worker of another name, which may be its, and has something to do or from now on not
//	broker=away, broker=back
//	plan=drain|park|rest|resume|wake|delete, operator=force|drain
//	cloud-refuses=<reason>  no machine of its kind can be had
//	ok, fail:<kind>   what came of the order before
//	restart           rubber was killed and started: what it knew besides the record is lost
//
// The order to load is answered with what the worker has to do. Lines without
// "=>" expect nothing.
type lifeCase struct {
	t       *testing.T
	m       life
	s       sight
	begin   time.Time
	inst    *cloud.Instance
	absent  bool
	away    bool
	old     bool
	pending order
	tasks   map[int]int
	limits  Limits
}

var caseBegin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestLife(t *testing.T) {
	files, err := filepath.Glob("testdata/life/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			c := newLifeCase(t)
			lines := bufio.NewScanner(f)
			for n := 1; lines.Scan(); n++ {
				text, _, _ := strings.Cut(lines.Text(), "#")
				if strings.TrimSpace(text) == "" {
					continue
				}
				if got, want := c.line(text); want != "" && got != want {
					t.Errorf("%s:%d: %s\n got %s", file, n, lines.Text(), got)
				}
			}
		})
	}
}

func newLifeCase(t *testing.T) *lifeCase {
	c := &lifeCase{t: t, begin: caseBegin, tasks: map[int]int{}, limits: DefaultLimits(), absent: true}
	c.m.Record = Record{Version: recordVersion, Intent: "i", Profile: "q", Queue: "q", Cloud: "c", Name: "m", Created: c.begin}
	c.m.enter(plan.Requested, c.begin, c.limits)
	c.s.heard = true
	return c
}

// line does one line and returns what came of it, and what was to come.
func (c *lifeCase) line(text string) (got, want string) {
	seen, want, _ := strings.Cut(text, "=>")
	words := strings.Fields(seen)
	since, err := time.ParseDuration(words[0])
	if err != nil {
		c.t.Fatalf("%q: %v", text, err)
	}
	c.s.now = c.begin.Add(since)
	for _, word := range words[1:] {
		c.word(word)
	}
	if !c.away && !c.old {
		c.s.began = c.s.now
		inst := c.inst
		if c.absent {
			inst = nil
		}
		c.m.listedIn(inst, c.s.now)
	}
	c.s.listed, c.s.instance = !c.away && c.s.now.After(c.m.changed), nil
	if c.s.listed && !c.absent {
		c.s.instance = c.inst
	}
	if c.pending.verb == orderNothing && c.m.State != Gone {
		c.pending, _ = c.m.advance(&c.s, c.limits)
	}
	got = string(c.m.State)
	if c.pending.verb != orderNothing {
		got += " " + string(c.pending.verb)
	}
	return got, strings.Join(strings.Fields(want), " ")
}

func (c *lifeCase) word(word string) {
	key, value, _ := strings.Cut(word, "=")
	switch {
	case key == "cloud":
		c.cloud(value)
	case key == "worker":
		c.workers(value)
	case key == "stray":
		c.s.strays = nil
		switch value {
		case "busy":
			c.s.strays = []stray{{name: "w@fixed", since: c.s.now}}
		case "idle":
			c.s.strays = []stray{{name: "w@fixed", since: c.s.now, idle: c.s.now}}
		}
	case key == "broker":
		c.s.heard = value == "back"
		if !c.s.heard {
			c.s.workers = nil
		}
	case key == "cloud-refuses":
		c.s.refused = value
	case key == "plan":
		c.m.ask(&plan.Line{Action: plan.Action(value)}, "a test", c.s.now, c.limits)
	case word == "operator=force":
		c.m.Forced, c.m.Ending = true, "a test"
		c.m.enter(plan.Deleting, c.s.now, c.limits)
	case word == "operator=drain":
		c.m.Release = &Release{Asked: c.s.now, By: byOperator, Then: ThenDelete}
		c.m.enter(plan.Draining, c.s.now, c.limits)
	case word == "ok":
		c.answer(nil)
	case strings.HasPrefix(word, "fail:"):
		c.answer(&cloud.Error{Kind: kindNamed(c.t, word[5:]), Op: "x", Err: errors.New("a test")})
	case word == "restart":
		c.restart()
	default:
		c.t.Fatalf("unknown word %q", word)
	}
}

func (c *lifeCase) restart() {
	b, err := c.m.encode()
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := decodeRecord(recordKey("i"), b)
	if err != nil {
		c.t.Fatal(err)
	}
	c.m, c.pending = revived(*r, c.s.now, c.limits), order{}
}

func (c *lifeCase) answer(err error) {
	r := result{order: c.pending, err: err, ended: c.s.now}
	r.instance.ID = "id-1"
	r.load.Active = c.tasks[c.pending.pid]
	c.m.take(r, c.limits)
	c.pending = order{}
}

func (c *lifeCase) cloud(value string) {
	state, kind, _ := strings.Cut(value, ":")
	if c.old = state == "old"; c.old {
		return
	}
	c.away, c.absent = state == "away", state == "absent"
	if c.away || c.absent {
		return
	}
	c.inst = &cloud.Instance{ID: "id-1"}
	for s := cloud.Unknown; s <= cloud.Failed; s++ {
		if s.String() == state {
			c.inst.State = s
		}
	}
	if c.inst.State == cloud.Failed {
		c.inst.Fault = &cloud.Error{Kind: kindNamed(c.t, kind), Op: "create", Err: errors.New("a test")}
	}
}

func (c *lifeCase) workers(value string) {
	c.s.workers = nil
	if value == "-" {
		return
	}
	for i, one := range strings.Split(value, ",") {
		pid, tasks, _ := strings.Cut(one, ":")
		n, err := strconv.Atoi(pid)
		if err != nil {
			c.t.Fatal(err)
		}
		c.tasks[n], err = strconv.Atoi(tasks)
		if err != nil {
			c.t.Fatal(err)
		}
		c.s.workers = append(c.s.workers, work.Worker{Name: fmt.Sprintf("w%d@m", i), Host: "m", PID: n})
	}
}

func kindNamed(t *testing.T, name string) cloud.Kind {
	for _, k := range cloud.Kinds() {
		if k.String() == name {
			return k
		}
	}
	t.Fatalf("no kind %q", name)
	return 0
}
