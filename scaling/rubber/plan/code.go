package plan

// Code is a reason in one word.
type Code string

// Codes.
const (
	// Why more.
	Demanded   Code = "demand"        // tasks wait, or run
	Activated  Code = "activation"    // there is work and no worker
	Waited     Code = "wait"          // a task waits for too long
	Ignored    Code = "ignored"       // tasks wait for too long although slots look free
	Spare      Code = "spare"         // spare capacity above load
	Floor      Code = "floor"         // the least that is configured
	WarmPool   Code = "warm_pool"     // parked machines are kept ready
	Replacing  Code = "replace"       // its image or settings are old
	Returned   Code = "load_returned" // a machine that was let go is needed again
	AncestorIs Code = "ancestor"      // by the ancestor's formula

	// Why less.
	Idle        Code = "idle"         // idle for longer than a new start would cost
	Surplus     Code = "surplus"      // others can do its work
	Ceiling     Code = "ceiling"      // more than the most that is configured
	GivesBack   Code = "give_back"    // the machine was borrowed, and another profile needs its share
	OverCap     Code = "over_cap"     // more than the cap
	OldImage    Code = "old"          // of an old generation
	HostAlarm   Code = "host_alarm"   // its host raises alarms
	StoreAlarm  Code = "store_alarm"  // its storage raises alarms
	ProfileGone Code = "profile_gone" // no profile of that name is configured
	Asked       Code = "asked"        // somebody asked that it goes
	WarmExcess  Code = "warm_excess"  // more parked machines than are wanted

	// Why not.
	Steady         Code = "steady"          // as many as needed
	Paused         Code = "paused"          // somebody paused scaling
	UnknownDemand  Code = "unknown_demand"  // nobody knows what waits
	UnknownWorkers Code = "unknown_workers" // nobody knows who works
	AtCap          Code = "cap"             // the cap over all machines
	AtShare        Code = "share"           // what is left by the others' shares
	AtMax          Code = "max"             // the ceiling of the profile
	AtRate         Code = "rate"            // as many a time as allowed
	Cooling        Code = "cooldown"        // too soon after the last step
	Blocked        Code = "blocked"         // no machine can be had just now
	MemoryFull     Code = "memory"          // no more fit into the hosts' memory
	MemoryUnknown  Code = "memory_unknown"  // memory is short, and nobody knows what fits
	NetworkFull    Code = "network"         // more machines would not help: the network is full
	NoHost         Code = "no_host"         // every host raises alarms
	HostSilent     Code = "host_silent"     // the agent of its host is silent
	DeafToAlarms   Code = "deaf"            // nobody hears alarms
	ClockJumped    Code = "clock"           // time went back, or far ahead
	RivalThere     Code = "rival"           // another rubber of the same owner is at work
	WaitsForIdle   Code = "busy"            // the machines that could go are at work
)
