package metrics

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// coding is a content coding of HTTP.
type coding int

const (
	identity coding = iota
	gzipped
	zstandard
	codings = iota
)

// body is the part of an answer that is an edition in a form. What follows it
// changes more often; see end.
type body struct {
	bytes  []byte
	coding coding
	users  atomic.Int32 // answers that are being sent

	// Of what the gzip member has so far.
	crc, length uint32
}

// gzipHead begins a gzip member (RFC 1952): deflate, no name, no time, any
// system.
const gzipHead = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// windowSize is how far zstd looks back. Lines of the same object are as far
// apart as a family is long, some 100 bytes for each object: this reaches
// over two thousand. The gzip form can look back 32 KiB.
const windowSize = 256 << 10

func newEncoder() (*zstd.Encoder, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(windowSize))
	if err != nil {
		return nil, fmt.Errorf("make a zstd encoder: %w", err)
	}
	return e, nil
}

// fill takes what write writes into a body. The encoder is needed for zstd alone.
func (b *body) fill(write func(io.Writer) error, enc *zstd.Encoder) error {
	switch b.coding {
	case gzipped:
		b.bytes = append(b.bytes, gzipHead...)
		return write((*deflater)(b))
	case zstandard:
		enc.Reset((*collector)(&b.bytes))
		if err := write(enc); err != nil {
			return err
		}
		return enc.Close()
	}
	return write((*collector)(&b.bytes))
}

// end returns what has to be sent after the body so that an answer ends with
// the bytes of more, whose memory it may be.
//
// In the gzip form it is the rest of the same member, since there are clients
// that stop at the end of the first. In the zstd form it is a frame of its
// own, as RFC 8878 allows.
func (b *body) end(more []byte, enc *zstd.Encoder) ([]byte, error) {
	switch b.coding {
	case gzipped:
		var out collector
		if err := flate.StatelessDeflate(&out, more, true, nil); err != nil {
			return nil, err
		}
		out = binary.LittleEndian.AppendUint32(out, crc32.Update(b.crc, crc32.IEEETable, more))
		return binary.LittleEndian.AppendUint32(out, b.length+uint32(len(more))), nil
	case zstandard:
		if len(more) == 0 {
			return nil, nil
		}
		var out collector
		enc.Reset(&out)
		if _, err := enc.Write(more); err != nil {
			return nil, err
		}
		err := enc.Close()
		return out, err
	}
	return more, nil
}

// collector keeps what is written.
type collector []byte

func (c *collector) Write(p []byte) (int, error) {
	*c = append(*c, p...)
	return len(p), nil
}

// deflater adds what is written to a gzip member, as blocks that need nothing
// of those before them: so no compressor has to be kept from one answer to
// the next.
type deflater body

func (d *deflater) Write(p []byte) (int, error) {
	d.crc = crc32.Update(d.crc, crc32.IEEETable, p)
	d.length += uint32(len(p))
	if err := flate.StatelessDeflate((*collector)(&d.bytes), p, false, nil); err != nil {
		return 0, err
	}
	return len(p), nil
}
