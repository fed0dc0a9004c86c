package metrics

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// appendNumber writes a finite number in the shortest form that reads back as
// the same one, as strconv's 'g' has it. OpenMetrics wants to see that it is
// no integer.
//
//	0    0.25    73    999999    1e+06    4.294967296e+09    8.4e-05
func appendNumber(b []byte, v float64, openMetrics bool) []byte {
	if whole := int64(v); float64(whole) == v && -1e6 < whole && whole < 1e6 {
		// What the general form makes of these; and of -0 it makes 0.
		b = strconv.AppendInt(b, whole, 10)
		if openMetrics {
			b = append(b, ".0"...)
		}
		return b
	}
	// A number that is not whole has a point, a whole one from 1e6 on an
	// exponent.
	a := math.Abs(v)
	if !(shortestMin <= a && a < shortestEnd) {
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	}
	if v < 0 {
		b = append(b, '-')
	}
	digits, k := shortest(a)
	return appendDecimal(b, digits, k)
}

// uint64Tens are powers of ten.
var uint64Tens = [...]uint64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// decimalRoom is more than the longest number has: 0.00012345678901234567.
const decimalRoom = 32

// appendDecimal writes digits × 10^k, which is no whole number below 1e6. There
// are at most 17 digits, and the first of them stands for 1e-9 to 1e99.
func appendDecimal(b []byte, digits uint64, k int) []byte {
	// As 17 digits, one and twice eight.
	lacking := 17 - bits.Len64(digits)*1233>>12 // log10(2) is 1233 ÷ 4096; one too many for some
	if digits*uint64Tens[lacking] >= 1e17 {
		lacking--
	}
	digits, k = digits*uint64Tens[lacking], k-lacking
	rest := digits % 1e16
	first, upper, lower := byte('0'+digits/1e16), eightDigits(rest/1e8), eightDigits(rest%1e8)
	point := 17 + k // digits before the point
	n := 17 - zerosAtEnd(upper, lower)

	b = slices.Grow(b, decimalRoom)
	out := (*[decimalRoom]byte)(b[len(b) : len(b)+decimalRoom])
	if -3 <= point && point <= 0 {
		copy(out[:], "0.000")
		at := 2 - point
		out[at] = first
		binary.LittleEndian.PutUint64(out[at+1:], upper|ascii)
		binary.LittleEndian.PutUint64(out[at+9:], lower|ascii)
		return b[:len(b)+at+n]
	}
	exponent := point > 6 || point < -3
	before := uint(1)
	if !exponent {
		before = uint(point)
	}
	// The digits from the second place on; then those before the point go one
	// place back, in one step for all of them.
	out[1] = first
	binary.LittleEndian.PutUint64(out[2:], upper|ascii)
	binary.LittleEndian.PutUint64(out[10:], lower|ascii)
	word := (upper|ascii)<<8 | uint64(first)
	at := 8 * before & 63
	kept := uint64(1)<<at - 1
	binary.LittleEndian.PutUint64(out[:], word&kept|'.'<<at|word<<8&^(kept<<8|0xff))
	if n > 1 {
		n++ // the point
	}
	if !exponent {
		return b[:len(b)+n]
	}
	e, sign := point-1, byte('+')
	if e < 0 {
		e, sign = -e, '-'
	}
	return append(b[:len(b)+n], 'e', sign, byte('0'+e/10), byte('0'+e%10))
}

// ascii makes eight digits of eight numbers.
const ascii = 0x3030303030303030

// eightDigits are those of v, which is less than 1e8, as bytes from 0 to 9: the
// first is the lowest. Halves are split at the same time: into four digits
// each, two, and one. The factors divide by 100 and 10 what is below 10,000
// and below 100.
func eightDigits(v uint64) uint64 {
	v = v/1e4 | v%1e4<<32
	q := v * 10486 >> 20 & 0x0000007f_0000007f
	v = q | (v-q*100)<<16
	q = v * 103 >> 10 & 0x000f000f_000f000f
	return q | (v-q*10)<<8
}

// zerosAtEnd is how many of sixteen digits are zeros at the end.
func zerosAtEnd(upper, lower uint64) int {
	if lower != 0 {
		return bits.LeadingZeros64(lower) / 8
	}
	return 8 + bits.LeadingZeros64(upper)/8
}
