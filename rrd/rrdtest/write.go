package rrdtest

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"perfmon/rrd"
)

// Version is one of the forms that toolstacks have written, by when.
type Version int

// The forms. XML differs in the numbers alone.
const (
	Head  Version = iota // since 2025: %.15g, JSON all strings
	V24                  // 2024: %.5g, JSON all strings
	V23                  // July 2023 to February 2024: as V24, but JSON has data inside meta
	R2020                // before: %.5g, JSON with bare keys and bare numbers, nothing escaped
	R2013                // as R2020, but %.4f
)

// Versions is all of them, the newest first.
func Versions() []Version { return []Version{Head, V24, V23, R2020, R2013} }

func (v Version) String() string {
	return [...]string{"head", "v24", "v23", "r2020", "r2013"}[v]
}

// float spells a value: what is not zero and finite differs by version.
func (v Version) float(f float64) string {
	if f == 0 || math.IsNaN(f) || math.IsInf(f, 0) || v == Head {
		return rrd.FormatFloat(f)
	}
	if v == R2013 {
		return fmt.Sprintf("%.4f", f)
	}
	return fmt.Sprintf("%.5g", f)
}

// Round is f after it was written and read in this version.
func (v Version) Round(f float64) float64 { return Values(v.float(f))[0] }

// XML is the document as the version writes it.
func (d *Document) XML(v Version) []byte {
	var b bytes.Buffer
	h := &d.Header
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xport><meta><start>%d</start><step>%d</step>"+
		"<end>%d</end><rows>%d</rows><columns>%d</columns>", h.Start, h.Step, h.End, h.Rows, h.Columns)
	var entries strings.Builder
	for i := range h.Legend.Entries {
		fmt.Fprintf(&entries, "<entry>%s</entry>", xmlEscaper.Replace(h.Legend.Text(i)))
	}
	xmlElement(&b, "legend", entries.String())
	b.WriteString("</meta>")
	var rows strings.Builder
	for _, row := range d.Rows {
		fmt.Fprintf(&rows, "<row><t>%d</t>", row.T)
		for _, value := range row.Values {
			fmt.Fprintf(&rows, "<v>%s</v>", v.float(value))
		}
		rows.WriteString("</row>")
	}
	xmlElement(&b, "data", rows.String())
	b.WriteString("</xport>")
	return b.Bytes()
}

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func xmlElement(b *bytes.Buffer, name, content string) {
	if content == "" {
		fmt.Fprintf(b, "<%s/>", name)
		return
	}
	fmt.Fprintf(b, "<%s>%s</%s>", name, content, name)
}

var jsonEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// JSON is the document as the version writes it. Names with control
// characters are not for it.
func (d *Document) JSON(v Version) []byte {
	h := &d.Header
	key := func(name string) string { return `"` + name + `":` }
	scalar := func(text string) string { return `"` + text + `"` }
	entry := func(text string) string { return `"` + jsonEscaper.Replace(text) + `"` }
	metaKey := key("meta")
	if v == R2013 || v == R2020 {
		key = func(name string) string { return name + ":" }
		scalar = func(text string) string { return text }
		entry = func(text string) string { return `"` + text + `"` }
		metaKey = "meta: "
	}
	integer := func(n int64) string { return scalar(fmt.Sprint(n)) }

	entries := make([]string, len(h.Legend.Entries))
	for i := range entries {
		entries[i] = entry(h.Legend.Text(i))
	}
	rows := make([]string, len(d.Rows))
	for i, row := range d.Rows {
		values := make([]string, len(row.Values))
		for c, value := range row.Values {
			values[c] = scalar(v.float(value))
		}
		rows[i] = "{" + key("t") + integer(row.T) + "," + key("values") + "[" + strings.Join(values, ",") + "]}"
	}
	meta := key("start") + integer(h.Start) + "," + key("step") + integer(h.Step) + "," +
		key("end") + integer(h.End) + "," + key("rows") + integer(int64(h.Rows)) + "," +
		key("columns") + integer(int64(h.Columns)) + "," + key("legend") + "[" + strings.Join(entries, ",") + "]"
	data := key("data") + "[" + strings.Join(rows, ",") + "]"
	if v == V23 {
		return []byte("{" + metaKey + "{" + meta + "," + data + "}}")
	}
	return []byte("{" + metaKey + "{" + meta + "}," + data + "}")
}
