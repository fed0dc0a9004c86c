package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"perfmon/scaling/rubber/cloud"
)

// validID is what can be the id of a server; anything else could be a path.
var validID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,63}$`)

// look is one server as it is now. One that rubber has not marked is refused:
// nothing is ever done to it.
func (c *Cloud) look(ctx context.Context, op, id string) (*session, server, error) {
	s, v, err := c.one(ctx, op, id)
	if err == nil && v.Metadata[ownerKey] == "" {
		return nil, v, &cloud.Error{Kind: cloud.Invalid, Op: op, Name: id, Err: errors.New("the server is not marked as rubber's"), Hint: "it is left alone; adopt it if it is to be rubber's"}
	}
	return s, v, err
}

// one is one server as it is now, whosesoever it is.
func (c *Cloud) one(ctx context.Context, op, id string) (*session, server, error) {
	if !validID.MatchString(id) {
		return nil, server{}, &cloud.Error{Kind: cloud.Invalid, Op: op, Name: id, Err: errors.New("that is no server's id")}
	}
	s, err := c.session(ctx, op)
	if err != nil {
		return nil, server{}, err
	}
	var answer struct {
		Server server `json:"server"`
	}
	if _, err := s.compute.Get(ctx, s.compute.ServiceURL("servers", id), &answer, nil); err != nil {
		return nil, server{}, c.lost(s, op, id, err)
	}
	v := answer.Server
	switch {
	case v.ID != id:
		return nil, v, &cloud.Error{Kind: cloud.Transient, Op: op, Name: id, Err: fmt.Errorf("the answer is about server %q", v.ID)}
	case v.Status == "UNKNOWN":
		return nil, v, &cloud.Error{Kind: cloud.Transient, Op: op, Name: id, Err: errDown, Hint: "a cell of Nova is away"}
	}
	return s, v, nil
}

// act has Nova do something to a server. What it is doing or has done already
// is no error: done says what of Nova's words tells that.
func (c *Cloud) act(ctx context.Context, s *session, op, id, action string, done ...string) error {
	resp, err := s.compute.Post(ctx, s.compute.ServiceURL("servers", id, "action"), map[string]any{action: nil}, nil, &gophercloud.RequestOpts{OkCodes: []int{200, 202, 204}})
	if _, _, err = gophercloud.ParseResponse(resp, err); err == nil {
		return nil
	}
	failed := c.lost(s, op, id, err)
	if statusOf(err) == http.StatusConflict {
		for _, state := range done {
			if strings.Contains(failed.Error(), state) {
				return nil
			}
		}
	}
	return failed
}

// Stop has the guest shut down; Nova pulls the plug when it has not after the
// cloud's shutdown_timeout.
func (c *Cloud) Stop(ctx context.Context, id string) error { return c.stop(ctx, "stop", id) }

func (c *Cloud) stop(ctx context.Context, op, id string) error {
	s, v, err := c.look(ctx, op, id)
	if err != nil {
		return err
	}
	if v.Task == "powering-off" || v.state() == cloud.Halted {
		return nil
	}
	return c.act(ctx, s, op, id, "os-stop", "vm_state stopped", "task_state powering-off")
}

// Park stops a server, or shelves it, as the options say.
func (c *Cloud) Park(ctx context.Context, id string) error {
	if c.o.Parking == ByStop {
		return c.stop(ctx, "park", id)
	}
	s, v, err := c.look(ctx, "park", id)
	if err != nil {
		return err
	}
	if strings.HasPrefix(v.Task, "shelving") || strings.HasPrefix(v.Status, "SHELVED") {
		return nil
	}
	return c.act(ctx, s, "park", id, "shelve", "vm_state shelved", "task_state shelving")
}

// Wake starts a server that is stopped, shelved, suspended or paused. A
// stopped one starts where its disk is: on a host that is to be avoided it is
// not woken, which is an error of kind Capacity.
func (c *Cloud) Wake(ctx context.Context, id string, spec cloud.Spec) error {
	s, v, err := c.look(ctx, "wake", id)
	if err != nil {
		return err
	}
	if host := c.hostOf(s, v); v.Status != "SHELVED_OFFLOADED" && cloud.Listed(spec.Avoid, host, v.Host) && v.state() != cloud.Running {
		return &cloud.Error{Kind: cloud.Capacity, Op: "wake", Name: id, Err: fmt.Errorf("its host %s is to be avoided", host), Hint: "wake another one"}
	}
	switch {
	case slices.Contains([]string{"powering-on", "unshelving", "spawning", "resuming", "unpausing"}, v.Task):
		return nil
	case v.Task != "":
		return &cloud.Error{Kind: cloud.Transient, Op: "wake", Name: id, Err: fmt.Errorf("the server is %s", v.Task), Hint: "wait until it is not"}
	}
	switch v.Status {
	case "ACTIVE":
		return nil
	case "SHUTOFF":
		return c.act(ctx, s, "wake", id, "os-start", "vm_state active", "task_state powering-on")
	case "SHELVED", "SHELVED_OFFLOADED":
		return c.act(ctx, s, "wake", id, "unshelve", "vm_state active", "task_state unshelving", "task_state spawning")
	case "SUSPENDED":
		return c.act(ctx, s, "wake", id, "resume", "vm_state active", "task_state resuming")
	case "PAUSED":
		return c.act(ctx, s, "wake", id, "unpause", "vm_state active", "task_state unpausing")
	}
	return &cloud.Error{Kind: cloud.Transient, Op: "wake", Name: id, Err: fmt.Errorf("the server is %s", v.Status), Hint: "a server that failed does not wake: delete it"}
}

// Delete ends a server in whatever state, with the volume that was made for it
// (Nova deletes that with the server). It returns when Nova has taken the
// request; the server is listed as Deleting until it is gone. One that is kept
// after its deletion, as some clouds do for days, is deleted for good.
func (c *Cloud) Delete(ctx context.Context, id string) error {
	s, v, err := c.look(ctx, "delete", id)
	if cloud.KindOf(err) == cloud.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if v.Status == "SOFT_DELETED" {
		err = c.act(ctx, s, "delete", id, "forceDelete")
	} else {
		_, err = s.compute.Delete(ctx, s.compute.ServiceURL("servers", id), nil)
		err = c.lostOrNil(s, "delete", id, err)
	}
	if cloud.KindOf(err) == cloud.NotFound {
		return nil
	}
	if statusOf(err) == http.StatusConflict { // of several at once all but one
		if _, v, again := c.look(ctx, "delete", id); cloud.KindOf(again) == cloud.NotFound || again == nil && v.state() == cloud.Deleting {
			return nil
		}
	}
	return err
}

func (c *Cloud) lostOrNil(s *session, op, name string, err error) error {
	if err == nil {
		return nil
	}
	return c.lost(s, op, name, err)
}

// Wait looks at a server until it is in one of some states, and is an error
// when it fails, which is its fault, when it is gone, and when ctx ends: set it
// a deadline. Looks that get no answer are tried again until then.
func (c *Cloud) Wait(ctx context.Context, id string, states ...cloud.State) (cloud.Instance, error) {
	for {
		s, v, err := c.look(ctx, "wait", id)
		switch {
		case err == nil:
			i := c.instance(s, v)
			if slices.Contains(states, i.State) {
				return i, nil
			}
			if i.State == cloud.Failed {
				return i, i.Fault
			}
		case cloud.KindOf(err) != cloud.Transient:
			return cloud.Instance{}, err
		}
		select {
		case <-ctx.Done():
			return cloud.Instance{}, c.failed("wait", id, errors.Join(ctx.Err(), err))
		case <-time.After(c.pause):
		}
	}
}
