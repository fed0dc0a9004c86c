package rubber

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"perfmon/scaling/rubber/plan"
)

// Keys of what is not a record.
const (
	pauseKey   = "pause"
	memoryKeys = "memory." // and the profile
)

// pauseState is what is kept of a pause:
//
//	{"version":1,"paused":true,"reason":"the cloud is being upgraded","since":"2026-…"}
type pauseState struct {
	Version int       `json:"version"`
	Paused  bool      `json:"paused"`
	Reason  string    `json:"reason,omitempty"`
	Since   time.Time `json:"since,omitzero"`
}

// profileState is what is kept of a profile between plans.
type profileState struct {
	Version int                `json:"version"`
	Profile string             `json:"profile"`
	Memory  plan.ProfileMemory `json:"memory"`
	At      time.Time          `json:"at"`
	Learned Learned            `json:"learned"`
}

// savedValue is how a value is in the store.
type savedValue struct {
	revision uint64
	data     []byte
	at       time.Time
	steps    [2]plan.Step
}

// loaded is what the store has.
type loaded struct {
	records map[string]Value
	others  map[string]Value
}

// read reads everything. It is called by any goroutine.
func (w *world) read(ctx context.Context) (loaded, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*w.cfg.Limits.Store)
	defer cancel()
	all, err := w.o.Store.All(ctx, "")
	if err != nil {
		return loaded{}, fmt.Errorf("read the store: %w", err)
	}
	l := loaded{records: map[string]Value{}, others: map[string]Value{}}
	for key, v := range all {
		if strings.HasPrefix(key, machineKeys) {
			l.records[key] = v
		} else {
			l.others[key] = v
		}
	}
	return l, nil
}

// revived is a machine whose record was written by an earlier life of rubber.
// What that asked for last may still be on its way.
func revived(r Record, now time.Time, l Limits) life {
	r.rebase(now, l)
	m := life{Record: r}
	if !r.Tried.IsZero() {
		m.changed = r.Tried.Add(l.Again)
		if r.ID == "" {
			m.retry = m.changed
		}
	}
	return m
}

// adoptState takes over what was read. What is known of machines besides their
// records stays known.
func (w *world) adoptState(l loaded) {
	before := w.units
	w.units, w.unread = map[string]*unit{}, map[string]error{}
	for key, v := range l.records {
		r, err := decodeRecord(key, v.Data)
		if err != nil {
			w.unread[strings.TrimPrefix(key, machineKeys)] = err
			w.log.Error("a record cannot be read, and its machine is left alone", "err", err)
			continue
		}
		u := &unit{life: revived(*r, w.now, w.cfg.Limits), key: key, revision: v.Revision, stored: v.Data}
		if old := before[r.Intent]; old != nil {
			u.progress = old.progress
		}
		w.units[r.Intent] = u
	}
	w.pause, w.identity = pauseState{}, ""
	for name := range w.homes {
		w.homes[name].homeState, w.homes[name].heirs = homeState{Version: recordVersion, Cloud: name}, nil
	}
	w.memory = plan.Memory{Profiles: map[string]plan.ProfileMemory{}}
	for key, v := range l.others {
		if err := w.adoptOther(key, v); err != nil {
			w.log.Error("a value in the store cannot be read, and is done without", "key", key, "err", err)
		}
	}
	w.paused.Store(w.pause.Paused)
}

func (w *world) adoptOther(key string, v Value) error {
	saved := savedValue{revision: v.Revision, data: v.Data}
	switch {
	case key == pauseKey:
		var p pauseState
		if err := json.Unmarshal(v.Data, &p); err != nil || p.Version > recordVersion {
			// Whoever wrote it wanted something, most likely that nothing is done.
			w.pause = pauseState{Version: recordVersion, Paused: true, Reason: fmt.Sprintf("what the store says of a pause cannot be read: %q", v.Data)}
			w.saved[key] = saved
			return err
		}
		w.pause = p
	case key == identityKey:
		if err := w.readIdentity(v.Data); err != nil {
			w.saved[key] = saved
			return err
		}
	case strings.HasPrefix(key, homeKeys):
		if err := w.readHome(key, v.Data); err != nil {
			w.saved[key] = saved
			return err
		}
	case strings.HasPrefix(key, memoryKeys):
		var p profileState
		if err := json.Unmarshal(v.Data, &p); err != nil {
			w.saved[key] = saved
			return err
		}
		if p.Version > recordVersion {
			return fmt.Errorf("it was written by a newer rubber (version %d, this one knows %d)", p.Version, recordVersion)
		}
		w.memory.Profiles[p.Profile] = p.Memory
		if p.At.After(w.memory.At) {
			w.memory.At = p.At
		}
		w.learned[p.Profile] = &p.Learned
		saved.steps = [2]plan.Step{p.Memory.Up, p.Memory.Down}
		saved.at = w.now
	default:
		return nil
	}
	w.saved[key] = saved
	return nil
}

// commit makes the next life of a machine its present one, once it is in the
// store. It says whether it is.
func (w *world) commit(u *unit, next life) bool {
	if w.o.DryRun {
		u.life = next
		if next.State == Gone {
			delete(w.units, u.Intent)
		}
		return true
	}
	if next.State == Gone {
		if !w.write(func(ctx context.Context) error { return w.o.Store.Delete(ctx, u.key, u.revision) }) {
			return false
		}
		u.life = next
		w.bury(u)
		return true
	}
	if u.stored != nil && !u.unsaved && next.Record.equal(&u.Record) {
		u.life = next
		return true
	}
	data, err := next.encode()
	if err != nil {
		w.storeErr = err
		return false
	}
	if !bytes.Equal(data, u.stored) {
		ok := w.write(func(ctx context.Context) (err error) {
			u.revision, err = put(ctx, w.o.Store, u.key, data, u.revision)
			return err
		})
		if !ok {
			return false
		}
		u.stored = data
	}
	u.life, u.unsaved = next, false
	return true
}

// put leaves the revision as it was when the write fails.
func put(ctx context.Context, s Store, key string, data []byte, revision uint64) (uint64, error) {
	next, err := s.Put(ctx, key, data, revision)
	if err != nil {
		return revision, err
	}
	return next, nil
}

// write does one write to the store. After one that failed none is tried for a
// while, so that a store that hangs does not hold up everything else.
func (w *world) write(f func(context.Context) error) bool {
	if w.conflict != nil || w.held != nil && !w.held.Held() || w.storeErr != nil && w.clock.now().Before(w.storeNext) {
		return false
	}
	// Also while rubber ends: what has happened is to be known afterwards.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), w.cfg.Limits.Store)
	err := f(ctx)
	cancel()
	if err == nil {
		w.storeErr, w.storeBad = nil, 0
		return true
	}
	if errors.Is(err, ErrConflict) {
		w.conflict = err
	}
	w.storeBad++
	w.storeErr = err
	w.storeNext = w.clock.now().Add(backoff(w.cfg.Interval, time.Minute, w.storeBad))
	w.c.metrics.failed("store", "write", "transient")
	if w.storeBad%10 == 1 {
		w.log.Error("the store cannot be written: nothing is begun until it can", "err", err)
	}
	return false
}

// insert writes the first record of a machine. It says whether there is one.
func (w *world) insert(u *unit, n note) bool {
	if w.o.DryRun {
		return false
	}
	u.key = recordKey(u.Intent)
	if !w.commit(u, u.life) {
		return false
	}
	w.units[u.Intent] = u
	w.noted(u, n)
	return true
}

// bury forgets a machine that is gone. If it was the second one of a name, its
// worker was told things that the other's may have heard.
func (w *world) bury(u *unit) {
	delete(w.units, u.Intent)
	if len(u.Cancelled) == 0 {
		return
	}
	for _, other := range w.units {
		if other.Name != u.Name || other.State != plan.Ready {
			continue
		}
		next := other.life.clone()
		next.Cancelled = u.Record.clone().Cancelled
		w.commit(other, next)
	}
}

// saveEvery is how often what is remembered of a profile is written that
// changes all the time. Steps are written at once.
const saveEvery = 30 * time.Second

// save writes what plans remember and what was learned.
func (w *world) save(all bool) {
	if w.o.DryRun {
		return
	}
	for name, memory := range w.memory.Profiles {
		key := memoryKeys + keyFor(name)
		was, there := w.saved[key]
		steps := [2]plan.Step{memory.Up, memory.Down}
		if there && !all && was.steps == steps && w.now.Sub(was.at) < saveEvery {
			continue
		}
		p := profileState{Version: recordVersion, Profile: name, Memory: memory, At: w.memory.At}
		if l := w.learned[name]; l != nil {
			p.Learned = *l
		}
		data, err := json.Marshal(p)
		if err != nil {
			w.log.Error("what is remembered of a profile cannot be written", "profile", name, "err", err)
			continue
		}
		if bytes.Equal(data, was.data) {
			continue
		}
		ok := w.write(func(ctx context.Context) (err error) {
			was.revision, err = put(ctx, w.o.Store, key, data, was.revision)
			return err
		})
		if !ok {
			return
		}
		was.data, was.at, was.steps = data, w.now, steps
		w.saved[key] = was
	}
}

// beginPaused pauses as the options want, before anything is done. If that
// cannot be written, it holds for as long as this instance acts.
func (w *world) beginPaused() {
	if w.c.begun || w.o.Paused == "" || w.o.DryRun {
		return
	}
	if !w.pause.Paused {
		p := pauseState{Version: recordVersion, Paused: true, Reason: w.o.Paused, Since: w.clock.shown(w.now)}
		if err := w.setPause(p); err != nil {
			w.log.Warn("paused, and that cannot be written", "err", err)
			w.pause = p
			w.paused.Store(true)
			return
		}
	}
	w.c.begun = true
}

// setPause writes a pause, or its end.
func (w *world) setPause(p pauseState) error {
	if w.o.DryRun {
		return errors.New("this is a dry run, which writes nothing: ask the instance that acts")
	}
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write the pause: %w", err)
	}
	was := w.saved[pauseKey]
	w.storeNext = time.Time{} // somebody waits for it
	if !w.write(func(ctx context.Context) (err error) {
		was.revision, err = put(ctx, w.o.Store, pauseKey, data, was.revision)
		return err
	}) {
		return fmt.Errorf("write the pause: %w", errors.Join(w.storeErr, w.conflict))
	}
	was.data = data
	w.saved[pauseKey] = was
	w.pause = p
	w.paused.Store(p.Paused)
	return nil
}
