package rrd

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fullXMLDocument and fullJSONDocument say the same: two data sources, rows of
// 5 s and of 60 s.
const fullXMLDocument = `<?xml version="1.0" encoding="UTF-8"?>
<rrd><version>0003</version><step>5</step><lastupdate>1766000997</lastupdate>` +
	`<ds><name>cpu0</name><type>GAUGE</type><min>0.0</min><value>1.5</value></ds><ds><name>a&amp;b:c</name><type>GAUGE</type></ds>` +
	`<rra><cf>AVERAGE</cf><pdp_per_row>1</pdp_per_row><params><xff>0.5</xff></params><cdp_prep><ds><value>9</value></ds></cdp_prep>` +
	`<database><row><v>0.25</v><v>NaN</v></row><row><v>0.5</v><v>3</v></row><row><v>0.75</v><v>Infinity</v></row></database></rra>` +
	`<rra><cf>MAX</cf><pdp_per_row>12</pdp_per_row><params><xff>0.5</xff></params>` +
	`<database><row><v>1</v><v>2</v></row></database></rra></rrd>`

const fullJSONDocument = `{"version":"0003","step":"5","lastupdate":"1766000997.6","ds":[{"name":"cpu0","type":"GAUGE","min":"0.0"},{"name":"a&b:c"}],` +
	`"rra":[{"cf":"AVERAGE","pdp_per_row":"1","params":{"xff":"0.5"},"cdp_prep":{"ds":[{"value":"9"}]},` +
	`"database":[["0.25","NaN"],["0.5","3"],["0.75","Infinity"]]},` +
	`{"cf":"MAX","pdp_per_row":"12","params":{"xff":"0.5"},"database":[["1","2"]]}]}`

// fullBareDocument is the form of the toolstacks before 2013's end.
const fullBareDocument = `{version:"0003",step:5,lastupdate:1766000997.00,ds:[{name:"cpu0",type:"GAUGE"},{name:"a&b:c",min:0.0}],` +
	`rra:[{cf:"AVERAGE",pdp_per_row:1,params:{xff:0.5},database:[[0.25,NaN],[0.5,3],[0.75,Infinity]]},` +
	`{cf:"MAX",pdp_per_row:12,params:{xff:0.5},database:[[1,2]]}]}`

func fullUpdates(t *testing.T, f *Full) (all []update) {
	t.Helper()
	for _, a := range f.Archives {
		u, err := collect(f.Reader(a, f.Legend(a.CF, ClassHost, "h")))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

func TestFullForms(t *testing.T) {
	legend := func(cf CF) *Legend {
		return &Legend{Entries: []Entry{{cf, "host", "h", "cpu0"}, {cf, "host", "h", "a&b:c"}}}
	}
	want := []update{
		{
			Header{Start: 1766000985, Step: 5, End: 1766000995, Rows: 3, Columns: 2, Legend: legend(Average)},
			[]Row{{1766000995, []float64{0.75, math.Inf(1)}}, {1766000990, []float64{0.5, 3}}, {1766000985, []float64{0.25, math.NaN()}}},
		},
		{Header{Start: 1766000940, Step: 60, End: 1766000940, Rows: 1, Columns: 2, Legend: legend(Max)}, []Row{{1766000940, []float64{1, 2}}}},
	}
	pretty := strings.NewReplacer("<row>", "\n <!-- 2025-12-17 / 1766000985 -->\n  <row>", "<v>", "<v> ", "<name>", "<name> ", "</name>", " </name>").
		Replace(fullXMLDocument)
	for name, document := range map[string]string{
		"XML": fullXMLDocument, "JSON": fullJSONDocument, "bare JSON": fullBareDocument, "as rrdtool dumps": pretty, "mark": "\ufeff" + fullXMLDocument,
	} {
		for way, r := range map[string]io.Reader{"whole": strings.NewReader(document), "byte by byte": iotest.OneByteReader(strings.NewReader(document))} {
			f, err := ReadFull(r, DecoderOptions{})
			if err != nil {
				t.Errorf("%s, %s: %v", name, way, err)
				continue
			}
			if diff := cmp.Diff(want, fullUpdates(t, f), cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, way, diff)
			}
		}
		if !LooksFull([]byte(document[:60])) {
			t.Errorf("%s does not look like a full RRD", name)
		}
	}
	for _, document := range []string{plainXML, plainJSON, "", "<html><rrd>", "{", "[", `{"meta":{"step":1}}`} {
		if LooksFull([]byte(document)) {
			t.Errorf("%.40q looks like a full RRD", document)
		}
	}
}

func TestFullWant(t *testing.T) {
	f, err := ReadFull(strings.NewReader(fullXMLDocument), DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := f.Reader(f.Archives[0], f.Legend(Average, ClassVM, "u"))
	r.Want([]bool{true})
	row, err := r.Next()
	if err != nil || row.Values[0] != 0.75 || !math.IsNaN(row.Values[1]) {
		t.Errorf("got %v, %v; want 0.75 and NaN", row, err)
	}
}

// TestFullFixture reads what a toolstack's own library wrote.
func TestFullFixture(t *testing.T) {
	read := map[string]*Full{}
	for _, form := range []string{"xml", "json"} {
		f, err := ReadFull(fixtureFull(t, form), DecoderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		read[form] = f
	}
	x, j := fullUpdates(t, read["xml"]), fullUpdates(t, read["json"])
	if diff := cmp.Diff(x, j, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("JSON differs from XML (-xml +json):\n%s", diff)
	}
	type shape struct {
		CF               CF
		Step             int64
		Rows             int
		End              int64
		Oldest, Newest   float64
		KnownRows, First int64
	}
	var got []shape
	for i, a := range read["xml"].Archives {
		s := shape{CF: a.CF, Step: a.Step, Rows: len(x[i].Rows), End: x[i].Header.End}
		s.Newest, s.Oldest = x[i].Rows[0].Values[0], x[i].Rows[len(x[i].Rows)-1].Values[0]
		for _, row := range x[i].Rows {
			if !math.IsNaN(row.Values[0]) {
				s.KnownRows++
				s.First = row.T
			}
		}
		got = append(got, s)
	}
	nan := math.NaN()
	hour, day := int64(1765998000), int64(1765929600)
	want := []shape{
		{Average, 5, 120, 1766000995, 0.0344654992222786, 0.238547548651695, 120, 1766000400},
		{Average, 60, 120, 1766000940, nan, 0.0367451123893261, 16, 1766000040},
		{Min, 60, 120, 1766000940, nan, 0.0264948923140764, 16, 1766000040},
		{Max, 60, 120, 1766000940, nan, 0.0649707019329071, 16, 1766000040},
		{Average, 3600, 168, hour, nan, nan, 0, 0}, {Min, 3600, 168, hour, nan, nan, 0, 0}, {Max, 3600, 168, hour, nan, nan, 0, 0},
		{Average, 86400, 366, day, nan, nan, 0, 0}, {Min, 86400, 366, day, nan, nan, 0, 0}, {Max, 86400, 366, day, nan, nan, 0, 0},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func fixtureFull(t testing.TB, form string) io.Reader {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", "rrd_full", "full_host_rrd."+form+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFullBroken(t *testing.T) {
	x, j := fullXMLDocument, fullJSONDocument
	replace := strings.Replace
	for _, c := range []struct{ document, want string }{
		{"", "full RRD: byte 0: not a full RRD, neither in XML nor in JSON: the body is empty"},
		{"hello", `not a full RRD, neither in XML nor in JSON: the body begins with "hello"`},
		{"<!DOCTYPE html><html></html>", "not a full RRD"},
		{plainXML, "not a full RRD"},
		{plainJSON, "not a full RRD"},
		{x[:300], "unexpected EOF"},
		{j[:300], "unexpected EOF"},
		{x + "<rrd/>", "something follows </rrd>"},
		{j + "{", "'{' follows the document"},
		{replace(x, "<v>3</v>", "<v>3x</v>", 1), `value "3x" is not a number`},
		{replace(j, `"3"`, `"3x"`, 1), fmt.Sprintf(`byte %d: value "3x" is not a number`, strings.Index(j, `"3"`)+1)},
		{replace(x, "<v>3</v>", "", 1), "row 1 of archive 0 has 1 values, the first one 2"},
		{replace(x, "<ds><name>cpu0</name><type>GAUGE</type><min>0.0</min><value>1.5</value></ds>", "", 1), "archive 0 has rows of 2 values for 1 data sources"},
		{replace(x, "<name>cpu0</name>", "", 1), "a data source without a name"},
		{replace(x, "<row><v>1</v><v>2</v></row>", "<row/>", 1), "row 0 of archive 1 has 0 values"},
		{replace(x, "<step>5</step>", "", 1), "no step"},
		{replace(x, "<step>5</step>", "<step>0</step>", 1), "a step of 0 s is none"},
		{replace(x, "<step>5</step>", "<step>five</step>", 1), `step "five" is not a whole number`},
		{replace(x, "<lastupdate>1766000997</lastupdate>", "", 1), "no time of the last update"},
		{replace(x, "1766000997", "1e300", 1), "is not a whole number"},
		{replace(x, "<pdp_per_row>12<", "<pdp_per_row>9999999999999<", 1), "archive 1: 9999999999999 points in a row cannot be"},
		{replace(x, "<pdp_per_row>12</pdp_per_row>", "", 1), "archive 1: 0 points in a row cannot be"},
		{replace(x, "<rra>", strings.Repeat("<rra/>", 80)+"<rra>", 1), "more than 64 archives"},
	} {
		_, err := ReadFull(strings.NewReader(c.document), DecoderOptions{})
		var at *SyntaxError
		if !errors.As(err, &at) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: error %v, want a SyntaxError with %q", c.document, err, c.want)
		}
	}
	_, err := ReadFull(strings.NewReader(x), DecoderOptions{MaxBytes: 400})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("over the limit: error %v", err)
	}
	_, err = ReadFull(strings.NewReader(j), DecoderOptions{MaxColumns: 1})
	if err == nil || !strings.Contains(err.Error(), "more than 1 data sources") {
		t.Errorf("too many columns: error %v", err)
	}
	_, err = ReadFull(strings.NewReader("<html>"), DecoderOptions{})
	if !errors.Is(err, ErrNotFull) {
		t.Errorf("a page: error %v, want ErrNotFull", err)
	}
	_, err = ReadFull(iotest.ErrReader(errTorn), DecoderOptions{})
	if !errors.Is(err, errTorn) {
		t.Errorf("a reader that fails: error %v", err)
	}
}

var errTorn = errors.New("torn")

func FuzzReadFull(f *testing.F) {
	for _, document := range []string{fullXMLDocument, fullJSONDocument, fullBareDocument, plainXML, plainJSON, "", "<rrd/>", "{}"} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		opts := DecoderOptions{MaxBytes: 1 << 20}
		whole, err := ReadFull(bytes.NewReader(document), opts)
		bytewise, err2 := ReadFull(iotest.OneByteReader(bytes.NewReader(document)), opts)
		if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("whole: %v; byte by byte: %v", err, err2)
		}
		if err != nil {
			return
		}
		a, b := fullUpdates(t, whole), fullUpdates(t, bytewise)
		for i := range a {
			sameUpdate(t, "byte by byte", a[i], b[i])
			if n := len(a[i].Rows); n > 0 && a[i].Rows[0].T != a[i].Header.End {
				t.Fatalf("newest row at %d, end %d", a[i].Rows[0].T, a[i].Header.End)
			}
		}
	})
}
