package rrd

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// decodeBoth decodes a document with and without the scanner, and wants the
// same of both: header, legend, rows to the last bit, and error.
func decodeBoth(t rapid.TB, document []byte, opts DecoderOptions, want []bool) (update, error) {
	t.Helper()
	general, generalErr := decodeOne(bytes.NewReader(document), opts, want, true)
	for how, r := range map[string]io.Reader{
		"whole":        bytes.NewReader(document),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(document)),
	} {
		if how != "whole" && len(document) > 16<<10 {
			continue // more of the same, and slow
		}
		scanned, err := decodeOne(r, opts, want, false)
		if fmt.Sprint(err) != fmt.Sprint(generalErr) {
			t.Fatalf("%s: error %v with the scanner, %v without, in\n%.2000q", how, err, generalErr, document)
		}
		if difference := differ(scanned, general); difference != "" {
			t.Fatalf("%s: the scanner makes a difference: %s, in\n%.2000q", how, difference, document)
		}
	}
	return general, generalErr
}

func decodeOne(r io.Reader, opts DecoderOptions, want []bool, general bool) (update, error) {
	d := NewDecoder(r, opts)
	d.general = general
	if _, err := d.Header(); err != nil {
		return update{}, err
	}
	d.Want(want)
	return collect(d)
}

// differ says in what two updates differ. Unlike ==, it tells 0 from -0.
func differ(a, b update) string {
	for i := range min(len(a.Rows), len(b.Rows)) {
		for c := range min(len(a.Rows[i].Values), len(b.Rows[i].Values)) {
			if v, w := a.Rows[i].Values[c], b.Rows[i].Values[c]; math.Float64bits(v) != math.Float64bits(w) {
				return fmt.Sprintf("row %d, column %d: %v and %v", i, c, v, w)
			}
		}
	}
	if !equalUpdates(a, b) {
		return fmt.Sprintf("%.1000v\nand %.1000v", a, b)
	}
	return ""
}

// TestScannerOnTestdata: all documents of testdata and of the shared folder,
// as they are and with columns that nobody wants.
func TestScannerOnTestdata(t *testing.T) {
	for _, document := range documents(t) {
		opts := DecoderOptions{AllowRagged: true}
		u, err := decodeBoth(t, document, opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]bool, len(u.Header.Legend.Entries))
		for i := range want {
			want[i] = i%3 == 0
		}
		decodeBoth(t, document, opts, want)
	}
}

// documents is every update of testdata, and of the shared fixtures if they
// are there.
func documents(t testing.TB) [][]byte {
	t.Helper()
	var paths []string
	for _, root := range []string{"testdata", filepath.Join("..", "..", "shared", "fixtures")} {
		for _, ext := range []string{"*.xml", "*.json"} {
			more, err := filepath.Glob(filepath.Join(root, "rrd_updates", "*", ext))
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, more...)
		}
	}
	if len(paths) < 60 {
		t.Fatalf("only %d documents", len(paths))
	}
	var all [][]byte
	for _, path := range paths {
		document, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, document)
	}
	return all
}

// oddities are what may stand in an XML document where toolstacks write
// nothing, and in place of a value.
var (
	xmlBetween = []string{
		" ", "\n\t", "<!-- c -->", "<!---->", "<?pi x?>", "text", "&amp;", "<![CDATA[]]>", "<![CDATA[ <v> ]]>", "<x/>", "<x><v>1</v></x>",
		"<v/>", "<v></v>", "<v>1</v>", "<t>5</t>", "</v>", "</row>", "</data>", "<row>", "<", ">", "&", "]]>", "\x01", "\xff", "é", "<entry>",
	}
	xmlInside = []string{
		" ", "\r\n", "<!-- c -->", "<![CDATA[1]]>", "&#49;", "&amp;", "<b/>", "e5", "E-3", "-", "+", ".", "0", "999999999999", "NaN", "inf",
		"Infinity", "x", "\\", "\"", "'", "µ", "\xb5", "\x00", "00000000000000000000", " class='x'",
	}
	oddNumbers = []string{
		".5", "5.", "-.5", "-", "+1", "1e5", "1e+5", "1e+05", "1E-05", "1e05", "1e+005", "1e+1x", "1e-x1", "1e+", ".5NaN", "-NaN", "+NaN", "nan", "1NaN",
		"-0", "-0.0", "00", "01.5", "1.2.3", "1.5e", "123456789012345", "1234567890123456", "12345678901234567", "12345678.", "12345678.5",
		"123456789.12345678", "123456789012345.1234567", "1234567.1234567890123456789", "0.1234567890123456789012", "9007199254740991", "9007199254740992",
		"9007199254740993", "0.9007199254740993", "1e22", "1.5e+22", "1e+23", "1e-22", "1.5e-22", "1e-23", "1e+99", "1e+308", "1e+309", "Infinity", "-Infinity", "x",
		"1.8446744073709551621", "184467440737095.51621", "1844674407370955.1621", "0.18446744073709551621", "36893488147419103233.5",
		"0x10", "1_0", "1:2", "1/2", "1;", "\u0661",
	}
	jsonInside = []string{
		" ", "\n", ",", "\"", "\\u0031", "\\\"", "[", "]", "{", "}", ":", "null", "1", "-", "e5", "NaN", "Infinity", "x", "\\", "é", "\xff", "\x00",
		"\"x\":1,", "[[]],", "00000000000000000000", ",\"0.5\"", "\"t\":5,",
	}
)

// TestScannerNoticesOddities puts one to four odd things into a document of a
// toolstack, and takes a byte out here and there.
func TestScannerNoticesOddities(t *testing.T) {
	all := documents(t)
	rapid.Check(t, func(t *rapid.T) {
		document := rapid.SampledFrom(all).Draw(t, "document")
		odd := jsonInside
		boundary := ",:\"]}"
		if document[0] == '<' {
			odd, boundary = append(xmlBetween, xmlInside...), "<>"
		}
		document = bytes.Clone(document[:min(len(document), 12<<10)])
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			at := rapid.IntRange(0, len(document)-1).Draw(t, "at")
			if rapid.Bool().Draw(t, "at a boundary") {
				if i := bytes.IndexAny(document[at:], boundary); i >= 0 {
					at += i + rapid.IntRange(0, 1).Draw(t, "after it")
				}
			}
			if rapid.IntRange(0, 3).Draw(t, "take out") == 0 && at < len(document) {
				document = append(document[:at], document[at+1:]...)
				continue
			}
			document = []byte(string(document[:at]) + rapid.SampledFrom(odd).Draw(t, "odd") + string(document[at:]))
		}
		opts := DecoderOptions{AllowRagged: rapid.Bool().Draw(t, "ragged")}
		var want []bool
		if rapid.Bool().Draw(t, "want") {
			want = rapid.SliceOfN(rapid.Bool(), 10, 10).Draw(t, "wanted")
		}
		decodeBoth(t, document, opts, want)
	})
}

// TestScannerOnNumbers: odd ones, read alike or refused alike.
func TestScannerOnNumbers(t *testing.T) {
	accepted := 0
	for _, number := range oddNumbers {
		for _, document := range []string{
			strings.Replace(plainXML, "0.25", number, 1), strings.Replace(plainXML, "0.25", number+" ", 1),
			strings.Replace(plainXML, "-Infinity", number, 1),
			strings.Replace(plainJSON, "0.25", number, 1), strings.Replace(plainJSON, "NaN", number, 1),
			strings.Replace(plainJSON, `"0.25"`, number, 1), strings.Replace(plainJSON, `"NaN"`, number, 1),
			`{meta: {` + bareMeta + bareLegend + `},data:[{t:1766000160,values:[` + number + `,` + number + `,` + number + `]}]}`,
		} {
			for _, want := range [][]bool{nil, {true, false, true}, {false, true}} {
				if _, err := decodeBoth(t, []byte(document), DecoderOptions{}, want); err == nil {
					accepted++
				}
			}
		}
	}
	if accepted < 500 {
		t.Errorf("only %d documents were accepted", accepted)
	}
}

// TestScannerOnTraps has documents in which something looks like what it is
// not.
func TestScannerOnTraps(t *testing.T) {
	replace := func(old, new string) string {
		t.Helper()
		for _, document := range []string{plainXML, plainJSON} {
			if strings.Contains(document, old) {
				return strings.Replace(document, old, new, 1)
			}
		}
		t.Fatalf("nothing like %q", old)
		return ""
	}
	const entry = "<entry>AVERAGE:host:b9a7:cpu0</entry>"
	for _, document := range []string{
		// Elements that end where they begin: what follows is not inside them.
		replace("<data>", "<data/>"), replace("<data>", "<data />"), replace("<legend>", "<legend/>"), replace("<meta>", "<meta/>"),
		replace("<xport>", "<xport/>"), replace("<row>", "<row/>"), replace("<row>", "<row a='/'>"), replace("<row>", "<row a='b'/>"),
		replace("<row>", "<row/><row>"), replace("<t>", "<t/>"), replace("<legend>", "<legend/><legend>"), replace("<v>0.0</v>", "<v/><v>0.0</v>"),
		// Texts that are no text.
		replace("cpu0", "cpu]]>0"), replace("cpu0", "cpu>0"), replace("0.25", "0]]>25"), replace("0.25", "0&25"), replace("0.25", "0&#50;"),
		replace("cpu0", "cpu\r\n0"), replace("cpu0", "cpu\x1f0"), replace("cpu0", "cpu\x7f0"), replace("cpu0", "cpu\x800"), replace("cpu0", "cpu&#x20;0"),
		replace(entry, "<entry> AVERAGE:host:b9a7:cpu0 </entry>"), replace(entry, "<entry>AVERAGE:host:b9a7:cpu0 </entry>"),
		// Texts that are too long.
		replace("<step>60", "<step>"+strings.Repeat("0", 5000)+"60"), replace("<t>", "<t>"+strings.Repeat("0", 5000)),
		replace("cpu0", strings.Repeat("x", 40<<10)), replace("cpu0", strings.Repeat("x", 70<<10)), replace("0.25", strings.Repeat("0", 5000)),
		replace(`"0.25"`, `"`+strings.Repeat("0", 5000)+`"`), replace(`:cpu0"`, `:`+strings.Repeat("x", 40<<10)+`"`),
	} {
		for _, want := range [][]bool{nil, {}, {true}} {
			decodeBoth(t, []byte(document), DecoderOptions{}, want)
		}
	}
}

// TestScannerOnKnownEntries: entries that spell those of the document before
// in bytes alone.
func TestScannerOnKnownEntries(t *testing.T) {
	xml := func(entries string) string {
		return "<xport><meta><start>5</start><step>5</step><end>5</end><legend>" + entries + "</legend></meta><data/></xport>"
	}
	quoted := func(entries string) string {
		return `{"meta":{"start":5,"step":5,"end":5,"legend":[` + entries + `]},"data":[]}`
	}
	bare := func(entries string) string { return `{meta:{start:5,step:5,end:5,legend:[` + entries + `]},data:[]}` }
	for _, c := range []struct{ before, now string }{
		{xml("<entry>a:b:c:x&lt;/entry>&lt;entry>a:b:c:y</entry>"), xml("<entry>a:b:c:x</entry><entry>a:b:c:y</entry>")},
		{xml("<entry>a:b:c:x&amp;lt;</entry>"), xml("<entry>a:b:c:x&lt;</entry>")},
		{xml("<entry>a:b:c:d</entry>"), xml("<entry>a:b:c d</entry>")},
		{xml("<entry>a:b:c:d</entry>"), xml("<entry>a:b.c:d</entry>")},
		{xml("<entry>a:b:c:d</entry>"), xml("<entry>a.b:c:d</entry>")},
		{xml("<entry>a:b:c:d</entry>"), xml("<entry>a:b:c:de</entry>")},
		{xml("<entry>a:b:c:d</entry>"), xml("<entry>a:b:c:d</entry><entry>e:b:c:d</entry>")},
		{xml("<entry>a:b:c:d</entry><entry>a:b:c:e</entry>"), xml("<entry>a:b:c:d</entry><entry></entry>")},
		{xml("<entry>a:b:c:d</entry><entry></entry>"), xml("<entry>a:b:c:d</entry><entry>:::</entry>")},
		{quoted(`"a:b:c:1","a:b:c:d\",\"a:b:c:e"`), quoted(`"a:b:c:1","a:b:c:d","a:b:c:e"`)},
		{quoted(`"a:b:c:1","a:b:c:\\u0041"`), quoted(`"a:b:c:1","a:b:c:\u0041"`)},
		{quoted(`"a:b:c:1","a:b:c:d"`), bare(`"a:b:c:1","a:b:c:d"e"`)},
		{bare(`"a:b:c:1","a:b:c:\d"`), quoted(`"a:b:c:1","a:b:c:\u0064"`)},
		{xml("<entry>a:b:c:x&lt;/entry>&lt;entry>a:b:c:y</entry>"), quoted(`"a:b:c:x</entry><entry>a:b:c:y"`)},
	} {
		for _, documents := range [][2]string{{c.before, c.now}, {c.now, c.before}, {c.now, c.now}} {
			d := NewDecoder(strings.NewReader(documents[0]), DecoderOptions{})
			if _, err := collect(d); err != nil {
				t.Fatal(err)
			}
			want, err := decodeOne(strings.NewReader(documents[1]), DecoderOptions{}, nil, true)
			if err != nil {
				t.Fatal(err)
			}
			d.Reset(strings.NewReader(documents[1]))
			got, err := collect(d)
			if err != nil {
				t.Fatalf("%s\nand then %s: %v", documents[0], documents[1], err)
			}
			if difference := differ(got, want); difference != "" {
				t.Errorf("%s\nand then %s: %s", documents[0], documents[1], difference)
			}
		}
	}
}

// TestScannerAtEnds: each byte of a document is once the last one that has
// arrived.
func TestScannerAtEnds(t *testing.T) {
	for _, document := range []string{plainXML, plainJSON, `{meta: {` + bareMeta + bareLegend + `},data:[{t:1766000160,values:[0.25,NaN,1]}]}`} {
		whole, err := decodeOne(strings.NewReader(document), DecoderOptions{}, nil, true)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(document) {
			r := io.MultiReader(strings.NewReader(document[:n]), strings.NewReader(document[n:]))
			got, err := decodeOne(r, DecoderOptions{}, nil, false)
			if err != nil {
				t.Fatalf("in two parts, at byte %d: %v", n, err)
			}
			if difference := differ(whole, got); difference != "" {
				t.Fatalf("in two parts, at byte %d: %s", n, difference)
			}
		}
	}
}

// TestScannerAllocations: what toolstacks write is read by the scanner, and not by
// the general decoder, which would give the same at many times the cost. The
// general one allocates for every element of XML.
func TestScannerAllocations(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	legend := &Legend{}
	for i := range 3000 {
		legend.Entries = append(legend.Entries, Entry{CF: Average, Class: ClassVM, UUID: fmt.Sprintf("%036d", i/30), Name: fmt.Sprint("cpu", i%30)})
	}
	for _, format := range []Format{FormatXML, FormatJSON} {
		var document bytes.Buffer
		e := NewEncoder(&document, format)
		if err := e.Header(&Header{Start: 5, Step: 5, End: 100, Rows: 20, Columns: 3000, Legend: legend}); err != nil {
			t.Fatal(err)
		}
		values := make([]float64, 3000)
		for i := range 20 {
			for c := range values {
				values[c] = benchValue(r, c)
			}
			if err := e.Row(int64(100-5*i), values); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		d := NewDecoder(nil, DecoderOptions{})
		body := bytes.NewReader(nil)
		n := testing.AllocsPerRun(5, func() {
			body.Reset(document.Bytes())
			d.Reset(body)
			if _, err := d.Header(); err != nil {
				t.Fatal(err)
			}
			for {
				if _, err := d.Next(); err == io.EOF {
					return
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
		if n > 64 {
			t.Errorf("format %d: %v allocations a document of 20 rows, want at most 64", format, n)
		}
		t.Logf("format %d: %v allocations", format, n)
	}
}
