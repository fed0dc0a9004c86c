package config

import (
	"fmt"
	"slices"

	"github.com/beevik/etree"
)

// Layer is a document of variables that objects inherit: a trigger file, or
// the pool's other-config:perfmon-defaults.
//
//	<triggers>
//	  <config class="vm">
//	    <variable>…</variable>
//	  </config>
//	  <config class="vm" tag="production">
//	    <variable>…</variable>
//	    <disable name="network_usage"/>
//	  </config>
//	</triggers>
//
// A <config> is for all objects of its class, or for those that have its tag.
// The order of the blocks means nothing; two of one class and tag are one. A
// root that is not <triggers> is itself the only block, whatever it is called.
type Layer struct {
	Origin string // what people know it as: "triggers/vm.xml"
	Class  string // of its blocks, which need not say it then; "" if they must
	Text   string
}

// Defaults is a Layer that was read. It is immutable, and serves all objects.
// Nil is one without variables.
type Defaults struct {
	origin string
	blocks []*block // one for a class and tag
	// headless: a block is left out since it does not say what it is for.
	headless bool
}

// block is the variables of one class, or of one tag of it.
type block struct {
	class, tag string // tag is "" for the whole class
	config     *Config
}

// ParseDefaults reads a layer. As with Parse, a part with an Error is left
// out and its neighbours are not touched, Defaults is nil if the document
// cannot be read at all, and the empty text is no variables. MergeDefaults
// keeps what was good.
func ParseDefaults(l Layer, opts Options) (*Defaults, []Problem) {
	if l.Class != "" && builtins(l.Class) == nil {
		return nil, []Problem{{Msg: fmt.Sprintf("class %q is not known", l.Class), Fix: classFix}}
	}
	d := &Defaults{origin: l.Origin}
	if l.Text == "" {
		return d, nil
	}
	doc, err := readVariables(l.Text)
	if err != nil {
		return nil, []Problem{*err}
	}
	p := &defaultsParser{layer: l, opts: opts, reports: &reports{doc: doc}, defaults: d}
	if !p.document(doc.root) {
		return nil, p.all()
	}
	return d, p.all()
}

// defaultsParser reads one document of defaults.
type defaultsParser struct {
	layer Layer
	opts  Options
	*reports
	defaults *Defaults
	parsers  []*parser // of defaults.blocks
}

// document reads all blocks. False is a document of which nothing counts.
func (p *defaultsParser) document(root *etree.Element) bool {
	if root.FullTag() != triggersTag {
		p.block(root)
		p.settle()
		return true
	}
	if name := strangeAttribute(root); name != "" {
		p.report(root, "", Error, fmt.Sprintf("<triggers> has an attribute %q: nothing in it is in force", name), "write it in each <config>")
		return false
	}
	children := root.ChildElements()
	if len(children) == 0 {
		p.report(root, "", Lax, "<triggers> has no <config> in it", "")
	}
	for _, e := range children {
		switch tag := e.FullTag(); {
		case tag == configTag:
			p.block(e)
		case len(variableElements(e))+len(disableElements(e)) > 0:
			p.report(e, "", Error, fmt.Sprintf("<%s> does not stand in a <config>", tag), `write <config class="vm"> around it`)
		default:
			p.report(e, "", Lax, fmt.Sprintf("<%s> is not known here: it has no effect", tag), didYouMean("<%s>", tag, []string{configTag}))
		}
	}
	p.settle()
	return true
}

func (p *defaultsParser) settle() {
	for _, q := range p.parsers {
		q.settle()
	}
}

// block reads one block into the configuration of its class and tag.
func (p *defaultsParser) block(e *etree.Element) {
	class, tag, bad := p.header(e)
	if bad != nil {
		p.defaults.headless = true
		p.report(bad.at, "", Error, bad.msg, bad.fix)
		return
	}
	i := slices.IndexFunc(p.defaults.blocks, func(b *block) bool { return b.class == class && b.tag == tag })
	if i < 0 {
		i = len(p.parsers)
		c := &Config{}
		p.defaults.blocks = append(p.defaults.blocks, &block{class, tag, c})
		p.parsers = append(p.parsers, &parser{class: class, opts: p.opts, reports: p.reports, config: c})
	}
	p.parsers[i].block(e)
}

// CheckDefaults is to a layer what Check is to an object's own XML.
func CheckDefaults(l Layer, opts Options) []Problem {
	d, problems := ParseDefaults(l, opts)
	if d == nil {
		return problems
	}
	for _, b := range d.blocks {
		for _, v := range b.config.Variables {
			problems = append(problems, readerWarnings(b.class, v)...)
		}
	}
	sortProblems(problems)
	return problems
}
