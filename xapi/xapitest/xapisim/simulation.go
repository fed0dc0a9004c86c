package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"perfmon/xapi/xapitest"
)

// simulation is a running toolstack and the names of its objects.
type simulation struct {
	s     *xapitest.Server
	o     options
	uuids map[string]string // class and name to uuid
	names map[string]string // uuid to name
}

// object is one that a script names.
type object struct{ class, name string }

func (o object) String() string { return strings.TrimSpace(o.class + " " + o.name) }

// newSimulation fills the pool.
func newSimulation(s *xapitest.Server, o options) *simulation {
	sim := &simulation{s: s, o: o, uuids: map[string]string{}, names: map[string]string{}}
	name := func(class, name, uuid string) {
		sim.uuids[class+" "+name], sim.names[uuid] = uuid, name
	}
	load := s.Generate(xapitest.LoadOptions{VMs: o.vms, SRs: o.srs, Seed: o.seed, Recorded: o.recorded})
	for _, uuid := range load.VMs {
		if v, ok := s.VM(uuid); ok {
			name("vm", v.Name, uuid)
		}
	}
	for _, uuid := range load.SRs {
		if v, ok := s.SR(uuid); ok {
			name("sr", v.Name, uuid)
		}
	}
	name("vm", "dom0", xapitest.UUID("control domain"))
	name("host", "", s.HostUUID())
	sim.names[s.HostUUID()] = "itself"
	return sim
}

// nameOf is what the object with the uuid is called.
func (sim *simulation) nameOf(uuid string) string { return cmp.Or(sim.names[uuid], uuid) }

// with calls f with the uuid of the object.
func (sim *simulation) with(o object, f func(uuid string)) error {
	uuid, ok := sim.uuids[o.class+" "+o.name]
	if !ok {
		return fmt.Errorf("there is no %s", o)
	}
	f(uuid)
	return nil
}

func (sim *simulation) force(o object, column string, value float64, d time.Duration) error {
	return sim.with(o, func(uuid string) {
		now := time.Now()
		sim.s.ForceSeries(xapitest.Force{Class: o.class, UUID: uuid, Name: column, Value: value, From: now, To: now.Add(d)})
	})
}

// change calls f with the uuid of the object, and returns its error.
func (sim *simulation) change(o object, f func(uuid string) error) error {
	var err error
	if missing := sim.with(o, func(uuid string) { err = f(uuid) }); missing != nil {
		return missing
	}
	return err
}

// configure sets an object's configuration, or takes it away.
func (sim *simulation) configure(o object, text string) error {
	return sim.change(o, func(uuid string) error {
		if text == "" {
			return sim.s.RemoveOtherConfig(o.class, uuid, "perfmon")
		}
		return sim.s.SetOtherConfig(o.class, uuid, "perfmon", text)
	})
}

// defaults sets what the objects of the pool inherit.
func (sim *simulation) defaults(text string) error {
	pool, ok := sim.s.Pool()
	switch {
	case !ok:
		return errors.New("there is no pool")
	case text == "none":
		return sim.s.RemoveOtherConfig("pool", pool.UUID, "perfmon-defaults")
	}
	return sim.s.SetOtherConfig("pool", pool.UUID, "perfmon-defaults", text)
}

func (sim *simulation) use(o object, fraction float64) error {
	return sim.with(o, func(uuid string) {
		if v, ok := sim.s.SR(uuid); ok {
			v.PhysicalUtilisation = int64(fraction * float64(v.PhysicalSize))
			sim.s.PutSR(v)
		}
	})
}

// due is something that has yet to happen.
type due struct {
	at   time.Duration // since the beginning
	text string
	do   func(sim *simulation) error
}

// statusEvery is how often the commentary sums up.
const statusEvery = time.Minute

// play makes the script happen until ctx ends. A line that fails, such as
// for a VM that is not there, is told of and passed over.
func (sim *simulation) play(ctx context.Context, sc *script, say *commentary) error {
	began := time.Now()
	var queue []due
	add := func(d due) {
		at, _ := slices.BinarySearchFunc(queue, d.at, func(q due, at time.Duration) int {
			if q.at <= at {
				return -1
			}
			return 1
		})
		queue = slices.Insert(queue, at, d)
	}
	var round func(offset time.Duration) error
	round = func(offset time.Duration) error {
		for _, l := range sc.lines {
			a, err := parseAction(l.words, sim.o.step)
			if err != nil {
				return fmt.Errorf("%s: %w", l.where, err)
			}
			add(due{offset + l.at, l.text, a.do})
			for _, f := range a.after {
				add(due{offset + l.at + f.delay, f.text, f.do})
			}
		}
		if sc.every > 0 {
			add(due{offset + sc.every, "", func(*simulation) error { return round(offset + sc.every) }})
		}
		return nil
	}
	if err := round(0); err != nil {
		return err
	}
	var status func(at time.Duration) due
	status = func(at time.Duration) due {
		return due{at, "", func(sim *simulation) error {
			say.status(sim.s)
			add(status(at + statusEvery))
			return nil
		}}
	}
	add(status(statusEvery))
	for {
		next := queue[0]
		queue = queue[1:]
		timer := time.NewTimer(time.Until(began.Add(next.at)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		if next.text != "" {
			say.say("%s", next.text)
		}
		if err := next.do(sim); err != nil {
			say.say("  that failed: %v", err)
		}
	}
}
