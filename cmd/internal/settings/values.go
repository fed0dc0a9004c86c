package settings

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// Bounds of a text in bytes, and of a list or of labels in entries.
const (
	maxText    = 4096
	maxEntries = 100
)

// scalar is a value that is one text, as it is written.
func (p place) scalar(want string) (text string, ok bool) {
	switch {
	case !p.plain():
	case p.isNull():
		p.problem("no value", "write "+want+", or leave the key out")
	case p.node.Kind != yaml.ScalarNode:
		p.problem("not a single value", "write "+want)
	case len(p.node.Value) > maxText:
		p.problem(fmt.Sprintf("more than %d bytes", maxText), "write "+want)
	default:
		return p.node.Value, true
	}
	return "", false
}

// boolean is true or false.
type boolean struct{ to *bool }

func (v boolean) read(p place) {
	switch text, ok := p.scalar("true or false"); {
	case !ok:
	case text == "true", text == "false":
		*v.to = text == "true"
	default:
		p.problem(quote(text)+" is neither true nor false", "write true or false")
	}
}

func (v boolean) form() string    { return "true or false" }
func (v boolean) initial() string { return strconv.FormatBool(*v.to) }

// text is any text that is not empty.
type text struct {
	to   *string
	what string // what it looks like
}

func (v text) read(p place) {
	text, ok := p.scalar(v.what)
	if ok && text == "" {
		p.problem("empty", "write "+v.what+", or leave the key out")
		return
	}
	if ok {
		*v.to = text
	}
}

func (v text) form() string    { return v.what }
func (v text) initial() string { return *v.to }

// file is the name of a file. A relative one begins where the settings are.
type file struct{ to *string }

func (v file) read(p place) {
	text{v.to, v.form()}.read(p)
	*v.to = p.r.absolute(*v.to)
}

func (v file) form() string    { return "a file" }
func (v file) initial() string { return *v.to }

func (r *reader) absolute(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.dir, name)
}

// word is one of some words.
type word[T ~string] struct {
	to   *T
	from []T
}

func (v word[T]) read(p place) {
	if text, ok := p.scalar(v.form()); ok && knownWord(p, text, v.from) {
		*v.to = T(text)
	}
}

func (v word[T]) form() string    { return alternatives(v.from) }
func (v word[T]) initial() string { return string(*v.to) }

func knownWord[T ~string](p place, text string, from []T) bool {
	if slices.Contains(from, T(text)) {
		return true
	}
	fix := didYouMean(text, plainWords(from))
	p.problem(quote(text)+" is not known", cmp.Or(fix, "write "+alternatives(from)))
	return false
}

func plainWords[T ~string](from []T) []string {
	var words []string
	for _, w := range from {
		words = append(words, string(w))
	}
	return words
}

// alternatives is "a, b or c".
func alternatives[T ~string](from []T) string {
	words := plainWords(from)
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// words is a list of texts, of a few words if there is a choice.
type words[T ~string] struct {
	to   *[]T
	from []T    // nil: any text that is not empty
	what string // what one looks like
}

func (v words[T]) read(p place) {
	switch {
	case !p.plain():
		return
	case p.isNull():
		p.problem("no value", "write "+v.example()+", or leave the key out")
		return
	case p.node.Kind != yaml.SequenceNode:
		p.problem("not a list", "write "+v.example())
		return
	case len(p.node.Content) == 0:
		p.problem("an empty list", "leave the key out")
		return
	case len(p.node.Content) > maxEntries:
		p.problem(fmt.Sprintf("more than %d entries", maxEntries), "leave some out")
		return
	}
	*v.to = nil
	for _, n := range p.node.Content {
		p := place{p.r, n, p.path}
		var one T
		if v.from != nil {
			word[T]{&one, v.from}.read(p)
		} else {
			plain := ""
			text{&plain, v.what}.read(p)
			one = T(plain)
		}
		if one != "" {
			*v.to = append(*v.to, one)
		}
	}
}

func (v words[T]) example() string {
	if v.from != nil {
		return "a list such as [" + string(v.from[0]) + "]"
	}
	return "a list: [" + v.what + "]"
}

func (v words[T]) form() string {
	if v.from != nil {
		return "list of " + strings.ReplaceAll(alternatives(v.from), " or ", ", ")
	}
	return "list: " + v.what
}

func (v words[T]) initial() string { return strings.Join(plainWords(*v.to), ", ") }

// number is a whole number within bounds. 0 as the default is none.
type number[T int | int64] struct {
	to       *T
	min, max T
}

func (v number[T]) read(p place) {
	want := fmt.Sprintf("a whole number from %d to %d", v.min, v.max)
	text, ok := p.scalar(want)
	if !ok {
		return
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || T(n) < v.min || T(n) > v.max {
		p.problem(quote(text)+" is not "+want, "write digits alone, within these bounds")
		return
	}
	*v.to = T(n)
}

func (v number[T]) form() string { return fmt.Sprintf("%d to %d", v.min, v.max) }

func (v number[T]) initial() string {
	if *v.to == 0 {
		return ""
	}
	return fmt.Sprint(*v.to)
}

// duration is a time with its unit, as Prometheus writes it: 1h30m, 500ms, 7d.
type duration struct {
	to       *time.Duration
	min, max time.Duration
	unit     time.Duration // whole ones of it; 0: any
}

func (v duration) read(p place) {
	text, ok := p.scalar("a time with its unit, such as " + spell(*v.to))
	if !ok {
		return
	}
	d, err := model.ParseDuration(text)
	switch t := time.Duration(d); {
	case err != nil:
		p.problem(quote(text)+" is not a time", "write a number with its unit (ms, s, m, h or d), such as "+spell(*v.to))
	case t < v.min || t > v.max:
		p.problem(fmt.Sprintf("%s is not from %s to %s", quote(text), spell(v.min), spell(v.max)), "write one within these bounds, such as "+spell(*v.to))
	case v.unit > 0 && t%v.unit != 0:
		p.problem(fmt.Sprintf("%s is not a multiple of %s", quote(text), spell(v.unit)), "write such a one, as "+spell(*v.to))
	default:
		*v.to = t
	}
}

func (v duration) form() string    { return fmt.Sprintf("%s to %s", spell(v.min), spell(v.max)) }
func (v duration) initial() string { return spell(*v.to) }

// spell is a time without the units that have nothing to say: 24h, not 24h0m0s.
func spell(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// pairs are names with texts, which may be empty.
type pairs struct {
	to   *map[string]string
	what string
}

func (v pairs) read(p place) {
	list, ok := p.pairs()
	if !ok {
		return
	}
	if len(list) > maxEntries {
		p.problem(fmt.Sprintf("more than %d entries", maxEntries), "leave some out")
		return
	}
	*v.to = map[string]string{}
	for _, pair := range list {
		p := p.below(pair[0].Value, pair[1])
		if text, ok := p.scalar(`a text; "" for an empty one`); ok {
			(*v.to)[pair[0].Value] = text
		}
	}
}

func (v pairs) form() string    { return v.what }
func (v pairs) initial() string { return "" }

// group is keys below a key.
type group struct {
	keys []key
	at   *place // where it was, for what is wrong with all of it together
}

func (v group) read(p place) {
	p.section(v.keys)
	*v.at = p
}

func (v group) form() string    { return "" }
func (v group) initial() string { return "" }
