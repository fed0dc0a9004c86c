//go:build integration

package rubber

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/engine"
	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
)

var (
	kills    = flag.Int("kills", 10, "how often TestKill kills the controller")
	killSeed = flag.Uint64("seed", 0, "seed of TestKill; 0: a random one, which it prints")
	killLog  = flag.String("log", "", "file for the log of the controllers that TestKill kills; empty: none is kept")
)

func init() { child = runKilled }

// lastLimit is how long the last controller may take for what is left to do.
const lastLimit = 3 * time.Minute

// anyPort is where each owner of the engine listens: a port of its own, since
// whoever else is on this machine may take that of the one before.
const anyPort = "127.0.0.1:0"

// killedConfig is quick, so that a life of a second sees every state.
func killedConfig() Config {
	return Config{
		Interval: 40 * time.Millisecond, Cap: 10,
		Profiles: []Profile{{Name: "q", Queue: "q", Broker: "b", Cloud: "c", Generation: "1", Slots: 1}},
		Limits: Limits{
			Requested: 5 * time.Second, Building: 5 * time.Second, Booting: 5 * time.Second, Settle: 20 * time.Millisecond, Ask: 20 * time.Millisecond,
			Shutdown: time.Second, Stop: 40 * time.Millisecond, Again: 300 * time.Millisecond, Redo: time.Second, Orphan: 400 * time.Millisecond, Restart: time.Second,
		},
	}
}

// runKilled is the program that is killed: a controller whose store and lease
// are in an engine that it owns, and whose world is in the test.
func runKilled() {
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	e, err := engine.New(engine.Options{Dir: os.Getenv("RUBBER_TEST_DIR"), Listen: anyPort, Logger: log})
	check(err)
	go func() { check(e.Run(ctx)) }()
	bucket, err := e.Bucket(ctx, "rubber-test", engine.BucketOptions{})
	check(err)
	world := remote{os.Getenv("RUBBER_TEST_URL")}
	idleFor = 200 * time.Millisecond
	cfg := killedConfig()
	for _, name := range strings.Fields(os.Getenv("RUBBER_TEST_ADOPT")) {
		cfg.Adopt = append(cfg.Adopt, Adoption{Name: name, Profile: "q"})
		cfg.Profiles[0].Min++
	}
	c, err := New(Options{
		Owner: owner, Store: EngineStore{bucket}, Lease: EngineLease{bucket, engine.LeaseOptions{TTL: time.Second}}, Config: cfg, Plan: needed, Log: log,
		Clouds: map[string]cloud.Cloud{"c": world}, Brokers: map[string]Broker{"b": {Source: world, Workers: world}},
	})
	check(err)
	go func() {
		for c.Status().Role != Active {
			time.Sleep(2 * time.Millisecond)
		}
		fmt.Println("active")
	}()
	check(c.Run(ctx))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// killing is one run of TestKill.
type killing struct {
	t     *testing.T
	r     *rand.Rand
	world *cloudtest.World
	shop  *shop
	s     *served
	dir   string
	url   string
	log   io.Writer
	adopt []string // names
}

// TestKill kills the controller at random moments, again and again, while load
// comes and goes and answers of the cloud get lost. Whatever the moment: every
// machine has its record, no intent has two machines, there are never more than
// the cap, no task is killed, and in the end nothing is left.
func TestKill(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	world := cloudtest.NewWorld(cloudtest.Options{BootTime: 120 * time.Millisecond, StopTime: 20 * time.Millisecond, DeleteTime: 30 * time.Millisecond})
	k := &killing{t: t, r: rand.New(rand.NewPCG(seed, 1)), world: world, shop: newShop(world), dir: filepath.Join(t.TempDir(), "engine"), log: io.Discard}
	k.shop.register, k.shop.prefetch = 30*time.Millisecond, 1
	k.s = &served{cloud: world.Connect(), shop: k.shop, intents: map[string]bool{}, rand: rand.New(rand.NewPCG(seed, 2))}
	server := httptest.NewServer(k.s)
	defer server.Close()
	k.url = server.URL
	if *killLog != "" {
		f, err := os.Create(*killLog)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		k.log = f
	}
	began := time.Now()
	for n := range *kills {
		k.life(n)
		k.check(n)
		if t.Failed() {
			return
		}
		if n%20 == 19 {
			t.Logf("%d kills after %v", n+1, time.Since(began).Round(time.Second))
		}
	}
	k.last()
	calls := world.Calls()
	k.shop.do(func() {
		t.Logf("%d kills in %v: %d machines made, at most %d at once, %d deletes asked for, %d tasks done, %d drains told to shut down", *kills, time.Since(began).Round(time.Second),
			len(k.s.asked()), world.Peak(), calls["delete"], k.shop.done, k.shop.commands["shutdown"])
	})
}

// start runs a controller, and returns when it acts, or at once.
func (k *killing) start(wait bool) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=1", "RUBBER_TEST_DIR="+k.dir, "RUBBER_TEST_URL="+k.url, "RUBBER_TEST_ADOPT="+strings.Join(k.adopt, " "))
	var tail tailWriter
	cmd.Stderr = io.MultiWriter(k.log, &tail)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	if !wait {
		return cmd
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "active") {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		k.t.Fatalf("the controller did not begin to act: %q, %v\n%s", line, err, tail.String())
	}
	return cmd
}

// life is one life of the controller, with whatever load there is by chance.
func (k *killing) life(n int) {
	if k.r.IntN(3) > 0 {
		k.shop.add("q", 1+k.r.IntN(12), time.Duration(20+k.r.IntN(400))*time.Millisecond)
	}
	switch k.r.IntN(6) {
	case 0:
		k.world.Order(cloudtest.LostAnswer("create").Next(1 + k.r.IntN(3)))
	case 1:
		k.world.Order(cloudtest.LostAnswer("delete").Next(2), cloudtest.LostAnswer("stop"))
	case 2:
		k.world.Order(cloudtest.HalfAnswer().Next(3), cloudtest.Away("list").Next(2))
	}
	// Most are killed while they act, some while they begin.
	lives := time.Duration(k.r.IntN(900)) * time.Millisecond
	cmd := k.start(k.r.IntN(6) > 0)
	if more := k.r.IntN(2); more > 0 {
		time.Sleep(lives / 2)
		k.shop.add("q", 1+k.r.IntN(6), time.Duration(20+k.r.IntN(300))*time.Millisecond)
		lives /= 2
	}
	time.Sleep(lives)
	if err := cmd.Process.Kill(); err != nil {
		k.t.Fatalf("life %d: %v", n, err)
	}
	_ = cmd.Wait() // it was killed
}

// records reads what the store has, while nobody else does.
func (k *killing) records() map[string]Value {
	ctx, cancel := context.WithTimeout(context.Background(), lastLimit)
	defer cancel()
	e, err := engine.New(engine.Options{Dir: k.dir, Listen: anyPort})
	if err != nil {
		k.t.Fatal(err)
	}
	run, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- e.Run(run) }()
	bucket, err := e.Bucket(ctx, "rubber-test", engine.BucketOptions{})
	if err != nil {
		k.t.Fatal(err)
	}
	all, err := EngineStore{bucket}.All(ctx, machineKeys)
	stop()
	if e := <-done; e != nil && err == nil {
		err = e
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return all
}

// check holds the world against the store, between two lives.
func (k *killing) check(n int) {
	k.t.Helper()
	records := k.records()
	for _, m := range k.world.Machines() {
		if _, ok := records[recordKey(m.Intent)]; !ok && m.State != cloud.Deleting {
			k.t.Errorf("after kill %d: machine %s of intent %s has no record", n+1, m.ID, m.Intent)
		}
	}
	for key, v := range records {
		if _, err := decodeRecord(key, v.Data); err != nil {
			k.t.Errorf("after kill %d: %v", n+1, err)
		}
	}
	for _, intent := range k.s.asked() {
		if made := k.world.Made(owner, intent); made > 1 {
			k.t.Errorf("after kill %d: %d machines were made of intent %s", n+1, made, intent)
		}
	}
	if peak := k.world.Peak(); peak > 10 {
		k.t.Errorf("after kill %d: %d machines at once, and the cap is 10", n+1, peak)
	}
	k.shop.do(func() {
		if len(k.shop.killed) > 0 {
			k.t.Errorf("after kill %d: tasks were killed: %q", n+1, k.shop.killed)
		}
	})
}

// last lets a controller finish, and looks at what is left.
func (k *killing) last() {
	k.world.Clear()
	k.shop.add("q", 8, 300*time.Millisecond)
	cmd := k.start(true)
	deadline := time.Now().Add(lastLimit)
	for left := 1; left > 0; {
		k.shop.do(func() {
			left = len(k.shop.queues["q"])
			for _, w := range k.shop.workers {
				left += len(w.active) + len(w.reserved)
			}
		})
		left += len(k.world.Machines())
		if time.Now().After(deadline) {
			k.t.Errorf("%v after the last kill: machines are left: %+v", lastLimit, k.world.Machines())
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	// The last records go when the cloud has listed their machines no more.
	records := k.settled(cmd, func(records map[string]Value) bool { return len(records) == 0 || k.t.Failed() })
	if len(records) > 0 && !k.t.Failed() {
		k.t.Errorf("%v after the last kill: %d records are left", lastLimit, len(records))
	}
	k.check(*kills)
}

// settled kills a controller and returns what it has left in the store. It is
// started again, for longer each time, until that is as wanted or the time is
// over: nobody can look at the store while it lives.
func (k *killing) settled(cmd *exec.Cmd, wanted func(records map[string]Value) bool) map[string]Value {
	deadline := time.Now().Add(lastLimit)
	for lives := 500 * time.Millisecond; ; lives *= 2 {
		time.Sleep(lives)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if records := k.records(); wanted(records) || time.Now().After(deadline) {
			return records
		}
		cmd = k.start(true)
	}
}

// tailWriter keeps the last of what is written.
type tailWriter struct{ b []byte }

func (w *tailWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	if len(w.b) > 8000 {
		w.b = w.b[len(w.b)-4000:]
	}
	return len(p), nil
}

func (w *tailWriter) String() string { return string(w.b) }
