package xapitest

import (
	"math"
	"strconv"
	"strings"
)

// document is an update before it has a form. Its cells are text, so that
// faults can put anything there.
type document struct {
	start, step, end int64
	legend           []string
	rows             []documentRow // newest first
}

type documentRow struct {
	t     int64
	cells []string
}

// formatNumber is how a version prints a value. Zero, of either sign, has a
// form of its own.
func formatNumber(v Version, f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0.0"
	case v == R2013:
		return strconv.FormatFloat(f, 'f', 4, 64)
	case v == V23 || v == V24:
		return strconv.FormatFloat(f, 'g', 5, 64)
	}
	return strconv.FormatFloat(f, 'g', 15, 64)
}

// spoil applies the faults that are about a document.
func (d *document) spoil(f *Fault) {
	if f == nil {
		return
	}
	switch f.Kind {
	case ShortRow:
		if r := d.row(f.At); r != nil && len(r.cells) > 0 {
			r.cells = r.cells[:len(r.cells)-1]
		}
	case LongRow:
		if r := d.row(f.At); r != nil {
			r.cells = append(r.cells, "0.5")
		}
	case BadNumber:
		if r := d.row(0); r != nil && f.At < len(r.cells) {
			r.cells[f.At] = f.Text
		}
	case BadLegend:
		if f.At < len(d.legend) {
			d.legend[f.At] = f.Text
		}
	}
}

func (d *document) row(i int) *documentRow {
	if i >= len(d.rows) {
		return nil
	}
	return &d.rows[i]
}

// escapeXML escapes as xmlm does: ' stays, and control characters that XML
// does not know become U+FFFD.
func escapeXML(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r < 0x20 && r != '\t' && r != '\n' && r != '\r', r == 0xfffe, r == 0xffff:
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// xml is
//
//	<?xml version="1.0" encoding="UTF-8"?>
//	<xport><meta><start>S</start><step>P</step><end>E</end><rows>R</rows><columns>C</columns><legend><entry>..</entry>...
//
// on one line after the declaration, with no line end, and with containers
// that are empty written as <legend/> and <data/>.
func (d *document) xml() []byte {
	var b strings.Builder
	element := func(name, text string) {
		b.WriteString("<" + name + ">")
		b.WriteString(text)
		b.WriteString("</" + name + ">")
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<xport><meta>")
	for _, m := range d.meta() {
		element(m.name, strconv.FormatInt(m.value, 10))
	}
	if len(d.legend) == 0 {
		b.WriteString("<legend/>")
	} else {
		b.WriteString("<legend>")
		for _, e := range d.legend {
			element("entry", escapeXML(e))
		}
		b.WriteString("</legend>")
	}
	b.WriteString("</meta>")
	if len(d.rows) == 0 {
		b.WriteString("<data/></xport>")
		return []byte(b.String())
	}
	b.WriteString("<data>")
	for _, r := range d.rows {
		b.WriteString("<row>")
		element("t", strconv.FormatInt(r.t, 10))
		for _, c := range r.cells {
			element("v", escapeXML(c))
		}
		b.WriteString("</row>")
	}
	b.WriteString("</data></xport>")
	return []byte(b.String())
}

type metaField struct {
	name  string
	value int64
}

func (d *document) meta() []metaField {
	return []metaField{{"start", d.start}, {"step", d.step}, {"end", d.end},
		{"rows", int64(len(d.rows))}, {"columns", int64(len(d.legend))}}
}

// json is the compact form with every scalar a string; data stands inside
// meta before 24.11, and keys and numbers were bare in 2013:
//
//	{"meta":{"start":"S",...,"legend":["..."]},"data":[{"t":"T","values":["V"]}]}
//	{"meta":{"start":"S",...,"legend":["..."],"data":[...]}}
//	{meta: {start:S,step:P,end:E,rows:R,columns:C,legend:["..."]},data:[{t:T,values:[V]}]}
func (d *document) json(v Version) []byte {
	var b strings.Builder
	key := func(name string) {
		if v == R2013 {
			b.WriteString(name + ":")
		} else {
			b.WriteString(`"` + name + `":`)
		}
	}
	scalar := func(text string) {
		if v == R2013 {
			b.WriteString(text)
		} else {
			b.WriteString(jsonString(text))
		}
	}
	b.WriteString("{")
	key("meta")
	if v == R2013 {
		b.WriteString(" ")
	}
	b.WriteString("{")
	for _, m := range d.meta() {
		key(m.name)
		scalar(strconv.FormatInt(m.value, 10))
		b.WriteString(",")
	}
	key("legend")
	b.WriteString("[")
	for i, e := range d.legend {
		if i > 0 {
			b.WriteString(",")
		}
		if v == R2013 {
			b.WriteString(`"` + e + `"`) // nothing is escaped
		} else {
			b.WriteString(jsonString(e))
		}
	}
	b.WriteString("]")
	end := "]}"
	if v == V23 {
		end = "]}}"
	} else {
		b.WriteString("}")
	}
	b.WriteString(",")
	key("data")
	b.WriteString("[")
	for i, r := range d.rows {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("{")
		key("t")
		scalar(strconv.FormatInt(r.t, 10))
		b.WriteString(",")
		key("values")
		b.WriteString("[")
		for j, c := range r.cells {
			if j > 0 {
				b.WriteString(",")
			}
			scalar(c)
		}
		b.WriteString("]}")
	}
	b.WriteString(end)
	return []byte(b.String())
}

// jsonString quotes as Yojson does: UTF-8 as it is, < > & too.
func jsonString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\b':
			b.WriteString(`\b`)
		case c == '\f':
			b.WriteString(`\f`)
		case c < 0x20 || c == 0x7f:
			const hex = "0123456789abcdef"
			b.WriteString(`\u00` + string(hex[c>>4]) + string(hex[c&15]))
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
