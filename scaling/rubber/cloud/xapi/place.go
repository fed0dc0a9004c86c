package xapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

// candidate is a host that a machine may be started on.
type candidate struct {
	host
	rank int   // of those that are preferred
	free int64 // bytes
}

// nowhere is why a machine cannot be anywhere: each host and what it says.
func nowhere(name string, why []string) error {
	if len(why) == 0 {
		why = []string{"the pool has no host"}
	}
	slices.Sort(why)
	return &cloud.Error{Kind: cloud.Capacity, Op: "place", Name: name, Err: errors.New("no host takes it: " + strings.Join(why, "; ")),
		Hint: "free memory there, or wait until a host is no longer to be avoided"}
}

// hosts are those that a machine of the spec may be started on, the best
// first: those that are preferred in their order, then those with most memory
// free. None is an error of kind Capacity.
func (c *Cloud) hosts(ctx context.Context, s cloud.Spec, memory int64) ([]candidate, error) {
	all, err := toolstack.Records[host](ctx, c.api, "host", "")
	if err != nil {
		return nil, err
	}
	var list []candidate
	var why []string
	for ref, h := range all {
		h.ref = ref
		names := []string{h.UUID, h.Name, h.Hostname}
		if cloud.Listed(s.Avoid, names...) {
			why = append(why, h.Name+" is to be avoided")
			continue
		}
		if !h.Enabled {
			why = append(why, h.Name+" is disabled")
			continue
		}
		var free toolstack.Int
		err := c.api.Call(ctx, "host.compute_free_memory", &free, ref)
		if err != nil && !refusal(err) {
			return nil, err
		}
		if err != nil {
			why = append(why, h.Name+": "+plain(err))
			continue
		}
		if int64(free) < memory {
			why = append(why, fmt.Sprintf("%s has %d MiB free of %d", h.Name, free>>20, memory>>20))
			continue
		}
		list = append(list, candidate{host: h, rank: cloud.Rank(s.Prefer, names...), free: int64(free)})
	}
	if len(list) == 0 {
		return nil, nowhere(s.Name, why)
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.free, a.free), cmp.Compare(a.UUID, b.UUID))
	})
	return list, nil
}

// start begins to start a machine on the first host that takes it, and waits a
// little to hear whether that goes well. The method is VM.start_on or
// VM.resume_on.
func (c *Cloud) start(ctx context.Context, method string, m *machine, hosts []candidate) error {
	var why []string
	for _, h := range hosts {
		err := c.api.Call(ctx, "VM.assert_can_boot_here", nil, m.ref, h.ref)
		if err == nil {
			err = c.startOn(ctx, method, m, h)
		}
		if err == nil {
			return nil
		}
		if kind := cloud.KindOf(c.refused("start", m.Name, err)); !refusal(err) || kind != cloud.Capacity {
			return err
		}
		why = append(why, h.Name+": "+plain(err))
	}
	return nowhere(m.Name, why)
}

// startOn is the start on one host.
func (c *Cloud) startOn(ctx context.Context, method string, m *machine, h candidate) error {
	task, err := c.begin(ctx, m, method, h.ref, false, false)
	if err != nil {
		return err
	}
	if err := c.setMark(ctx, m, keyStart, task); err != nil {
		return err
	}
	err = c.hear(ctx, task)
	if err == nil || !refusal(err) {
		return err
	}
	// As if it had never been tried.
	return errors.Join(err, c.clearMark(ctx, m, keyStart))
}

// begin has the toolstack do something with a machine.
func (c *Cloud) begin(ctx context.Context, m *machine, method string, params ...any) (task string, err error) {
	err = c.api.Call(ctx, "Async."+method, &task, append([]any{m.ref}, params...)...)
	return task, err
}

// hear waits for a task as long as patience lasts. One that goes on is no
// error: it has been begun.
func (c *Cloud) hear(ctx context.Context, task string) error {
	patient, cancel := context.WithTimeout(ctx, c.opts.Patience)
	defer cancel()
	t, err := c.api.Await(patient, task)
	switch {
	case err != nil && patient.Err() != nil && ctx.Err() == nil, gone(err):
		return nil
	case err != nil:
		return err
	}
	c.forget(ctx, task)
	return t.Err()
}

// outcome is what became of a start: Building while it goes on, Failed with
// why, and Halted where it went well once, or nobody knows any more.
func (c *Cloud) outcome(ctx context.Context, task string) (cloud.State, error, error) {
	t, err := c.api.Task(ctx, task)
	switch {
	case gone(err):
		return cloud.Halted, nil, nil
	case err != nil:
		return cloud.Unknown, nil, err
	case !t.Over():
		return cloud.Building, nil, nil
	case t.Err() != nil:
		return cloud.Failed, t.Err(), nil
	}
	return cloud.Halted, nil, nil
}

// Hosts is part of cloud.Hoster: those of the pool that are enabled.
func (c *Cloud) Hosts(ctx context.Context) ([][]string, error) {
	all, err := toolstack.Records[host](ctx, c.api, "host", "")
	if err != nil {
		return nil, c.refused("list", "hosts", err)
	}
	var list [][]string
	for _, h := range all {
		if h.Enabled {
			list = append(list, []string{h.UUID, h.Hostname, h.Name})
		}
	}
	slices.SortFunc(list, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return list, nil
}
