package process

import (
	"fmt"
	"strings"
	"syscall"

	"perfmon/scaling/rubber/cloud"
)

// look is what a machine is now. It is not begun if its program has never been
// started under its mark: the record is all there is, and Create goes on from
// it.
func (c *Cloud) look(r *record) (i cloud.Instance, begun bool, err error) {
	boot, err := bootID()
	if err != nil {
		return i, false, err
	}
	if r.PID == 0 && r.Boot == boot {
		if begun, err = c.adopt(r); err != nil {
			return i, false, err
		}
	}
	state := cloud.Halted
	switch alive, err := c.alive(r, boot); {
	case err != nil:
		return i, false, err
	case r.Want == wantGone:
		state = cloud.Deleting
	case alive:
		state = cloud.Running
	case r.PID == 0 && r.Want == wantRun:
		return r.instance(cloud.Building), begun, nil
	case r.Want == wantRun:
		if fault := c.fault(r); fault != nil {
			i := r.instance(cloud.Failed)
			i.Fault = fault
			return i, true, nil
		}
	}
	return r.instance(state), true, nil
}

// alive says whether the program of a machine runs; if it has just ended, how
// it did is kept.
func (c *Cloud) alive(r *record, boot string) (bool, error) {
	if r.PID == 0 || r.Boot != boot {
		return false, nil
	}
	s, there, err := readStat(r.PID)
	if err != nil || !there || s.Start != r.Start {
		return false, err
	}
	if s.ended() {
		c.reap(r, s)
		return false, nil
	}
	return true, nil
}

// adopt finds the program of a machine that was started by a rubber which
// could not write that down any more. It says whether somebody has begun to
// start it: if so and it cannot be seen yet, r.PID is still 0. A child that a
// crashed rubber has forked and that has not become the program yet has the
// file "alive" already, and so the lock.
func (c *Cloud) adopt(r *record) (begun bool, err error) {
	lock, err := tryTake(c.alivePath(id(r.Owner, r.Intent)))
	if err != nil {
		return false, err
	}
	if lock != nil {
		lock.Close()
	}
	all, err := processes()
	if err != nil {
		return false, err
	}
	for _, s := range all {
		if s.Session == s.PID && !s.ended() && marked(s.PID, r.Mark) {
			r.PID, r.Start = s.PID, s.Start // it leads the session that it was started in
			return true, nil
		}
	}
	for _, s := range all {
		if !s.ended() && marked(s.PID, r.Mark) {
			r.PID, r.Start = s.Session, 0 // it has ended, and left others behind
			return true, nil
		}
	}
	return lock == nil, nil
}

// fault is why a program that was to run has ended; nil if it did as if it was
// done, or if nobody knows.
func (c *Cloud) fault(r *record) error {
	e := c.exitOf(r)
	if e == nil || e.Status == 0 {
		return nil
	}
	how := fmt.Sprintf("exit status %d", syscall.WaitStatus(e.Status).ExitStatus())
	if s := syscall.WaitStatus(e.Status); s.Signaled() {
		how = "signal: " + s.Signal().String()
	}
	if said := c.lastLine(id(r.Owner, r.Intent)); said != "" {
		how += fmt.Sprintf(", after it said %q", strings.TrimSpace(said))
	}
	return &cloud.Error{Kind: cloud.Transient, Op: "run", Name: r.Name, Err: fmt.Errorf("the program ended: %s", how),
		Hint: "see stderr.log in " + c.folder(id(r.Owner, r.Intent))}
}
