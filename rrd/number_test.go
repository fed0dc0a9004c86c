package rrd

import (
	"math"
	"testing"
)

func TestParseValue(t *testing.T) {
	for in, want := range map[string]float64{
		"0": 0, "-0.0": 0, "1": 1, "+1.5": 1.5, "209715200.0000": 209715200, "8.5899e+09": 8589900000, ".5": 0.5, "5.": 5,
		"1E3": 1000, "4.0077e-43": 4.0077e-43, "203915837298252462703382321555132383232.0000": 203915837298252462703382321555132383232,
		"Infinity": math.Inf(1), "-Infinity": math.Inf(-1), "inf": math.Inf(1), "-inf": math.Inf(-1), "+INF": math.Inf(1),
		"1e999": math.Inf(1), "-1e999": math.Inf(-1), "1e-999": 0,
	} {
		if got, ok := parseValue([]byte(in)); !ok || got != want {
			t.Errorf("%q: got %v, %v; want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{"NaN", "nan", "-nan", "+NAN"} {
		if got, ok := parseValue([]byte(in)); !ok || !math.IsNaN(got) {
			t.Errorf("%q: got %v, %v; want NaN", in, got, ok)
		}
	}
	for _, in := range []string{
		"", " ", " 1", "1 ", "0x10", "0x1p4", "1_000", "1e", "e1", ".", "-", "+", "--1", "1.2.3", "1,5", "0b1",
		"infin", "nans", "-", "+-inf", "null", "true", "1f", "\x00", "１",
	} {
		if got, ok := parseValue([]byte(in)); ok {
			t.Errorf("%q: got %v, want no number", in, got)
		}
	}
}

func TestParseInteger(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "-5": -5, "+7": 7, "1766000160": 1766000160, "1766000160.0": 1766000160, "1.76600016e+09": 1766000160,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64, "1e18": 1e18,
	} {
		if got, ok := parseInteger([]byte(in)); !ok || got != want {
			t.Errorf("%q: got %v, %v; want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "0.5", "NaN", "inf", "-inf", "9223372036854775808", "-9223372036854777856", "1e19", "0x1", "1_0", "x"} {
		if got, ok := parseInteger([]byte(in)); ok {
			t.Errorf("%q: got %v, want no number", in, got)
		}
	}
}
