package local

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// volume asks how full one file system is, without waiting for ever for one
// that hangs (an NFS server that is gone). A question cannot be taken back,
// so at most one is under way; while it has no answer there is none.
type volume struct {
	path     string
	stat     func(path string) (usage, error)
	deadline time.Duration

	mu sync.Mutex
	// mu guards everything that follows
	call *call // under way, or nil
}

// call is one question. Its result may be read once done is closed.
type call struct {
	done    chan struct{}
	overdue bool // somebody gave up on it; guarded by the volume
	result  usage
	err     error
}

// read returns an answer that was given after it was called, or that of a
// question that was already under way.
func (v *volume) read(ctx context.Context) (usage, error) {
	v.mu.Lock()
	c := v.call
	if c == nil {
		c = &call{done: make(chan struct{})}
		v.call = c
		// Nobody can wait for this goroutine while the file system hangs.
		go v.ask(c)
	} else if c.overdue {
		v.mu.Unlock()
		return usage{}, fmt.Errorf("the file system of %s still does not answer", v.path)
	}
	v.mu.Unlock()

	timer := time.NewTimer(v.deadline)
	defer timer.Stop()
	select {
	case <-c.done:
		return c.result, c.err
	case <-ctx.Done():
		return usage{}, fmt.Errorf("ask for the file system of %s: %w", v.path, context.Cause(ctx))
	case <-timer.C:
		v.mu.Lock()
		c.overdue = true
		v.mu.Unlock()
		return usage{}, fmt.Errorf("the file system of %s does not answer within %v", v.path, v.deadline)
	}
}

func (v *volume) ask(c *call) {
	c.result, c.err = v.stat(v.path)
	v.mu.Lock()
	v.call = nil
	v.mu.Unlock()
	close(c.done)
}
