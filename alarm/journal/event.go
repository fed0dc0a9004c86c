package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"perfmon/alarm"
)

// eventVersion is the first byte of an encoded event. The fields follow in
// the order of appendEvent: strings as a length (uvarint) and bytes, integers
// as varints, floats as their 8 bits patterns (little endian), flags as one
// byte, labels as a count and pairs in order of their names.
const eventVersion = 1

// Bits of the flags byte.
const (
	flagKnown = 1 << iota
	flagLow
	flagInhibited
	flagSilenced
)

// maxLabels bounds what a damaged count can make us allocate.
const maxLabels = 1000

// appendEvent appends the encoding of e to b.
func appendEvent(b []byte, e *alarm.Event) []byte {
	b = append(b, eventVersion)
	for _, s := range []string{
		e.Class, e.UUID, e.Variable, string(e.Kind), e.HostUUID, e.PoolUUID, e.Name, e.Epoch,
		e.State, string(e.Severity), string(e.Reason), e.Body,
	} {
		b = appendString(b, s)
	}
	for _, n := range []int64{e.Sequence, e.Announce, e.Time, e.Since, e.Period, e.Priority, e.TTL} {
		b = binary.AppendVarint(b, n)
	}
	for _, f := range []float64{e.Value, e.Level} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}
	var flags byte
	for bit, set := range map[byte]bool{flagKnown: e.Known, flagLow: e.Low, flagInhibited: e.Inhibited, flagSilenced: e.Silenced} {
		if set {
			flags |= bit
		}
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(e.Labels)))
	for _, name := range slices.Sorted(maps.Keys(e.Labels)) {
		b = appendString(appendString(b, name), e.Labels[name])
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decodeEvent is the reverse of appendEvent. What it returns shares no memory
// with b.
func decodeEvent(b []byte) (*alarm.Event, error) {
	if len(b) == 0 || b[0] != eventVersion {
		return nil, fmt.Errorf("decode event: version %.1q is not known", b)
	}
	r := reader{rest: b[1:]}
	e := &alarm.Event{
		ID:   alarm.ID{Class: r.text(), UUID: r.text(), Variable: r.text()},
		Kind: alarm.Kind(r.text()), HostUUID: r.text(), PoolUUID: r.text(), Name: r.text(), Epoch: r.text(),
		State: r.text(), Severity: alarm.Severity(r.text()), Reason: alarm.Reason(r.text()), Body: r.text(),
		Sequence: r.varint(), Announce: r.varint(), Time: r.varint(), Since: r.varint(),
		Period: r.varint(), Priority: r.varint(), TTL: r.varint(),
		Value: r.float(), Level: r.float(),
	}
	flags := r.byte()
	e.Known, e.Low = flags&flagKnown != 0, flags&flagLow != 0
	e.Inhibited, e.Silenced = flags&flagInhibited != 0, flags&flagSilenced != 0
	e.Labels = r.labels()
	if len(r.rest) > 0 {
		r.bad = true
	}
	if r.bad {
		return nil, errors.New("decode event: it is cut short, or too long")
	}
	return e, nil
}

// reader takes values from the front of rest. Once bad it gives zeros.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.take(uint64(n))
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.take(uint64(n))
	return v
}

func (r *reader) text() string { return string(r.take(r.uvarint())) }

func (r *reader) float() float64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func (r *reader) byte() byte {
	b := r.take(1)
	if b == nil {
		return 0
	}
	return b[0]
}

func (r *reader) labels() map[string]string {
	n := r.uvarint()
	if n > maxLabels {
		r.bad = true
	}
	if r.bad || n == 0 {
		return nil
	}
	labels := make(map[string]string, n)
	for range n {
		name := r.text()
		labels[name] = r.text()
	}
	return labels
}
