package metrics

import (
	"math"
	"strconv"
)

// appendNumber writes a finite number in the shortest form that reads back as
// the same one, as strconv's 'g' has it. OpenMetrics wants to see that it is
// no integer.
//
//	0    0.25    73    999999    1e+06    4.294967296e+09    8.4e-05
func appendNumber(b []byte, v float64, openMetrics bool) []byte {
	if v == math.Trunc(v) && -1e6 < v && v < 1e6 {
		// What the general form makes of these; and of -0 it makes 0.
		b = strconv.AppendInt(b, int64(v), 10)
		if openMetrics {
			b = append(b, ".0"...)
		}
		return b
	}
	// A number that is not whole has a point, a whole one from 1e6 on an
	// exponent.
	if digits, k, ok := decimal(math.Abs(v)); ok {
		if v < 0 {
			b = append(b, '-')
		}
		return appendDecimal(b, digits, k)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// powers are the powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// most is how many digits a decimal number can have so that no two of them
// read as the same float64.
const most = 15

// decimal finds digits and k so that digits ÷ 10^k reads as a, if there are
// such of at most 15 digits: toolstacks write no more, so that it is true of
// nearly all values, and found sooner than strconv finds the shortest form of
// any number.
//
// It is the shortest form, too, but for zeros at its end: one of fewer digits
// would be another number of at most 15 digits that reads as a.
func decimal(a float64) (digits uint64, k int, ok bool) {
	if !(1e-5 <= a && a < 1e15) {
		return 0, 0, false
	}
	// The decimal exponent from the binary one: log10(2) is about 1233/4096.
	// A guess that is too low or too high makes one digit too many or too few:
	// then the checks below fail, or nothing is lost.
	exponent := int(math.Float64bits(a)>>52) - 1023
	k = most - 1 - (exponent*1233)>>12
	// The product is less than 2^53 if the check holds, and off by less than a
	// quarter: it rounds to the only whole number that can be meant.
	digits = uint64(a*powers[k] + 0.5)
	// Both sides of the division are exact, so that its result is rounded
	// once: the float64 next to digits ÷ 10^k, as a reader makes it.
	return digits, k, digits < 1e15 && float64(digits)/powers[k] == a
}

// appendDecimal writes digits ÷ 10^k; digits is not 0.
func appendDecimal(b []byte, digits uint64, k int) []byte {
	for digits%1e5 == 0 {
		digits, k = digits/1e5, k-5
	}
	for digits%10 == 0 {
		digits, k = digits/10, k-1
	}
	var buffer [20]byte
	text := strconv.AppendUint(buffer[:0], digits, 10)
	point := len(text) - k // digits before the point
	switch {
	case point > 6 || point < -3:
		b = append(b, text[0])
		if len(text) > 1 {
			b = append(append(b, '.'), text[1:]...)
		}
		e := point - 1
		sign := byte('+')
		if e < 0 {
			e, sign = -e, '-'
		}
		return append(b, 'e', sign, byte('0'+e/10), byte('0'+e%10))
	case point <= 0:
		b = append(b, "0.000"[:2-point]...)
		return append(b, text...)
	}
	// Not a whole number, so that there are digits after the point.
	b = append(append(b, text[:point]...), '.')
	return append(b, text[point:]...)
}
