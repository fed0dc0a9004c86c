package main

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/api"
	"perfmon/scaling/rubber/cloud"
)

// checkTimeout is how long a cloud may take to say whether a machine could be
// made.
const checkTimeout = 30 * time.Second

// check is whether machines of a profile could be made.
type check struct {
	Profile string `json:"profile"`
	Cloud   string `json:"cloud"`
	Checked bool   `json:"checked"` // false: its cloud cannot say without making one
	Error   string `json:"error,omitempty"`
}

// lookOnce runs the parts of a configuration as a dry run, until everything is
// known or the wait is over.
func lookOnce(ctx context.Context, f serveFlags, wait time.Duration, stderr io.Writer) (*planned, error) {
	c, err := f.load(stderr)
	if err != nil {
		return nil, err
	}
	out := &planned{API: api.Version1, Role: string(rubber.Dry)}
	out.Notes = onlyOutside(c)
	log := slog.New(slog.DiscardHandler)
	if f.debug {
		log = newLogger(stderr, true)
	}
	p, err := newParts(c, true, log)
	if err != nil {
		return nil, verbs.Refused(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx, func() {}) }()
	err = p.settle(ctx, wait)
	if err == nil {
		out.Checks = p.checks(ctx, c)
		p.report(out)
	}
	cancel()
	if fault := <-ended; fault != nil {
		err = fault
	}
	if err != nil {
		return nil, verbs.Failed(err)
	}
	return out, nil
}

// onlyOutside leaves out alarms that this process could hear only by being, or
// by standing in the way of, the rubber that runs.
func onlyOutside(c *rubberconfig.Config) []string {
	var notes []string
	c.Alarms.From = slices.DeleteFunc(slices.Clone(c.Alarms.From), func(from string) bool {
		if from == "webhook" || from == "engine" && len(c.Engine.URLs) == 0 {
			notes = append(notes, "alarms of "+from+" are not heard here: rubber plan without --config asks the rubber that hears them")
			return true
		}
		return false
	})
	return notes
}

// settle has turns made until all is known, or the wait is over.
func (p *parts) settle(ctx context.Context, wait time.Duration) error {
	limit, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		// An error is of a controller that has not begun, or of the wait.
		if err := p.controller.Now(limit); err == nil && p.known() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.Done():
			return nil
		case <-tick.C:
		}
	}
}

// known says whether everybody who was asked has answered.
func (p *parts) known() bool {
	s := p.controller.Status()
	for i := range s.Profiles {
		one := &s.Profiles[i]
		b := p.brokers[one.Broker]
		if !one.DemandKnown || b != nil && b.workers != nil && !one.WorkersKnown {
			return false
		}
	}
	for _, c := range s.Clouds {
		if !c.OK {
			return false
		}
	}
	return len(s.Profiles) > 0
}

// checks asks each cloud whether machines of its profiles could be made.
func (p *parts) checks(ctx context.Context, c *rubberconfig.Config) []check {
	var list []check
	for _, profile := range p.controller.Config().Profiles {
		one := check{Profile: profile.Name, Cloud: profile.Cloud}
		if checker, ok := p.clouds[profile.Cloud].(cloud.Checker); ok {
			one.Checked = true
			if err := checkProfile(ctx, checker, c.Owner, &profile); err != nil {
				one.Error = err.Error()
			}
		}
		list = append(list, one)
	}
	return list
}

func checkProfile(ctx context.Context, checker cloud.Checker, owner string, p *rubber.Profile) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	s := p.Spec
	s.Intent, s.Owner, s.Profile, s.Generation = "check", owner, p.Name, p.Generation
	s.Name = rubber.MachineName(p.Name, s.Intent)
	if p.UserData != nil {
		var err error
		if s.UserData, err = p.UserData(s); err != nil {
			return err
		}
	}
	return checker.Check(ctx, s)
}

// report says what was seen and planned.
func (p *parts) report(out *planned) {
	s := api.NewStatus(p.controller.Status())
	out.Clouds, out.Brokers = s.Clouds, s.Brokers
	out.holds(s)
	for _, x := range s.Strange {
		out.Notes = append(out.Notes, "machine "+x.Name+" of "+x.Cloud+" has our mark: the rubber that runs may have its record")
	}
	if plans := p.controller.Plans(1); len(plans) > 0 {
		last := api.NewPlan(&plans[len(plans)-1])
		out.Plan = &last
	}
}
