package process

import (
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
)

// reap keeps how a program ended, and lets go of its number if it was our
// child. Others' children are reaped by init.
func (c *Cloud) reap(r *record, s stat) {
	if s.PID == r.PID && s.Start == r.Start && c.exitOf(r) == nil {
		// Best effort: without it the machine is Halted instead of Failed.
		_ = writeJSON(filepath.Join(c.folder(id(r.Owner, r.Intent)), "exit.json"), exit{Mark: r.Mark, Status: s.Exit})
	}
	if s.Parent == os.Getpid() {
		_, _ = syscall.Wait4(s.PID, nil, syscall.WNOHANG, nil) // another handle may have been first
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.children, s.PID)
}

// watch has a child be waited for when it ends.
func (c *Cloud) watch(r *record) {
	child := *r
	c.mu.Lock()
	defer c.mu.Unlock()
	c.children[r.PID] = &child
	if c.reaper == nil && !c.closed {
		c.reaper = c.startReaper()
	}
}

// reaper looks at the children whenever one of this process has ended.
type reaper struct {
	signals chan os.Signal
	stop    chan struct{}
	done    sync.WaitGroup
}

// startReaper is called with mu held.
func (c *Cloud) startReaper() *reaper {
	r := &reaper{signals: make(chan os.Signal, 1), stop: make(chan struct{})}
	signal.Notify(r.signals, syscall.SIGCHLD)
	r.signals <- syscall.SIGCHLD // the first may have ended already
	r.done.Go(func() {
		for {
			select {
			case <-r.stop:
				return
			case <-r.signals:
				c.reapChildren()
			}
		}
	})
	return r
}

func (r *reaper) close() {
	signal.Stop(r.signals)
	close(r.stop)
	r.done.Wait()
}

// reapChildren waits for those that have ended.
func (c *Cloud) reapChildren() {
	c.mu.Lock()
	var all []*record
	for _, r := range c.children {
		all = append(all, r)
	}
	c.mu.Unlock()
	for _, r := range all {
		s, there, err := readStat(r.PID)
		switch {
		case err != nil: // next time
		case !there || s.Start != r.Start: // somebody else has waited for it
			c.mu.Lock()
			delete(c.children, r.PID)
			c.mu.Unlock()
		case s.ended():
			c.reap(r, s)
		}
	}
}
