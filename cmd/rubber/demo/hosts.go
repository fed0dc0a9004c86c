package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"perfmon/alarm"
)

// Hosts are where the machines of the demonstration are said to be.
var Hosts = [...]string{"aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"}

var names = [...]string{"host-a", "host-b"}

// beatEvery is the time between two heartbeats, as agents have it.
const beatEvery = 10 * time.Second

// Bus is what agents need of an engine: *engine.Engine is one.
type Bus interface {
	JetStream(ctx context.Context) (jetstream.JetStream, error)
}

// Agents are the agents of the hosts, which tell what an agent would: that
// they live, and, of the first, that its processors are busy for a part of
// each period.
type Agents struct {
	Period time.Duration // from one alarm to the next
	Busy   time.Duration // of it
	Say    func(string)  // is told of each change

	sequence int64
	epoch    string
	busy     bool
}

// Run tells it, until ctx ends.
func (a *Agents) Run(ctx context.Context, bus Bus) error {
	js, err := bus.JetStream(ctx)
	if err != nil {
		return err
	}
	a.epoch = fmt.Sprintf("demo-%08x", rand.Uint32())
	began := time.Now()
	var beat time.Time // the last one
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		now := time.Now()
		// The first half of a period is quiet, so that there is something to see
		// before the alarm.
		phase := now.Sub(began) % a.Period
		busy := phase >= a.Period/2 && phase < a.Period/2+a.Busy
		if busy != a.busy {
			if err := a.change(ctx, js, now, busy); err != nil && ctx.Err() == nil {
				return err
			}
		}
		if now.Sub(beat) >= beatEvery {
			beat = now
			if err := a.beat(ctx, js.Conn(), now); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// change raises the alarm or clears it.
func (a *Agents) change(ctx context.Context, js jetstream.JetStream, now time.Time, busy bool) error {
	a.sequence++
	e := &alarm.Event{
		ID: alarm.ID{Class: "host", UUID: Hosts[0], Variable: "cpu_usage"}, Kind: alarm.KindRaised, HostUUID: Hosts[0], Name: names[0],
		Epoch: a.epoch, Sequence: a.sequence, Time: now.Unix(), Since: now.Unix(), State: "firing", Severity: alarm.Critical,
		Known: true, Value: 0.97, Level: 0.9, Period: 5, Priority: 3, TTL: int64((3 * time.Minute).Seconds()),
	}
	what := names[0] + " raises an alarm, cpu_usage 0.97 above 0.9: the next machines go to " + names[1]
	if !busy {
		e.Kind, e.State, e.Reason, e.Value, e.Since = alarm.KindCleared, "inactive", alarm.ReasonLevel, 0.31, 0
		what = names[0] + " is fine again"
	}
	body, err := e.CloudEvent()
	if err != nil {
		return err
	}
	m := &nats.Msg{Subject: e.Route(), Data: body, Header: nats.Header{"Content-Type": {"application/cloudevents+json"}}}
	if _, err := js.PublishMsg(ctx, m, jetstream.WithMsgID(e.EventID())); err != nil {
		return fmt.Errorf("publish an alarm: %w", err)
	}
	a.busy = busy
	a.Say(what)
	return nil
}

// beat tells that the agents live, and how much room there is.
func (a *Agents) beat(ctx context.Context, nc *nats.Conn, now time.Time) error {
	for i, uuid := range Hosts {
		a.sequence++
		usage, free, total := 0.31, float64(24<<30), float64(64<<30)
		h := &alarm.Heartbeat{
			HostUUID: uuid, Name: names[i], Epoch: a.epoch, Sequence: a.sequence, Time: now.Unix(), TTL: int64((3 * beatEvery).Seconds()),
			Pressure: &alarm.Pressure{Row: now.Unix(), CPUUsage: &usage, MemoryFree: &free, MemoryTotal: &total, Watched: 1},
		}
		if i == 0 && a.busy {
			usage = 0.97
			h.Pressure.Firing = 1
			h.Pressure.Alarms = []alarm.FiringAlarm{{Class: "host", UUID: uuid, Variable: "cpu_usage", Severity: alarm.Critical}}
		}
		body, err := h.CloudEvent()
		if err != nil {
			return err
		}
		m := &nats.Msg{Subject: h.Route(), Data: body, Header: nats.Header{"Content-Type": {"application/cloudevents+json"}, nats.MsgIdHdr: {h.EventID()}}}
		if err := nc.PublishMsg(m); err != nil {
			return fmt.Errorf("publish a heartbeat: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return nc.FlushWithContext(ctx)
}
