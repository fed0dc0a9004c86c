// Package turn lets one caller at a time use what a sink has only one of. The
// wait for it ends with a context, which a mutex does not know.
package turn

import "context"

// Turn is held by one caller at a time. Make it with New.
type Turn struct {
	token chan struct{}
}

// New makes a Turn that nobody holds.
func New() Turn {
	t := Turn{make(chan struct{}, 1)}
	t.token <- struct{}{}
	return t
}

// Enter waits until nobody else holds the turn. Its error is the context's.
func (t Turn) Enter(ctx context.Context) error {
	select {
	case <-t.token:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Leave gives up the turn that the caller holds.
func (t Turn) Leave() { t.token <- struct{}{} }
