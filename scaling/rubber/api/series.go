package api

import (
	"fmt"
	"net/http"
	"strings"

	"perfmon/scaling/rubber"
)

// series answers what plans saw over time, for whoever draws it.
func (s *Service) series(w http.ResponseWriter, r *http.Request) {
	profile := r.URL.Query().Get("profile")
	out := seriesOf(s.Controller.Plans(0), profile)
	if out == nil && s.Controller.Status().Profile(profile) == nil {
		s.noProfile(w, fmt.Sprintf("no plan has a profile %.100q", profile))
		return
	}
	if out == nil { // it has not been planned for yet
		out = seriesOf(nil, "")
		out.Profile = strings.Clone(profile)
	}
	s.answer(w, out)
}

// seriesOf makes columns of plans; nil if none has the profile. "" is all
// profiles together.
func seriesOf(plans []rubber.PlanView, profile string) *Series {
	out := &Series{
		API: Version1, Profile: profile, T: []float64{}, Waits: []*int{}, Running: []*int{}, OldestS: []*float64{}, Slots: []*int{}, Want: []*int{},
		Limit: []*int{}, Have: []*int{}, Ready: []*int{}, Coming: []*int{}, Resting: []*int{},
	}
	found := profile == ""
	for i := range plans {
		sum := point{}
		for j := range plans[i].Targets {
			if t := &plans[i].Targets[j]; profile == "" || t.Profile == profile {
				sum.add(t)
			}
		}
		found = found || sum.of > 0
		out.T = append(out.T, float64(plans[i].At.UnixMilli())/1000)
		out.append(&sum)
	}
	if !found {
		return nil
	}
	return out
}

// point is one row of a series: the sum of some targets.
type point struct {
	of, unknown              int // targets
	waits, running           int
	oldest                   *float64
	slots, want, limit, have int
	ready, coming, resting   int
}

func (p *point) add(t *rubber.TargetView) {
	p.of++
	if t.Known {
		p.waits, p.running = p.waits+t.Waits, p.running+t.Running
		if t.Oldest > 0 || t.Waits == 0 {
			if s := t.Oldest.Seconds(); p.oldest == nil || s > *p.oldest {
				p.oldest = &s
			}
		}
	} else {
		p.unknown++
	}
	p.slots, p.want, p.limit, p.have = p.slots+t.Slots, p.want+t.Want, p.limit+t.Limit, p.have+t.Have
	p.ready, p.coming, p.resting = p.ready+t.Ready, p.coming+t.Coming, p.resting+t.Resting
}

func (s *Series) append(p *point) {
	known := func(n int, ok bool) *int {
		if !ok {
			return nil
		}
		return &n
	}
	some := p.of > 0
	demand := some && p.unknown == 0
	s.Waits, s.Running = append(s.Waits, known(p.waits, demand)), append(s.Running, known(p.running, demand))
	s.OldestS = append(s.OldestS, p.oldest)
	s.Slots, s.Want = append(s.Slots, known(p.slots, some)), append(s.Want, known(p.want, some))
	s.Limit, s.Have = append(s.Limit, known(p.limit, some)), append(s.Have, known(p.have, some))
	s.Ready, s.Coming = append(s.Ready, known(p.ready, some)), append(s.Coming, known(p.coming, some))
	s.Resting = append(s.Resting, known(p.resting, some))
}
