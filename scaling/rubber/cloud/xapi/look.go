package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

// view is all VMs and templates of the pool at one instant.
type view []vm

// look reads them.
func (c *Cloud) look(ctx context.Context) (view, error) {
	all, err := toolstack.Records[*vm](ctx, c.api, "VM", `field "is_a_snapshot"="false" and field "is_control_domain"="false"`)
	if err != nil {
		return nil, err
	}
	v := make(view, 0, len(all))
	for ref, r := range all {
		if r == nil || r.UUID == "" {
			return nil, fmt.Errorf("list VMs: %.60q has no record", ref)
		}
		r.ref = ref
		v = append(v, *r)
	}
	slices.SortFunc(v, func(a, b vm) int {
		if a.UUID < b.UUID {
			return -1
		}
		return 1
	})
	return v, nil
}

// machines are those of an owner, the best of each intent first.
func (v view) machines(owner string) map[string][]*machine {
	all := map[string][]*machine{}
	for _, r := range v {
		if m := ours(r); m != nil && m.owner == owner {
			all[m.intent] = append(all[m.intent], m)
		}
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b *machine) int {
			if better(a, b) {
				return -1
			}
			return 1
		})
	}
	return all
}

// reread reads the record of a machine again.
func (c *Cloud) reread(ctx context.Context, m *machine) error {
	v, err := toolstack.Record[vm](ctx, c.api, "VM", m.ref)
	if err != nil {
		return err
	}
	v.ref = m.ref
	m.vm = v
	return nil
}

// gone says that an object is not there (any more).
func gone(err error) bool {
	return toolstack.IsCode(err, "HANDLE_INVALID", "UUID_INVALID") || errors.Is(err, toolstack.ErrGone)
}

// machine finds a machine by its uuid. One that is not there is NotFound, one
// that is nobody's, or another's than the owner in the options, Invalid.
func (c *Cloud) machine(ctx context.Context, op, id string) (*machine, error) {
	notFound := &cloud.Error{Kind: cloud.NotFound, Op: op, Name: id, Err: errors.New("the pool has no such VM")}
	if id == "" {
		return nil, notFound
	}
	var ref string
	err := c.api.Call(ctx, "VM.get_by_uuid", &ref, id)
	if gone(err) || err == nil && !isRef(ref) {
		return nil, notFound
	}
	if err != nil {
		return nil, err
	}
	v, err := toolstack.Record[vm](ctx, c.api, "VM", ref)
	if gone(err) {
		return nil, notFound
	}
	if err != nil {
		return nil, err
	}
	v.ref = ref
	m := ours(v)
	switch {
	case m == nil:
		return nil, &cloud.Error{Kind: cloud.Invalid, Op: op, Name: v.Name, Err: errors.New("no rubber has made this VM"),
			Hint: "nothing is done to it; its other_config has no rubber:machine that is its own uuid"}
	case c.opts.Owner != "" && m.owner != c.opts.Owner:
		return nil, &cloud.Error{Kind: cloud.Invalid, Op: op, Name: v.Name, Err: fmt.Errorf("it is a machine of rubber %q", m.owner)}
	}
	return m, nil
}

// hold finds a machine and keeps others from it until it is released.
func (c *Cloud) hold(ctx context.Context, op, id string) (m *machine, release func(), err error) {
	if m, err = c.machine(ctx, op, id); err != nil {
		return nil, nil, err
	}
	if release, err = c.busy.Take(ctx, m.key()); err != nil {
		return nil, nil, err
	}
	if m, err = c.machine(ctx, op, id); err != nil { // as it is now
		release()
		return nil, nil, err
	}
	return m, release, nil
}

// settle waits until nothing goes on with a machine, as long as its patience
// lasts, and reads it.
func (c *Cloud) settle(ctx context.Context, op string, m *machine, patience time.Duration) error {
	if len(m.Operations) == 0 {
		return nil
	}
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var now vm
	err := c.api.Watch(patient, "vm", m.ref, func(record json.RawMessage) (bool, error) {
		now = vm{ref: m.ref}
		if err := json.Unmarshal(record, &now); err != nil {
			return false, fmt.Errorf("read a VM: %w", err)
		}
		return len(now.Operations) == 0, nil
	})
	if err != nil && patient.Err() != nil && ctx.Err() == nil {
		return &cloud.Error{Kind: cloud.Transient, Op: op, Name: m.Name, RetryAfter: patience, Err: errors.New("the toolstack is still busy with it")}
	}
	if err == nil {
		m.vm = now
	}
	return err
}

// uuid is that of a reference, of a class whose objects live long.
func (c *Cloud) uuid(ctx context.Context, class, ref string) (string, error) {
	if !isRef(ref) {
		return "", nil
	}
	c.mu.Lock()
	known := c.uuids[ref]
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	var uuid string
	err := c.api.Call(ctx, class+".get_uuid", &uuid, ref)
	if gone(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uuids[ref] = uuid
	return uuid, nil
}
