package rubber

import (
	"context"
	"fmt"
	"slices"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
)

// ancestral is the generation of the ancestor's machines: older than any.
const ancestral = "ancestor"

// adoptions begins to take over the ancestor's machines.
func (w *world) adoptions() {
	for _, a := range w.cfg.Adopt {
		if w.adopted[a.Name] || w.paused.Load() || w.o.DryRun || w.storeErr != nil || w.identity == "" {
			continue
		}
		w.adopted[a.Name] = true
		if slices.ContainsFunc(w.all(), func(u *unit) bool { return u.Name == a.Name }) {
			continue
		}
		p := w.profile(a.Profile)
		u := &unit{life: life{Record: Record{
			Version: recordVersion, Intent: newIntent(w.identity), Profile: p.Name, Queue: p.Queue, Cloud: p.Cloud, Name: a.Name,
			Generation: ancestral, Created: w.now, Adopt: a.Name,
		}}}
		if !a.Created.IsZero() && a.Created.Before(w.now) {
			u.Created = a.Created
		}
		u.enter(plan.Requested, w.now, w.cfg.Limits)
		if !w.insert(u, note{event: evAdopted, text: fmt.Sprintf("%s, a machine of the ancestor, is looked for in cloud %s", a.Name, p.Cloud)}) {
			w.adopted[a.Name] = false
		}
	}
}

// unmarked is a machine of the ancestor before it is marked as ours. That its
// worker is heard says nothing yet: it is not ours before it is marked. It has no
// deadline, for it is there, whatever the cloud says.
func (st *step) unmarked() order {
	switch {
	case st.Release != nil:
		st.Ending = st.Release.Reason
		st.to(Gone)
		st.note(evGone, true, "it was the ancestor's, was not marked as ours, and stays what it is: %s", st.Ending)
		return order{}
	case st.s.waits || st.s.now.Before(st.retry):
		return order{}
	}
	st.Attempts++
	st.Tried = st.s.now
	return order{verb: orderAdopt}
}

// adoptNamed finds a machine of the ancestor and marks it as ours.
func adoptNamed(ctx context.Context, driver cloud.Cloud, owner string, p *Profile, rec *Record) (cloud.Instance, error) {
	fail := func(kind cloud.Kind, hint, format string, args ...any) (cloud.Instance, error) {
		return cloud.Instance{}, &cloud.Error{Kind: kind, Op: "adopt", Name: rec.Name, Err: fmt.Errorf(format, args...), Hint: hint}
	}
	adopter, ok := driver.(cloud.Adopter)
	if !ok {
		return fail(cloud.Invalid, "let the ancestor's machine end by itself, or delete it by hand", "cloud %q cannot adopt machines", rec.Cloud)
	}
	found, err := adopter.Find(ctx, rec.Adopt)
	if err != nil {
		return cloud.Instance{}, err
	}
	switch len(found) {
	case 0:
		// We may have marked it already, and not lived to hear of it.
		list, err := driver.List(ctx, owner)
		if err != nil {
			return cloud.Instance{}, err
		}
		for _, inst := range list {
			if inst.Owner == owner && inst.Intent == rec.Intent {
				return inst, nil
			}
		}
		return fail(cloud.NotFound, "take it out of the list of machines to adopt", "there is no machine of that name without an owner")
	case 1:
	default:
		return fail(cloud.Invalid, "delete all but one, or rename them", "%d machines have that name", len(found))
	}
	spec, err := specOf(owner, p, rec, nil)
	if err != nil {
		return cloud.Instance{}, err
	}
	return found[0], adopter.Mark(ctx, found[0].ID, spec)
}
