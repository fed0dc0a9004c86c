package api

import (
	"context"
	"net/http"
	"runtime/metrics"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
)

// status answers with how the agent does.
func (l *local) status(ctx context.Context, _ *http.Request) (reply, error) {
	s, now := l.Monitor.Snapshot(), l.now()
	memory, goroutines := memoryInUse()
	status := Status{
		Head: head(), Brief: l.brief(s, now), Version: l.Version, Source: l.Source, Step: l.Step, Host: ObjectRef{Class: "host"},
		Sinks: append([]Sink{}, l.Totals()...), Journal: l.Journal(), Shadow: l.Shadow, Memory: memory, Goroutines: goroutines,
	}
	if !l.Started.IsZero() {
		status.Started = l.Started.Unix()
	}
	if s != nil {
		status.Host = hostOf(s)
		if s.Inventory != nil {
			status.Pool = s.Inventory.PoolUUID
		}
	}
	if public(ctx) {
		status.Journal.Error = ""
		for i := range status.Sinks {
			status.Sinks[i].LastError = ""
		}
	}
	return reply{http.StatusOK, status}, nil
}

// brief is what matters most of a status.
func (l *local) brief(s *monitor.Snapshot, now time.Time) Brief {
	b := Brief{State: StateStarting, Now: now.Unix()}
	if s == nil {
		return b
	}
	b.LastPoll, b.LastRow, b.Trouble = s.Polled, s.LastRow, s.Trouble
	switch {
	case s.Trouble != "":
		b.State = StateTrouble
	case s.Polled != 0:
		b.State = StateRunning
	}
	c := &b.Counts
	vms, srs := l.overviews.present(s)
	c.VMs, c.SRs = len(vms), len(srs)
	c.Objects = len(vms) + len(srs)
	if s.HostUUID != "" {
		c.Objects++
	}
	c.Variables = len(s.Variables)
	for i := range s.Variables {
		count(c, &s.Variables[i])
	}
	for _, silence := range s.Silences {
		if now.Unix() < silence.Ends {
			c.Silences++
		}
	}
	for _, n := range s.ConfigErrors {
		c.ConfigErrors += n
	}
	return b
}

func count(c *Counts, v *monitor.VariableStatus) {
	switch v.State {
	case alarm.Firing, alarm.Clearing:
		if v.Severity == alarm.Warning {
			c.Warning++
		} else {
			c.Critical++
		}
	case alarm.NoData:
		c.NoData++
	case alarm.Pending:
		c.Pending++
		return
	default:
		return
	}
	if v.Muted != "" {
		c.Muted++
	}
}

// memoryInUse is what the program has from the system, in bytes, and how many
// goroutines it has. It does not stop anything.
func memoryInUse() (bytes int64, goroutines int) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/sched/goroutines:goroutines"},
	}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64()), int(samples[2].Value.Uint64())
}

// pressure answers with what a heartbeat would say.
func (l *local) pressure(context.Context, *http.Request) (reply, error) {
	s, now := l.Monitor.Snapshot(), l.now()
	if s == nil {
		return reply{}, notYet()
	}
	return reply{http.StatusOK, Pressure{head(), now.Unix(), s.Pressure(now)}}, nil
}

// notYet refuses what only a poll can tell.
func notYet() *Refusal {
	return &Refusal{status: http.StatusServiceUnavailable, Message: "perfmon has not looked at any rows yet", Fix: "ask again in a moment"}
}
