package rubber

import (
	"time"

	"perfmon/scaling/rubber/plan"
)

// Limits are how long things may take, and how often they are tried. Zero
// means the default.
type Limits struct {
	// Of the states of a machine.
	Requested time.Duration // until the cloud has taken the request
	Building  time.Duration // from then until the cloud says that it runs; longer is slow, three times as long is given up
	Booting   time.Duration // from then until its worker is heard; longer is a slacker
	Draining  time.Duration // until it is empty; longer is said loudly, and waited for
	Deleting  time.Duration // until the cloud lists it no more; longer is said loudly, and tried on

	// Of a drain.
	Settle   time.Duration // between two times that a worker has to say that it is empty
	Ask      time.Duration // between two questions to a worker that is busy
	Shutdown time.Duration // until an empty worker that was told to shut down is gone
	Stop     time.Duration // until the guest has shut down, before its machine is deleted; negative: the guest is not asked
	Silent   time.Duration // without a word of a worker, before its machine is released, or its guest asked to shut down
	Empty    time.Duration // the same, if it was empty and took no more work when it was heard last
	Lost     time.Duration // without a word of a released worker, before its machine is deleted although it may be at work; negative: never

	// Of what is asked of others.
	Again   time.Duration // before a request that may still be on its way is repeated
	Redo    time.Duration // before a delete that was taken is repeated
	Orphan  time.Duration // before a machine without a record is released
	Restart time.Duration // least time that every deadline has after a start of rubber

	Depth   time.Duration // of one question about a queue
	List    time.Duration // of one list of a cloud
	Create  time.Duration // of one request for a machine
	Call    time.Duration // of every other request to a cloud
	Command time.Duration // of one word to a worker, and its answer
	Store   time.Duration // of one read or write of the store
	Look    time.Duration // of a whole look; what has not come by then comes with the next
	Fresh   time.Duration // age beyond which a queue's depth or a cloud's list is unknown

	CloudCalls int // requests to one cloud at once
	Commands   int // words to workers at once
	Depths     int // questions to one broker at once
}

// DefaultLimits are those that docs/rubber.md lists.
func DefaultLimits() Limits {
	return Limits{
		Requested: 5 * time.Minute,
		Building:  10 * time.Minute,
		Booting:   10 * time.Minute,
		Draining:  time.Hour,
		Deleting:  10 * time.Minute,

		Settle:   2 * time.Second,
		Ask:      5 * time.Second,
		Shutdown: 2 * time.Minute,
		Stop:     30 * time.Second,
		Silent:   time.Hour,
		Empty:    15 * time.Minute,
		Lost:     6 * time.Hour,

		Again:   20 * time.Second, // more than a cloud takes until its list has a request: see openstack.Options.Settle
		Redo:    time.Minute,
		Orphan:  10 * time.Minute,
		Restart: 2 * time.Minute,

		Depth:   5 * time.Second,
		List:    30 * time.Second,
		Create:  2 * time.Minute,
		Call:    time.Minute,
		Command: 10 * time.Second,
		Store:   5 * time.Second,
		Look:    10 * time.Second,
		Fresh:   time.Minute,

		CloudCalls: 4,
		Commands:   32,
		Depths:     16,
	}
}

// withDefaults puts the default where there is zero.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, p := range []struct{ have, want *time.Duration }{
		{&l.Requested, &d.Requested}, {&l.Building, &d.Building}, {&l.Booting, &d.Booting}, {&l.Draining, &d.Draining}, {&l.Deleting, &d.Deleting},
		{&l.Settle, &d.Settle}, {&l.Ask, &d.Ask}, {&l.Shutdown, &d.Shutdown}, {&l.Stop, &d.Stop}, {&l.Silent, &d.Silent}, {&l.Empty, &d.Empty}, {&l.Lost, &d.Lost},
		{&l.Again, &d.Again}, {&l.Redo, &d.Redo}, {&l.Orphan, &d.Orphan}, {&l.Restart, &d.Restart},
		{&l.Depth, &d.Depth}, {&l.List, &d.List}, {&l.Create, &d.Create}, {&l.Call, &d.Call}, {&l.Command, &d.Command}, {&l.Store, &d.Store},
		{&l.Look, &d.Look}, {&l.Fresh, &d.Fresh},
	} {
		if *p.have == 0 {
			*p.have = *p.want
		}
	}
	for _, p := range []struct{ have, want *int }{{&l.CloudCalls, &d.CloudCalls}, {&l.Commands, &d.Commands}, {&l.Depths, &d.Depths}} {
		if *p.have <= 0 {
			*p.have = *p.want
		}
	}
	return l
}

// of is how long a machine may be in a state; 0: as long as it likes.
func (l Limits) of(s plan.State) time.Duration {
	switch s {
	case plan.Requested:
		return l.Requested
	case plan.Building:
		return l.Building
	case plan.Booting:
		return l.Booting
	case plan.Draining:
		return l.Draining
	case plan.Deleting:
		return l.Deleting
	}
	return 0
}
