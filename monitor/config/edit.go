package config

import (
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// editor changes single places of a document and keeps every other byte.
type editor struct {
	text    string // as it was written
	doc     *document
	offsets []int // of the places that doc knows in text; nil if the same
	edits   []edit
}

// edit puts new in the place of text[from:to].
type edit struct {
	from, to int
	new      string
}

func newEditor(text string) (*editor, *Problem) {
	doc, err := readVariables(text)
	if err != nil {
		return nil, err
	}
	return &editor{text: text, doc: doc, offsets: rawOffsets(text)}, nil
}

// rawOffsets has for each offset of the text, line ends normalised and
// without a byte order mark, where that is in the text as written.
func rawOffsets(text string) []int {
	mark := len(text) - len(strings.TrimPrefix(text, "\ufeff"))
	if mark == 0 && !strings.Contains(text, "\r\n") {
		return nil
	}
	var offsets []int
	for i := mark; i < len(text); i++ {
		offsets = append(offsets, i)
		if strings.HasPrefix(text[i:], "\r\n") {
			i++
		}
	}
	return append(offsets, len(text))
}

// span is where an element is in the text as written.
func (e *editor) span(element *etree.Element) span {
	at := e.doc.spans[element]
	if e.offsets == nil {
		return at
	}
	return span{e.offsets[at.start], e.offsets[at.inner], e.offsets[at.innerEnd], e.offsets[at.end]}
}

func (e *editor) replace(from, to int, text string) {
	e.edits = append(e.edits, edit{from, to, text})
}

// result is the text with all edits done. One inside another is done with it.
func (e *editor) result() string {
	slices.SortStableFunc(e.edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for _, edit := range e.edits {
		if edit.from < done {
			continue
		}
		b.WriteString(e.text[done:edit.from])
		b.WriteString(edit.new)
		done = edit.to
	}
	b.WriteString(e.text[done:])
	return b.String()
}

// appendTo puts an element behind what another has in it, white space at its
// end aside, on a line of its own if that is how the others stand there.
func (e *editor) appendTo(parent *etree.Element, text string) {
	at := e.span(parent)
	if at.inner == at.end { // <parent/>
		slash := strings.LastIndexByte(e.text[:at.end], '/')
		e.replace(slash, at.end, ">"+text+"</"+parent.FullTag()+">")
		return
	}
	end := at.innerEnd - len(blanksBefore(e.text[at.inner:at.innerEnd]))
	e.replace(end, end, e.indent(parent)+text)
}

// indent is the white space in front of a new element of parent.
func (e *editor) indent(parent *etree.Element) string {
	if children := parent.ChildElements(); len(children) > 0 {
		return blanksBefore(e.text[:e.span(children[len(children)-1]).start])
	}
	at := e.span(parent)
	inner := e.text[at.inner:at.innerEnd]
	first := inner[:len(inner)-len(strings.TrimLeft(inner, blanks))]
	switch {
	case !strings.Contains(first, "\n"):
		return ""
	case first == inner:
		return inner + "  "
	}
	return first
}

// remove takes an element out, with the white space before it.
func (e *editor) remove(element *etree.Element) {
	at := e.span(element)
	e.replace(at.start-len(blanksBefore(e.text[:at.start])), at.end, "")
}

// setValue makes the attribute "value" of an element say something.
func (e *editor) setValue(element *etree.Element, text string) {
	if has(element) && value(element) == text {
		return
	}
	at := e.span(element)
	if from, to, ok := valueSpan(e.text[at.start:at.inner]); ok {
		e.replace(at.start+from, at.start+to, attributeEscaper.Replace(text))
		return
	}
	end := at.start + len("<") + len(element.FullTag())
	e.replace(end, end, valueAttribute(text))
}

// blanks are the characters that XML calls white space.
const blanks = " \t\r\n"

// blanksBefore is the white space at the end of a text.
func blanksBefore(text string) string { return text[len(strings.TrimRight(text, blanks)):] }

// valueSpan finds what the attribute "value" of a well-formed start tag has
// between its quotes; ok is false if there is no such attribute.
//
//	<name class = 'x' value="cpu_usage"/>
func valueSpan(tag string) (from, to int, ok bool) {
	start := strings.IndexAny(tag, blanks+"/>") // of what stands before an attribute's =
	for start >= 0 {
		open := strings.IndexAny(tag[start:], `"'`)
		if open < 0 {
			break
		}
		open += start
		length := strings.IndexByte(tag[open+1:], tag[open])
		if length < 0 {
			break
		}
		name := strings.Trim(strings.TrimRight(tag[start:open], blanks+"="), blanks)
		if name == "value" {
			return open + 1, open + 1 + length, true
		}
		start = open + 1 + length + 1
	}
	return 0, 0, false
}

// attributeEscaper writes text for an attribute, in quotes of either sort.
// Unlike in an alarm's body, line ends and tabs are written so that they stay.
var attributeEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;",
	"\t", "&#9;", "\n", "&#10;", "\r", "&#13;")

// valueAttribute is the attribute "value" as it stands in a tag.
func valueAttribute(text string) string { return ` value="` + attributeEscaper.Replace(text) + `"` }
