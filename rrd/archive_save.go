package rrd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// The saved form of an RRD, version 1, all numbers little endian:
//
//	"perfmon rrd" 0x00 0x01           the last byte is the version
//	frame                             owner, time, shapes, number of data sources
//	frame ...                         one data source each
//	end of file
//
// A frame is the length of its body (4 bytes), the body, and the CRC-32C of
// both (4 bytes), so that damage is found where it is and a reader needs
// room for one frame only. Bodies are made of varints, float64s, and strings
// as length and bytes:
//
//	first    class, uuid, last update, number of archives,
//	         (points a row, rows) of each, number of data sources
//	others   name, seconds absent, sum and known seconds of the open point,
//	         then for each archive: value and unknown points of the open row,
//	         and its rows, oldest first, as runs: number of unknown rows,
//	         number of known rows, that many float32s; until all are there
const (
	saveMagic = "perfmon rrd\x00\x01"
	// maxFrame bounds what is read before its CRC is known. A data source
	// with all rows known needs some 8.7 KB.
	maxFrame = 32 << 10
	// maxOwnerBytes bounds the class and the uuid.
	maxOwnerBytes = 256
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DamageError says that a saved RRD is not as it was written: cut short,
// changed, or of another version.
type DamageError struct {
	Offset int64 // bytes from the start, of the frame or value that is wrong
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason)
}

// Save writes the RRD in a form that Load reads. It takes a copy first, some
// 1 to 9 KB a data source, so that a slow writer does not hold up updates.
func (r *RRD) Save(w io.Writer) error {
	r.mu.Lock()
	data := r.encode()
	r.mu.Unlock()
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("save archives: %w", err)
	}
	return nil
}

func (r *RRD) encode() []byte {
	out := []byte(saveMagic)
	body := appendString(nil, r.class)
	body = appendString(body, r.uuid)
	body = binary.AppendVarint(body, r.last)
	body = binary.AppendUvarint(body, uint64(len(archives)))
	for _, a := range archives {
		body = binary.AppendUvarint(body, uint64(a.pdps))
		body = binary.AppendUvarint(body, uint64(a.rows))
	}
	body = binary.AppendUvarint(body, uint64(len(r.sources)))
	out = appendFrame(out, body)
	for _, s := range r.sources {
		body = appendString(body[:0], s.name)
		body = binary.AppendVarint(body, s.absent)
		body = appendFloat(body, s.sum)
		body = binary.AppendVarint(body, s.known)
		for k := range archives {
			body = appendFloat(body, s.rows[k].value)
			body = binary.AppendVarint(body, s.rows[k].unknown)
			body = appendRing(body, s.rings[k], r.newest[k])
		}
		out = appendFrame(out, body)
	}
	return out
}

func appendFrame(out, body []byte) []byte {
	from := len(out)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(body)))
	out = append(out, body...)
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out[from:], castagnoli))
}

func appendString(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

func appendFloat(out []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(out, math.Float64bits(f))
}

// appendRing writes the rows of a ring whose newest one is at newest.
func appendRing(out []byte, ring []float32, newest int) []byte {
	n := len(ring)
	at := func(i int) float32 { return ring[(newest+1+i)%n] }
	for i := 0; i < n; {
		unknown := i
		for i < n && isNaN32(at(i)) {
			i++
		}
		known := i
		for i < n && !isNaN32(at(i)) {
			i++
		}
		out = binary.AppendUvarint(out, uint64(known-unknown))
		out = binary.AppendUvarint(out, uint64(i-known))
		for ; known < i; known++ {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(at(known)))
		}
	}
	return out
}

func isNaN32(f float32) bool { return f != f }

// Load reads what Save wrote, up to the end of r. What is not whole and
// sound is a *DamageError; an error of the reader itself is handed on. It
// reads a frame at a time and never takes more memory than an RRD of
// MaxDataSources.
func Load(r io.Reader) (*RRD, error) {
	l := loader{r: bufio.NewReader(r)}
	rrd, err := l.load()
	if err != nil {
		return nil, fmt.Errorf("load archives: %w", err)
	}
	return rrd, nil
}

// loader reads frames and knows where it is.
type loader struct {
	r      *bufio.Reader
	offset int64 // of what is read next
	buf    []byte
}

func (l *loader) load() (*RRD, error) {
	magic, err := l.read(len(saveMagic))
	if err != nil {
		return nil, err
	}
	version := len(saveMagic) - 1
	if string(magic[:version]) != saveMagic[:version] {
		return nil, &DamageError{0, fmt.Sprintf("starts with %q, which is no saved archive", magic)}
	}
	if magic[version] != saveMagic[version] {
		return nil, &DamageError{int64(version), fmt.Sprintf("version %d, and only %d can be read", magic[version], saveMagic[version])}
	}
	head, err := l.frame()
	if err != nil {
		return nil, err
	}
	rrd, count := head.owner()
	if err := head.end(); err != nil {
		return nil, err
	}
	for range count {
		f, err := l.frame()
		if err != nil {
			return nil, err
		}
		s := f.source(rrd.last)
		if err := f.end(); err != nil {
			return nil, err
		}
		if _, twice := rrd.index[s.name]; twice {
			return nil, &DamageError{f.offset, fmt.Sprintf("data source %q for the second time", s.name)}
		}
		rrd.index[s.name] = len(rrd.sources)
		rrd.sources = append(rrd.sources, s)
	}
	switch _, err := l.r.ReadByte(); {
	case err == nil:
		return nil, &DamageError{l.offset, "more data after the last data source"}
	case err != io.EOF:
		return nil, err
	}
	return rrd, nil
}

// read returns the next n bytes, valid until it is called again.
func (l *loader) read(n int) ([]byte, error) {
	l.buf = slices.Grow(l.buf[:0], n)[:n]
	got, err := io.ReadFull(l.r, l.buf)
	switch {
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &DamageError{l.offset + int64(got), "ends too early"}
	case err != nil:
		return nil, fmt.Errorf("read at byte %d: %w", l.offset+int64(got), err)
	}
	l.offset += int64(n)
	return l.buf, nil
}

// frame reads a frame and checks it. Its body is valid until the next one.
func (l *loader) frame() (*frame, error) {
	from := l.offset
	length, err := l.read(4)
	if err != nil {
		return nil, err
	}
	sum := crc32.Checksum(length, castagnoli)
	n := binary.LittleEndian.Uint32(length)
	if n > maxFrame {
		return nil, &DamageError{from, fmt.Sprintf("a frame of %d bytes, more than %d", n, maxFrame)}
	}
	data, err := l.read(int(n) + 4)
	if err != nil {
		return nil, err
	}
	body := data[:n]
	want := binary.LittleEndian.Uint32(data[n:])
	if got := crc32.Update(sum, castagnoli, body); got != want {
		return nil, &DamageError{from, fmt.Sprintf("checksum is %08x, want %08x", got, want)}
	}
	return &frame{offset: from + 4, body: body}, nil
}

// frame takes values off the front of a body. After the first wrong one it
// only returns zeros, and end says what was wrong.
type frame struct {
	offset int64 // of body in the file
	body   []byte
	err    error
}

func (f *frame) fail(format string, args ...any) {
	if f.err == nil {
		f.err = &DamageError{f.offset, fmt.Sprintf(format, args...)}
	}
	f.body = nil
}

func (f *frame) end() error {
	if len(f.body) > 0 {
		f.fail("%d bytes too many in a frame", len(f.body))
	}
	return f.err
}

func (f *frame) bytes(n int) []byte {
	if n > len(f.body) {
		f.fail("a frame ends too early")
		return nil
	}
	b := f.body[:n]
	f.body = f.body[n:]
	f.offset += int64(n)
	return b
}

// number reads a varint of what, which is to be from 0 to limit.
func (f *frame) number(what string, limit int64) int64 {
	v, n := binary.Varint(f.body)
	if n == 0 {
		f.fail("a frame ends too early")
		return 0
	}
	if n < 0 || v < 0 || v > limit {
		f.fail("%s is not from 0 to %d", what, limit)
		return 0
	}
	f.bytes(n)
	return v
}

// count reads a uvarint of what, which is to be from 0 to limit.
func (f *frame) count(what string, limit int) int {
	v, n := binary.Uvarint(f.body)
	if n == 0 {
		f.fail("a frame ends too early")
		return 0
	}
	if n < 0 || v > uint64(limit) {
		f.fail("%s is not from 0 to %d", what, limit)
		return 0
	}
	f.bytes(n)
	return int(v)
}

func (f *frame) string(what string, limit int) string {
	return string(f.bytes(f.count(what, limit)))
}

func (f *frame) float() float64 {
	b := f.bytes(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

// owner reads the body of the first frame.
func (f *frame) owner() (*RRD, int) {
	class := f.string("length of the class", maxOwnerBytes)
	uuid := f.string("length of the uuid", maxOwnerBytes)
	rrd := NewRRD(class, uuid)
	rrd.last = f.number("time of the last update", maxTime)
	if n := f.count("number of archives", math.MaxInt32); n != len(archives) {
		f.fail("%d archives, want %d", n, len(archives))
	}
	for _, a := range archives {
		pdps := f.count("points a row", math.MaxInt32)
		rows := f.count("rows", math.MaxInt32)
		if int64(pdps) != a.pdps || rows != a.rows {
			f.fail("an archive of %d rows of %d points, want %d of %d", rows, pdps, a.rows, a.pdps)
		}
	}
	for k, a := range archives {
		rrd.newest[k] = a.rows - 1
	}
	return rrd, f.count("number of data sources", MaxDataSources)
}

// source reads the body of a data source's frame.
func (f *frame) source(last int64) *dataSource {
	name := f.string("length of the name", MaxNameBytes)
	if name == "" {
		f.fail("a data source without a name")
	}
	s := newDataSource(name, last)
	s.absent = f.number("seconds absent", MaxAbsence)
	s.sum = f.float()
	s.known = f.number("known seconds", pdpSeconds)
	for k, a := range archives {
		s.rows[k].value = f.float()
		s.rows[k].unknown = f.number("unknown points", a.pdps)
		f.ring(s.rings[k])
	}
	return s
}

// ring fills a ring of unknown rows from its runs, oldest first.
func (f *frame) ring(ring []float32) {
	for len(ring) > 0 && f.err == nil {
		unknown := f.count("number of unknown rows", len(ring))
		ring = ring[unknown:]
		known := f.count("number of known rows", len(ring))
		if unknown == 0 && known == 0 {
			f.fail("an empty run of rows")
		}
		b := f.bytes(4 * known)
		for i := 0; i < len(b); i += 4 {
			ring[i/4] = math.Float32frombits(binary.LittleEndian.Uint32(b[i:]))
		}
		ring = ring[known:]
	}
}
