package metrics

import (
	"fmt"
	"regexp"
	"strings"
)

// part is what a <part> of a pattern stands for.
type part struct {
	label string
	match string // regular expression
}

// parts are all that patterns use. Those that take any text stand between
// two fixed ones, so that the text is never in doubt.
var parts = map[string]part{
	"cpu":       {"cpu", `[0-9]+`},
	"vif":       {"vif", `[0-9]+`},
	"node":      {"node", `[0-9]+`},
	"sr":        {"sr", `[0-9a-f]{8}`}, // how an SR's uuid begins
	"sr_uuid":   {"sr_uuid", `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`},
	"pif":       {"pif", `.+`},       // eth0, bond0, enp3s0f1
	"device":    {"device", `[^_]+`}, // xvda, hdc
	"disk":      {"device", `.+`},    // sda, nvme0n1, dm-0
	"cstate":    {"state", `C[0-9]+`},
	"pstate":    {"state", `P[0-9]+`},
	"runstate":  {"state", `fullrun|full_contention|concurrency_hazard|blocked|partial_run|partial_contention`},
	"gpu":       {"gpu", `.+`}, // 0000/0a/00.0
	"statefile": {"statefile", `.+`},
	"group":     {"group", `.+`},
	"resource":  {"resource", `cpu|memory|io`},
	"kind":      {"kind", `some|full`},
}

// pattern recognises the names of one kind of data source.
type pattern struct {
	prefix string // fixed text that they all begin with
	re     *regexp.Regexp
	labels []string // of the parts, in order
}

var partRE = regexp.MustCompile(`<([a-z_]+)>`)

// newPattern reads the notation of the table: "vbd_<device>_read".
func newPattern(text string) (pattern, error) {
	var p pattern
	var re strings.Builder
	re.WriteString(`(?s)^`)
	end := 0
	for i, m := range partRE.FindAllStringSubmatchIndex(text, -1) {
		fixed, name := text[end:m[0]], text[m[2]:m[3]]
		end = m[1]
		what, ok := parts[name]
		if !ok {
			return pattern{}, fmt.Errorf("read pattern %q: no part %q", text, name)
		}
		if i == 0 {
			p.prefix = fixed
		}
		p.labels = append(p.labels, what.label)
		re.WriteString(regexp.QuoteMeta(fixed) + `(` + what.match + `)`)
	}
	re.WriteString(regexp.QuoteMeta(text[end:]) + `$`)
	if p.labels == nil {
		p.prefix = text
	}
	var err error
	if p.re, err = regexp.Compile(re.String()); err != nil {
		return pattern{}, fmt.Errorf("read pattern %q: %w", text, err)
	}
	return p, nil
}

// values returns what stands for the parts in name, or false if it is the
// name of something else.
func (p pattern) values(name string) ([]string, bool) {
	if !strings.HasPrefix(name, p.prefix) {
		return nil, false
	}
	m := p.re.FindStringSubmatch(name)
	if m == nil {
		return nil, false
	}
	return m[1:], true
}
