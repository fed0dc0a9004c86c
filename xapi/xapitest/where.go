package xapitest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseWhere reads the expression of get_all_records_where:
//
//	field "resident_on"="OpaqueRef:..." and not (field "power_state" = "Halted")
//
// The result says whether a record agrees. A double underscore in a field's
// name is a single one in the record's.
func parseWhere(text string) (func(record map[string]any) bool, error) {
	p := &whereParser{rest: text}
	match, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, fmt.Errorf("unexpected %q", p.rest)
	}
	return match, nil
}

// where reads the expression that is the i-th parameter.
func (a args) where(i int) (predicate, error) {
	text, err := a.string(i)
	if err != nil {
		return nil, err
	}
	match, err := parseWhere(text)
	if err != nil {
		return nil, failure{"INVALID_VALUE", text, err.Error()}
	}
	return match, nil
}

type whereParser struct {
	rest  string
	depth int
}

type predicate = func(map[string]any) bool

func (p *whereParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\n") }

// take removes a word or a sign from the front.
func (p *whereParser) take(word string) bool {
	p.skip()
	rest, ok := strings.CutPrefix(p.rest, word)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *whereParser) or() (predicate, error) {
	left, err := p.and()
	for err == nil && p.take("or") {
		var right predicate
		a := left
		right, err = p.and()
		left = func(r map[string]any) bool { return a(r) || right(r) }
	}
	return left, err
}

func (p *whereParser) and() (predicate, error) {
	left, err := p.term()
	for err == nil && p.take("and") {
		var right predicate
		a := left
		right, err = p.term()
		left = func(r map[string]any) bool { return a(r) && right(r) }
	}
	return left, err
}

func (p *whereParser) term() (predicate, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, errors.New("nested too deep")
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("not"):
		inner, err := p.term()
		return func(r map[string]any) bool { return !inner(r) }, err
	case p.take("("):
		inner, err := p.or()
		if err == nil && !p.take(")") {
			err = errors.New("a parenthesis is not closed")
		}
		return inner, err
	case p.take("true"):
		return func(map[string]any) bool { return true }, nil
	case p.take("false"):
		return func(map[string]any) bool { return false }, nil
	}
	left, err := p.value()
	if err != nil {
		return nil, err
	}
	if !p.take("=") {
		return nil, fmt.Errorf("= expected before %q", p.rest)
	}
	right, err := p.value()
	if err != nil {
		return nil, err
	}
	return func(r map[string]any) bool { return left(r) == right(r) }, nil
}

func (p *whereParser) value() (func(map[string]any) string, error) {
	field := p.take("field")
	p.skip()
	quoted, err := strconv.QuotedPrefix(p.rest)
	if err != nil || quoted[0] == '`' {
		return nil, fmt.Errorf("a quoted string expected before %q", p.rest)
	}
	p.rest = p.rest[len(quoted):]
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return nil, err
	}
	if !field {
		return func(map[string]any) string { return text }, nil
	}
	name := strings.ReplaceAll(text, "__", "_")
	return func(r map[string]any) string { return fieldText(r[name]) }, nil
}

// fieldText is a field's value as the database spells it.
func fieldText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case dateTime:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}
