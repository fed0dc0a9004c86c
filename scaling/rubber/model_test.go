package rubber

import (
	"errors"

	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// truth is one machine as it really is, for a model that knows more than the
// record does: what is seen of it may be missing, late or lost.
type truth struct {
	t   *rapid.T
	now time.Time
	l   Limits
	m   life

	// The machine.
	made    int // machines that the cloud has made for it
	there   bool
	state   cloud.State
	stopped bool // its guest shuts down as soon as its worker has nothing to do

	// Its worker.
	pid      int
	alive    bool
	listens  bool
	tasks    int
	shutdown bool
	restarts bool // something starts it again
	misnamed bool // its name does not lead to the machine
	silent   bool // nothing of it arrives
	known    int  // PID of the process that has been heard
	born     time.Time

	cloudAway, brokerAway bool
	began                 time.Time // when the last complete list began
	seen                  *cloud.Instance
	pending               order
	killed                bool
}

func newTruth(t *rapid.T) *truth {
	l := DefaultLimits()
	l.Lost = -1 // what nobody hears for hours is deleted at last; here it must not be
	x := &truth{t: t, now: caseBegin, l: l, restarts: rapid.Bool().Draw(t, "restarts"), misnamed: rapid.IntRange(0, 3).Draw(t, "misnamed") == 0}
	x.m.Record = Record{Version: recordVersion, Intent: "i", Profile: "q", Queue: "q", Cloud: "c", Name: "m", Created: x.now}
	x.m.enter(plan.Requested, x.now, x.l)
	return x
}

// settle lets happen what happens by itself.
func (x *truth) settle() {
	if x.there && x.state == cloud.Deleting {
		x.there = false
	}
	if x.alive && x.tasks == 0 && x.shutdown {
		x.alive, x.shutdown = false, false
		if x.restarts && !x.stopped {
			x.boot()
		}
	}
	if x.there && x.stopped && x.tasks == 0 {
		x.alive, x.state = false, cloud.Halted
	}
	if !x.there || x.state != cloud.Running {
		if x.alive && x.tasks > 0 {
			x.killed = true
		}
		x.alive, x.tasks = false, 0
	}
}

func (x *truth) boot() {
	x.pid++
	x.alive, x.listens, x.shutdown, x.silent, x.born = true, true, false, false, x.now
}

// sight is what can be seen now.
func (x *truth) sight() *sight {
	s := &sight{now: x.now, heard: !x.brokerAway}
	if x.alive && x.misnamed && !x.brokerAway {
		one := stray{name: "w@fixed", since: x.born}
		if !x.silent && x.tasks == 0 {
			one.idle = x.now
		}
		s.strays = append(s.strays, one)
		return x.seeing(s)
	}
	if x.alive && !x.silent && !x.brokerAway {
		w := work.Worker{Name: "w@m", Host: "m", PID: x.pid, Queues: []string{}}
		if x.listens {
			w.Queues = []string{"q"}
		}
		s.workers = append(s.workers, w)
	}
	return x.seeing(s)
}

// seeing adds what the cloud says.
func (x *truth) seeing(s *sight) *sight {
	if !x.cloudAway && x.began.After(x.m.changed) {
		s.listed, s.began, s.instance = true, x.began, x.seen
	}
	return s
}

// list is a list of the cloud.
func (x *truth) list() {
	if x.cloudAway {
		return
	}
	x.began, x.seen = x.now, nil
	if x.there {
		x.seen = &cloud.Instance{ID: "id", Intent: "i", State: x.state}
		if x.state == cloud.Failed {
			x.seen.Fault = &cloud.Error{Kind: cloud.Capacity, Op: "create"}
		}
	}
	x.m.listedIn(x.seen, x.began)
}

// advance moves the machine on, by what the controller would do.
func (x *truth) advance() {
	if x.pending.verb != orderNothing || x.m.State == Gone {
		return
	}
	s := x.sight()
	if len(s.workers)+len(s.strays) > 0 {
		x.known = x.pid
	}
	x.pending, _ = x.m.advance(s, x.l)
	if x.pending.verb == orderDelete && x.alive && x.tasks > 0 && !x.m.Forced {
		x.t.Fatalf("a machine with %d tasks is to be deleted (silent %v, heard %d of %d, broker away %v, cloud says %v): %+v", x.tasks, x.silent, x.known, x.pid, x.brokerAway, s.says(), x.m.Record)
	}
}

// carryOut does what was ordered, and may lose the answer.
func (x *truth) carryOut(does, answers bool) {
	o := x.pending
	if o.verb == orderNothing {
		return
	}
	x.pending = order{}
	r := result{order: o, ended: x.now}
	reached := o.toCloud() && !x.cloudAway || !o.toCloud() && !x.brokerAway && x.alive && !x.silent && x.pid == o.pid
	if does && reached {
		x.do(o, &r)
	}
	if !does || !reached || !answers {
		r = result{order: o, ended: x.now, err: errors.New("no answer")}
	}
	x.m.take(r, x.l)
}

func (x *truth) do(o order, r *result) {
	switch o.verb {
	case orderCreate:
		if !x.there {
			x.there, x.state = true, cloud.Building
			x.made++
		}
		r.instance.ID = "id"
	case orderStop:
		if x.there && x.state == cloud.Running {
			x.stopped = true
		}
	case orderDelete:
		x.state = cloud.Deleting
	case orderPark:
		if x.there && x.state == cloud.Running {
			x.state = cloud.Halted
		}
	case orderWake:
		if x.there && x.state == cloud.Halted {
			x.state, x.stopped = cloud.Running, false
		}
	case orderCancel:
		x.listens = x.listens && o.queue != "q"
	case orderAdd:
		x.listens = true
	case orderLoad:
		r.load.Active = x.tasks
	case orderShutdown:
		x.shutdown = true
	}
	x.settle()
}

// TestLifeModel lets a machine live through whatever may happen, in any order:
// a busy worker is never deleted, and when nothing is in the way any more a
// machine that is to go is gone.
func TestLifeModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newTruth(t)
		x.settle()
		for range rapid.IntRange(20, 200).Draw(t, "steps") {
			x.happen(rapid.SampledFrom([]string{
				"time", "time", "time", "long", "list", "list", "list", "carry out", "carry out", "carry out", "lose answer", "fail", "run", "boot", "boot", "task", "task", "task ends",
				"silent", "heard", "cloud away", "cloud back", "broker away", "broker back", "restart", "drain", "drain", "resume", "rest", "park", "wake", "fault", "crash of worker",
			}).Draw(t, "what"))
			x.settle()
			x.advance()
			x.invariants()
		}
		x.finish()
	})
}

func (x *truth) happen(what string) {
	switch what {
	case "time":
		x.now = x.now.Add(time.Duration(rapid.IntRange(1, 20).Draw(x.t, "seconds")) * time.Second)
	case "long":
		x.now = x.now.Add(time.Duration(rapid.IntRange(1, 20).Draw(x.t, "minutes")) * time.Minute)
	case "list":
		x.now = x.now.Add(time.Millisecond)
		x.list()
	case "carry out":
		x.carryOut(true, true)
	case "lose answer":
		x.carryOut(true, false)
	case "fail":
		x.carryOut(false, false)
	case "run":
		if x.there && x.state == cloud.Building {
			x.state = cloud.Running
		}
	case "boot":
		// Not in the instant between the word to delete or park it and its end: nobody can
		// know of that one.
		if x.there && x.state == cloud.Running && !x.alive && !x.stopped && x.pending.verb != orderDelete && x.pending.verb != orderPark {
			x.boot()
		}
	case "task":
		if x.alive && x.listens && !x.shutdown && !x.brokerAway {
			x.tasks++
		}
	case "task ends":
		x.tasks = max(0, x.tasks-1)
	case "silent":
		x.silent = x.alive && x.known == x.pid // who was never heard is no worker to anybody
	case "heard":
		x.silent = false
	case "crash of worker":
		if x.alive && x.tasks == 0 {
			x.alive, x.shutdown = false, false
		}
	case "cloud away", "cloud back":
		x.cloudAway = what == "cloud away"
	case "broker away", "broker back":
		x.brokerAway = what == "broker away"
	case "restart":
		x.restart()
	case "drain", "resume", "rest", "park", "wake":
		x.m.ask(&plan.Line{Action: plan.Action(what)}, "a test", x.now, x.l)
	case "fault":
		if x.there && x.state == cloud.Building {
			x.state = cloud.Failed
		}
	}
}

// restart is a SIGKILL of rubber: what is in the record is all that is left.
func (x *truth) restart() {
	b, err := x.m.encode()
	if err != nil {
		x.t.Fatal(err)
	}
	if x.m.State == Gone {
		return
	}
	r, err := decodeRecord(recordKey("i"), b)
	if err != nil {
		x.t.Fatal(err)
	}
	x.m, x.pending, x.began, x.seen = revived(*r, x.now, x.l), order{}, time.Time{}, nil
}

func (x *truth) invariants() {
	if x.killed {
		x.t.Fatalf("tasks were killed: %+v", x.m.Record)
	}
	if x.made > 1 {
		x.t.Fatalf("%d machines were made", x.made)
	}
	if x.m.State == Gone && x.there {
		x.t.Fatalf("the record is gone and the machine is there, %s: %+v", x.state, x.m.Record)
	}
	for w, queues := range x.m.Cancelled {
		if len(queues) == 0 || !slices.Contains(queues, "q") {
			x.t.Fatalf("worker %s was told to leave %v", w, queues)
		}
	}
}

// finish takes everything out of the way, has the machine go, and waits.
func (x *truth) finish() {
	x.cloudAway, x.brokerAway, x.silent = false, false, false

	for i := 0; x.m.State != Gone; i++ {
		if i > 5000 {
			x.t.Fatalf("it is still there, %s, worker %v with %d tasks: %+v", x.state, x.alive, x.tasks, x.m.Record)
		}
		if i%50 == 0 {
			x.m.ask(&plan.Line{Action: plan.Drain}, "the end", x.now, x.l)
			if x.m.State == plan.Warm {
				x.m.ask(&plan.Line{Action: plan.Delete}, "the end", x.now, x.l)
			}
		}
		x.now = x.now.Add(5 * time.Second)
		x.tasks = 0
		x.happen("run")
		x.settle()
		x.list()
		x.advance()
		x.carryOut(true, true)
		x.settle()
		x.invariants()
	}
	if x.there {
		x.t.Fatalf("the machine is there: %s", x.state)
	}
}
