// Package corpus writes the documents that the decoders are measured with:
// what a toolstack answers for so many VMs, always the same values.
package corpus

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"

	"perfmon/rrd"
)

// Shape is the size of a document.
type Shape struct{ VMs, Rows int }

var (
	// Full is 1000 VMs of 30 columns and 120 rows: 3.6 million values.
	Full = Shape{1000, 120}
	// Small has every kind of value.
	Small = Shape{40, 9}
)

// Values is how many values a document has.
func (s Shape) Values() int { return s.VMs * len(sources) * s.Rows }

// Form is how a document is written.
type Form struct {
	Name   string
	JSON   bool
	Digits int // significant ones of a value
}

// Forms are those of toolstacks: numbers have been %.15g since 25.3, and were
// %.5g before.
var Forms = []Form{
	{Name: "xml15", Digits: 15},

	{Name: "json15", JSON: true, Digits: 15},
	{Name: "xml5", Digits: 5},
}

// seed of the values.
const seed = 5

// end is the time of the newest row, step the seconds between rows.
const (
	end  = 1766000100
	step = 5
)

// kind is what the values of a column are like.
type kind int

const (
	fraction kind = iota // of a CPU's or a disk's time
	rate                 // bytes a second, and idle now and then
	count                // requests a second: mostly none
	size                 // bytes, the same for long
)

// sources are the columns of a VM.
var sources = [...]struct {
	name string
	kind kind
}{
	{"cpu0", fraction}, {"cpu1", fraction}, {"cpu2", fraction}, {"cpu3", fraction}, {"cpu_usage", fraction},
	{"memory", size}, {"memory_target", size}, {"memory_internal_free", size},
	{"vif_0_rx", rate}, {"vif_0_tx", rate}, {"vif_1_rx", rate}, {"vif_1_tx", rate},
	{"vbd_xvda_read", rate}, {"vbd_xvda_write", rate}, {"vbd_xvda_read_latency", rate}, {"vbd_xvda_write_latency", rate},
	{"vbd_xvda_io_throughput_read", fraction}, {"vbd_xvda_io_throughput_write", fraction}, {"vbd_xvda_io_throughput_total", fraction},
	{"vbd_xvda_iops_read", count}, {"vbd_xvda_iops_write", count}, {"vbd_xvda_iops_total", count},
	{"vbd_xvda_iowait", fraction}, {"vbd_xvda_inflight", count}, {"vbd_xvda_latency", rate}, {"vbd_xvda_avgqu_sz", fraction},
	{"vbd_xvdb_read", rate}, {"vbd_xvdb_write", rate}, {"vbd_xvdb_iops_total", count}, {"vbd_xvdb_iowait", fraction},
}

// Names are the data sources of each VM.
func Names() []string {
	names := make([]string, len(sources))
	for i, c := range sources {
		names[i] = c.name
	}
	return names
}

// Wanted says whether a column is one that usual triggers read: three of
// thirty. It is what a reader asks for who leaves out the others.
func Wanted(column int) bool {
	switch column % len(sources) {
	case 4, 8, 13:
		return true
	}
	return false
}

// values are the values of the document in its order. They went through the
// toolstack's archives, which keep 32 bits.
type values struct{ r *rand.Rand }

func (g values) next(k kind) float64 {
	pick := g.r.IntN(1000)
	switch {
	case pick < 4:
		return math.NaN() // a source that was not there
	case pick == 4 && g.r.IntN(100) == 0:
		return math.Inf(1 - 2*g.r.IntN(2))
	}
	switch k {
	case size:
		return float64(1+g.r.IntN(64)) * (1 << 28)
	case count:
		if pick < 700 {
			return 0
		}
		return float64(float32(g.r.ExpFloat64() * 40))
	case rate:
		if pick < 365 {
			return 0
		}
		return float64(float32(g.r.ExpFloat64() * 30e3))
	default:
		return float64(float32(g.r.Float64() * math.Pow(10, -float64(g.r.IntN(3)))))
	}
}

// Write writes the document of a shape in a form.
func Write(w io.Writer, s Shape, f Form) error {
	out := bufio.NewWriterSize(w, 1<<20)
	if f.JSON {
		writeJSON(out, s, f)
	} else {
		writeXML(out, s, f)
	}
	return out.Flush()
}

// UUID is that of the nth VM.
func UUID(vm int) string {
	return fmt.Sprintf("%08x-faa0-98e3-3e60-b7018d331e17", uint32(vm)*2654435761)
}

// appendValue spells a value as toolstacks do.
func appendValue(b []byte, v float64, digits int) []byte {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return rrd.AppendFloat(b, v)
	}
	return strconv.AppendFloat(b, v, 'g', digits, 64)
}

// each calls row and value for all that a document has, newest row first.
func each(s Shape, row func(i int, t int64), value func(i int, v float64)) {
	g := values{rand.New(rand.NewPCG(seed, seed))}
	for i := range s.Rows {
		row(i, end-int64(i)*step)
		for c := range s.VMs * len(sources) {
			value(c, g.next(sources[c%len(sources)].kind))
		}
	}
}

// writeXML writes
//
//	<xport><meta>…<legend><entry>AVERAGE:vm:UUID:cpu0</entry>…</legend></meta><data><row><t>T</t><v>V</v>…</row>…</data></xport>
func writeXML(out *bufio.Writer, s Shape, f Form) {
	fmt.Fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xport><meta><start>%d</start><step>%d</step><end>%d</end><rows>%d</rows><columns>%d</columns><legend>",
		end-int64(s.Rows-1)*step, step, end, s.Rows, s.VMs*len(sources))
	for vm := range s.VMs {
		for _, c := range sources {
			fmt.Fprintf(out, "<entry>AVERAGE:vm:%s:%s</entry>", UUID(vm), c.name)
		}
	}
	out.WriteString("</legend></meta><data>")
	var b []byte
	each(s, func(i int, t int64) {
		if i > 0 {
			out.WriteString("</row>")
		}
		fmt.Fprintf(out, "<row><t>%d</t>", t)
	}, func(_ int, v float64) {
		b = append(b[:0], "<v>"...)
		b = appendValue(b, v, f.Digits)
		b = append(b, "</v>"...)
		out.Write(b)
	})
	out.WriteString("</row></data></xport>")
}

// writeJSON writes
//
//	{"meta":{"start":"S",…,"legend":["AVERAGE:vm:UUID:cpu0",…]},"data":[{"t":"T","values":["V",…]},…]}
func writeJSON(out *bufio.Writer, s Shape, f Form) {
	fmt.Fprintf(out, `{"meta":{"start":"%d","step":"%d","end":"%d","rows":"%d","columns":"%d","legend":[`,
		end-int64(s.Rows-1)*step, step, end, s.Rows, s.VMs*len(sources))
	for vm := range s.VMs {
		for i, c := range sources {
			if vm+i > 0 {
				out.WriteByte(',')
			}
			fmt.Fprintf(out, `"AVERAGE:vm:%s:%s"`, UUID(vm), c.name)
		}
	}
	out.WriteString(`]},"data":[`)
	var b []byte
	each(s, func(i int, t int64) {
		if i > 0 {
			out.WriteString("]},")
		}
		fmt.Fprintf(out, `{"t":"%d","values":[`, t)
	}, func(i int, v float64) {
		b = b[:0]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = appendValue(b, v, f.Digits)
		b = append(b, '"')
		out.Write(b)
	})
	out.WriteString("]}]}")
}
