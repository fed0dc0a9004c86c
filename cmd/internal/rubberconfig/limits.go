package rubberconfig

// limitTexts say what the fields of rubber.Limits mean.
var limitTexts = map[string]string{
	"Requested":  "until the cloud has taken the request for a machine",
	"Building":   "from then until the cloud says that it runs; longer is slow, three times as long is given up",
	"Booting":    "from then until its worker is heard",
	"Draining":   "until a machine that is to go is empty; longer is said loudly, and waited for",
	"Deleting":   "until the cloud lists it no more; longer is said loudly, and tried on",
	"Settle":     "between two times that a worker has to say that it is empty",
	"Ask":        "between two questions to a worker that is busy",
	"Shutdown":   "until an empty worker that was told to shut down is gone",
	"Stop":       "until the guest has shut down, before its machine is deleted; never: it is not asked",
	"Silent":     "without a word of a worker, before its machine is released",
	"Empty":      "the same, if it was empty and took no more work when it was heard last",
	"Lost":       "without a word of a released worker, before its machine is deleted although it may be at work",
	"Again":      "before a request that may still be on its way is repeated",
	"Redo":       "before a delete that was taken is repeated",
	"Orphan":     "before a machine without a record is released",
	"Restart":    "the least time that every deadline has after a start of rubber",
	"Depth":      "of one question about a queue",
	"List":       "of one list of a cloud",
	"Create":     "of one request for a machine",
	"Call":       "of every other request to a cloud",
	"Command":    "of one word to a worker, and its answer",
	"Store":      "of one read or write of the engine",
	"Look":       "of a whole look; what has not come by then comes with the next",
	"Fresh":      "the age beyond which a queue's depth or a cloud's list is unknown",
	"CloudCalls": "requests to one cloud at once",
	"Commands":   "words to workers at once",
	"Depths":     "questions to one broker at once",
}

// never are limits that may be switched off.
var never = map[string]bool{"Stop": true, "Lost": true}

// negative are factors that may be below zero.
var negative = map[string]bool{"KeepSlack": true}

// plannerTexts say what the fields of plan.Settings mean.
var plannerTexts = map[string]string{
	"Interval":      "between two plans",
	"Beta":          "spare capacity above a load R is this times the square root of R",
	"LoadWindow":    "over which load is smoothed",
	"Hysteresis":    "the part of a machine that has to be missing before one is asked for on account of load alone",
	"Recent":        "over which recent load is smoothed",
	"Noise":         "a recent load r bounds the load by r, this times its square root, and 1",
	"Horizon":       "for how long a rise of demand that is no accident and no batch is taken to go on",
	"Lateness":      "the part of the boot time that a task may wait longer, so that a new machine takes several",
	"Outlier":       "demand above R, this times the square root of R, and 1 is a burst and not load",
	"Optimism":      "how much of the work that spare capacity can do while a machine boots is relied upon",
	"TargetWait":    "how long a task may wait before it counts as late",
	"StartCost":     "what a start costs in machine time, where the boot time has not been measured",
	"StartExtra":    "what it costs besides the measured boot time",
	"Patience":      "machines are let go when nobody needed them for this times the cost of a start",
	"Quiet":         "when there was nothing at all to do for this times as long, spare capacity is let go as well, down to no machine",
	"UpEvery":       "the stretch of time that the limits of scale-out are for",
	"UpMost":        "machines that may be asked for in it, or up_fraction of what there is if that is more",
	"UpFraction":    "see up_most",
	"DownCooldown":  "after the last scale-out, before a scale-in",
	"DownEvery":     "the stretch of time that the limits of scale-in are for",
	"DownMost":      "machines that may be let go in it, or down_fraction of what there is if that is more",
	"DownFraction":  "see down_most",
	"ReplaceAtOnce": "machines of an old generation that are replaced at once; 0: they go when they are not needed",
	"PartialHosts":  "what clouds say of their hosts does not count: alarms say where machines are not to be, and never that there is no room",
	"MinIdle":       "RUBBER_MIN_IDLE_WORKERS, of the mode ancestor alone",
}
