package main

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/monitor"
	"perfmon/rrd"
	"perfmon/xapi"
)

// toolstack is rows and configuration from XAPI.
type toolstack struct {
	client  *xapi.Client
	watcher *xapi.Watcher
	decoder *rrd.Decoder
	opts    *options
	log     *slog.Logger

	restarted     bool          // it is not the first time that an agent runs here
	identityEvery time.Duration // how often the inventory file is looked at
	trouble       string        // with that file, as logged; of watch alone
}

// Of the exchanges with the toolstack, what there always is, and how it goes
// and fails as a rule. There are many more ways to fail: each code of the
// toolstack's is one.
var (
	steadyMethods = []string{"session.login_with_password", "event.from", "rrd_updates", "message.create"}
	steadyResults = []string{"ok", "absent", "refused", "deadline", "network"}
)

func newToolstack(o *options, log *slog.Logger, reg prometheus.Registerer) *toolstack {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "perfmon_toolstack_calls_total", Help: "Exchanges with the toolstack, by method and kind of result.",
	}, []string{"method", "result"})
	logins := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "perfmon_reconnects_total", Help: "Sessions opened with the toolstack: the first, and one for each that was lost.",
	})
	reg.MustRegister(calls, logins)
	for _, method := range steadyMethods {
		for _, result := range steadyResults {
			calls.WithLabelValues(method, result) // at 0, so that the first one counts
		}
	}
	client := xapi.New(xapi.Options{
		Dial: o.dial, XAPISocket: o.xapiSocket, RRDDSocket: o.rrddSocket, HTTPAddr: o.xapiHTTP,
		UserAgent: "perfmon/" + version, Logger: log, StallTimeout: o.stallTimeout,
		OnCall: func(method string, err error, _ float64) {
			calls.WithLabelValues(method, cmp.Or(xapi.Kind(err), "ok")).Inc()
			if method == "session.login_with_password" && err == nil {
				logins.Inc()
			}
		},
	})
	return &toolstack{
		client: client, watcher: client.NewWatcher(), log: log, opts: o, identityEvery: 5 * time.Second,
		decoder: rrd.NewDecoder(nil, rrd.DecoderOptions{MaxBytes: o.maxUpdateBytes}),
	}
}

// Update asks for rows; see monitor.Source.
func (t *toolstack) Update(ctx context.Context, start, step int64, srs []string) (monitor.Update, error) {
	body, err := t.client.RRDUpdates(ctx, xapi.RRDQuery{Start: start, Interval: int(step), CF: string(rrd.Average), SRUUIDs: srs})
	if err != nil {
		return nil, err
	}
	t.decoder.Reset(body)
	return update{t.decoder, body}, nil
}

// Rows asks for rows of longer ago, beside the loop; see api.Archives.
func (t *toolstack) Rows(ctx context.Context, o monitor.Object, start, step int64) (monitor.Update, error) {
	body, err := t.client.RRDUpdates(ctx, xapi.RRDQuery{Start: start, Interval: int(step), CF: string(rrd.Average), Class: o.Class, UUID: o.UUID})
	if err != nil {
		return nil, err
	}
	return update{rrd.NewDecoder(body, rrd.DecoderOptions{MaxBytes: t.opts.maxUpdateBytes}), body}, nil
}

type update struct {
	*rrd.Decoder
	io.Closer
}

// watch hands on the inventory as it changes, until ctx ends. It looks at the
// inventory file now and then, since a host that joins another pool can get a
// new uuid.
func (t *toolstack) watch(ctx context.Context, give func(*monitor.Inventory)) {
	first := t.restarted
	for ctx.Err() == nil {
		uuid := t.hostUUID()
		if uuid == "" {
			sleep(ctx, t.identityEvery)
			continue
		}
		one, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			t.watcher.Watch(one, uuid, time.Duration(t.opts.poolPeriod)*time.Second, t.turn(uuid, first),
				func(inv *xapi.Inventory) { give(inventoryOf(inv)) })
		}()
		for ctx.Err() == nil {
			sleep(ctx, t.identityEvery)
			if now := t.hostUUID(); now != "" && now != uuid {
				t.log.Warn("the inventory file names another host uuid: adopted", "uuid", now, "old", uuid)
				break
			}
		}
		cancel()
		<-done
		first = false
	}
}

// longestTurn is the longest that a read of everything waits.
const longestTurn = time.Minute

// turn is a host's turn with what its pool's hosts do together: they are spread
// over the interval. The first start on a host waits for nobody, and neither does
// one that is to end by itself, which somebody waits for.
func (t *toolstack) turn(uuid string, first bool) xapi.Turn {
	interval := cmp.Or(t.opts.pollInterval(), time.Duration(t.opts.step)*time.Second)
	turn := xapi.Turn{Again: time.Duration(monitor.Slot(uuid) * float64(min(interval, longestTurn)))}
	if first && t.opts.loops == 0 {
		turn.First = turn.Again
	}
	return turn
}

// hostUUID is this host's uuid, "" while nobody says it.
func (t *toolstack) hostUUID() string {
	if t.opts.hostUUID != "" {
		return t.opts.hostUUID
	}
	id, err := xapi.ReadIdentity(t.opts.inventoryFile)
	if err != nil {
		if err.Error() != t.trouble {
			t.trouble = err.Error()
			t.log.Error("this host's uuid is not known: mend the file, or name the uuid with --host-uuid", "err", err)
		}
		return ""
	}
	t.trouble = ""
	return id.HostUUID
}

// close ends the session.
func (t *toolstack) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := t.client.Close(ctx); err != nil {
		t.log.Debug("logout failed", "err", err)
	}
}

// inventoryOf is a toolstack's inventory in the monitor's words.
func inventoryOf(inv *xapi.Inventory) *monitor.Inventory {
	m := &monitor.Inventory{HostUUID: inv.Host.UUID, PoolUUID: inv.PoolUUID, PoolDefaults: inv.PoolDefaults, Objects: make(map[monitor.Object]*monitor.Facts, len(inv.VMs)+len(inv.SRs)+1)}
	m.Objects[monitor.Object{Class: rrd.ClassHost, UUID: inv.Host.UUID}] = &monitor.Facts{
		Name: inv.Host.Name, Config: inv.Host.Config, Resident: true,
		Tags: inv.Host.Tags, Maintenance: hostMaintenance(inv.Host), SavedState: inv.Host.SavedState,
	}
	for _, v := range inv.VMs {
		m.Objects[monitor.Object{Class: rrd.ClassVM, UUID: v.UUID}] = &monitor.Facts{
			Name: v.Name, Config: v.Config, Resident: v.Resident, Running: v.PowerState == "Running" || v.PowerState == "Paused", ControlDomain: v.ControlDomain,
			Tags: v.Tags, Maintenance: vmMaintenance(v.Operations), SavedState: v.SavedState,
		}
	}
	for _, s := range inv.SRs {
		if !s.AttachedHere {
			continue
		}
		m.Objects[monitor.Object{Class: rrd.ClassSR, UUID: s.UUID}] = &monitor.Facts{
			Name: s.Name, Config: s.Config, Resident: true, Tags: s.Tags, SavedState: s.SavedState,
			SR: &monitor.SRFacts{Size: s.PhysicalSize, Utilisation: s.PhysicalUtilisation, RaisedHere: s.RaisedHere},
		}
	}
	return m
}

// hostMaintenance is why what goes wrong with a host is to be expected.
func hostMaintenance(h xapi.Host) string {
	switch {
	case h.Evacuating:
		return monitor.Evacuating
	case !h.Enabled:
		return monitor.Disabled
	}
	return ""
}

// maintenance is what the toolstack's operations on a VM are to the monitor.
var maintenance = map[string]string{
	"pool_migrate": monitor.Migrating, "migrate_send": monitor.Migrating,
	"snapshot": monitor.InSnapshot, "checkpoint": monitor.InSnapshot, "snapshot_with_quiesce": monitor.InSnapshot,
	"clean_shutdown": monitor.ShuttingDown, "hard_shutdown": monitor.ShuttingDown, "shutdown": monitor.ShuttingDown,
	"clean_reboot": monitor.ShuttingDown, "hard_reboot": monitor.ShuttingDown, "suspend": monitor.ShuttingDown,
}

// vmMaintenance is why what goes wrong with a VM is to be expected. Of several
// operations the one that takes it furthest counts.
func vmMaintenance(operations []string) string {
	var found []string
	for _, operation := range operations {
		found = append(found, maintenance[operation])
	}
	for _, word := range []string{monitor.ShuttingDown, monitor.Migrating, monitor.InSnapshot} {
		if slices.Contains(found, word) {
			return word
		}
	}
	return ""
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
