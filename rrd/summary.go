package rrd

import (
	"fmt"
	"io"
	"math"
)

// Summary is an update in a few numbers, to compare decoders with.
type Summary struct {
	Start, Step, End int64  // as the header has them
	Rows             int    // that came
	Columns          int    // of the legend
	Values           int64  // in all rows
	Unknown          int64  // of them NaN
	Checksum         uint64 // of the values' bits, see Checksum
}

// String is the summary on one line, without a line end.
func (s Summary) String() string {
	return fmt.Sprintf("start=%d step=%d end=%d rows=%d columns=%d values=%d unknown=%d checksum=%016x",
		s.Start, s.Step, s.End, s.Rows, s.Columns, s.Values, s.Unknown, s.Checksum)
}

// Summarize reads an update to its end, every value of it. On an error the
// summary is of what came before.
func Summarize(r Reader) (Summary, error) {
	s := Summary{Checksum: ChecksumSeed}
	header, err := r.Header()
	if err != nil {
		return s, err
	}
	s.Start, s.Step, s.End = header.Start, header.Step, header.End
	s.Columns = len(header.Legend.Entries)
	r.Want(nil)
	for {
		row, err := r.Next()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		s.Rows++
		s.Values += int64(len(row.Values))
		for _, v := range row.Values {
			if math.IsNaN(v) {
				s.Unknown++
			}
		}
		s.Checksum = Checksum(s.Checksum, row.Values)
	}
}

// ChecksumSeed is the checksum of no values: the offset basis of FNV-1a.
const ChecksumSeed uint64 = 14695981039346656037

// Checksum goes on with a checksum over more values. It is FNV-1a over words
// instead of bytes, so that any language repeats it in a line: for each
// value in document order,
//
//	h = (h XOR bits) * 1099511628211 modulo 2^64
//
// where bits are the IEEE 754 bits of the float64, 0x7ff8000000000000 for
// every NaN.
func Checksum(h uint64, values []float64) uint64 {
	for _, v := range values {
		bits := uint64(0x7ff8000000000000)
		if !math.IsNaN(v) {
			bits = math.Float64bits(v)
		}
		h = (h ^ bits) * 1099511628211
	}
	return h
}
