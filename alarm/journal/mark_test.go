package journal

import (
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"perfmon/alarm"
)

// TestMarkKeepsTheFirstTime: also over a restart, and when it is made again.
func TestMarkKeepsTheFirstTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		j := open(t, path)
		b := &Batch{}
		b.Append("xapi", event(alarm.KindRaised, 1), event(alarm.KindRepeated, 2))
		commit(t, j, b)
		keys := []uint64{j.Pending("xapi", 0)[0].Key, j.Pending("xapi", 0)[1].Key}
		var times []time.Time
		for n := range keys {
			time.Sleep(time.Minute + time.Nanosecond)
			times = append(times, time.Now())
			if err := j.MarkInFlight("xapi", keys[:n+1]...); err != nil {
				t.Fatal(err)
			}
		}
		check := func() {
			t.Helper()
			marks := j.InFlight("xapi")
			if len(marks) != len(keys) {
				t.Fatalf("marks %v", marks)
			}
			for n, m := range marks {
				if m.Key != keys[n] || !m.At.Equal(times[n]) {
					t.Errorf("mark %d is %v, want %d at %v", n, m, keys[n], times[n])
				}
			}
		}
		check()
		time.Sleep(time.Hour)
		closeIt(t, j)
		j = open(t, path)
		check()
		if err := j.MarkInFlight("xapi", keys...); err != nil {
			t.Fatal(err)
		}
		check()
	})
}

// TestMarkWithoutTime: a mark that is none is damage.
func TestMarkWithoutTime(t *testing.T) {
	path := newPath(t)
	closeIt(t, open(t, path))
	db, err := bbolt.Open(path, fileMode, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return put(tx, change{tableInFlight + "xapi", entryKey(1), []byte{}}) })
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if j := open(t, path); len(j.InFlight("xapi")) > 0 || len(asideFiles(t, path)) != 1 {
		t.Errorf("in flight %v, put aside %q", j.InFlight("xapi"), asideFiles(t, path))
	}
}
