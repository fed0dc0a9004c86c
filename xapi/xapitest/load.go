package xapitest

import (
	"fmt"
	"math"
	"strconv"

	"perfmon/rrd"
)

// LoadOptions says how much load to make up.
type LoadOptions struct {
	VMs  int // running on the host, beside its control domain
	SRs  int // the first is an LVM SR, the second thin, with rows of its own; then ISO, NFS, and so on
	Seed uint64
	// Recorded adds what a toolstack records only when it is told to: the
	// runstates of VMs, the errors of network cards.
	Recorded bool
}

// Load is a made-up host: its objects, by uuid, in order.
type Load struct {
	VMs []string
	SRs []string
}

// kinds of VMs: what they are called and how busy they are.
var kinds = []struct {
	name         string
	vcpus        int
	busy, memory float64 // fraction, GiB
}{
	{"web", 2, 0.35, 4}, {"db", 4, 0.25, 16}, {"cache", 2, 0.15, 8}, {"build", 4, 0.55, 8}, {"mail", 1, 0.1, 2},
}

// srKinds are taken in turn.
var srKinds = []struct {
	name, typ, content string
	fill               float64
	rows               bool // has an RRD of its own
}{
	{"local", "lvm", "user", 0.55, false}, {"shared", "gfs2", "user", 0.6, true}, {"images", "iso", "iso", 1, false}, {"archive", "nfs", "user", 0.4, false},
}

// Generate fills the host with VMs and SRs and plausible, seeded rows: 64
// columns of the host and some more for each SR, 36 for a VM of two
// processors; see Recorded for more. Values are smooth noise of time, so that the same seed gives
// the same rows at the same time.
func (s *Server) Generate(o LoadOptions) *Load {
	l := &Load{}
	g := generator{s: s, seed: o.Seed}
	s.mu.Lock()
	s.recorded = o.Recorded
	s.mu.Unlock()
	host := s.HostUUID()
	for i := range o.SRs {
		l.SRs = append(l.SRs, g.sr(host, i))
	}
	g.host(host, l.SRs)
	g.vm(s.opt.ControlDomainUUID, 2, 0.1, 4)
	for i := range o.VMs {
		k := kinds[i%len(kinds)]
		uuid := UUID(fmt.Sprintf("vm %d %d", o.Seed, i))
		s.PutVM(VM{UUID: uuid, Name: fmt.Sprintf("%s-%02d", k.name, i/len(kinds)+1), PowerState: "Running", ResidentOn: host,
			MemoryBytes: int64(k.memory) << 30, VCPUs: k.vcpus})
		g.vm(uuid, k.vcpus, k.busy, k.memory)
		l.VMs = append(l.VMs, uuid)
	}
	return l
}

// StopVM halts a VM: its record says so, and its rows end.
func (s *Server) StopVM(uuid string) {
	if v, ok := s.VM(uuid); ok {
		v.PowerState, v.ResidentOn = "Halted", ""
		s.PutVM(v)
		s.RemoveSeries(rrd.ClassVM, uuid)
	}
}

// StartVM runs a VM on the host, with made-up rows.
func (s *Server) StartVM(uuid string, seed uint64) {
	if v, ok := s.VM(uuid); ok {
		v.PowerState, v.ResidentOn = "Running", s.HostUUID()
		s.PutVM(v)
		g := generator{s: s, seed: seed}
		g.vm(uuid, max(v.VCPUs, 1), 0.3, float64(v.MemoryBytes>>30))
	}
}

type generator struct {
	s    *Server
	seed uint64
}

// wave sets a column to a value that wanders around mid by at most swing.
func (g *generator) wave(class, uuid, name string, mid, swing float64) {
	g.s.SetSeries(class, uuid, name, g.wanderer(class, uuid, name, mid, swing))
}

// wanderer is a value that wanders around mid by at most swing, over some
// minutes, with a little jitter at each point.
func (g *generator) wanderer(class, uuid, name string, mid, swing float64) func(t int64) float64 {
	key := mix(g.seed, hashString(class+uuid+name))
	period := int64(120 + key%600)
	return func(t int64) float64 {
		slot, part := t/period, float64(t%period)/float64(period)
		part = part * part * (3 - 2*part)
		a, b := unit(mix(key, uint64(slot))), unit(mix(key, uint64(slot+1)))
		jitter := unit(mix(key+1, uint64(t))) - 0.5
		return mid + swing*(2*(a+(b-a)*part)-1)*0.9 + swing*jitter*0.2
	}
}

func (g *generator) constant(class, uuid, name string, v float64) {
	g.s.SetSeries(class, uuid, name, func(int64) float64 { return v })
}

// hostColumns is how many columns the host has, without those of its SRs.
const hostColumns = 64

func (g *generator) host(uuid string, srs []string) {
	const c = rrd.ClassHost
	const cpus = 16
	n := 0
	wave := func(name string, mid, swing float64) { g.wave(c, uuid, name, mid, swing); n++ }
	constant := func(name string, v float64) { g.constant(c, uuid, name, v); n++ }
	for i := range cpus {
		wave("cpu"+strconv.Itoa(i), 0.3, 0.25)
	}
	wave("cpu_avg", 0.3, 0.15)
	wave("hostload", 0.6, 0.4)
	wave("loadavg", 0.8, 0.6)
	constant("running_domains", 201)
	constant("running_vcpus", 480)
	constant("memory_total_kib", 268435456)
	wave("memory_free_kib", 40e6, 10e6)
	constant("memory_reclaimed", 0)
	constant("memory_reclaimed_max", 0)
	for _, dev := range []string{"eth0", "eth1", "bond0", "aggr"} {
		wave("pif_"+dev+"_rx", 4e6, 3e6)
		wave("pif_"+dev+"_tx", 3e6, 2e6)
	}
	constant("Tapdisks_in_low_memory_mode", 0)
	for _, name := range []string{"pool_session_count", "pool_task_count", "xapi_open_fds"} {
		wave(name, 40, 20)
	}
	for _, name := range []string{"xapi_memory_usage_kib", "xapi_free_memory_kib", "xapi_live_memory_kib", "xapi_allocation_kib"} {
		wave(name, 90000, 20000)
	}
	wave("DCMI-power-reading", 320, 60)
	for i := 0; n < hostColumns; i++ {
		wave("cpu"+strconv.Itoa(i%cpus)+"-C"+strconv.Itoa(1+i/cpus), 0.4, 0.3)
	}
	for _, sr := range srs {
		g.sharedIO(uuid, sr[:min(8, len(sr))])
	}
	if g.recorded() {
		g.cardErrors(uuid, "eth0", "eth1")
	}
}

// sharedIO are the columns that the host has for one of its SRs.
func (g *generator) sharedIO(host, id string) {
	for _, d := range []string{"read", "write"} {
		g.wave(rrd.ClassHost, host, d+"_"+id, 8e6, 6e6)
		g.wave(rrd.ClassHost, host, d+"_latency_"+id, 900, 600)
	}
	for _, d := range []string{"read", "write", "total"} {
		g.wave(rrd.ClassHost, host, "io_throughput_"+d+"_"+id, 8, 6)
		g.wave(rrd.ClassHost, host, "iops_"+d+"_"+id, 400, 300)
	}
	g.wave(rrd.ClassHost, host, "iowait_"+id, 0.1, 0.08)
	g.wave(rrd.ClassHost, host, "inflight_"+id, 3, 2)
	g.wave(rrd.ClassHost, host, "latency_"+id, 900, 600)
	g.wave(rrd.ClassHost, host, "avgqu_sz_"+id, 0.4, 0.3)
}

func (g *generator) vm(uuid string, vcpus int, busy, memory float64) {
	const c = rrd.ClassVM
	for i := range vcpus {
		g.wave(c, uuid, "cpu"+strconv.Itoa(i), busy, busy*0.8)
	}
	g.wave(c, uuid, "cpu_usage", busy, busy*0.6)
	g.constant(c, uuid, "memory", memory*(1<<30))
	g.constant(c, uuid, "memory_target", memory*(1<<30))
	g.wave(c, uuid, "memory_internal_free", memory*(1<<20)*0.4, memory*(1<<20)*0.15)
	g.wave(c, uuid, "vif_0_rx", 400e3, 300e3)
	g.wave(c, uuid, "vif_0_tx", 300e3, 200e3)
	for _, dev := range []string{"vbd_xvda", "vbd_xvdb"} {
		for _, d := range []string{"read", "write"} {
			g.wave(c, uuid, dev+"_"+d, 300e3, 250e3)
			g.wave(c, uuid, dev+"_"+d+"_latency", 700, 500)
		}
		for _, d := range []string{"read", "write", "total"} {
			g.wave(c, uuid, dev+"_io_throughput_"+d, 0.4, 0.3)
			g.wave(c, uuid, dev+"_iops_"+d, 20, 15)
		}
		g.wave(c, uuid, dev+"_iowait", 0.05, 0.04)
		g.wave(c, uuid, dev+"_inflight", 1, 0.8)
		g.wave(c, uuid, dev+"_latency", 700, 500)
		g.wave(c, uuid, dev+"_avgqu_sz", 0.2, 0.15)
	}
	if g.recorded() {
		g.runstates(uuid, vcpus, busy)
	}
}

// sr makes the i-th SR with its PBD.
func (g *generator) sr(host string, i int) string {
	k := srKinds[i%len(srKinds)]
	uuid := UUID(fmt.Sprintf("sr %d %d", g.seed, i))
	const size = 2 << 40
	g.s.PutSR(SR{UUID: uuid, Name: fmt.Sprintf("%s-%d", k.name, i/len(srKinds)+1), Type: k.typ, ContentType: k.content,
		Shared: k.typ != "lvm", PhysicalSize: size, PhysicalUtilisation: int64(size * k.fill)})
	g.s.PutPBD(PBD{UUID: UUID("pbd " + uuid), Host: host, SR: uuid, Attached: true})
	if k.rows {
		g.constant(rrd.ClassSR, uuid, "size", size)
		g.wave(rrd.ClassSR, uuid, "physical_utilisation", size*k.fill, size*0.02)
	}
	return uuid
}

// mix is splitmix64 of two words.
func mix(a, b uint64) uint64 {
	z := a + 0x9e3779b97f4a7c15*(b+1)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit maps a word to [0,1).
func unit(v uint64) float64 { return math.Ldexp(float64(v>>11), -53) }

func hashString(s string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
