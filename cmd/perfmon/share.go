package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"perfmon/monitor"
	"perfmon/xapi"
)

// sharer keeps with each VM what the hosts of the pool tell one another of its
// alarms. It writes one VM after the other, and only the newest text of each.
type sharer struct {
	client interface {
		SetSavedState(ctx context.Context, vmUUID, text string) error
	}
	log  *slog.Logger
	wake chan struct{}

	mu      sync.Mutex
	waiting map[monitor.Object]string
}

func newSharer(client *xapi.Client, log *slog.Logger) *sharer {
	return &sharer{client: client, log: log, wake: make(chan struct{}, 1), waiting: map[monitor.Object]string{}}
}

// share asks for a text to be kept with a VM. It does not block.
func (s *sharer) share(vm monitor.Object, text string) {
	s.mu.Lock()
	s.waiting[vm] = text
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run writes until ctx ends. What the toolstack does not take is tried again
// later; what a VM does not take that is gone is forgotten.
func (s *sharer) run(ctx context.Context) {
	backoff := xapi.Backoff{Initial: time.Second, Max: time.Minute}
	failing := false
	for ctx.Err() == nil {
		vm, text, ok := s.next()
		if !ok {
			select {
			case <-ctx.Done():
			case <-s.wake:
			}
			continue
		}
		err := s.client.SetSavedState(ctx, vm.UUID, text)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			s.done(vm, text)
			backoff.Reset()
			failing = false
		case errors.Is(err, xapi.ErrNoObject):
			s.done(vm, text)
		default:
			if !failing {
				s.log.Warn("what the pool should know of a VM's alarms was not written: tried again", "uuid", vm.UUID, "err", err)
			}
			failing = true
			sleep(ctx, backoff.Next())
		}
	}
}

// next is one that waits.
func (s *sharer) next() (vm monitor.Object, text string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return monitor.Object{}, "", false
	}
	first := slices.MinFunc(slices.Collect(maps.Keys(s.waiting)), func(a, b monitor.Object) int { return strings.Compare(a.UUID, b.UUID) })
	return first, s.waiting[first], true
}

// done forgets one that was written, unless there is a newer text by now.
func (s *sharer) done(vm monitor.Object, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[vm] == text {
		delete(s.waiting, vm)
	}
}
