package config

import "weak"

// shared has things that several may use, for as long as one of them does.
type shared[K comparable, T any] struct {
	known map[K]weak.Pointer[T]
	swept int // how many were left by the last sweep
}

// find is what key stands for, nil if nobody has it any more.
func (s *shared[K, T]) find(key K) *T { return s.known[key].Value() }

// keep has a thing found by its key from now on.
func (s *shared[K, T]) keep(key K, thing *T) {
	s.sweep()
	if s.known == nil {
		s.known = map[K]weak.Pointer[T]{}
	}
	s.known[key] = weak.Make(thing)
}

// sweepMargin is how many may be gone before anybody looks.
const sweepMargin = 64

// sweep forgets those that nobody has, when they may be as many as the others.
func (s *shared[K, T]) sweep() {
	if len(s.known) < 2*s.swept+sweepMargin {
		return
	}
	for key, thing := range s.known {
		if thing.Value() == nil {
			delete(s.known, key)
		}
	}
	s.swept = len(s.known)
}
