package rubberimport

import "fmt"

// maxDepth bounds how deep values may be within one another.
const maxDepth = 100

// value is what stands at a name: text, number, bool, none, list, *dict, env or
// unknown.
type value any

type (
	text   string
	number struct {
		value float64
		text  string
	}
	none struct{}
	list []value

	// env is a variable of the environment.
	env struct {
		name      string
		otherwise value // nil: there is none
	}

	// unknown is what only Python could tell.
	unknown struct {
		source string
		line   int
	}
)

// dict keeps the order of the file.
type dict struct {
	keys  []string
	items map[string]value
	lines map[string]int
}

func newDict() *dict { return &dict{items: map[string]value{}, lines: map[string]int{}} }

func (d *dict) set(name string, v value, line int) {
	if _, there := d.items[name]; !there {
		d.keys = append(d.keys, name)
	}
	d.items[name], d.lines[name] = v, line
}

// parser reads the assignments at the top of a module.
type parser struct {
	lex   *lexer
	tok   token
	names *dict
	notes []Note
	depth int
}

// parsePython reads what a Python file assigns to names. What would have to be
// run is noted.
func parsePython(src []byte) (*dict, []Note, error) {
	lex, err := newLexer(src)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{lex: lex, names: newDict()}
	if err := p.next(); err != nil {
		return nil, nil, err
	}
	for p.tok.kind != tokenEnd {
		if err := p.statement(); err != nil {
			return nil, nil, err
		}
	}
	return p.names, p.notes, nil
}

func (p *parser) next() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) is(text string) bool {
	return (p.tok.kind == tokenOther || p.tok.kind == tokenName) && p.tok.text == text
}

func (p *parser) note(line int, format string, args ...any) {
	p.notes = append(p.notes, Note{Line: line, Text: fmt.Sprintf(format, args...)})
}

// statement reads one statement at the top.
func (p *parser) statement() error {
	if p.tok.kind == tokenNewline {
		return p.next()
	}
	line := p.tok.line
	if p.tok.kind == tokenString { // a docstring
		return p.skipLine()
	}
	if p.tok.kind != tokenName {
		p.note(line, "this is not understood, and was left out")
		return p.skipLine()
	}
	name := p.tok.text
	switch name {
	case "import", "from", "pass":
		return p.skipLine()
	case "if", "for", "while", "def", "class", "try", "with", "elif", "else", "except", "finally", "async":
		p.note(line, "%q: what is within it is not carried over, because nothing is run: write what it comes to", name)
		return p.skipBlock()
	}
	if err := p.next(); err != nil {
		return err
	}
	var path []string
	for p.is("[") {
		if err := p.next(); err != nil {
			return err
		}
		if p.tok.kind != tokenString {
			p.note(line, "what is assigned to a part of %s is not carried over", name)
			return p.skipLine()
		}
		path = append(path, p.tok.text)
		if err := p.next(); err != nil {
			return err
		}
		if !p.is("]") {
			p.note(line, "what is assigned to a part of %s is not carried over", name)
			return p.skipLine()
		}
		if err := p.next(); err != nil {
			return err
		}
	}
	if !p.is("=") {
		p.note(line, "%s is changed in a way that would have to be run: it is not carried over", name)
		return p.skipLine()
	}
	if err := p.next(); err != nil {
		return err
	}
	v, err := p.expression()
	if err != nil {
		return err
	}
	if p.is("=") { // a = b = …
		v = unknown{"several names at once", line}
	}
	p.assign(name, path, v, line)
	return p.skipLine()
}

func (p *parser) assign(name string, path []string, v value, line int) {
	if len(path) == 0 {
		p.names.set(name, v, line)
		return
	}
	at, ok := p.names.items[name].(*dict)
	for i, key := range path {
		if !ok {
			p.note(line, "%s is no dictionary that is written out: what is assigned to %q in it is not carried over", name, key)
			return
		}
		if i == len(path)-1 {
			at.set(key, v, line)
			return
		}
		at, ok = at.items[key].(*dict)
	}
}

// skipLine skips the rest of a statement.
func (p *parser) skipLine() error {
	for p.tok.kind != tokenNewline && p.tok.kind != tokenEnd {
		if err := p.next(); err != nil {
			return err
		}
	}
	if p.tok.kind == tokenNewline {
		return p.next()
	}
	return nil
}

// skipBlock skips a compound statement with all that is indented below it.
func (p *parser) skipBlock() error {
	if err := p.skipLine(); err != nil {
		return err
	}
	for p.tok.kind != tokenEnd && p.tok.indent != 0 {
		if err := p.next(); err != nil {
			return err
		}
	}
	return nil
}
