package rrd

import (
	"bytes"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func FuzzDecodeXML(f *testing.F) {
	seed(f, ".xml")
	for _, document := range []string{
		plainXML, dumpDocument, "\ufeff" + plainXML, "<xport>", "<!DOCTYPE html><html>",
		`<?xml version="1.0" encoding="latin1"?>` + strings.ReplaceAll(plainXML, "µ", "\xb5"),
		strings.Replace(plainXML, "<v>NaN</v>", "<?p?><v><![CDATA[Na]]>N<!-- c --></v>", 1),
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(fuzzDecode)
}

func FuzzDecodeJSON(f *testing.F) {
	seed(f, ".json")
	for _, document := range []string{
		plainJSON, `{"meta":{` + jsonMeta + jsonLegend + `,` + jsonData + `}}`,
		`{meta: {` + bareMeta + bareLegend + `},data:[{t:1766000160,values:[0.25,NaN,1]}]}`,
		`{"x":[{"y":"\ud83d\ude00\u0000"}],"meta":{"legend":["\ud83d"],"start":1,"step":1,"end":1},"data":[]}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(fuzzDecode)
}

// seed adds the smaller documents of testdata.
func seed(f *testing.F, ext string) {
	paths, err := filepath.Glob(filepath.Join("testdata", "rrd_updates", "*", "*"+ext))
	if err != nil {
		f.Fatal(err)
	}
	n := 0
	for _, path := range paths {
		document, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(document) < 8<<10 {
			f.Add(document)
			n++
		}
	}
	if n < 10 {
		f.Fatalf("only %d seeds in testdata", n)
	}
}

// fuzzDecode wants the same answer with the scanner and without, whether the
// document comes whole or byte by byte, and what was decoded to survive both
// forms of the encoder.
func fuzzDecode(t *testing.T, document []byte) {
	opts := DecoderOptions{MaxBytes: 1 << 20}
	decodeBoth(t, document, opts, []bool{true, false, true})
	whole, err := decodeBoth(t, document, opts, nil)
	if err != nil {
		return
	}
	// An encoder rounds to 15 digits, and XML cannot carry every character:
	// so compare from the second round on.
	var last update
	for round := range 2 {
		for _, format := range []Format{FormatXML, FormatJSON} {
			var encoded bytes.Buffer
			if err := encode(&encoded, NewDecoder(bytes.NewReader(document), opts), format); err != nil {
				t.Fatalf("encode: %v", err)
			}
			got, err := decode(encoded.String())
			if err != nil {
				t.Fatalf("what we encoded: %v in\n%s", err, encoded.Bytes())
			}
			if len(got.Rows) != len(whole.Rows) || len(got.Header.Legend.Entries) != len(whole.Header.Legend.Entries) {
				t.Fatalf("format %d: %d rows and %d columns, want %d and %d", format, len(got.Rows),
					len(got.Header.Legend.Entries), len(whole.Rows), len(whole.Header.Legend.Entries))
			}
			if round > 0 {
				sameUpdate(t, "encoded again", last, got)
			}
			last, document = got, encoded.Bytes()
		}
	}
}

// sameUpdate compares by hand first: the fuzzer runs this a thousand times a
// second.
func sameUpdate(t *testing.T, what string, want, got update) {
	t.Helper()
	if !equalUpdates(want, got) {
		t.Fatalf("%s (-want +got):\n%s", what, cmp.Diff(want, got, cmpopts.EquateNaNs()))
	}
}

func equalUpdates(a, b update) bool {
	x, y := a.Header, b.Header
	if (x.Legend == nil) != (y.Legend == nil) || len(a.Rows) != len(b.Rows) {
		return false
	}
	if x.Legend != nil && (!slices.Equal(x.Legend.Entries, y.Legend.Entries) || !maps.Equal(x.Legend.Bad, y.Legend.Bad)) {
		return false
	}
	x.Legend, y.Legend = nil, nil
	for i, row := range a.Rows {
		other := b.Rows[i]
		if row.T != other.T || !slices.EqualFunc(row.Values, other.Values, func(v, w float64) bool {
			return v == w || math.IsNaN(v) && math.IsNaN(w)
		}) {
			return false
		}
	}
	return x == y
}

// FuzzScanner puts something odd into a document, anywhere, and wants the same
// answer with the scanner and without.
func FuzzScanner(f *testing.F) {
	seeds := 0
	for i, document := range documents(f) {
		if document = firstRow(document); len(document) > 12<<10 {
			continue
		}
		if _, err := decodeBoth(f, document, DecoderOptions{AllowRagged: true}, nil); err == nil {
			seeds++
		}
		f.Add(document, uint16(0), "")
		f.Add(document, uint16(i*7919), xmlBetween[i%len(xmlBetween)])
		f.Add(document, uint16(len(document)-i%300), oddNumbers[i%len(oddNumbers)])
		f.Add(document, uint16(len(document)*2/3+i), jsonInside[i%len(jsonInside)])
	}
	if seeds < 60 {
		f.Fatalf("only %d good documents", seeds)
	}
	f.Fuzz(func(t *testing.T, document []byte, at uint16, odd string) {
		n := min(int(at), len(document))
		document = []byte(string(document[:n]) + odd + string(document[n:]))
		decodeBoth(t, document, DecoderOptions{AllowRagged: len(odd)%2 == 1}, nil)
		decodeBoth(t, document, DecoderOptions{MaxBytes: 1 << 20}, []bool{false, true, true, false, true})
	})
}

// firstRow is a document without its rows but the first.
func firstRow(document []byte) []byte {
	between, end := "</row>", "</data></xport>"
	if document[0] == '{' {
		between, end = "]},{", "]}]}"
	}
	first := bytes.Index(document, []byte(between))
	if first < 0 {
		return document
	}
	if document[0] != '{' {
		first += len(between)
	}
	return append(bytes.Clone(document[:first]), end...)
}
