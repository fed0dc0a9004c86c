package plan

import "time"

// Settings are the numbers behind the rules. Those of DefaultSettings are the
// ones that the simulator is run with.
type Settings struct {
	Interval time.Duration // between two plans

	// Spare capacity.
	Beta       float64       // above load R it is Beta·√R (square-root staffing)
	LoadWindow time.Duration // over which load is smoothed
	Outlier    float64       // demand above R + Outlier·√R + 1 is a burst, and counts as no more than that
	Recent     time.Duration // over which recent demand r is smoothed
	Noise      float64       // load is taken for no more than r + Noise·√r + 1
	Hysteresis float64       // machines that have to be missing before one is asked for on account of load alone
	Slack      float64       // machines that may be there too few before one has to stay on account of load alone

	// Work that waits.
	SpareWindow time.Duration // over which demand is smoothed to see how much of the capacity there is to spare
	Horizon     time.Duration // for how long a rise of demand that is no accident and no batch is taken to go on
	Crowd       float64       // part of the boot time for which tasks have to wait, and demand to rise, until what comes is a crowd
	Lateness    float64       // part of the boot time that a task may wait longer still, so that new machines take several each
	TargetWait  time.Duration // how long a task may wait before spare capacity is no longer relied upon

	// Letting go.
	StartCost  time.Duration // what a start costs, in machine time, where boot time has not been measured
	StartExtra time.Duration // what it costs besides the measured boot time
	Patience   float64       // machines go when nobody needed them for Patience times what a start costs
	Quiet      float64       // when there was nothing at all to do for Quiet times as long, there is no load any more

	// Limits.
	UpEvery       time.Duration // stretch of time that the limits of scale-out are for
	UpMost        int           // machines that may be asked for in it, or UpFraction of what there is if that is more
	UpFraction    float64
	DownCooldown  time.Duration // after the last scale-out, before a scale-in
	DownEvery     time.Duration // stretch of time that the limits of scale-in are for
	DownMost      int           // machines that may be let go in it, or DownFraction of what there is if that is more
	DownFraction  float64
	ReplaceAtOnce int // machines of an old generation that are replaced at once; 0: they go when they are not needed

	PartialHosts bool // what clouds say of their hosts does not count: alarms say where machines are not to be, and never that there is no room

	MinIdle int // ancestor's RUBBER_MIN_IDLE_WORKERS; mode ancestor alone
}

// DefaultSettings are those that serve every trace of the simulator; it found
// them by a search (TestSweep of package sim).
func DefaultSettings() Settings {
	return Settings{
		Interval:      5 * time.Second,
		Beta:          1.28,
		LoadWindow:    22 * time.Minute,
		Outlier:       1.45,
		Recent:        30 * time.Second,
		Noise:         1.4,
		Hysteresis:    1.1,
		Slack:         0.6,
		SpareWindow:   10 * time.Minute,
		Horizon:       70 * time.Second,
		Crowd:         0.6,
		Lateness:      0.43,
		TargetWait:    4 * time.Minute,
		StartCost:     180 * time.Second,
		Patience:      0.91,
		Quiet:         5,
		UpEvery:       5 * time.Second,
		UpMost:        50,
		UpFraction:    1,
		DownEvery:     15 * time.Second,
		DownMost:      4,
		DownFraction:  0.5,
		ReplaceAtOnce: 1,
		MinIdle:       1,
	}
}

// startCost is what one start costs in machine time.
func (s *Settings) startCost(p *Profile) time.Duration {
	if p.BootTime > 0 {
		return p.BootTime + s.StartExtra
	}
	return s.StartCost
}

// patience is for how long a machine has to have been of no use before it is
// let go. By the ski-rental rule that is as long as a start costs: whatever
// comes, no more than twice is paid of what somebody pays who knows the future.
//
// It is never shorter than a few plans: what is seen of queues and workers lags
// by seconds, and one look at nothing is not yet a time without work.
func (s *Settings) patience(p *Profile) time.Duration {
	return max(time.Duration(float64(s.startCost(p))*s.Patience), leastLooks*s.Interval)
}

// leastLooks is for how many plans in a row a machine is of no use before it is
// let go, however quickly another one would boot.
const leastLooks = 4
