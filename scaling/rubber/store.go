package rubber

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Store keeps what has to outlive rubber: values under keys, each with a
// revision that changes with every write. A write is durable when it returns.
// Its methods may be called by several goroutines at once.
type Store interface {
	// All is every value whose key begins with a prefix.
	All(ctx context.Context, prefix string) (map[string]Value, error)

	// Put writes a value, if the revision of its key is still the one given; 0:
	// if there is no such key. ErrConflict if it is not, and nothing is written.
	Put(ctx context.Context, key string, data []byte, revision uint64) (uint64, error)

	// Delete deletes a key, if its revision is still the one given. One that is
	// not there is deleted.
	Delete(ctx context.Context, key string, revision uint64) error
}

// Value is what a Store has under a key.
type Value struct {
	Data     []byte
	Revision uint64
}

// ErrConflict says that someone else has written a key.
var ErrConflict = errors.New("someone else has written it")

// MemoryStore is a Store for tests, which forgets everything. Its zero value is
// not usable; see NewMemoryStore.
type MemoryStore struct {
	mu       sync.Mutex
	revision uint64
	values   map[string]Value
	fail     error
}

// NewMemoryStore makes an empty one.
func NewMemoryStore() *MemoryStore { return &MemoryStore{values: map[string]Value{}} }

// Fail makes every call fail with an error; nil: none does any more.
func (s *MemoryStore) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// All is part of Store.
func (s *MemoryStore) All(_ context.Context, prefix string) (map[string]Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	all := maps.Clone(s.values)
	maps.DeleteFunc(all, func(key string, _ Value) bool { return !strings.HasPrefix(key, prefix) })
	return all, nil
}

// Put is part of Store.
func (s *MemoryStore) Put(_ context.Context, key string, data []byte, revision uint64) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return 0, s.fail
	}
	if have := s.values[key].Revision; have != revision {
		return 0, fmt.Errorf("write %q: %w", key, ErrConflict)
	}
	s.revision++
	s.values[key] = Value{Data: slices.Clone(data), Revision: s.revision}
	return s.revision, nil
}

// Delete is part of Store.
func (s *MemoryStore) Delete(_ context.Context, key string, revision uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	v, ok := s.values[key]
	if ok && v.Revision != revision {
		return fmt.Errorf("delete %q: %w", key, ErrConflict)
	}
	delete(s.values, key)
	return nil
}
