package rubberconfig

import "fmt"

// together says which profiles do not fit their clouds, each other, or
// max_machines. Names of brokers and clouds are resolved by now.
func (l *loader) together() {
	shares := 0
	serves := map[[2]string]string{}
	for i, p := range l.profiles {
		at := l.at[i]
		l.madeOf(p, at)
		shares += p.Share
		for _, bound := range []struct {
			key string
			n   int
		}{{"min", p.Min}, {"warm", p.Warm}, {"share", p.Share}} {
			if bound.n > l.c.Cap {
				at.Problem(fmt.Sprintf("%s %d is more than max_machines %d", bound.key, bound.n, l.c.Cap), "write "+bound.key+" as the smaller one")
			}
		}
		if p.Max > 0 && p.Warm > p.Max {
			at.Problem(fmt.Sprintf("warm %d is more than max %d", p.Warm, p.Max), "write warm as the smaller one: machines that are parked count")
		}
		work := [2]string{p.Broker, p.Queue}
		if other, there := serves[work]; there && p.Queue != "" && p.Broker != "" {
			at.Problem(fmt.Sprintf("it has the queue of profile %s, and each would have machines made for all of it", other), "keep one of them")
		}
		serves[work] = p.Name
	}
	if shares > l.c.Cap && len(l.profiles) > 1 {
		l.top.Problem(fmt.Sprintf("the shares of all profiles are %d machines, more than max_machines %d: not all can be guaranteed", shares, l.c.Cap), "write less, or raise max_machines")
	}
}

// madeOf says what a profile's cloud cannot make a machine without.
func (l *loader) madeOf(p *Profile, at place) {
	for _, c := range l.clouds {
		if c.Name != p.Cloud {
			continue
		}
		if c.Driver == processes && len(p.Command) == 0 {
			at.Problem("no command: what would a process be?", "write command: [program, argument]")
		}
		if c.Driver == openStack && p.Flavor == "" {
			at.Problem("no flavor: Nova makes no server without one", "write flavor: its name or id")
		}
		if p.Image == "" && (c.Driver == openStack || c.Driver == xenAPI || c.Driver == libVirt) {
			at.Problem("no image: what would a machine boot from?", "write image: its name or id")
		}
	}
}
