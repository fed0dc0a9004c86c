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
		return nil, []Problem{{Msg: fmt.Sprintf("class %q is not known", class), Fix: classFix}}
	}
	if text == "" {
		return &Config{}, nil
	}
	doc, err := readVariables(text)
	if err != nil {
		return nil, []Problem{*err}
	}
	p := &parser{class: class, opts: opts, reports: &reports{doc: doc}, config: &Config{}}
	p.misplacedHeaders(doc.root)
	p.block(doc.root)
	p.settle()
	return p.config, p.all()
}

const classFix = `use "vm", "host" or "sr"`

// readVariables reads a document that has no more in it than it may.
func readVariables(text string) (*document, *Problem) {
	doc, err := readDocument(text)
	if err != nil {
		return nil, err
	}
	limit := func(elements []*etree.Element, what, fix string) *Problem {
		if len(elements) <= MaxVariables {
			return nil
		}
		at := doc.places[elements[MaxVariables]]
		return &Problem{
			Line: at.line, Column: at.column,
			Msg: fmt.Sprintf("%d %s; the limit is %d", len(elements), what, MaxVariables), Fix: fix,
		}
	}
	if err := limit(variableElements(doc.root), "variables", "let one variable fold several columns with rrd_regex and consolidation_fn"); err != nil {
		return nil, err
	}
	if err := limit(disableElements(doc.root), "<disable> elements", "remove those that switch nothing off"); err != nil {
		return nil, err
	}
	return doc, nil
}

// parser collects the variables of one object's document, or of one class and
// tag of a document of defaults.
type parser struct {
	class string
	opts  Options
	*reports
	config *Config
}

// block takes in what an element has in it.
func (p *parser) block(root *etree.Element) {
	if p.class == ClassSR && p.opts.Legacy {
		p.report(root, "", Warning, "the daemon of 2012 has no SR variables: nothing is in force", "leave --legacy out")
		return
	}
	p.strays(root)
	for _, e := range disableElements(root) {
		p.disable(e)
	}
	for _, e := range variableElements(root) {
		p.variable(e)
	}
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
		if len(variableElements(e)) == 0 && len(disableElements(e)) == 0 {
			p.report(e, "", Lax, fmt.Sprintf("<%s> is not known here: it has no effect", e.FullTag()),
				didYouMean("<%s>", e.FullTag(), []string{variableTag, disableTag}))
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
	if d := p.config.disable(r.v.Name); d != nil {
		p.report(e, r.v.Name, Warning, fmt.Sprintf("switched off by the <disable> of line %d", d.Line), "remove one of the two")
	}
}

// reports collects the problems of one document.
type reports struct {
	doc      *document
	problems []Problem
	unlisted int // problems beyond MaxProblems
}

// report adds a problem at an element.
func (r *reports) report(e *etree.Element, variable string, s Severity, msg, fix string) {
	if len(r.problems) == MaxProblems {
		r.unlisted++
		return
	}
	at := r.doc.places[e]
	r.problems = append(r.problems, Problem{
		Line: at.line, Column: at.column, Variable: variable, Severity: s, Msg: msg, Fix: fix,
	})
}

// all is the problems in the order of the document.
func (r *reports) all() []Problem {
	sortProblems(r.problems)
	if r.unlisted > 0 {
		r.problems = append(r.problems, Problem{Msg: fmt.Sprintf("and %d more problems", r.unlisted), Fix: "mend the first ones"})
	}
	return r.problems
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

// settle removes variables that a later one of the same name replaces or
// that are switched off, and keeps the places of the refused.
func (p *parser) settle() {
	c := p.config
	last := make(map[string]int, len(c.Variables))
	for i, v := range c.Variables {
		last[v.Name] = i
	}
	for _, d := range c.Disabled {
		if i, ok := last[d.Name]; ok {
			if c.hushed == nil {
				c.hushed = make(map[string]*Variable)
			}
			c.hushed[d.Name] = c.Variables[i]
			delete(last, d.Name)
		}
	}
	kept := c.Variables[:0:0]
	moved := make([]int, len(c.Variables)+1) // index before → index after
	for i, v := range c.Variables {
		moved[i] = len(kept)
		if at, ok := last[v.Name]; ok && at == i {
			kept = append(kept, v)
		}
	}
	moved[len(c.Variables)] = len(kept)
	for i := range c.refused {
		c.refused[i].at = moved[c.refused[i].at]
	}
	c.Variables = kept
}
