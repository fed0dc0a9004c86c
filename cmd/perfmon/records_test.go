package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/monitor"
	"perfmon/xapi/xapitest"
)

// TestFactsOfTheRecords: what the toolstack says of objects arrives in the
// monitor's inventory as it changes, over the socket.
func TestFactsOfTheRecords(t *testing.T) {
	t.Parallel()
	p := newQuietPool(t)
	o := &options{
		hostUUID: p.sim.HostUUID(), configPeriod: 1800, xapiHTTP: p.sim.Addr(xapitest.TCP),
		xapiSocket: filepath.Join(p.path("xcp"), "xapi"), rrddSocket: filepath.Join(p.path("xcp"), "xcp-rrdd"),
	}
	stack := newToolstack(o, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	given := make(chan *monitor.Inventory)
	var work sync.WaitGroup
	work.Go(func() {
		stack.watch(ctx, func(inv *monitor.Inventory) {
			select {
			case given <- inv:
			case <-ctx.Done():
			}
		})
		stack.close()
	})
	defer work.Wait()
	defer cancel()
	pool, _ := p.sim.Pool()
	said := func(inv *monitor.Inventory) string {
		of := func(class, uuid string) string {
			f := inv.Objects[monitor.Object{Class: class, UUID: uuid}]
			if f == nil {
				return "unknown"
			}
			return fmt.Sprintf("%v %q %q", f.Tags, f.Maintenance, f.SavedState)
		}
		return fmt.Sprintf("vm %s, host %s, pool %q", of("vm", p.vm), of("host", p.sim.HostUUID()), inv.PoolDefaults)
	}
	// step makes a change and waits until an inventory says so: changes that
	// come together may come in one.
	step := func(what string, err error, want string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		last := "nothing"
		for last != want {
			select {
			case inv := <-given:
				last = said(inv)
			case <-ctx.Done():
				t.Fatalf("%s: the last inventory says\n %s, want\n %s", what, last, want)
			}
		}
	}
	step("at the beginning", nil, `vm [] "" "", host [] "" "", pool ""`)
	step("tags", p.sim.SetTags("vm", p.vm, "web", "db"), `vm [db web] "" "", host [] "" "", pool ""`)
	step("a migration", p.sim.SetOperations("vm", p.vm, "pool_migrate"), `vm [db web] "migrating" "", host [] "" "", pool ""`)
	step("the host is evacuated", p.sim.SetOperations("host", p.sim.HostUUID(), "evacuate", "vm_migrate"), `vm [db web] "migrating" "", host [] "evacuating" "", pool ""`)
	step("that is over", p.sim.SetOperations("vm", p.vm), `vm [db web] "" "", host [] "evacuating" "", pool ""`)
	step("so is this", p.sim.SetOperations("host", p.sim.HostUUID()), `vm [db web] "" "", host [] "" "", pool ""`)
	step("state", p.sim.SetOtherConfig("vm", p.vm, "perfmon-state", "s"), `vm [db web] "" "s", host [] "" "", pool ""`)
	step("the pool's key", p.sim.SetOtherConfig("pool", pool.UUID, "perfmon-defaults", "<triggers/>"), `vm [db web] "" "s", host [] "" "", pool "<triggers/>"`)
	h, _ := p.sim.Host(p.sim.HostUUID())
	h.Enabled, h.Tags = false, []string{"old"}
	p.sim.PutHost(h)
	step("the host is disabled", nil, `vm [db web] "" "s", host [old] "disabled" "", pool "<triggers/>"`)
}
