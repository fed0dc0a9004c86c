package config

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// Limits of trigger XML. Whoever writes other-config is trusted with one
// object, not with the agent's memory.
const (
	MaxBytes     = 256 << 10 // of one document
	MaxDepth     = 32        // of elements in one another
	MaxVariables = 1000      // in one document; so many <disable> as well
	// MaxBody is how many bytes of an alarm's body one variable may take.
	// The toolstack refuses a request over 300 KiB, escapes included.
	MaxBody = 64 << 10
	// MaxProblems is how many problems of one document are listed.
	MaxProblems = 1000
)

// place is a position in a document: line and column, both from 1, the
// column in characters.
type place struct{ line, column int }

// span is where an element is: its start tag from start to inner, its end tag
// from innerEnd to end. All are offsets in the text, line ends normalised and
// without a byte order mark. An element written <a/> has only a start tag.
type span struct{ start, inner, innerEnd, end int }

// document is trigger XML as a tree, with the place of every element.
type document struct {
	root   *etree.Element
	places map[*etree.Element]place
	spans  map[*etree.Element]span
}

// syntaxError is a document that is not well-formed, or over a limit.
type syntaxError struct {
	offset   int // in the text, line ends normalised
	msg, fix string
}

// readDocument reads a document as the stock daemon's parser does (expat,
// with namespaces). The tree is etree's, but its tokens are taken one by one,
// since etree's own reader forgets where they stood, and lets pass what expat
// refuses: two roots, text beside the root, two attributes of one name,
// prefixes that are not declared.
//
// Entities that a document type declares are not expanded: such a document is
// refused, so nothing in a document can grow.
func readDocument(text string) (*document, *Problem) {
	if len(text) > MaxBytes {
		return nil, &Problem{
			Msg: fmt.Sprintf("%d bytes of XML; the limit is %d", len(text), MaxBytes),
			Fix: "remove comments, or variables that are not needed",
		}
	}
	text = blankDeclaration(normalizeLineEnds(strings.TrimPrefix(text, "\ufeff")))
	b := &builder{
		text:  text,
		dec:   xml.NewDecoder(strings.NewReader(text)),
		doc:   &document{places: make(map[*etree.Element]place), spans: make(map[*etree.Element]span)},
		lines: lineStarts(text),
	}
	if err := b.build(); err != nil {
		p := b.place(err.offset)
		return nil, &Problem{Line: p.line, Column: p.column, Msg: err.msg, Fix: err.fix}
	}
	return b.doc, nil
}

// normalizeLineEnds makes a line feed of every line end, as XML 1.0 section
// 2.11 asks. Lines and columns stay as they are.
func normalizeLineEnds(text string) string {
	if !strings.Contains(text, "\r") {
		return text
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// declaration is <?xml …?> at the start of a document.
var declaration = regexp.MustCompile(`^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"[\w.-]*"|'[\w.-]*')` +
	`(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?` +
	`(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>`)

// blankDeclaration makes blanks of <?xml …?>. What it says of version and
// encoding does not count: the toolstack keeps the text as UTF-8, and the
// stock daemon's parser is told so.
func blankDeclaration(text string) string {
	end := len(declaration.FindString(text))
	blank := strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, text[:end])
	return blank + text[end:]
}

// lineStarts has the offset of the start of every line.
func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// builder makes a document of the decoder's tokens.
type builder struct {
	text  string
	dec   *xml.Decoder
	doc   *document
	lines []int
	open  []*etree.Element // from the root inwards
	names scopes
	typed bool // there was a document type
}

// place is where an offset is.
func (b *builder) place(offset int) place {
	line := sort.SearchInts(b.lines, offset+1)
	return place{line, 1 + utf8.RuneCountInString(b.text[b.lines[line-1]:offset])}
}

func (b *builder) build() *syntaxError {
	if err := checkCharacters(b.text); err != nil {
		return err
	}
	for {
		start := int(b.dec.InputOffset())
		token, err := b.dec.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return b.malformed(err)
		}
		if err := b.add(token, start); err != nil {
			return err
		}
	}
	if len(b.open) > 0 {
		return b.unclosed()
	}
	if b.doc.root == nil {
		return &syntaxError{len(b.text), "there is no XML element in it", "write <config><variable>…</variable></config>"}
	}
	return nil
}

// add takes one token, which starts at an offset.
func (b *builder) add(token xml.Token, start int) *syntaxError {
	switch t := token.(type) {
	case xml.StartElement:
		return b.startElement(start)
	case xml.EndElement:
		return b.endElement(t.Name, start)
	case xml.CharData:
		return b.charData(string(t), start)
	case xml.Comment:
		if top := b.top(); top != nil {
			top.AddChild(etree.NewComment(string(t)))
		}
	case xml.ProcInst:
		if err := b.checkInstruction(t, start); err != nil {
			return err
		}
		if top := b.top(); top != nil {
			top.AddChild(etree.NewProcInst(t.Target, string(t.Inst)))
		}
	case xml.Directive:
		return b.directive(string(t), start)
	}
	return nil
}

// top is the innermost open element, nil outside the root.
func (b *builder) top() *etree.Element {
	if len(b.open) == 0 {
		return nil
	}
	return b.open[len(b.open)-1]
}

func (b *builder) startElement(start int) *syntaxError {
	raw := b.text[start:b.dec.InputOffset()]
	if b.top() == nil && b.doc.root != nil {
		return &syntaxError{start, "a second root element", "put all variables into one <config>"}
	}
	if len(b.open) >= MaxDepth {
		return &syntaxError{start, fmt.Sprintf("elements nested more than %d deep", MaxDepth), "put each <variable> straight into <config>"}
	}
	t, err := readTag(raw)
	if err != nil {
		return &syntaxError{start, err.Error(), ""}
	}
	if err := b.names.enter(t); err != nil {
		err.offset = start
		return err
	}
	e := etree.NewElement(fullName(t.Name))
	for _, a := range t.Attr {
		e.CreateAttr(fullName(a.Name), a.Value)
	}
	b.doc.places[e] = b.place(start)
	b.doc.spans[e] = span{start: start, inner: int(b.dec.InputOffset())}
	if top := b.top(); top != nil {
		top.AddChild(e)
	} else {
		b.doc.root = e
	}
	b.open = append(b.open, e)
	return nil
}

// readTag reads one start tag with its attributes as XML 1.0 section 3.3.3
// normalises them: a tab or line end that is written as such is a space, one
// that is written as &#10; stays.
func readTag(raw string) (xml.StartElement, error) {
	if !spacedAttributes(raw) {
		return xml.StartElement{}, errors.New("no space between two attributes")
	}
	spaced := strings.NewReplacer("\t", " ", "\n", " ").Replace(raw)
	token, err := xml.NewDecoder(strings.NewReader(spaced)).RawToken()
	if err != nil {
		return xml.StartElement{}, err
	}
	t, ok := token.(xml.StartElement)
	if !ok {
		return xml.StartElement{}, fmt.Errorf("%q is not a start tag", raw)
	}
	return t, nil
}

// spacedAttributes says whether white space follows each quoted value of a
// tag that another attribute follows.
func spacedAttributes(raw string) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '"' && raw[i] != '\'' {
			continue
		}
		end := strings.IndexByte(raw[i+1:], raw[i])
		if end < 0 {
			return true
		}
		i += end + 1
		if i+1 < len(raw) && !strings.ContainsRune(" \t\n/>", rune(raw[i+1])) {
			return false
		}
	}
	return true
}

func (b *builder) endElement(name xml.Name, start int) *syntaxError {
	top := b.top()
	if top == nil {
		return &syntaxError{start, fmt.Sprintf("</%s> without a <%s>", fullName(name), fullName(name)), "remove it"}
	}
	if top.FullTag() != fullName(name) {
		at := b.doc.places[top]
		return &syntaxError{
			start,
			fmt.Sprintf("</%s> where the <%s> of line %d must be closed first", fullName(name), top.FullTag(), at.line),
			fmt.Sprintf("write </%s> before it, or end that tag with />", top.FullTag()),
		}
	}
	at := b.doc.spans[top]
	at.innerEnd, at.end = start, int(b.dec.InputOffset())
	b.doc.spans[top] = at
	b.names.leave()
	b.open = b.open[:len(b.open)-1]
	return nil
}

// charData adds text. Texts that touch are one, an empty CDATA section is
// none, as expat and minidom have it.
func (b *builder) charData(data string, start int) *syntaxError {
	cdata := strings.HasPrefix(b.text[start:], "<![CDATA[")
	top := b.top()
	if top == nil {
		if cdata || strings.Trim(data, " \t\n") != "" {
			return &syntaxError{start, "text outside the root element", "remove it, or put it into a comment <!-- … -->"}
		}
		return nil
	}
	if data == "" {
		return nil
	}
	if cdata {
		top.AddChild(etree.NewCData(data))
		return nil
	}
	if n := len(top.Child); n > 0 {
		if last, ok := top.Child[n-1].(*etree.CharData); ok && !last.IsCData() {
			last.SetData(last.Data + data)
			return nil
		}
	}
	top.AddChild(etree.NewText(data))
	return nil
}

// doctype is what <!DOCTYPE …> may say: a name, and where it is defined.
var doctype = regexp.MustCompile(`^DOCTYPE[ \t\n]+[\pL_][\pL\pN_.-]*(:[\pL_][\pL\pN_.-]*)?` +
	`([ \t\n]+(SYSTEM|PUBLIC[ \t\n]+("[^"]*"|'[^']*'))[ \t\n]+("[^"]*"|'[^']*'))?[ \t\n]*$`)

func (b *builder) directive(text string, start int) *syntaxError {
	switch {
	case strings.HasPrefix(text, "DOCTYPE") && strings.Contains(text, "["):
		return &syntaxError{start, "a document type with declarations: entities are not expanded here", "remove <!DOCTYPE …> and write the text itself"}
	case !doctype.MatchString(text) || b.doc.root != nil || b.typed:
		return &syntaxError{start, "<! begins neither a comment, nor CDATA, nor a document type in its place", "remove it, or write <!-- … -->"}
	}
	b.typed = true
	return nil
}

// checkInstruction refuses what expat does not take for a processing
// instruction.
func (b *builder) checkInstruction(t xml.ProcInst, start int) *syntaxError {
	if strings.EqualFold(t.Target, "xml") {
		return &syntaxError{start, "<?xml …?> is wrong, or not at the very start", `write <?xml version="1.0"?> before everything else, or leave it out`}
	}
	after := b.text[start+len("<?")+len(t.Target):]
	if strings.Contains(t.Target, ":") || !strings.HasPrefix(after, "?>") && strings.TrimLeft(after, " \t\n") == after {
		return &syntaxError{start, "a processing instruction <?…?> with a wrong name", "remove it"}
	}
	return nil
}
