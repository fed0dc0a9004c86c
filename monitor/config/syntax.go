package config

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// malformed is the decoder's error with a place and a way out.
func (b *builder) malformed(err error) *syntaxError {
	var syntax *xml.SyntaxError
	if !errors.As(err, &syntax) {
		return &syntaxError{int(b.dec.InputOffset()), err.Error(), ""}
	}
	if syntax.Msg == "unexpected EOF" {
		return b.unclosed()
	}
	return &syntaxError{int(b.dec.InputOffset()), syntax.Msg, fixOf(syntax.Msg)}
}

// unclosed is the error of a document that ends too early.
func (b *builder) unclosed() *syntaxError {
	top := b.top()
	if top == nil {
		return &syntaxError{len(b.text), "it ends in the middle of a tag", "close the tag with >"}
	}
	at := b.doc.places[top]
	return &syntaxError{
		len(b.text),
		fmt.Sprintf("it ends before the <%s> of line %d is closed", top.FullTag(), at.line),
		fmt.Sprintf("write </%s>, or end that tag with />", top.FullTag()),
	}
}

// fixes maps a part of what the decoder says to the way out.
var fixes = []struct{ part, fix string }{
	{"invalid character entity", "write &amp; for an & that is text"},
	{"unescaped < inside quoted string", "write &lt; for a < in a value, or close the quotes before it"},
	{"unquoted or missing attribute value", `put the value in quotes: value="0.9"`},
	{"attribute name without =", `write the attribute as name="value"`},
	{"expected attribute name", `write the attribute as name="value", with no space inside the name`},
	{"expected element name after <", "write &lt; for a < that is text"},
	{"expected /> in element", "end the tag with />"},
	{"invalid sequence \"--\"", "write a comment without -- in it"},
	{"unescaped ]]>", "write ]]&gt; for a ]]> that is text"},
}

func fixOf(msg string) string {
	for _, f := range fixes {
		if strings.Contains(msg, f.part) {
			return f.fix
		}
	}
	return ""
}

// checkCharacters finds what no XML document may contain, anywhere.
func checkCharacters(text string) *syntaxError {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return &syntaxError{i, fmt.Sprintf("byte %#02x is not UTF-8", text[i]), "save the text as UTF-8"}
			}
		}
		if r < ' ' && r != '\t' && r != '\n' || r == 0xfffe || r == 0xffff {
			return &syntaxError{i, fmt.Sprintf("the character %U, which XML does not allow", r), "remove it"}
		}
	}
	return nil
}

// fullName is a name with its prefix, as the document has it.
func fullName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// scopes keeps the namespace prefixes that the open elements declare.
type scopes struct {
	declared []binding
	marks    []int // length of declared at the start of each open element
}

type binding struct{ prefix, uri string }

// enter opens an element: its own declarations count for its own names. It
// fails where expat does: prefixes that nobody declared, two attributes of
// one name.
func (s *scopes) enter(t xml.StartElement) *syntaxError {
	s.marks = append(s.marks, len(s.declared))
	for _, a := range t.Attr {
		if a.Name.Space != "xmlns" {
			continue
		}
		if a.Value == "" || strings.Contains(a.Value, " ") {
			return &syntaxError{msg: fmt.Sprintf("xmlns:%s=%q is no namespace", a.Name.Local, a.Value), fix: "remove the prefix"}
		}
		s.declared = append(s.declared, binding{a.Name.Local, a.Value})
	}
	if err := s.check(t.Name); err != nil {
		return err
	}
	seen := make(map[xml.Name]bool, len(t.Attr))
	for _, a := range t.Attr {
		if a.Name.Local == "xmlns" && strings.Contains(a.Value, " ") {
			return &syntaxError{msg: fmt.Sprintf("xmlns=%q is no namespace", a.Value), fix: "remove it"}
		}
		if err := s.check(a.Name); err != nil {
			return err
		}
		name := xml.Name{Space: s.uri(a.Name.Space), Local: a.Name.Local}
		if seen[name] {
			return &syntaxError{
				msg: fmt.Sprintf("two attributes %q in one <%s>", fullName(a.Name), fullName(t.Name)),
				fix: "keep one of them",
			}
		}
		seen[name] = true
	}
	return nil
}

// leave closes the innermost element.
func (s *scopes) leave() {
	last := len(s.marks) - 1
	s.declared = s.declared[:s.marks[last]]
	s.marks = s.marks[:last]
}

// check refuses names that are none, and prefixes that nobody declared.
func (s *scopes) check(n xml.Name) *syntaxError {
	prefix, local, prefixed := strings.Cut(fullName(n), ":")
	if !startsName(prefix) || prefixed && !startsName(local) {
		return &syntaxError{msg: fmt.Sprintf("%q is no name", fullName(n)), fix: "write a name of letters, digits and _"}
	}
	if s.uri(n.Space) == "" && prefixed {
		return &syntaxError{msg: fmt.Sprintf("the prefix %q is not declared", prefix), fix: "write the name without it"}
	}
	return nil
}

// startsName says whether s can be a name: the decoder has looked at all but
// the first letter after a colon.
func startsName(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == '_' || unicode.IsLetter(r)
}

// uri is what a prefix stands for, "" for none and for one that is unknown.
func (s *scopes) uri(prefix string) string {
	if prefix == "xml" || prefix == "xmlns" {
		return prefix
	}
	for i := len(s.declared) - 1; i >= 0; i-- {
		if s.declared[i].prefix == prefix {
			return s.declared[i].uri
		}
	}
	return ""
}
