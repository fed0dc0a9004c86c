package rrd

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// xmlForm reads an update in its XML form:
//
//	<?xml version="1.0" encoding="UTF-8"?>
//	<xport><meta><start>1766000150</start><step>5</step><end>1766000745</end>
//	<rows>1</rows><columns>2</columns><legend><entry>AVERAGE:host:b9a7...:cpu0</entry>
//	<entry>AVERAGE:host:b9a7...:loadavg</entry></legend></meta>
//	<data><row><t>1766000745</t><v>0.100000001490116</v><v>NaN</v></row></data></xport>
//
// Elements that it does not know are skipped, and so are comments,
// processing instructions and text between elements.
type xmlForm struct {
	src     *source
	bytes   xmlBytes
	tokens  *xml.Decoder
	open    []xml.Name // elements that are not closed yet
	owesEnd bool       // the last token was the first half of <a/>
	first   bool       // no token has been read
	rooted  bool       // the outermost element has been seen
	text    []byte     // of the element being read
	quoted  string     // the first bytes of the body
	name    string     // of the outermost element

	general bool // do without the scanner
}

func (x *xmlForm) reset(src *source, quoted string) {
	x.name = "xport"
	x.src, x.quoted = src, quoted
	x.bytes.reset(src)
	x.tokens = xml.NewDecoder(&x.bytes)
	x.tokens.CharsetReader = x.bytes.charset
	x.open, x.first, x.rooted, x.owesEnd = x.open[:0], true, false, false
}

// offset is that of the next byte to be looked at. The tokenizer may have
// read one byte more.
func (x *xmlForm) offset() int64 {
	return x.src.offset() - (x.bytes.given - x.tokens.InputOffset())
}

// next returns the next token that is a StartElement, an EndElement or text.
// Unlike the tokenizer it insists on tags that match; it returns io.EOF only
// where the document may end.
func (x *xmlForm) next() (xml.Token, error) {
	for {
		x.bytes.token = x.bytes.given
		token, err := x.tokens.RawToken()
		first := x.first
		x.first, x.owesEnd = false, false
		if err != nil {
			return nil, x.tokenError(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(x.open) == maxDepth {
				return nil, fmt.Errorf("more than %d elements inside one another", maxDepth)
			}
			x.open = append(x.open, token.Name)
			x.owesEnd = x.bytes.slash
			return token, nil
		case xml.EndElement:
			last := len(x.open) - 1
			if last < 0 {
				return nil, fmt.Errorf("</%s> closes nothing", nameOf(token.Name))
			}
			if x.open[last] != token.Name {
				return nil, fmt.Errorf("</%s> closes <%s>", nameOf(token.Name), nameOf(x.open[last]))
			}
			x.open = x.open[:last]
			return token, nil
		case xml.CharData:
			return token, nil
		case xml.ProcInst:
			if token.Target == "xml" && !first {
				return nil, fmt.Errorf("an XML declaration inside the document")
			}
		case xml.Directive:
			if x.rooted {
				return nil, fmt.Errorf("a <!...> declaration inside the document")
			}
		}
	}
}

// tokenError is what to say of a tokenizer's error. If it lacked a byte,
// then the reason is that there was none, whatever it makes of that.
func (x *xmlForm) tokenError(err error) error {
	switch {
	case !x.src.spent:
		return err
	case err == io.EOF && len(x.open) == 0:
		return io.EOF
	case x.src.err == io.EOF && x.rooted && len(x.open) == 0:
		return fmt.Errorf("something follows </%s>: %w", x.name, err)
	}
	return x.src.failure()
}

// nameOf is a name as the document has it, cut to fit into an error.
func nameOf(name xml.Name) string {
	s := name.Local
	if name.Space != "" {
		s = name.Space + ":" + s
	}
	return string(clip([]byte(s)))
}

// child goes to the next element inside the one being read and returns its
// name; "" where that one ends. Elements of a name space are called "?".
func (x *xmlForm) child() (string, error) {
	for {
		token, err := x.next()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Space != "" {
				return "?", nil
			}
			return token.Name.Local, nil
		case xml.EndElement:
			return "", nil
		}
	}
}

// skip reads to the end of the element that just began.
func (x *xmlForm) skip() error {
	for depth := len(x.open); len(x.open) >= depth; {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

// content reads the text of the element that just began, to its end. The
// text is valid until the next call.
func (x *xmlForm) content(limit int) (text []byte, offset int64, err error) {
	offset = x.offset()
	name := x.open[len(x.open)-1].Local
	x.text = x.text[:0]
	for {
		token, err := x.next()
		if err != nil {
			return nil, offset, err
		}
		switch token := token.(type) {
		case xml.CharData:
			if len(x.text)+len(token) > limit {
				return nil, offset, errAt(offset, "text of <%s> is longer than %d bytes", name, limit)
			}
			x.text = append(x.text, token...)
		case xml.StartElement:
			return nil, offset, fmt.Errorf("<%s> inside <%s>", nameOf(token.Name), name)
		case xml.EndElement:
			return x.text, offset, nil
		}
	}
}

// number is the content of an element that has a number.
func (x *xmlForm) number() ([]byte, int64, error) {
	text, offset, err := x.content(maxValueBytes)
	return trimSpace(text), offset, err
}

func (x *xmlForm) head(d *Decoder) error {
	if err := x.root(&SyntaxError{Row: -1, Err: notUpdate([]byte(x.quoted))}); err != nil {
		return err
	}
	for {
		name, err := x.child()
		switch {
		case err != nil:
			return err
		case name == "":
			return fmt.Errorf("the document has no <data>")
		case name == "meta":
			err = x.meta(d)
		case name == "data" && !d.meta.legend:
			return fmt.Errorf("<data> comes before the legend")
		case name == "data":
			return nil
		default:
			err = x.skip()
		}
		if err != nil {
			return err
		}
	}
}

// root goes past the opening tag of the outermost element, or returns foreign
// if this is another kind of document. A page of HTML need not even be XML.
func (x *xmlForm) root(foreign error) error {
	for {
		token, err := x.next()
		if bad := (*xml.SyntaxError)(nil); errors.As(err, &bad) {
			return foreign
		}
		if err != nil && err != io.EOF {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name == (xml.Name{Local: x.name}) {
				x.rooted = true
				return nil
			}
		case xml.CharData:
			if len(trimSpace(token)) == 0 {
				continue
			}
		case nil: // the end
			return io.ErrUnexpectedEOF
		}
		return foreign
	}
}

func (x *xmlForm) meta(d *Decoder) error {
	if err := x.scanNumbers(d); err != nil {
		return err
	}
	for {
		name, err := x.child()
		if err != nil || name == "" {
			return err
		}
		i := metaIndex(name)
		switch {
		case i >= 0:
			text, offset, err := x.number()
			if err != nil {
				return err
			}
			if err := d.meta.set(i, text, offset); err != nil {
				return err
			}
		case name == "legend":
			err = x.legend(d)
		default:
			err = x.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (x *xmlForm) legend(d *Decoder) error {
	if err := d.meta.beginLegend(); err != nil {
		return err
	}
	for {
		if err := x.scanEntries(d); err != nil {
			return err
		}
		name, err := x.child()
		if err != nil || name == "" {
			return err
		}
		if name != "entry" {
			if err := x.skip(); err != nil {
				return err
			}
			continue
		}
		text, _, err := x.content(maxEntryBytes)
		if err != nil {
			return err
		}
		if err := x.entry(d, text); err != nil {
			return err
		}
	}
}

func (x *xmlForm) entry(d *Decoder, text []byte) error {
	// No entry begins with white space: it is a pretty printer's, and so is
	// what follows. At the end alone it belongs to the name.
	if len(text) > 0 && isSpace(text[0]) {
		text = trimSpace(text)
	}
	return d.addEntry(text)
}

func (x *xmlForm) row(d *Decoder) (int64, error) {
	for {
		if x.scanRow() {
			return x.values(d)
		}
		name, err := x.child()
		switch {
		case err != nil:
			return 0, err
		case name == "row":
			return x.values(d)
		case name == "":
			return 0, x.finish()
		}
		if err := x.skip(); err != nil {
			return 0, err
		}
	}
}

func (x *xmlForm) values(d *Decoder) (t int64, err error) {
	timed := false
	for {
		if !timed {
			if t, timed, err = x.scanTime(d); err != nil {
				return 0, err
			}
		}
		x.scanValues(d)
		if timed && x.scanRowEnd() {
			return t, nil
		}
		name, err := x.child()
		switch {
		case err != nil:
			return 0, err
		case name == "" && !timed:
			return 0, fmt.Errorf("row without a time")
		case name == "":
			return t, nil
		case name == "t" && timed:
			return 0, fmt.Errorf("row with two times")
		case name == "t" || name == "v":
			text, offset, err := x.number()
			if err != nil {
				return 0, err
			}
			if name == "v" {
				err = d.value(text, offset)
			} else {
				t, err = d.rowTime(text, offset)
				timed = true
			}
			if err != nil {
				return 0, err
			}
		default:
			if err := x.skip(); err != nil {
				return 0, err
			}
		}
	}
}

// finish reads what follows </data>: the rest of <xport>, then nothing.
func (x *xmlForm) finish() error {
	for {
		name, err := x.child()
		if err != nil {
			return err
		}
		if name == "" {
			return x.nothing()
		}
		if name == "data" || name == "meta" {
			return fmt.Errorf("a second <%s>", name)
		}
		if err := x.skip(); err != nil {
			return err
		}
	}
}

// nothing returns io.EOF if nothing but white space and comments is left.
func (x *xmlForm) nothing() error {
	for {
		token, err := x.next()
		if err != nil {
			return err // io.EOF where all is well
		}
		text, ok := token.(xml.CharData)
		if !ok || len(trimSpace(text)) > 0 {
			return fmt.Errorf("something follows </%s>", x.name)
		}
	}
}
