package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// Cloud is a driver for machines that are groups of local processes. It is a
// cloud.Cloud, a cloud.Warmer and a cloud.Checker. Several of one folder, in one
// process or in many, do not get in each other's way.
type Cloud struct {
	options Options

	mu sync.Mutex
	// mu guards everything that follows
	closed   bool
	children map[int]*record // that we have started, until they have been waited for
	reaper   *reaper         // nil until the first is started
}

var (
	_ cloud.Cloud   = (*Cloud)(nil)
	_ cloud.Warmer  = (*Cloud)(nil)
	_ cloud.Checker = (*Cloud)(nil)
)

// New checks the options. It neither makes the folder nor looks into it.
func New(o Options) (*Cloud, error) {
	if err := o.complete(); err != nil {
		return nil, &cloud.Error{Kind: cloud.Invalid, Op: "connect", Err: err}
	}
	return &Cloud{options: o, children: map[int]*record{}}, nil
}

// Create starts the command of a spec as a machine.
func (c *Cloud) Create(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
	if err := s.Check(); err != nil {
		return cloud.Instance{}, err
	}
	fail := func(err error) (cloud.Instance, error) {
		return cloud.Instance{}, classed("create", s.Name, err)
	}
	if err := c.Check(ctx, s); err != nil {
		return fail(err)
	}
	id := id(s.Owner, s.Intent)
	release, err := c.turn(ctx, id)
	if err != nil {
		return fail(err)
	}
	defer release()
	r, err := c.load(id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if r, err = c.reserve(ctx, s); err != nil {
			return fail(err)
		}
	case err != nil:
		return fail(err)
	default:
		if err := c.settle(ctx, r); err != nil {
			return fail(err)
		}
		i, begun, err := c.look(r)
		if err != nil {
			return fail(err)
		}
		if begun || r.Want != wantRun {
			return i, nil
		}
		if err := c.renew(ctx, r, s); err != nil {
			return fail(err)
		}
	}
	// The last moment at which nothing is lost: the record is there, the next call
	// goes on from it.
	if ctx.Err() != nil {
		return fail(ctx.Err())
	}
	if err := c.start(ctx, r, s); err != nil {
		if r.PID == 0 {
			err = errors.Join(err, c.giveUp(id, r.Mark))
		}
		return fail(err)
	}
	return r.instance(cloud.Running), nil
}

// giveUp discards a machine of which nothing has been started: there is
// nothing to go on from. If somebody else may be about to, it stays.
func (c *Cloud) giveUp(id, mark string) error {
	lock, err := tryTake(c.alivePath(id))
	if err != nil || lock == nil {
		return err
	}
	defer lock.Close()
	return c.discard(id, mark)
}

// Check says whether the command of a spec can be started, and whether there
// is a host for it that need not be avoided.
func (c *Cloud) Check(ctx context.Context, s cloud.Spec) error {
	if err := s.Check(); err != nil {
		return err
	}
	err := ctx.Err()
	if err == nil {
		err = c.open()
	}
	if err == nil {
		_, err = c.command(s)
	}
	if err == nil {
		_, err = c.choose(s, map[string]int{})
	}
	return classed("check", s.Name, err)
}

// List is all machines of an owner.
func (c *Cloud) List(ctx context.Context, owner string) ([]cloud.Instance, error) {
	err := ctx.Err()
	if err == nil {
		err = c.open()
	}
	var ids []string
	if err == nil {
		ids, err = c.ids()
	}
	var list []cloud.Instance
	for _, id := range ids {
		if !strings.HasPrefix(id, owner+".") {
			continue
		}
		i, there, err := c.listed(id)
		if err != nil {
			return nil, classed("list", id, err)
		}
		if there {
			list = append(list, i)
		}
	}
	if err != nil {
		return nil, classed("list", owner, err)
	}
	return list, nil
}

// listed is one machine for a list; false if it is not begun yet, or gone by
// now.
func (c *Cloud) listed(id string) (i cloud.Instance, there bool, err error) {
	r, err := c.load(id)
	if errors.Is(err, fs.ErrNotExist) {
		return i, false, c.sweep(id)
	}
	if err != nil {
		return i, false, err
	}
	if i, _, err = c.look(r); err == nil {
		err = c.trim(id)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, again := c.load(id); errors.Is(again, fs.ErrNotExist) {
			return i, false, nil
		}
	}
	return i, err == nil, err
}

// change does something to a machine that is there, in its turn.
func (c *Cloud) change(ctx context.Context, op, id string, f func(*record) error) error {
	err := ctx.Err()
	if err == nil {
		err = c.open()
	}
	if err == nil && !isID(id) {
		err = errNoMachine
	}
	if err == nil { // before a file to lock is made for nothing
		if _, err = os.Stat(c.folder(id)); errors.Is(err, fs.ErrNotExist) {
			err = errNoMachine
		}
	}
	var release func()
	if err == nil {
		release, err = c.turn(ctx, id)
	}
	if err != nil {
		return classed(op, id, err)
	}
	defer release()
	r, err := c.load(id)
	if err == nil {
		err = f(r)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = errNoMachine
	}
	return classed(op, id, err)
}

// Stop sends SIGTERM to the program and leaves the rest to it.
func (c *Cloud) Stop(ctx context.Context, id string) error { return c.change(ctx, "stop", id, c.halt) }

// Park is Stop: a machine that is parked has ended, and can be started again.
func (c *Cloud) Park(ctx context.Context, id string) error { return c.change(ctx, "park", id, c.halt) }

// Wake starts a machine again. The command and the environment are those of
// the spec, as none are kept.
func (c *Cloud) Wake(ctx context.Context, id string, s cloud.Spec) error {
	return c.change(ctx, "wake", id, func(r *record) error { return c.wake(ctx, r, s) })
}

// Delete ends all processes of a machine and takes its folder away. It returns
// when they have ended; if its context ends before that, the machine is
// Deleting, and the next Delete goes on.
func (c *Cloud) Delete(ctx context.Context, id string) error {
	err := c.change(ctx, "delete", id, func(r *record) error {
		if r.Want != wantGone {
			r.Want = wantGone
			if err := c.save(r); err != nil {
				return err
			}
		}
		if err := c.end(ctx, r); err != nil {
			return err
		}
		return c.discard(id, r.Mark)
	})
	if err != nil && cloud.KindOf(err) == cloud.NotFound {
		return nil
	}
	return err
}

// Close has nobody wait for children any more. Machines go on.
func (c *Cloud) Close() error {
	c.mu.Lock()
	reaper := c.reaper
	c.reaper, c.closed = nil, true
	c.mu.Unlock()
	if reaper != nil {
		reaper.close()
	}
	return nil
}

var (
	errClosed    = errors.New("this cloud has been closed")
	errNoMachine = errors.New("there is no such machine")
)

func (c *Cloud) open() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	return nil
}

// instance is a record as rubber has it.
func (r *record) instance(s cloud.State) cloud.Instance {
	return cloud.Instance{ID: id(r.Owner, r.Intent), Intent: r.Intent, Owner: r.Owner, Profile: r.Profile, Generation: r.Generation,
		Name: r.Name, State: s, Host: r.Host, Created: r.Created}
}

// classed gives an error of the system its kind; nil stays nil, and an error
// that has one stays as it is but for what was tried.
func classed(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var e *cloud.Error
	if errors.As(err, &e) {
		said := *e
		said.Op, said.Name = op, name
		return &said
	}
	e = &cloud.Error{Kind: cloud.Transient, Op: op, Name: name, Err: err}
	var where *fs.PathError
	switch {
	case errors.Is(err, errNoMachine):
		e.Kind = cloud.NotFound
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Hint = cloud.Auth, "the user that rubber runs as has to own the folder for machines"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Kind, e.Hint = cloud.Capacity, "make room on the file system of the folder for machines"
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		e.Kind, e.Hint = cloud.Capacity, "the system has no processes, memory or files left: see ulimit -a and the unit's limits"
	case errors.Is(err, fs.ErrNotExist) && errors.As(err, &where) && where.Path == bootFile:
		e.Hint = "the unit hides /proc/sys: give it the drop-in /usr/share/rubber/process.conf, which says ProcSubset=all"
	case errors.Is(err, syscall.ENOSYS):
		e.Hint = "groups need a kernel of 5.7 or later, and a unit with RestrictNamespaces=no; or leave process.cgroup away"
	}
	return e
}

// refused is an error with its kind, whose Op and Name classed fills in.
func refused(kind cloud.Kind, hint, format string, args ...any) error {
	return &cloud.Error{Kind: kind, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// now is when a machine is made, as its record can hold it.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
