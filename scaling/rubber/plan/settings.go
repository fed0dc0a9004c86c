package plan

import "time"

// Settings are the numbers behind the rules. Those of DefaultSettings are the
// ones that the simulator is run with.
type Settings struct {
	Interval time.Duration // between two plans

	Beta       float64       // spare capacity above load R is Beta·√R (square-root staffing)
	LoadWindow time.Duration // over which load is smoothed
	TargetWait time.Duration // how long a task may wait before it counts as late

	StartCost  time.Duration // what a start and an end cost, in machine time, where boot time has not been measured
	StartExtra time.Duration // what they cost besides the measured boot time

	UpCooldown    time.Duration // between two scale-outs of a profile; activation does not wait
	UpMost        int           // machines that one plan may ask for a profile, or UpFraction of what it has if that is more
	UpFraction    float64
	DownCooldown  time.Duration // after a scale-out, before the next scale-in
	DownEvery     time.Duration // between two scale-ins of a profile
	DownMost      int           // machines that one plan may let go in a profile, or DownFraction of what it has if that is more
	DownFraction  float64
	ReplaceAtOnce int // machines of an old generation that are replaced at once; 0: they go when they are not needed

	PartialHosts bool // some hosts have no agent: what the known ones have free is no bound

	MinIdle  int           // ancestor's RUBBER_MIN_IDLE_WORKERS; mode ancestor alone
	BootTime time.Duration // ancestor's RUBBER_SLACKER_TIME_THRESHOLD; mode ancestor alone
}

// DefaultSettings are those that serve every trace of the simulator.
func DefaultSettings() Settings {
	return Settings{
		Interval:      5 * time.Second,
		Beta:          1,
		LoadWindow:    10 * time.Minute,
		TargetWait:    60 * time.Second,
		StartCost:     180 * time.Second,
		StartExtra:    60 * time.Second,
		UpMost:        50,
		UpFraction:    1,
		DownEvery:     15 * time.Second,
		DownMost:      4,
		DownFraction:  0.1,
		ReplaceAtOnce: 1,
		MinIdle:       1,
		BootTime:      300 * time.Second,
	}
}
