package rubber

import (
	"context"
	"errors"
	"fmt"

	"perfmon/scaling/engine"
)

// Names in the engine.
const (
	Bucket   = "rubber" // of records, a bucket for each owner: "rubber-" and the owner
	LeaseKey = "lease"
)

// EngineStore is a Store in a bucket of the engine.
type EngineStore struct{ Bucket *engine.Bucket }

// All is part of Store.
func (s EngineStore) All(ctx context.Context, prefix string) (map[string]Value, error) {
	entries, err := s.Bucket.All(ctx, prefix)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Value, len(entries))
	for _, e := range entries {
		all[e.Key] = Value{Data: e.Value, Revision: e.Revision}
	}
	return all, nil
}

// Put is part of Store.
func (s EngineStore) Put(ctx context.Context, key string, data []byte, revision uint64) (uint64, error) {
	var err error
	if revision == 0 {
		revision, err = s.Bucket.Create(ctx, key, data)
	} else {
		revision, err = s.Bucket.Update(ctx, key, data, revision)
	}
	return revision, asConflict(err)
}

// Delete is part of Store.
func (s EngineStore) Delete(ctx context.Context, key string, revision uint64) error {
	return asConflict(s.Bucket.Delete(ctx, key, revision))
}

func asConflict(err error) error {
	if errors.Is(err, engine.ErrConflict) || errors.Is(err, engine.ErrExists) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// EngineLease is a Lease in a bucket of the engine: by it, of all instances
// with the same store one acts, on one machine or on several.
type EngineLease struct {
	Bucket  *engine.Bucket
	Options engine.LeaseOptions
}

// Acquire is part of Lease.
func (l EngineLease) Acquire(ctx context.Context) (Holding, error) {
	held, err := l.Bucket.Acquire(ctx, LeaseKey, l.Options)
	if err != nil {
		return nil, err
	}
	return held, nil
}
