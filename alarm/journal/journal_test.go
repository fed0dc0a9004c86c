package journal

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"perfmon/alarm"
)

func TestKeptOverRestart(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	epoch := j.Epoch()
	if len(epoch) < 20 || j.Sequence() != 0 {
		t.Fatalf("epoch %q, sequence %d", epoch, j.Sequence())
	}
	b := &Batch{}
	b.SetState(vm(1, "cpu_usage"), []byte("pending"))
	b.SetState(vm(2, "cpu_usage"), []byte("firing"))
	b.Set(Configs, "vm/1", []byte("<config/>"))
	b.Set(Rows, "xapi", []byte("1786000000"))
	b.Set(Silences, "s1", nil)
	b.Set("large", "one", bytes.Repeat([]byte("a"), 3<<18))
	b.SetSequence(42)
	b.Append("nats", event(alarm.KindRaised, 41), event(alarm.KindCleared, 42))
	b.Append("xapi", event(alarm.KindRaised, 41))
	if dropped := commit(t, j, b); dropped != nil {
		t.Errorf("dropped %v", dropped)
	}
	if err := j.MarkInFlight("xapi", j.Pending("xapi", 1)[0].Key); err != nil {
		t.Fatal(err)
	}
	b = &Batch{}
	b.DeleteState(vm(2, "cpu_usage"))
	b.DeleteState(vm(3, "never kept"))
	b.Set(Rows, "xapi", []byte("1786000060"))
	commit(t, j, b)

	check := func(j *Journal) {
		t.Helper()
		if j.Epoch() != epoch || j.Sequence() != 42 {
			t.Errorf("epoch %q, want %q; sequence %d", j.Epoch(), epoch, j.Sequence())
		}
		if diff := cmp.Diff(map[alarm.ID][]byte{vm(1, "cpu_usage"): []byte("pending")}, maps.Collect(j.States())); diff != "" {
			t.Errorf("states:\n%s", diff)
		}
		if state, ok := j.State(vm(1, "cpu_usage")); !ok || string(state) != "pending" {
			t.Errorf("state %q, %t", state, ok)
		}
		if _, ok := j.State(vm(2, "cpu_usage")); ok {
			t.Error("the deleted state is there")
		}
		if v, ok := j.Value(Rows, "xapi"); !ok || string(v) != "1786000060" {
			t.Errorf("row %q, %t", v, ok)
		}
		if v, ok := j.Value("large", "one"); !ok || len(v) != 3<<18 {
			t.Errorf("large value of %d bytes, %t", len(v), ok)
		}
		if diff := cmp.Diff(map[string][]byte{"s1": {}}, maps.Collect(j.Values(Silences))); diff != "" {
			t.Errorf("silences:\n%s", diff)
		}
		var events []*alarm.Event
		for _, e := range j.Pending("nats", 0) {
			events = append(events, e.Event)
		}
		if diff := cmp.Diff([]*alarm.Event{event(alarm.KindRaised, 41), event(alarm.KindCleared, 42)}, events); diff != "" {
			t.Errorf("pending for nats:\n%s", diff)
		}
		if got := j.Pending("nats", 1); len(got) != 1 || got[0].Event.Sequence != 41 {
			t.Errorf("one pending for nats: %v", got)
		}
		if got := j.InFlight("xapi"); len(got) != 1 || got[0].Key != j.Pending("xapi", 1)[0].Key {
			t.Errorf("in flight for xapi: %v", got)
		}
		if got := j.Sinks(); !slices.Equal(got, []string{"nats", "xapi"}) {
			t.Errorf("sinks %q", got)
		}
	}
	check(j)
	closeIt(t, j)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	check(open(t, path))
	if info, err = os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a mode that was changed stays: %v %v", info.Mode(), err)
	}
}

func TestValueAfter(t *testing.T) {
	j := open(t, newPath(t))
	b := &Batch{}
	b.Set(Rows, "kept", []byte("1"))
	b.Set(Rows, "changed", []byte("1"))
	b.Set(Rows, "deleted", []byte("1"))
	commit(t, j, b)
	b = &Batch{}
	b.Set(Rows, "changed", []byte("2"))
	b.Set(Rows, "new", nil)
	b.Delete(Rows, "deleted")
	f := func(key, want string, wantOK bool) {
		t.Helper()
		if value, ok := j.ValueAfter(b, Rows, key); string(value) != want || ok != wantOK {
			t.Errorf("%s is %q, %t", key, value, ok)
		}
	}
	check := func() {
		f("kept", "1", true)
		f("changed", "2", true)
		f("new", "", true)
		f("deleted", "", false)
		f("never there", "", false)
	}
	check()
	commit(t, j, b)
	b = &Batch{}
	check()
}

func TestDone(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	b := &Batch{}
	for n := range int64(5) {
		b.Append("xapi", event(alarm.KindRaised, n))
	}
	commit(t, j, b)
	keys := func() (keys []uint64) {
		for _, e := range j.Pending("xapi", 0) {
			keys = append(keys, e.Key)
		}
		return keys
	}
	all := keys()
	if err := j.MarkInFlight("xapi", all[1], all[3], 99); err != nil {
		t.Fatal(err)
	}
	if err := j.Done("xapi", all[1], all[2], 99); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		if want := []uint64{all[0], all[3], all[4]}; !slices.Equal(keys(), want) {
			t.Errorf("%d wait, want %d", keys(), want)
		}
		if got := j.InFlight("xapi"); len(got) != 1 || got[0].Key != all[3] {
			t.Errorf("in flight %v", got)
		}
	}
	check()
	closeIt(t, j)
	j = open(t, path)
	check()
	stats := j.QueueStats("xapi")
	if stats.Length != 3 || !stats.Oldest.Equal(j.Pending("xapi", 1)[0].Queued) || stats.Oldest.IsZero() {
		t.Errorf("%+v", stats)
	}

	b = &Batch{}
	b.Set(Told("xapi"), "x", nil)
	b.Set(Told("gone"), "x", nil)
	b.Append("nats", event(alarm.KindRaised, 1))
	commit(t, j, b)
	if got := j.Sinks(); !slices.Equal(got, []string{"gone", "nats", "xapi"}) {
		t.Errorf("sinks %q", got)
	}
	if n, err := j.DropSink("xapi"); n != 3 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
	if n, err := j.DropSink("gone"); n != 0 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
	if got := j.Sinks(); !slices.Equal(got, []string{"nats"}) || len(j.InFlight("xapi")) > 0 || j.QueueStats("xapi").Length > 0 {
		t.Errorf("sinks %q, in flight %v", got, j.InFlight("xapi"))
	}
}

// All alarms of a large host can come, and go, in one poll, before a sink has
// had the time to take a single one.
func TestQueueHoldsAStorm(t *testing.T) {
	j := open(t, "")
	b := &Batch{}
	for n := range int64(1000 * 3) {
		for _, sink := range []string{"webhook", "xapi"} {
			b.Append(sink, event(alarm.KindRaised, n))
		}
	}
	if dropped := commit(t, j, b); len(dropped) > 0 {
		t.Errorf("%d events dropped of two sinks that may work", len(dropped))
	}
}

// TestQueueLimitKeepsTheEnds: of several alarms, what each is in the end is
// dropped last.
func TestQueueLimitKeepsTheEnds(t *testing.T) {
	j := open(t, quickPath(t))
	j.SetQueueLimit("s", 3)
	b := &Batch{}
	for i, e := range []struct {
		alarm int
		kind  alarm.Kind
	}{{1, alarm.KindCleared}, {2, alarm.KindRaised}, {2, alarm.KindCleared}, {3, alarm.KindRaised}} {
		one := event(e.kind, int64(i+1))
		one.ID = vm(e.alarm, "cpu_usage")
		b.Append("s", one)
	}
	dropped := commit(t, j, b)
	if len(dropped) != 1 || dropped[0].Event.Sequence != 2 {
		t.Errorf("dropped %+v, want the raise that was cleared since", dropped)
	}
}

func TestQueueLimit(t *testing.T) {
	raised, repeated, cleared := alarm.KindRaised, alarm.KindRepeated, alarm.KindCleared
	// f commits events one after the other to a queue of three. Their
	// sequence numbers count from 1.
	f := func(kinds []alarm.Kind, atOnce bool, wantLeft, wantDropped []int64) {
		t.Helper()
		j := open(t, quickPath(t))
		j.SetQueueLimit("s", 3)
		var dropped, left []int64
		b := &Batch{}
		for i, kind := range kinds {
			b.Append("s", event(kind, int64(i+1)))
			b.Append("other", event(kind, int64(i+1)))
			if atOnce && i+1 < len(kinds) {
				continue
			}
			for _, d := range commit(t, j, b) {
				if d.Sink != "s" || d.Reason != DropFull {
					t.Errorf("dropped %+v", d)
				}
				dropped = append(dropped, d.Event.Sequence)
			}
			b = &Batch{}
		}
		for _, e := range j.Pending("s", 0) {
			left = append(left, e.Event.Sequence)
		}
		if !slices.Equal(left, wantLeft) || !slices.Equal(dropped, wantDropped) {
			t.Errorf("%v: left %v, want %v; dropped %v, want %v", kinds, left, wantLeft, dropped, wantDropped)
		}
		if got := j.QueueStats("s").Dropped; got != uint64(len(dropped)) {
			t.Errorf("%d dropped by the statistics", got)
		}
		if got := j.QueueStats("other").Length; got != len(kinds) {
			t.Errorf("another sink lost some: %d of %d", got, len(kinds))
		}
	}
	for _, atOnce := range []bool{false, true} {
		f([]alarm.Kind{raised, raised, raised}, atOnce, []int64{1, 2, 3}, nil)
		f([]alarm.Kind{raised, repeated, repeated, cleared}, atOnce, []int64{1, 3, 4}, []int64{2})
		f([]alarm.Kind{raised, repeated, repeated, cleared, raised}, atOnce, []int64{1, 4, 5}, []int64{2, 3})
		f([]alarm.Kind{raised, cleared, raised, cleared}, atOnce, []int64{2, 3, 4}, []int64{1})
		f([]alarm.Kind{raised, cleared, raised, repeated}, atOnce, []int64{1, 2, 3}, []int64{4})
		f([]alarm.Kind{raised, repeated, cleared, raised, cleared, raised}, atOnce, []int64{4, 5, 6}, []int64{2, 1, 3})
	}
}

// TestDroppedLast: what matters of the events that are dropped is the last of
// an alarm, and that is so only where more alarms wait than there are places.
func TestDroppedLast(t *testing.T) {
	j := open(t, newPath(t))
	j.SetQueueLimit("s", 3)
	f := func(want string, kinds ...string) {
		t.Helper()
		b := &Batch{}
		for _, words := range kinds {
			var n int
			var kind alarm.Kind
			fmt.Sscan(words, &n, &kind)
			e := event(kind, 1)
			e.ID = vm(n, "cpu_usage")
			b.Append("s", e)
		}
		got := ""
		for _, d := range commit(t, j, b) {
			got += fmt.Sprintf("%c %s %t, ", d.Event.UUID[len(d.Event.UUID)-1], d.Event.Kind, d.Last)
		}
		if got != want {
			t.Errorf("%v: dropped %q, want %q", kinds, got, want)
		}
	}
	f("", "1 raised", "2 raised", "3 raised")
	f("2 repeated false, 1 raised false, ", "2 repeated", "1 cleared")
	f("2 raised true, ", "4 raised")
	f("2 cleared false, 3 raised true, ", "2 cleared", "2 raised")
	large := event(alarm.KindCleared, 9)
	large.Body = strings.Repeat("x", MaxEvent)
	b := &Batch{}
	b.Append("s", large)
	if dropped := commit(t, j, b); len(dropped) != 1 || dropped[0].Reason != DropLarge || !dropped[0].Last {
		t.Errorf("dropped %+v", dropped)
	}
}

func TestDropTakesMark(t *testing.T) {
	j := open(t, newPath(t))
	j.SetQueueLimit("s", 1)
	for n := range int64(2) {
		b := &Batch{}
		b.Append("s", event(alarm.KindRaised, n))
		commit(t, j, b)
		if n == 0 {
			if err := j.MarkInFlight("s", j.Pending("s", 0)[0].Key); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := j.InFlight("s"); len(got) > 0 {
		t.Errorf("%v in flight, of which nothing is known", got)
	}
}

func TestLimits(t *testing.T) {
	path := quickPath(t)
	j := open(t, path)
	b := &Batch{}
	b.Set(Configs, "large", make([]byte, MaxValue+1))
	b.Set(Configs, "", []byte("x"))
	b.Set(Configs, strings.Repeat("k", MaxKey+1), []byte("x"))
	b.Set("large", "largest", make([]byte, MaxValue))
	b.SetState(vm(1, strings.Repeat("v", MaxKey)), []byte("x"))
	b.SetState(vm(1, "cpu_usage"), []byte("kept"))
	huge := event(alarm.KindRaised, 1)
	huge.Body = strings.Repeat("b", MaxEvent)
	b.Append("s", huge, event(alarm.KindRaised, 2))
	dropped, err := j.Commit(b)
	for _, want := range []string{`"large"`, "empty key", `"kkk`, `in table "state"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not tell of %s", err, want)
		}
	}
	if len(dropped) != 1 || dropped[0].Reason != DropLarge || dropped[0].Event.Sequence != 1 {
		t.Errorf("dropped %v", dropped)
	}
	closeIt(t, j)
	j = open(t, path)
	if _, ok := j.State(vm(1, "cpu_usage")); !ok || len(maps.Collect(j.States())) != 1 {
		t.Error("what was within the limits was not kept")
	}
	if _, ok := j.Value("large", "largest"); !ok || len(maps.Collect(j.Values(Configs))) != 0 {
		t.Error("values")
	}
	if got := j.Pending("s", 0); len(got) != 1 || got[0].Event.Sequence != 2 {
		t.Errorf("%d events wait", len(got))
	}

	// The whole has a limit too; let it be nearly reached. What makes room in
	// the same batch counts.
	j.mirror.size = MaxTotal - 100
	b = &Batch{}
	b.Set(Configs, "over", make([]byte, 200))
	b.Set(Rows, "xapi", []byte("1"))
	if _, err := j.Commit(b); err == nil || !strings.Contains(err.Error(), `"over"`) {
		t.Errorf("error %v", err)
	}
	if _, ok := j.Value(Rows, "xapi"); !ok {
		t.Error("the row was not kept")
	}
	b.Delete("large", "largest")
	commit(t, j, b)
	if _, ok := j.Value(Configs, "over"); !ok {
		t.Error("no room, although the same batch made some")
	}
	j.mirror.size = MaxTotal - 100
	b = &Batch{}
	b.Append("s", event(alarm.KindRaised, 3))
	if dropped := commit(t, j, b); len(dropped) != 1 || dropped[0].Reason != DropFull || len(j.Pending("s", 0)) != 1 {
		t.Errorf("dropped %v, %d wait", dropped, len(j.Pending("s", 0)))
	}
}

// TestSize: the mirror knows its size whatever was put into it and taken out.
func TestSize(t *testing.T) {
	j := open(t, newPath(t))
	sample(t, j)
	if _, err := j.DropSink("xapi"); err != nil {
		t.Fatal(err)
	}
	b := &Batch{}
	b.DeleteState(vm(3, "cpu_usage"))
	b.SetState(vm(4, "cpu_usage"), []byte("shorter"))
	commit(t, j, b)
	want := 0
	for _, c := range j.mirror.tables.changes() {
		want += c.size()
	}
	again, err := newMirror(j.mirror.tables)
	if err != nil {
		t.Fatal(err)
	}
	if j.mirror.size != want || again.size != want {
		t.Errorf("size %d, and %d when read again; want %d", j.mirror.size, again.size, want)
	}
}

func TestSecondProcess(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	_, err := Open(Options{Path: path, Logger: discard(), OpenTimeout: 1})
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("a second one: %v", err)
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) > 0 {
		t.Errorf("it left %q", left)
	}
	closeIt(t, j)
	open(t, path)
}

func TestClosed(t *testing.T) {
	j := open(t, newPath(t))
	closeIt(t, j)
	closeIt(t, j)
	if _, err := j.Commit(&Batch{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Commit: %v", err)
	}
	if err := j.Done("s", 1); !errors.Is(err, ErrClosed) {
		t.Errorf("Done: %v", err)
	}
}

func TestMisuse(t *testing.T) {
	dir := t.TempDir()
	f := func(o Options, want string) {
		t.Helper()
		j, err := Open(o)
		if err == nil {
			j.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q in it", o, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f(Options{Path: filepath.Join(dir, "x")}, "Logger")
	f(Options{}, "Logger")
	f(Options{Path: dir, Logger: discard()}, "not a regular file")
	f(Options{Path: filepath.Join(dir, "file", FileName), Logger: discard()}, "not a directory")
	r := prometheus.NewRegistry()
	open(t, filepath.Join(dir, "1"), func(o *Options) { o.Registerer = r })
	f(Options{Path: filepath.Join(dir, "2"), Logger: discard(), Registerer: r}, "register metrics")
}

func TestFolderIsMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", FileName)
	open(t, path)
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestMetrics(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	j := open(t, newPath(t), func(o *Options) { o.Registerer = r })
	b := &Batch{}
	b.Set(Rows, "xapi", []byte("1"))
	commit(t, j, b)
	if got := testutil.ToFloat64(gauge{r, "perfmon_journal_file_bytes"}); got < 4096 || got > 1<<20 {
		t.Errorf("size %v", got)
	}
	if got := testutil.ToFloat64(gauge{r, "perfmon_journal_degraded"}); got != 0 {
		t.Errorf("degraded %v", got)
	}
	if n, err := testutil.GatherAndCount(r, "perfmon_journal_write_seconds"); n != 1 || err != nil {
		t.Errorf("%d histograms, %v", n, err)
	}
	if problems, err := testutil.GatherAndLint(r); len(problems) > 0 || err != nil {
		t.Error(problems, err)
	}
}

// gauge is one metric of a registry, for testutil.
type gauge struct {
	r    *prometheus.Registry
	name string
}

func (g gauge) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, ch) }

func (g gauge) Collect(ch chan<- prometheus.Metric) {
	families, _ := g.r.Gather()
	for _, f := range families {
		if f.GetName() == g.name {
			ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(g.name, f.GetHelp(), nil, nil), prometheus.GaugeValue, f.GetMetric()[0].GetGauge().GetValue())
		}
	}
}
