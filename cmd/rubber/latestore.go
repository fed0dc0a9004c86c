package main

import (
	"context"
	"errors"
	"sync/atomic"

	"perfmon/scaling/engine"
	"perfmon/scaling/rubber"
)

// lateStore is the engine's store, and the lease in it, which can be opened only
// once the engine runs.
type lateStore struct{ bucket atomic.Pointer[engine.Bucket] }

var errNotOpen = errors.New("the store is not open yet")

func (s *lateStore) fill(b *engine.Bucket) { s.bucket.Store(b) }

func (s *lateStore) store() (rubber.EngineStore, error) {
	b := s.bucket.Load()
	if b == nil {
		return rubber.EngineStore{}, errNotOpen
	}
	return rubber.EngineStore{Bucket: b}, nil
}

// All is part of rubber.Store.
func (s *lateStore) All(ctx context.Context, prefix string) (map[string]rubber.Value, error) {
	store, err := s.store()
	if err != nil {
		return nil, err
	}
	return store.All(ctx, prefix)
}

// Put is part of rubber.Store.
func (s *lateStore) Put(ctx context.Context, key string, data []byte, revision uint64) (uint64, error) {
	store, err := s.store()
	if err != nil {
		return 0, err
	}
	return store.Put(ctx, key, data, revision)
}

// Delete is part of rubber.Store.
func (s *lateStore) Delete(ctx context.Context, key string, revision uint64) error {
	store, err := s.store()
	if err != nil {
		return err
	}
	return store.Delete(ctx, key, revision)
}

// Acquire is part of rubber.Lease.
func (s *lateStore) Acquire(ctx context.Context) (rubber.Holding, error) {
	store, err := s.store()
	if err != nil {
		return nil, err
	}
	return rubber.EngineLease{Bucket: store.Bucket}.Acquire(ctx)
}

// onlyRead is a store as a dry run has it: what is not open has nothing in it,
// and nothing is written.
type onlyRead struct{ *lateStore }

var errOnlyRead = errors.New("a dry run writes nothing")

// All is part of rubber.Store.
func (s onlyRead) All(ctx context.Context, prefix string) (map[string]rubber.Value, error) {
	all, err := s.lateStore.All(ctx, prefix)
	if errors.Is(err, errNotOpen) {
		return map[string]rubber.Value{}, nil
	}
	return all, err
}

// Put is part of rubber.Store.
func (s onlyRead) Put(context.Context, string, []byte, uint64) (uint64, error) {
	return 0, errOnlyRead
}

// Delete is part of rubber.Store.
func (s onlyRead) Delete(context.Context, string, uint64) error { return errOnlyRead }
