package rrd

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What a host with 1000 guests answers to a monitor that was away for two
// hours: 30 columns a guest, 120 rows.
const (
	benchColumns = 30_000
	benchRows    = 120
)

// benchDocument makes such an answer, once: 72 MB of XML or 57 MB of JSON.
func benchDocument(b *testing.B, format Format) []byte {
	b.Helper()
	document, err := benchDocuments[format]()
	if err != nil {
		b.Fatal(err)
	}
	return document
}

var benchDocuments = map[Format]func() ([]byte, error){
	FormatXML:  sync.OnceValues(func() ([]byte, error) { return benchEncode(FormatXML) }),
	FormatJSON: sync.OnceValues(func() ([]byte, error) { return benchEncode(FormatJSON) }),
	benchShort: sync.OnceValues(func() ([]byte, error) {
		document, err := benchEncode(FormatXML)
		return shorten(document), err
	}),
}

// benchShort is the XML of toolstacks before 2025, 50 MB: five digits.
const benchShort Format = -1

func shorten(document []byte) []byte {
	return regexp.MustCompile(`<v>[0-9.e+-]+</v>`).ReplaceAllFunc(document, func(element []byte) []byte {
		v, err := strconv.ParseFloat(string(element[3:len(element)-4]), 64)
		if err != nil {
			panic(err)
		}
		text := []byte("<v>")
		if v == 0 {
			text = append(text, "0.0"...)
		} else {
			text = strconv.AppendFloat(text, v, 'g', 5, 64)
		}
		return append(text, "</v>"...)
	})
}

func benchEncode(format Format) ([]byte, error) {
	r := rand.New(rand.NewPCG(1, 2))
	legend := &Legend{}
	for i := range benchColumns {
		legend.Entries = append(legend.Entries, Entry{
			CF: Average, Class: ClassVM, Name: fmt.Sprintf("vbd_xvda_%d", i%30),
			UUID: fmt.Sprintf("%08x-faa0-98e3-3e60-b7018d331e17", i/30),
		})
	}
	var document bytes.Buffer
	e := NewEncoder(&document, format)
	end := int64(1766000160)
	if err := e.Header(&Header{
		Start: end - (benchRows-1)*60, Step: 60, End: end, Rows: benchRows, Columns: benchColumns, Legend: legend,
	}); err != nil {
		return nil, err
	}
	values := make([]float64, benchColumns)
	for i := range benchRows {
		for c := range values {
			values[c] = benchValue(r, c)
		}
		if err := e.Row(end-int64(i)*60, values); err != nil {
			return nil, err
		}
	}
	err := e.Close()
	return document.Bytes(), err
}

// benchValue is a sample of column c: as in an RRD it has been a float32.
func benchValue(r *rand.Rand, c int) float64 {
	switch c % 10 {
	case 0: // a counter at rest
		return 0
	case 1: // memory in bytes
		return float64(float32(r.IntN(1 << 34)))
	case 2: // memory in KiB
		return float64(r.IntN(1 << 24))
	case 3, 4: // bytes a second
		return float64(float32(r.ExpFloat64() * 1e5))
	case 5: // mostly idle
		if r.IntN(2) == 0 {
			return 0
		}
	case 6:
		if r.IntN(10) == 0 {
			return math.NaN()
		}
	}
	return float64(r.Float32())
}

func benchmarkDecode(b *testing.B, format Format, want func(column int) bool) {
	document := benchDocument(b, format)
	var columns []bool
	if want != nil {
		columns = make([]bool, benchColumns)
		for i := range columns {
			columns[i] = want(i)
		}
	}
	r := bytes.NewReader(nil)
	d := NewDecoder(nil, DecoderOptions{})
	decode := func() {
		r.Reset(document)
		d.Reset(r)
		if _, err := d.Header(); err != nil {
			b.Fatal(err)
		}
		d.Want(columns)
		for {
			if _, err := d.Next(); err == io.EOF {
				return
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	decode() // so that the legend is known
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	started := cpuTime()
	for b.Loop() {
		decode()
	}
	reportValues(b, started)
}

// cpuTime is what this process has had of the processors: other than the
// time on the wall it does not count who else is at work.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportValues(b *testing.B, started time.Duration) {
	spent := float64(cpuTime() - started)
	b.ReportMetric(spent/float64(b.N)/(benchColumns*benchRows), "cpu-ns/value")
}

func everyTenth(column int) bool { return column%10 == 0 }
func none(int) bool              { return false }

func BenchmarkDecodeXML(b *testing.B)      { benchmarkDecode(b, FormatXML, nil) }
func BenchmarkDecodeXMLShort(b *testing.B) { benchmarkDecode(b, benchShort, nil) }
func BenchmarkDecodeJSON(b *testing.B)     { benchmarkDecode(b, FormatJSON, nil) }

// BenchmarkSkip converts one column in ten, as a monitor does, or none.
func BenchmarkSkipXML(b *testing.B)     { benchmarkDecode(b, FormatXML, everyTenth) }
func BenchmarkSkipJSON(b *testing.B)    { benchmarkDecode(b, FormatJSON, everyTenth) }
func BenchmarkSkipAllXML(b *testing.B)  { benchmarkDecode(b, FormatXML, none) }
func BenchmarkSkipAllJSON(b *testing.B) { benchmarkDecode(b, FormatJSON, none) }

// BenchmarkCopy is what no decoder goes below: the bytes through the buffer.
func BenchmarkCopy(b *testing.B) {
	document := benchDocument(b, FormatXML)
	r := bytes.NewReader(nil)
	var s source
	b.SetBytes(int64(len(document)))
	started := cpuTime()
	for b.Loop() {
		r.Reset(document)
		s.reset(r, 0)
		for s.fill() {
			s.pos = s.end
		}
	}
	reportValues(b, started)
}

func BenchmarkEncodeXML(b *testing.B)  { benchmarkEncode(b, FormatXML) }
func BenchmarkEncodeJSON(b *testing.B) { benchmarkEncode(b, FormatJSON) }

func benchmarkEncode(b *testing.B, format Format) {
	u, err := collect(NewDecoder(bytes.NewReader(benchDocument(b, format)), DecoderOptions{}))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(benchDocument(b, format))))
	b.ReportAllocs()
	for b.Loop() {
		e := NewEncoder(io.Discard, format)
		if err := e.Header(&u.Header); err != nil {
			b.Fatal(err)
		}
		for _, row := range u.Rows {
			if err := e.Row(row.T, row.Values); err != nil {
				b.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
