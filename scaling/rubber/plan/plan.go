package plan

import "time"

// Action is what one line of a plan asks for.
type Action string

// Actions.
const (
	Start  Action = "start"  // make Count new machines of Profile
	Wake   Action = "wake"   // start Machine, which is Warm
	Resume Action = "resume" // have Machine, which is Resting or Draining, take work again
	Rest   Action = "rest"   // have Machine take no more work, and keep it
	Drain  Action = "drain"  // have Machine take no more work, and delete it when it is empty
	Park   Action = "park"   // the same, but halt or suspend it for the warm pool instead of deleting it
	Delete Action = "delete" // delete Machine, which is Warm
	Hold   Action = "hold"   // do nothing, for these reasons
)

// Plan is what is to be done now.
type Plan struct {
	Lines   []Line   // those of a profile together, in the order of its name
	Targets []Target // one a profile, in the order of names
	Memory  Memory   // to be handed over with the next snapshot
}

// Line is one step, and why. Hold lines tell why nothing is done where one
// might expect something.
type Line struct {
	Action  Action
	Profile string
	Machine string // of all but Start and Hold
	Count   int    // of Start: how many; otherwise 1, of Hold 0

	// Of Start and Wake, for the cloud: uuids, or names where there is none.
	Avoid        []string
	Prefer       []string // the best first
	AvoidStorage []string

	Reasons []Reason // at least one
}

// Reason is why, in a word for machines and a sentence for people.
type Reason struct {
	Code Code
	Text string
}

// Target is how many machines of a profile there should be, and how it stands.
type Target struct {
	Profile string
	Want    int     // machines that should be able to take work, limits applied
	Wish    int     // the same before cap, shares and limits
	Limit   int     // machines that this profile may have now, of every state
	Have    int     // machines that are not gone, of every state
	Ready   int     // that take work
	Resting int     // that could take work at once
	Coming  int     // that were asked for and are not ready yet
	Load    float64 // tasks at once, smoothed
	Reasons []Reason
}

// Memory is what one plan wants the next one to know. It may be lost: then
// some decisions come later than they would have.
type Memory struct {
	At       time.Time // of the snapshot
	Profiles map[string]ProfileMemory
}

// ProfileMemory is what is remembered of one profile.
type ProfileMemory struct {
	Load         float64   // tasks at once, smoothed
	Mean         float64   // the same over SpareWindow, bursts and all
	Recently     float64   // the same over Recent
	Seen         time.Time // when demand was last known
	Since        time.Time // since when it has been known without a gap
	WaitingSince time.Time // since when tasks wait without a break; zero: none waits
	NothingSince time.Time // since when there is nothing to do without a break; zero: there is, or nobody knows
	Doubt        Doubt     `json:",omitzero"` // of slots that take no work
	Lately       []Sample  // demand of the last plans, oldest first
	Peaks        []Sample  // demand of the last minutes, oldest first
	Up, Down     Step      // the last steps
}

// Sample is the highest demand within one stretch of time.
type Sample struct {
	At     time.Time // when the stretch began
	Demand int
}

// Step is how many machines were asked for, or let go, in the stretch of time
// that rate limits look at.
type Step struct {
	At    time.Time // when the stretch began; zero: never
	Count int
}
