package xapi

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
	"perfmon/alarm/outbox"
	"perfmon/xapi"
	"perfmon/xapi/xapitest"
)

// mortal is a toolstack whose caller is killed now and then.
type mortal struct {
	Toolstack
	mu  sync.Mutex
	rng *rand.Rand
	in  int // one call in so many kills
}

func (m *mortal) kills() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.in > 0 && m.rng.IntN(m.in) == 0
}

func (m *mortal) CreateMessage(ctx context.Context, msg xapi.Message) (string, error) {
	if m.kills() {
		panic(killed{})
	}
	ref, err := m.Toolstack.CreateMessage(ctx, msg)
	if m.kills() {
		panic(killed{})
	}
	return ref, err
}

// TestSimulatedToolstack: a real client, real sockets and a real disk, through
// everything that the simulator can do to messages.
func TestSimulatedToolstack(t *testing.T) {
	dir := t.TempDir()
	sim := xapitest.New(xapitest.Options{Dir: dir, Now: func() time.Time { return time.Now().Add(-40 * time.Minute) }})
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	objects := []alarm.ID{{Class: "host", UUID: sim.HostUUID()}}
	for n := range 5 {
		uuid := xapitest.UUID(fmt.Sprint("vm ", n))
		sim.PutVM(xapitest.VM{UUID: uuid, PowerState: "Running", ResidentOn: sim.HostUUID()})
		objects = append(objects, alarm.ID{Class: "vm", UUID: uuid})
	}
	client := xapi.New(xapi.Options{XAPISocket: sim.Addr(xapitest.XAPI), CallTimeout: 200 * time.Millisecond})
	defer client.Close(context.Background())
	j, err := journal.Open(journal.Options{Path: dir + "/journal", Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()

	w := &life{t: t, j: j, ts: &mortal{Toolstack: client, rng: rand.New(rand.NewPCG(1, 2)), in: 8}}
	w.start()
	for n, f := range []xapitest.Fault{
		{Kind: xapitest.LostAnswer}, {Kind: xapitest.Cut}, {Kind: xapitest.NullRef}, {Kind: xapitest.HangHeader},
		{Kind: xapitest.HangBody, At: 10}, {Kind: xapitest.Truncate, At: -1}, {Kind: xapitest.HTMLPage}, {Kind: xapitest.Status, Code: 500},
		{Kind: xapitest.RPCFailure, Failure: []string{"HOST_IS_SLAVE", "192.0.2.1"}}, {Kind: xapitest.RPCFailure, Failure: []string{"INTERNAL_ERROR", "x"}},
		{Kind: xapitest.RPCFailure, Failure: []string{"SESSION_INVALID", "x"}}, {Kind: xapitest.LostAnswer}, {Kind: xapitest.LostAnswer},
	} {
		f.Method, f.Skip, f.Count = "message.create", 5*n+3, 1
		sim.Install(f)
	}
	sim.Install(xapitest.Fault{Method: "message.get", Kind: xapitest.LostAnswer, Skip: 2, Count: 2})

	events := map[string]int{}
	const rounds = 12
	for n := range rounds {
		var b journal.Batch
		for _, id := range objects {
			for twice := range 1 + n%2 { // two of one alarm in one second
				e := ev(fmt.Sprintf("x%d", 2*n+twice+1))
				e.Class, e.UUID = id.Class, id.UUID
				if w.agent.out.Add(&b, e) {
					events[id.UUID]++
				}
			}
		}
		if _, err := j.Commit(&b); err != nil {
			t.Fatal(err)
		}
		switch n {
		case 4:
			if err := sim.StopToolstack(); err != nil {
				t.Fatal(err)
			}
		case 5:
			if err := sim.StartToolstack(true); err != nil {
				t.Fatal(err)
			}
		case 6:
			sim.SetEmergency()
		}
		w.agent.out.Nudge()
		w.until(func() bool { return j.QueueStats(Name).Length <= 12 || n == 4 || n == 5 })
	}
	w.until(func() bool { return j.QueueStats(Name).Length == 0 })
	w.stop()

	messages := map[string]int{}
	for _, m := range sim.Messages() {
		messages[m.ObjUUID]++
	}
	if !maps.Equal(messages, events) {
		t.Errorf("messages %v, want %v", messages, events)
	}
	t.Logf("%d lives, %d messages", w.lives, len(sim.Messages()))
	if w.lives < 5 {
		t.Errorf("%d lives: too few to tell", w.lives)
	}
}

// life keeps an agent alive.
type life struct {
	t     *testing.T
	j     *journal.Journal
	ts    Toolstack
	agent *agent
	lives int
}

func (w *life) start() {
	w.t.Helper()
	sink, err := New(Options{Toolstack: w.ts, Notes: w.j.Notes(Name), Logger: discard()})
	if err != nil {
		w.t.Fatal(err)
	}
	sink.settleFor = 20 * time.Millisecond
	out, err := outbox.New(outbox.Options{Name: Name, Driver: sink, Journal: w.j, Logger: discard(), Batch: Batch, Rand: func() float64 { return 0 }})
	if err != nil {
		w.t.Fatal(err)
	}
	w.lives++
	w.agent = begin(out)
}

func (w *life) stop() {
	w.agent.stop()
	<-w.agent.done
}

// until waits for a condition, and starts agents that were killed again.
func (w *life) until(holds func() bool) {
	w.t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-w.agent.done:
			w.start()
		case <-tick.C:
		case <-limit.C:
			w.t.Fatalf("%d events still wait", w.j.QueueStats(Name).Length)
		}
	}
}
