package rrd

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// encode writes what r reads.
func encode(w io.Writer, r Reader, format Format) error {
	e := NewEncoder(w, format)
	header, err := r.Header()
	if err != nil {
		return err
	}
	if err := e.Header(header); err != nil {
		return err
	}
	for {
		row, err := r.Next()
		if err == io.EOF {
			return e.Close()
		}
		if err != nil {
			return err
		}
		if err := e.Row(row.T, row.Values); err != nil {
			return err
		}
	}
}

// TestEncodeExactly decodes the newest toolstack's documents and wants the
// encoder to write the same bytes, and the other form's as well.
func TestEncodeExactly(t *testing.T) {
	compareEncoded(t, filepath.Join("testdata", "rrd_updates", "head"))
}

func TestEncodeAllFixturesExactly(t *testing.T) {
	compareEncoded(t, filepath.Join(sharedFixtures(t), "rrd_updates", "head"))
}

func compareEncoded(t *testing.T, dir string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range paths {
		inXML := readFile(t, path)
		inJSON := readFile(t, strings.TrimSuffix(path, ".xml")+".json")
		for _, from := range [][]byte{inXML, inJSON} {
			for format, want := range map[Format][]byte{FormatXML: inXML, FormatJSON: inJSON} {
				var got bytes.Buffer
				if err := encode(&got, NewDecoder(bytes.NewReader(from), DecoderOptions{}), format); err != nil {
					t.Errorf("%s: %v", path, err)
				} else if !bytes.Equal(got.Bytes(), want) {
					t.Errorf("%s: format %d differs: want\n%s\ngot\n%s", path, format, want, got.Bytes())
				}
				n++
			}
		}
	}
	if n < 4*12 {
		t.Errorf("compared %d documents of %s, want at least 48", n, dir)
	}
	t.Logf("%s: compared %d documents", dir, n)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFormatFloat(t *testing.T) {
	for want, v := range map[string]float64{
		"0.0":                  0,
		"NaN":                  math.NaN(),
		"Infinity":             math.Inf(1),
		"-Infinity":            math.Inf(-1),
		"0.100000001490116":    float64(float32(0.1)),
		"8589934592":           8589934592,
		"999999986991104":      999999986991104,
		"1.00000002725642e+16": float64(float32(1e16)),
		"9.99999974737875e-05": float64(float32(1e-4)),
		"1.00052710352792e-42": float64(float32(1e-42)),
		"-1":                   -1,
	} {
		if got := FormatFloat(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
	if got := FormatFloat(math.Copysign(0, -1)); got != "0.0" {
		t.Errorf("negative zero: got %q, want 0.0 as the toolstack prints it", got)
	}
}

// TestEncodeEmpty and names that need escapes.
func TestEncodeEmpty(t *testing.T) {
	header := &Header{Start: 10, Step: 5, End: 5, Legend: &Legend{}}
	check := func(format Format, h *Header, want string) {
		t.Helper()
		var got bytes.Buffer
		e := NewEncoder(&got, format)
		if err := errors.Join(e.Header(h), e.Close()); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("got\n%s\nwant\n%s", got.String(), want)
		}
	}
	const meta = `<start>10</start><step>5</step><end>5</end><rows>0</rows><columns>0</columns>`
	const start = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<xport><meta>" + meta
	const jsonStart = `{"meta":{"start":"10","step":"5","end":"5","rows":"0","columns":"0","legend":[`
	check(FormatXML, header, start+`<legend/></meta><data/></xport>`)
	check(FormatJSON, header, jsonStart+`]},"data":[]}`)

	odd := *header
	odd.Legend = &Legend{
		Entries: []Entry{{CF: Average, Class: ClassVM, UUID: "u", Name: "<\"&'>\\\x01\x7f\t\uffff\xff"}, {}},
		Bad:     map[int]string{1: "three:parts:only"},
	}
	check(FormatXML, &odd, start+"<legend><entry>AVERAGE:vm:u:&lt;&quot;&amp;'&gt;\\\ufffd\x7f\t\ufffd\ufffd</entry>"+
		"<entry>three:parts:only</entry></legend></meta><data/></xport>")
	check(FormatJSON, &odd, jsonStart+`"AVERAGE:vm:u:<\"&'>\\\u0001\u007f\t`+"\uffff\ufffd"+`","three:parts:only"]},"data":[]}`)
}

func TestEncoderMisuse(t *testing.T) {
	legend := &Legend{Entries: make([]Entry, 2)}
	header := &Header{Step: 5, Legend: legend}
	fails := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", what, err, want)
		}
	}
	fails("format 0", NewEncoder(io.Discard, 0).Header(header), "unknown format 0")
	fails("no header", NewEncoder(io.Discard, FormatXML).Close(), "no header")
	fails("row first", NewEncoder(io.Discard, FormatXML).Row(1, nil), "before the header")
	e := NewEncoder(io.Discard, FormatJSON)
	if err := e.Header(header); err != nil {
		t.Fatal(err)
	}
	fails("header twice", e.Header(header), "second header")
	fails("after an error", e.Close(), "second header")
	e = NewEncoder(io.Discard, FormatJSON)
	e.Header(header)
	fails("short row", e.Row(1, []float64{1}), "row 0 has 1 values for 2 columns")
	e = NewEncoder(io.Discard, FormatJSON)
	e.Header(header)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	fails("row after close", e.Row(1, []float64{1, 2}), "closed")

	broken := errors.New("disk full")
	e = NewEncoder(brokenWriter{broken}, FormatXML)
	if err := e.Header(header); err != nil {
		t.Fatal(err) // still in the buffer
	}
	if err := e.Close(); !errors.Is(err, broken) {
		t.Errorf("close: %v, want it to wrap the writer's error", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }
