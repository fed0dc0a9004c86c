// Package toolstack runs the simulated toolstack for a benchmark: a host with
// many VMs, each with the same triggers, whose time goes on by a stated number
// of rows with every answer, so that a refresh that takes minutes can be
// measured every few seconds.
package toolstack

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"perfmon/bench/corpus"
	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// Options say how much there is.
type Options struct {
	Dir     string // of the sockets; it must exist
	VMs     int
	Sources int // of each VM, at most 30
	Rows    int // of 5 s, in every answer but the first
}

// step is the seconds between rows.
const step = 5

// variables is the configuration of each VM. Its levels are such that no alarm
// is raised, since it is the looking that is measured; but for the first VM,
// whose alarm shows that somebody looks.
const variables = `<config>` +
	`<variable><name value="cpu_usage"/><alarm_trigger_level value="0.995"/></variable>` +
	`<variable><name value="network_usage"/><alarm_trigger_level value="1e12"/></variable>` +
	`<variable><name value="disk_usage"/><alarm_trigger_level value="1e12"/></variable>` +
	`</config>`

// thirteen are the sources of a VM where there are that many.
var thirteen = []string{
	"cpu0", "cpu1", "memory", "memory_target", "memory_internal_free", "vif_0_rx", "vif_0_tx",
	"vbd_xvda_read", "vbd_xvda_write", "vbd_xvda_read_latency", "vbd_xvda_write_latency", "vbd_xvdb_read", "vbd_xvdb_write",
}

// Line is what Run prints: the first where it listens, the others each an
// answer with rows that has been sent.
type Line struct {
	XAPI string `json:"xapi,omitempty"`
	RRDD string `json:"rrdd,omitempty"`
	TCP  string `json:"tcp,omitempty"`
	Host string `json:"host,omitempty"`

	Answer int `json:"answer,omitempty"` // counts, from 1
	Bytes  int `json:"bytes,omitempty"`  // of it
	Alarms int `json:"alarms,omitempty"` // that have been sent so far
}

// Run serves until stdin ends.
func Run(o Options, stdin io.Reader, stdout io.Writer) error {
	clock := &clock{t: time.Now()}
	out := &printer{w: json.NewEncoder(stdout)}
	answers, alarms := 0, 0
	s := xapitest.New(xapitest.Options{
		Dir: o.Dir, History: 2 * time.Duration(o.Rows) * step * time.Second, Now: clock.now, KeepRequests: 10,
		OnMessage: func(xapitest.Message) {
			out.mu.Lock()
			defer out.mu.Unlock()
			alarms++
		},
		OnRequest: func(r xapitest.Request) {
			if r.Path != "/rrd_updates" {
				return
			}
			// Whoever has read the line may ask at once: there must be rows.
			clock.advance(time.Duration(o.Rows) * step * time.Second)
			out.mu.Lock()
			defer out.mu.Unlock()
			answers++
			out.print(Line{Answer: answers, Bytes: r.BytesOut, Alarms: alarms})
		},
	})
	o.fill(s)
	if err := s.Start(); err != nil {
		return err
	}
	out.mu.Lock()
	out.print(Line{XAPI: s.Addr(xapitest.XAPI), RRDD: s.Addr(xapitest.RRDD), TCP: s.Addr(xapitest.TCP), Host: s.HostUUID()})
	out.mu.Unlock()
	if _, err := io.Copy(io.Discard, stdin); err != nil {
		return fmt.Errorf("wait for the end of the input: %w", err)
	}
	return s.Close()
}

// printer prints lines, one at a time.
type printer struct {
	mu sync.Mutex
	// mu guards everything that follows.
	w *json.Encoder
}

// print is called with the lock held. Whoever no longer reads has no use for
// the line.
func (p *printer) print(l Line) { _ = p.w.Encode(l) }

// clock stands still between answers, so that each has so many rows as it
// should, however long it took to come.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// fill makes the host's objects and their series.
func (o Options) fill(s *xapitest.Server) {
	host := s.HostUUID()
	for _, name := range []string{"cpu0", "cpu1", "loadavg", "memory_free_kib"} {
		s.SetSeries(rrd.ClassHost, host, name, noise(0, len(name), name))
	}
	names := thirteen
	if o.Sources != len(thirteen) {
		names = corpus.Names()[:o.Sources]
	}
	for vm := range o.VMs {
		uuid := corpus.UUID(vm)
		config := variables
		if vm == 0 {
			config = strings.Replace(config, "0.995", "0", 1)
		}
		s.PutVM(xapitest.VM{UUID: uuid, Name: fmt.Sprintf("vm-%d", vm), PowerState: "Running", ResidentOn: host, MemoryBytes: 4 << 30, VCPUs: 2,
			OtherConfig: map[string]string{"perfmon": config}})
		for i, name := range names {
			s.SetSeries(rrd.ClassVM, uuid, name, noise(vm, i, name))
		}
	}
}

// noise is a series that never ends and never repeats soon, different for each
// source, the same in every run: fractions of a CPU below 0.9, and larger values
// of the others.
func noise(vm, source int, name string) func(t int64) float64 {
	scale := 0.9
	switch {
	case strings.HasPrefix(name, "memory"):
		scale = 4e9
	case strings.HasPrefix(name, "vif"), strings.HasPrefix(name, "vbd"):
		scale = 3e5
	}
	key := uint64(vm)<<8 | uint64(source)
	return func(t int64) float64 {
		z := (key<<32 ^ uint64(t)) * 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		return scale * math.Ldexp(float64(z>>11), -53)
	}
}
