package replay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// Parse reads a file of tests. name is what errors call it. open reads a
// trigger file that a test names; nil refuses such tests. The error is a
// *SyntaxError, that of the first thing that makes no sense.
func Parse(name string, text []byte, open func(path string) ([]byte, error)) ([]*Case, error) {
	begin := Pos{name, 1, 1}
	if len(text) > maxFile {
		return nil, begin.errorf("a file of more than %d bytes", maxFile)
	}
	all, err := directives(strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), begin, 0)
	if err != nil {
		return nil, err
	}
	var common, heads []directive
	for _, d := range all {
		switch {
		case d.key == "case":
			heads = append(heads, d)
		case len(heads) > 0:
			return nil, d.pos.errorf("%q stands between cases: move it into one, further right, or above the first", d.key+":")
		case !slices.Contains(commonKeys, firstWord(d.key)):
			return nil, d.pos.errorf("%q is not known above the cases: want %s, or \"case:\"", d.key+":", oneOf(commonKeys...))
		default:
			common = append(common, d)
		}
	}
	var cases []*Case
	budget := maxValues
	for _, d := range heads {
		if len(cases) == maxCases {
			return nil, d.pos.errorf("more than %d cases", maxCases)
		}
		c, err := parseCase(d, common, open, &budget)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, begin.errorf("no \"case:\" in this file")
	}
	return cases, nil
}

// commonKeys are the first words of what can stand above the cases.
var commonKeys = []string{"class", "step", "poll", "legacy", "mute", "triggers", "tags", "series", "readings"}

func firstWord(key string) string {
	word, _, _ := strings.Cut(key, " ")
	return word
}

// caseParser reads one case.
type caseParser struct {
	c    *Case
	open func(string) ([]byte, error)
	seen map[string]bool
	// budget is how many values the file may still have.
	budget *int
}

func parseCase(head directive, common []directive, open func(string) ([]byte, error), budget *int) (*Case, error) {
	if head.value == "" {
		return nil, head.pos.errorf("a case without a name: write the question that it answers")
	}
	own, err := directives(strings.Split(head.raw, "\n"), head.first, 1)
	if err != nil {
		return nil, err
	}
	p := &caseParser{
		c: &Case{
			Name: head.value, Pos: head.pos, step: 60,
			given:    setting{own: map[monitor.Object]string{}, tags: map[monitor.Object][]string{}, files: map[string]string{}},
			readings: map[config.Fold][]float64{}, usage: map[monitor.Object][]float64{},
		},
		open: open, seen: map[string]bool{}, budget: budget,
	}
	list := slices.DeleteFunc(slices.Clone(common), func(d directive) bool { // the case says it itself
		return slices.ContainsFunc(own, func(o directive) bool { return settles(o.key) == settles(d.key) })
	})
	list = append(list, own...)
	// What the others depend on comes first.
	slices.SortStableFunc(list, func(a, b directive) int { return cmp.Compare(rank(a.key), rank(b.key)) })
	for _, d := range list {
		if err := p.directive(d); err != nil {
			return nil, err
		}
	}
	return p.c, p.finish()
}

// settles is what a key is about: the same for two of which one replaces the
// other.
func settles(key string) string { return strings.Replace(key, "triggers with errors", "triggers", 1) }

func rank(key string) int {
	if i := slices.Index([]string{"class", "legacy", "step", "poll"}, key); i >= 0 {
		return i
	}
	return 4
}

func (p *caseParser) directive(d directive) error {
	word := firstWord(d.key)
	if word != "at" && p.seen[settles(d.key)] {
		return d.pos.errorf("%q stands twice", d.key+":")
	}
	p.seen[settles(d.key)] = true
	switch {
	case word == "at":
		return p.at(d)
	case word == "triggers":
		place, text, err := p.triggers(d)
		if err == nil {
			place(&p.c.given, text)
		}
		return err
	case word == "tags":
		o, err := p.of(d, "tags")
		p.c.given.tags[o] = strings.Fields(d.value)
		return err
	case d.key == "series":
		return p.series(d)
	case d.key == "readings":
		return p.readings(d)
	case d.key == "expect":
		return p.expect(d)
	}
	var err error
	switch d.key {
	case "class":
		if !slices.Contains([]string{rrd.ClassVM, rrd.ClassHost, rrd.ClassSR}, d.value) {
			return d.at.errorf("class %q: want vm, host or sr", d.value)
		}
		p.c.class = d.value
	case "step":
		p.c.step, err = parseSpan(d.value)
	case "poll":
		p.c.poll, err = parseSpan(d.value)
	case "legacy":
		p.c.legacy, err = yes(d.value)
	case "mute vms":
		p.c.mute, err = yes(d.value)
	default:
		return d.pos.errorf("%q is not known: want %s, at, or expect", d.key+":", strings.Join(commonKeys, ", "))
	}
	if err != nil {
		return d.at.errorf("%v", err)
	}
	if len(d.block) > 0 {
		return d.block[0].pos.errorf("nothing belongs below %q", d.key+":")
	}
	return nil
}

func yes(text string) (bool, error) {
	if text != "yes" && text != "no" {
		return false, fmt.Errorf("%q: want yes or no", text)
	}
	return text == "yes", nil
}

// finish checks what only the whole case shows.
func (p *caseParser) finish() error {
	c := p.c
	switch {
	case c.class == "":
		return c.Pos.errorf("the case has no class: write \"class: vm\", host or sr, here or above the cases")
	case !p.seen["expect"]:
		return c.Pos.errorf("the case expects nothing: write \"expect:\" with lines below, or \"expect: nothing\"")
	case len(c.series)+len(c.readings)+len(c.usage) == 0:
		return c.Pos.errorf("the case has no values: write \"series:\" or \"readings:\"")
	}
	if c.poll == 0 {
		c.poll = c.step
	}
	if c.poll%c.step != 0 {
		return c.Pos.errorf("poll: %s is not a whole number of steps of %s", formatElapsed(c.poll), formatElapsed(c.step))
	}
	longest := 0
	for _, s := range c.series {
		longest = max(longest, len(s.values))
	}
	for _, values := range c.readings {
		longest = max(longest, len(values))
	}
	for _, values := range c.usage {
		longest = max(longest, len(values))
	}
	c.end = int64(longest-1) * c.step
	for _, a := range c.actions {
		if a.at%c.step != 0 {
			return a.pos.errorf("at %s: rows come every %s, and things happen after one", formatElapsed(a.at), formatElapsed(c.step))
		}
		c.end = max(c.end, a.at)
	}
	for _, e := range c.expected {
		c.end = max(c.end, e.At)
	}
	if c.end/c.step > maxTicks {
		return c.Pos.errorf("%d rows are too many: %d at most", c.end/c.step, maxTicks)
	}
	slices.SortStableFunc(c.actions, func(a, b action) int { return cmp.Compare(a.at, b.at) })
	return nil
}

// maxTicks is how many rows a case may have.
const maxTicks = 100_000

// object finds the object that a word names: host, vm/NAME or sr/NAME.
func object(text string) (monitor.Object, error) {
	class, name, _ := strings.Cut(text, "/")
	switch {
	case text == rrd.ClassHost:
		return theHost, nil
	case (class == rrd.ClassVM || class == rrd.ClassSR) && name != "":
		return monitor.Object{Class: class, UUID: name}, nil
	}
	return monitor.Object{}, fmt.Errorf("object %q: want host, vm/NAME or sr/NAME", text)
}

// member splits what belongs to an object: "cpu0", "host/loadavg",
// "vm/web/cpu0". A name may have colons and slashes itself.
func (p *caseParser) member(text string) (monitor.Object, string, error) {
	class, rest, _ := strings.Cut(text, "/")
	switch class {
	case rrd.ClassHost:
		if rest != "" {
			return theHost, rest, nil
		}
	case rrd.ClassVM, rrd.ClassSR:
		uuid, name, _ := strings.Cut(rest, "/")
		if uuid == "" || name == "" {
			return monitor.Object{}, "", fmt.Errorf("%q: want %s/OBJECT/NAME", text, class)
		}
		return monitor.Object{Class: class, UUID: uuid}, name, nil
	}
	if p.c.class == "" {
		return monitor.Object{}, "", errors.New("the class is not known yet: write \"class: vm\", host or sr")
	}
	return defaultObject(p.c.class), text, nil
}

// of reads the "of OBJECT" after a word.
func (p *caseParser) of(d directive, word string) (monitor.Object, error) {
	rest := strings.TrimPrefix(d.key, word)
	if rest == "" {
		if p.c.class == "" {
			return monitor.Object{}, d.pos.errorf("the class is not known: write \"class: vm\", host or sr")
		}
		return defaultObject(p.c.class), nil
	}
	text, ok := strings.CutPrefix(rest, " of ")
	if !ok {
		return monitor.Object{}, d.pos.errorf("%q: want %q, or %q", d.key+":", word+":", word+" of vm/NAME:")
	}
	o, err := object(text)
	if err != nil {
		return o, d.pos.errorf("%v", err)
	}
	return o, nil
}
