package alarm

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a matcher.
const (
	MaxMatcherValue = 512    // bytes of a value or expression
	maxMatcherText  = 4096   // bytes of a matcher as text, quotes and all
	maxExpression   = 10_000 // characters that an expression has when its repetitions are written out
	maxLabelName    = 64     // bytes
)

// The names that a matcher can have besides those of labels.
const (
	matchClass    = "class"
	matchUUID     = "uuid"
	matchVariable = "variable"
	labelPrefix   = "label."
)

// Matcher is one condition on an alarm: on its class, the uuid of its object,
// its variable, or one of its labels. ParseMatcher makes them; the zero value
// matches nothing.
type Matcher struct {
	name  string // "class", "uuid", "variable", or "label." and a name
	op    string // "=", "!=", "=~" or "!~"
	value string
	re    *regexp.Regexp // of the last two
}

// matcherOps are tried in order; the shorter is a part of the longer.
var matcherOps = []string{"=~", "!~", "!=", "="}

var matcherName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// ParseMatcher reads a matcher, in the notation of Alertmanager:
//
//	class=vm
//	uuid!=5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11
//	variable=~cpu.*
//	label.team!~"web|mail"
//
// An expression is one of RE2 and has to match the whole value. A label that
// an alarm does not have is taken to be empty. A value can stand in double
// quotes, with the escapes of Go, and has to if it is empty, begins or ends
// with a blank, begins with a quote, or has characters that do not print.
func ParseMatcher(text string) (Matcher, error) {
	if len(text) > maxMatcherText {
		return Matcher{}, fmt.Errorf("matcher %q and so on: %d bytes; the limit is %d", text[:32], len(text), maxMatcherText)
	}
	fail := func(format string, args ...any) (Matcher, error) {
		return Matcher{}, fmt.Errorf("matcher %q: "+format, append([]any{text}, args...)...)
	}
	at := strings.IndexAny(text, "=!")
	if at < 0 {
		return fail("no operator: write class=vm, uuid=…, variable=~cpu.* or label.team=web")
	}
	m := Matcher{name: strings.TrimSpace(text[:at])}
	for _, op := range matcherOps {
		if strings.HasPrefix(text[at:], op) {
			m.op = op
			break
		}
	}
	if m.op == "" {
		return fail("the operator at character %d is none of =, !=, =~, !~", utf8.RuneCountInString(text[:at])+1)
	}
	if err := checkMatcherName(m.name); err != nil {
		return fail("%w", err)
	}
	var err error
	if m.value, err = matcherValue(strings.TrimSpace(text[at+len(m.op):])); err != nil {
		return fail("%w", err)
	}
	if err := m.compile(); err != nil {
		return fail("%w", err)
	}
	return m, nil
}

func checkMatcherName(name string) error {
	switch name {
	case matchClass, matchUUID, matchVariable:
		return nil
	case "":
		return errors.New("nothing stands before the operator: name class, uuid, variable, or a label as label.team")
	}
	label, ok := strings.CutPrefix(name, labelPrefix)
	switch {
	case !ok:
		return fmt.Errorf("there is no %q: name class, uuid, variable, or a label as label.team", name)
	case len(label) > maxLabelName || !matcherName.MatchString(label):
		return fmt.Errorf("%q is no name of a label: use letters, digits and _, at most %d", label, maxLabelName)
	}
	return nil
}

// matcherValue is what a value means as it is written.
func matcherValue(text string) (string, error) {
	value := text
	switch {
	case text == "":
		return "", errors.New(`nothing stands behind the operator: write "" for an empty value`)
	case text[0] == '"':
		var err error
		if value, err = strconv.Unquote(text); err != nil {
			return "", fmt.Errorf(`the value %s does not end where its quotes do: put a \ before quotes inside it`, text)
		}
	}
	if len(value) > MaxMatcherValue {
		return "", fmt.Errorf("the value has %d bytes; the limit is %d", len(value), MaxMatcherValue)
	}
	return value, nil
}

// compile makes the expression of a matcher that has one, and refuses what
// could never match.
func (m *Matcher) compile() error {
	if m.op == "=" || m.op == "!=" {
		if m.name == matchClass && m.value != "vm" && m.value != "host" && m.value != "sr" {
			return fmt.Errorf("there is no class %q: it is one of vm, host, sr", m.value)
		}
		return nil
	}
	// By itself first: brackets must not reach around ours.
	tree, err := syntax.Parse(m.value, syntax.Perl)
	if err != nil {
		return fmt.Errorf("the expression: %w", err)
	}
	if n := writtenOut(tree); n > maxExpression {
		return fmt.Errorf("the expression has more than %d characters when its repetitions are written out: repeat less", maxExpression)
	}
	m.re, err = regexp.Compile(`^(?:` + m.value + `)$`)
	if err != nil {
		return fmt.Errorf("the expression: %w", err)
	}
	return nil
}

// writtenOut is about how many characters an expression has without counted
// repetitions. Memory grows with it.
func writtenOut(re *syntax.Regexp) int64 {
	n := int64(1 + len(re.Rune))
	for _, sub := range re.Sub {
		n += writtenOut(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= int64(max(re.Min, re.Max, 1))
	}
	return min(n, 1<<40) // products of products stay whole
}

// String is the matcher as ParseMatcher reads it.
func (m Matcher) String() string {
	value := m.value
	if value == "" || value[0] == '"' || value != strings.TrimSpace(value) || !utf8.ValidString(value) ||
		strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		value = strconv.Quote(value)
	}
	return m.name + m.op + value
}

// MarshalText is String.
func (m Matcher) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMatcher.
func (m *Matcher) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMatcher(string(text))
	return err
}

// Matches reports whether the condition holds for an alarm and its labels.
func (m Matcher) Matches(id ID, labels map[string]string) bool {
	var value string
	switch m.name {
	case "":
		return false
	case matchClass:
		value = id.Class
	case matchUUID:
		value = id.UUID
	case matchVariable:
		value = id.Variable
	default:
		value = labels[m.name[len(labelPrefix):]]
	}
	switch m.op {
	case "=":
		return value == m.value
	case "!=":
		return value != m.value
	case "=~":
		return m.re.MatchString(value)
	}
	return !m.re.MatchString(value)
}
