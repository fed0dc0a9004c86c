package rrd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// fails decodes a broken document, whole and byte by byte, and wants an
// error that says so each time and goes on being one.
func fails(t *testing.T, document, want string, opts DecoderOptions) {
	t.Helper()
	readers := map[string]io.Reader{"whole": strings.NewReader(document)}
	if len(document) < 100_000 {
		readers["byte by byte"] = iotest.OneByteReader(strings.NewReader(document))
	}
	for how, r := range readers {
		d := NewDecoder(r, opts)
		_, err := collect(d)
		if err == nil {
			t.Errorf("%s: no error, want %q, in\n%.300s", how, want, document)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %q, want %q, in\n%.300s", how, err, want, document)
		}
		var at *SyntaxError
		if !errors.As(err, &at) || at.Offset < 0 || at.Offset > int64(len(document)) {
			t.Errorf("%s: error %#v has no place in the document", how, err)
		}
		if _, again := d.Next(); again != err {
			t.Errorf("%s: then %v", how, again)
		}
	}
}

// TestBrokenXML has one fault a document, and what it is called.
func TestBrokenXML(t *testing.T) {
	edit := func(old, new string) string {
		t.Helper()
		if !strings.Contains(plainXML, old) {
			t.Fatalf("nothing like %q in the document", old)
		}
		return strings.Replace(plainXML, old, new, 1)
	}
	at := func(part string) string { return fmt.Sprintf("update: byte %d", strings.Index(plainXML, part)) }
	for _, c := range []struct{ document, want string }{
		{edit("<v>0.25</v>", "<v>abc</v>"), at("0.25") + `, row 0: value "abc" in column 0 (AVERAGE:host:b9a7:cpu0) is not a number`},
		{edit("<v>-Infinity</v>", "<v/>"), `row 1: value "" in column 2 (LAST:sr:77f1:size) is not a number`},
		{edit("<v>0.25</v>", "<v>0x1p-2</v>"), `value "0x1p-2"`},
		{edit("<v>0.25</v>", "<v>1_0</v>"), `value "1_0"`},
		{edit("<v>0.25</v>", "<v>0.25 1</v>"), `value "0.25 1"`},
		{edit("<v>0.25</v>", "<v>"+strings.Repeat("9", 5000)+"</v>"), "text of <v> is longer than 4096 bytes"},
		{edit("<v>0.25</v>", "<v>0.25<b/></v>"), "<b> inside <v>"},
		{edit("<v>0.25</v>", ""), "row 0: row of 2 values for 3 columns"},
		{edit("<v>0.0</v>", "<v>0.0</v><v>0.0</v>"), "row 1: row of more than 3 values"},
		{edit("<t>1766000100</t>", ""), "row 1: row without a time"},
		{edit("<t>1766000100</t>", "<t>1766000100.5</t>"), `row time "1766000100.5" is not a whole number`},
		{edit("<t>1766000100</t>", "<t>9223372036854775808</t>"), `row time "9223372036854775808" is not`},
		{edit("<t>1766000100</t>", "<t/>"), `row time "" is not`},
		{edit("<t>1766000100</t>", "<t>1</t><t>2</t>"), "two times"},
		{edit("<start>1766000100</start>", ""), "no start before the rows"},
		{edit("<step>60</step>", "<step>0</step>"), "step 0 is not a positive number"},
		{edit("<step>60</step>", "<step>a minute</step>"), `step "a minute" is not a whole number`},
		{edit("<step>60</step>", "<step>60</step><step>60</step>"), "step is given twice"},
		{edit("<end>1766000160</end>", ""), "no end before the rows"},
		{edit("</legend>", "</legend><legend/>"), "the legend is given twice"},
		{edit("<entry>AVERAGE", "<entry>"+strings.Repeat("x", 70000)), "text of <entry> is longer than 65536 bytes"},
		{edit(plainMeta+plainData, plainData+plainMeta), "<data> comes before the legend"},
		{edit(plainMeta, ""), "<data> comes before the legend"},
		{edit(plainData, ""), "no <data>"},
		{edit(plainData, plainData+plainData), "a second <data>"},
		{edit(plainData, plainData+plainMeta), "a second <meta>"},
		{edit("</row>", "</v>"), "</v> closes <row>"},
		{edit("</row>", "</x:row>"), "</x:row> closes <row>"},
		{edit("</data>", ""), "</xport> closes <data>"},
		{edit("</row></data>", "</row></data></data>"), "</data> closes <xport>"},
		{plainXML + "</xport>", "</xport> closes nothing"},
		{plainXML + "<xport/>", "something follows </xport>"},
		{plainXML + " garbage", "something follows </xport>"},
		{plainXML + "<?xml version=\"1.0\"?>", "XML declaration inside"},
		{plainXML + "<!DOCTYPE xport>", "declaration inside the document"},
		{plainXML + "\x00", "something follows </xport>: "},
		{plainXML + "<!-- ", "something follows </xport>: "},
		{edit("0.25", "&half;"), "&half;"},
		{"<!DOCTYPE xport [<!ENTITY half '0.25'>]>" + edit("0.25", "&half;"), "&half;"},
		{edit("0.25", "0.2\x015"), "illegal character code"},
		{edit("cpu0", "cpu\xff"), "invalid UTF-8"},
		{edit("<t>", "<t"), "XML syntax error"},
		{`<?xml version="1.0" encoding="UTF-16"?>` + plainXML, `encoding "UTF-16" is not read, only UTF-8`},
		{edit("<data>", strings.Repeat("<a>", 100)), "more than 64 elements inside one another"},
		{edit("<data>", "<data><!--"+strings.Repeat("-.", 600<<10)), "a tag or a text of more than 1048576 bytes"},
		{edit("<data>", "<data "+strings.Repeat("a='b' ", 200<<10)), "a tag or a text of more than 1048576 bytes"},
		{edit("<data>", "<data>"+strings.Repeat(" ", 1100<<10)), "a tag or a text of more than 1048576 bytes"},
		{edit("<xport>", "<xport>"+strings.Repeat("x", 1100<<10)), "a tag or a text of more than 1048576 bytes"},
	} {
		fails(t, c.document, c.want, DecoderOptions{})
	}
}

// TestBrokenJSON is the same for JSON.
func TestBrokenJSON(t *testing.T) {
	edit := func(old, new string) string {
		t.Helper()
		if !strings.Contains(plainJSON, old) {
			t.Fatalf("nothing like %q in the document", old)
		}
		return strings.Replace(plainJSON, old, new, 1)
	}
	at := func(part string) string { return fmt.Sprintf("update: byte %d", strings.Index(plainJSON, part)) }
	for _, c := range []struct{ document, want string }{
		{edit(`"0.25"`, `"abc"`), at("0.25") + `, row 0: value "abc" in column 0 (AVERAGE:host:b9a7:cpu0) is not a number`},
		{edit(`"0.25"`, `abc`), at(`"0.25`) + `, row 0: value "abc"`},
		{edit(`"0.25"`, `null`), `value "null"`},
		{edit(`"0.25"`, `""`), `value ""`},
		{edit(`"0.25"`, `" 0.25"`), `value " 0.25"`},
		{edit(`"0.25"`, `[1]`), "'[' where a single value is expected"},
		{edit(`"0.25"`, `{}`), "'{' where a single value is expected"},
		{edit(`"0.25"`, `"`+strings.Repeat("9", 5000)+`"`), "text of more than 4096 bytes"},
		{edit(`"0.25"`, strings.Repeat("9", 5000)), "text of more than 4096 bytes"},
		{edit(`"0.25",`, ``), "row 0: row of 2 values for 3 columns"},
		{edit(`"0.25"`, `"0.25","1"`), "row 0: row of more than 3 values"},
		{edit(`"0.25"`, ``), "',' where a value is expected"},
		{edit(`"0.25",`, `"0.25" `), `'"' where ',' or ']' is expected`},
		{edit(`"1.3411e+08"`, `"1.3411e+08",`), "']' after a comma"},
		{edit(`"t":"1766000160",`, ``), "row without a time"},
		{edit(`"t":"1766000160"`, `"t":"x"`), `row time "x" is not`},
		{edit(`"t":"1766000160"`, `"t":"1","t":"1"`), `two members "t"`},
		{edit(`,"values":["0.25","NaN","1.3411e+08"]`, ``), "row without values"},
		{edit(`"values":["0.25"`, `"values":[],"values":["0.25"`), `two members "values"`},
		{edit(`"data":[`, `"data":[[],`), "'[' where '{' is expected"},
		{edit(`"data":[`, `"data":{`), "'{' where '[' is expected"},
		{edit(`"start":"1766000100",`, ``), "no start before the rows"},
		{edit(`"step":"60"`, `"step":"-5"`), "step -5 is not a positive number"},
		{edit(`"step":"60"`, `"step":"60","step":"60"`), "step is given twice"},
		{edit(jsonLegend, jsonLegend+","+jsonLegend), "the legend is given twice"},
		{edit(`"AVERAGE`, `7,"AVERAGE`), "'7' where a legend entry is expected"},
		{edit(`AVERAGE`, strings.Repeat("x", 70000)), "text of more than 65536 bytes"},
		{edit(`AVERAGE`, strings.Repeat(`\u00e9`, 70000)), "text of more than 65536 bytes"},
		{edit(jsonLegend+`},`+jsonData, `"legend":[]}`), "no data"},
		{`{` + jsonData + `,"meta":{` + jsonMeta + jsonLegend + `}}`, "data comes before the legend"},
		{`{"meta":{` + jsonMeta + jsonData + `,` + jsonLegend + `}}`, "data comes before the legend"},
		{edit(jsonData, jsonData+`,`+jsonData), `a second member "data"`},
		{edit(jsonData, jsonData+`,"meta":{}`), `a second member "meta"`},
		{edit(`"meta":{`, `"meta":[`), "'[' where '{' is expected"},
		{edit(`"meta":`, `"meta"`), "'{' where ':' is expected"},
		{edit(`cpu0`, `\x`), `unknown escape "\\x"`},
		{edit(`cpu0`, `\u12g4`), "'g' is not a hexadecimal digit"},
		{edit(`cpu0`, `\ud800\u12g4`), "'g' is not a hexadecimal digit"},
		{plainJSON + "x", "'x' follows the document"},
		{plainJSON + plainJSON, "'{' follows the document"},
		{plainJSON + "\x00", `'\x00' follows the document`},
		{edit(`"meta"`, `"deep":`+strings.Repeat(`[`, 100)+strings.Repeat(`]`, 100)+`,"meta"`), "more than 64 values inside one another"},
		{edit(`"meta"`, `"deep":`+strings.Repeat(`{"a":`, 100)+`1`+strings.Repeat(`}`, 100)+`,"meta"`), "more than 64 values inside one another"},
		{edit(`"meta"`, `"long":"`+strings.Repeat(`x`, 70000)+`","meta"`), "text of more than 65536 bytes"},
		{edit(`"meta"`, strings.Repeat(`x`, 70000)), "text of more than 4096 bytes"},
		{edit(`"meta"`, `me"ta"`), `'"' inside a word`},
		{`{meta: {` + bareMeta + `legend:["A:b:c:d" ]},data:[]}`, "unexpected EOF"}, // the quote ends nothing
	} {
		fails(t, c.document, c.want, DecoderOptions{})
	}
}

// TestNotUpdate: bodies of another kind are told from broken documents.
func TestNotUpdate(t *testing.T) {
	for document, want := range map[string]string{
		"":             "update: byte 0: neither an xport document nor its JSON form: the body is empty",
		"\ufeff":       "nor its JSON form",
		" \n":          `the body begins with " \n"`,
		"Unauthorised": `the body begins with "Unauthorised"`,
		"<!DOCTYPE html><html><body><h1>HTTP 500 internal server error</h1>An unexpected error occurred": `begins with "<!DOCTYPE html><html><body><h1>HTTP 500 internal server erro"`,
		`<html lang=en><p>no XML<br></html>`:          "nor its JSON form",
		`<rrd><version>0003</version></rrd>`:          "nor its JSON form",
		`<a:xport xmlns:a="u"></a:xport>`:             "nor its JSON form",
		`<?xml version="1.0"?>hello<xport></xport>`:   "nor its JSON form",
		`{"jsonrpc":"2.0","error":{"code":1},"id":1}`: "nor its JSON form",
		`{}`: "nor its JSON form", `[]`: "nor its JSON form", `"x"`: "nor its JSON form", "\x1f\x8b\x08": "nor its JSON form",
		"\xff\xfe<\x00x\x00": "nor its JSON form",
	} {
		fails(t, document, want, DecoderOptions{})
		if _, err := decode(document); !errors.Is(err, ErrNotUpdate) {
			t.Errorf("%q: %v, want it to wrap ErrNotUpdate", document, err)
		}
	}
	for _, document := range []string{plainXML[:40], plainJSON[:40], plainXML + "x"} {
		if _, err := decode(document); errors.Is(err, ErrNotUpdate) {
			t.Errorf("%q: %v, though it began as an update", document, err)
		}
	}
}

// TestTooLarge: the limit is exact, and no more than it is read.
func TestTooLarge(t *testing.T) {
	for _, document := range []string{plainXML, plainJSON} {
		size := int64(len(document))
		for limit := int64(1); limit < size; limit++ {
			_, err := collect(NewDecoder(strings.NewReader(document), DecoderOptions{MaxBytes: limit}))
			if !errors.Is(err, ErrTooLarge) {
				t.Fatalf("limit %d of %d: %v", limit, size, err)
			}
		}
		for _, limit := range []int64{size, size + 1, -1, 0} {
			if _, err := collect(NewDecoder(strings.NewReader(document), DecoderOptions{MaxBytes: limit})); err != nil {
				t.Errorf("limit %d of %d: %v", limit, size, err)
			}
		}
	}
	const want = "document is over the limit of 100 bytes"
	fails(t, plainXML, want, DecoderOptions{MaxBytes: 100})
	fails(t, plainJSON, "more than 2 columns", DecoderOptions{MaxColumns: 2})
	fails(t, plainXML, "more than 2 columns", DecoderOptions{MaxColumns: 2})
}

// TestTruncated cuts documents of each form at every byte, and larger ones
// here and there.
func TestTruncated(t *testing.T) {
	documents := []string{
		plainXML, plainJSON,
		"\ufeff<?xml version=\"1.0\" encoding=\"latin1\"?><!DOCTYPE x [<!ENTITY a 'b'>]><!-- c -->" +
			strings.Replace(plainXML, "NaN", "<![CDATA[NaN]]>", 1),
		`{"meta":{` + jsonMeta + jsonLegend + `,` + jsonData + `}}`,
		`{meta: {` + bareMeta + bareLegend + `},data:[{t:1766000160,values:[0.25,NaN,1]}]}`,
	}
	for _, path := range []string{"head/stale_vm_5s.xml", "r2013/stale_vm_5s.json"} {
		documents = append(documents, string(readFile(t, filepath.Join("testdata", "rrd_updates", path))))
	}
	for _, document := range documents {
		d := NewDecoder(nil, DecoderOptions{})
		step := 1 + len(document)/2000*20
		for n := 0; n < len(document); n += step {
			d.Reset(strings.NewReader(document[:n]))
			_, err := collect(d)
			if err == nil {
				t.Fatalf("cut after %d bytes of %d: no error in %.200s", n, len(document), document)
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrNotUpdate) {
				t.Fatalf("cut after %d bytes of %d: %v", n, len(document), err)
			}
			if errors.Is(err, io.EOF) {
				t.Fatalf("cut after %d bytes of %d: %v says that it ended well", n, len(document), err)
			}
			if n > 100 && errors.Is(err, ErrNotUpdate) {
				t.Fatalf("cut after %d bytes of %d: %v", n, len(document), err)
			}
		}
	}
}

// TestGarbage changes one byte at a time: an answer or an error, no panic.
func TestGarbage(t *testing.T) {
	for _, document := range []string{plainXML, plainJSON, `{meta: {` + bareMeta + bareLegend + `},data:[{t:1,values:[0.25,NaN,1]}]}`} {
		for i := range len(document) {
			for _, c := range []byte("\x00\"\\<>&/[]{},:x\xff") {
				broken := []byte(document)
				broken[i] = c
				u, err := collect(NewDecoder(bytes.NewReader(broken), DecoderOptions{}))
				for _, row := range u.Rows {
					if len(row.Values) != len(u.Header.Legend.Entries) {
						t.Fatalf("byte %d made %q: row of %d values, %v", i, c, len(row.Values), err)
					}
				}
			}
		}
	}
}
