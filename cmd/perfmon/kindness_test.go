package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// hour is hosts of a pool and their agents in a bubble, where an hour costs
// nothing. One toolstack stands for that of the coordinator and for each host's
// own. Its sockets are in memory.
type hour struct {
	t     *testing.T
	sim   *xapitest.Server
	hosts []string // uuids
	began time.Time
	work  sync.WaitGroup
	end   context.CancelFunc
	ctx   context.Context
}

func newHour(t *testing.T, hosts, vms int) *hour {
	h := &hour{t: t, began: time.Now(), sim: xapitest.New(xapitest.Options{Memory: true, KeepRequests: 200_000})}
	h.ctx, h.end = context.WithCancel(t.Context())
	if err := h.sim.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range hosts {
		uuid := h.sim.HostUUID()
		if i > 0 {
			uuid = xapitest.UUID(fmt.Sprint("host ", i))
			h.sim.PutHost(xapitest.Host{UUID: uuid, Name: fmt.Sprint("host-", i), Enabled: true})
		}
		h.hosts = append(h.hosts, uuid)
	}
	h.sim.SetSeries(rrd.ClassHost, h.hosts[0], "cpu0", func(int64) float64 { return 0.25 })
	for i := range vms {
		h.sim.PutVM(xapitest.VM{UUID: vmOf(i), Name: fmt.Sprint("vm-", i), PowerState: "Running", ResidentOn: h.hosts[i%hosts]})
		h.sim.SetSeries(rrd.ClassVM, vmOf(i), "cpu0", func(int64) float64 { return 0.5 })
	}
	return h
}

func vmOf(i int) string { return xapitest.UUID(fmt.Sprint("vm ", i)) }

// close ends the agents, and then the toolstack.
func (h *hour) close() {
	h.end()
	h.work.Wait()
	if err := h.sim.Close(); err != nil {
		h.t.Error(err)
	}
}

// start starts what talks to the toolstack of a host's agent, as on a host where
// one has run before. With rows its loop runs too.
func (h *hour) start(uuid string, step int64, rows bool) {
	o := &options{
		hostUUID: uuid, step: step, configPeriod: defaultConfigPeriod, maxUpdateBytes: 1 << 24, dial: h.sim.Dial,
		xapiSocket: h.sim.Addr(xapitest.XAPI), rrddSocket: h.sim.Addr(xapitest.RRDD), xapiHTTP: h.sim.Addr(xapitest.TCP),
	}
	stack := newToolstack(o, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	stack.restarted = true
	m := monitor.New(monitor.Options{
		Source: stack, Clock: bubbleClock{h.began}, Store: nowhere{}, Readings: nowhere{}, Logger: slog.New(slog.DiscardHandler),
		Step: step, Dither: monitor.DefaultDither, Reread: func() { stack.watcher.Refresh() },
	})
	h.work.Go(func() {
		var work sync.WaitGroup
		work.Go(func() { stack.watch(h.ctx, m.SetInventory) })
		if rows {
			work.Go(func() { m.Run(h.ctx) })
		}
		work.Wait()
		stack.close()
	})
}

// coordinator counts what reaches the coordinator from a time on: all that does
// not go to xcp-rrdd's own socket.
func (h *hour) coordinator(from time.Duration) (calls int, bytes int64, kinds map[string]int) {
	kinds = map[string]int{}
	for _, r := range h.sim.Requests() {
		if r.Endpoint != xapitest.RRDD && r.Time.Sub(h.began) >= from {
			calls++
			bytes += int64(r.BytesOut)
			kinds[r.Method]++
		}
	}
	return calls, bytes, kinds
}

// fulls is when everything was read, after a time. What was refused is small.
func (h *hour) fulls(from time.Duration) (at []time.Duration) {
	for _, r := range h.sim.Requests() {
		if d := r.Time.Sub(h.began) - from; r.Method == "event.from" && r.Args[2] == "" && r.BytesOut > 9000 && d >= 0 {
			at = append(at, d)
		}
	}
	return at
}

type bubbleClock struct{ began time.Time }

func (c bubbleClock) Now() (time.Time, time.Duration) {
	now := time.Now()
	return now, now.Sub(c.began)
}

// nowhere keeps nothing and reads nothing.
type nowhere struct{}

func (nowhere) Keep(*monitor.Changes)             {}
func (nowhere) Epoch() string                     { return "e" }
func (nowhere) Announce([]*alarm.Event)           {}
func (nowhere) Read(config.Fold) (float64, error) { return 0, errors.New("none") }

// TestQuietHour: what an agent asks of its pool in an hour without changes, the
// first of its life and a later one.
func TestQuietHour(t *testing.T) {
	const vms = 30
	for _, step := range []int64{5, 60} {
		synctest.Test(t, func(t *testing.T) {
			h := newHour(t, 1, vms)
			defer h.close()
			h.start(h.hosts[0], step, true)
			for i := range 2 {
				from := time.Duration(i) * time.Hour
				time.Sleep(time.Hour)
				synctest.Wait()
				calls, bytes, kinds := h.coordinator(from)
				t.Logf("step %d, hour %d: %d requests at the coordinator, %d bytes: %v", step, i+1, calls, bytes, kinds)
				if calls > 12 || calls < 4 {
					t.Errorf("step %d, hour %d: %d requests reach the coordinator, want 12 at most: %v", step, i+1, calls, kinds)
				}
			}
			rows := 0
			for _, r := range h.sim.Requests() {
				if r.Endpoint == xapitest.RRDD {
					rows++
				}
			}
			steps := int(2 * 3600 / step)
			t.Logf("step %d: %d requests for %d rows at xcp-rrdd", step, rows, steps)
			if rows < steps-2 || rows > steps*13/10 {
				t.Errorf("step %d: %d requests for %d rows", step, rows, steps)
			}
		})
	}
}

// TestChattyHour: VMs that change all the time in ways that nobody needs cost
// one call a second, and each at most its record.
func TestChattyHour(t *testing.T) {
	f := func(changing, most int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			const vms = 500
			h := newHour(t, 1, vms)
			defer h.close()
			h.start(h.hosts[0], 60, false)
			time.Sleep(2 * time.Minute)
			_, everything, _ := h.coordinator(0)
			for range 600 {
				for i := range changing {
					h.sim.Touch("vm", vmOf(i))
				}
				time.Sleep(100 * time.Millisecond)
			}
			synctest.Wait()
			calls, bytes, _ := h.coordinator(2 * time.Minute)
			record := everything / vms // and more
			t.Logf("%d calls and %d bytes in a minute in which %d VMs change ten times a second; a record has less than %d bytes", calls, bytes, changing, record)
			if calls < most-6 || calls > most {
				t.Errorf("%d VMs: %d calls in a minute, want %d", changing, calls, most)
			}
			if most := int64(calls) * (int64(changing)*record + 1024); bytes > most {
				t.Errorf("%d VMs: %d bytes in a minute, want %d at most", changing, bytes, most)
			}
		})
	}
	f(20, 61)
	f(200, 11) // so many that it is asked less often
}

// TestHostsThatRestartTogether: 64 agents that start in the same moment, and that
// lose their coordinator in the same moment, read everything spread over the
// interval.
//
// Chance decides little of that. A host's turn is monitor.Slot(uuid) * interval,
// the same each time; after an error a pause U comes on top, evenly out of [0, 1 s).
// So the k-th of n reads comes at d(k) with s(k) <= d(k) < s(k) + 1 s, where s(k)
// is the k-th of the turns in order: at least k of them have begun by d(k), and
// at s(k) + 1 s those k have read. So no draw breaks that; and a herd does, which
// reads before its turns. How well these 64 turns are spread is no chance at all.
func TestHostsThatRestartTogether(t *testing.T) {
	const (
		hosts, step = 64, 60
		interval    = step * time.Second
		pause       = time.Second // the first ceiling of an xapi.Backoff
	)
	synctest.Test(t, func(t *testing.T) {
		h := newHour(t, hosts, 4)
		defer h.close()
		var turns []time.Duration
		for _, uuid := range h.hosts {
			turns = append(turns, time.Duration(monitor.Slot(uuid)*float64(interval)))
			h.start(uuid, step, false)
		}
		slices.Sort(turns)
		busiest := 0 // in a sixteenth of the interval, where 4 would be even
		for i, s := range turns {
			n, _ := slices.BinarySearch(turns, s+interval/16)
			busiest = max(busiest, n-i)
		}
		if busiest > 10 {
			t.Errorf("%d of %d turns are in one sixteenth of the interval", busiest, hosts)
		}
		spread := func(question string, from time.Duration) {
			t.Helper()
			at := h.fulls(from)
			slices.Sort(at)
			if len(at) != hosts {
				t.Errorf("%s: %d reads of everything, want %d", question, len(at), hosts)
				return
			}
			least, most := interval, -interval
			for k, d := range at {
				least, most = min(least, d-turns[k]), max(most, d-turns[k])
			}
			t.Logf("%s: reads of everything come %v to %v after their turns", question, least, most)
			if least < 0 || most > pause {
				t.Errorf("%s: reads of everything come %v to %v after their turns, want 0 to %v:\n%v", question, least, most, pause, at)
			}
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		spread("started together", 0)
		from := time.Since(h.began)
		h.sim.EndSessions() // a coordinator that has restarted knows none of them
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		spread("sessions lost", from)
		from = time.Since(h.began)
		if err := h.sim.StopToolstack(); err != nil {
			t.Fatal(err)
		}
		if err := h.sim.StartToolstack(false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		spread("toolstack restarted", from)
	})
}
