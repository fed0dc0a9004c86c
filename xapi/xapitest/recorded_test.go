package xapitest

import (
	"strings"
	"testing"

	"perfmon/rrd"
)

// at is the value of a made-up column.
func (s *Server) at(class, uuid, name string, t int64) (float64, bool) {
	for _, o := range s.rows.owners {
		for _, d := range o.sources {
			if o.class == class && o.uuid == uuid && d.name == name && d.series != nil {
				return d.series(t), true
			}
		}
	}
	return 0, false
}

// TestRecorded: with what has to be recorded first, the built-in variables of
// contention have something to read, and something to say now and then.
func TestRecorded(t *testing.T) {
	const begin, hours = int64(1766000000), 4
	c := start(t, Options{})
	l := c.s.Generate(LoadOptions{VMs: 10, SRs: 1, Seed: 1, Recorded: true})
	states := []string{"fullrun", "full_contention", "concurrency_hazard", "blocked", "partial_run", "partial_contention"}
	longest := map[string]int64{} // seconds above a tenth, by the kind of VM
	for _, uuid := range l.VMs {
		v, _ := c.s.VM(uuid)
		kind, _, _ := strings.Cut(v.Name, "-")
		since := begin
		for at := begin; at < begin+hours*3600; at += 5 {
			sum, waits := 0.0, 0.0
			for _, state := range states {
				f, ok := c.s.at(rrd.ClassVM, uuid, "runstate_"+state, at)
				if !ok || f < 0 || f > 1 {
					t.Fatalf("%s: runstate_%s is %v at %d", v.Name, state, f, at)
				}
				if sum += f; strings.HasSuffix(state, "l_contention") {
					waits += f
				}
				if v.VCPUs == 1 && f > 0 && (strings.HasPrefix(state, "partial") || state == "concurrency_hazard") {
					t.Fatalf("%s has one processor, and runstate_%s is %v", v.Name, state, f)
				}
			}
			if sum < 1-1e-9 || sum > 1+1e-9 {
				t.Fatalf("%s: the states add up to %v at %d", v.Name, sum, at)
			}
			if waits <= 0.1 {
				since = at
			}
			longest[kind] = max(longest[kind], at-since)
		}
	}
	if longest["build"] < 300 || longest["mail"] > 0 {
		t.Errorf("longest contention, seconds: %v", longest)
	}

	bad := 0
	for at := begin; at < begin+hours*3600; at += 5 {
		for _, column := range []string{"pif_eth0_rx_errors", "pif_eth0_tx_errors", "pif_eth1_rx_errors", "pif_eth1_tx_errors"} {
			f, ok := c.s.at(rrd.ClassHost, c.s.HostUUID(), column, at)
			if !ok || f > 0 && column != "pif_eth1_rx_errors" {
				t.Fatalf("%s is %v at %d", column, f, at)
			}
			if f > 1 {
				bad++
			}
		}
	}
	if want := hours * 3600 / errorsEvery * errorsFor / 5; bad != want {
		t.Errorf("%d rows with errors, want %d", bad, want)
	}

	// A VM that comes back brings them along, and one of another toolstack
	// has none.
	c.s.StopVM(l.VMs[0])
	if _, ok := c.s.at(rrd.ClassVM, l.VMs[0], "runstate_blocked", begin); ok {
		t.Error("columns of a VM that is halted")
	}
	c.s.StartVM(l.VMs[0], 2)
	if _, ok := c.s.at(rrd.ClassVM, l.VMs[0], "runstate_blocked", begin); !ok {
		t.Error("a VM that was started has lost its columns")
	}
	d := start(t, Options{})
	l = d.s.Generate(LoadOptions{VMs: 1, Seed: 1})
	if _, ok := d.s.at(rrd.ClassVM, l.VMs[0], "runstate_blocked", begin); ok {
		t.Error("recorded, although nobody has said so")
	}
}
