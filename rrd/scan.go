package rrd

import (
	"encoding/binary"
	"math/bits"
)

// The scanner: it reads what toolstacks write, eight bytes at a time, and
// nothing else. The general decoders (decode_xml.go, decode_json.go) call it
// where a run of alike elements may begin:
//
//	<v>0.100000001490116</v><v>NaN</v>...      "0.100000001490116","NaN",...
//	<entry>AVERAGE:host:b9a7...:cpu0</entry>   "AVERAGE:host:b9a7...:cpu0",...
//	<row><t>1766000745</t>   </row>   <start>1766000150</start>
//
// What holds for all of it:
//
//   - It takes whole elements, or nothing. At the first byte of an element
//     that is spelled in any other way (a comment, white space, an attribute,
//     an entity, a word that is no number) it stops, and the general decoder
//     reads that element, with everything it has to say about it.
//   - It takes an element only if all its bytes have arrived. Where one is cut
//     off at the end of the buffer it asks the source for more, which the
//     general decoder would have to do as well.
//   - A load may begin at any byte that has arrived, and reach up to
//     scanWindow bytes further: source keeps that much room behind its buffer.
//     What stands there is left over from before. An element that ends there
//     is not taken, so nothing depends on it.
const (
	scanWindow  = 64
	scanLongest = 1 << 10 // bytes of an element that it waits for the end of

	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// window is what one look at the buffer may see.
type window [scanWindow]byte

func (w *window) load(at int) uint64 { return binary.LittleEndian.Uint64(w[at : at+8]) }

// leadingDigits counts the decimal digits with which eight bytes begin; the
// first byte is the lowest. x is the bytes, each xor '0': that makes digits,
// and nothing else, 0 to 9. Adding 0x76 sets the high bit of the others. A
// carry out of one disturbs only bytes above it, which do not count any more.
func leadingDigits(x uint64) int {
	return bits.TrailingZeros64(((x+0x76*ones)|x)&highs) >> 3
}

// eightDigits is the number that eight digits spell: x has one a byte, 0 to 9,
// the first one in the lowest. Neighbours are added up to pairs, pairs to
// fours, fours to the whole.
func eightDigits(x uint64) uint64 {
	x = x*10 + x>>8
	const low = 0x000000ff000000ff
	return ((x&low)*(100+1000000<<32) + (x>>16&low)*(1+10000<<32)) >> 32
}

// leadingNumber is the number that the first n of eight digits spell. The
// shift drops the bytes behind them, and puts zeros before them.
func leadingNumber(x uint64, n int) uint64 { return eightDigits(x << (64 - 8*uint(n))) }

// Powers of ten that a uint64 and a float64 hold exactly.
var (
	tenInt   = [9]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}
	tenFloat = [23]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
		1e17, 1e18, 1e19, 1e20, 1e21, 1e22}
)

// scanNumber reads a decimal number at byte at of w:
//
//	0.0   -0.5   8589934592   0.100000001490116   8.5899e+09
//
// and returns it with where it ends. That is 0 if this is none, or one that
// parseValue has to read. at is at most 4.
func scanNumber(w *window, at int) (float64, int) {
	negative := w[at] == '-'
	if negative {
		at++
	}
	// m becomes the digits as a whole number, without the dot, and places how
	// many of them are behind it. m is below 10^19: it does not overflow.
	var m uint64
	places := 0
	x := w.load(at) ^ '0'*ones
	n := leadingDigits(x)
	switch {
	case n == 0:
		return 0, 0
	case n == 8:
		m = eightDigits(x)
		at += 8
		x = w.load(at) ^ '0'*ones
		more := leadingDigits(x)
		m = m*tenInt[more] + leadingNumber(x, more)
		at += more
		if w[at] == '.' {
			at++
			x = w.load(at) ^ '0'*ones
			places = leadingDigits(x)
			if places == 0 || 8+more+places > 19 {
				return 0, 0
			}
			m = m*tenInt[places] + leadingNumber(x, places)
			at += places
		}
	case w[at+n] != '.':
		m = leadingNumber(x, n)
		at += n
	default:
		// The dot is among the first eight bytes. What stands behind it moves
		// up by one, so that the digits are without a gap.
		before := uint64(1)<<(8*uint(n)) - 1
		x = x&before | (w.load(at+1)^'0'*ones)&^before
		digits := leadingDigits(x)
		if digits < 8 {
			m = leadingNumber(x, digits)
		} else {
			m = eightDigits(x)
			x = w.load(at+9) ^ '0'*ones
			more := leadingDigits(x)
			m = m*tenInt[more] + leadingNumber(x, more)
			digits += more
			for more == 8 && digits < 19 {
				c := w[at+digits+1] - '0'
				if c > 9 {
					break
				}
				m = m*10 + uint64(c)
				digits++
			}
		}
		places = digits - n
		if places == 0 {
			return 0, 0
		}
		at += digits + 1
	}
	exponent := -places
	if w[at]|0x20 == 'e' {
		tens, units := w[at+2]-'0', w[at+3]-'0'
		if tens > 9 || units > 9 {
			return 0, 0
		}
		e := int(tens)*10 + int(units)
		switch w[at+1] {
		case '+':
			exponent += e
		case '-':
			exponent -= e
		default:
			return 0, 0
		}
		at += 4
	}
	// The number is m × 10^exponent. Where m is below 2^53 and the exponent
	// within ±22, m and the power of ten are float64s without an error, and one
	// multiplication or division rounds once: to the nearest, as strconv does.
	if m >= 1<<53 || exponent < -22 || exponent > 22 {
		return 0, 0
	}
	v := float64(int64(m))
	if exponent < 0 {
		v /= tenFloat[-exponent]
	} else {
		v *= tenFloat[exponent]
	}
	if negative {
		v = -v
	}
	return v, at
}

// textEnd is where the text that begins at from ends: at the first byte of b
// that is not plain. Plain is printable ASCII but for & < > " and \, which
// means the same in either form. It may be after arrived, where the bytes end
// that have arrived: the caller looks.
//
// Each term sets the high bit of a byte that it looks for; where it does so by
// mistake, because of a borrow, it is in a byte above one that it did find.
func textEnd(b []byte, from, arrived int) int {
	for ; from < arrived; from += 8 {
		x := binary.LittleEndian.Uint64(b[from : from+8])
		angle := x&^(0x02*ones) ^ '<'*ones // zero for < and >
		and := x&^(0x04*ones) ^ '"'*ones   // for " and &
		slash := x ^ '\\'*ones
		stop := (x - ' '*ones) | (angle-ones)&^angle | (and-ones)&^and | (slash-ones)&^slash | x
		if stop &= highs; stop != 0 {
			return from + bits.TrailingZeros64(stop)>>3
		}
	}
	return from
}

// skipText goes over a plain text that nobody wants the value of, and returns
// where it ends, or 0 if that has not arrived or is too far.
func (d *Decoder) skipText(b []byte, from int) int {
	to := textEnd(b, from, d.src.end)
	if to >= d.src.end || to-from > maxValueBytes {
		return 0
	}
	return to
}

// rareNumber reads a plain text that scanNumber did not: 17 digits, 1e+300,
// -Infinity. It returns where that ends, or 0 if it is no number either.
func (d *Decoder) rareNumber(b []byte, from int) (float64, int) {
	to := d.skipText(b, from)
	if to == 0 {
		return 0, 0
	}
	v, ok := parseValue(b[from:to])
	if !ok {
		return 0, 0
	}
	return v, to
}
