package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

// Create makes a machine, or goes on with the one that it has begun. It
// returns when the machine's start has been begun. What is refused for good
// leaves nothing; after an error of kind Transient the machine may be listed
// as building, and Create or Delete goes on with it.
func (c *Cloud) Create(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
	if err := s.Check(); err != nil {
		return cloud.Instance{}, err
	}
	release, err := c.busy.Take(ctx, s.Owner+"/"+s.Intent)
	if err != nil {
		return cloud.Instance{}, c.refused("create", s.Name, err)
	}
	defer release()
	i, err := c.create(ctx, s)
	if err != nil {
		return cloud.Instance{}, c.refused("create", s.Name, err)
	}
	return i, nil
}

func (c *Cloud) create(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
	m, all, err := c.find(ctx, s)
	if err != nil {
		return cloud.Instance{}, err
	}
	var hosts []candidate
	if m == nil || m.PowerState == "Halted" {
		// Before anything is made: is there a host at all?
		if hosts, err = c.hosts(ctx, s, c.memoryOf(s, m, all)); err != nil {
			if m != nil && kindIsFinal(err) && c.neverStarted(m) {
				c.rollBack(ctx, m)
			}
			return cloud.Instance{}, err
		}
	}
	if m == nil {
		if m, err = c.clone(ctx, s, all); err != nil {
			return cloud.Instance{}, err
		}
	}
	if err := c.finish(ctx, s, m, hosts); err != nil {
		if kindIsFinal(c.refused("create", s.Name, err)) && c.neverStarted(m) {
			c.rollBack(ctx, m)
		}
		return cloud.Instance{}, err
	}
	return c.instance(ctx, m)
}

// kindIsFinal says whether an error means that Create will not go on.
func kindIsFinal(err error) bool {
	switch cloud.KindOf(err) {
	case cloud.Capacity, cloud.Invalid, cloud.Quota:
		return true
	}
	return false
}

func (c *Cloud) neverStarted(m *machine) bool {
	return m.PowerState == "Halted" && m.OtherConfig[keyStart] == "" && m.OtherConfig[keyParked] == ""
}

// rollBack deletes what was begun in vain. If that fails it is listed as
// building, for somebody to delete.
func (c *Cloud) rollBack(ctx context.Context, m *machine) {
	if err := c.remove(ctx, m); err != nil {
		c.opts.Logger.Warn("a machine that cannot be made is still there", "uuid", m.UUID, "err", err)
	}
}

// find looks for the machine of an intent. While somebody whom we do not know
// clones the template, such as ourselves before a crash, it waits: a clone
// is there only when it is complete.
func (c *Cloud) find(ctx context.Context, s cloud.Spec) (*machine, view, error) {
	for {
		all, err := c.look(ctx)
		if err != nil {
			return nil, nil, err
		}
		if list := all.machines(s.Owner)[s.Intent]; len(list) > 0 {
			return list[0], all, c.alone(ctx, list)
		}
		template, err := all.template(s.Image)
		if err != nil {
			return nil, nil, err
		}
		waited, err := c.waitForClones(ctx, template)
		if err != nil {
			return nil, nil, err
		}
		if !waited {
			return nil, all, nil
		}
	}
}

// alone deletes what else there is of the first one's intent: clones whose
// maker did not hear that they were made. None of them has ever been started.
func (c *Cloud) alone(ctx context.Context, list []*machine) error {
	for _, other := range list[1:] {
		if !c.neverStarted(other) {
			return fmt.Errorf("there are two machines, %s and %s, and both have been started", list[0].UUID, other.UUID)
		}
		if err := c.settle(ctx, "create", other, c.opts.CallTimeout); err != nil {
			return err
		}
		if err := c.remove(ctx, other); err != nil {
			return err
		}
	}
	return nil
}

// waitForClones waits for the clones of a template that are not begun here.
func (c *Cloud) waitForClones(ctx context.Context, template *vm) (waited bool, err error) {
	others := func(v *vm) bool {
		n := 0
		for _, going := range v.Operations {
			if going == "clone" || going == "copy" {
				n++
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return n > c.cloning[template.ref]
	}
	if !others(template) {
		return false, nil
	}
	err = c.api.Watch(ctx, "vm", template.ref, func(record json.RawMessage) (bool, error) {
		var now vm
		if err := json.Unmarshal(record, &now); err != nil {
			return false, fmt.Errorf("read a template: %w", err)
		}
		return !others(&now), nil
	})
	if errors.Is(err, toolstack.ErrGone) {
		err = nil
	}
	return true, err
}

// clone makes the VM, as a template still, under a name that says whose it is.
func (c *Cloud) clone(ctx context.Context, s cloud.Spec, all view) (*machine, error) {
	template, err := all.template(s.Image)
	if err != nil {
		return nil, err
	}
	sr, err := c.copyTo(ctx, s, template)
	if err != nil {
		return nil, err
	}
	if err := c.checkNetworks(ctx, s); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.cloning[template.ref]++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cloning[template.ref]--
	}()
	var ref string
	name := birthName(s.Owner, s.Intent)
	if sr == "" {
		err = c.api.Call(ctx, "VM.clone", &ref, template.ref, name)
	} else {
		ref, err = c.wait(ctx, "VM.copy", template.ref, name, sr)
	}
	if err != nil {
		return nil, err
	}
	v, err := toolstack.Record[vm](ctx, c.api, "VM", ref)
	if err != nil {
		return nil, err
	}
	v.ref = ref
	return &machine{vm: v, owner: s.Owner, intent: s.Intent}, nil
}

// wait does something long as a task, and gives its result.
func (c *Cloud) wait(ctx context.Context, method string, params ...any) (string, error) {
	var task string
	if err := c.api.Call(ctx, "Async."+method, &task, params...); err != nil {
		return "", err
	}
	t, err := c.api.Await(ctx, task)
	if err != nil {
		return "", err
	}
	c.forget(ctx, task)
	return t.Value(), t.Err()
}

// forget destroys a task that is over, which the toolstack would do a day later.
func (c *Cloud) forget(ctx context.Context, task string) {
	if err := c.api.Call(ctx, "task.destroy", nil, task); err != nil && !gone(err) {
		c.opts.Logger.Debug("a task that is over could not be destroyed", "err", err)
	}
}

// finish makes what is missing of a machine, and starts it. Each step looks at
// what is there.
func (c *Cloud) finish(ctx context.Context, s cloud.Spec, m *machine, hosts []candidate) error {
	if !m.made() {
		if err := c.furnish(ctx, s, m); err != nil {
			return err
		}
	}
	if m.PowerState != "Halted" || m.OtherConfig[keyParked] != "" || m.begun("start", "start_on") {
		return nil
	}
	if task := m.OtherConfig[keyStart]; task != "" {
		if state, _, err := c.outcome(ctx, task); err != nil || state != cloud.Failed {
			return err // it is on its way, or has had its time
		}
	}
	return c.start(ctx, "VM.start_on", m, hosts)
}

// furnish is all but the start.
func (c *Cloud) furnish(ctx context.Context, s cloud.Spec, m *machine) error {
	if err := c.settle(ctx, "create", m, c.opts.CallTimeout); err != nil {
		return err
	}
	if !m.marked() {
		all := marks(m.vm, s, c.opts.Now())
		if err := c.api.Call(ctx, "VM.set_other_config", nil, m.ref, all); err != nil {
			return err
		}
		m.OtherConfig = all
	}
	if !slices.Contains(m.Tags, tag) {
		if err := c.api.Call(ctx, "VM.add_tags", nil, m.ref, tag); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("worker of rubber %s, profile %s, intent %s", s.Owner, s.Profile, s.Intent)
	if m.Description != text {
		if err := c.api.Call(ctx, "VM.set_name_description", nil, m.ref, text); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context, cloud.Spec, *machine) error{c.resize, c.connect, c.provision, c.markDisks, c.giveUserData} {
		if err := step(ctx, s, m); err != nil {
			return err
		}
	}
	if err := c.api.Call(ctx, "VM.set_name_label", nil, m.ref, s.Name); err != nil {
		return err
	}
	if err := c.setMark(ctx, m, keyMade, "true"); err != nil {
		return err
	}
	return c.reread(ctx, m)
}

// setMark sets one key of other_config; what others write there stays.
func (c *Cloud) setMark(ctx context.Context, m *machine, key, value string) error {
	if m.OtherConfig[key] == value {
		return nil
	}
	if err := c.clearMark(ctx, m, key); err != nil {
		return err
	}
	err := c.api.Call(ctx, "VM.add_to_other_config", nil, m.ref, key, value)
	if err != nil {
		return err
	}
	m.OtherConfig = maps.Clone(m.OtherConfig)
	m.OtherConfig[key] = value
	return nil
}

func (c *Cloud) clearMark(ctx context.Context, m *machine, key string) error {
	if _, ok := m.OtherConfig[key]; !ok {
		return nil
	}
	if err := c.api.Call(ctx, "VM.remove_from_other_config", nil, m.ref, key); err != nil {
		return err
	}
	m.OtherConfig = maps.Clone(m.OtherConfig)
	delete(m.OtherConfig, key)
	return nil
}

// provision makes a VM of what has been a template so far.
func (c *Cloud) provision(ctx context.Context, _ cloud.Spec, m *machine) error {
	if !m.Template {
		return nil
	}
	if err := c.api.Call(ctx, "VM.provision", nil, m.ref); err != nil {
		return err
	}
	return c.reread(ctx, m)
}

// resize gives a machine the memory and the processors of the spec.
func (c *Cloud) resize(ctx context.Context, s cloud.Spec, m *machine) error {
	if want := toolstack.Int(s.Memory); want > 0 && (m.StaticMax != want || m.DynamicMin != want || m.DynamicMax != want) {
		err := c.api.Call(ctx, "VM.set_memory_limits", nil, m.ref, min(m.StaticMin, want), want, want, want)
		if err != nil {
			return err
		}
		m.StaticMin, m.StaticMax, m.DynamicMin, m.DynamicMax = min(m.StaticMin, want), want, want, want
	}
	want := toolstack.Int(s.CPUs)
	if want <= 0 || m.CPUs == want && m.CPUsAtStart == want {
		return nil
	}
	// At no time may there be more at the start than at most.
	calls := []string{"VM.set_VCPUs_max", "VM.set_VCPUs_at_startup"}
	if want < m.CPUsAtStart {
		slices.Reverse(calls)
	}
	for _, call := range calls {
		if err := c.api.Call(ctx, call, nil, m.ref, want); err != nil {
			return err
		}
	}
	m.CPUs, m.CPUsAtStart = want, want
	return nil
}
