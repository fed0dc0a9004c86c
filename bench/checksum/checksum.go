// Package checksum is the proof that two programs have decoded the same
// values: a sum over the bits of all values of a document, in its order, that
// every driver of the benchmark prints.
package checksum

import "math"

// NaN is what every NaN counts as: which of the many a program makes of the
// word is its own affair.
const NaN = 0x7ff8000000000001

const golden = 0x9e3779b97f4a7c15

// Sum takes the values of a document. The zero value is an empty document.
type Sum struct {
	// Ordered says to work out Mix too, which costs more than some decoders
	// do, and is left out where the time is taken.
	Ordered bool
	// Mix depends on the values and on their order: for each value
	// (Mix ^ bits) * 0x9e3779b97f4a7c15, rotated left by 5.
	Mix uint64
	// Xor is the exclusive or of the bits: no value can be left out.
	Xor uint64
	// Count is how many values there were.
	Count int
}

// Add takes the next value.
func (s *Sum) Add(v float64) {
	bits := math.Float64bits(v)
	if v != v {
		bits = NaN
	}
	s.Xor ^= bits
	s.Count++
	if s.Ordered {
		m := (s.Mix ^ bits) * golden
		s.Mix = m<<5 | m>>59
	}
}
