package rrd

import (
	"math"
	"strconv"
)

// FormatFloat spells a value as the newest toolstack does, in XML and JSON
// alike: %.15g, but "0.0" for either zero, "NaN", "Infinity" and
// "-Infinity" (xcp-rrdd's f_to_s).
func FormatFloat(v float64) string { return string(AppendFloat(nil, v)) }

// AppendFloat appends FormatFloat(v) to b.
func AppendFloat(b []byte, v float64) []byte {
	switch {
	case v == 0:
		return append(b, "0.0"...)
	case math.IsNaN(v):
		return append(b, "NaN"...)
	case math.IsInf(v, 1):
		return append(b, "Infinity"...)
	case math.IsInf(v, -1):
		return append(b, "-Infinity"...)
	}
	return strconv.AppendFloat(b, v, 'g', 15, 64)
}
