package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nuid"
	"go.uber.org/goleak"
)

// A test binary that is started again with this variable is one of the
// processes that share an engine.
const childDir = "PERFMON_ENGINE_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// The server leaves it to itself to end, some seconds after its own end.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).setupMirrorConsumer.func3"))
}

// What a child writes into its diary, one write(2) a line, so that a SIGKILL
// takes back nothing of it:
//
//	ack <key> <value> <revision>
//	chain <n> <revision>
//	held <nanoseconds since boot> <token>
//	fenced <token> <revision>
//	tries <to connect again, the most so far> <seconds that this process has lived>
//	error <what a call returned>
func child(dir string) error {
	id := nuid.Next()
	diary, err := os.OpenFile(filepath.Join(dir, "diary-"+id), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	say := func(format string, v ...any) {
		if _, err := fmt.Fprintf(diary, format+"\n", v...); err != nil {
			panic(err)
		}
	}
	born := time.Now()
	e, err := New(Options{Dir: filepath.Join(dir, "engine"), Listen: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() { cancel(e.Run(context.Background())) }() // until it is killed
	b, err := e.Bucket(ctx, "crash", BucketOptions{})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	var tries atomic.Int64
	part := func(f func() error) {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := f(); err != nil {
					say("error %v", err)
					cancel(err)
				}
				if n := int64(e.State().Tries); n > tries.Load() {
					tries.Store(n)
					say("tries %d %d", n, int(time.Since(born).Seconds()))
				}
			}
		})
	}
	n := 0
	part(func() error { // keys of its own
		n++
		key, value := fmt.Sprintf("own.%s.%d", id, n), nuid.Next()
		rev, err := b.Create(ctx, key, []byte(value))
		say("ack %s %s %d", key, value, rev)
		return err
	})
	chain, last := 0, uint64(0)
	part(func() error { // one key, each write on condition of the one before
		rev, err := b.Update(ctx, "chain."+id, []byte(strconv.Itoa(chain+1)), last)
		if err != nil {
			return err
		}
		chain, last = chain+1, rev
		say("chain %d %d", chain, rev)
		return nil
	})
	part(func() error { // the one that acts
		l, err := b.Acquire(ctx, "lease", LeaseOptions{TTL: minLeaseTTL, Holder: id})
		if err != nil {
			return err
		}
		end := sinceBoot() + 300*time.Millisecond
		for {
			now := sinceBoot()
			if !l.Held() || now > end {
				break
			}
			say("held %d %d", now, l.Token())
			if rev, err := l.Put(ctx, "acted", []byte(id)); err == nil {
				say("fenced %d %d", l.Token(), rev)
			}
		}
		return l.Release(ctx)
	})
	wg.Wait()
	return context.Cause(ctx)
}

// children are the processes of a crash test.
type children struct {
	t   *testing.T
	dir string
	all map[int]*exec.Cmd
}

func (c *children) start() {
	c.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+c.dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.all[cmd.Process.Pid] = cmd
}

func (c *children) kill(pid int) {
	cmd := c.all[pid]
	delete(c.all, pid)
	if err := cmd.Process.Kill(); err != nil {
		c.t.Error(err)
	}
	_ = cmd.Wait() // it was killed
}

// limit is how long a test waits for what has to come: on a busy machine three
// processes may take a minute for some hundred writes to disk.
const limit = 3 * time.Minute

// until asks until ok or the limit has passed.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%v have passed without: %s", limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// owner is the process that wrote down last where it listens, if it lives.
func (c *children) owner() int {
	p, err := readPlace(filepath.Join(c.dir, "engine"))
	if err != nil || c.all[p.Pid] == nil {
		return 0
	}
	return p.Pid
}

// written are the sizes of all diaries together.
func (c *children) written() (size int64) {
	names, err := filepath.Glob(filepath.Join(c.dir, "diary-*"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			size += info.Size()
		}
	}
	return size
}

// holders are how many tokens the diaries have lines of a kind of.
func (c *children) holders(kind string) int {
	names, err := filepath.Glob(filepath.Join(c.dir, "diary-*"))
	if err != nil {
		c.t.Fatal(err)
	}
	tokens := map[string]bool{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			c.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			w := strings.Fields(line)
			switch {
			case !strings.HasSuffix(line, "\n"): // is being written
			case kind == "held" && len(w) == 3 && w[0] == kind:
				tokens[w[2]] = true // held TIME TOKEN
			case kind == "fenced" && len(w) == 3 && w[0] == kind:
				tokens[w[1]] = true // fenced TOKEN REVISION
			}
		}
	}
	return len(tokens)
}

// Three processes write; the one that owns the engine is killed, and another
// is started in its place.
func TestOwnerIsKilled(t *testing.T) {
	t.Parallel()
	killOwners(t, 2)
}

func killOwners(t *testing.T, kills int) {
	c := &children{t: t, dir: t.TempDir(), all: map[int]*exec.Cmd{}}
	defer func() {
		for pid := range c.all {
			c.kill(pid)
		}
	}()
	for range 3 {
		c.start()
	}
	for i := range kills {
		var owner int
		until(t, "an owner", func() bool { owner = c.owner(); return owner != 0 })
		before := c.written()
		until(t, "writes", func() bool { return c.written() > before+int64(15_000*(1+i%4)) })
		c.kill(owner)
		c.start()
	}
	until(t, "an owner at last", func() bool { return c.owner() != 0 })
	before := c.written()
	until(t, "writes at last", func() bool { return c.written() > before+60_000 })
	until(t, "two holders of the lease that wrote", func() bool { return c.holders("held") >= 2 && c.holders("fenced") >= 2 })
	for pid := range c.all {
		c.kill(pid)
	}
	t.Logf("%d kills", kills)
	c.check()
}

// check compares what the children were told with what there is.
func (c *children) check() {
	t, ctx := c.t, within(c.t)
	e := run(t, Options{Dir: filepath.Join(c.dir, "engine")})
	b := e.bucket("crash")
	all, err := b.All(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]Entry{}
	for _, e := range all {
		has[e.Key] = e
	}
	type span struct{ first, last int64 }
	held := map[uint64]span{}       // by token
	fenced := map[uint64][]uint64{} // revisions by token
	acks, links, tries := 0, 0, 0
	names, _ := filepath.Glob(filepath.Join(c.dir, "diary-*"))
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		id, last := strings.TrimPrefix(filepath.Base(name), "diary-"), 0
		for s := bufio.NewScanner(f); s.Scan(); {
			w := strings.Fields(s.Text())
			switch w[0] {
			case "ack":
				acks++
				if e, ok := has[w[1]]; !ok || string(e.Value) != w[2] || strconv.FormatUint(e.Revision, 10) != w[3] {
					t.Errorf("%s was acknowledged, and there is %q", s.Text(), e.Value)
				}
			case "chain":
				links++
				last, _ = strconv.Atoi(w[1])
			case "error":
				t.Errorf("process %s: %s", id, s.Text())
			case "tries":
				n, _ := strconv.Atoi(w[1])
				lived, _ := strconv.Atoi(w[2])
				tries = max(tries, n)
				if n > 20+lived { // after the first dozen there is a second between two, at least
					t.Errorf("process %s had lived for %d s, and has tried %d times to connect", id, lived, n)
				}
			case "held":
				at, _ := strconv.ParseInt(w[1], 10, 64)
				token, _ := strconv.ParseUint(w[2], 10, 64)
				h, ok := held[token]
				if !ok {
					h.first = at
				}
				held[token] = span{min(h.first, at), max(h.last, at)}
			case "fenced":
				token, _ := strconv.ParseUint(w[1], 10, 64)
				rev, _ := strconv.ParseUint(w[2], 10, 64)
				fenced[token] = append(fenced[token], rev)
			}
		}
		// The last write may have been stored without its acknowledgement.
		if e := has["chain."+id]; last > 0 && string(e.Value) != strconv.Itoa(last) && string(e.Value) != strconv.Itoa(last+1) {
			t.Errorf("%s wrote its chain up to %d, and there is %q", id, last, e.Value)
		}
	}
	for a, x := range held {
		for b, y := range held {
			if a < b && x.last >= y.first {
				t.Errorf("token %d acted until %d, token %d from %d", a, x.last, b, y.first)
			}
			for _, rev := range fenced[a] {
				if a < b && rev > b {
					t.Errorf("token %d wrote revision %d after token %d was given out", a, rev, b)
				}
			}
		}
	}
	if acks == 0 || links == 0 || len(held) < 2 || len(fenced) < 2 {
		t.Errorf("%d keys, %d links, %d holders, %d that wrote: the test has shown nothing", acks, links, len(held), len(fenced))
	}
	state, _ := json.Marshal(e.State())
	t.Logf("%d keys, %d links of chains, %d holders of the lease, connected again after at most %d tries; %s", acks, links, len(held), tries, state)
}
