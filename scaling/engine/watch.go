package engine

import (
	"context"
	"fmt"
	"time"
)

// Kind of a Change.
type Kind int

// What has happened.
const (
	Put      Kind = iota // the key has another value
	Deleted              // the key is gone; it has no value
	UpToDate             // no key: all that was there has been handed over
)

// Change is what a watcher hears of.
type Change struct {
	Kind Kind
	Entry
}

// Watch hands over the keys that begin with a prefix ("" for all) as they are,
// then UpToDate, then each change, until the context ends; it returns the
// context's error then. It begins anew when the server has changed: a change
// may be passed over if a later one of the key is handed over, none comes
// twice, and UpToDate comes again after each time. changed is not called
// concurrently.
func (b *Bucket) Watch(ctx context.Context, prefix string, changed func(Change)) error {
	known := map[string]uint64{}
	for {
		err := b.watchOnce(ctx, prefix, known, changed)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && isAnswer(err) {
			return fmt.Errorf("engine: watch bucket %s: %w", b.name, err)
		}
		select {
		case <-b.e.ended:
			return fmt.Errorf("engine: watch bucket %s: %w", b.name, ErrClosed)
		default:
		}
		pause(ctx, 50*time.Millisecond, nil)
	}
}

// watchOnce watches on one connection. known are the revisions of the keys
// that were handed over.
func (b *Bucket) watchOnce(ctx context.Context, prefix string, known map[string]uint64, changed func(Change)) error {
	up, _ := b.e.link.ends()
	select {
	case <-up:
	case <-b.e.ended:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := b.e.link.within(ctx, forever)
	defer cancel()
	current := false
	there := map[string]bool{} // until current
	return b.follow(ctx, prefix, false, func(c Change) bool {
		switch {
		case c.Kind == UpToDate:
			for key := range known {
				if !there[key] { // deleted while we did not hear it
					delete(known, key)
					changed(Change{Kind: Deleted, Entry: Entry{Key: key}})
				}
			}
			current = true
			changed(c)
		case c.Kind == Deleted:
			if _, ok := known[c.Key]; ok {
				delete(known, c.Key)
				changed(c)
			}
			delete(there, c.Key)
		default:
			if !current {
				there[c.Key] = true
			}
			if known[c.Key] < c.Revision {
				known[c.Key] = c.Revision
				changed(c)
			}
		}
		return true
	})
}

const forever = 100 * 365 * 24 * time.Hour
