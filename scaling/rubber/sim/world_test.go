package sim

import (
	"context"
	"testing"
	"time"

	"perfmon/scaling/rubber/plan"
	"pgregory.net/rapid"
)

// TestWorldServesEveryTaskOnce: whatever a policy does, each task is finished
// exactly once, none waits less than it must, and the cap holds.
func TestWorldServesEveryTaskOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := &Trace{Name: "drawn", Span: time.Hour}
		at := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "tasks") {
			at += time.Duration(rapid.IntRange(0, 120).Draw(t, "after")) * time.Second
			trace.Tasks = append(trace.Tasks, Task{At: at, Run: time.Duration(rapid.IntRange(0, 400).Draw(t, "run")) * time.Second,
				Queue: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "queue")})
		}
		o := Options{Cap: rapid.IntRange(2, 6).Draw(t, "cap"), Slots: rapid.IntRange(1, 3).Draw(t, "slots")}.withDefaults()
		name := rapid.SampledFrom(Policies()[1:6]).Draw(t, "policy")
		w, result := newWorld(trace, &o), Result{}
		drive(context.Background(), w, &watched{newPolicy(name, &o), t}, false, &result)
		w.measure(&result)
		work := time.Duration(0)
		for i, n := range w.served {
			work += trace.Tasks[i].Run
			if n == 1 && w.start[i] < trace.Tasks[i].At {
				t.Fatalf("task %d came at %v and began at %v", i, trace.Tasks[i].At, w.start[i])
			}
			// The ancestor lets few tasks starve, which is one of its faults.
			if n != 1 && (name != AncestorMid || n > 1) {
				t.Fatalf("task %d was served %d times by %s", i, n, name)
			}
		}
		if paid := w.paid * time.Duration(o.Slots); w.left == 0 && paid < work {
			t.Fatalf("%v of work was done in %v of slots", work, paid)
		}
		if w.killed > 0 && name != KEDARandom {
			t.Fatalf("%s killed %d tasks", name, w.killed)
		}
	})
}

// watched is a policy that is watched.
type watched struct {
	policy
	t *rapid.T
}

func (p *watched) step(w *world) {
	p.policy.step(w)
	machines := 0
	for q := range w.alive {
		machines += len(w.alive[q])
		for _, m := range w.alive[q] {
			if len(m.tasks) > w.o.Slots {
				p.t.Fatalf("%d tasks in %d slots", len(m.tasks), w.o.Slots)
			}
		}
	}
	if machines != w.total || machines > w.o.Cap {
		p.t.Fatalf("%d machines, %d counted, and the cap is %d", machines, w.total, w.o.Cap)
	}
}

// TestOneTask is a day that can be followed by hand.
func TestOneTask(t *testing.T) {
	trace := &Trace{Name: "one", Span: 10 * time.Minute, Tasks: []Task{{At: 61 * time.Second, Run: 30 * time.Second, Queue: "q"}}}
	s := plan.DefaultSettings()
	s.Patience, s.Beta, s.Lateness = 1, 0, 0
	r, err := Run(context.Background(), Options{Traces: []*Trace{trace}, Settings: s, Names: []string{Rubber, Optimum}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ours, best := r.Results[0], r.Results[1]
	// Seen at 65 s, booted at 185 s. Demand falls at 215 s, and the machine is let go when
	// for 120 s no sample of demand says that it was needed.
	if ours.Mean != 124 || ours.Starts != 1 || ours.Killed != 0 {
		t.Errorf("wait %v, %d starts, %d killed; want 124, 1, 0", ours.Mean, ours.Starts, ours.Killed)
	}
	if low, high := 270.0/3600, 295.0/3600; ours.Hours < low || ours.Hours > high {
		t.Errorf("%v machine hours, want %v to %v", ours.Hours, low, high)
	}
	if best.Hours != 30.0/3600 || best.Starts != 1 || best.Cost != 210.0/3600 {
		t.Errorf("optimum %+v", best)
	}
}
