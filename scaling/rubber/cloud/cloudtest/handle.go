package cloudtest

import (
	"context"
	"errors"
	"sync/atomic"

	"perfmon/scaling/rubber/cloud"
)

// Handle is a driver of a World. It is a cloud.Cloud, a cloud.Warmer, a
// cloud.Checker and a cloud.Adopter, and holds nothing: one more is what rubber
// has after a crash.
type Handle struct {
	world  *World
	closed atomic.Bool
}

var (
	_ cloud.Cloud   = (*Handle)(nil)
	_ cloud.Warmer  = (*Handle)(nil)
	_ cloud.Checker = (*Handle)(nil)
	_ cloud.Adopter = (*Handle)(nil)
)

// Connect is a new handle on the world.
func (w *World) Connect() *Handle { return &Handle{world: w} }

// Plain is a new handle on the world that is a cloud.Cloud and nothing else.
func (w *World) Plain() cloud.Cloud { return struct{ cloud.Cloud }{w.Connect()} }

// call is what all calls have in common: f is done with the world's lock held,
// unless a fault or the context is in the way.
func (h *Handle) call(ctx context.Context, op, name string, s cloud.Spec, f func(*World) error) error {
	if h.closed.Load() {
		return &cloud.Error{Kind: cloud.Transient, Op: op, Name: name, Err: errors.New("the connection has been closed")}
	}
	fault := h.world.take(op, s)
	if fault != nil && fault.Wait != nil {
		select {
		case <-fault.Wait:
		case <-ctx.Done():
		}
	}
	does := fault == nil || fault.Err == nil || fault.Lost || fault.Half
	if ctx.Err() != nil && (fault == nil || !fault.Lost) {
		return ended(ctx, op, name)
	}
	if !does {
		return fault.error(op)
	}
	h.world.mu.Lock()
	err := f(h.world)
	h.world.mu.Unlock()
	if fault != nil && fault.Err != nil {
		return fault.error(op)
	}
	if err == nil && ctx.Err() != nil {
		return ended(ctx, op, name)
	}
	return err
}

// Create makes a machine, or finds the one of this intent.
func (h *Handle) Create(ctx context.Context, s cloud.Spec) (made cloud.Instance, err error) {
	if err := s.Check(); err != nil {
		return made, err
	}
	err = h.call(ctx, "create", s.Name, s, func(w *World) (err error) {
		made, err = w.create(s)
		return err
	})
	if err != nil {
		return cloud.Instance{}, err
	}
	return made, nil
}

// create is called with the lock held.
func (w *World) create(s cloud.Spec) (cloud.Instance, error) {
	mine := 0
	for _, m := range w.alive() {
		if m.Owner != s.Owner {
			continue
		}
		if m.Intent == s.Intent {
			return m.copied(), nil
		}
		mine++
	}
	if w.options.Quota > 0 && mine >= w.options.Quota {
		return cloud.Instance{}, &cloud.Error{Kind: cloud.Quota, Op: "create", Name: s.Name, Err: errors.New("quota exceeded for instances")}
	}
	host, err := w.place("create", s)
	if err != nil {
		return cloud.Instance{}, err
	}
	m := &machine{Instance: cloud.Instance{ID: w.newID(), Intent: s.Intent, Owner: s.Owner, Profile: s.Profile, Generation: s.Generation,
		Name: s.Name, State: cloud.Building, Host: host.ID, Storage: host.Storage, Created: w.options.Now()}}
	w.add(m)
	w.created[s.Owner+"/"+s.Intent]++
	w.become(m, cloud.Running, w.options.BootTime)
	if len(w.fates) > 0 {
		fate := w.fates[0]
		w.fates = w.fates[1:]
		if fate != nil {
			m.State = cloud.Building
			m.then, m.when, m.fault = cloud.Failed, m.Created.Add(w.options.BootTime), fate
			w.settle()
		}
	}
	return m.copied(), nil
}

// place is the host for a machine: of those with room that are not to be
// avoided the one that is preferred most, and among equals the emptiest.
func (w *World) place(op string, s cloud.Spec) (Host, error) {
	used := map[string]int{}
	for _, m := range w.alive() {
		used[m.Host]++
	}
	var best Host
	rank, found := 0, false
	for _, h := range w.options.Hosts {
		names := append([]string{h.ID}, h.Names...)
		if h.Room > 0 && used[h.ID] >= h.Room || cloud.Listed(s.Avoid, names...) || cloud.Listed(s.AvoidStorage, h.Storage...) {
			continue
		}
		r := cloud.Rank(s.Prefer, names...)
		if !found || r < rank || r == rank && used[h.ID] < used[best.ID] {
			best, rank, found = h, r, true
		}
	}
	if !found {
		return Host{}, &cloud.Error{Kind: cloud.Capacity, Op: op, Name: s.Name, Err: errors.New("no host is left that has room and is not to be avoided")}
	}
	return best, nil
}

// List is all machines of an owner. An error may come with half of them.
func (h *Handle) List(ctx context.Context, owner string) ([]cloud.Instance, error) {
	var list []cloud.Instance
	err := h.call(ctx, "list", "", cloud.Spec{Owner: owner}, func(w *World) error {
		for _, m := range w.alive() {
			if m.Owner == owner && owner != "" {
				list = append(list, m.copied())
			}
		}
		return nil
	})
	if err != nil {
		return list[:len(list)/2], err
	}
	return list, nil
}

// one does something with a machine of an ID that is there.
func (h *Handle) one(ctx context.Context, op, id string, s cloud.Spec, f func(*World, *machine) error) error {
	return h.call(ctx, op, id, s, func(w *World) error {
		w.settle()
		m := w.machines[id]
		if m == nil || m.gone {
			return &cloud.Error{Kind: cloud.NotFound, Op: op, Name: id, Err: errors.New("there is no such machine")}
		}
		return f(w, m)
	})
}

// Stop begins a clean shutdown.
func (h *Handle) Stop(ctx context.Context, id string) error {
	return h.one(ctx, "stop", id, cloud.Spec{}, (*World).halt)
}

// halt ends a machine that runs; one that is on its way there, or ended, stays
// as it is.
func (w *World) halt(m *machine) error {
	if m.State == cloud.Running || m.State == cloud.Building || m.State == cloud.Suspended {
		if m.when.IsZero() || m.then != cloud.Halted {
			w.become(m, cloud.Halted, w.options.StopTime)
		}
	}
	return nil
}

// Delete ends a machine.
func (h *Handle) Delete(ctx context.Context, id string) error {
	err := h.one(ctx, "delete", id, cloud.Spec{}, func(w *World, m *machine) error {
		if m.State != cloud.Deleting {
			m.State = cloud.Deleting
			w.become(m, gone, w.options.DeleteTime)
		}
		return nil
	})
	if err != nil && cloud.KindOf(err) == cloud.NotFound {
		return nil
	}
	return err
}

// Park halts a machine.
func (h *Handle) Park(ctx context.Context, id string) error {
	return h.one(ctx, "park", id, cloud.Spec{}, (*World).halt)
}

// Wake starts a machine that is halted or suspended, on the host where it is
// if that is not to be avoided. One that runs stays as it is.
func (h *Handle) Wake(ctx context.Context, id string, s cloud.Spec) error {
	return h.one(ctx, "wake", id, s, func(w *World, m *machine) error {
		halting := !m.when.IsZero() && m.then == cloud.Halted
		switch {
		case m.State == cloud.Halted || m.State == cloud.Suspended || halting:
		case m.State == cloud.Running || m.State == cloud.Building:
			return nil
		default:
			return &cloud.Error{Kind: cloud.Invalid, Op: "wake", Name: id, Err: errors.New("the machine is " + m.State.String())}
		}
		here := m.Host
		m.Host = "" // its room is its own
		host, err := w.place("wake", s)
		if err != nil {
			m.Host = here
			return err
		}
		if here != host.ID && len(s.Prefer) == 0 && !cloud.Listed(s.Avoid, here) {
			host.ID = here
		}
		m.Host, m.State = host.ID, cloud.Building
		w.become(m, cloud.Running, w.options.BootTime)
		return nil
	})
}

// Check says whether a machine of this spec could be made.
func (h *Handle) Check(ctx context.Context, s cloud.Spec) error {
	if err := s.Check(); err != nil {
		return err
	}
	return h.call(ctx, "check", s.Name, s, func(*World) error { return nil })
}

// Close ends the handle. The world goes on.
func (h *Handle) Close() error {
	h.closed.Store(true)
	return nil
}

// Hosts is part of cloud.Hoster. No fault concerns it.
func (h *Handle) Hosts(context.Context) ([][]string, error) {
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	var list [][]string
	for _, host := range h.world.options.Hosts {
		list = append(list, append([]string{host.ID}, host.Names...))
	}
	return list, nil
}
