package config

import (
	"fmt"
	"slices"

	"github.com/beevik/etree"
)

// badHeader is why nobody can say what a block is for.
type badHeader struct {
	at       *etree.Element
	msg, fix string
}

// header is what a block is for. All doubts refuse it: a misspelt tag must
// not make it a block for the whole class.
func (p *defaultsParser) header(e *etree.Element) (class, tag string, bad *badHeader) {
	if name := strangeAttribute(e, "class", "tag"); name != "" {
		fix := didYouMean("the attribute %q", name, []string{"class", "tag"})
		if fix == "" {
			fix = "remove it; a block has the attributes class and tag"
		}
		return "", "", &badHeader{e, fmt.Sprintf("<%s> has an unknown attribute %q: nothing in it is in force", e.FullTag(), name), fix}
	}
	if inner := headersBelow(e); len(inner) > 0 {
		return "", "", &badHeader{inner[0], "a <config> with class or tag inside another: nothing in either is in force", "write one after the other, in a <triggers>"}
	}
	class, given := attribute(e, "class")
	switch {
	case !given && p.layer.Class == "":
		return "", "", &badHeader{e, fmt.Sprintf("<%s> does not say its class: nothing in it is in force", e.FullTag()), `write <config class="vm">`}
	case !given:
		class = p.layer.Class
	case builtins(class) == nil:
		return "", "", &badHeader{e, fmt.Sprintf("class %q is not known: nothing in the block is in force", class), classFix}
	case p.layer.Class != "" && class != p.layer.Class:
		return "", "", &badHeader{e, fmt.Sprintf("class %q in the document for %q: nothing in the block is in force", class, p.layer.Class), "put it where the class belongs"}
	}
	tag, given = attribute(e, "tag")
	if given && tag == "" {
		return "", "", &badHeader{e, "the tag is empty: nothing in the block is in force", "name a tag, or remove the attribute for all of the class"}
	}
	return class, tag, nil
}

// strangeAttribute is the first attribute of an element that is none of the
// known, "" if there is none. Prefixed ones are other people's.
func strangeAttribute(e *etree.Element, known ...string) string {
	for _, a := range e.Attr {
		if a.Space == "" && a.Key != "xmlns" && !slices.Contains(known, a.Key) {
			return a.Key
		}
	}
	return ""
}

// headersBelow are the <config> elements below e, outside variables, that say
// a class or a tag.
func headersBelow(e *etree.Element) []*etree.Element {
	var found []*etree.Element
	for child := range e.ChildElementsSeq() {
		if child.FullTag() == variableTag {
			continue
		}
		if child.FullTag() == configTag && hasHeader(child) {
			found = append(found, child)
		}
		found = append(found, headersBelow(child)...)
	}
	return found
}

func hasHeader(e *etree.Element) bool {
	_, class := attribute(e, "class")
	_, tag := attribute(e, "tag")
	return class || tag
}

// misplacedHeaders reports class and tag in an object's own document: all of
// it is for that object.
func (p *parser) misplacedHeaders(root *etree.Element) {
	found := headersBelow(root)
	if root.FullTag() != variableTag && hasHeader(root) {
		found = append([]*etree.Element{root}, found...)
	}
	for _, e := range found {
		p.report(e, "", Lax, "class and tag have no effect in an object's own XML: all its variables are for this object", "remove them; they belong into trigger files and the pool's perfmon-defaults")
	}
}
