package rubber

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// Options are what a Controller is made of. The clouds, brokers and hosts are
// the caller's: whoever made them runs them (work.Workers.Run, hear's Run), so
// that they know who lives before a standby has to take over, and closes them
// after Run has returned.
type Options struct {
	Owner string // mark on our machines, [a-z0-9-]{1,40}: no two rubbers may have the same one and different stores

	Store   Store
	Lease   Lease // nil: nobody else can have the store
	Clouds  map[string]cloud.Cloud
	Brokers map[string]Broker
	Hosts   Hosts // nil: nothing is known of hosts

	Config Config

	Paused string // why to begin paused; "": as it was left. It is written when this instance first acts

	DryRun bool // plan and show, and neither write nor do anything; the lease is not wanted

	Log  *slog.Logger                        // nil is silent
	Plan func(*plan.Snapshot) plan.Plan      // nil is plan.Make
	Wall func() time.Time                    // the clock for people; nil is time.Now
	Name func(profile, intent string) string // of a new machine; nil is MachineName
}

// Broker is where work waits, and those who do it.
type Broker struct {
	Source  work.Source
	Workers work.Workers // nil: nobody can tell who works, so that nothing is ever let go
}

// Hosts is what is believed of hypervisors and storage; *hear.Hearing is one.
type Hosts interface {
	View() hear.View
}

// Lease is what one of several instances holds at a time.
type Lease interface {
	// Acquire waits until the lease is ours, or the context ends.
	Acquire(ctx context.Context) (Holding, error)
}

// Holding is a lease that was acquired; *engine.Lease is one.
type Holding interface {
	Held() bool            // at this instant
	Lost() <-chan struct{} // closed when it is not ours any more
	Err() error            // why
	Release(ctx context.Context) error
}

// Config is what an operator may change while rubber runs; see
// Controller.Configure.
type Config struct {
	Interval time.Duration // of turns; 0: 5 s
	Cap      int           // machines that may be there at once, of all profiles; at least 1
	Mode     plan.Mode
	Settings plan.Settings // zero: plan.DefaultSettings
	Limits   Limits
	Profiles []Profile
	Adopt    []Adoption // machines of the ancestor
}

// Profile is one kind of machine, for one queue.
type Profile struct {
	Name   string
	Queue  string
	Broker string // key of Options.Brokers
	Cloud  string // key of Options.Clouds

	// Spec is what a machine is made of. What identifies it (Intent, Owner,
	// Profile, Generation, Name) and where it goes (Avoid, Prefer, AvoidStorage)
	// is filled in by the Controller.
	Spec cloud.Spec
	// UserData makes the user data of one machine, given its spec; nil: that of
	// Spec. An error is as Invalid as one of the cloud.
	UserData   func(cloud.Spec) ([]byte, error)
	Generation string // of image and settings: machines of another are old

	Share     int
	Weight    float64
	Min, Max  int
	Slots     int
	Memory    int64
	Ratio     float64 // of mode ancestor
	Threshold int     // of mode ancestor

	NetworkBound bool
	Warm         int           // parked machines; the cloud has to be a cloud.Warmer
	BootTime     time.Duration // until a worker is heard, as long as it has not been measured; 0: not known
	TaskTime     time.Duration // of a task, the same
	Schedule     []Window
}

// Adoption is a machine of the ancestor, which has no mark but its name. Its
// cloud has to be a cloud.Adopter.
type Adoption struct {
	Name    string
	Profile string
	Created time.Time // zero: not known
}

const (
	defaultInterval = 5 * time.Second
	leastInterval   = 10 * time.Millisecond
)

// check says what is wrong with a configuration, and fills in defaults.
func (c *Config) check(o *Options) error {
	if c.Interval == 0 {
		c.Interval = defaultInterval
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Interval < leastInterval {
		bad("interval %v: at least %v", c.Interval, leastInterval)
	}
	if c.Cap < 1 {
		bad("cap %d: at least 1 machine has to be allowed", c.Cap)
	}
	if c.Settings == (plan.Settings{}) {
		c.Settings = plan.DefaultSettings()
		c.Settings.Interval = c.Interval
	}
	c.Limits = c.Limits.withDefaults()
	c.Profiles = slices.Clone(c.Profiles)
	seen := map[string]bool{}
	queues := map[queueKey]string{}
	for i := range c.Profiles {
		p := &c.Profiles[i]
		if err := p.check(o); err != nil {
			bad("profile %q: %w", p.Name, err)
		}
		key := queueKey{p.Broker, p.Queue}
		if other, there := queues[key]; there && other != p.Name {
			bad("profile %q has the queue %q of profile %q: each would have machines made for all of it; keep one", p.Name, p.Queue, other)
		}
		queues[key] = p.Name
		if seen[p.Name] {
			bad("profile %q is there twice: names are unique", p.Name)
		}
		seen[p.Name] = true
	}
	for _, a := range c.Adopt {
		if !seen[a.Profile] {
			bad("machine %q to adopt: profile %q is not configured", a.Name, a.Profile)
			continue
		}
		i := slices.IndexFunc(c.Profiles, func(p Profile) bool { return p.Name == a.Profile })
		if driver := o.Clouds[c.Profiles[i].Cloud]; driver != nil {
			if _, ok := driver.(cloud.Adopter); !ok {
				bad("machine %q to adopt: cloud %q cannot adopt machines; let it end by itself, or delete it by hand", a.Name, c.Profiles[i].Cloud)
			}
		}
	}
	return errors.Join(errs...)
}

func (p *Profile) check(o *Options) error {
	switch {
	case p.Name == "" || len(p.Name) > 60:
		return errors.New("a name of 1 to 60 bytes is needed")
	case p.Queue == "":
		return errors.New("no queue is named")
	case o.Brokers[p.Broker].Source == nil:
		return fmt.Errorf("broker %q is not configured", p.Broker)
	case o.Clouds[p.Cloud] == nil:
		return fmt.Errorf("cloud %q is not configured", p.Cloud)
	case p.Min < 0 || p.Max < 0 || p.Max > 0 && p.Min > p.Max:
		return fmt.Errorf("min %d and max %d do not fit", p.Min, p.Max)
	}
	if _, ok := o.Clouds[p.Cloud].(cloud.Warmer); p.Warm > 0 && !ok {
		return fmt.Errorf("cloud %q cannot park machines: warm has to be 0", p.Cloud)
	}
	for i := range p.Schedule {
		if err := p.Schedule[i].check(); err != nil {
			return fmt.Errorf("schedule, window %d: %w", i+1, err)
		}
	}
	return nil
}

// checked is options that make sense, or why not.
func (o Options) checked() (Options, error) {
	if err := (cloud.Spec{Intent: "x", Owner: o.Owner, Name: "x"}).Check(); err != nil {
		return o, fmt.Errorf("owner: %w", err)
	}
	if o.Store == nil {
		return o, errors.New("no store is given")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Plan == nil {
		o.Plan = plan.Make
	}
	if o.Name == nil {
		o.Name = MachineName
	}
	return o, o.Config.check(&o)
}
