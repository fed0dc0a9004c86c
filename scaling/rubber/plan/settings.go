package plan

import "time"

// Settings are the numbers behind the rules. Those of DefaultSettings are the
// ones that the simulator is run with.
type Settings struct {
	Interval time.Duration // between two plans

	Beta       float64       // spare capacity above load R is Beta·√R (square-root staffing)
	LoadWindow time.Duration // over which load is smoothed
	Hysteresis float64       // part of a machine that has to be missing before one is asked for on account of load alone, 0 to 1
	Recent     time.Duration // over which recent load is smoothed; load counts no more than recent load and its noise
	Noise      float64       // recent load r bounds load by r + Noise·√r + 1
	KeepSlack  float64
	Middle     time.Duration
	Horizon    time.Duration // for how long a rise of demand that is no accident is taken to go on
	Lateness   float64       // part of the boot time that a task may wait longer, so that a new machine takes several
	Outlier    float64       // demand above R + Outlier·√R + 1 does not count as load: it is a burst
	Optimism   float64       // how much of the work that spare capacity can do while a machine boots is relied upon, 0 to 1
	TargetWait time.Duration // how long a task may wait before it counts as late

	StartCost  time.Duration // what a start costs, in machine time, where boot time has not been measured
	StartExtra time.Duration // what it costs besides the measured boot time
	Patience   float64       // machines are let go when nobody needed them for Patience times the cost of a start

	UpEvery       time.Duration // stretch of time that the limits of scale-out are for
	UpMost        int           // machines that may be asked for in it, or UpFraction of what there is if that is more
	UpFraction    float64
	DownCooldown  time.Duration // after the last scale-out, before a scale-in
	DownEvery     time.Duration // stretch of time that the limits of scale-in are for
	DownMost      int           // machines that may be let go in it, or DownFraction of what there is if that is more
	DownFraction  float64
	ReplaceAtOnce int // machines of an old generation that are replaced at once; 0: they go when they are not needed

	PartialHosts bool // some hosts have no agent: the known ones are no bound for what fits, and are not all there is

	MinIdle int // ancestor's RUBBER_MIN_IDLE_WORKERS; mode ancestor alone
}

// DefaultSettings are those that serve every trace of the simulator.
func DefaultSettings() Settings {
	return Settings{
		Interval:      5 * time.Second,
		Beta:          0.9,
		LoadWindow:    15 * time.Minute,
		Hysteresis:    0.65,
		Recent:        30 * time.Second,
		Noise:         0.6,
		Lateness:      0.08,
		KeepSlack:     -0.175,
		Horizon:       25 * time.Second,
		Middle:        6 * time.Minute,
		Outlier:       1.1,
		Optimism:      1,
		TargetWait:    3 * time.Minute,
		StartCost:     180 * time.Second,
		StartExtra:    0,
		Patience:      0.75,
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
func (s *Settings) patience(p *Profile) time.Duration {
	return time.Duration(float64(s.startCost(p)) * s.Patience)
}
