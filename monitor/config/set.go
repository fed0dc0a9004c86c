package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// setting is a short word for a tag of a variable.
type setting struct{ key, tag string }

// settings are the words that Set knows, in the order in which it writes
// their tags: those that XenCenter writes first, as it writes them.
var settings = []setting{
	{"level", tagLevel},
	{"period", tagPeriod},
	{"inhibit", tagInhibit},
	{"sense", tagSense},
	{"priority", tagPriority},
	{"fn", tagFold},
	{"regex", tagPattern},
	{"warning_level", tagWarningLevel},
	{"clear_level", tagClearLevel},
	{"clear_period", tagClearPeriod},
	{"nodata_period", tagNoDataPeriod},
	{"labels", tagLabels},
}

// SettingKeys are the keys of Set's assignments.
func SettingKeys() []string {
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	return keys
}

// Set changes a variable in an object's own XML, and leaves every other byte
// of it as it is. The keys of the assignments are SettingKeys; an empty value
// removes the tag, so that its default counts again. A variable that is not
// there is added behind the others, and a document is made of the empty text,
// as XenCenter would write them:
//
//	<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/></variable></config>
//
// Of two variables of one name the one in force is changed. The outcome has
// been through Parse: where the variable would not be in force, or a value
// not be taken as it is written, there is an error and nothing else.
func Set(class, text, variable string, assignments map[string]string, opts Options) (string, error) {
	if variable == "" {
		return "", errors.New("set a variable: its name is empty; give one, such as cpu_usage")
	}
	for key := range assignments {
		if !slices.Contains(SettingKeys(), key) {
			return "", fmt.Errorf("set %q: %q is not known; %s", variable, key, oneOf(key, SettingKeys()))
		}
	}
	after, err := changed(class, text, variable, assignments, opts)
	if err != nil {
		return "", fmt.Errorf("set %q: %w", variable, err)
	}
	if err := accepted(class, text, after, variable, opts); err != nil {
		return "", fmt.Errorf("set %q: refused: %w", variable, err)
	}
	if !says(class, after, variable, assignments, opts) {
		return "", fmt.Errorf("set %q: the tags of the variable stand inside one another: write one after the other first", variable)
	}
	return after, nil
}

// changed is the text with the assignments done, not yet judged.
func changed(class, text, variable string, assignments map[string]string, opts Options) (string, error) {
	if text == "" {
		return "<" + configTag + ">" + newVariable(variable, assignments) + "</" + configTag + ">", nil
	}
	e, problem := newEditor(text)
	if problem != nil {
		return "", unreadable(problem)
	}
	found, err := e.find(variable)
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		e.assign(e.inForce(found, class, variable, opts), assignments)
		return e.result(), nil
	}
	if e.doc.root.FullTag() == variableTag {
		return "", errors.New("the whole document is one <variable>: put it into a <config> first")
	}
	e.appendTo(e.doc.root, newVariable(variable, assignments))
	return e.result(), nil
}

// find has the variables of a name. A variable inside another is refused:
// a tag of the one may be a tag of the other too.
func (e *editor) find(variable string) ([]*etree.Element, error) {
	var found []*etree.Element
	for _, v := range variableElements(e.doc.root) {
		name := firstBelow(v, tagName)
		if name == nil || value(name) != variable {
			continue
		}
		for outer := v.Parent(); outer != nil; outer = outer.Parent() {
			if outer.FullTag() == variableTag {
				return nil, e.nested(outer)
			}
		}
		if firstBelow(v, variableTag) != nil {
			return nil, e.nested(v)
		}
		found = append(found, v)
	}
	return found, nil
}

func (e *editor) nested(v *etree.Element) error {
	return fmt.Errorf("the <variable> of line %d has another inside it: write one after the other first", e.doc.places[v].line)
}

// inForce is that of several variables of one name which counts; the last if
// none does.
func (e *editor) inForce(found []*etree.Element, class, variable string, opts Options) *etree.Element {
	c, _ := Parse(class, e.text, opts)
	last := found[len(found)-1]
	if c == nil {
		return last
	}
	v := c.byName()[variable]
	for _, element := range found {
		if v != nil && e.doc.places[element] == (place{v.Line, v.Column}) {
			return element
		}
	}
	return last
}

// assign changes the tags of a variable that is there.
func (e *editor) assign(v *etree.Element, assignments map[string]string) {
	added := ""
	indent := e.indent(v)
	for _, s := range settings {
		text, given := assignments[s.key]
		element := firstBelow(v, s.tag)
		switch {
		case !given:
		case text == "":
			walk(v, func(below *etree.Element) {
				if below.FullTag() == s.tag {
					e.remove(below)
				}
			})
		case element != nil:
			e.setValue(element, text)
		case added == "":
			added = newTag(s.tag, text)
		default:
			added += indent + newTag(s.tag, text)
		}
	}
	if added != "" {
		e.appendTo(v, added)
	}
}

// newVariable writes a variable in one line, the name first.
func newVariable(name string, assignments map[string]string) string {
	text := newTag(tagName, name)
	for _, s := range settings {
		if assigned := assignments[s.key]; assigned != "" {
			text += newTag(s.tag, assigned)
		}
	}
	return "<" + variableTag + ">" + text + "</" + variableTag + ">"
}

func newTag(tag, text string) string { return "<" + tag + valueAttribute(text) + "/>" }

// accepted says why a change may not be made: the variable would not be in
// force, or something new is wrong with it.
func accepted(class, before, after, variable string, opts Options) error {
	c, problems := Parse(class, after, opts)
	if c == nil {
		return unreadable(&problems[0])
	}
	_, old := Parse(class, before, opts)
	known := make(map[string]bool)
	for _, p := range old {
		known[p.String()] = true
	}
	inForce := c.byName()[variable] != nil
	var reasons []string
	for _, p := range problems {
		if p.Variable == variable && p.Severity != Warning && (!inForce || !known[p.String()]) {
			reasons = append(reasons, p.String())
		}
	}
	switch {
	case len(reasons) > 0:
		return errors.New(strings.Join(reasons, "\n"))
	case inForce:
		return nil
	case c.Disables(variable):
		return fmt.Errorf("it is switched off by the <disable> of line %d: unset it first", c.disable(variable).Line)
	}
	return errors.New("it would not be in force; look with perfmonctl check")
}

// says whether each assignment is what the variable in force has.
func says(class, text, variable string, assignments map[string]string, opts Options) bool {
	e, problem := newEditor(text)
	if problem != nil {
		return false
	}
	found, err := e.find(variable)
	if err != nil || len(found) == 0 {
		return false
	}
	v := e.inForce(found, class, variable, opts)
	for _, s := range settings {
		assigned, given := assignments[s.key]
		element := firstBelow(v, s.tag)
		if given && (element == nil) != (assigned == "") || given && element != nil && value(element) != assigned {
			return false
		}
	}
	return true
}

// inheritedIs says what to do about a variable that stands elsewhere.
func inheritedIs(variable string) string {
	return fmt.Sprintf("one that is inherited is switched off by <%s name=%q/> in the <%s>", disableTag, variable, configTag)
}

// Unset takes all variables of a name and what switches it off out of an
// object's own XML, and leaves every other byte of it as it is: what the
// object inherits under that name counts again. It undoes a Set that added
// the variable. A root with nothing else in the document becomes the empty
// text, for which there need be no other-config key.
func Unset(text, variable string) (string, error) {
	if text == "" {
		return "", fmt.Errorf("unset %q: there is no variable; %s", variable, inheritedIs(variable))
	}
	e, problem := newEditor(text)
	if problem != nil {
		return "", fmt.Errorf("unset %q: %w", variable, unreadable(problem))
	}
	found, err := e.find(variable)
	if err != nil {
		return "", fmt.Errorf("unset %q: %w", variable, err)
	}
	for _, d := range disableElements(e.doc.root) {
		if name, _ := attribute(d, "name"); name != variable {
			continue
		}
		if len(d.ChildElements()) > 0 {
			return "", fmt.Errorf("unset %q: the <disable> of line %d has elements inside it: take them out first", variable, e.doc.places[d].line)
		}
		found = append(found, d)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("unset %q: there is no such variable; %s; %s", variable, oneOf(variable, e.names()), inheritedIs(variable))
	}
	for _, element := range found {
		if element == e.doc.root {
			at := e.span(element)
			e.replace(at.start, at.end, "<"+configTag+"></"+configTag+">")
			continue
		}
		e.remove(element)
	}
	after := e.result()
	if isEmptyRoot(after) {
		return "", nil
	}
	return after, nil
}

// names are those of the variables in a document.
func (e *editor) names() []string {
	var names []string
	for _, v := range variableElements(e.doc.root) {
		if name := firstBelow(v, tagName); name != nil && value(name) != "" {
			names = append(names, value(name))
		}
	}
	return names
}

// isEmptyRoot says whether a document is a root with nothing in it, and
// nothing beside it.
func isEmptyRoot(text string) bool {
	doc, err := readDocument(text)
	return err == nil && len(doc.root.Child) == 0 && len(doc.root.Attr) == 0 &&
		doc.spans[doc.root].start == 0 && doc.spans[doc.root].end == len(text)
}

// oneOf is a hint for a word that is not among the known.
func oneOf(word string, known []string) string {
	if hint := didYouMean("%q", word, known); hint != "" && len(word) > 2 {
		return hint
	}
	if len(known) == 0 {
		return "there is none"
	}
	return "use one of " + strings.Join(known, ", ")
}

// unreadable is a document that is not well-formed, as an error.
func unreadable(p *Problem) error { return errors.New(p.Format(OwnOrigin)) }
