package config

import (
	"fmt"

	"github.com/beevik/etree"
)

// Parse reads the trigger XML of an object of a class. The problems are in
// the order of the document. A variable with an Error is left out, its
// neighbours are not touched; use Merge to keep its last good version. If the
// document cannot be read at all the Config is nil and the only problem says
// why. The empty text is no variables, as where there is no other-config key.
//
// All <variable> elements count, wherever they stand and whatever the root is
// called. What a variable's tag says is the attribute "value" of the first
// element of that name anywhere below it.
func Parse(class, text string, opts Options) (*Config, []Problem) {
	if builtins(class) == nil {
		return nil, []Problem{{Msg: fmt.Sprintf("class %q is not known", class), Fix: `use "vm", "host" or "sr"`}}
	}
	if text == "" {
		return &Config{}, nil
	}
	doc, err := readDocument(text)
	if err != nil {
		return nil, []Problem{*err}
	}
	elements := variableElements(doc.root)
	if len(elements) > MaxVariables {
		at := doc.places[elements[MaxVariables]]
		return nil, []Problem{{
			Line: at.line, Column: at.column,
			Msg: fmt.Sprintf("%d variables; the limit is %d", len(elements), MaxVariables),
			Fix: "let one variable fold several columns with rrd_regex and consolidation_fn",
		}}
	}
	if class == ClassSR && opts.Legacy {
		return &Config{}, []Problem{{Line: 1, Column: 1, Severity: Warning, Msg: "the daemon of 2012 has no SR variables: nothing is in force", Fix: "leave --legacy out"}}
	}
	p := &parser{class: class, opts: opts, doc: doc, config: &Config{}}
	p.strays(doc.root)
	for _, e := range elements {
		p.variable(e)
	}
	p.config.settle()
	sortProblems(p.problems)
	if p.unlisted > 0 {
		p.problems = append(p.problems, Problem{Msg: fmt.Sprintf("and %d more problems", p.unlisted), Fix: "mend the first ones"})
	}
	return p.config, p.problems
}

// parser collects the variables and problems of one document.
type parser struct {
	class    string
	opts     Options
	doc      *document
	config   *Config
	problems []Problem
	unlisted int // problems beyond MaxProblems
}

// strays reports what stands beside the variables: it has no effect.
func (p *parser) strays(root *etree.Element) {
	if root.FullTag() == variableTag {
		return
	}
	children := root.ChildElements()
	if len(children) == 0 {
		p.report(root, "", Lax, fmt.Sprintf("<%s> has no <variable> in it", root.FullTag()), "")
	}
	for _, e := range children {
		if e.FullTag() != variableTag && len(variableElements(e)) == 0 {
			p.report(e, "", Lax, fmt.Sprintf("<%s> is not known here: it has no effect", e.FullTag()),
				didYouMean("<%s>", e.FullTag(), []string{variableTag}))
		}
	}
}

// variable reads one <variable> and takes it into the configuration, or
// reports why not.
func (p *parser) variable(e *etree.Element) {
	r := p.read(e)
	if r.refused {
		p.config.refused = append(p.config.refused, refusal{r.v.Name, len(p.config.Variables)})
		return
	}
	p.config.Variables = append(p.config.Variables, r.v)
}

// report adds a problem at an element.
func (p *parser) report(e *etree.Element, variable string, s Severity, msg, fix string) {
	if len(p.problems) == MaxProblems {
		p.unlisted++
		return
	}
	at := p.doc.places[e]
	p.problems = append(p.problems, Problem{
		Line: at.line, Column: at.column, Variable: variable, Severity: s, Msg: msg, Fix: fix,
	})
}

// variableElements are the <variable> elements from e inwards, in document
// order.
func variableElements(e *etree.Element) []*etree.Element {
	var found []*etree.Element
	walk(e, func(e *etree.Element) {
		if e.FullTag() == variableTag {
			found = append(found, e)
		}
	})
	return found
}

// walk visits e and the elements below it in document order.
func walk(e *etree.Element, visit func(*etree.Element)) {
	visit(e)
	for child := range e.ChildElementsSeq() {
		walk(child, visit)
	}
}

// settle removes variables that a later one of the same name replaces, and
// keeps the places of the refused.
func (c *Config) settle() {
	last := make(map[string]int, len(c.Variables))
	for i, v := range c.Variables {
		last[v.Name] = i
	}
	kept := c.Variables[:0:0]
	moved := make([]int, len(c.Variables)+1) // index before → index after
	for i, v := range c.Variables {
		moved[i] = len(kept)
		if last[v.Name] == i {
			kept = append(kept, v)
		}
	}
	moved[len(c.Variables)] = len(kept)
	for i := range c.refused {
		c.refused[i].at = moved[c.refused[i].at]
	}
	c.Variables = kept
}
