package process

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// halt tells a program to end. Its children are not told: a worker that may
// finish its task has the task in one of them.
func (c *Cloud) halt(r *record) error {
	if r.Want == wantGone {
		return nil
	}
	if _, _, err := c.look(r); err != nil { // also finds one nobody has written down
		return err
	}
	r.Want = wantHalt
	if err := c.save(r); err != nil {
		return err
	}
	if r.PID == 0 {
		return nil
	}
	return c.tell(r, syscall.SIGTERM)
}

// tell sends a signal to the program of a machine, if it runs.
func (c *Cloud) tell(r *record, sig syscall.Signal) error {
	boot, err := bootID()
	if err != nil {
		return err
	}
	alive, err := c.alive(r, boot)
	if err != nil || !alive {
		return err
	}
	return send(stat{PID: r.PID, Start: r.Start}, sig)
}

// end has a machine's program end by SIGTERM, and then whatever it leaves
// behind; after the time of grace, or if the context ends, nothing is asked any
// more.
func (c *Cloud) end(ctx context.Context, r *record) error {
	if err := c.settle(ctx, r); err != nil {
		return err
	}
	ours, err := c.members(r, nil)
	if err != nil {
		return err
	}
	asked := map[int]uint64{} // when the processes started that have had their SIGTERM
	for deadline := time.Now().Add(c.options.Grace); len(ours) > 0; {
		if !time.Now().Before(deadline) {
			return c.kill(ctx, r, ours)
		}
		_, leads := ours[r.PID]
		for pid, s := range ours {
			if leads && pid != r.PID || asked[pid] == s.Start {
				continue
			}
			asked[pid] = s.Start
			if err := send(s, syscall.SIGTERM); err != nil {
				return fmt.Errorf("end process %d: %w", pid, err)
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		if ours, err = c.members(r, ours); err != nil {
			return err
		}
	}
	return c.removeGroup(ctx, id(r.Owner, r.Intent))
}

// endAll ends what is left of a machine, without asking.
func (c *Cloud) endAll(ctx context.Context, r *record) error {
	ours, err := c.members(r, nil)
	if err != nil {
		return err
	}
	return c.kill(ctx, r, ours)
}

// kill ends processes by SIGKILL, and those that they start meanwhile, until
// none is left.
func (c *Cloud) kill(ctx context.Context, r *record, ours map[int]stat) error {
	id := id(r.Owner, r.Intent)
	for len(ours) > 0 {
		if err := c.killGroup(id); err != nil {
			return err
		}
		for pid, s := range ours {
			if err := send(s, syscall.SIGKILL); err != nil {
				return fmt.Errorf("kill process %d: %w", pid, err)
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		var err error
		if ours, err = c.members(r, ours); err != nil {
			return err
		}
	}
	return c.removeGroup(ctx, id)
}

// startLimit is how long it may take, at most, until a program that somebody
// has begun to start can be seen.
const startLimit = 2 * time.Second

// settle waits until a program that is just being started, by a rubber that
// has ended since, can be seen. Afterwards nobody starts it any more, and
// r.PID is 0 if nobody has.
func (c *Cloud) settle(ctx context.Context, r *record) error {
	boot, err := bootID()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(startLimit); r.PID == 0 && r.Boot == boot && time.Now().Before(deadline); {
		begun, err := c.adopt(r)
		if err != nil || !begun {
			return err
		}
		if r.PID != 0 {
			return c.save(r)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	return nil
}
