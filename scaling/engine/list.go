package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// filter is the narrowest subject that has all keys with a prefix: wildcards
// stand for what lies between dots only.
func (b *Bucket) filter(prefix string) string {
	return b.subject(prefix[:strings.LastIndex(prefix, ".")+1] + ">")
}

// list reads the keys with a prefix as they are now.
func (b *Bucket) list(ctx context.Context, prefix string, namesOnly bool) ([]Entry, error) {
	var entries []Entry
	err := b.try(ctx, func(ctx context.Context) error {
		entries = entries[:0]
		known := map[string]bool{}
		return b.follow(ctx, prefix, namesOnly, func(c Change) bool {
			if c.Kind == UpToDate {
				return false
			}
			if known[c.Key] { // changed while we read: the older one goes
				entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Key == c.Key })
			}
			if c.Kind == Put {
				known[c.Key] = true
				entries = append(entries, c.Entry)
			}
			return true
		})
	})
	if err != nil {
		return nil, fmt.Errorf("engine: list bucket %s: %w", b.name, err)
	}
	slices.SortFunc(entries, func(x, y Entry) int { return cmp.Compare(x.Revision, y.Revision) })
	return entries, nil
}

// follow hands over what there is and what changes, until f returns false, the
// context ends or the server goes.
func (b *Bucket) follow(ctx context.Context, prefix string, namesOnly bool, f func(Change) bool) error {
	kv, err := b.e.js.KeyValue(ctx, b.name)
	if err != nil {
		return err
	}
	var options []jetstream.WatchOpt
	if namesOnly {
		options = append(options, jetstream.MetaOnly())
	}
	w, err := kv.Watch(ctx, strings.TrimPrefix(b.filter(prefix), b.subject("")), options...)
	if err != nil {
		return err
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-w.Updates():
			switch {
			case !ok:
				return fmt.Errorf("the server has ended the watch")
			case e == nil:
				if !f(Change{Kind: UpToDate}) {
					return nil
				}
			case strings.HasPrefix(e.Key(), prefix):
				c := Change{Kind: Put, Entry: Entry{Key: e.Key(), Value: e.Value(), Revision: e.Revision(), Created: e.Created()}}
				if e.Operation() != jetstream.KeyValuePut {
					c.Kind, c.Value = Deleted, nil
				}
				if !f(c) {
					return nil
				}
			}
		}
	}
}
