package rubberimport

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// expression reads a value. If it goes on in a way that only Python can tell,
// it is unknown as a whole.
func (p *parser) expression() (value, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("line %d: more than %d brackets within one another", p.tok.line, maxDepth)
	}
	defer func() { p.depth-- }()
	start, line := p.tok.start, p.tok.line
	v, err := p.primary()
	if err != nil {
		return nil, err
	}
	if p.is("or") {
		if e, ok := v.(env); ok && e.otherwise == nil {
			if err := p.next(); err != nil {
				return nil, err
			}
			other, err := p.expression()
			if err != nil {
				return nil, err
			}
			e.otherwise = other
			return e, nil
		}
	}
	if p.ends() {
		if u, ok := v.(unknown); ok && u.source == "" {
			return unknown{p.source(start), line}, nil
		}
		return v, nil
	}
	if err := p.skipExpression(); err != nil {
		return nil, err
	}
	return unknown{p.source(start), line}, nil
}

// ends says whether an expression is over.
func (p *parser) ends() bool {
	if p.tok.kind == tokenEnd || p.tok.kind == tokenNewline {
		return true
	}
	return p.tok.kind == tokenOther && slices.Contains([]string{",", ")", "]", "}", ":", "="}, p.tok.text)
}

// skipExpression goes to the end of an expression, which may have brackets.
func (p *parser) skipExpression() error {
	depth := 0
	for p.tok.kind != tokenEnd {
		if depth == 0 && p.ends() && p.tok.text != ":" {
			return nil
		}
		if p.tok.kind == tokenOther {
			switch p.tok.text {
			case "(", "[", "{":
				depth++
			case ")", "]", "}":
				depth--
			}
		}
		if err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

// source is the text from a place to the token before this one, in one line.
func (p *parser) source(start int) string {
	s := strings.Join(strings.Fields(p.lex.src[start:max(p.tok.start, start)]), " ")
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}

// primary reads a value without operators.
func (p *parser) primary() (value, error) {
	switch t := p.tok; {
	case t.kind == tokenString:
		return p.strings()
	case t.kind == tokenNumber:
		n, err := strconv.ParseFloat(strings.TrimRight(strings.ReplaceAll(t.text, "_", ""), "lL"), 64)
		if i, e := strconv.ParseInt(strings.TrimRight(t.text, "lL"), 0, 64); e == nil {
			n, err = float64(i), nil
		}
		if err != nil {
			return unknown{t.text, t.line}, p.next()
		}
		return number{n, t.text}, p.next()
	case p.is("-"):
		if err := p.next(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokenNumber {
			return unknown{}, p.skipExpression()
		}
		v, err := p.primary()
		if n, ok := v.(number); ok {
			return number{-n.value, "-" + n.text}, err
		}
		return v, err
	case p.is("{"):
		return p.dict()
	case p.is("["):
		return p.list("]")
	case p.is("("):
		return p.list(")")
	case t.kind == tokenName:
		return p.name()
	}
	return unknown{}, p.skipExpression()
}

// strings reads strings that stand side by side, which are one.
func (p *parser) strings() (value, error) {
	var b strings.Builder
	formatted := false
	line := p.tok.line
	for p.tok.kind == tokenString {
		b.WriteString(p.tok.text)
		formatted = formatted || p.tok.formatted && strings.Contains(p.tok.text, "{")
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	if formatted {
		return unknown{"a formatted string", line}, nil
	}
	return text(b.String()), nil
}

// list reads the rest of a list or tuple. A value in brackets of its own is that
// value.
func (p *parser) list(end string) (value, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	out, commas := list{}, 0
	for !p.is(end) {
		if p.tok.kind == tokenEnd {
			return nil, fmt.Errorf("line %d: a bracket without an end", p.tok.line)
		}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		switch {
		case p.is(","):
			commas++
			if err := p.next(); err != nil {
				return nil, err
			}
		case !p.is(end):
			return nil, fmt.Errorf("line %d: %s where , or %s should be", p.tok.line, strconv.Quote(p.tok.text), end)
		}
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	if end == ")" && commas == 0 && len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

// dict reads the rest of a dictionary. Keys that are no text are noted.
func (p *parser) dict() (value, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	out := newDict()
	for !p.is("}") {
		if p.tok.kind == tokenEnd {
			return nil, fmt.Errorf("line %d: a bracket without an end", p.tok.line)
		}
		line := p.tok.line
		k, err := p.expression()
		if err != nil {
			return nil, err
		}
		if p.is(":") {
			if err := p.next(); err != nil {
				return nil, err
			}
			v, err := p.expression()
			if err != nil {
				return nil, err
			}
			switch k := k.(type) {
			case text:
				out.set(string(k), v, line)
			case number:
				out.set(k.text, v, line)
			default:
				p.note(line, "a key that is not written out: it is not carried over")
			}
		} else {
			p.note(line, "what is no key with a value is not carried over")
		}
		switch {
		case p.is(","):
			if err := p.next(); err != nil {
				return nil, err
			}
		case !p.is("}"):
			return nil, fmt.Errorf("line %d: %s where , or } should be", p.tok.line, strconv.Quote(p.tok.text))
		}
	}
	return out, p.next()
}

// name reads a name, what hangs on it, and what it is known to mean.
func (p *parser) name() (value, error) {
	line := p.tok.line
	name := p.tok.text
	if err := p.next(); err != nil {
		return nil, err
	}
	for p.is(".") {
		if err := p.next(); err != nil {
			return nil, err
		}
		name += "." + p.tok.text
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	switch name {
	case "True", "False":
		return name == "True", nil
	case "None":
		return none{}, nil
	}
	switch {
	case p.is("(") && (name == "os.environ.get" || name == "environ.get" || name == "os.getenv" || name == "getenv"):
		return p.lookup(")")
	case p.is("[") && (name == "os.environ" || name == "environ"):
		return p.lookup("]")
	case p.is("(") && (name == "int" || name == "float" || name == "str" || name == "unicode"):
		v, err := p.list(")")
		return v, err
	case p.is("(") && name == "dict":
		return p.keywords()
	case p.is("(") || p.is("["):
		return unknown{}, p.skipExpression()
	}
	if v, ok := p.names.items[name]; ok {
		return v, nil
	}
	return unknown{name, line}, nil
}

// lookup reads the rest of a look into the environment.
func (p *parser) lookup(end string) (value, error) {
	line := p.tok.line
	args, err := p.list(end)
	if err != nil {
		return nil, err
	}
	all, ok := args.(list)
	if !ok {
		all = list{args}
	}
	name, ok := all[:min(1, len(all))].first()
	if !ok || len(all) > 2 {
		return unknown{"a look into the environment", line}, nil
	}
	e := env{name: name}
	if len(all) == 2 {
		e.otherwise = all[1]
	}
	return e, nil
}

func (l list) first() (string, bool) {
	if len(l) == 0 {
		return "", false
	}
	s, ok := l[0].(text)
	return string(s), ok
}

// keywords reads the rest of dict(a=1, b=2).
func (p *parser) keywords() (value, error) {
	line := p.tok.line
	if err := p.next(); err != nil {
		return nil, err
	}
	out := newDict()
	for !p.is(")") {
		name := p.tok.text
		if p.tok.kind != tokenName {
			if err := p.skipExpression(); err != nil {
				return nil, err
			}
			return unknown{"dict(…)", line}, p.closing()
		}
		at := p.tok.line
		if err := p.next(); err != nil {
			return nil, err
		}
		if !p.is("=") {
			if err := p.skipExpression(); err != nil {
				return nil, err
			}
			return unknown{"dict(…)", line}, p.closing()
		}
		if err := p.next(); err != nil {
			return nil, err
		}
		v, err := p.expression()
		if err != nil {
			return nil, err
		}
		out.set(name, v, at)
		if p.is(",") {
			if err := p.next(); err != nil {
				return nil, err
			}
		} else if !p.is(")") {
			return nil, fmt.Errorf("line %d: %s where , or ) should be", p.tok.line, strconv.Quote(p.tok.text))
		}
	}
	return out, p.next()
}

// closing goes behind the bracket that closes a call.
func (p *parser) closing() error {
	for !p.is(")") {
		if p.tok.kind == tokenEnd {
			return nil
		}
		if err := p.next(); err != nil {
			return err
		}
		if err := p.skipExpression(); err != nil {
			return err
		}
	}
	return p.next()
}
