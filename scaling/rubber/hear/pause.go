package hear

import (
	"context"
	"math/rand/v2"
	"time"
)

// Times between tries to connect.
const (
	firstPause = 200 * time.Millisecond
	lastPause  = 10 * time.Second
)

// pause waits longer after each try that failed.
type pause struct{ next time.Duration }

func newPause() *pause { return &pause{firstPause} }

// reset is called when a try has come to something.
func (p *pause) reset() { p.next = firstPause }

// sleep waits between half of the time and all of it.
func (p *pause) sleep(ctx context.Context) {
	t := time.NewTimer(p.next/2 + rand.N(p.next/2))
	defer t.Stop()
	p.next = min(2*p.next, lastPause)
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
