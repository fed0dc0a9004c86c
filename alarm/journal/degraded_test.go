package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/sys/unix"

	"perfmon/alarm"
)

// poll commits what a poll does: a row, a sequence, and an event named by the
// journal's epoch as it is.
func poll(t *testing.T, j *Journal, n int64) *alarm.Event {
	t.Helper()
	e := event(alarm.KindRaised, n)
	e.Epoch = j.Epoch()
	b := &Batch{}
	b.Set(Rows, "xapi", fmt.Append(nil, n))
	b.Set(Configs, "vm/1", make([]byte, 200<<10))
	b.SetSequence(n)
	b.Append("nats", e)
	b.Remember(e)
	commit(t, j, b)
	return e
}

func wantDegraded(t *testing.T, j *Journal, want bool) error {
	t.Helper()
	got, err := j.Degraded()
	if got != want || (err != nil) != want {
		t.Fatalf("degraded %t, %v; want %t", got, err, want)
	}
	return err
}

func withLog(log *logged) func(*Options) {
	return func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) }
}

func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, "2m")
	path := filepath.Join(dir, FileName)
	log := &logged{}
	r := prometheus.NewPedanticRegistry()
	j := open(t, path, withLog(log), func(o *Options) { o.Registerer = r })
	sample(t, j)
	epoch, before := j.Epoch(), content(j)
	empty := fillUp(t, dir)

	// The commit that fails, and all after it, are in memory.
	named := poll(t, j, 101)
	trouble := wantDegraded(t, j, true)
	if !errors.Is(trouble, unix.ENOSPC) {
		t.Errorf("degraded: %v", trouble)
	}
	if j.Epoch() == epoch {
		t.Error("the epoch is the same, so an agent that is killed now would give the same names again")
	}
	if got := j.Pending("nats", 0); len(got) != 1 || got[0].Event.Epoch != j.Epoch() || got[0].Event.Sequence != 101 {
		t.Errorf("the event of the commit that failed: %v", got)
	}
	for e := range j.History() {
		if e.Epoch != j.Epoch() || e.Sequence != 101 {
			t.Errorf("the history begins with %s", e.EventID())
		}
		break
	}
	if named.Epoch != epoch {
		t.Error("the caller's event was changed")
	}
	during := j.Epoch()
	poll(t, j, 102)
	if err := j.MarkInFlight("nats", j.Pending("nats", 1)[0].Key); err != nil {
		t.Fatal(err)
	}
	if err := j.Done("nats", j.Pending("nats", 1)[0].Key); err != nil {
		t.Fatal(err)
	}
	if got := j.Pending("nats", 0); len(got) != 1 || got[0].Event.Sequence != 102 || j.Sequence() != 102 {
		t.Errorf("pending %v, sequence %d", got, j.Sequence())
	}
	if got := testutil.ToFloat64(gauge{r, "perfmon_journal_degraded"}); got != 1 {
		t.Errorf("metric: degraded %v", got)
	}

	// Who is killed now finds the file as it was.
	copied := filepath.Join(t.TempDir(), FileName)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, file, 0o600); err != nil {
		t.Fatal(err)
	}
	sameContent(t, content(open(t, copied)), before)

	empty()
	poll(t, j, 103)
	wantDegraded(t, j, false)
	if j.Epoch() != during {
		t.Error("the epoch has changed again, without a reason")
	}
	if got := testutil.ToFloat64(gauge{r, "perfmon_journal_degraded"}); got != 0 {
		t.Errorf("metric: degraded %v", got)
	}
	if down, up := log.count("cannot be written"), log.count("is written again"); down != 1 || up != 1 {
		t.Errorf("log: %d times down, %d times up: %q", down, up, log.lines)
	}
	want := content(j)
	closeIt(t, j)
	if left, _ := filepath.Glob(path + "?*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	sameContent(t, content(open(t, path)), want)
}

// TestFullDiskBySink: also a sink's runner may be the first to notice. The
// event that was named before that, and committed after it, gets a new name.
func TestFullDiskBySink(t *testing.T) {
	dir := smallDisk(t, "2m")
	j := open(t, filepath.Join(dir, FileName))
	sample(t, j)
	e := event(alarm.KindRaised, 7)
	e.Epoch = j.Epoch()
	if err := os.Remove(j.opts.Path); err != nil {
		t.Fatal(err)
	}
	fillUp(t, dir)
	if err := j.Done("xapi", j.Pending("xapi", 1)[0].Key); err != nil {
		t.Fatal(err)
	}
	wantDegraded(t, j, true)
	b := &Batch{}
	b.Append("nats", e)
	commit(t, j, b)
	if got := j.Pending("nats", 1)[0].Event; got.Epoch != j.Epoch() || got.Epoch == e.Epoch {
		t.Errorf("epoch %q, the journal's is %q", got.Epoch, j.Epoch())
	}
}

func TestFullDiskAtOpen(t *testing.T) {
	dir := smallDisk(t, "512k")
	path := filepath.Join(dir, FileName)
	empty := fillUp(t, dir)
	j := open(t, path)
	wantDegraded(t, j, true)
	poll(t, j, 1)
	wantDegraded(t, j, true)
	if err := j.Close(); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("Close with nothing saved: %v", err)
	}
	j = open(t, path)
	wantDegraded(t, j, true)
	poll(t, j, 1)
	empty()
	poll(t, j, 2)
	wantDegraded(t, j, false)
	want := content(j)
	closeIt(t, j)
	sameContent(t, content(open(t, path)), want)
}

// TestCloseSaves: the last chance is the end.
func TestCloseSaves(t *testing.T) {
	dir := smallDisk(t, "1m")
	path := filepath.Join(dir, FileName)
	empty := fillUp(t, dir)
	j := open(t, path, func(o *Options) { o.RetryEvery = time.Hour })
	poll(t, j, 1)
	want := content(j)
	empty()
	closeIt(t, j)
	sameContent(t, content(open(t, path)), want)
}

func remount(t *testing.T, dir string, flags uintptr) {
	t.Helper()
	if err := unix.Mount("none", dir, "", unix.MS_REMOUNT|flags, ""); err != nil {
		t.Fatal(err)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t, "1m")
	path := filepath.Join(dir, FileName)
	j := open(t, path)
	sample(t, j)
	epoch, before := j.Epoch(), content(j)
	closeIt(t, j)
	remount(t, dir, unix.MS_RDONLY)

	j = open(t, path)
	if err := wantDegraded(t, j, true); !errors.Is(err, unix.EROFS) {
		t.Errorf("degraded: %v", err)
	}
	if j.Epoch() == epoch {
		t.Error("events that will be forgotten get names that will be given again")
	}
	got := content(j)
	before["meta|epoch"] = got["meta|epoch"]
	sameContent(t, got, before)
	poll(t, j, 101)
	wantDegraded(t, j, true)

	remount(t, dir, 0)
	poll(t, j, 102)
	wantDegraded(t, j, false)
	want := content(j)
	closeIt(t, j)
	sameContent(t, content(open(t, path)), want)
}

func TestReadOnlyDiskWithoutFile(t *testing.T) {
	dir := smallDisk(t, "1m")
	path := filepath.Join(dir, "state", FileName)
	remount(t, dir, unix.MS_RDONLY)
	j := open(t, path)
	wantDegraded(t, j, true)
	poll(t, j, 1)
	remount(t, dir, 0)
	poll(t, j, 2)
	wantDegraded(t, j, false)
	want := content(j)
	closeIt(t, j)
	sameContent(t, content(open(t, path)), want)
}

func TestReadOnlyDiskWithDamage(t *testing.T) {
	dir := smallDisk(t, "1m")
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	remount(t, dir, unix.MS_RDONLY)
	log := &logged{}
	j := open(t, path, withLog(log))
	wantDegraded(t, j, true)
	if log.count("damaged or not ours") != 1 {
		t.Errorf("log: %q", log.lines)
	}
	remount(t, dir, 0)
	poll(t, j, 1)
	wantDegraded(t, j, false)
	if got := asideFiles(t, path); len(got) != 1 {
		t.Errorf("aside: %q", got)
	}
}

// TestDamagedOnFullDisk: what cannot be replaced stays where it is.
func TestDamagedOnFullDisk(t *testing.T) {
	dir := smallDisk(t, "256k")
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := fillUp(t, dir)
	j := open(t, path)
	wantDegraded(t, j, true)
	if got, _ := filepath.Glob(path + "*"); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
	empty()
	b := &Batch{}
	b.SetSequence(1)
	commit(t, j, b)
	wantDegraded(t, j, false)
	if got := asideFiles(t, path); len(got) != 1 {
		t.Errorf("aside: %q", got)
	}
}

// TestFileCutShort: a page that is not there any more is a fault in memory.
func TestFileCutShort(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	sample(t, j)
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	poll(t, j, 101)
	wantDegraded(t, j, true)
	poll(t, j, 102)
	wantDegraded(t, j, false)
	want := content(j)
	closeIt(t, j)
	sameContent(t, content(open(t, path)), want)
}

func TestFileReplaced(t *testing.T) {
	f := func(change func(path string) error, wantAside int) {
		t.Helper()
		path := newPath(t)
		j := open(t, path)
		sample(t, j)
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		poll(t, j, 101)
		if err := wantDegraded(t, j, true); !errors.Is(err, errTaken) {
			t.Errorf("degraded: %v", err)
		}
		poll(t, j, 102)
		wantDegraded(t, j, false)
		want := content(j)
		closeIt(t, j)
		sameContent(t, content(open(t, path)), want)
		if got := asideFiles(t, path); len(got) != wantAside {
			t.Errorf("aside: %q", got)
		}
	}
	f(os.Remove, 0)
	f(func(path string) error { return os.Rename(path, path+".backup") }, 0)
	f(func(path string) error { return os.RemoveAll(filepath.Dir(path)) }, 0)
	f(func(path string) error {
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.WriteFile(path, []byte("not ours"), 0o600)
	}, 1)
}

// TestTakenByAnother: while we could not write, another process may have
// taken over.
func TestTakenByAnother(t *testing.T) {
	path := newPath(t)
	j := open(t, path, func(o *Options) { o.OpenTimeout = 1 })
	sample(t, j)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other := open(t, path)
	poll(t, j, 101)
	poll(t, j, 102)
	if err := wantDegraded(t, j, true); !errors.Is(err, ErrLocked) {
		t.Errorf("degraded: %v", err)
	}
	closeIt(t, other)
	poll(t, j, 103)
	wantDegraded(t, j, false)
}

func TestRetryEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := smallDisk(t, "1m")
		empty := fillUp(t, dir)
		j := open(t, filepath.Join(dir, FileName), func(o *Options) { o.RetryEvery = 30 * time.Second })
		empty()
		poll(t, j, 1)
		wantDegraded(t, j, true)
		time.Sleep(30*time.Second - time.Nanosecond)
		poll(t, j, 2)
		wantDegraded(t, j, true)
		time.Sleep(time.Nanosecond)
		poll(t, j, 3)
		wantDegraded(t, j, false)
		closeIt(t, j)
	})
}
