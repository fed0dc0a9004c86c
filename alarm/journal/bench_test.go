package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/alarm"
)

// BenchmarkCommit writes what a poll of 1000 VMs writes, and beside it one
// page with one fdatasync on the same disk, which nothing durable can beat.
func BenchmarkCommit(b *testing.B) {
	dir := b.TempDir()
	j := fullJournal(b, filepath.Join(dir, FileName))
	raw, err := os.Create(filepath.Join(dir, "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	page := make([]byte, 4096)
	var inCommit, inSync time.Duration
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		batch := pollBatch(n)
		start := time.Now()
		if _, err := j.Commit(batch); err != nil {
			b.Fatal(err)
		}
		inCommit += time.Since(start)

		b.StopTimer()
		start = time.Now()
		if _, err := raw.WriteAt(page, int64(n%256)*4096); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(raw.Fd())); err != nil {
			b.Fatal(err)
		}
		inSync += time.Since(start)
		if _, err := j.DropSink("xapi"); err != nil { // so that the queue does not grow
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(inCommit.Seconds()/inSync.Seconds(), "fsyncs/commit")
	b.ReportMetric(float64(inSync.Microseconds())/float64(n), "µs/fsync")
	b.ReportMetric(float64(fileSize(b, j.opts.Path))/(1<<20), "MB")
}

const (
	benchVMs       = 1000
	benchVariables = 3
	benchState     = 250 // bytes
)

func benchID(n int) alarm.ID {
	return vm(n%benchVMs, []string{"cpu_usage", "network_usage", "disk_usage"}[n/benchVMs%benchVariables])
}

// fullJournal has the states of 1000 VMs with three variables.
func fullJournal(t testing.TB, path string) *Journal {
	j := open(t, path)
	b := &Batch{}
	for n := range benchVMs * benchVariables {
		b.SetState(benchID(n), fmt.Appendf(nil, "%*d", benchState, n))
	}
	commit(t, j, b)
	return j
}

// pollBatch is one last row, 20 states and 5 events.
func pollBatch(n int) *Batch {
	b := &Batch{}
	b.Set(Rows, "xapi", fmt.Append(nil, 1786000000+60*n))
	for i := range 20 {
		b.SetState(benchID(n*7919+i*613), fmt.Appendf(nil, "%*d", benchState, n))
	}
	for i := range 5 {
		b.Append("xapi", event(alarm.KindRaised, int64(5*n+i)))
	}
	b.SetSequence(int64(5*n + 5))
	return b
}

// TestJournalSize holds the goal for the file's size, after some polls and
// with a queue that is emptied from time to time.
func TestJournalSize(t *testing.T) {
	const goal = 4 << 20
	path := quickPath(t)
	j := fullJournal(t, path)
	first := fileSize(t, path)
	for n := range 100 {
		commit(t, j, pollBatch(n))
		if n%20 == 0 {
			if _, err := j.DropSink("xapi"); err != nil {
				t.Fatal(err)
			}
		}
	}
	size := fileSize(t, path)
	t.Logf("%d VMs with %d variables: %d bytes, %d after 100 polls", benchVMs, benchVariables, first, size)
	if size > goal {
		t.Errorf("%d bytes; the goal is %d", size, goal)
	}
}
