package config

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// reader reads one <variable>.
type reader struct {
	*parser
	v       *Variable
	element *etree.Element
	refused bool // an Error was reported
}

// read reads a variable and reports what is wrong with it. The name is set
// even if the rest is refused.
func (p *parser) read(e *etree.Element) *reader {
	at := p.doc.places[e]
	r := &reader{parser: p, element: e, v: &Variable{Line: at.line, Column: at.column}}
	if !r.name() {
		return r
	}
	def := r.builtin()
	r.v.PerHost = def.perHost
	r.unknownTags()
	r.fold(def)
	r.pattern(def)
	r.level(def)
	r.v.Period = r.seconds(tagPeriod, def.period)
	r.v.Inhibit = r.seconds(tagInhibit, def.inhibit)
	r.sense(def)
	r.priority()
	r.elements()
	r.body()
	r.duplicate()
	return r
}

// error refuses the variable because of an element.
func (r *reader) error(e *etree.Element, msg, fix string) {
	r.refused = true
	r.report(e, r.v.Name, Error, msg, fix)
}

// lax reports what the stock daemon would let pass.
func (r *reader) lax(e *etree.Element, msg, fix string) { r.report(e, r.v.Name, Lax, msg, fix) }

// warn reports what is in force but does less than it seems to.
func (r *reader) warn(e *etree.Element, msg, fix string) { r.report(e, r.v.Name, Warning, msg, fix) }

// find is the first element of a name below the variable, nil if none.
func (r *reader) find(tag string) *etree.Element { return firstBelow(r.element, tag) }

// firstBelow is the first element of a name below e, in document order.
func firstBelow(e *etree.Element, tag string) *etree.Element {
	for child := range e.ChildElementsSeq() {
		if child.FullTag() == tag {
			return child
		}
		if found := firstBelow(child, tag); found != nil {
			return found
		}
	}
	return nil
}

// value is an element's attribute "value"; a missing one is "", as for the
// stock daemon.
func value(e *etree.Element) string {
	v, _ := attribute(e, "value")
	return v
}

// has says whether an element has the attribute "value".
func has(e *etree.Element) bool {
	_, ok := attribute(e, "value")
	return ok
}

// attribute is an element's attribute of a name.
func attribute(e *etree.Element, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.FullKey() == name {
			return a.Value, true
		}
	}
	return "", false
}

// shape is the fix for an element that has text instead of a value.
func shape(e *etree.Element, example string) string {
	if text := strings.TrimSpace(e.Text()); text != "" && len(text) < 80 {
		example = text
	}
	return fmt.Sprintf(`write <%s value="%s"/>`, e.FullTag(), escape(example))
}

func (r *reader) name() bool {
	e := r.find(tagName)
	if e == nil {
		r.error(r.element, "a <variable> without a <name>", `write <name value="…"/> as the first thing in it`)
		return false
	}
	r.v.Name = value(e)
	if r.v.Name == "" {
		r.lax(e, "the name is empty", shape(e, "cpu_usage"))
	}
	return true
}

// unknownTags reports the elements in the variable that have no effect: they
// are only echoed in the alarm's body.
func (r *reader) unknownTags() {
	seen := make(map[string]bool)
	walk(r.element, func(e *etree.Element) {
		tag := e.FullTag()
		switch {
		case e == r.element:
		case tag == variableTag:
			r.lax(e, "a <variable> inside a <variable>: the outer one takes the tags of the inner", "write one after the other")
		case tag == disableTag:
			r.lax(e, "a <disable> inside a <variable> has no effect", "write it before the <variable>")
		case !known(tag):
			r.lax(e, fmt.Sprintf("<%s> is not known: it has no effect", tag), didYouMean("<%s>", tag, knownTags))
		case seen[tag]:
			r.lax(e, fmt.Sprintf("a second <%s>: the first one counts", tag), "remove one of them")
		}
		seen[tag] = true
	})
}

func known(tag string) bool {
	for _, k := range knownTags {
		if k == tag {
			return true
		}
	}
	return false
}

func (r *reader) fold(def builtin) {
	r.v.Fold = def.fold
	e := r.find(tagFold)
	if e == nil {
		return
	}
	f, ok := parseFold(value(e))
	if !ok {
		r.error(e, fmt.Sprintf("consolidation_fn %q is not known", value(e)), foldFix(value(e)))
		return
	}
	r.v.Fold = f
	if f == SRUsage && r.class != ClassSR {
		msg, fix := "get_percent_sr_usage reads an SR: it never has a value here", "set it on the SR, or remove the variable"
		if r.find(tagPattern) != nil {
			msg, fix = msg+", and rrd_regex has no effect", "set it on the SR, or measure with sum, average or max"
		}
		r.warn(e, msg, fix)
	}
}

// stockSRPattern is the stock daemon's for get_percent_sr_usage, which there
// divides the first two columns that it chooses.
const stockSRPattern = "physical_utilisation|size"

func (r *reader) pattern(def builtin) {
	e := r.find(tagPattern)
	switch {
	case e != nil && r.v.PerHost:
		r.error(e, "rrd_regex is not allowed: each host uses the column of this SR", "remove it")
	case e != nil:
		r.compile(e, value(e))
		if r.v.Fold == SRUsage && r.class == ClassSR && value(e) != stockSRPattern {
			r.warn(e, "rrd_regex has no effect with get_percent_sr_usage, which finds physical_utilisation and size by name", "remove it")
		}
	case r.v.Fold.Reading() || r.v.PerHost:
	case def.pattern != nil:
		r.v.Pattern, r.v.standard = def.pattern, true
	default:
		r.error(r.element, "no columns to measure: the name has no default rrd_regex", r.patternFix())
	}
	if r.v.Fold.Reading() {
		r.v.Pattern, r.v.standard = nil, false
	}
}

// patternFix says how a name without default columns gets some.
func (r *reader) patternFix() string {
	if b, ok := vmBuiltins[r.v.Name]; ok && b.fold.Reading() {
		return fmt.Sprintf(`write <consolidation_fn value="%s"/>`, b.fold)
	}
	names := slices.Sorted(maps.Keys(builtins(r.class)))
	if fix := didYouMean("the name %q", r.v.Name, names); fix != "" {
		return fix + ` If not, write <rrd_regex value="…"/>`
	}
	return `write <rrd_regex value="…"/>, the names of the data sources`
}

func (r *reader) compile(e *etree.Element, text string) {
	p, err := r.opts.Patterns.compile(text, r.opts)
	if err != nil {
		r.error(e, fmt.Sprintf("rrd_regex %q: %v", text, err), "write a regular expression as Python's re module has them")
		return
	}
	r.v.Pattern = p
	if text == "" && !r.opts.Legacy {
		r.lax(e, "rrd_regex is empty: it matches no data source", shape(e, "cpu[0-9]+"))
	}
	if p.posix {
		r.warn(e, "rrd_regex has [: in a class, which means these two characters", "write the letters, such as [a-z]")
	}
}

func (r *reader) level(def builtin) {
	r.v.Level = def.level
	e := r.find(tagLevel)
	if e == nil {
		if math.IsNaN(def.level) {
			r.error(r.element, "no <alarm_trigger_level>, and the name has no default for it", `write <alarm_trigger_level value="…"/>`)
		}
		return
	}
	if f, ok := r.number(e, "0.9"); ok {
		r.v.Level = f
	} else {
		r.v.Level = math.NaN()
	}
}

// number reads an element that is a level.
func (r *reader) number(e *etree.Element, example string) (float64, bool) {
	f, err := parseFloat(value(e))
	if err != nil {
		r.error(e, numberMsg(e, err), shape(e, example))
		return 0, false
	}
	r.odd(e, fmt.Sprint(f))
	return f, true
}

// maxSeconds bounds periods, so that no sum with a time overflows. Nothing
// lives for 30,000 years.
const maxSeconds = 1_000_000_000_000

func (r *reader) seconds(tag string, def int64) int64 {
	e := r.find(tag)
	if e == nil {
		return def
	}
	n, err := parseInt(value(e))
	if err != nil && !errors.Is(err, errTooLarge) {
		r.error(e, numberMsg(e, err), shape(e, fmt.Sprint(def)))
		return def
	}
	if bounded := min(max(n, -maxSeconds), maxSeconds); bounded != n {
		r.lax(e, fmt.Sprintf("%s %q is taken as %d", tag, value(e), bounded), fmt.Sprintf("write seconds, such as %d", def))
		return bounded
	}
	if n < 0 {
		r.lax(e, fmt.Sprintf("%s %d is negative, which is the same as 0", tag, n), shape(e, "0"))
	}
	r.odd(e, fmt.Sprint(n))
	return n
}

func (r *reader) priority() {
	r.v.Priority = defaultPriority
	if r.opts.Legacy {
		r.v.Priority = defaultPriorityLegacy
	}
	e := r.find(tagPriority)
	if e == nil {
		return
	}
	n, err := parseInt(value(e))
	if err != nil {
		r.error(e, numberMsg(e, err), "write a number from 1 (critical) to 5 (informational)")
		return
	}
	r.v.Priority = n
	if n < 1 || n > 5 {
		r.warn(e, fmt.Sprintf("alarm_priority %d: priorities go from 1 (critical) to 5 (informational)", n), "write one of these")
	}
	r.odd(e, fmt.Sprint(n))
}

func (r *reader) sense(def builtin) {
	r.v.Sense = def.sense
	e := r.find(tagSense)
	if e == nil {
		return
	}
	switch value(e) {
	case "high":
		r.v.Sense = High
	case "low":
		r.v.Sense = Low
	default:
		r.v.Sense = Low
		r.lax(e, fmt.Sprintf(`alarm_trigger_sense %q is not "high", so it means low`, value(e)), `write "high" or "low"`)
	}
}

// odd reports a number that Python reads and other programs may not.
func (r *reader) odd(e *etree.Element, read string) {
	if !isPlain(value(e)) {
		r.lax(e, fmt.Sprintf("%s %q is read as %s", e.FullTag(), value(e), read), shape(e, read))
	}
}

// numberMsg says what is wrong with a number.
func numberMsg(e *etree.Element, err error) string {
	if !has(e) {
		return fmt.Sprintf(`<%s> has no attribute "value"`, e.FullTag())
	}
	return fmt.Sprintf("%s %q: %v", e.FullTag(), value(e), err)
}

// body renders the element as alarms will have it.
func (r *reader) body() {
	r.v.xml = pretty(r.element)
	if len(r.v.xml) > MaxBody {
		r.error(r.element, fmt.Sprintf("%d bytes in an alarm's body; the limit is %d", len(r.v.xml), MaxBody), "shorten its comments and texts")
	}
	if r.v.PerHost {
		r.v.element = r.element.Copy()
	}
}

// duplicate reports a name that an earlier variable has too.
func (r *reader) duplicate() {
	for _, v := range r.config.Variables {
		if v.Name != r.v.Name {
			continue
		}
		if r.v.PerHost {
			r.error(r.element, fmt.Sprintf("a second %s: an SR has only one, the first", v.Name), "remove one of them")
			return
		}
		r.lax(r.element, fmt.Sprintf("a second variable of this name: it replaces the one of line %d", v.Line), "remove one of them, or rename it")
		return
	}
}
