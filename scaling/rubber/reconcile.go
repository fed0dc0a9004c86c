package rubber

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
)

// listed takes in a complete list of a cloud that began at an instant: whose
// record is in it and whose is not, and which machines have no record.
func (w *world) listed(c *cloudView, list []cloud.Instance, began time.Time) {
	c.began, c.byID, c.dropped = began, make(map[string]*cloud.Instance, len(list)), 0
	slices.SortStableFunc(list, func(a, b cloud.Instance) int { // the older of two is the real one
		if d := a.Created.Compare(b.Created); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	for i := range list {
		if list[i].Owner != w.o.Owner {
			c.dropped++ // never ours, whatever the driver thinks
			continue
		}
		c.byID[list[i].ID] = &list[i]
	}
	owned := map[string]*unit{} // by id
	found := map[*unit]*cloud.Instance{}
	for _, u := range w.units {
		if u.Cloud == c.name && u.ID != "" {
			owned[u.ID] = u
		}
	}
	var without []*cloud.Instance
	for i := range list {
		inst := &list[i]
		if inst.Owner != w.o.Owner {
			continue
		}
		if u := owned[inst.ID]; u != nil {
			found[u] = inst
			continue
		}
		u := w.units[inst.Intent]
		if u != nil && u.Cloud == c.name && u.ID == "" {
			if u.doing.verb == orderNothing { // else the answer to it will say
				u.ID, u.Adopt = inst.ID, "" // of the ancestor's: it has been marked
			}
			owned[inst.ID], found[u] = u, inst
			continue
		}
		without = append(without, inst)
	}
	for _, u := range w.units {
		if u.Cloud == c.name && u.Adopt == "" {
			u.listedIn(found[u], began)
		}
	}
	w.meet(c, without)
	w.strangers(c, without)
}

// strangers deals with machines of ours that have no record. It can be that the
// store was lost, that a request which nobody waited for any more was done
// after all, or that a cloud made two of one.
func (w *world) strangers(c *cloudView, without []*cloud.Instance) {
	seen := map[string]bool{}
	for _, inst := range without {
		key := c.name + "/" + inst.ID
		seen[key] = true
		if _, left := w.unread[inst.Intent]; left {
			continue // its record is there, for a newer rubber to read
		}
		st := w.strange[key]
		if st == nil {
			st = &stranger{cloud: c.name, first: w.now}
			w.strange[key] = st
		}
		st.instance, st.seen = *inst, w.look
		st.reason = w.whyStrange(c, inst)
		st.kept = !w.letsGo(c, inst)
		if inst.State == cloud.Deleting || w.paused.Load() || w.o.DryRun || w.identity == "" {
			continue
		}
		switch {
		case st.reason == "":
			if w.adopt(c, inst) {
				delete(w.strange, key)
			}
		case !st.kept && w.now.Sub(st.first) >= w.cfg.Limits.Orphan:
			if w.orphan(c, inst, st.reason) {
				delete(w.strange, key)
			}
		}
	}
	for key, st := range w.strange {
		if st.cloud == c.name && !seen[key] {
			delete(w.strange, key)
		}
	}
}

// whyStrange is why a machine cannot simply be given a record; "": it can.
func (w *world) whyStrange(c *cloudView, inst *cloud.Instance) string {
	switch {
	case inst.Intent == "" || cloud.Spec.Check(cloud.Spec{Intent: inst.Intent, Owner: w.o.Owner, Name: "x"}) != nil:
		return fmt.Sprintf("it bears our owner mark and the intent %q, which is none of ours", inst.Intent)
	case w.foreign(inst.Intent) && !w.home(c.name).inherited(inst.Intent):
		return fmt.Sprintf("another rubber of owner %q has made it, with another store (%s)", w.o.Owner, storeOf(inst.Intent))
	case w.units[inst.Intent] != nil:
		return fmt.Sprintf("it is a second machine of intent %s", inst.Intent)
	}
	if p := w.profile(inst.Profile); p == nil || p.Cloud != c.name {
		text := fmt.Sprintf("it is of profile %q, which is not configured here", inst.Profile)
		if w.foreign(inst.Intent) && !w.home(c.name).Taken {
			text += fmt.Sprintf(", and was made with another store (%s): delete it by hand, or say rubber resume --take-over %s", storeOf(inst.Intent), c.name)
		}
		return text
	}
	return ""
}

// adopt gives a machine a record that lost its own.
func (w *world) adopt(c *cloudView, inst *cloud.Instance) bool {
	p := w.profile(inst.Profile)
	u := &unit{life: life{Record: Record{
		Version: recordVersion, Intent: inst.Intent, Profile: p.Name, Queue: p.Queue, Cloud: c.name, Name: inst.Name,
		Generation: inst.Generation, ID: inst.ID, Host: inst.Host, Storage: inst.Storage, Created: w.now, Attempts: 1, Orphan: false,
	}}}
	if !inst.Created.IsZero() && inst.Created.Before(w.now) {
		u.Created = inst.Created
	}
	state := plan.Building
	switch {
	case inst.State == cloud.Running:
		state, u.Booted = plan.Booting, w.now
	case (inst.State == cloud.Halted || inst.State == cloud.Suspended) && p.Warm > 0:
		state = plan.Warm
	}
	u.enter(state, w.now, w.cfg.Limits)
	text := fmt.Sprintf("a machine that the cloud lists as ours, %s, had no record and has one now", inst.ID)
	if w.foreign(inst.Intent) {
		text += fmt.Sprintf("; it was inherited from another store (%s)", storeOf(inst.Intent))
	}
	return w.insert(u, note{event: evAdopted, loud: true, text: text})
}

// orphan gives a machine a record by which it is let go, as carefully as every
// other one.
func (w *world) orphan(c *cloudView, inst *cloud.Instance, reason string) bool {
	queue := ""
	if p := w.profile(inst.Profile); p != nil {
		queue = p.Queue
	}
	u := &unit{life: life{Record: Record{
		Version: recordVersion, Intent: orphanIntent(c.name, inst.ID), Profile: inst.Profile, Queue: queue, Cloud: c.name, Name: inst.Name,
		Generation: inst.Generation, ID: inst.ID, Host: inst.Host, Created: w.now, Attempts: 1, Orphan: true,
		Release: &Release{Asked: w.now, By: byReconcile, Then: ThenDelete, Reason: reason},
	}}}
	u.enter(plan.Draining, w.now, w.cfg.Limits)
	return w.insert(u, note{event: evOrphan, loud: true, text: fmt.Sprintf("machine %s is an orphan and is let go: %s", inst.ID, reason)})
}

// all is every unit, the oldest first.
func (w *world) all() []*unit {
	list := make([]*unit, 0, len(w.units))
	for _, u := range w.units {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b *unit) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return list
}
