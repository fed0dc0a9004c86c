package metrics

import (
	"fmt"
	"slices"
	"strings"
)

// part is what a <part> of a pattern stands for: some text that is not empty.
type part struct {
	label string
	fits  func(text string) bool
}

// parts are all that patterns use. Those that take any text stand between
// two fixed ones, so that the text is never in doubt.
var parts = map[string]part{
	"cpu":       {"cpu", isNumber},
	"vif":       {"vif", isNumber},
	"node":      {"node", isNumber},
	"sr":        {"sr", isUUIDHead}, // how an SR's uuid begins
	"sr_uuid":   {"sr_uuid", isUUID},
	"pif":       {"pif", isAny},     // eth0, bond0, enp3s0f1
	"device":    {"device", isWord}, // xvda, hdc
	"disk":      {"device", isAny},  // sda, nvme0n1, dm-0
	"cstate":    {"state", isNumbered('C')},
	"pstate":    {"state", isNumbered('P')},
	"runstate":  {"state", isOneOf("fullrun", "full_contention", "concurrency_hazard", "blocked", "partial_run", "partial_contention")},
	"gpu":       {"gpu", isAny}, // 0000/0a/00.0
	"statefile": {"statefile", isAny},
	"group":     {"group", isAny},
	"resource":  {"resource", isOneOf("cpu", "memory", "io")},
	"kind":      {"kind", isOneOf("some", "full")},
}

func isAny(string) bool    { return true }
func isWord(s string) bool { return !strings.Contains(s, "_") }

func isOneOf(words ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(words, s) }
}

func isNumber(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' }) < 0
}

func isNumbered(letter byte) func(string) bool {
	return func(s string) bool { return len(s) > 1 && s[0] == letter && isNumber(s[1:]) }
}

func isHex(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return (c < '0' || c > '9') && (c < 'a' || c > 'f') }) < 0
}

func isUUIDHead(s string) bool { return len(s) == 8 && isHex(s) }

// isUUID takes 408b0f99-5c1e-4a7d-8f20-13d5e0c9ab04.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for _, i := range []int{8, 13, 18, 23} {
		if s[i] != '-' {
			return false
		}
	}
	return isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
}

// pattern recognises the names of one kind of data source: fixed text, a
// part, fixed text and so on. It is read by hand, since seventy regular
// expressions take as much memory as the names of 20,000 series.
type pattern struct {
	fixed  []string // one more than parts; may be empty
	parts  []part
	labels []string // of the parts, in order
}

// newPattern reads the notation of the table: "vbd_<device>_read".
func newPattern(text string) (pattern, error) {
	var p pattern
	rest := text
	for {
		fixed, begun, found := strings.Cut(rest, "<")
		p.fixed = append(p.fixed, fixed)
		if !found {
			return p, nil
		}
		name, after, _ := strings.Cut(begun, ">")
		what, ok := parts[name]
		if !ok {
			return pattern{}, fmt.Errorf("read pattern %q: no part %q", text, name)
		}
		p.parts = append(p.parts, what)
		p.labels = append(p.labels, what.label)
		rest = after
	}
}

// values returns what stands for the parts in name, or false if it is the
// name of something else.
func (p pattern) values(name string) ([]string, bool) {
	rest, ok := strings.CutPrefix(name, p.fixed[0])
	if !ok {
		return nil, false
	}
	return p.rest(rest, nil)
}

// rest goes on after the fixed text before a part. Of several ways to divide
// a name the one with the longest parts, first to last, counts.
func (p pattern) rest(text string, values []string) ([]string, bool) {
	i := len(values)
	if i == len(p.parts) {
		return values, text == ""
	}
	next := p.fixed[i+1]
	if i == len(p.parts)-1 {
		value, ok := strings.CutSuffix(text, next)
		if !ok || value == "" || !p.parts[i].fits(value) {
			return nil, false
		}
		return append(values, value), true
	}
	for end := len(text); ; {
		if end = strings.LastIndex(text[:end], next); end <= 0 {
			return nil, false
		}
		if p.parts[i].fits(text[:end]) {
			if all, ok := p.rest(text[end+len(next):], append(values, text[:end])); ok {
				return all, true
			}
		}
	}
}
