package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	xapisink "perfmon/alarm/sink/xapi"
	"perfmon/cmd/internal/settings"
	"perfmon/monitor"
	"perfmon/xapi/xapitest"
)

// This test runs the agent's parts, wired as they are on a host, against the
// simulated toolstack through everything that can go wrong, and compares the
// alarms with those of an oracle that has seen the samples alone.

// sample is one row of the script for one object.
type sample struct {
	t     int64
	value float64 // NaN: unknown
}

// rule is one variable of the script.
type rule struct {
	name            string
	level           float64
	low             bool
	period, inhibit int64
}

// oracle says at which samples a rule raises: those that complete a period of
// bad ones, unless they fall into the inhibit time of the raise before.
// Samples are a step of 60 s apart; ten minutes without a value start it anew.
func oracle(r rule, script []sample) (raises []sample) {
	var bad, dark int64
	raised := int64(math.MinInt64 / 2)
	for _, s := range script {
		isBad := s.value > r.level
		if r.low {
			isBad = s.value < r.level
		}
		switch {
		case math.IsNaN(s.value):
			if dark += 60; dark >= max(600, r.period) {
				bad = 0
			}
			continue
		case isBad:
			bad += 60
		default:
			bad = 0
		}
		dark = 0
		if isBad && bad >= r.period {
			bad = 0
			if s.t-raised >= r.inhibit {
				raised = s.t
				raises = append(raises, s)
			}
		}
	}
	return raises
}

// xml is the rule as operators write it.
func (r rule) xml(extra string) string {
	sense := "high"
	if r.low {
		sense = "low"
	}
	return fmt.Sprintf(`<config><variable><name value=%q/><alarm_trigger_level value="%v"/><alarm_trigger_period value="%d"/>`+
		`<alarm_auto_inhibit_period value="%d"/><alarm_trigger_sense value=%q/><rrd_regex value="load"/></variable>%s</config>`,
		r.name, r.level, r.period, r.inhibit, sense, extra)
}

// makeScript draws spells of good, bad and unknown rows. Every value is a
// different one, so that an alarm tells which row raised it.
func makeScript(rng *rand.Rand, t0 int64, rows int, low bool) []sample {
	script := make([]sample, 0, rows)
	for len(script) < rows {
		kind, spell := rng.IntN(7), 1+rng.IntN(8)
		if kind == 6 {
			spell = 1 + rng.IntN(14) // unknown, sometimes for longer than ten minutes
		}
		for ; spell > 0 && len(script) < rows; spell-- {
			i := len(script)
			v := math.NaN()
			if kind < 6 {
				v = 0.1 + float64(i)*1e-4
				if (kind < 4) != low {
					v += 0.5
				}
			}
			script = append(script, sample{t0 + 60*int64(i), float64(float32(v))})
		}
	}
	return script
}

// stage is everything the test turns.
type stage struct {
	t      *testing.T
	sim    *xapitest.Server
	clock  *stageClock
	ts     *toolstack
	m      *monitor.Monitor
	raised recorder
	given  chan struct{} // an inventory came
}

type stageClock struct {
	mu   sync.Mutex
	wall time.Time
	mono time.Duration
}

func (c *stageClock) Now() (time.Time, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall, c.mono
}

func (c *stageClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall, c.mono = c.wall.Add(d), c.mono+d
}

// recorder notes the alarms on their way to the sink.
type recorder struct {
	*store
	got []string
}

func (r *recorder) Keep(c *monitor.Changes) {
	for _, e := range c.Events {
		if e.IsALARM() {
			r.got = append(r.got, key(e.Class, e.UUID, e.Variable, e.Value))
		}
	}
	r.store.Keep(c)
}

func key(class, uuid, variable string, value float64) string {
	return fmt.Sprintf("%s %s %s %.6f", strings.ToLower(class), uuid, variable, value)
}

func newStage(t *testing.T, t0 int64) *stage {
	dir := t.TempDir()
	s := &stage{t: t, clock: &stageClock{wall: time.Unix(t0, 0), mono: time.Hour}, given: make(chan struct{}, 100)}
	s.sim = xapitest.New(xapitest.Options{Dir: dir, Now: func() time.Time { now, _ := s.clock.Now(); return now }})
	if err := s.sim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.sim.Close() })
	inventory := filepath.Join(dir, "inventory")
	writeInventory(t, inventory, s.sim.HostUUID())
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if os.Getenv("PERFMON_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	o := &options{
		xapiSocket: s.sim.Addr(xapitest.XAPI), rrddSocket: s.sim.Addr(xapitest.RRDD), xapiHTTP: s.sim.Addr(xapitest.TCP),
		inventoryFile: inventory, configPeriod: 3600, maxUpdateBytes: 1 << 20,
		stallTimeout: 5 * time.Second, // three polls wait for it; no answer of a busy machine does
	}
	j, err := openJournal(t.TempDir(), log, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	// No limit: the table has more alarms in an hour than a toolstack likes.
	cfg := &settings.Settings{Sinks: []settings.Sink{{Name: xapisink.Name, Kind: xapisink.Name}}}
	h := xapiHost(o, j, log, prometheus.NewRegistry())
	s.ts = h.source.(*toolstack)
	s.ts.identityEvery = 20 * time.Millisecond
	sinks, err := openSinks(cfg, false, h, j, log, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	s.raised.store = newStore(j, h.name, sinks, log)
	t.Cleanup(s.raised.store.close)
	s.m = monitor.New(monitor.Options{
		Source: s.ts, Clock: s.clock, Store: &s.raised, Readings: readings(), Logger: log, Step: 60, Interval: time.Minute,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { s.raised.deliver(ctx, nil) })
	work.Go(func() {
		s.ts.watch(ctx, func(inv *monitor.Inventory) { s.m.SetInventory(inv); s.given <- struct{}{} })
	})
	t.Cleanup(func() { cancel(); work.Wait(); s.ts.close() })
	return s
}

func writeInventory(t *testing.T, path, uuid string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte("INSTALLATION_UUID='"+uuid+"'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// inventory waits until the agent knows of a change.
func (s *stage) inventory() {
	s.t.Helper()
	select {
	case <-s.given:
	case <-time.After(limit):
		s.t.Fatal("the agent did not hear of a change of configuration")
	}
}

// configure changes an object's trigger XML and waits until the agent has it.
func (s *stage) configure(class, uuid, text string) {
	s.t.Helper()
	if err := s.sim.SetOtherConfig(class, uuid, "perfmon", text); err != nil {
		s.t.Fatal(err)
	}
	s.inventory()
}

// poll lets a minute pass, with a row at its end, and polls.
func (s *stage) poll(t int64, row []xapitest.Sample) error {
	now, _ := s.clock.Now()
	s.clock.advance(time.Unix(t+7, 0).Sub(now))
	s.sim.AddRow(t, 60, row...)
	return s.m.Poll(context.Background())
}

func TestTheTableAgainstAnOracle(t *testing.T) {
	const rows = 260
	t0 := int64(1_766_000_040)
	s := newStage(t, t0-60)
	rng := rand.New(rand.NewPCG(1, 2))

	host := s.sim.HostUUID()
	newHost := xapitest.UUID("host after reinstallation")
	const hostChange = 200
	rules := map[string]rule{} // by uuid
	scripts := map[string][]sample{}
	var vms []string
	for i := range 12 {
		uuid := xapitest.UUID(fmt.Sprintf("vm %d", i))
		vms = append(vms, uuid)
		s.sim.PutVM(xapitest.VM{UUID: uuid, Name: fmt.Sprintf("vm-%d", i), PowerState: "Running", ResidentOn: host})
		rules[uuid] = rule{name: fmt.Sprintf("load_%d", i), level: 0.4, low: i%3 == 2, period: int64(60 * (1 + i%4)), inhibit: int64(i % 5 * 300)}
		if i == 7 {
			r := rules[uuid]
			r.inhibit = 1_000_000
			rules[uuid] = r
		}
		scripts[uuid] = makeScript(rng, t0, rows, i%3 == 2)
	}
	for _, h := range []string{host, newHost} {
		rules[h] = rule{name: "host_load", level: 0.4, period: 120, inhibit: 600}
	}
	hostScript := makeScript(rng, t0, rows, false)
	scripts[host], scripts[newHost] = hostScript[:hostChange], hostScript[hostChange:]
	for uuid, r := range rules {
		class := "vm"
		if uuid == newHost {
			continue
		}
		if uuid == host {
			class = "host"
		}
		if err := s.sim.SetOtherConfig(class, uuid, "perfmon", r.xml("")); err != nil {
			t.Fatal(err)
		}
	}
	s.inventoryHas(len(vms) + 1)

	table := newTable(s, vms, rules)
	for i := range rows {
		if i == hostChange {
			table.drain() // a message on a uuid that has gone is refused
			s.sim.ChangeHostUUID(newHost)
			writeInventory(t, s.ts.opts.inventoryFile, newHost)
			s.inventory()
		}
		hostNow := host
		if i >= hostChange {
			hostNow = newHost
		}
		var row []xapitest.Sample
		for _, uuid := range vms {
			row = append(row, xapitest.Sample{Class: "vm", UUID: uuid, Name: "load", Value: scripts[uuid][i].value},
				xapitest.Sample{Class: "vm", UUID: uuid, Name: "other", Value: 7})
		}
		row = append(row, xapitest.Sample{Class: "host", UUID: hostNow, Name: "load", Value: hostScript[i].value})
		undo := table.before(i)
		err := s.poll(t0+60*int64(i), row)
		table.after(i, err)
		undo()
	}

	var want []string
	for uuid, r := range rules {
		class := "vm"
		if uuid == host || uuid == newHost {
			class = "host"
		}
		for _, raise := range oracle(r, scripts[uuid]) {
			want = append(want, key(class, uuid, r.name, raise.value))
		}
	}
	compare(t, "raised", s.raised.got, want)
	t.Logf("%d alarms of %d variables over %d rows, with %d faults", len(want), len(rules), rows, table.faults)
	if len(want) < 100 {
		t.Errorf("the script raises %d alarms: too few to tell", len(want))
	}

	want = slices.DeleteFunc(want, func(k string) bool { return table.refused[k] })
	if len(table.refused) < 3 {
		t.Errorf("%d messages were refused, want at least 3 of the script", len(table.refused))
	}
	messages, err := s.waitMessages(len(want))
	if err != nil {
		t.Error(err)
	}
	compare(t, "created", messages, want)
}

// inventoryHas waits until the agent knows the configurations of n objects.
func (s *stage) inventoryHas(n int) {
	s.t.Helper()
	for range 100 {
		s.inventory()
		s.m.Poll(context.Background())
		snapshot := s.m.Snapshot()
		if len(snapshot.Variables) >= n {
			return
		}
	}
	s.t.Fatalf("the agent does not know %d variables", n)
}

// waitMessages waits for n messages, and a moment for one too many.
func (s *stage) waitMessages(n int) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all, err := s.sim.WaitMessages(ctx, n)
	var keys []string
	for _, m := range all {
		head, rest, _ := strings.Cut(m.Body, "\n")
		var value float64
		fmt.Sscanf(head, "value: %f", &value)
		_, rest, _ = strings.Cut(rest, `<name value="`)
		name, _, _ := strings.Cut(rest, `"`)
		keys = append(keys, key(m.Class, m.ObjUUID, name, value))
		if m.Name != "ALARM" || m.Class != "VM" && m.Class != "Host" || m.Priority != 3 {
			err = fmt.Errorf("message %q of class %q, priority %d", m.Name, m.Class, m.Priority)
		}
	}
	return keys, err
}

// compare wants the same words, each as often, in any order.
func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	count := map[string]int{}
	for _, w := range want {
		count[w]++
	}
	for _, g := range got {
		count[g]--
	}
	for k, n := range count {
		if n > 0 {
			t.Errorf("%s: %q is missing (%d)", what, k, n)
		} else if n < 0 {
			t.Errorf("%s: %q is one too many (%d)", what, k, -n)
		}
	}
}
