package metrics

import (
	"math"
	"math/bits"
)

// shortestMin and shortestEnd bound what shortest takes. They hold what hosts
// measure, in base units, and keep the table of powers short.
const (
	shortestMin = 1e-9
	shortestEnd = 1e22
)

// shortest finds the digits and the exponent k so that digits × 10^k reads as
// a and no shorter number does; of those that are as short it is the nearest.
// Zeros may be left at the end of the digits, of which there are at most 17.
// It is half of the time that strconv takes, which finds the same.
//
// The method is Schubfach: Raffaello Giulietti, "The Schubfach way to render
// doubles" (2021), whose letters are used here. It needs shortestMin ≤ a <
// shortestEnd.
func shortest(a float64) (digits uint64, k int) {
	// a is c × 2^q. It is no subnormal number, so that c has 53 bits.
	word := math.Float64bits(a)
	fraction := word & (1<<52 - 1)
	c, q := fraction|1<<52, int(word>>52)-1075

	// Whatever lies between left and right reads as a, in quarters of 2^q.
	// Below a power of two the next number is only half as far. The bounds
	// themselves read as a if c is even, by the rule for halves.
	left, right := 4*c-2, 4*c+2
	odd := c & 1

	// 10^k is the largest power of ten that is not longer than that range:
	// floor(log10(2^q)), or floor(log10(3/4 × 2^q)) below a power of two. The
	// factors are log10(2) × 2^22 and log10(4/3) × 2^22.
	k = q * 1262611 >> 22
	if fraction == 0 {
		left = 4*c - 1
		k = (q*1262611 - 524031) >> 22
	}

	// All three are multiplied by 2^q ÷ 10^k: g has 128 bits of 10^-k, and h,
	// from 1 to 4, makes up for the rest; 1741647 ÷ 2^19 is log2(10).
	g := &tens[-k-tensFirst]
	h := uint(q+(-k*1741647)>>19+1) & 7
	low, mid, high := scale(g, left<<h), scale(g, 4*c<<h), scale(g, right<<h)
	low, high = low+odd, high-odd // the bounds themselves count no more

	// Of the numbers with one digit less there is at most one in the range.
	s := mid / 4
	t := s / 10 * 40
	below, above := low <= t, t+40 <= high
	if below != above {
		if above {
			t += 40
		}
		return t / 40, k + 1
	}
	// Of those with all digits there are one or two, next to a.
	below, above = low <= 4*s, 4*s+4 <= high
	up := mid+s&1 > 4*s+2
	if below != above {
		up = above
	}
	if up {
		s++
	}
	return s, k
}

// scale is g × v ÷ 2^128. Its last bit is set when there was a remainder, which
// is all that a comparison with whole numbers has to know of it: what g is too
// large by does not reach further.
func scale(g *[2]uint64, v uint64) uint64 {
	carry, _ := bits.Mul64(g[1], v)
	high, low := bits.Mul64(g[0], v)
	low, over := bits.Add64(low, carry, 0)
	high += over
	if low > 1 {
		high |= 1
	}
	return high
}

// tensFirst is the exponent of the first of the tens.
const tensFirst = -6

// tens are the powers of ten from 1e-6 to 1e25 as 128 bits, of which the first
// is set: rounded up where that is not exact. A test makes them anew.
var tens = [...][2]uint64{
	{0x8637bd05af6c69b5, 0xa63f9a49c2c1b110}, // 1e-6
	{0xa7c5ac471b478423, 0x0fcf80dc33721d54}, // 1e-5
	{0xd1b71758e219652b, 0xd3c36113404ea4a9}, // 1e-4
	{0x83126e978d4fdf3b, 0x645a1cac083126ea}, // 1e-3
	{0xa3d70a3d70a3d70a, 0x3d70a3d70a3d70a4}, // 1e-2
	{0xcccccccccccccccc, 0xcccccccccccccccd}, // 1e-1
	{0x8000000000000000, 0x0000000000000000}, // 1e0
	{0xa000000000000000, 0x0000000000000000}, // 1e1
	{0xc800000000000000, 0x0000000000000000}, // 1e2
	{0xfa00000000000000, 0x0000000000000000}, // 1e3
	{0x9c40000000000000, 0x0000000000000000}, // 1e4
	{0xc350000000000000, 0x0000000000000000}, // 1e5
	{0xf424000000000000, 0x0000000000000000}, // 1e6
	{0x9896800000000000, 0x0000000000000000}, // 1e7
	{0xbebc200000000000, 0x0000000000000000}, // 1e8
	{0xee6b280000000000, 0x0000000000000000}, // 1e9
	{0x9502f90000000000, 0x0000000000000000}, // 1e10
	{0xba43b74000000000, 0x0000000000000000}, // 1e11
	{0xe8d4a51000000000, 0x0000000000000000}, // 1e12
	{0x9184e72a00000000, 0x0000000000000000}, // 1e13
	{0xb5e620f480000000, 0x0000000000000000}, // 1e14
	{0xe35fa931a0000000, 0x0000000000000000}, // 1e15
	{0x8e1bc9bf04000000, 0x0000000000000000}, // 1e16
	{0xb1a2bc2ec5000000, 0x0000000000000000}, // 1e17
	{0xde0b6b3a76400000, 0x0000000000000000}, // 1e18
	{0x8ac7230489e80000, 0x0000000000000000}, // 1e19
	{0xad78ebc5ac620000, 0x0000000000000000}, // 1e20
	{0xd8d726b7177a8000, 0x0000000000000000}, // 1e21
	{0x878678326eac9000, 0x0000000000000000}, // 1e22
	{0xa968163f0a57b400, 0x0000000000000000}, // 1e23
	{0xd3c21bcecceda100, 0x0000000000000000}, // 1e24
	{0x84595161401484a0, 0x0000000000000000}, // 1e25
}
