package rubber

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// crew is work.Workers by a name that is not that of its method.
type crew = work.Workers

// watching is a cloud and its workers that remember what one controller has done
// to which machine.
type watching struct {
	cloud.Cloud
	crew
	world *cloudtest.World

	mu      sync.Mutex
	made    []string            // intents
	touched map[string][]string // intent: verbs
}

func (w *watching) touch(intent, verb string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.touched[intent] = append(w.touched[intent], verb)
}

func (w *watching) byID(id string) string {
	m, _ := w.world.Machine(id)
	return m.Intent
}

func (w *watching) byWorker(worker string) string {
	for _, m := range w.world.Machines() {
		if "celery@"+m.Name == worker {
			return m.Intent
		}
	}
	return worker
}

func (w *watching) Create(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
	w.mu.Lock()
	w.made = append(w.made, s.Intent)
	w.mu.Unlock()
	return w.Cloud.Create(ctx, s)
}

func (w *watching) Stop(ctx context.Context, id string) error {
	w.touch(w.byID(id), "stop")
	return w.Cloud.Stop(ctx, id)
}

func (w *watching) Delete(ctx context.Context, id string) error {
	w.touch(w.byID(id), "delete")
	return w.Cloud.Delete(ctx, id)
}

func (w *watching) CancelConsumer(ctx context.Context, worker, queue string) error {
	w.touch(w.byWorker(worker), "cancel")
	return w.crew.CancelConsumer(ctx, worker, queue)
}

func (w *watching) AddConsumer(ctx context.Context, worker, queue string) error {
	w.touch(w.byWorker(worker), "add")
	return w.crew.AddConsumer(ctx, worker, queue)
}

func (w *watching) Shutdown(ctx context.Context, worker string) error {
	w.touch(w.byWorker(worker), "shutdown")
	return w.crew.Shutdown(ctx, worker)
}

// foreigners are the machines of other stores that it has done something to.
func (w *watching) foreigners(store string) (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, intent := range sortedKeys(w.touched) {
		if storeOf(intent) != store {
			list = append(list, fmt.Sprint(intent, w.touched[intent]))
		}
	}
	return list
}

func (w *watching) makes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.made)
}

// watch has a controller that is not running yet be watched.
func (r *rig) watch() *watching {
	w := &watching{Cloud: r.world.Connect(), crew: r.shop, world: r.world, touched: map[string][]string{}}
	r.opts.Clouds = map[string]cloud.Cloud{"c": w}
	r.opts.Brokers = map[string]Broker{"b": {Source: r.shop, Workers: w}}
	return w
}

// beside is another controller of the same owner with a store of its own, in the
// same world. It is not started.
func (r *rig) beside() (*rig, *watching) {
	second := &rig{t: r.t, world: r.world, shop: r.shop, store: NewMemoryStore(), opts: r.opts}
	second.opts.Store = second.store
	second.opts.Config.Profiles = slices.Clone(r.opts.Config.Profiles)
	return second, second.watch()
}

// watched starts a rig anew, with what it does watched.
func (r *rig) watched() *watching {
	r.stop()
	w := r.watch()
	r.start()
	return w
}

// identity is that of a rig's store.
func (r *rig) identity() string {
	r.t.Helper()
	all, err := r.store.All(context.Background(), identityKey)
	if err != nil || len(all) != 1 {
		r.t.Fatalf("identity: %v, %v", all, err)
	}
	w := &world{}
	if err := w.readIdentity(all[identityKey].Data); err != nil {
		r.t.Fatal(err)
	}
	return w.identity
}

// reasons are those of the last plan's lines.
func (r *rig) reasons() string {
	text := ""
	for _, l := range r.c.Status().Lines {
		text += sentence(&l) + "\n"
	}
	return text
}

func TestIdentity(t *testing.T) {
	f := func(at time.Time) string {
		t.Helper()
		id := newIdentity(at)
		intent := newIntent(id)
		if !identityForm.MatchString(id) || storeOf(intent) != id || !bornAt(id).Equal(at.Truncate(time.Second)) {
			t.Errorf("%v: identity %q, intent %q of %q, born %v", at, id, intent, storeOf(intent), bornAt(id))
		}
		if err := (cloud.Spec{Intent: intent, Owner: "o", Name: "n"}).Check(); err != nil {
			t.Error(err)
		}
		return id
	}
	times := []time.Time{time.Unix(0, 0), time.Unix(1, 0), time.Unix(1_000_000_000, 0), time.Unix(1_795_000_000, 0), time.Unix(2_176_782_335, 0), time.Unix(2_176_782_336, 0), time.Unix(1<<36, 0)}
	for i := range times[1:] {
		if a, b := f(times[i]), f(times[i+1]); !bornBefore(a, b) || bornBefore(b, a) {
			t.Errorf("%s (%v) and %s (%v)", a, times[i], b, times[i+1])
		}
	}
	for _, old := range []string{"", "known", "regbjgdxtgolcppupjdq", orphanIntent("c", "1"), "check", "tov1fgk3ab", "tov1fgk3ab-"} {
		if got := storeOf(old); got != "" {
			t.Errorf("intent %q is of store %q", old, got)
		}
	}
}

// TestManyInherited has a store be lost with 40,000 machines: what is kept of them
// fits into a value of the engine, and is read again.
func TestManyInherited(t *testing.T) {
	store := newIdentity(time.Now())
	w := &world{c: &Controller{metrics: newMetrics(nil)}, o: &Options{Owner: owner, Store: NewMemoryStore(), Log: slog.New(slog.DiscardHandler)}, cfg: &Config{Limits: DefaultLimits()},
		clock: newClock(nil), identity: newIdentity(time.Now().Add(time.Second)), homes: map[string]*home{}, saved: map[string]savedValue{}, ctx: t.Context()}
	w.now = w.clock.now()
	var list []*cloud.Instance
	for range 40_000 {
		list = append(list, &cloud.Instance{Intent: newIntent(store)})
	}
	w.meet(&cloudView{name: "c", began: w.now}, list)
	all, err := w.o.Store.All(t.Context(), homeKeys)
	if err != nil || len(all) != 1 || len(all["cloud.c"].Data) > 512<<10 {
		t.Fatalf("%d values, the first of %d bytes, %v", len(all), len(all["cloud.c"].Data), err)
	}
	w.homes = map[string]*home{}
	if err := w.readHome("cloud.c", all["cloud.c"].Data); err != nil {
		t.Fatal(err)
	}
	for _, inst := range list {
		if !w.home("c").inherited(inst.Intent) {
			t.Fatalf("%s is forgotten", inst.Intent)
		}
	}
	if w.home("c").inherited(newIntent(store)) {
		t.Error("one that was not there is inherited")
	}
}

// TestSecondRubber starts another controller with a store of its own beside one
// that has machines: it does nothing to them, sees in the end that the other
// lives, stands aside and says so, after a restart as well.
func TestSecondRubber(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		first := r.watched()
		r.shop.add("q", 4, time.Hour)
		r.after(3 * time.Minute)
		r.want(first.makes() == 4, "the first made %d", first.makes())
		second, other := r.beside()
		second.start()
		r.after(5 * time.Minute)
		r.want(second.states()[plan.Ready] == 4 && second.c.Status().Problem == "", "the second has inherited %v; %s", second.states(), second.c.Status().Problem)
		r.want(strings.Contains(second.c.Status().Machines[0].LeftAlone, "was inherited from another store"), "left alone: %+v", second.c.Status().Machines[0])
		r.shop.add("q", 2, time.Hour) // within the time in which a create may have been under way
		r.after(2 * time.Minute)
		r.want(first.makes() == 6 && other.makes() == 0 && second.states()[plan.Ready] == 6, "made %d and %d, the second has %v", first.makes(), other.makes(), second.states())
		r.after(8 * time.Minute)
		r.shop.add("q", 6, time.Hour) // more than the cap
		r.after(time.Minute)
		r.want(first.makes() == 10 && other.makes() == 0 && r.world.Peak() == 10, "made %d and %d, %d at once", first.makes(), other.makes(), r.world.Peak())
		told := func() {
			r.t.Helper()
			s := second.c.Status()
			r.want(len(s.Rivals) == 1 && s.Rivals[0].Aside && s.Rivals[0].Store == r.identity() && strings.Contains(s.Problem, s.Rivals[0].Name), "rivals: %+v; problem: %s", s.Rivals, s.Problem)
			for _, words := range []string{"cloud c", `owner "test"`, "starts, stops and deletes nothing", "rubber resume --take-over c", "another owner"} {
				r.want(strings.Contains(s.Problem, words), "the problem does not say %q: %s", words, s.Problem)
			}
			r.want(strings.Contains(s.Profiles[0].Blocked, "another rubber lives") && strings.Contains(second.reasons(), "stop one of the two") && strings.Contains(s.Machines[0].LeftAlone, "another rubber"), "profile: %+v", s.Profiles[0])
			r.want(counted(r.t, second.c, `rubber_aside{cloud="c"}`) == 1 && counted(r.t, second.c, `rubber_rival{cloud="c"}`) == 1, "metrics")
			r.want(counted(r.t, r.c, `rubber_aside{cloud="c"}`) == 0 && counted(r.t, r.c, `rubber_rival{cloud="c"}`) == 0 && r.c.Status().Problem == "", "the first: %+v", r.c.Status().Rivals)
		}
		told()
		r.want(strings.Contains(fmt.Sprint(second.c.Decisions(0)), "another rubber of owner"), "decisions: %v", second.c.Decisions(0))
		for _, err := range []error{second.c.Drain(r.t.Context(), second.c.Status().Machines[0].Intent, "x"), second.c.Force(r.t.Context(), second.c.Status().Machines[0].Intent, "x")} {
			r.want(err != nil && strings.Contains(err.Error(), "--take-over"), "an order to one that stands aside: %v", err)
		}
		second.stop()
		second.start()
		r.after(2*time.Hour + 10*time.Minute) // all is done, and the first has let all go
		r.want(r.shop.done == 12 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
		r.shop.add("q", 3, time.Minute)
		r.after(20 * time.Minute)
		r.want(r.shop.done == 15 && other.makes() == 0, "done %d, the second made %d", r.shop.done, other.makes())
		r.want(len(other.foreigners("")) == 0 && r.world.Peak() == 10, "the second has touched %v; %d at once", other.foreigners(""), r.world.Peak())
		if s := second.c.Status(); len(s.Rivals) != 1 || !s.Rivals[0].Aside {
			r.t.Errorf("after all: %+v", s.Rivals)
		}
	})
}

// TestTwoNewRubbers starts two on an empty cloud: each makes machines, and then
// the one with the older store goes on and leaves the other's machines alone,
// until an operator says that the other is no more.
func TestTwoNewRubbers(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		first := r.watched()
		r.after(time.Minute)
		second, other := r.beside()
		second.start()
		r.after(11 * time.Minute)
		r.shop.add("q", 3, time.Hour)
		r.after(time.Minute)
		r.want(first.makes() == 3 && other.makes() == 3, "made %d and %d", first.makes(), other.makes())
		s := r.c.Status()
		r.want(len(s.Rivals) == 1 && !s.Rivals[0].Aside && s.Problem == "" && len(s.Strange) == 3 && s.Strange[0].Until.IsZero(), "the first: %+v, strange %+v", s.Rivals, s.Strange)
		r.want(strings.Contains(s.Rivals[0].Text, "and 2 more") && strings.Contains(s.Rivals[0].Text, "left alone"), "%s", s.Rivals[0].Text)
		r.want(counted(r.t, r.c, `rubber_rival{cloud="c"}`) == 1, "metrics")
		r.want(second.c.Status().Rivals[0].Aside, "the second: %+v", second.c.Status().Rivals)
		r.shop.add("q", 9, time.Hour) // the cap is 10, and three are the other's
		r.after(5 * time.Minute)
		r.want(r.world.Peak() == 10 && first.makes() == 7 && other.makes() == 3, "%d at once, made %d and %d", r.world.Peak(), first.makes(), other.makes())
		r.stop()
		r.start()
		r.after(140 * time.Minute)
		r.want(r.shop.done == 12, "done %d", r.shop.done)
		r.want(len(first.foreigners(r.identity()))+len(other.foreigners(second.identity())) == 0, "touched: %v and %v", first.foreigners(r.identity()), other.foreigners(second.identity()))
		r.want(len(r.world.Machines()) == 3, "the other's are left: %v", r.world.Machines())
		if err := r.c.TakeOver(r.t.Context(), "d", "x"); err == nil || !strings.Contains(err.Error(), "there is c") {
			r.t.Errorf("take over what is not there: %v", err)
		}
		second.stop()
		if err := r.c.TakeOver(r.t.Context(), "c", "the other is gone"); err != nil {
			r.t.Fatal(err)
		}
		r.after(10 * time.Second)
		r.want(len(r.c.Status().Rivals) == 0 && len(r.c.Status().Machines) == 3, "taken over: %+v", r.c.Status())
		r.after(10 * time.Minute)
		r.want(len(r.world.Machines()) == 0, "machines: %v", r.states())
		r.want(counted(r.t, r.c, `rubber_rival{cloud="c"}`) == 0, "metrics")
		if err := r.c.TakeOver(r.t.Context(), "c", "once more"); err == nil || !strings.Contains(err.Error(), "nothing to take over") {
			r.t.Errorf("take over once more: %v", err)
		}
	})
}

// TestSteadyNeighbour starts another controller beside one that makes no machine
// for a while, and that wants fewer: it begins with nothing for twenty minutes,
// and when the first makes one in that time, never.
func TestSteadyNeighbour(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Config.Profiles[0].Min = 3 }, func(r *rig) {
		r.after(5 * time.Minute)
		second, other := r.beside()
		second.opts.Config.Profiles[0].Min = 0
		second.start()
		r.after(15 * time.Minute)
		r.want(len(other.foreigners("")) == 0, "touched: %v", other.foreigners(""))
		r.world.Remove(r.world.Machines()[0].ID) // the first makes another one
		r.after(time.Hour)
		r.want(len(other.foreigners("")) == 0 && len(r.world.Machines()) == 3, "touched: %v, machines %v", other.foreigners(""), r.states())
		r.want(second.c.Status().Rivals[0].Aside, "the second: %+v", second.c.Status().Rivals)
	})
}

// TestLostStore loses the store while machines work, one is being made and some
// are idle: all are inherited without a hand, go on, and are let go in the end,
// but not at once.
func TestLostStore(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		w := r.watched()
		r.shop.add("q", 3, time.Hour)
		r.shop.add("q", 2, time.Minute)
		r.after(90 * time.Second)
		r.want(w.makes() == 5, "made %d", w.makes())
		lost := r.identity()
		r.kill()
		r.store = NewMemoryStore()
		r.opts.Store = r.store
		r.start()
		r.after(time.Minute)
		r.want(r.identity() != lost && r.states()[plan.Ready] == 5, "inherited: %v", r.states())
		late := newIntent(lost)
		r.world.Add(cloud.Instance{Owner: owner, Intent: late, Profile: "q", Name: "q-late", State: cloud.Building}) // the create was under way
		r.shop.add("q", 4, time.Hour)
		r.after(10 * time.Second)
		r.want(w.makes() == 5 && strings.Contains(r.reasons(), "lest the rubber lives"), "made %d; %s", w.makes(), r.reasons())
		r.after(time.Minute)
		r.want(w.makes() == 6, "made %d, and one more is needed: %s", w.makes(), r.reasons())
		r.after(15 * time.Minute)
		r.want(r.c.Status().Machine(late) != nil, "what came late has no record: %+v", r.c.Status().Strange)
		r.want(len(w.foreigners("")) == 0 && len(r.world.Machines()) == 7, "touched %v", w.foreigners(""))
		r.stop() // it is remembered
		r.start()
		r.after(time.Minute)
		r.world.Set(r.c.Status().Machine(late).ID, cloud.Running)
		r.after(15 * time.Minute)
		r.want(len(r.c.Status().Rivals) == 0 && len(r.c.Status().Strange) == 0, "status: %+v", r.c.Status())
		r.after(70 * time.Minute)
		r.want(r.shop.done == 9 && len(r.world.Machines()) == 0 && len(r.records()) == 0, "done %d, machines %v", r.shop.done, r.states())
		r.want(r.world.Peak() <= 7, "%d at once", r.world.Peak())
	})
}

// TestTakeOver has one that stands aside be told that the other is no more.
func TestTakeOver(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 2, 90*time.Minute)
		r.after(time.Minute)
		second, other := r.beside()
		second.start()
		r.after(15 * time.Minute)
		r.shop.add("q", 2, time.Minute)
		r.after(3 * time.Minute)
		r.want(second.c.Status().Rivals[0].Aside, "the second: %+v", second.c.Status().Rivals)
		r.shop.add("q", 1, time.Hour)
		r.stop()
		if err := second.c.Pause(r.t.Context(), "a look"); err != nil {
			r.t.Fatal(err)
		}
		second.store.Fail(context.DeadlineExceeded)
		if err := second.c.TakeOver(r.t.Context(), "c", "x"); err == nil || !second.c.Status().Rivals[0].Aside {
			r.t.Errorf("taken over without a store: %v", err)
		}
		second.store.Fail(nil)
		if err := second.c.TakeOver(r.t.Context(), "c", "the first is no more"); err != nil {
			r.t.Fatal(err)
		}
		r.after(10 * time.Minute)
		r.want(len(other.foreigners("")) == 0, "paused: %v", other.foreigners(""))
		if err := second.c.Resume(r.t.Context(), "looked"); err != nil {
			r.t.Fatal(err)
		}
		r.after(5 * time.Minute)
		r.want(second.c.Status().Problem == "" && len(r.world.Machines()) == 3, "problem %q, machines %v", second.c.Status().Problem, second.states())
		second.stop()
		second.start()
		r.after(80 * time.Minute)
		r.want(r.shop.done == 5 && len(r.world.Machines()) == 0 && len(second.records()) == 0, "done %d, machines %v", r.shop.done, second.states())
	})
}

// TestAsideWhileWaiting finds out that another rubber lives while requests wait
// for their turn at a cloud that takes its time: they are not sent after all.
func TestAsideWhileWaiting(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Config.Limits.CloudCalls = 1 }, func(r *rig) {
		w := r.watched()
		r.after(15 * time.Minute)
		wait := make(chan struct{})
		r.world.Order(cloudtest.Fault{Op: "create", Wait: wait})
		r.shop.add("q", 3, time.Minute)
		r.after(10 * time.Second)
		older := r.world.Add(cloud.Instance{Owner: owner, Intent: newIntent(newIdentity(time.Now().Add(-time.Hour))), Profile: "q", Name: "q-older", State: cloud.Running})
		r.after(10 * time.Second)
		r.want(len(r.c.Status().Rivals) == 1 && r.c.Status().Rivals[0].ID == older, "rivals: %+v", r.c.Status().Rivals)
		close(wait)
		r.after(time.Hour)
		r.want(w.makes() == 1 && r.states()[plan.Requested] == 2 && len(w.touched) == 0, "%d creates, records %v, touched %v", w.makes(), r.states(), w.touched)
		e, err := r.c.Explain("q")
		r.want(err == nil && strings.Count(e.String(), "stop one of the two") == 1, "explained: %s, %v", e, err)
	})
}

// TestLostStoreOfAdopted loses the store after machines of the ancestor were
// taken over, and they are named in the configuration as before: each has one
// record, and none is marked twice.
func TestLostStoreOfAdopted(t *testing.T) {
	inTime(t, func(r *rig) { ancestors(r, "q-old", "q-older") }, func(r *rig) {
		r.after(3 * time.Minute)
		r.adoptedOnce("q-old")
		r.kill()
		r.store = NewMemoryStore()
		r.opts.Store = r.store
		r.start()
		r.after(3 * time.Minute)
		r.adoptedOnce("q-old")
		r.adoptedOnce("q-older")
		r.want(r.world.Calls()["mark"] == 2 && r.world.Calls()["create"] == 0 && len(r.c.Status().Rivals) == 0, "calls: %v, rivals %+v", r.world.Calls(), r.c.Status().Rivals)
	})
}

// TestOtherShop starts a controller beside machines of an owner that work for
// other queues, or whose workers another broker has: none is ever touched by
// itself, however long nobody makes another one.
func TestOtherShop(t *testing.T) {
	inTime(t, func(r *rig) {
		store := newIdentity(time.Now().Add(-time.Hour))
		r.world.Add(cloud.Instance{Owner: owner, Intent: newIntent(store), Profile: "other", Name: "other-1", State: cloud.Running})
		r.world.Add(cloud.Instance{Owner: owner, Intent: newIntent(store), Profile: "q", Name: "q-unheard", State: cloud.Running})
	}, func(r *rig) {
		r.shop.do(func() { r.shop.dumb["*"] = true })
		w := r.watched()
		r.after(3 * time.Hour)
		r.want(len(w.foreigners("")) == 0 && len(r.world.Machines()) == 2, "touched: %v", w.foreigners(""))
		s := r.c.Status()
		r.want(len(s.Strange) == 1 && strings.Contains(s.Strange[0].Reason, "--take-over c") && s.Strange[0].Until.IsZero(), "strange: %+v", s.Strange)
		r.want(len(s.Machines) == 1 && strings.Contains(s.Machines[0].LeftAlone, "no worker of it was ever heard here"), "machines: %+v", s.Machines)
		if err := r.c.Drain(r.t.Context(), "q-unheard", "it is ours"); err != nil {
			r.t.Fatal(err)
		}
		if err := r.c.TakeOver(r.t.Context(), "c", "all of it is ours"); err != nil {
			r.t.Fatal(err)
		}
		r.after(time.Hour)
		r.want(len(r.world.Machines()) == 0, "machines: %v", r.world.Machines())
	})
}

// TestBeforeIdentities goes on with a store and a machine of a version that knew
// no identities: the store is as old as its oldest record.
func TestBeforeIdentities(t *testing.T) {
	const intent = "regbjgdxtgolcppupjdq"
	inTime(t, func(r *rig) {
		id := r.world.Add(cloud.Instance{Owner: owner, Intent: intent, Profile: "q", Generation: "1", Name: "q-regbjgdxtg", State: cloud.Running})
		created := time.Now().Add(-30 * time.Hour).UTC().Format(time.RFC3339)
		record := fmt.Sprintf(`{"version":1,"intent":%q,"profile":"q","queue":"q","cloud":"c","name":"q-regbjgdxtg","generation":"1","id":%q,"state":"ready","since":%q,"created":%q,"ever_ready":true}`, intent, id, created, created)
		if _, err := r.store.Put(context.Background(), recordKey(intent), []byte(record), 0); err != nil {
			r.t.Fatal(err)
		}
	}, func(r *rig) {
		r.shop.add("q", 2, time.Hour)
		r.after(time.Minute)
		r.want(r.states()[plan.Ready] == 2 && r.world.Calls()["create"] == 1, "machines: %v", r.states())
		for _, m := range r.c.Status().Machines {
			r.want(m.Intent == intent || storeOf(m.Intent) == r.identity(), "intent %q", m.Intent)
		}
		r.want(time.Since(bornAt(r.identity())) > 29*time.Hour, "born %v", bornAt(r.identity()))
		r.after(2 * time.Hour)
		r.want(len(r.world.Machines()) == 0 && r.shop.done == 2, "machines %v, done %d", r.states(), r.shop.done)
	})
}

// TestUnreadIdentity has a store that says something else of itself than anybody
// understands: no machine is made, and what is written stays.
func TestUnreadIdentity(t *testing.T) {
	const text = `{"version":2,"identity":["?"]}`
	inTime(t, func(r *rig) {
		if _, err := r.store.Put(context.Background(), identityKey, []byte(text), 0); err != nil {
			r.t.Fatal(err)
		}
	}, func(r *rig) {
		r.shop.add("q", 2, time.Hour)
		r.after(time.Minute)
		r.want(r.world.Calls()["create"] == 0 && strings.Contains(r.c.Status().Profiles[0].Blocked, `delete the key "identity"`), "%+v", r.c.Status().Profiles[0])
		r.want(string(r.store.values[identityKey].Data) == text, "it was changed: %q", r.store.values[identityKey].Data)
	})
}

// TestTwoByChance has two controllers with two stores begin, end and go on at any
// time, with load that comes and goes. Whatever happens: the older never touches
// what the younger made, the younger touches nothing once it stands aside, nothing
// is killed and nothing is made twice. When the older makes a machine, the younger
// stands aside.
func TestTwoByChance(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inTime(t, func(r *rig) { r.opts.Config.Interval = 15 * time.Second }, func(r *rig) {
				by := rand.New(rand.NewPCG(seed, 7))
				minutes := func(most int) time.Duration { return time.Duration(by.IntN(most*60)) * time.Second }
				first := r.watched()
				r.after(minutes(30) + 10*time.Second)
				second, other := r.beside()
				second.start()
				r.after(10 * time.Second)
				a, b := r.identity(), second.identity()
				before, aside := 0, false
				for range 10 {
					switch by.IntN(6) {
					case 0:
						r.stop()
						r.after(minutes(3))
						r.start()
					case 1:
						second.stop()
						r.after(minutes(3))
						second.start()
						r.after(time.Second)
					default:
						r.shop.add("q", 1+by.IntN(3), time.Minute+minutes(20))
					}
					r.after(minutes(10))
					r.want(len(first.foreigners(a)) == 0, "the older has touched %v", first.foreigners(a))
					n := len(fmt.Sprint(other.foreigners(b))) + other.makes()
					r.want(!aside || n == before, "who stands aside has done something: %v, made %d", other.foreigners(b), other.makes())
					rivals := second.c.Status().Rivals
					before, aside = n, aside || len(rivals) == 1 && rivals[0].Aside
				}
				r.after(25 * time.Minute)
				r.shop.add("q", 10, 3*time.Minute)
				r.after(90 * time.Minute)
				rivals := second.c.Status().Rivals
				r.want(len(rivals) == 1 && rivals[0].Aside && rivals[0].Store == a, "the younger: %+v", rivals)
				for _, rival := range r.c.Status().Rivals {
					r.want(!rival.Aside && rival.Store == b, "the older: %+v", rival)
				}
				for _, m := range r.world.Machines() {
					r.want(storeOf(m.Intent) == b, "the older's machine %+v is left", m)
				}
				left := 0
				for _, tasks := range r.shop.queues {
					left += len(tasks)
				}
				r.want(left == 0, "%d tasks are left", left)
			})
		})
	}
}
