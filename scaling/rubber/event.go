package rubber

import "time"

// event is what happened to a machine, in a word that is counted.
type event string

// Events of machines.
const (
	evWanted     event = "wanted"     // the plan wants it
	evCreated    event = "created"    // the cloud has taken the request
	evRunning    event = "running"    // the machine runs
	evReady      event = "ready"      // its first worker was heard
	evSlow       event = "slow"       // it builds for too long
	evSlacker    event = "slacker"    // it runs, and no worker was ever heard
	evFault      event = "fault"      // the cloud says that it failed
	evRefused    event = "refused"    // the cloud does not want to make it
	evDrain      event = "drain"      // it is being let go
	evRest       event = "rest"       // it takes no more work, and stays
	evResume     event = "resume"     // it takes work again
	evEmpty      event = "empty"      // it is empty
	evDelete     event = "delete"     // it is to be deleted
	evGone       event = "gone"       // it is no more
	evLost       event = "lost"       // it went without having been asked to
	evUnnamed    event = "unnamed"    // it runs, and whether a worker of another name is its nobody knows
	evSilent     event = "silent"     // its workers are silent
	evOverdue    event = "overdue"    // it takes too long, and is waited for
	evParked     event = "parked"     // it is parked
	evWoken      event = "woken"      // it is being started again
	evError      event = "error"      // a request about it failed
	evAdopted    event = "adopted"    // a machine without a record has one now
	evOrphan     event = "orphan"     // the same, and it is not wanted
	evUnexpected event = "unexpected" // what is seen does not fit
	evRival      event = "rival"      // of none: another rubber of our owner makes machines
)

// note is an event with its sentence.
type note struct {
	event event
	text  string
	loud  bool // an operator should see it
	took  time.Duration
	err   error // of evFault, evRefused, evError
}
