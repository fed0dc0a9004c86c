package rrd

import (
	"encoding/binary"
	"math"
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
	scanWindow  = 64 + 8
	scanLongest = 1 << 10 // bytes of an element that it waits for the end of

	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// window is what one look at the buffer may see.
type window [scanWindow]byte

// load is the eight bytes from at on, which is below 64: the mask does not
// change it, and spares the check.
func (w *window) load(at int) uint64 {
	return binary.LittleEndian.Uint64(w[at&63 : at&63+8])
}

// leadingDigits counts the decimal digits with which eight bytes begin; the
// first byte is the lowest. x is the bytes, each xor '0': that makes digits,
// and nothing else, 0 to 9. Adding 0x76 sets the high bit of the others. A
// carry out of one disturbs only bytes above it, which do not count any more.
func leadingDigits(x uint64) int { return bytesBefore(others(x)) }

// others sets the high bit of the bytes of x that are no digits.
func others(x uint64) uint64 { return ((x + 0x76*ones) | x) & highs }

// bytesBefore counts the bytes before the first that has its high bit in
// marks, which has no other bits: 8 if there is none.
func bytesBefore(marks uint64) int { return bits.TrailingZeros64(marks) >> 3 }

// eightDigits is the number that eight digits spell: x has one a byte, 0 to 9,
// the first one in the lowest. Neighbours are added up to pairs, pairs to
// fours, fours to the whole.
func eightDigits(x uint64) uint64 {
	x = x*10 + x>>8
	const low = 0x000000ff000000ff
	return ((x&low)*(100+1000000<<32) + (x>>16&low)*(1+10000<<32)) >> 32
}

// leadingNumber is the number that the first n of eight bytes spell, n at most
// 7. The shift drops the bytes behind them, and puts zeros before them.
func leadingNumber(x uint64, n int) uint64 { return eightDigits(x << 8 << ((56 ^ 8*uint(n)) & 63)) }

// Powers of ten that a uint64 and a float64 hold exactly.
var (
	tenInt   = [9]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}
	tenFloat = [23]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
		1e17, 1e18, 1e19, 1e20, 1e21, 1e22}
)

// shape is how one form spells a value: a number between open and end. Each is
// up to eight bytes, the first one lowest, under a mask. Of end, only the first
// endLen bytes belong to the value; the others tell that it is over.
type shape struct {
	open, openMask uint64
	end, endMask   uint64
	openLen        int
	endLen, seen   int // seen is the bytes under endMask
}

// scan reads values while they are spelled as sh says, from byte pos on, of
// which arrived bytes are there. It returns how many there were, at most
// len(values), and where they end.
//
// The numbers are the decimal ones below, and NaN:
//
//	0.0   -0.5   8589934592   0.100000001490116   8.5899e+09
//
// It stops at others that parseValue reads: .5, 1e+300, Infinity, or more than
// 19 digits.
func (sh *shape) scan(b []byte, pos, arrived int, values []float64) (int, int) {
	arrived -= sh.seen
	for i := range values {
		w := (*window)(b[pos : pos+scanWindow])
		if w.load(0)&sh.openMask != sh.open {
			return i, pos
		}
		at := sh.openLen
		negative := w[at&63] == '-'
		if negative {
			at++
		}
		// m becomes the digits as a whole number, without the dot, and places
		// how many of them are behind it. m is below 10^19: there is no
		// overflow.
		var m uint64
		places := 0
		x := w.load(at) ^ '0'*ones
		marks := others(x)
		n := bytesBefore(marks)
		switch {
		case n == 0:
			if w.load(at)&0xffffff != 'N'|'a'<<8|'N'<<16 {
				return i, pos
			}
			at += 3
		case n == 8:
			// Up to 15 digits before the dot, 7 behind it.
			m = eightDigits(x)
			at += 8
			x = w.load(at) ^ '0'*ones
			more := leadingDigits(x)
			if more == 8 {
				return i, pos
			}
			m = m*tenInt[more] + leadingNumber(x, more)
			at += more
			if w[at&63] == '.' {
				at++
				x = w.load(at) ^ '0'*ones
				places = leadingDigits(x)
				if places == 8 || more+places > 11 {
					return i, pos
				}
				m = m*tenInt[places] + leadingNumber(x, places)
				at += places
			}
		case w[(at+n)&63] != '.':
			m = leadingNumber(x, n)
			at += n
		default:
			// The dot is among the first eight bytes. What stands behind it
			// moves up by one, so that the digits are without a gap.
			y := w.load(at+1) ^ '0'*ones
			before := uint64(1)<<(8*uint(n)&63) - 1
			x = (x^y)&before ^ y
			if rest := marks & (marks - 1); rest != 0 || w[(at+8)&63]-'0' > 9 {
				// At most seven digits, as in 0.0.
				end := bytesBefore(rest)
				m = leadingNumber(x, end-1)
				places = end - 1 - n
				at += end
			} else {
				// Eight digits, up to eight more, and then up to three.
				m = eightDigits(x)
				x = w.load(at+9) ^ '0'*ones
				more := leadingDigits(x)
				if more < 8 {
					m = m*tenInt[more] + leadingNumber(x, more)
				} else {
					m = m*1e8 + eightDigits(x)
					x = w.load(at+17) ^ '0'*ones
					last := leadingDigits(x)
					if last > 3 {
						return i, pos
					}
					m = m*tenInt[last] + leadingNumber(x, last)
					more += last
				}
				places = 8 + more - n
				at += 9 + more
			}
		}
		v := math.NaN()
		if n > 0 {
			// The number is m × 10^-places. Where m is below 2^53 m and the
			// power of ten are float64s without an error, and the division
			// rounds once: to the nearest, as strconv does.
			if m >= 1<<53 {
				return i, pos
			}
			v = float64(int64(m)) / tenFloat[places]
			if w[at&63]|0x20 == 'e' {
				e, ok := w.exponent(at)
				if e -= places; !ok || e < -22 || e > 22 {
					return i, pos
				}
				v = float64(int64(m))
				if e < 0 {
					v /= tenFloat[-e]
				} else {
					v *= tenFloat[e]
				}
				at += 4
			}
			if negative {
				v = -v
			}
		}
		if w.load(at)&sh.endMask != sh.end || pos+at > arrived {
			return i, pos
		}
		values[i] = v
		pos += at + sh.endLen
	}
	return len(values), pos
}

// exponent reads e+09 or e-05.
func (w *window) exponent(at int) (int, bool) {
	tens, units := w[(at+2)&63]-'0', w[(at+3)&63]-'0'
	e := int(tens)*10 + int(units)
	if w[(at+1)&63] == '-' {
		e = -e
	} else if w[(at+1)&63] != '+' {
		return 0, false
	}
	return e, tens <= 9 && units <= 9
}

// A plain text is one of ASCII from ' to ~, without what its form gives a
// meaning to: < and > in XML, a backslash in JSON. What ends it is not plain.
const (
	formXML  = '<' * ones
	formJSON = '\\' * ones
)

// textEnd is where the text that begins at from ends: at the first byte of b
// that is not plain. It may be after arrived, where the bytes end that have
// arrived: the caller looks.
func textEnd(b []byte, from, arrived int, form uint64) int {
	for ; from < arrived; from += 8 {
		if stop := notPlain(binary.LittleEndian.Uint64(b[from:from+8]), form); stop != 0 {
			return from + bytesBefore(stop)
		}
	}
	return from
}

// notPlain sets the high bit of the first of eight bytes that is not plain.
//
// Adding 0x59 takes a byte from ' to ~ over 0x7f, and no byte below it; zero
// in special is what the form gives a meaning to. Where a carry or a borrow
// misleads, it is in a byte above one that was rightly found.
func notPlain(x, form uint64) uint64 {
	special := x ^ form
	if form == formXML {
		special &^= 0x02 * ones // > is < and this bit
	}
	return (^(x + 0x59*ones) | x | (special-ones)&^special) & highs
}

// skip goes over values that nobody wants, while they are spelled as sh says
// and plain, whatever they are.
func (sh *shape) skip(b []byte, pos, arrived int, values []float64, form uint64) (int, int) {
	for i := range values {
		if pos >= arrived {
			return i, pos
		}
		w := (*window)(b[pos : pos+scanWindow])
		if w.load(0)&sh.openMask != sh.open {
			return i, pos
		}
		// The text ends within the window, or it is not a usual one.
		at := sh.openLen
		for {
			stop := notPlain(w.load(at), form)
			if stop != 0 {
				at += bytesBefore(stop)
				break
			}
			if at += 8; at > scanWindow-16 {
				return i, pos
			}
		}
		if w.load(at)&sh.endMask != sh.end || pos+at+sh.seen > arrived {
			return i, pos
		}
		values[i] = math.NaN()
		pos += at + sh.endLen
	}
	return len(values), pos
}

// rareNumber reads a plain text that scan did not: 17 digits, 1e+300,
// -Infinity. It returns where that ends, or 0 if it has not arrived or is no
// number either.
func (d *Decoder) rareNumber(b []byte, from int, form uint64) (float64, int) {
	to := textEnd(b, from, d.src.end, form)
	if to >= d.src.end || to-from > maxValueBytes {
		return 0, 0
	}
	v, ok := parseValue(b[from:to])
	if !ok {
		return 0, 0
	}
	return v, to
}
