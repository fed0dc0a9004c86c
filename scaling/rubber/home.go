package rubber

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
)

// Machines of our owner may be of another store: because ours is new and the one
// before it was lost, or because another rubber of the same owner lives. Who was
// there when this store saw a cloud for the first time is inherited; a machine
// that comes later was made by somebody who lives. Of two who live, the one with
// the older store goes on and leaves the other's machines alone; the one with
// the younger store stands aside in that cloud until an operator says who is who.

// homeKeys is what the keys begin with under which it is kept how we stand in a
// cloud.
const homeKeys = "cloud."

// homeState is how we stand in a cloud:
//
//	{"version":1,"cloud":"dc1","first":"2026-…","inherited":{"tou0aa…":["dbbyks7x",…]},"rival":{"store":"tou0aa…","intent":"…","id":"…","name":"…","seen":"2026-…"}}
type homeState struct {
	Version   int                 `json:"version"`
	Cloud     string              `json:"cloud"`
	First     time.Time           `json:"first,omitzero"`      // when the first complete list began that counts
	Inherited map[string][]string `json:"inherited,omitempty"` // machines of other stores that are ours now: by store the ends of their intents
	Taken     bool                `json:"taken,omitempty"`     // an operator has said that whoever made them is no more
	Rival     *rival              `json:"rival,omitempty"`     // we stand aside
}

// rival is the proof that a rubber with another store lives.
type rival struct {
	Store  string    `json:"store"`
	Intent string    `json:"intent"`
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Seen   time.Time `json:"seen"`
}

// home is how we stand in a cloud, and what need not be kept of it.
type home struct {
	homeState
	heirs  map[string]bool  // Inherited, by store and end
	others []cloud.Instance // machines of younger stores in the last list, which are left alone
	since  time.Time        // of others
	after  time.Time        // lists that began before do not count
	aside  atomic.Bool      // Rival is there, for those who are about to call
}

// home is how we stand in a cloud.
func (w *world) home(name string) *home {
	h := w.homes[name]
	if h == nil {
		h = &home{homeState: homeState{Version: recordVersion, Cloud: name}}
		w.homes[name] = h
	}
	return h
}

// readHome takes in how we stand in a cloud.
func (w *world) readHome(key string, data []byte) error {
	var s homeState
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if s.First.After(w.now) { // the clock was changed while nobody looked
		s.First = w.now
	}
	if key != homeKeys+keyFor(s.Cloud) {
		return fmt.Errorf("cloud %q is not that of its key", s.Cloud)
	}
	h := w.home(s.Cloud)
	h.homeState, h.heirs = s, nil
	for store, ends := range s.Inherited {
		for _, end := range ends {
			h.inherit(store, end)
		}
	}
	h.aside.Store(s.Rival != nil)
	if s.Rival != nil && !w.o.DryRun {
		w.log.Error(w.asideText(h))
	}
	return nil
}

// keepHome writes how we stand in a cloud. If that fails, it is tried again with
// the next list.
func (w *world) keepHome(h *home) bool {
	key := homeKeys + keyFor(h.Cloud)
	data, err := json.Marshal(h.homeState)
	if err != nil {
		w.storeErr = fmt.Errorf("write what is known of cloud %s: %w", h.Cloud, err)
		return false
	}
	was := w.saved[key]
	if bytes.Equal(was.data, data) {
		return true
	}
	if !w.write(func(ctx context.Context) (err error) {
		was.revision, err = put(ctx, w.o.Store, key, data, was.revision)
		return err
	}) {
		return false
	}
	was.data = data
	w.saved[key] = was
	return true
}

// foreign says whether a machine is of another store.
func (w *world) foreign(intent string) bool {
	if w.identity == "" || strings.HasPrefix(intent, w.identity+"-") {
		return false
	}
	return storeOf(intent) != ""
}

// endLength is how much of an intent is kept of a machine that was inherited: of
// tens of thousands no two are the same, and a value of the store has room for
// all of them.
const endLength = 8

func endOf(intent string) string { return intent[max(0, len(intent)-endLength):] }

// inherited says whether a machine of another store is ours.
func (h *home) inherited(intent string) bool { return h.heirs[storeOf(intent)+"-"+endOf(intent)] }

// inherit notes that a machine of another store is ours.
func (h *home) inherit(store, end string) {
	if h.heirs == nil {
		h.heirs = map[string]bool{}
	}
	h.heirs[store+"-"+end] = true
}

// meet finds out who made the machines of a complete list that have no record.
func (w *world) meet(c *cloudView, without []*cloud.Instance) {
	h := w.home(c.name)
	if w.o.DryRun || !w.identify() || c.began.Before(h.after) {
		return
	}
	first := h.First.IsZero()
	if first {
		h.First = c.began
	}
	var others []cloud.Instance
	for _, inst := range without {
		if !w.foreign(inst.Intent) || h.inherited(inst.Intent) {
			continue
		}
		older := bornBefore(storeOf(inst.Intent), w.identity)
		switch {
		case first, older && h.Rival == nil && c.began.Sub(h.First) < w.cfg.Limits.Orphan: // it was being made when its store was lost
			store, end := storeOf(inst.Intent), endOf(inst.Intent)
			h.inherit(store, end)
			if h.Inherited == nil {
				h.Inherited = map[string][]string{}
			}
			h.Inherited[store] = append(h.Inherited[store], end)
			clear(w.yielding) // somebody may live who makes machines
		case older && h.Rival == nil:
			h.Rival = &rival{Store: storeOf(inst.Intent), Intent: inst.Intent, ID: inst.ID, Name: inst.Name, Seen: w.now}
			h.aside.Store(true)
			w.loud(evRival, w.asideText(h))
		case !older:
			others = append(others, *inst)
		}
	}
	if len(others) > 0 && len(h.others) == 0 {
		h.since = w.now
	}
	h.others = others
	if len(others) > 0 && h.Rival == nil && w.now.Sub(w.told["others "+c.name]) >= sayAgain {
		w.told["others "+c.name] = w.now
		w.loud(evRival, w.othersText(h))
	}
	w.keepHome(h)
}

// sayAgain is how often it is said that another rubber makes machines.
const sayAgain = time.Hour

// loud is a decision about no machine of ours, in feed and log.
func (w *world) loud(e event, text string) {
	w.c.feed.add(Decision{At: w.clock.shown(w.now), Event: string(e), Text: text, Loud: true})
	w.log.Error(text)
}

const wayOut = "stop one of the two, or give one another owner; if the other is stopped for good: rubber resume --take-over %s"

// asideText is why we stand aside in a cloud.
func (w *world) asideText(h *home) string {
	r := h.Rival
	return fmt.Sprintf("cloud %s: another rubber of owner %q lives, with another store (%s, first used %s, before ours): its machine %s (%s) came at %s; so this one starts, stops and deletes nothing there: "+wayOut,
		h.Cloud, w.o.Owner, r.Store, date(bornAt(r.Store)), r.Name, r.ID, date(w.clock.shown(r.Seen)), h.Cloud)
}

// asideShort is the same where the whole is said elsewhere.
func asideShort(cloudName string) string {
	return "another rubber lives, and this one does nothing in cloud " + cloudName
}

// othersText is whom we leave alone in a cloud.
func (w *world) othersText(h *home) string {
	first := h.others[0]
	more := ""
	if n := len(h.others) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("cloud %s: another rubber of owner %q has machines there, made with another store (%s, first used %s, after ours): %s (%s)%s, since %s; they are left alone, and count against the cap: "+wayOut,
		h.Cloud, w.o.Owner, storeOf(first.Intent), date(bornAt(storeOf(first.Intent))), first.Name, first.ID, more, date(w.clock.shown(h.since)), h.Cloud)
}

func date(t time.Time) string { return t.Format("2006-01-02 15:04:05") }

// rivalText is what there is to say of another rubber in a cloud; "": there is
// none that we know of.
func (w *world) rivalText(name string) string {
	h := w.homes[name]
	switch {
	case h == nil:
		return ""
	case h.Rival != nil:
		return w.asideText(h)
	case len(h.others) > 0:
		return w.othersText(h)
	}
	return ""
}

// aside says whether we stand aside in a cloud.
func (w *world) aside(name string) bool {
	h := w.homes[name]
	return h != nil && h.Rival != nil
}

// grip is whether we may do something about a machine of ours.
type grip int

const (
	held    grip = iota // it is as any other
	left                // we stand aside in its cloud
	watched             // it was inherited, and whose it was may live
	unheard             // it was inherited, and works for others if for anybody
)

// grip says whether anything is done about a machine now.
func (w *world) grip(u *unit) grip {
	h := w.homes[u.Cloud]
	switch {
	case h == nil:
		return held
	case h.Rival != nil:
		return left
	case h.Taken || len(h.Inherited) == 0 || !w.foreign(u.Intent) || u.Forced || u.Release != nil && u.Release.By == byOperator:
		return held
	case w.now.Before(h.trusted(w.cfg.Limits)):
		return watched
	}
	if c := w.clouds[u.Cloud]; !u.EverReady && c != nil && c.byID[u.ID] != nil && c.byID[u.ID].State == cloud.Running {
		return unheard
	}
	return held
}

// trusted is until when inherited machines are left as they are: long enough for
// their rubber, should it live, to show that by making one.
func (h *home) trusted(l Limits) time.Time { return h.First.Add(2 * l.Orphan) }

// leftAlone is why nothing is done about a machine of ours now; "": it is as any
// other.
func (w *world) leftAlone(u *unit) string {
	h, store := w.homes[u.Cloud], storeOf(u.Intent)
	switch w.grip(u) {
	case left:
		return asideShort(u.Cloud)
	case watched:
		return fmt.Sprintf("it was inherited from another store (%s), and is left as it is until %s, lest that store's rubber lives", store, date(w.clock.shown(h.trusted(w.cfg.Limits))))
	case unheard:
		return fmt.Sprintf("it was inherited from another store (%s) and runs, and no worker of it was ever heard here: it may work for others, so drain it by hand, or say rubber resume --take-over %s", store, u.Cloud)
	}
	return ""
}

// letsGo says whether a machine without a record may be let go by ourselves:
// those of another store may work for others.
func (w *world) letsGo(c *cloudView, inst *cloud.Instance) bool {
	return !w.aside(c.name) && (!w.foreign(inst.Intent) || w.home(c.name).Taken && w.home(c.name).inherited(inst.Intent))
}

// yields is whether a start waits for a moment: as long as there are machines
// that another store has made, its rubber may live and be about to start some
// itself, which we then see.
func (w *world) yields(line *plan.Line, cloudName string) bool {
	if h := w.homes[cloudName]; h == nil || h.Taken || len(h.Inherited) == 0 ||
		!w.keeps(func(u *unit) bool { return u.Cloud == cloudName && w.foreign(u.Intent) }) {
		return false
	}
	d := 3*w.cfg.Interval + w.cfg.Limits.Look
	since, there := w.yielding[line.Profile]
	if !there {
		since = w.now
		w.yielding[line.Profile] = since
	}
	if w.now.Sub(since) >= d {
		return false
	}
	line.Reasons = append(slices.Clip(line.Reasons), plan.Reason{Code: plan.RivalThere,
		Text: fmt.Sprintf("it waits for %s, lest the rubber lives that made the machines which were inherited, and starts as many", plan.Span(d))})
	return true
}

// keeps says whether there is a machine such as that.
func (w *world) keeps(such func(*unit) bool) bool {
	for _, u := range w.units {
		if such(u) {
			return true
		}
	}
	return false
}

// yieldedOnly forgets who waited for a moment and wants nothing any more.
func (w *world) yieldedOnly(lines []plan.Line) {
	maps.DeleteFunc(w.yielding, func(profile string, _ time.Time) bool {
		return !slices.ContainsFunc(lines, func(l plan.Line) bool { return l.Action == plan.Start && l.Profile == profile })
	})
}

// TakeOver says that no other rubber of our owner lives that has machines in a
// cloud: those that are there now become ours, and what was done about them is
// done again. A machine that comes later and was made with another store is a
// sign of life as before.
func (c *Controller) TakeOver(ctx context.Context, cloudName, reason string) error {
	return c.ask(ctx, func(w *world) error {
		if w.o.Clouds[cloudName] == nil {
			return fmt.Errorf("cloud %q is not configured: there is %s", cloudName, strings.Join(slices.Sorted(maps.Keys(w.o.Clouds)), ", "))
		}
		if w.o.DryRun {
			return errors.New("this is a dry run, which changes nothing: ask the instance that acts")
		}
		h := w.home(cloudName)
		if h.Rival == nil && len(h.others) == 0 && (h.Taken || len(h.Inherited) == 0) {
			return fmt.Errorf("cloud %q: there is nothing to take over: no machine there was made by another rubber of owner %q", cloudName, w.o.Owner)
		}
		before := h.homeState
		h.homeState = homeState{Version: recordVersion, Cloud: cloudName, Taken: true, Inherited: before.Inherited}
		w.storeNext = time.Time{} // somebody waits for it
		if !w.keepHome(h) {
			h.homeState = before
			return fmt.Errorf("take over cloud %q: %w", cloudName, errors.Join(w.storeErr, w.conflict))
		}
		h.others, h.after = nil, w.now
		h.aside.Store(false)
		delete(w.told, "others "+cloudName)
		w.said("take-over", fmt.Sprintf("cloud %s: every machine of owner %q that is there is ours from now on: %s", cloudName, w.o.Owner, reason))
		w.beginLook()
		return nil
	})
}
