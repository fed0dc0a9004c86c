package xapitest

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"perfmon/rrd"
)

// The documents that XAPI's own library wrote, shared with the decoders'
// tests.
const fixtureDir = "../../rrd/testdata/rrd_updates"

var tiny = regexp.MustCompile(`([>,[])-?0\.0000\b`)

// readExpected builds a document from its expected.tsv.
func readExpected(t *testing.T, path string, v Version) *document {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	d := &document{}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch f[0] {
		case "M":
			d.start, d.step, d.end = number(f[1]), number(f[2]), number(f[3])
		case "C":
			d.legend = append(d.legend, strings.Join(f[2:], ":"))
		case "R":
			row := documentRow{t: number(f[1])}
			for _, c := range f[2:] {
				value, err := strconv.ParseFloat(c, 64)
				if err != nil {
					t.Fatal(err)
				}
				row.cells = append(row.cells, formatNumber(v, value))
			}
			d.rows = append(d.rows, row)
		}
	}
	return d
}

func TestDocumentBytes(t *testing.T) {
	folders := map[string]Version{"head": Head, "v24_19_2": V24, "r2013": R2013}
	compared := 0
	for folder, v := range folders {
		names, err := filepath.Glob(filepath.Join(fixtureDir, folder, "*.expected.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			base := strings.TrimSuffix(name, ".expected.tsv")
			d := readExpected(t, name, v)
			check := func(ext string, got []byte) {
				want, err := os.ReadFile(base + ext)
				if os.IsNotExist(err) {
					return
				}
				compared++
				if v == R2013 {
					// What is too small for four places reads as zero, and
					// cannot be told from it afterwards.
					want = tiny.ReplaceAll(want, []byte("${1}0.0"))
				}
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s%s differs (%v): got %d bytes beginning %.300s", base, ext, err, len(got), got)
				}
			}
			check(".xml", d.xml())
			check(".json", d.json(v))
		}
	}
	if compared < 60 {
		t.Errorf("compared %d documents, want 60 or more", compared)
	}
	t.Logf("%d documents are the same, byte for byte", compared)
}

// TestEncodersAgree ties the simulator's newest form to the encoder that our
// own web port uses.
func TestEncodersAgree(t *testing.T) {
	values := []float64{0.1, 0, 8589934592, 1e-9, -2.5}
	d := &document{start: 10, step: 5, end: 10, rows: []documentRow{{t: 10}}}
	h := &rrd.Header{Start: 10, Step: 5, End: 10, Rows: 1, Columns: len(values), Legend: &rrd.Legend{}}
	for i, v := range values {
		e := rrd.Entry{CF: rrd.Average, Class: rrd.ClassVM, UUID: "u", Name: "a<" + strconv.Itoa(i) + "\""}
		h.Legend.Entries = append(h.Legend.Entries, e)
		d.legend = append(d.legend, e.String())
		d.rows[0].cells = append(d.rows[0].cells, formatNumber(Head, v))
	}
	for format, got := range map[rrd.Format][]byte{rrd.FormatXML: d.xml(), rrd.FormatJSON: d.json(Head)} {
		var b bytes.Buffer
		enc := rrd.NewEncoder(&b, format)
		for _, err := range []error{enc.Header(h), enc.Row(10, values), enc.Close()} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, b.Bytes()) {
			t.Errorf("format %d:\n got %s\nwant %s", format, got, b.Bytes())
		}
	}
}

func TestNestedJSON(t *testing.T) {
	d := &document{start: 15, step: 5, end: 10}
	want := `{"meta":{"start":"15","step":"5","end":"10","rows":"0","columns":"0","legend":[],"data":[]}}`
	if got := string(d.json(V23)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := string(d.xml()), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xport><meta><start>15</start><step>5</step>"+
		"<end>10</end><rows>0</rows><columns>0</columns><legend/></meta><data/></xport>"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
