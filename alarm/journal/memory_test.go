package journal

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"perfmon/alarm"
)

// TestMemoryOnly: without a path all works, and nothing is on the disk.
func TestMemoryOnly(t *testing.T) {
	t.Chdir(t.TempDir())
	r := prometheus.NewPedanticRegistry()
	j := open(t, "", func(o *Options) { o.Registerer = r })
	if other := open(t, ""); len(j.Epoch()) < 20 || j.Epoch() == other.Epoch() {
		t.Errorf("epochs %q and %q", j.Epoch(), other.Epoch())
	}
	epoch := j.Epoch()
	j.SetQueueLimit("s", 1)
	b := &Batch{}
	b.SetState(vm(1, "cpu_usage"), []byte("firing"))
	b.Set(Rows, "xapi", []byte("1786000000"))
	b.SetSequence(7)
	b.Append("s", event(alarm.KindRepeated, 6), event(alarm.KindRaised, 7))
	if dropped := commit(t, j, b); len(dropped) != 1 || dropped[0].Event.Sequence != 6 {
		t.Errorf("dropped %v", dropped)
	}
	key := j.Pending("s", 1)[0].Key
	if err := j.MarkInFlight("s", key); err != nil {
		t.Fatal(err)
	}
	if marks := j.InFlight("s"); len(marks) != 1 || marks[0].Key != key {
		t.Errorf("in flight %v", marks)
	}
	if state, ok := j.State(vm(1, "cpu_usage")); !ok || string(state) != "firing" {
		t.Errorf("state %q, %t", state, ok)
	}
	if rows := maps.Collect(j.Values(Rows)); len(rows) != 1 || j.Sequence() != 7 || !slices.Equal(j.Sinks(), []string{"s"}) {
		t.Errorf("rows %q, sequence %d, sinks %q", rows, j.Sequence(), j.Sinks())
	}
	if err := j.Done("s", key); err != nil {
		t.Fatal(err)
	}
	if j.QueueStats("s").Length > 0 || len(j.InFlight("s")) > 0 {
		t.Errorf("%d wait, %v in flight", j.QueueStats("s").Length, j.InFlight("s"))
	}
	if degraded, err := j.Degraded(); degraded || err != nil || j.Epoch() != epoch {
		t.Errorf("degraded: %t, %v; epoch %q, was %q", degraded, err, j.Epoch(), epoch)
	}
	want := `# HELP perfmon_journal_degraded 1 while the journal's disk does not work and all is kept in memory only, otherwise 0.
# TYPE perfmon_journal_degraded gauge
perfmon_journal_degraded 0
`
	if err := testutil.GatherAndCompare(r, strings.NewReader(want), "perfmon_journal_degraded"); err != nil {
		t.Error(err)
	}
	closeIt(t, j)
	if _, err := j.Commit(&Batch{}); err == nil {
		t.Error("a closed journal takes a commit")
	}
	if files, err := os.ReadDir("."); len(files) > 0 || err != nil {
		t.Errorf("on the disk: %v, %v", files, err)
	}
}
