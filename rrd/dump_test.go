package rrd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// dumpDocument has one entry that is not one, an unknown value and an infinity.
const dumpDocument = `<xport><meta><start>5</start><step>5</step><end>10</end><rows>2</rows><columns>3</columns>` +
	"<legend><entry>AVERAGE:vm:u:a\tb\n\"c</entry><entry>not a column</entry><entry>MAX:host:h:load:1</entry></legend></meta>" +
	`<data><row><t>10</t><v>0.5</v><v>NaN</v><v>-Infinity</v></row><row><t>5</t><v>1e6</v><v>-0</v><v>0.1</v></row></data></xport>`

func TestWriteTSV(t *testing.T) {
	const want = "M\t5\t5\t10\t2\t3\t3\n" +
		"C\t0\tAVERAGE\tvm\tu\ta\\tb\\n\"c\n" +
		"C\t1\t\t\t\tnot a column\n" +
		"C\t2\tMAX\thost\th\tload:1\n" +
		"R\t10\t0.5\tnan\t-inf\n" +
		"R\t5\t1000000\t-0\t0.10000000000000001\n"
	var got bytes.Buffer
	if err := WriteTSV(&got, NewDecoder(strings.NewReader(dumpDocument), DecoderOptions{})); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func TestWriteJSON(t *testing.T) {
	const want = `{"start":5,"step":5,"end":10,"rows":2,"columns":3}
{"column":0,"cf":"AVERAGE","class":"vm","uuid":"u","name":"a\tb\n\"c"}
{"column":1,"text":"not a column"}
{"column":2,"cf":"MAX","class":"host","uuid":"h","name":"load:1"}
{"t":10,"values":[0.5,null,"-Infinity"]}
{"t":5,"values":[1e+06,-0,0.1]}
{"end_of_update":true,"rows":2,"values":6,"checksum":"CHECKSUM"}
`
	var got bytes.Buffer
	if err := WriteJSON(&got, NewDecoder(strings.NewReader(dumpDocument), DecoderOptions{})); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	sum := Checksum(ChecksumSeed, []float64{0.5, math.NaN(), math.Inf(-1), 1e6, math.Copysign(0, -1), 0.1})
	head, tail, _ := strings.Cut(want, "CHECKSUM")
	if want := head + hex16(sum) + tail; got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func hex16(n uint64) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 16)
	for i := range b {
		b[i] = digits[n>>(60-4*i)&15]
	}
	return string(b)
}

// TestDumpBroken: what was there before the break is written, and the error
// tells.
func TestDumpBroken(t *testing.T) {
	broken := dumpDocument[:strings.Index(dumpDocument, "<v>0.1</v>")]
	for name, dump := range map[string]func(io.Writer, Reader) error{"TSV": WriteTSV, "JSON": WriteJSON} {
		var got bytes.Buffer
		err := dump(&got, NewDecoder(strings.NewReader(broken), DecoderOptions{}))
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: error %v, want an unexpected end", name, err)
		}
		if n := strings.Count(got.String(), "\n"); n != 5 {
			t.Errorf("%s: %d lines before the break, want 5:\n%s", name, n, got.String())
		}
		if strings.Contains(got.String(), "end_of_update") {
			t.Errorf("%s: says that the update ended:\n%s", name, got.String())
		}
	}
}

func TestSummarize(t *testing.T) {
	s, err := Summarize(NewDecoder(strings.NewReader(dumpDocument), DecoderOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	want := Summary{Start: 5, Step: 5, End: 10, Rows: 2, Columns: 3, Values: 6, Unknown: 1, Checksum: s.Checksum}
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	const line = "start=5 step=5 end=10 rows=2 columns=3 values=6 unknown=1 checksum="
	if got := s.String(); !strings.HasPrefix(got, line) || len(got) != len(line)+16 {
		t.Errorf("got %q", got)
	}
	s, err = Summarize(NewDecoder(strings.NewReader(dumpDocument[:len(dumpDocument)-1]), DecoderOptions{}))
	if err == nil || s.Rows != 2 {
		t.Errorf("truncated: %d rows, error %v; want 2 and an error", s.Rows, err)
	}
}

// TestChecksum has figures that any other implementation can be held to.
func TestChecksum(t *testing.T) {
	check := func(want uint64, values ...float64) {
		t.Helper()
		if got := Checksum(ChecksumSeed, values); got != want {
			t.Errorf("%v: got %#x, want %#x", values, got, want)
		}
	}
	check(0xcbf29ce484222325)
	check(0xaf63bd4c8601b7df, 0)
	check(0xf76112186c0f2fb7, 1, math.NaN(), -2.5) // as computed in Python
	otherNaN := math.Float64frombits(0xfff8000000000001)
	nan := Checksum(ChecksumSeed, []float64{math.NaN()})
	check(nan, otherNaN)
	if a, b := Checksum(ChecksumSeed, []float64{1, 2}), Checksum(ChecksumSeed, []float64{2, 1}); a == b {
		t.Error("the order does not matter")
	}
	path := filepath.Join("testdata", "rrd_updates", "head", "nan_60s.")
	a, err := Summarize(NewDecoder(bytes.NewReader(readFile(t, path+"xml")), DecoderOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Summarize(NewDecoder(bytes.NewReader(readFile(t, path+"json")), DecoderOptions{}))
	if err != nil || a != b {
		t.Errorf("XML %v, JSON %v, %v", a, b, err)
	}
}
