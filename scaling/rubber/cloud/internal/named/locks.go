// Package named has locks that are held by a name each.
package named

import (
	"context"
	"sync"
)

// Locks are held by a name each. The zero value is ready.
type Locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is let go
}

// Take waits until nobody has the name, and gives what lets it go.
func (l *Locks) Take(ctx context.Context, name string) (release func(), err error) {
	for {
		l.mu.Lock()
		if l.held == nil {
			l.held = map[string]chan struct{}{}
		}
		other := l.held[name]
		if other == nil {
			mine := make(chan struct{})
			l.held[name] = mine
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				delete(l.held, name)
				close(mine)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
