package config

import (
	"fmt"
	"regexp"
	"time"

	"github.com/dlclark/regexp2"
)

// maxProgram bounds the memory that RE2 takes for a pattern, some 40 bytes an
// instruction: it writes every repeat out. The other engine does not.
const maxProgram = 10_000

// matchLimit is how long one match of a pattern that needs backtracking may
// take. It is long enough for a sound one on a host that is short of CPU.
const matchLimit = 200 * time.Millisecond

// Pattern is a regular expression over the names of data sources, in the
// language of Python's re module. It is safe for concurrent use.
//
// It matches the whole name, as if it stood in ^(?:…)$; the stock daemon
// writes ^…$, in which an alternative escapes one of the two. With
// Options.Legacy it matches anywhere in the name.
type Pattern struct {
	text string
	re2  *regexp.Regexp  // time linear in the name's length
	back *regexp2.Regexp // what RE2 refuses; nil if re2 is not

	posix bool // looks as if it had a class such as [[:alpha:]]
}

// String is the expression as it was written; "" for a nil Pattern.
func (p *Pattern) String() string {
	if p == nil {
		return ""
	}
	return p.text
}

// Match says whether the pattern matches the name; a nil Pattern matches none. The error is a pattern
// whose matching takes too long (which only look-around and back references
// can). It is a fault of the configuration: the caller should report it, and
// stop asking for other names, since each may take as long (0.2 s).
func (p *Pattern) Match(name string) (bool, error) {
	if p == nil {
		return false, nil
	}
	if p.re2 != nil {
		return p.re2.MatchString(name), nil
	}
	ok, err := p.back.MatchString(name)
	if err != nil {
		return false, fmt.Errorf("match %q with rrd_regex %q: longer than %v; write it without nested repeats", name, p.text, matchLimit)
	}
	return ok, nil
}

// compilePattern compiles a pattern: RE2 first, and a backtracking engine
// with a time limit for what RE2 refuses and Python accepts.
func compilePattern(text string, opts Options) (*Pattern, error) {
	t, err := translateRegex(text)
	if err != nil {
		return nil, err
	}
	anchored := `\A(?:` + t.text + `)\z`
	if opts.Legacy {
		anchored = t.text
	}
	p := &Pattern{text: text, posix: t.posix}
	if t.size <= maxProgram {
		if p.re2, err = regexp.Compile(anchored); err == nil {
			return p, nil
		}
	}
	if p.back, err = regexp2.Compile(anchored, regexp2.None); err != nil {
		return nil, err
	}
	p.back.MatchTimeout = matchLimit
	return p, nil
}
