package monitor

import (
	"math"

	"perfmon/monitor/config"
)

// fold merges the columns of one row that belong to a variable into one
// value. Missing, NaN and infinite columns are unknown and left out; NaN is
// returned when nothing is known.
//
// For config.SRUsage the columns are [physical_utilisation, size], found by
// name, and both have to be known.
func fold(f config.Fold, values []float64, columns []int) float64 {
	if f == config.SRUsage {
		return ratio(values, columns)
	}
	sum, highest, n := 0.0, math.Inf(-1), 0
	for _, c := range columns {
		v := values[c]
		if !known(v) {
			continue
		}
		sum += v
		highest = max(highest, v)
		n++
	}
	switch {
	case n == 0:
		return math.NaN()
	case f == config.Max:
		return highest
	case f == config.Average:
		return finite(sum / float64(n))
	default:
		return finite(sum)
	}
}

func ratio(values []float64, columns []int) float64 {
	if len(columns) != 2 {
		return math.NaN()
	}
	used, size := values[columns[0]], values[columns[1]]
	if !known(used) || !known(size) || size <= 0 {
		return math.NaN()
	}
	return finite(used / size)
}

// known tells a value from NaN and the infinities: less itself, each of these
// is NaN, and every number is 0.
func known(v float64) bool { return v-v == 0 }

// finite makes unknown what overflowed, or came so.
func finite(v float64) float64 {
	if !known(v) {
		return math.NaN()
	}
	return v
}
