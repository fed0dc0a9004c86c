package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/monitor"
)

// remember has the rows remembered until the test ends.
func remember(t *testing.T, l *local) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() { (&Service{l}).Run(ctx) })
	t.Cleanup(func() { cancel(); wait.Wait() })
}

// rowAt is an overview of a row of 5 s with one VM, whose processor is so busy.
func rowAt(t int64, cpu float64) *Overview {
	o := &Overview{Row: t, Step: 5, Host: HostOverview{UUID: hostUUID}, VMs: []VMOverview{{UUID: webUUID}}}
	if !math.IsNaN(cpu) {
		o.VMs[0].CPU = &cpu
	}
	return o
}

// shownOf is what is remembered of the VM's processor: the times, and the
// values.
func shownOf(r *recents, t int64) string {
	got := r.of(rowAt(t, nan))
	list, _ := json.Marshal(got.VMs[0].CPU)
	return strings.ReplaceAll(fmt.Sprint(got.T, " ", string(list)), ",", " ")
}

// TestRecent: each time has the largest value of its rows; a gap is unknown,
// never zero.
func TestRecent(t *testing.T) {
	r := &recents{}
	f := func(at int64, cpu float64, want string) {
		t.Helper()
		r.note(rowAt(at, cpu))
		if got := shownOf(r, at); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	f(0, 0.9, "[] []")        // no row
	f(1000, nan, "[1000] []") // unknown in all of it
	f(1005, 0.25, "[1005] [0.25]")
	f(1005, 0.75, "[1005] [0.25]") // known already
	f(1010, 0.125, "[1010] [0.25]")
	f(1020, 0.5, "[1020] [0.5]") // the last row of that time
	f(1025, 0.25, "[1020 1025] [0.5 0.25]")
	f(1030, nan, "[1020 1030] [0.5 0.25]")
	f(1055, nan, "[1020 1050 1055] [0.5 0.25 null]")
	f(1115, 0.123456, "[1020 1050 1080 1110 1115] [0.5 0.25 null null 0.1235]")
	f(900, 1, "[1020 1050 1080 1110 1115] [0.5 0.25 null null 0.1235]")

	// No more than so many, and of what has gone nothing stays.
	for at := int64(1120); at <= 1140+recentTimes*recentEvery; at += 5 {
		r.note(rowAt(at, 0.5))
	}
	got := r.of(rowAt(0, nan))
	if n := len(got.T); n != recentTimes || got.T[n-1] != 1140+recentTimes*recentEvery || got.T[0] != got.T[n-1]-(recentTimes-1)*recentEvery ||
		len(got.VMs[0].CPU) != n || slices.ContainsFunc(got.VMs[0].CPU, func(v float64) bool { return v != 0.5 }) {
		t.Errorf("%d times, %v", n, got)
	}
	for at := got.T[recentTimes-1]; at <= got.T[recentTimes-1]+recentTimes*recentEvery; at += 5 {
		o := rowAt(at, nan)
		o.VMs[0].UUID = dbUUID
		r.note(o)
	}
	if len(r.past) != 2 {
		t.Errorf("%d objects are remembered, want the host and the new VM", len(r.past))
	}
	// After a long time without rows there is nothing before it.
	r.note(rowAt(100000, 0.5))
	if got := r.of(rowAt(0, nan)); len(got.T) != recentTimes || !math.IsNaN(got.VMs[0].CPU[0]) || got.VMs[0].CPU[recentTimes-1] != 0.5 {
		t.Errorf("%v", got)
	}
	// Rows that are further apart than that.
	slow := rowAt(200000, 0.25)
	slow.Step = 60
	r.note(slow)
	if got := r.of(slow); got.Every != 60 || !slices.Equal(got.T, []int64{200000}) {
		t.Errorf("%v", got)
	}
}

// TestRecentValues: which headline is which.
func TestRecentValues(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	r := &recents{}
	o := &Overview{
		Row: 1000, Step: 60,
		Host: HostOverview{UUID: hostUUID, CPU: v(0.5), MemoryUsed: v(64), NetRx: v(1), NetTx: v(2), DiskRead: v(4)},
		VMs:  []VMOverview{{UUID: webUUID, CPU: v(0.25), Contention: v(0.125), Memory: v(32), NetTx: v(8), DiskRead: v(16), DiskWrite: v(32)}},
		SRs:  []SROverview{{UUID: srUUID, Latency: v(3), Used: v(128), Write: v(256)}},
	}
	r.note(o)
	got, err := json.Marshal(r.of(o))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"api":"v1","every_s":60,"t":[1000],` +
		`"host":{"uuid":"` + hostUUID + `","cpu_usage":[0.5],"memory_bytes":[64],"net_bytes_per_s":[3],"disk_bytes_per_s":[4]},` +
		`"vms":[{"uuid":"` + webUUID + `","cpu_usage":[0.25],"contention":[0.125],"memory_bytes":[32],"net_bytes_per_s":[8],"disk_bytes_per_s":[48]}],` +
		`"srs":[{"uuid":"` + srUUID + `","latency_seconds":[3],"memory_bytes":[128],"disk_bytes_per_s":[256]}]}`
	if string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestRecentFollowsTheLoop: it is noted whoever watches, and takes nobody's
// place.
func TestRecentFollowsTheLoop(t *testing.T) {
	feed := NewFeed()
	s := pictureOf(t, "vm/"+webUUID+"/cpu0 0.5")
	a := newAsker(t, &fakeMonitor{snapshot: s})
	a.l.Feed = feed
	remember(t, a.l)
	var got Recent
	await := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if a.get("/v1/recent", &got); len(got.T) == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d times, want %d", len(got.T), want)
			}
		}
	}
	await(1)
	next := *s
	next.Row.T = 1000
	next.Polled = 1000
	a.l.Monitor.(*fakeMonitor).snapshot = &next
	feed.Published((*monitor.Snapshot)(&next))
	await(1)
	if i := slices.IndexFunc(got.VMs, func(v RecentValues) bool { return v.UUID == webUUID }); i < 0 || len(got.VMs[i].CPU) != 1 || got.VMs[i].CPU[0] != 0.5 {
		t.Errorf("%+v", got)
	}
	for range maxWatchers {
		if w := feed.watch(false); w == nil {
			t.Fatal("it takes somebody's place")
		} else {
			defer feed.leave(w)
		}
	}
	if feed.watch(false) != nil {
		t.Error("there is room for one more")
	}
	feed.Close()
}
