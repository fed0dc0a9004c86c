package strictyaml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Key is a line of a table: a key of the file.
type Key struct {
	Name  string
	Value Value
	Text  string // what it means, for the docs
	// Required is what to write if the key is missing, unless the sink is
	// switched off; "" if nothing has to be there.
	Required string
	// Refused keys are known only to say why they are refused.
	Refused bool
}

// Value is what a key takes, bound to the place that it goes to. Before it is
// read that place has the default.
type Value interface {
	Read(p Place)
	Form() string    // what it looks like, for the docs
	Initial() string // the default, for the docs; "" if there is none
}

// Reader goes through the nodes of a file and collects what is wrong.
type Reader struct {
	Dir      string              // that relative names of files begin at
	Env      func(string) string // a variable of the environment, "" if it is not set
	Checking bool                // for somebody else: what may not be read here is no error
	// Elsewhere are keys by which others know what is here.
	Elsewhere map[string]ElsewhereKey
	problems  []Problem
	Errors    int // of problems and more
	more      int // problems that found no place in the list
}

// Place is a node, with its keys for messages.
type Place struct {
	R    *Reader
	Node *yaml.Node
	Path string
}

// Problem says what is wrong there, and the way out; fix may be "".
func (p Place) Problem(msg, fix string) { p.Say(Problem{Msg: msg, Fix: fix}) }

// Warning is about what is in force all the same.
func (p Place) Warning(msg, fix string) { p.Say(Problem{Msg: msg, Fix: fix, Warning: true}) }

// Say gives a problem its place and key.
func (p Place) Say(what Problem) {
	what.Key = p.Path
	if p.Node != nil {
		what.Line, what.Column = p.Node.Line, p.Node.Column
	}
	p.R.Add(what)
}

// Add collects a problem.
func (r *Reader) Add(p Problem) {
	if !p.Warning {
		r.Errors++
	}
	if len(r.problems) >= MaxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, p)
}

// Found are all problems, as many as fit.
func (r *Reader) Found() []Problem {
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
		Warning: r.Errors == 0, Msg: fmt.Sprintf("and %d more problems", r.more), Fix: "mend the first ones",
	})
}

// Below is the place of a key's value.
func (p Place) Below(name string, node *yaml.Node) Place {
	path := Shown(name)
	if p.Path != "" {
		path = p.Path + "." + path
	}
	return Place{p.R, node, path}
}

// Plain reports whether a value is written out. Copies and types of YAML's own
// would let a small file mean a large one, and hide what is meant.
func (p Place) Plain() bool {
	switch {
	case p.Node.Kind == yaml.AliasNode:
		p.Problem("an alias", "write the value out; in front of a text that begins with * put a quote")
	case p.Node.Anchor != "":
		p.Problem("an anchor", "write the value out where it is wanted; put a text that begins with & in quotes")
	case p.Node.Style&yaml.TaggedStyle != 0:
		p.Problem("a tag", "leave it out; put a text that begins with ! in quotes")
	default:
		return true
	}
	return false
}

// IsNull reports whether there is a key without a value.
func (p Place) IsNull() bool {
	return p.Node.Kind == yaml.ScalarNode && p.Node.Tag == "!!null"
}

// Pairs are the keys of a mapping with their values. Nothing at all is an
// empty mapping, as it is when everything below a key is a comment.
func (p Place) Pairs() (pairs [][2]*yaml.Node, ok bool) {
	switch {
	case !p.Plain():
		return nil, false
	case p.IsNull():
		return nil, true
	case p.Node.Kind == yaml.SequenceNode:
		p.Problem("a list", "write keys with values, without - in front")
		return nil, false
	case p.Node.Kind != yaml.MappingNode:
		p.Problem("a single value", "write keys with values below it, indented, with a space behind each colon")
		return nil, false
	}
	first := map[string]int{}
	for i := 0; i+1 < len(p.Node.Content); i += 2 {
		k, v := p.Node.Content[i], p.Node.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			Place{p.R, k, p.Path}.Problem("a key that is no word", "write a word and a colon")
			continue
		}
		if line, twice := first[k.Value]; twice {
			p.Below(k.Value, k).Problem(fmt.Sprintf("a second time, after line %d", line), "keep one of them")
			continue
		}
		first[k.Value] = k.Line
		pairs = append(pairs, [2]*yaml.Node{k, v})
	}
	return pairs, true
}

// Section reads a mapping with the keys of a table, and reports which were
// there.
func (p Place) Section(keys []Key) (there map[string]bool) {
	there = map[string]bool{}
	pairs, _ := p.Pairs()
	for _, pair := range pairs {
		name := pair[0].Value
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
		if i < 0 {
			p.Below(name, pair[0]).Problem("unknown key", p.R.unknownFix(name, keys))
			continue
		}
		there[name] = true
		keys[i].Value.Read(p.Below(name, pair[1]))
	}
	return there
}

// container is a value that has keys below it.
type container interface {
	Has(name string) bool
}

// ElsewhereKey says what a key of others is called here, where there is the key
// that is named.
type ElsewhereKey struct{ Here, Fix string }

func (r *Reader) unknownFix(name string, keys []Key) string {
	var known []string
	for _, k := range keys {
		if k.Refused {
			continue
		}
		known = append(known, k.Name)
		if c, ok := k.Value.(container); ok && c.Has(name) {
			return "write it below " + k.Name
		}
	}
	if strings.Contains(name, ":") {
		return "put a space behind the colon"
	}
	if other, ok := r.Elsewhere[name]; ok && (other.Here == "" || slices.Contains(known, other.Here)) {
		return other.Fix
	}
	if fix := DidYouMean(name, known); fix != "" {
		return fix
	}
	return "known here are " + strings.Join(known, ", ")
}

// Shown is a key as messages have it. Only what may be part of a name is
// repeated: the rest may be a value that lost its way, such as a password.
func Shown(name string) string {
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

// Quote is a value as messages have it.
func Quote(text string) string {
	const most = 40
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	return strconv.Quote(text)
}
