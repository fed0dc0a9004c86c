package metrics

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The protobuf form is one MetricFamily after the other, each with its length
// before it (io.prometheus.client, metrics.proto of client_model):
//
//	MetricFamily  name = 1, help = 2, type = 3, metric = 4
//	Metric        label = 1, gauge = 2
//	LabelPair     name = 1, value = 2
//	Gauge         value = 1, a double
//
// A tag is the number of a field × 8 and how it is written: 0 is a varint,
// 1 eight bytes, 2 a length and so many bytes.
const (
	tagFamilyName   = 1<<3 | 2
	tagFamilyHelp   = 2<<3 | 2
	tagFamilyType   = 3 << 3
	tagFamilyMetric = 4<<3 | 2
	tagMetricLabel  = 1<<3 | 2
	tagMetricGauge  = 2<<3 | 2
	tagPairName     = 1<<3 | 2
	tagPairValue    = 2<<3 | 2
	tagGaugeValue   = 1<<3 | 1

	typeGauge = 1
)

// gaugeSize is a Gauge as a field of a Metric: two tags, its length and the
// double.
const gaugeSize = 3 + 8

// protobuf prints the delimited protobuf form.
func (e *edition) protobuf(p *printer) {
	b := p.b[:0]
	for i := range e.passages {
		part := &e.passages[i]
		if !p.only.wants(part.family.name) {
			continue
		}
		size := part.wireSize(&p.room)
		if size == 0 {
			continue
		}
		f := part.family
		size += fieldSize(len(f.name)) + fieldSize(len(f.help)) + 2
		b = binary.AppendUvarint(b, uint64(size))
		b = appendField(b, tagFamilyName, f.name)
		b = appendField(b, tagFamilyHelp, f.help)
		b = append(b, tagFamilyType, typeGauge)
		for list := part.series(); len(list) > 0; {
			values := part.fetch(list, &p.room)
			for i, v := range values {
				if !finite(v) {
					continue
				}
				frame, uuid := &part.sheet.frames[list[i].frame], part.sheet.uuids[list[i].uuid].plain
				b = append(b, tagFamilyMetric)
				b = binary.AppendUvarint(b, uint64(metricSize(frame, uuid)))
				b = append(b, frame.wireBefore...)
				b = appendWirePair(b, pair{uuidLabel, uuid})
				b = append(b, frame.wireAfter...)
				b = append(b, tagMetricGauge, 1+8, tagGaugeValue)
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
				if len(b) >= pieceSize {
					b = p.flush(b)
				}
			}
			if p.err != nil {
				return // whoever reads has gone
			}
			list = list[len(values):]
		}
	}
	p.flush(b)
}

// wireSize is that of all metrics of a family; 0 if there is none.
func (p *passage) wireSize(room *fetched) int {
	size := 0
	for list := p.series(); len(list) > 0; {
		values := p.fetch(list, room)
		for i, v := range values {
			if finite(v) {
				size += fieldSize(metricSize(&p.sheet.frames[list[i].frame], p.sheet.uuids[list[i].uuid].plain))
			}
		}
		list = list[len(values):]
	}
	return size
}

func metricSize(f *frame, uuid string) int {
	return len(f.wireBefore) + fieldSize(pairSize(uuidLabel, uuid)) + len(f.wireAfter) + gaugeSize
}

func pairSize(name, value string) int { return fieldSize(len(name)) + fieldSize(len(value)) }

// fieldSize is a tag, a length and so many bytes.
func fieldSize(n int) int { return 1 + (bits.Len(uint(n|1))+6)/7 + n }

func appendField(b []byte, tag byte, s string) []byte {
	b = binary.AppendUvarint(append(b, tag), uint64(len(s)))
	return append(b, s...)
}

// appendWirePair writes a LabelPair as a field of a Metric.
func appendWirePair(b []byte, p pair) []byte {
	b = binary.AppendUvarint(append(b, tagMetricLabel), uint64(pairSize(p.name, p.value)))
	b = appendField(b, tagPairName, p.name)
	return appendField(b, tagPairValue, p.value)
}
