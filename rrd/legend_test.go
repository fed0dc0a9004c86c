package rrd

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// TestLegends has one decoder read documents whose legends change in all
// manner of ways, and wants each as a new decoder without a scanner reads it;
// the pointer stays exactly when the text does.
func TestLegends(t *testing.T) {
	names := []string{"cpu0", "cpu1", "a:b", "a&b", `q"`, `back\slash`, "µ", "x<y", "tab\there", " lead", "end ", "", "]]>"}
	rapid.Check(t, func(t *rapid.T) {
		entry := rapid.Custom(func(t *rapid.T) string {
			if rapid.IntRange(0, 15).Draw(t, "bad") == 0 {
				return rapid.SampledFrom([]string{"", "x", ":::", "AVERAGE:vm:u", "::", "a:b:c:d"}).Draw(t, "malformed")
			}
			return fmt.Sprintf("%s:vm:u%d:%s", rapid.SampledFrom([]string{"AVERAGE", "MAX"}).Draw(t, "cf"),
				rapid.IntRange(0, 2).Draw(t, "uuid"), rapid.SampledFrom(names).Draw(t, "name"))
		})
		legend := rapid.SliceOfN(entry, 0, 8).Draw(t, "legend")
		d := NewDecoder(nil, DecoderOptions{})
		var last *Legend
		for range rapid.IntRange(1, 6).Draw(t, "documents") {
			before := fmt.Sprintf("%q", legend)
			switch rapid.IntRange(0, 4).Draw(t, "change") {
			case 0:
				at := rapid.IntRange(0, len(legend)).Draw(t, "at")
				legend = append(legend[:at:at], append([]string{entry.Draw(t, "new")}, legend[at:]...)...)
			case 1:
				if len(legend) > 0 {
					at := rapid.IntRange(0, len(legend)-1).Draw(t, "at")
					legend = append(legend[:at:at], legend[at+1:]...)
				}
			case 2:
				legend = rapid.SliceOfN(entry, 0, 8).Draw(t, "another")
			}
			document := legendDocument(legend, rapid.Bool().Draw(t, "json"))
			if rapid.IntRange(0, 9).Draw(t, "broken") == 0 {
				d.Reset(bytes.NewReader(document[:len(document)*2/3]))
				if _, err := collect(d); err == nil {
					t.Fatal("no error of half a document")
				}
			}
			want, wantErr := decodeOne(bytes.NewReader(document), DecoderOptions{}, nil, true)
			d.Reset(bytes.NewReader(document))
			got, err := collect(d)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("error %v, without the scanner %v, in\n%s", err, wantErr, document)
			}
			if err != nil {
				continue
			}
			if difference := differ(got, want); difference != "" {
				t.Fatalf("%s, in\n%s", difference, document)
			}
			same := last != nil && fmt.Sprintf("%q", legend) == before
			if same && got.Header.Legend != last {
				t.Fatalf("another legend for the same entries %q", legend)
			}
			if got.Header.Legend == last && last != nil && len(last.Entries) != len(legend) {
				t.Fatalf("the same legend for other entries %q", legend)
			}
			last = got.Header.Legend
		}
	})
}

func legendDocument(legend []string, json bool) []byte {
	var b []byte
	if !json {
		b = append(b, `<xport><meta><start>5</start><step>5</step><end>5</end><legend>`...)
		for _, text := range legend {
			b = append(b, "<entry>"...)
			b = appendXMLText(b, text)
			b = append(b, "</entry>"...)
		}
		return append(b, "</legend></meta><data/></xport>"...)
	}
	b = append(b, `{"meta":{"start":"5","step":"5","end":"5","legend":[`...)
	for i, text := range legend {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = appendJSONText(b, text)
		b = append(b, '"')
	}
	return append(b, `]},"data":[]}`...)
}

// TestLegendIsSmall: entries share their strings, also with the legend before.
func TestLegendIsSmall(t *testing.T) {
	var legend []string
	for i := range 90 {
		legend = append(legend, fmt.Sprintf("AVERAGE:vm:0000-%d:cpu%d", i/30, i%30))
	}
	d := NewDecoder(bytes.NewReader(legendDocument(legend, false)), DecoderOptions{})
	first, err := d.Header()
	if err != nil {
		t.Fatal(err)
	}
	distinct := map[*byte]bool{}
	count := func(l *Legend) {
		for _, e := range l.Entries {
			for _, s := range []string{string(e.CF), e.Class, e.UUID, e.Name} {
				distinct[unsafe.StringData(s)] = true
			}
		}
	}
	count(first.Legend)
	if want := 1 + 1 + 3 + 30; len(distinct) != want {
		t.Errorf("%d strings in memory, want %d", len(distinct), want)
	}
	d.Reset(bytes.NewReader(legendDocument(legend[:60], true)))
	second, err := d.Header()
	if err != nil {
		t.Fatal(err)
	}
	before := len(distinct)
	count(second.Legend)
	if second.Legend == first.Legend || len(distinct) != before {
		t.Errorf("%d strings in memory after a shorter legend, want still %d", len(distinct), before)
	}
}
