package monitor

import (
	"context"
	"time"
)

// aliveDuring gives signs of life while a call that ends with ctx holds the
// loop. The returned function ends them, and has to be called.
func (m *Monitor) aliveDuring(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	status := m.status() // the loop's own
	go func() {
		defer close(ended)
		t := time.NewTicker(m.opts.AliveEvery)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				m.opts.Alive(status)
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}
