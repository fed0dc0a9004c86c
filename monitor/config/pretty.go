package config

import (
	"strings"

	"github.com/beevik/etree"
)

// pretty writes an element as Python's xml.dom.minidom does in
// Node.toprettyxml() (the same in 2.7 and 3.6 to 3.12, attributes in document
// order as since 3.8): indented with tabs, and text that stands beside other
// children keeps its own white space too, so that indented input comes out
// with lines of blanks:
//
//	<variable>
//
//
//		<name value="cpu_usage"/>
//	…
func pretty(e *etree.Element) string {
	var b strings.Builder
	prettyElement(&b, e, "")
	return b.String()
}

func prettyElement(b *strings.Builder, e *etree.Element, indent string) {
	b.WriteString(indent)
	b.WriteString("<")
	b.WriteString(e.FullTag())
	for _, a := range orderedAttrs(e) {
		b.WriteString(" ")
		b.WriteString(a.FullKey())
		b.WriteString(`="`)
		b.WriteString(escape(a.Value))
		b.WriteString(`"`)
	}
	if len(e.Child) == 0 {
		b.WriteString("/>\n")
		return
	}
	b.WriteString(">")
	if text, ok := e.Child[0].(*etree.CharData); ok && len(e.Child) == 1 {
		prettyText(b, text, "", "")
	} else {
		b.WriteString("\n")
		for _, child := range e.Child {
			prettyChild(b, child, indent+"\t")
		}
		b.WriteString(indent)
	}
	b.WriteString("</")
	b.WriteString(e.FullTag())
	b.WriteString(">\n")
}

func prettyChild(b *strings.Builder, child etree.Token, indent string) {
	switch c := child.(type) {
	case *etree.Element:
		prettyElement(b, c, indent)
	case *etree.CharData:
		prettyText(b, c, indent, "\n")
	case *etree.Comment:
		b.WriteString(indent + "<!--" + c.Data + "-->\n")
	case *etree.ProcInst:
		b.WriteString(indent + "<?" + c.Target + " " + c.Inst + "?>\n")
	}
}

// prettyText writes text between indent and end; a CDATA section has neither.
func prettyText(b *strings.Builder, text *etree.CharData, indent, end string) {
	if text.IsCData() {
		b.WriteString("<![CDATA[" + text.Data + "]]>")
		return
	}
	b.WriteString(indent)
	b.WriteString(escape(text.Data))
	b.WriteString(end)
}

// orderedAttrs is the attributes in the order in which minidom has them:
// namespace declarations first.
func orderedAttrs(e *etree.Element) []etree.Attr {
	declares := func(a etree.Attr) bool { return a.Space == "xmlns" || a.FullKey() == "xmlns" }
	ordered := make([]etree.Attr, 0, len(e.Attr))
	for _, a := range e.Attr {
		if declares(a) {
			ordered = append(ordered, a)
		}
	}
	for _, a := range e.Attr {
		if !declares(a) {
			ordered = append(ordered, a)
		}
	}
	return ordered
}

// escape writes text and attribute values alike, as minidom does: both
// brackets, the ampersand and the double quote, and nothing else.
func escape(s string) string { return escaper.Replace(s) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
