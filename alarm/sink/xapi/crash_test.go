package xapi

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"perfmon/alarm"
	"perfmon/alarm/journal"
	"perfmon/alarm/outbox"
	"perfmon/xapi"
)

// This test kills the agent at any instant that makes a difference: around
// every call, and around every write. What has been committed to the journal
// is what the next agent finds.

// fate is what becomes of one call or write.
type fate string

const (
	fine        fate = "fine"
	notDone     fate = "not done"     // the request never arrives
	lostReply   fate = "lost reply"   // it is carried out, and nobody hears of it
	hangs       fate = "hangs"        // as that, and the caller gives up in the end
	late        fate = "late"         // as that, and it is carried out when the caller has given up
	slave       fate = "slave"        // the toolstack has moved
	nullRef     fate = "null"         // the toolstack says that it could not
	dieBefore   fate = "die before"   // the agent is killed before
	dieAfter    fate = "die after"    // and after
	dieThenDone fate = "die, then do" // it is killed, and the toolstack carries the request out a moment later
)

// moment is less than what a lookup waits.
const moment = settleFor - 100*time.Millisecond

// script is what happens in a run.
type script struct {
	ahead  time.Duration // of the toolstack's clock
	clear  Clear
	limit  int
	batch  int
	steps  []step
	fates  []fate // of calls
	writes []fate // of notes
}

// step is an event, and how long before it nothing else happens.
type step struct {
	pause time.Duration
	event *alarm.Event
}

func drawScript(rt *rapid.T) script {
	s := script{
		ahead: time.Duration(rapid.IntRange(-55, 55).Draw(rt, "clock ahead by minutes")) * time.Minute,
		clear: rapid.SampledFrom([]Clear{ClearNone, ClearMessage, ClearDestroy}).Draw(rt, "clear"),
		limit: rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(rt, "limit"),
		batch: rapid.SampledFrom([]int{1, 1, 4}).Draw(rt, "batch"),
		fates: rapid.SliceOfN(rapid.SampledFrom([]fate{
			fine, fine, fine, notDone, lostReply, lostReply, hangs, late, slave, nullRef, dieBefore, dieAfter, dieAfter, dieThenDone,
		}), 0, 20).Draw(rt, "fates"),
		writes: rapid.SliceOfN(rapid.SampledFrom([]fate{fine, fine, fine, dieBefore, dieAfter}), 0, 12).Draw(rt, "writes"),
	}
	firing := map[string]bool{}
	for n := range rapid.IntRange(1, 14).Draw(rt, "events") {
		letter := rapid.SampledFrom([]string{"a", "a", "b", "c"}).Draw(rt, "alarm")
		suffix := ""
		if firing[letter] {
			suffix = rapid.SampledFrom([]string{"r", "r", "c"}).Draw(rt, "kind")
		}
		firing[letter] = suffix != "c"
		e := ev(fmt.Sprintf("%s%d%s", letter, n+1, suffix))
		e.Body = rapid.SampledFrom([]string{"value: 1.0", "value: 1.0", "value: 0.9"}).Draw(rt, "body")
		if rapid.IntRange(0, 5).Draw(rt, "warning") == 0 {
			e.Severity = alarm.Warning
		}
		pause := rapid.SampledFrom([]time.Duration{0, 0, 300 * time.Millisecond, time.Second, 20 * time.Minute, 3 * time.Hour}).Draw(rt, "pause")
		s.steps = append(s.steps, step{pause, e})
	}
	return s
}

// killed ends an agent.
type killed struct{}

// world is what outlives agents.
type world struct {
	script
	ts *fake
	j  *journal.Journal

	mu    sync.Mutex // guards fates and writes
	agent *agent
}

// agent is one life.
type agent struct {
	out  *outbox.Outbox
	stop context.CancelFunc
	done chan struct{} // closed when it has ended, or was killed
}

// next takes a fate from a list.
func (w *world) next(list *[]fate) fate {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(*list) == 0 {
		return fine
	}
	f := (*list)[0]
	*list = (*list)[1:]
	return f
}

// call is around a call of the toolstack.
func call[T any](ctx context.Context, w *world, do func() (T, error)) (none T, err error) {
	switch w.next(&w.fates) {
	case notDone:
		return none, errAway
	case lostReply:
		_, _ = do()
		return none, errAway
	case hangs:
		_, _ = do()
		<-ctx.Done()
		return none, ctx.Err()
	case late:
		time.AfterFunc(moment, func() { _, _ = do() })
		return none, errAway
	case slave:
		return none, code("HOST_IS_SLAVE")
	case nullRef:
		return none, xapi.ErrNullRef
	case dieBefore:
		panic(killed{})
	case dieAfter:
		_, _ = do()
		panic(killed{})
	case dieThenDone:
		time.AfterFunc(moment, func() { _, _ = do() })
		panic(killed{})
	}
	return do()
}

// toolstack is the fake as an agent sees it.
type toolstack struct{ w *world }

func (t toolstack) CreateMessage(ctx context.Context, m xapi.Message) (string, error) {
	return call(ctx, t.w, func() (string, error) { return t.w.ts.CreateMessage(context.Background(), m) })
}

func (t toolstack) Messages(ctx context.Context, class, uuid string, since time.Time) ([]xapi.MessageRecord, error) {
	return call(ctx, t.w, func() ([]xapi.MessageRecord, error) {
		return t.w.ts.Messages(context.Background(), class, uuid, since)
	})
}

func (t toolstack) DestroyMessage(ctx context.Context, ref string) error {
	_, err := call(ctx, t.w, func() (bool, error) { return true, t.w.ts.DestroyMessage(context.Background(), ref) })
	return err
}

// notes are the journal's as an agent sees them.
type notes struct {
	*journal.Notes
	w *world
}

func (n notes) Put(changes map[string][]byte) error {
	f := n.w.next(&n.w.writes)
	if f == dieBefore {
		panic(killed{})
	}
	err := n.Notes.Put(changes)
	if f == dieAfter {
		panic(killed{})
	}
	return err
}

// live starts an agent, unless one is alive.
func (w *world) live() error {
	if w.agent != nil {
		select {
		case <-w.agent.done:
		default:
			return nil
		}
	}
	sink, err := New(Options{
		Toolstack: toolstack{w}, Notes: notes{w.j.Notes(Name), w}, Logger: discard(), Clear: w.clear, MaxPerHour: w.limit,
	})
	if err != nil {
		return err
	}
	out, err := outbox.New(outbox.Options{Name: Name, Driver: sink, Journal: w.j, Logger: discard(), Batch: w.batch, Rand: func() float64 { return 1 }})
	if err != nil {
		return err
	}
	w.agent = begin(out)
	return nil
}

// begin runs an outbox until it is stopped or killed.
func begin(out *outbox.Outbox) *agent {
	ctx, cancel := context.WithCancel(context.Background())
	a := &agent{out, cancel, make(chan struct{})}
	go func() {
		defer close(a.done)
		defer func() {
			if p := recover(); p != nil && p != (killed{}) {
				panic(p)
			}
		}()
		out.Run(ctx)
	}()
	return a
}

// end stops the agent and waits for it.
func (w *world) end() {
	w.agent.stop()
	<-w.agent.done
}

// wait lets time pass; an agent that was killed is started again.
func (w *world) wait(d, every time.Duration) error {
	for end := time.Now().Add(d); ; time.Sleep(min(every, time.Until(end))) {
		if err := w.live(); err != nil || !time.Now().Before(end) {
			return err
		}
	}
}

// run plays a script and says what is wrong in the end.
func run(s script) error {
	j, err := journal.Open(journal.Options{Logger: discard()})
	if err != nil {
		return err
	}
	defer j.Close()
	w := &world{script: s, ts: &fake{ahead: s.ahead}, j: j}
	if err := w.live(); err != nil {
		return err
	}
	defer w.end()
	for _, step := range s.steps {
		if err := w.wait(step.pause, 10*time.Second); err != nil {
			return err
		}
		var b journal.Batch
		w.agent.out.Add(&b, step.event)
		if _, err := j.Commit(&b); err != nil {
			return err
		}
		w.agent.out.Nudge()
	}
	for n := 0; j.QueueStats(Name).Length > 0; n++ {
		if n == 1000 {
			return fmt.Errorf("%d events wait for ever", j.QueueStats(Name).Length)
		}
		if err := w.wait(time.Minute, time.Second); err != nil {
			return err
		}
	}
	if err := w.wait(3*time.Hour, time.Minute); err != nil {
		return err
	}
	w.end()
	if s.limit > 0 {
		return w.checkLimited()
	}
	return w.check()
}

// check compares the messages with what the events ask for.
func (w *world) check() error {
	made, there := map[string]int{}, map[string]int{}
	log, stored := w.ts.everything()
	for _, m := range log {
		made[m.Name+" "+m.UUID+" "+m.Body]++
	}
	for _, m := range stored {
		there[m.Name+" "+m.UUID]++
	}
	alarmed, cleared := map[string]int{}, map[string]int{}
	for _, step := range w.steps {
		e := step.event
		switch {
		case e.IsALARM():
			made["ALARM "+e.UUID+" "+e.Body]--
			alarmed[e.UUID]++
		case e.Kind == alarm.KindCleared:
			if alarmed[e.UUID] > 0 && w.clear == ClearMessage {
				made[nameCleared+" "+e.UUID+" "+clearedMessage(e).Body]--
				cleared[e.UUID]++
			}
			if w.clear != ClearDestroy {
				there["ALARM "+e.UUID] -= alarmed[e.UUID]
			}
			alarmed[e.UUID] = 0
		}
	}
	for what, n := range made {
		if n != 0 {
			return fmt.Errorf("%q was made %+d times more often than it should", what, n)
		}
	}
	for uuid := range alarmed {
		there["ALARM "+uuid] -= alarmed[uuid]
		there[nameCleared+" "+uuid] -= cleared[uuid]
	}
	for what, n := range there {
		if n != 0 {
			return fmt.Errorf("%q is there %+d times more often than it should", what, n)
		}
	}
	return nil
}

// checkLimited looks at what a limit does: no hour has more messages, and the
// summaries say how many alarms have none, each storm one.
func (w *world) checkLimited() error {
	var times []time.Time
	messages, bodies := 0, map[string]int{}
	log, _ := w.ts.everything()
	for _, m := range log {
		if m.Name == nameSummary {
			continue
		}
		times = append(times, m.at)
		if n := len(times) - 1 - w.limit; n >= 0 && m.at.Sub(times[n]) < time.Hour {
			return fmt.Errorf("%d messages within %v", w.limit+1, m.at.Sub(times[n]))
		}
		if m.Name == nameAlarm {
			messages++
			bodies[m.UUID+" "+m.Body]++
		}
	}
	alarms := 0
	for _, step := range w.steps {
		if step.event.IsALARM() {
			alarms++
			bodies[step.event.UUID+" "+step.event.Body]--
		}
	}
	for body, n := range bodies {
		if n > 0 {
			return fmt.Errorf("%q was made %+d times more often than it should", body, n)
		}
	}
	leftOut := 0
	for _, body := range w.ts.bodies(nameSummary) {
		n := 0
		fmt.Sscan(body, &n)
		leftOut += n
	}
	if messages+leftOut != alarms {
		return fmt.Errorf("%d alarms got %d messages, and %d were left out by %q", alarms, messages, leftOut, w.ts.bodies(nameSummary))
	}
	return nil
}

func TestExactlyOneMessage(t *testing.T) {
	for range 2 {
		rapid.Check(t, func(rt *rapid.T) {
			s := drawScript(rt)
			var problem error
			synctest.Test(t, func(*testing.T) { problem = run(s) })
			if problem != nil {
				rt.Fatal(problem)
			}
		})
	}
}
