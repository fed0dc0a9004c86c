package rrd

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// update is a whole decoded document.
type update struct {
	Header Header
	Rows   []Row
}

// collect reads r to its end.
func collect(r Reader) (update, error) {
	header, err := r.Header()
	if err != nil {
		return update{}, err
	}
	u := update{Header: *header}
	for {
		row, err := r.Next()
		if err == io.EOF {
			return u, nil
		}
		if err != nil {
			return u, err
		}
		row.Values = append([]float64{}, row.Values...)
		u.Rows = append(u.Rows, row)
	}
}

func decode(document string) (update, error) {
	return collect(NewDecoder(strings.NewReader(document), DecoderOptions{}))
}

// plain is what every document of TestShapes says.
var plain = update{
	Header: Header{Start: 1766000100, Step: 60, End: 1766000160, Rows: 2, Columns: 3, Legend: &Legend{Entries: []Entry{
		{CF: Average, Class: ClassHost, UUID: "b9a7", Name: "cpu0"},
		{CF: Max, Class: ClassVM, UUID: "5d0c", Name: `a:b "&<>' \µ`},
		{CF: Last, Class: ClassSR, UUID: "77f1", Name: "size"},
	}}},
	Rows: []Row{
		{T: 1766000160, Values: []float64{0.25, math.NaN(), 1.3411e+08}},
		{T: 1766000100, Values: []float64{0, math.Inf(1), math.Inf(-1)}},
	},
}

const (
	plainMeta = `<meta><start>1766000100</start><step>60</step><end>1766000160</end><rows>2</rows><columns>3</columns>` +
		`<legend><entry>AVERAGE:host:b9a7:cpu0</entry><entry>MAX:vm:5d0c:a:b &quot;&amp;&lt;&gt;' \µ</entry>` +
		`<entry>LAST:sr:77f1:size</entry></legend></meta>`
	plainData = `<data><row><t>1766000160</t><v>0.25</v><v>NaN</v><v>1.3411e+08</v></row>` +
		`<row><t>1766000100</t><v>0.0</v><v>Infinity</v><v>-Infinity</v></row></data>`
	plainXML = `<xport>` + plainMeta + plainData + `</xport>`

	jsonMeta   = `"start":"1766000100","step":"60","end":"1766000160","rows":"2","columns":"3",`
	jsonLegend = `"legend":["AVERAGE:host:b9a7:cpu0","MAX:vm:5d0c:a:b \"&<>' \\µ","LAST:sr:77f1:size"]`
	jsonData   = `"data":[{"t":"1766000160","values":["0.25","NaN","1.3411e+08"]},` +
		`{"t":"1766000100","values":["0.0","Infinity","-Infinity"]}]`
	plainJSON = `{"meta":{` + jsonMeta + jsonLegend + `},` + jsonData + `}`

	bareMeta   = `start:1766000100,step:60,end:1766000160,rows:2,columns:3,`
	bareLegend = `legend:["AVERAGE:host:b9a7:cpu0","MAX:vm:5d0c:a:b "&<>' \µ","LAST:sr:77f1:size"]`
)

// TestShapes has the same update in every form that a toolstack has written,
// or that a person might hand in.
func TestShapes(t *testing.T) {
	for name, document := range map[string]string{
		"2025 XML":                    `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + plainXML,
		"2025 JSON":                   plainJSON,
		"2023 JSON, data inside meta": `{"meta":{` + jsonMeta + jsonLegend + `,` + jsonData + `}}`,
		"2020 JSON, bare keys and %.5g": `{meta: {` + bareMeta + bareLegend + `},data:[` +
			`{t:1766000160,values:[0.25,NaN,1.3411e+08]},{t:1766000100,values:[0.0,Infinity,-Infinity]}]}`,
		"2015 JSON, bare keys and %.4f": `{meta: {` + bareMeta + bareLegend + `},data:[` +
			`{t:1766000160,values:[0.2500,NaN,134110000.0000]},{t:1766000100,values:[0.0,Infinity,-Infinity]}]}`,
		"2013 XML, %.4f": `<xport>` + plainMeta + strings.NewReplacer("0.25", "0.2500", "1.3411e+08", "134110000.0000").
			Replace(plainData) + `</xport>`,
		"JSON with quoted keys and bare numbers": `{"meta":{"start":1766000100,"step":60,"end":1766000160,"rows":2,"columns":3,` +
			jsonLegend + `},"data":[{"t":1766000160,"values":[0.25,NaN,1.3411e+08]},` +
			`{"t":1766000100,"values":[0,Infinity,-Infinity]}]}`,
		"JSON, other spellings and order": `{"data_version":{"a":[1,{"b":null}],"c":"x"},"meta":{"legend" : ` +
			strings.TrimPrefix(jsonLegend, `"legend":`) + `, "columns":3.0,"extra":[[],{}],"rows":"2","end":1766000160.0,` +
			`"step":"6e1","start":"1766000100"},"data":[{"values":["0.25"` + "\n" + `,"nan","134110000"],"t":"1766000160"},` +
			`{"t":"1766000100","note":{"x":true},"values":["-0.0","+inf","-INF"]}],"tail":[1]}` + "\r\n",
		"JSON escapes": `{"meta":{` + jsonMeta + `"legend":["AVERAGE:host:b9a7:\u0063pu0","MAX:vm:5d0c:a:b \u0022\u0026\u003C\u003e' \\\u00B5",` +
			`"LAST:sr\u003a77f1:size"]},` + jsonData + `}`,
		"JSON, a byte order mark": "\ufeff" + plainJSON,
		"JSON, data inside meta with members after it": `{"meta":{` + jsonMeta + jsonLegend + `,` + jsonData +
			`,"z":{"y":[0]}},"more":"no"}`,
		"XML, a byte order mark": "\ufeff" + plainXML,
		"XML, pretty-printed": `<?xml version="1.0"?>` + "\n<!DOCTYPE xport [<!ELEMENT xport ANY>]>\n<!-- head -->\n" +
			strings.NewReplacer("<entry>", "<entry>\n\t\t", "</entry>", "\n</entry>", "<v>", "<v> ", "</t>", "\n</t>").
				Replace(strings.ReplaceAll(plainXML, "><", ">\n\t<")) + "\n<!-- tail -->\n<?done yes?>\n",
		"XML, comments, stray text, unknown elements": strings.NewReplacer(
			"<meta>", "text &amp; more<!-- a > b --><meta class='x' y=\"z\"><from><rows>9</rows></from>",
			"</row>", "<w/>,</row>;", "<data>", "<data><?pi?><col><v>1</v></col>", "</data>", "</data><end>0</end>",
			"<v>0.25</v>", "<v>0.<!-- half -->2<?x?>5</v>").Replace(plainXML),
		"XML, CDATA and character references": strings.NewReplacer(
			"<v>NaN</v>", "<v><![CDATA[Na]]>N</v>", "cpu0", "c&#112;u&#x30;",
			"a:b &quot;&amp;&lt;&gt;' \\µ", `<![CDATA[a:b "&<>]]>&apos; \&#181;`).Replace(plainXML),
		"XML, order of the numbers": strings.Replace(plainXML, "<start>1766000100</start><step>60</step>",
			"<step>60</step><start> +1766000100.0 </start>", 1),
		"XML, ISO-8859-1": `<?xml version="1.0" encoding="ISO-8859-1"?>` + strings.ReplaceAll(plainXML, "µ", "\xb5"),
		"XML, US-ASCII":   `<?xml version="1.0" encoding="us-ascii"?>` + strings.ReplaceAll(plainXML, "µ", "&#xb5;"),
		"XML, a row's time last": strings.Replace(plainXML, "<t>1766000160</t><v>0.25</v><v>NaN</v><v>1.3411e+08</v>",
			"<v>0.25</v><v>NaN</v><v>1.3411e+08</v><t>1766000160</t>", 1),
	} {
		for how, r := range map[string]io.Reader{
			"whole":        strings.NewReader(document),
			"byte by byte": iotest.OneByteReader(strings.NewReader(document)),
			"with the end": iotest.DataErrReader(strings.NewReader(document)),
		} {
			got, err := collect(NewDecoder(r, DecoderOptions{}))
			if err != nil {
				t.Errorf("%s, %s: %v in\n%s", name, how, err, document)
			} else if diff := cmp.Diff(plain, got, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, how, diff)
			}
		}
	}
}

// TestNothing: no columns, no rows.
func TestNothing(t *testing.T) {
	want := update{Header: Header{Start: 10, Step: 5, End: 5, Legend: &Legend{Entries: []Entry{}}}}
	for _, document := range []string{
		`<xport><meta><start>10</start><step>5</step><end>5</end><rows>0</rows><columns>0</columns><legend/></meta><data/></xport>`,
		`<xport><meta><start>10</start><step>5</step><end>5</end><legend></legend></meta><data> </data></xport>`,
		`{"meta":{"start":"10","step":"5","end":"5","rows":"0","columns":"0","legend":[]},"data":[]}`,
		`{meta: {start:10,step:5,end:5,rows:0,columns:0,legend:[]},data:[]}`,
	} {
		got, err := decode(document)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", document, err, diff)
		}
	}
	got, err := decode(`{"meta":{"start":0,"step":5,"end":0,"legend":[]},"data":[{"t":1,"values":[]}]}`)
	if err != nil || len(got.Rows) != 1 {
		t.Errorf("a row of no columns: %v, %v", got, err)
	}
}

// TestSurrogates: pairs, halves, and bytes that are no UTF-8, in names.
func TestSurrogates(t *testing.T) {
	for in, want := range map[string]string{
		`\ud83d\ude00`:        "😀",
		`\uD83D\uDE00x`:       "😀x",
		`\ud83d`:              "\ufffd",
		`\ud83dx`:             "\ufffdx",
		`\ude00\ud83d`:        "\ufffd\ufffd",
		`\ud83d\ud83d\ude00`:  "\ufffd😀",
		`\ud83d\u0041`:        "\ufffdA",
		`\b\f\n\r\t\/\"\\`:    "\b\f\n\r\t/\"\\",
		"\xff\xfe":            "\ufffd",
		`\u0000`:              "\x00",
		"raw\ttab and\nline":  "raw\ttab and\nline",
		`\ufffd\ud83d\ude00 `: "\ufffd😀 ",
	} {
		got, err := decode(`{"meta":{"start":0,"step":5,"end":0,"legend":["A:vm:u:` + in + `"]},"data":[]}`)
		if err != nil {
			t.Errorf("%q: %v", in, err)
		} else if name := got.Header.Legend.Entries[0].Name; name != want {
			t.Errorf("%q: got %q, want %q", in, name, want)
		}
	}
}

// TestBareStrings: what ends a string where nothing is escaped.
func TestBareStrings(t *testing.T) {
	got, err := decode(`{note:"a"b]",x:"c",meta:{start:0,step:5,end:0,legend:["A:vm:u:q"uote","A:vm:u:end"","A:vm:u:\","A:vm:u:b}"}c","A:vm:u:"x""]},data:[]}`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range got.Header.Legend.Entries {
		names = append(names, e.Name)
	}
	if diff := cmp.Diff([]string{`q"uote`, `end"`, `\`, `b}"}c`, `"x"`}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestBadEntry: a legend entry without four parts costs its column alone.
func TestBadEntry(t *testing.T) {
	const document = `<xport><meta><start>0</start><step>5</step><end>5</end><legend><entry>AVERAGE:vm:u</entry>` +
		`<entry>AVERAGE:vm:u:cpu0</entry><entry></entry></legend></meta><data><row><t>5</t><v>1</v><v>2</v><v>3</v></row></data></xport>`
	want := &Legend{
		Entries: []Entry{{}, {CF: Average, Class: ClassVM, UUID: "u", Name: "cpu0"}, {}},
		Bad:     map[int]string{0: "AVERAGE:vm:u", 2: ""},
	}
	got, err := decode(document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Header.Legend); diff != "" {
		t.Errorf("legend (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Row{{T: 5, Values: []float64{1, 2, 3}}}, got.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestLegendIsKept: the same text gives the same pointer, in either form and
// across a broken document.
func TestLegendIsKept(t *testing.T) {
	d := NewDecoder(nil, DecoderOptions{})
	read := func(document string, wantErr bool) *Legend {
		t.Helper()
		d.Reset(strings.NewReader(document))
		u, err := collect(d)
		if (err != nil) != wantErr {
			t.Fatalf("error %v, want one: %v", err, wantErr)
		}
		return u.Header.Legend
	}
	first := read(plainXML, false)
	if again := read(plainXML, false); again != first {
		t.Error("another legend for the same document")
	}
	if again := read(plainJSON, false); again != first {
		t.Error("another legend for the same text in JSON")
	}
	read(plainXML[:len(plainXML)/3], true)
	if again := read(plainXML, false); again != first {
		t.Error("another legend after a broken document")
	}
	other := read(strings.Replace(plainXML, "cpu0", "cpu1", 1), false)
	if other == first || other.Entries[0].Name != "cpu1" || first.Entries[0].Name != "cpu0" {
		t.Errorf("after a changed legend: %v and %v", first, other)
	}
	// The same bytes, but the entries part elsewhere.
	moved := strings.Replace(plainXML, "cpu0</entry><entry>M", "cpu0M</entry><entry>", 1)
	if l := read(moved, false); l.Entries[0].Name != "cpu0M" {
		t.Errorf("entries that part elsewhere: %v", l)
	}
}

// TestDecoderWant: other columns are NaN, and need not be numbers.
func TestDecoderWant(t *testing.T) {
	for _, document := range []string{
		strings.Replace(plainXML, "<v>0.25</v>", "<v>what</v>", 1),
		strings.Replace(plainJSON, `"0.25"`, `"what"`, 1),
	} {
		d := NewDecoder(strings.NewReader(document), DecoderOptions{})
		if _, err := d.Header(); err != nil {
			t.Fatal(err)
		}
		d.Want([]bool{false, false, true})
		u, err := collect(d)
		want := []Row{
			{T: 1766000160, Values: []float64{math.NaN(), math.NaN(), 1.3411e+08}},
			{T: 1766000100, Values: []float64{math.NaN(), math.NaN(), math.Inf(-1)}},
		}
		if diff := cmp.Diff(want, u.Rows, cmpopts.EquateNaNs()); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		d.Reset(strings.NewReader(document))
		if _, err := collect(d); err == nil {
			t.Error("after Reset all columns are wanted again, but no error")
		}
		d.Reset(strings.NewReader(document))
		d.Want([]bool{}) // none at all
		if u, err := collect(d); err != nil || !math.IsNaN(u.Rows[1].Values[2]) {
			t.Errorf("with no column wanted: %v, %v", u, err)
		}
	}
}

func TestAllowRagged(t *testing.T) {
	const rows = `{"meta":{"start":0,"step":5,"end":5,"legend":["A:vm:u:a","A:vm:u:b"]},"data":[` +
		`{"t":10,"values":[1]},{"t":5,"values":[1,2,3]},{"t":0,"values":[]}]}`
	u, err := collect(NewDecoder(strings.NewReader(rows), DecoderOptions{AllowRagged: true, MaxColumns: 3}))
	want := []Row{{T: 10, Values: []float64{1}}, {T: 5, Values: []float64{1, 2, 3}}, {T: 0, Values: []float64{}}}
	if diff := cmp.Diff(want, u.Rows); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	_, err = collect(NewDecoder(strings.NewReader(rows), DecoderOptions{AllowRagged: true, MaxColumns: 2}))
	if err == nil || !strings.Contains(err.Error(), "more than 2 values") {
		t.Errorf("a row over MaxColumns: %v", err)
	}
}

// TestSticky: the end and an error stay until Reset.
func TestSticky(t *testing.T) {
	d := NewDecoder(strings.NewReader(plainXML), DecoderOptions{})
	if _, err := collect(d); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Next(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	if h, err := d.Header(); err != nil || h.Step != 60 {
		t.Errorf("header after the end: %v, %v", h, err)
	}
	d.Reset(strings.NewReader("<xport>"))
	_, first := d.Header()
	_, second := d.Header()
	_, third := d.Next()
	if first == nil || first != second || first != third {
		t.Errorf("errors %v, %v, %v: want the same", first, second, third)
	}
}

// TestNoAllocationPerRow for JSON, where the tokenizer is our own.
func TestNoAllocationPerRow(t *testing.T) {
	const rows = 200
	var b strings.Builder
	b.WriteString(`{"meta":{"start":0,"step":5,"end":5,"legend":["A:vm:u:a","A:vm:u:b"]},"data":[{"t":"0","values":["1","2"]}`)
	for i := range rows {
		fmt.Fprintf(&b, `,{"t":"%d","values":["0.%09d","NaN"]}`, -i, i)
	}
	b.WriteString("]}")
	d := NewDecoder(strings.NewReader(b.String()), DecoderOptions{})
	if _, err := d.Next(); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(rows-1, func() {
		if _, err := d.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

// TestAsItComes: a row is handed over before the next one has been sent.
func TestAsItComes(t *testing.T) {
	for document, end := range map[string]string{
		plainXML: "</row>", plainJSON: `08"]}`,
		// A row that is shorter than others, and one with an odd end.
		strings.Replace(plainXML, "<v>NaN</v><v>1.3411e+08</v>", "", 1):   "</row>",
		strings.Replace(plainXML, "1.3411e+08</v>", "7</v><!-- c -->", 1): "</row>",
		strings.Replace(plainJSON, `,"NaN","1.3411e+08"`, "", 1):          `"0.25"]}`,
		strings.Replace(plainJSON, `"1.3411e+08"`, `7 `, 1):               `7 ]}`,
	} {
		r, w := io.Pipe()
		done := make(chan struct{})
		half := strings.Index(document, end) + len(end)
		go func() {
			defer close(done)
			io.WriteString(w, document[:half])
		}()
		d := NewDecoder(r, DecoderOptions{AllowRagged: true})
		row, err := d.Next()
		if err != nil || row.T != plain.Rows[0].T {
			t.Errorf("got %v, %v", row, err)
		}
		<-done
		w.CloseWithError(io.ErrClosedPipe)
		if _, err := d.Next(); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("then %v, want the writer's error", err)
		}
	}
}

// TestReadError: an error of the reader underneath is found with errors.Is.
func TestReadError(t *testing.T) {
	reset := errors.New("connection reset")
	for _, document := range []string{plainXML, plainJSON} {
		for n := range len(document) {
			r := io.MultiReader(strings.NewReader(document[:n]), iotest.ErrReader(reset))
			_, err := collect(NewDecoder(r, DecoderOptions{}))
			var at *SyntaxError
			if !errors.Is(err, reset) || !errors.As(err, &at) || at.Offset > int64(n) {
				t.Fatalf("reader fails after %d bytes: %v", n, err)
			}
		}
	}
	_, err := collect(NewDecoder(idleReader{}, DecoderOptions{}))
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("reader that never gives anything: %v", err)
	}
}

type idleReader struct{}

func (idleReader) Read([]byte) (int, error) { return 0, nil }
