package strictyaml

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fraction is a number within bounds, with a point where it needs one.
type Fraction struct {
	To       *float64
	Min, Max float64
}

func (v Fraction) Read(p Place) {
	want := fmt.Sprintf("a number from %v to %v", v.Min, v.Max)
	text, ok := p.Scalar(want)
	if !ok {
		return
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < v.Min || n > v.Max {
		p.Problem(Quote(text)+" is not "+want, "write digits, with a point if need be, within these bounds")
		return
	}
	*v.To = n
}

func (v Fraction) Form() string    { return fmt.Sprintf("%v to %v", v.Min, v.Max) }
func (v Fraction) Initial() string { return strconv.FormatFloat(*v.To, 'g', -1, 64) }

// Bytes is a size with its unit: 512MiB, 4GiB. 0 as the default is none.
type Bytes struct {
	To       *int64
	Min, Max int64
}

var (
	sizeForm = regexp.MustCompile(`^([0-9]{1,18}) ?(B|KiB|MiB|GiB|TiB)$`)
	units    = []string{"B", "KiB", "MiB", "GiB", "TiB"}
)

func (v Bytes) Read(p Place) {
	text, ok := p.Scalar("a size with its unit, such as 4GiB")
	if !ok {
		return
	}
	n, err := parseSize(text)
	switch {
	case err != nil:
		p.Problem(Quote(text)+" is not a size", "write a whole number with its unit (B, KiB, MiB, GiB or TiB), such as 4GiB")
	case n < v.Min || n > v.Max:
		p.Problem(fmt.Sprintf("%s is not from %s to %s", Quote(text), SpellBytes(v.Min), SpellBytes(v.Max)), "write one within these bounds")
	default:
		*v.To = n
	}
}

func parseSize(text string) (int64, error) {
	m := sizeForm.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is not a size", text)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	for _, u := range units {
		if u == m[2] {
			break
		}
		if n > math.MaxInt64/1024 {
			return 0, fmt.Errorf("%q is too large", text)
		}
		n *= 1024
	}
	return n, err
}

func (v Bytes) Form() string { return SpellBytes(v.Min) + " to " + SpellBytes(v.Max) }

func (v Bytes) Initial() string {
	if *v.To == 0 {
		return ""
	}
	return SpellBytes(*v.To)
}

// SpellBytes is a size in the largest unit that leaves nothing over.
func SpellBytes(n int64) string {
	i := 0
	for n != 0 && n%1024 == 0 && i+1 < len(units) {
		n, i = n/1024, i+1
	}
	return strconv.FormatInt(n, 10) + units[i]
}

// Sections is a mapping of names to sections, which are read one by one.
type Sections struct {
	What string // what one is, for messages: "profile"
	Max  int    // how many there may be
	// One reads the section of a name. at is the name itself, for what is wrong
	// with the section as a whole.
	One func(name string, p, at Place)
}

// sectionName is what names a section: it becomes part of other names.
var sectionName = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,38}[a-z0-9])?$`)

func (v Sections) Read(p Place) {
	list, ok := p.Pairs()
	if !ok {
		return
	}
	if len(list) > v.Max {
		p.Problem(fmt.Sprintf("more than %d", v.Max), "leave some out")
		return
	}
	for _, pair := range list {
		below := p.Below(pair[0].Value, pair[1])
		at := Place{p.R, pair[0], below.Path}
		if !sectionName.MatchString(pair[0].Value) {
			at.Problem("no name for a "+v.What, "write up to 40 lower case letters, digits, - and _, with a letter or digit at both ends")
			continue
		}
		v.One(pair[0].Value, below, at)
	}
}

func (v Sections) Form() string    { return v.What + "s by name" }
func (v Sections) Initial() string { return "" }

// Items is a list of sections.
type Items struct {
	What    string // what one is, for messages: "rule"
	Example string // of the list
	Max     int    // how many there may be
	One     func(p Place)
}

func (v Items) Read(p Place) {
	switch {
	case !p.Plain():
		return
	case p.Node.Kind != yaml.SequenceNode:
		p.Problem("not a list", "write "+v.Example)
		return
	case len(p.Node.Content) > v.Max:
		p.Problem(fmt.Sprintf("more than %d entries", v.Max), "leave some out")
		return
	}
	for i, n := range p.Node.Content {
		v.One(Place{p.R, n, p.Path + "[" + strconv.Itoa(i+1) + "]"})
	}
}

func (v Items) Form() string    { return "list of " + v.What + "s" }
func (v Items) Initial() string { return "" }

// Form is a text of a form: a time of day, an address.
type Form struct {
	To      *string
	What    string                   // what it looks like
	Check   func(text string) error  // says what is wrong; its text is for people
	Shorten func(text string) string // makes it what is kept; nil leaves it
}

func (v Form) Read(p Place) {
	text := ""
	Text{&text, v.What}.Read(p)
	if text == "" {
		return
	}
	if err := v.Check(text); err != nil {
		p.Problem(Quote(text)+": "+err.Error(), "write "+v.What)
		return
	}
	if v.Shorten != nil {
		text = v.Shorten(text)
	}
	*v.To = text
}

func (v Form) Form() string    { return v.What }
func (v Form) Initial() string { return *v.To }

// Switch is a key that may be left out, true or false. Nil is left out.
type Switch struct{ To **bool }

func (v Switch) Read(p Place) {
	b := false
	before := p.R.Errors
	Boolean{&b}.Read(p)
	if p.R.Errors == before {
		*v.To = &b
	}
}

func (v Switch) Form() string    { return "true or false" }
func (v Switch) Initial() string { return "" }

// Lines is a text of any number of lines, which may be long.
type Lines struct {
	To   *string
	What string
	Max  int // bytes
}

func (v Lines) Read(p Place) {
	switch {
	case !p.Plain():
	case p.IsNull() || p.Node.Kind != yaml.ScalarNode:
		p.Problem("not a text", "write "+v.What)
	case len(p.Node.Value) > v.Max:
		p.Problem(fmt.Sprintf("more than %d bytes", v.Max), "put it into a file")
	default:
		*v.To = p.Node.Value
	}
}

func (v Lines) Form() string    { return v.What }
func (v Lines) Initial() string { return strings.TrimSpace(*v.To) }
