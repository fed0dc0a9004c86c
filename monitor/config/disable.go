package config

import (
	"slices"

	"github.com/beevik/etree"
)

// Disable is a name that is switched off, by an element beside the variables:
//
//	<config>
//	  <disable name="cpu_usage"/>
//	</config>
//
// It switches off what comes after it in the order of precedence (see
// Effective), and a variable of that name in its own block. The stock daemon
// ignores it.
type Disable struct {
	Name         string
	Line, Column int // of the element, both from 1

	kept bool // by Merge, from the text before
}

// Disables says whether a <disable> switches off a name, for variables that
// do not come from a document: those that an SR asks of its hosts.
func (c *Config) Disables(name string) bool { return c.disable(name) != nil }

// disable is the first that switches off a name, nil if none does.
func (c *Config) disable(name string) *Disable {
	i := slices.IndexFunc(c.Disabled, func(d Disable) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Disabled[i]
}

// disableElements are the <disable> elements from e inwards that do not stand
// in a variable, in document order.
func disableElements(e *etree.Element) []*etree.Element {
	if e.FullTag() == variableTag {
		return nil
	}
	var found []*etree.Element
	if e.FullTag() == disableTag {
		found = append(found, e)
	}
	for child := range e.ChildElementsSeq() {
		found = append(found, disableElements(child)...)
	}
	return found
}

// disable reads one <disable>.
func (p *parser) disable(e *etree.Element) {
	name, _ := attribute(e, "name")
	if name == "" {
		p.config.brokenDisable = true
		p.report(e, "", Error, "a <disable> without a name", `write <disable name="cpu_usage"/>`)
		return
	}
	if p.config.disable(name) != nil {
		p.report(e, name, Warning, "a second <disable> of this name", "remove one of them")
		return
	}
	at := p.doc.places[e]
	p.config.Disabled = append(p.config.Disabled, Disable{Name: name, Line: at.line, Column: at.column})
}
