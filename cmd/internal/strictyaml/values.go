package strictyaml

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
	MaxText    = 4096
	MaxEntries = 100
)

// Scalar is a value that is one text, as it is written.
func (p Place) Scalar(want string) (text string, ok bool) {
	switch {
	case !p.Plain():
	case p.IsNull():
		p.Problem("no value", "write "+want+", or leave the key out")
	case p.Node.Kind != yaml.ScalarNode:
		p.Problem("not a single value", "write "+want)
	case len(p.Node.Value) > MaxText:
		p.Problem(fmt.Sprintf("more than %d bytes", MaxText), "write "+want)
	default:
		return p.Node.Value, true
	}
	return "", false
}

// Boolean is true or false.
type Boolean struct{ To *bool }

func (v Boolean) Read(p Place) {
	switch text, ok := p.Scalar("true or false"); {
	case !ok:
	case text == "true", text == "false":
		*v.To = text == "true"
	default:
		p.Problem(Quote(text)+" is neither true nor false", "write true or false")
	}
}

func (v Boolean) Form() string    { return "true or false" }
func (v Boolean) Initial() string { return strconv.FormatBool(*v.To) }

// Text is any text that is not empty.
type Text struct {
	To   *string
	What string // what it looks like
}

func (v Text) Read(p Place) {
	text, ok := p.Scalar(v.What)
	if ok && text == "" {
		p.Problem("empty", "write "+v.What+", or leave the key out")
		return
	}
	if ok {
		*v.To = text
	}
}

func (v Text) Form() string    { return v.What }
func (v Text) Initial() string { return *v.To }

// File is the name of a file. A relative one begins where the settings are.
type File struct{ To *string }

func (v File) Read(p Place) {
	Text{v.To, v.Form()}.Read(p)
	*v.To = p.R.Absolute(*v.To)
}

func (v File) Form() string    { return "a file" }
func (v File) Initial() string { return *v.To }

// Absolute is the name of a file, of which a relative one begins where the
// settings are.
func (r *Reader) Absolute(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.Dir, name)
}

// Word is one of some words.
type Word[T ~string] struct {
	To   *T
	From []T
}

func (v Word[T]) Read(p Place) {
	if text, ok := p.Scalar(v.Form()); ok && knownWord(p, text, v.From) {
		*v.To = T(text)
	}
}

func (v Word[T]) Form() string    { return Alternatives(v.From) }
func (v Word[T]) Initial() string { return string(*v.To) }

func knownWord[T ~string](p Place, text string, from []T) bool {
	if slices.Contains(from, T(text)) {
		return true
	}
	fix := DidYouMean(text, plainWords(from))
	p.Problem(Quote(text)+" is not known", cmp.Or(fix, "write "+Alternatives(from)))
	return false
}

func plainWords[T ~string](from []T) []string {
	var words []string
	for _, w := range from {
		words = append(words, string(w))
	}
	return words
}

// Alternatives is "a, b or c".
func Alternatives[T ~string](from []T) string {
	words := plainWords(from)
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Words is a list of texts, of a few words if there is a choice.
type Words[T ~string] struct {
	To   *[]T
	From []T    // nil: any text that is not empty
	What string // what one looks like
}

func (v Words[T]) Read(p Place) {
	switch {
	case !p.Plain():
		return
	case p.IsNull():
		p.Problem("no value", "write "+v.example()+", or leave the key out")
		return
	case p.Node.Kind != yaml.SequenceNode:
		p.Problem("not a list", "write "+v.example())
		return
	case len(p.Node.Content) == 0:
		p.Problem("an empty list", "leave the key out")
		return
	case len(p.Node.Content) > MaxEntries:
		p.Problem(fmt.Sprintf("more than %d entries", MaxEntries), "leave some out")
		return
	}
	*v.To = nil
	for _, n := range p.Node.Content {
		p := Place{p.R, n, p.Path}
		var one T
		if v.From != nil {
			Word[T]{&one, v.From}.Read(p)
		} else {
			plain := ""
			Text{&plain, v.What}.Read(p)
			one = T(plain)
		}
		if one != "" {
			*v.To = append(*v.To, one)
		}
	}
}

func (v Words[T]) example() string {
	if v.From != nil {
		return "a list such as [" + string(v.From[0]) + "]"
	}
	return "a list: [" + v.What + "]"
}

func (v Words[T]) Form() string {
	if v.From != nil {
		return "list of " + strings.ReplaceAll(Alternatives(v.From), " or ", ", ")
	}
	return "list: " + v.What
}

func (v Words[T]) Initial() string { return strings.Join(plainWords(*v.To), ", ") }

// Number is a whole number within bounds. 0 as the default is none.
type Number[T int | int64] struct {
	To       *T
	Min, Max T
}

func (v Number[T]) Read(p Place) {
	want := fmt.Sprintf("a whole number from %d to %d", v.Min, v.Max)
	text, ok := p.Scalar(want)
	if !ok {
		return
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || T(n) < v.Min || T(n) > v.Max {
		p.Problem(Quote(text)+" is not "+want, "write digits alone, within these bounds")
		return
	}
	*v.To = T(n)
}

func (v Number[T]) Form() string { return fmt.Sprintf("%d to %d", v.Min, v.Max) }

func (v Number[T]) Initial() string {
	if *v.To == 0 {
		return ""
	}
	return fmt.Sprint(*v.To)
}

// Duration is a time with its unit, as Prometheus writes it: 1h30m, 500ms, 7d.
type Duration struct {
	To       *time.Duration
	Min, Max time.Duration
	Unit     time.Duration // whole ones of it; 0: any
}

func (v Duration) Read(p Place) {
	text, ok := p.Scalar("a time with its unit, such as " + Spell(*v.To))
	if !ok {
		return
	}
	d, err := model.ParseDuration(text)
	switch t := time.Duration(d); {
	case err != nil:
		p.Problem(Quote(text)+" is not a time", "write a number with its unit (ms, s, m, h or d), such as "+Spell(*v.To))
	case t < v.Min || t > v.Max:
		p.Problem(fmt.Sprintf("%s is not from %s to %s", Quote(text), Spell(v.Min), Spell(v.Max)), "write one within these bounds, such as "+Spell(*v.To))
	case v.Unit > 0 && t%v.Unit != 0:
		p.Problem(fmt.Sprintf("%s is not a multiple of %s", Quote(text), Spell(v.Unit)), "write such a one, as "+Spell(*v.To))
	default:
		*v.To = t
	}
}

func (v Duration) Form() string    { return fmt.Sprintf("%s to %s", Spell(v.Min), Spell(v.Max)) }
func (v Duration) Initial() string { return Spell(*v.To) }

// Spell is a time without the units that have nothing to say: 24h, not 24h0m0s.
func Spell(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Pairs are names with texts, which may be empty.
type Pairs struct {
	To   *map[string]string
	What string
}

func (v Pairs) Read(p Place) {
	list, ok := p.Pairs()
	if !ok {
		return
	}
	if len(list) > MaxEntries {
		p.Problem(fmt.Sprintf("more than %d entries", MaxEntries), "leave some out")
		return
	}
	*v.To = map[string]string{}
	for _, pair := range list {
		p := p.Below(pair[0].Value, pair[1])
		if text, ok := p.Scalar(`a text; "" for an empty one`); ok {
			(*v.To)[pair[0].Value] = text
		}
	}
}

func (v Pairs) Form() string    { return v.What }
func (v Pairs) Initial() string { return "" }

// Group is keys below a key.
type Group struct {
	Keys []Key
	At   *Place // where it was, for what is wrong with all of it together
}

func (v Group) Read(p Place) {
	p.Section(v.Keys)
	*v.At = p
}

// Has says whether there is a key below it.
func (v Group) Has(name string) bool {
	return slices.ContainsFunc(v.Keys, func(k Key) bool { return k.Name == name })
}

func (v Group) Form() string    { return "" }
func (v Group) Initial() string { return "" }
