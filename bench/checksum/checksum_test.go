package checksum

import (
	"math"
	"testing"
)

func sumOf(values ...float64) Sum {
	s := Sum{Ordered: true}
	for _, v := range values {
		s.Add(v)
	}
	return s
}

func TestAdd(t *testing.T) {
	one := math.Float64bits(1)
	m := one * golden
	if s := sumOf(1); s.Mix != m<<5|m>>59 || s.Xor != one || s.Count != 1 {
		t.Errorf("the sum of 1 is %+v", s)
	}
	if sumOf(1, 2) == sumOf(2, 1) {
		t.Error("the order does not count")
	}
	if sumOf(0) == sumOf(math.Copysign(0, -1)) {
		t.Error("the sign of zero does not count")
	}
	if sumOf(1, 2, 2) == sumOf(1) {
		t.Error("a value twice is no value")
	}
	if sumOf(math.NaN()) != sumOf(math.Float64frombits(0xfff8000000000000)) {
		t.Error("one NaN is not like another")
	}
	quick := Sum{}
	quick.Add(5)
	if quick.Mix != 0 || quick.Xor != sumOf(5).Xor {
		t.Errorf("without the order the sum of 5 is %+v", quick)
	}
}
