package outbox

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"perfmon/alarm"
)

// Rules say which events a sink gets. Each that is set has to hold; the zero
// value is for all events. In a glob, * stands for any text and ? for one
// character.
type Rules struct {
	Classes       []string          // any of "vm", "host", "sr"
	Variables     []string          // any of these globs
	VariableRegex string            // matches the whole name (RE2)
	Severities    []alarm.Severity  // any of them
	MinPriority   int64             // as the toolstack counts, 1 being the most urgent; 0: no bound
	MaxPriority   int64             // 0: no bound
	Labels        map[string]string // name → glob of the value; a label that is missing does not match
}

// Filter is Rules that were checked. Nil matches every event.
type Filter struct {
	rules     Rules
	variables []*regexp.Regexp // any of them; empty: any name
	regex     *regexp.Regexp   // nil: any name
	labels    map[string]*regexp.Regexp
}

var (
	classes    = []string{"vm", "host", "sr"}
	severities = []alarm.Severity{alarm.Warning, alarm.Critical}
)

// NewFilter checks rules and makes a Filter of them.
func NewFilter(r Rules) (*Filter, error) {
	f := &Filter{rules: r, labels: map[string]*regexp.Regexp{}}
	for _, class := range r.Classes {
		if !slices.Contains(classes, class) {
			return nil, fmt.Errorf("filter: class %q: it is one of vm, host, sr", class)
		}
	}
	for _, s := range r.Severities {
		if !slices.Contains(severities, s) {
			return nil, fmt.Errorf("filter: severity %q: it is one of warning, critical", s)
		}
	}
	for _, g := range r.Variables {
		if g == "" {
			return nil, fmt.Errorf("filter: an empty variable: leave it out, or use *")
		}
		f.variables = append(f.variables, glob(g))
	}
	if r.VariableRegex != "" {
		// By itself first: brackets must not reach around ours.
		if _, err := regexp.Compile(r.VariableRegex); err != nil {
			return nil, fmt.Errorf("filter: variable regex %q: %w", r.VariableRegex, err)
		}
		f.regex = regexp.MustCompile(`^(?:` + r.VariableRegex + `)$`)
	}
	if r.MinPriority < 0 || r.MaxPriority < 0 || r.MaxPriority > 0 && r.MinPriority > r.MaxPriority {
		return nil, fmt.Errorf("filter: priorities from %d to %d: give the smaller first, neither below 0", r.MinPriority, r.MaxPriority)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		if name == "" {
			return nil, fmt.Errorf("filter: a label without a name for %q", r.Labels[name])
		}
		f.labels[name] = glob(r.Labels[name])
	}
	return f, nil
}

// Match reports whether an event passes.
func (f *Filter) Match(e *alarm.Event) bool {
	if f == nil {
		return true
	}
	r := f.rules
	switch {
	case len(r.Classes) > 0 && !slices.Contains(r.Classes, e.Class):
		return false
	case len(r.Severities) > 0 && !slices.Contains(r.Severities, e.Severity):
		return false
	case r.MinPriority > 0 && e.Priority < r.MinPriority, r.MaxPriority > 0 && e.Priority > r.MaxPriority:
		return false
	case f.regex != nil && !f.regex.MatchString(e.Variable):
		return false
	}
	matches := func(g *regexp.Regexp) bool { return g.MatchString(e.Variable) }
	if len(f.variables) > 0 && !slices.ContainsFunc(f.variables, matches) {
		return false
	}
	for name, g := range f.labels {
		if value, ok := e.Labels[name]; !ok || !g.MatchString(value) {
			return false
		}
	}
	return true
}

// glob makes a pattern for the whole of a text.
func glob(text string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for _, c := range text {
		switch c {
		case '*':
			b.WriteString(`.*`)
		case '?':
			b.WriteString(`.`)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString(`$`)
	return regexp.MustCompile(b.String())
}
