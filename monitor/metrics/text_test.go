package metrics

import (
	"math"
	"strconv"
	"testing"
)

// TestNumbers compares with what strconv makes of many numbers, through
// client_golang's writers; see pageAt.
func TestNumbers(t *testing.T) {
	var columns []column
	add := func(v float64) {
		columns = append(columns, average("vm", "u", "x"+strconv.Itoa(len(columns)), v))
	}
	for _, v := range []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 999999, 1e6, 1e6 - 0.5, -999999, -1e6, 1000001, 123456789, 1e20, 1e21, 1e22, 1e-4, 1e-5, 1.5e-7,
		math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.Pi, 1 << 53, 1<<53 + 2, 4294967296, 0.1, 1.0 / 3, 100000.5} {
		add(v)
	}
	for i := range 60 {
		add(math.Pow10(i-30) * 1.25)
		add(-math.Pow(2, float64(i)))
	}
	pageAt(t, picture(columns...), now)
}
