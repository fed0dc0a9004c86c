package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/scaling/rubber/cloud"
)

// role is of a machine in which this program plays a part.
func role(t *testing.T, intent, role string, env ...string) cloud.Spec {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := sleeper(intent, "me", "w-"+intent)
	s.Command, s.Env = []string{exe}, map[string]string{"PROCESS_TEST_ROLE": role}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		s.Env[name] = value
	}
	return s
}

// shell is of a machine that runs a script.
func shell(intent, script string) cloud.Spec {
	s := sleeper(intent, "me", "w-"+intent)
	s.Command = []string{"sh", "-c", script}
	return s
}

func options(t *testing.T) Options { return Options{Dir: filepath.Join(t.TempDir(), "state")} }

func mustCreate(t *testing.T, c *Cloud, s cloud.Spec) cloud.Instance {
	t.Helper()
	made, err := c.Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// until waits for what comes to be by itself.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to be that %s", what)
		}
	}
}

// state waits until a machine is of one, and has it.
func state(t *testing.T, c *Cloud, id string, want cloud.State) (found cloud.Instance) {
	t.Helper()
	until(t, id+" is "+want.String(), func() bool {
		list, err := c.List(t.Context(), strings.Split(id, ".")[0])
		if err != nil {
			t.Fatal(err)
		}
		n := slices.IndexFunc(list, func(i cloud.Instance) bool { return i.ID == id })
		if n < 0 {
			return false
		}
		found = list[n]
		return found.State == want
	})
	return found
}

// said waits until a machine has said a line to a log, and has all of it.
func said(t *testing.T, c *Cloud, id, log, line string) (text string) {
	t.Helper()
	until(t, id+" says "+line, func() bool {
		data, err := os.ReadFile(filepath.Join(c.folder(id), log))
		text = string(data)
		return err == nil && slices.Contains(strings.Split(text, "\n"), line)
	})
	return text
}

func isAlive(pid int) bool {
	s, there, err := readStat(pid)
	return err == nil && there && !s.ended()
}

func TestDeleteEndsChildrenThatGetAway(t *testing.T) {
	f := func(intent string, o Options, env ...string) {
		t.Helper()
		o.Grace = 50 * time.Millisecond
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(filepath.Dir(o.Dir), link); err != nil {
			t.Fatal(err)
		}
		o.Dir = filepath.Join(link, "state")
		c := connect(t, o)
		made := mustCreate(t, c, role(t, intent, "parent", env...))
		var pids []int
		for line := range strings.SplitSeq(said(t, c, made.ID, "stdout.log", "all"), "\n") {
			if _, number, ok := strings.Cut(line, " "); ok {
				pid, err := strconv.Atoi(number)
				if err != nil || !isAlive(pid) {
					t.Fatalf("child %q: %v", line, err)
				}
				pids = append(pids, pid)
			}
		}
		if len(pids) != 5 {
			t.Fatalf("children: %v", pids)
		}
		if len(env) > 0 {
			state(t, c, made.ID, cloud.Halted)
		}
		if err := c.Delete(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		for _, pid := range pids {
			if isAlive(pid) {
				t.Errorf("%s: child %d of %v lives", intent, pid, pids)
			}
		}
	}
	f("stays", options(t))
	f("leaves", options(t), "LEAVE=1")
}

func TestDeleteAsksFirst(t *testing.T) {
	c := connect(t, options(t))
	left := filepath.Join(t.TempDir(), "left")
	made := mustCreate(t, c, shell("polite", "trap 'echo done >"+left+"; exit 0' TERM; echo ready; while :; do sleep 0.01; done"))
	said(t, c, made.ID, "stdout.log", "ready")
	if err := c.Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(left); string(data) != "done\n" {
		t.Errorf("it has left %q, %v", data, err)
	}
}

// Once its program has ended, nothing tells of this child but that it was seen
// before.
func TestDeleteRemembersWhomItHasSeen(t *testing.T) {
	c := connect(t, options(t))
	made := mustCreate(t, c, shell("a", "trap 'exit 0' TERM; env -i /bin/sleep 600 3>&- & echo $!; echo ready; wait"))
	text := said(t, c, made.ID, "stdout.log", "ready")
	pid, err := strconv.Atoi(strings.Split(text, "\n")[0])
	if err != nil || !isAlive(pid) {
		t.Fatalf("it said %q: %v", text, err)
	}
	until(t, "the child has left its environment", func() bool {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		return err == nil && len(data) == 0
	})
	if err := c.Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if isAlive(pid) {
		t.Error("it lives")
	}
}

func TestDeleteKillsTheDeafAndGoesOnAfterItsContext(t *testing.T) {
	o := options(t)
	o.Grace = time.Hour
	c := connect(t, o)
	made := mustCreate(t, c, role(t, "a", "deaf"))
	said(t, c, made.ID, "stdout.log", "deaf")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Delete(ctx, made.ID) }()
	state(t, c, made.ID, cloud.Deleting)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("delete of one that is deaf: %v", err)
	}
	r, err := c.load(made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Wake(t.Context(), made.ID, role(t, "a", "deaf")); cloud.KindOf(err) != cloud.NotFound {
		t.Errorf("wake of one that is being deleted: %v", err)
	}
	o.Grace = time.Millisecond
	if err := connect(t, o).Delete(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if isAlive(r.PID) {
		t.Error("it lives")
	}
}

func TestStopTellsTheProgramAlone(t *testing.T) {
	c := connect(t, options(t))
	script := `sh -c 'trap "echo child was told" TERM; echo child; while [ ! -e done ]; do sleep 0.01; done; echo finished' & trap 'touch done; wait; echo bye; exit 0' TERM; wait`
	made := mustCreate(t, c, shell("a", script))
	said(t, c, made.ID, "stdout.log", "child")
	if err := c.Stop(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	text := said(t, c, made.ID, "stdout.log", "bye")
	if !strings.Contains(text, "finished\n") || strings.Contains(text, "told") {
		t.Errorf("it said %q", text)
	}
	state(t, c, made.ID, cloud.Halted)
}

func TestHowAProgramEnded(t *testing.T) {
	c := connect(t, options(t))
	f := func(intent, script string, want cloud.State, text string) {
		t.Helper()
		i := state(t, c, mustCreate(t, c, shell(intent, script)).ID, want)
		if want != cloud.Failed {
			if i.Fault != nil {
				t.Errorf("%s: fault %v", intent, i.Fault)
			}
			return
		}
		var e *cloud.Error
		if !errors.As(i.Fault, &e) || e.Kind != cloud.Transient || !strings.Contains(i.Fault.Error(), text) {
			t.Errorf("%s: fault %v, want %q", intent, i.Fault, text)
		}
	}
	f("good", "exit 0", cloud.Halted, "")
	f("bad", "echo one >&2; echo no broker >&2; exit 3", cloud.Failed, `exit status 3, after it said "no broker"`)
	f("killed", "kill -9 $$", cloud.Failed, "signal: killed")
	if err := c.Wake(t.Context(), "me.bad", shell("bad", "sleep 600")); err != nil {
		t.Fatal(err)
	}
	if i := state(t, c, "me.bad", cloud.Running); i.Fault != nil {
		t.Errorf("woken, with the fault %v", i.Fault)
	}
}

func TestNoZombies(t *testing.T) {
	c := connect(t, options(t))
	made := mustCreate(t, c, shell("a", "exit 0"))
	r, err := c.load(made.ID)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the child has been waited for", func() bool { // nobody lists
		_, there, err := readStat(r.PID)
		return err == nil && !there
	})
}

func TestEnvironmentAndPlaceholders(t *testing.T) {
	t.Setenv("SECRET_OF_RUBBER", "x")
	c := connect(t, options(t))
	s := shell("a", "env; pwd; echo '{name} {profile} {intent} {generation} {queue} ${HOME}'; echo ready")
	s.Env = map[string]string{"QUEUE": "q-{name}", "LANG": "de", "PASSWORD": "hunter2"}
	made := mustCreate(t, c, s)
	text := said(t, c, made.ID, "stdout.log", "ready")
	work := filepath.Join(c.folder(made.ID), "work")
	for _, line := range []string{"PATH=" + DefaultPath, "LANG=de", "HOME=" + work, "QUEUE=q-w-a", "RUBBER_NAME=w-a", "RUBBER_PROFILE=p",
		"RUBBER_INTENT=a", work, "w-a p a g1 {queue} ${HOME}"} {
		if !slices.Contains(strings.Split(text, "\n"), line) {
			t.Errorf("it does not say %q: %s", line, text)
		}
	}
	if strings.Contains(text, "SECRET_OF_RUBBER") {
		t.Errorf("it has our own environment: %s", text)
	}
	if err := filepath.Walk(c.options.Dir, func(path string, info os.FileInfo, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a file that was replaced meanwhile
		}
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %s", path, info.Mode())
		}
		if strings.HasSuffix(path, ".json") {
			if data, _ := os.ReadFile(path); strings.Contains(string(data), "hunter2") {
				t.Errorf("a secret is in %s", path)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestLogsAreBounded(t *testing.T) {
	o := options(t)
	o.MaxLog = 1000
	c := connect(t, o)
	made := mustCreate(t, c, shell("a", "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done; echo full; while [ ! -e go ]; do sleep 0.01; done; echo more; sleep 600"))
	said(t, c, made.ID, "stdout.log", "full")
	if _, err := c.List(t.Context(), "me"); err != nil {
		t.Fatal(err)
	}
	older, err := os.ReadFile(filepath.Join(c.folder(made.ID), "stdout.log.1"))
	if err != nil || len(older) != 1000 || !strings.HasSuffix(string(older), "line 299\nfull\n") {
		t.Errorf("the older log is %q, %v", older, err)
	}
	if err := os.WriteFile(filepath.Join(c.folder(made.ID), "work", "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if text := said(t, c, made.ID, "stdout.log", "more"); text != "more\n" {
		t.Errorf("the log goes on with %q", text)
	}
}

// A record may name a process that has ended long ago, and whose number is
// somebody else's by now.
func TestRecycledNumberIsNotTouched(t *testing.T) {
	c := connect(t, options(t))
	somebody := exec.Command("sleep", "600")
	somebody.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	if err := somebody.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = somebody.Process.Kill()
		_ = somebody.Wait()
	}()
	f := func(intent string, change func(*record)) {
		t.Helper()
		made := mustCreate(t, c, sleeper(intent, "me", "w"))
		r, err := c.load(made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.endAll(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		s, _, err := readStat(somebody.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		r.PID, r.Start = s.PID, s.Start
		change(r)
		if err := c.save(r); err != nil {
			t.Fatal(err)
		}
		list, err := c.List(t.Context(), "me")
		if err != nil || len(list) != 1 || list[0].State == cloud.Running {
			t.Errorf("%s: %v, %v", intent, list, err)
		}
		if err := c.Stop(t.Context(), made.ID); err != nil {
			t.Error(err)
		}
		if err := c.Delete(t.Context(), made.ID); err != nil {
			t.Error(err)
		}
		if !isAlive(somebody.Process.Pid) {
			t.Fatalf("%s: a foreign process was ended", intent)
		}
	}
	f("other-time", func(r *record) { r.Start-- })
	f("other-boot", func(r *record) { r.Boot = "another" })
}

func TestListIsWholeOrAnError(t *testing.T) {
	c := connect(t, options(t))
	mustCreate(t, c, sleeper("a", "me", "w"))
	b := mustCreate(t, c, sleeper("b", "me", "w"))
	path := filepath.Join(c.folder(b.ID), "record.json")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "{", string(good[:len(good)/2]), `{"owner":"me","intent":"c"}`, strings.Repeat(" ", maxRecord+1)} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := c.List(t.Context(), "me")
		if list != nil {
			t.Errorf("with %.20q: %v", bad, list)
		}
		// No second try makes it readable, so it is not said to pass.
		for op, err := range map[string]error{"list": err, "stop": c.Stop(t.Context(), b.ID), "delete": c.Delete(t.Context(), b.ID)} {
			var e *cloud.Error
			if !errors.As(err, &e) || e.Kind != cloud.Invalid || e.Op != op || e.Name != b.ID || !strings.Contains(e.Err.Error(), path) || !strings.Contains(e.Hint, "move the folder "+filepath.Dir(path)+" away") {
				t.Errorf("with %.20q, %s: %v", bad, op, err)
			}
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	// What a crash before the first record leaves is no machine, and swept away.
	empty := c.folder("me.c")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	if list, err := c.List(t.Context(), "me"); err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("an empty folder stays")
	}
}

func TestHandlesAtOnceMakeOne(t *testing.T) {
	o := options(t)
	nonce := fmt.Sprint(os.Getpid(), ".", time.Now().UnixNano())
	var all sync.WaitGroup
	for range 6 {
		c := connect(t, o)
		all.Go(func() {
			s := sleeper("a", "me", "w")
			s.Env = map[string]string{"ONCE": nonce}
			if _, err := c.Create(t.Context(), s); err != nil {
				t.Error(err)
			}
			if _, err := c.List(t.Context(), "me"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if found := withVariable(t, "ONCE="+nonce); len(found) != 1 || len(found["a"]) != 1 {
		t.Errorf("processes %v", found)
	}
}

func TestDiskAndOptions(t *testing.T) {
	o := options(t)
	o.MinFree = 1 << 60
	if _, err := connect(t, o).Create(t.Context(), sleeper("a", "me", "w")); cloud.KindOf(err) != cloud.Capacity {
		t.Errorf("on a disk that is full: %v", err)
	}
	for _, bad := range []Options{{}, {Dir: "relative"}, {Dir: "/x", Max: -1}, {Dir: "/x", Cgroup: "y"}, {Dir: "/x", Hosts: []Host{{}}},
		{Dir: "/x", Hosts: []Host{{ID: "a"}, {ID: "a"}}}} {
		if _, err := New(bad); cloud.KindOf(err) != cloud.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// A host that lacks room for a machine that comes back is left for another.
func TestWakeStaysOrMoves(t *testing.T) {
	o := options(t)
	o.Hosts = []Host{{ID: "a", Names: []string{"a.example"}}, {ID: "b"}}
	c := connect(t, o)
	made := mustCreate(t, c, sleeper("x", "me", "w"))
	f := func(want string, change func(*cloud.Spec)) {
		t.Helper()
		if err := c.Park(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		state(t, c, made.ID, cloud.Halted)
		s := sleeper("x", "me", "w")
		change(&s)
		err := c.Wake(t.Context(), made.ID, s)
		list, listErr := c.List(t.Context(), "me")
		if listErr != nil || len(list) != 1 || list[0].Host != want {
			t.Errorf("it is %v, want it on %q (%v, %v)", list, want, err, listErr)
		}
	}
	mustCreate(t, c, cloud.Spec{Intent: "y", Owner: "me", Name: "w", Command: []string{"sleep", "600"}, Avoid: []string{"b"}})
	if err := c.Delete(t.Context(), "me.y"); err != nil {
		t.Fatal(err)
	}
	f("a", func(*cloud.Spec) {})
	f("b", func(s *cloud.Spec) { s.Avoid = []string{"A.example"} })
	f("b", func(*cloud.Spec) {})
	f("a", func(s *cloud.Spec) { s.Prefer = []string{"a"} })
	f("a", func(s *cloud.Spec) { s.Avoid = []string{"a", "b"} })
	if state(t, c, made.ID, cloud.Halted).Fault != nil {
		t.Error("one that found no host is faulty")
	}
}

// A child that a crashed rubber has forked, and that has not become the program
// yet, shows nothing but the lock that it has inherited.
func TestCreateWaitsForAStartThatIsUnderWay(t *testing.T) {
	c := connect(t, options(t))
	s := sleeper("a", "me", "w")
	made := mustCreate(t, c, s)
	r, err := c.load(made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.endAll(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.PID, r.Start = 0, 0
	if err := c.save(r); err != nil {
		t.Fatal(err)
	}
	lock, err := tryTake(c.alivePath(made.ID))
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	nonce := fmt.Sprint(os.Getpid(), ".", time.Now().UnixNano())
	s.Env = map[string]string{"UNDERWAY": nonce}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got, err := c.Create(short, s); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is under way: %v, %v", got, err)
	}
	state(t, c, made.ID, cloud.Building)
	if found := withVariable(t, "UNDERWAY="+nonce); len(found) > 0 {
		t.Errorf("a second program runs: %v", found)
	}
	lock.Close() // it has ended before it became the program
	if got := mustCreate(t, c, s); got.State != cloud.Running {
		t.Errorf("then it is %s", got.State)
	}
	if found := withVariable(t, "UNDERWAY="+nonce); len(found["a"]) != 1 {
		t.Errorf("programs: %v", found)
	}
}

func TestMachinesAreFoundAfterAReboot(t *testing.T) {
	c := connect(t, options(t))
	s := sleeper("a", "me", "w")
	f := func(intent string, change func(*record), want cloud.State, afterwards cloud.State) {
		t.Helper()
		s.Intent = intent
		made := mustCreate(t, c, s)
		r, err := c.load(made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.endAll(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		r.Boot, r.Mark = "the one before", "nobody saw it end"
		change(r)
		if err := c.save(r); err != nil {
			t.Fatal(err)
		}
		state(t, c, made.ID, want)
		if got := mustCreate(t, c, s); got.State != afterwards {
			t.Errorf("%s: create finds it %s, want %s", intent, got.State, afterwards)
		}
		if err := c.Wake(t.Context(), made.ID, s); err != nil {
			t.Error(err)
		}
		state(t, c, made.ID, cloud.Running)
	}
	f("ran", func(*record) {}, cloud.Halted, cloud.Halted)
	f("reserved", func(r *record) { r.PID, r.Start = 0, 0 }, cloud.Building, cloud.Running)
}
