package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"perfmon/monitor"
	"perfmon/monitor/metrics"
	"perfmon/rrd"
)

// overviews makes the overview of each snapshot once, however many ask.
type overviews struct {
	table  *metrics.Table
	uptime func() (seconds float64, known bool)

	mu sync.Mutex
	// mu guards everything that follows.
	headlines *headlines // of the legend that was seen last
	snapshot  *monitor.Snapshot
	recent    bool
	made      *Overview
}

func newOverviews(uptime func() (float64, bool)) *overviews {
	return &overviews{table: metrics.NewTable(), uptime: uptime}
}

// of is the overview of a snapshot at the time now. Nobody may change it.
func (o *overviews) of(s *monitor.Snapshot, now time.Time) *Overview {
	o.mu.Lock()
	defer o.mu.Unlock()
	recent := s != nil && s.Recent(now)
	if o.made == nil || o.snapshot != s || o.recent != recent {
		o.made = o.make(s, recent)
		o.snapshot, o.recent = s, recent
	}
	return o.made
}

// present lists the VMs and SRs of this host, each by name.
func (o *overviews) present(s *monitor.Snapshot) (vms, srs []ObjectRef) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.headlinesOf(s.Legend).present(s)
}

func (o *overviews) headlinesOf(l *rrd.Legend) *headlines {
	if o.headlines == nil || o.headlines.legend != l {
		o.headlines = newHeadlines(l, o.table)
	}
	return o.headlines
}

func (o *overviews) make(s *monitor.Snapshot, recent bool) *Overview {
	view := &Overview{Head: head(), VMs: []VMOverview{}, SRs: []SROverview{}}
	if s == nil {
		return view
	}
	view.Step = s.Step
	row := rrd.Row{} // nothing known
	if recent {
		row, view.Row = s.Row, s.Row.T
	}
	h := o.headlinesOf(s.Legend)
	values, flags := h.sum(row), flagsOf(s)
	vms, srs := h.present(s)
	view.Host = hostOverview(s, values, flags)
	if seconds, known := o.uptime(); known {
		view.Host.Uptime = &seconds
	}
	view.VMs = slices.Grow(view.VMs, len(vms))
	for _, vm := range vms {
		view.VMs = append(view.VMs, vmOverview(s, vm, values, flags))
	}
	for _, sr := range srs {
		view.SRs = append(view.SRs, srOverview(s, sr, values, flags))
	}
	return view
}

// present lists the VMs and SRs that belong to this host now.
func (h *headlines) present(s *monitor.Snapshot) (vms, srs []ObjectRef) {
	add := func(key monitor.Object, facts *monitor.Facts) {
		ref := ObjectRef{Class: key.Class, UUID: key.UUID}
		if facts != nil {
			ref.Name = facts.Name
		}
		switch key.Class {
		case rrd.ClassVM:
			vms = append(vms, ref)
		case rrd.ClassSR:
			srs = append(srs, ref)
		}
	}
	for _, key := range h.objects {
		add(key, factsOf(s, key))
	}
	if s.Inventory != nil {
		for key, facts := range s.Inventory.Objects {
			if _, there := h.slot[key]; !there && facts.Resident {
				add(key, facts)
			}
		}
	}
	byName := func(a, b ObjectRef) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.UUID, b.UUID)
	}
	slices.SortFunc(vms, byName)
	slices.SortFunc(srs, byName)
	return vms, srs
}

// hostOf is this host.
func hostOf(s *monitor.Snapshot) ObjectRef {
	ref := ObjectRef{Class: rrd.ClassHost, UUID: s.HostUUID}
	if facts := factsOf(s, ref.key()); facts != nil {
		ref.Name = facts.Name
	}
	return ref
}

func hostOverview(s *monitor.Snapshot, values sums, flags flagged) HostOverview {
	ref := hostOf(s)
	key := ref.key()
	h := HostOverview{
		UUID: ref.UUID, Name: ref.Name, Flags: flags.of(key),
		CPU: values.of(key, cpuMean, cpuEach), CPUs: values.processors(key), Load: values.of(key, cpuLoad), LoadAverage: values.of(key, loadAverage),
		MemoryTotal: values.of(key, memoryTotal),
		NetRx:       values.of(key, netRxAll, netRx), NetTx: values.of(key, netTxAll, netTx),
		DiskRead: values.of(key, diskRead, diskReadCounted), DiskWrite: values.of(key, diskWrite, diskWriteCounted),
	}
	if free := values.of(key, memoryFree); free != nil && h.MemoryTotal != nil {
		taken := max(0, *h.MemoryTotal-*free)
		h.MemoryUsed = &taken
	}
	return h
}

func vmOverview(s *monitor.Snapshot, vm ObjectRef, values sums, flags flagged) VMOverview {
	key := vm.key()
	v := VMOverview{
		UUID: vm.UUID, Name: vm.Name, Flags: flags.of(key),
		CPU: values.of(key, cpuMean, cpuEach), CPUs: values.processors(key), Contention: values.of(key, waited),
		Memory: values.of(key, memoryHas), MemoryFree: values.of(key, memoryFree),
		NetRx: values.of(key, netRx), NetTx: values.of(key, netTx),
		DiskRead: values.of(key, diskRead, diskReadCounted), DiskWrite: values.of(key, diskWrite, diskWriteCounted),
	}
	if facts := factsOf(s, key); facts != nil {
		v.ControlDomain = facts.ControlDomain
	}
	return v
}

func srOverview(s *monitor.Snapshot, sr ObjectRef, values sums, flags flagged) SROverview {
	key, here := sr.key(), ofSR(sr.UUID)
	o := SROverview{
		UUID: sr.UUID, Name: sr.Name, Flags: flags.of(key), Size: values.of(key, size), Used: values.of(key, used),
		Read: values.of(here, diskRead, diskReadCounted), Write: values.of(here, diskWrite, diskWriteCounted), Latency: values.of(here, latency),
	}
	// Most kinds of SR have no rows: then it is what the record says.
	if facts := factsOf(s, key); facts != nil && facts.SR != nil && facts.SR.Size > 0 {
		if o.Size == nil {
			n := float64(facts.SR.Size)
			o.Size = &n
		}
		if o.Used == nil && facts.SR.Utilisation >= 0 {
			n := float64(facts.SR.Utilisation)
			o.Used = &n
		}
	}
	return o
}

// overview answers with the newest row in headlines.
func (l *local) overview(context.Context, *http.Request) (reply, error) {
	return reply{http.StatusOK, l.overviews.of(l.Monitor.Snapshot(), l.now())}, nil
}
