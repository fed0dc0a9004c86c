package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// key is a line of a table: a key of the file.
type key struct {
	name  string
	value value
	text  string // what it means, for the docs
	// required is what to write if the key is missing, unless the sink is
	// switched off; "" if nothing has to be there.
	required string
	// refused keys are known only to say why they are refused.
	refused bool
}

// value is what a key takes, bound to the place that it goes to. Before it is
// read that place has the default.
type value interface {
	read(p place)
	form() string    // what it looks like, for the docs
	initial() string // the default, for the docs; "" if there is none
}

// reader goes through the nodes of a file and collects what is wrong.
type reader struct {
	dir      string              // that relative names of files begin at
	env      func(string) string // a variable of the environment, "" if it is not set
	checking bool                // for somebody else: what may not be read here is no error
	problems []Problem
	errors   int // of problems and more
	more     int // problems that found no place in the list
}

// place is a node, with its keys for messages.
type place struct {
	r    *reader
	node *yaml.Node
	path string
}

func (p place) problem(msg, fix string) { p.say(Problem{Msg: msg, Fix: fix}) }
func (p place) warning(msg, fix string) { p.say(Problem{Msg: msg, Fix: fix, Warning: true}) }

func (p place) say(what Problem) {
	what.Key = p.path
	if p.node != nil {
		what.Line, what.Column = p.node.Line, p.node.Column
	}
	p.r.add(what)
}

func (r *reader) add(p Problem) {
	if !p.Warning {
		r.errors++
	}
	if len(r.problems) >= MaxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, p)
}

// found are all problems, as many as fit.
func (r *reader) found() []Problem {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if r.more == 0 {
		return r.problems
	}
	return append(r.problems, Problem{
		Warning: r.errors == 0, Msg: fmt.Sprintf("and %d more problems", r.more), Fix: "mend the first ones",
	})
}

// below is the place of a key's value.
func (p place) below(name string, node *yaml.Node) place {
	path := shown(name)
	if p.path != "" {
		path = p.path + "." + path
	}
	return place{p.r, node, path}
}

// plain reports whether a value is written out. Copies and types of YAML's own
// would let a small file mean a large one, and hide what is meant.
func (p place) plain() bool {
	switch {
	case p.node.Kind == yaml.AliasNode:
		p.problem("an alias", "write the value out; in front of a text that begins with * put a quote")
	case p.node.Anchor != "":
		p.problem("an anchor", "write the value out where it is wanted; put a text that begins with & in quotes")
	case p.node.Style&yaml.TaggedStyle != 0:
		p.problem("a tag", "leave it out; put a text that begins with ! in quotes")
	default:
		return true
	}
	return false
}

func (p place) isNull() bool {
	return p.node.Kind == yaml.ScalarNode && p.node.Tag == "!!null"
}

// pairs are the keys of a mapping with their values. Nothing at all is an
// empty mapping, as it is when everything below a key is a comment.
func (p place) pairs() (pairs [][2]*yaml.Node, ok bool) {
	switch {
	case !p.plain():
		return nil, false
	case p.isNull():
		return nil, true
	case p.node.Kind == yaml.SequenceNode:
		p.problem("a list", "write keys with values, without - in front")
		return nil, false
	case p.node.Kind != yaml.MappingNode:
		p.problem("a single value", "write keys with values below it, indented, with a space behind each colon")
		return nil, false
	}
	first := map[string]int{}
	for i := 0; i+1 < len(p.node.Content); i += 2 {
		k, v := p.node.Content[i], p.node.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			place{p.r, k, p.path}.problem("a key that is no word", "write a word and a colon")
			continue
		}
		if line, twice := first[k.Value]; twice {
			p.below(k.Value, k).problem(fmt.Sprintf("a second time, after line %d", line), "keep one of them")
			continue
		}
		first[k.Value] = k.Line
		pairs = append(pairs, [2]*yaml.Node{k, v})
	}
	return pairs, true
}

// section reads a mapping with the keys of a table, and reports which were
// there.
func (p place) section(keys []key) (there map[string]bool) {
	there = map[string]bool{}
	pairs, _ := p.pairs()
	for _, pair := range pairs {
		name := pair[0].Value
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		if i < 0 {
			p.below(name, pair[0]).problem("unknown key", unknownFix(name, keys))
			continue
		}
		there[name] = true
		keys[i].value.read(p.below(name, pair[1]))
	}
	return there
}

// elsewhere are keys by which others know what is here, where there is the
// key that is named first.
var elsewhere = map[string]struct{ here, fix string }{
	"<<":            {"", "write the keys out"},
	"basic_auth":    {"username", "write username and password_file"},
	"authorization": {"bearer_token_file", "write bearer_token_file"},
	"http_config":   {"tls_config", "write its keys without it"},
	"tls":           {"tls_config", "did you mean tls_config?"},
	"proxy":         {"proxy_url", "did you mean proxy_url?"},
	"url":           {"urls", "did you mean urls?"},
	"type":          {"kind", "did you mean kind?"},
	"name":          {"kind", "the key above is the name"},
	"disabled":      {"enabled", "write enabled: false"},
}

func unknownFix(name string, keys []key) string {
	var known []string
	for _, k := range keys {
		if k.refused {
			continue
		}
		known = append(known, k.name)
		if g, ok := k.value.(group); ok && slices.ContainsFunc(g.keys, func(k key) bool { return k.name == name }) {
			return "write it below " + k.name
		}
		if _, ok := k.value.(*sinks); ok && slices.ContainsFunc(kinds, func(k kind) bool { return k.name == name }) {
			return "write it below " + k.name
		}
	}
	if strings.Contains(name, ":") {
		return "put a space behind the colon"
	}
	if other, ok := elsewhere[name]; ok && (other.here == "" || slices.Contains(known, other.here)) {
		return other.fix
	}
	if fix := didYouMean(name, known); fix != "" {
		return fix
	}
	return "known here are " + strings.Join(known, ", ")
}

// shown is a key as messages have it. Only what may be part of a name is
// repeated: the rest may be a value that lost its way, such as a password.
func shown(name string) string {
	const most = 64
	ours := func(c rune) bool {
		return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	end := strings.IndexFunc(name, func(c rune) bool { return !ours(c) })
	if end < 0 {
		end = len(name)
	}
	if end = min(end, most); end < len(name) {
		return name[:end] + "…"
	}
	return name
}

// quote is a value as messages have it.
func quote(text string) string {
	const most = 40
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	return strconv.Quote(text)
}
