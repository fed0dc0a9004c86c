package rubberimport

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"perfmon/cmd/internal/strictyaml"
)

// Convert makes a configuration of the text of the ancestor's, a Python file
// that VRP_CONFIGURATION named, and of the machines in its store. The error is
// about a text that is no Python.
func Convert(src []byte, machines []Machine) (*Result, error) {
	names, notes, err := parsePython(src)
	if err != nil {
		return nil, fmt.Errorf("read the ancestor's configuration: %w", err)
	}
	c := &converter{names: names, notes: notes, root: newSection(), used: map[string]bool{}, queues: map[string]string{}}
	c.convert(machines)
	text, err := c.root.encode()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(c.notes, func(a, b Note) int { return a.Line - b.Line })
	text = append([]byte(header), text...)
	return &Result{Files: append([]File{{ConfigName, 0o640, text}}, c.files...), Notes: c.notes}, nil
}

const header = `# Made by rubber import-config. Beside each key stands what it was called and
# what it meant; what could not be carried over was told when this was made.

`

type converter struct {
	names  *dict
	notes  []Note
	files  []File
	root   *section
	used   map[string]bool
	queues map[string]string // profile of a queue

	clouds          []string // names
	networks, group []string // of the clouds, for profiles without their own
	keyName         string
}

func (c *converter) note(line int, key, format string, args ...any) {
	c.notes = append(c.notes, Note{line, key, fmt.Sprintf(format, args...)})
}

// get is the value of a name, nil if there is none.
func (c *converter) get(name string) (value, int) {
	c.used[name] = true
	v, ok := c.names.items[name]
	if !ok {
		return nil, 0
	}
	return v, c.names.lines[name]
}

func (c *converter) convert(machines []Machine) {
	c.root.str("mode", "ancestor", "The formulae are those of before, without their mistakes. With normal, rubber's own\nrules decide, with fewer starts and shorter waits.")
	if n, ok := c.number("RUBBER_MAX_VM_QTY", 1, 1_000_000); ok {
		c.root.plain("max_machines", n, "RUBBER_MAX_VM_QTY. It counts machines that are being built and that drain as well, and is never exceeded.")
	} else {
		c.root.plain("max_machines", "50", "RUBBER_MAX_VM_QTY, which was not given: 50 was the default.")
	}
	c.brokers()
	c.opsConfig()
	c.profiles()
	c.numbers()
	c.adopt(machines)
	c.rest()
}

// number is a name's whole number as text.
func (c *converter) number(name string, least, most float64) (string, bool) {
	v, line := c.get(name)
	return c.numberOf(name, v, line, least, most)
}

func (c *converter) numberOf(name string, v value, line int, least, most float64) (string, bool) {
	if e, ok := v.(env); ok {
		c.note(line, name, "it came from the environment's %s: write what it is", e.name)
		v = e.otherwise
	}
	if t, ok := v.(text); ok {
		if f, err := strconv.ParseFloat(strings.TrimSpace(string(t)), 64); err == nil {
			v = number{f, string(t)}
		}
	}
	n, ok := v.(number)
	switch {
	case v == nil:
		return "", false
	case !ok:
		c.note(line, name, "%s is not carried over: write a number", describe(v))
		return "", false
	case n.value < least || n.value > most:
		c.note(line, name, "%s is not from %v to %v: it is not carried over", n.text, least, most)
		return "", false
	}
	return strconv.FormatFloat(n.value, 'f', -1, 64), true
}

// seconds is a name's time as YAML has it.
func (c *converter) seconds(name string) (string, bool) {
	n, ok := c.number(name, 0.001, 30*24*3600)
	if !ok {
		return "", false
	}
	f, _ := strconv.ParseFloat(n, 64)
	return strictyaml.Spell(time.Duration(f * float64(time.Second)).Round(time.Millisecond)), true
}

// describe says what a value is, without it.
func describe(v value) string {
	switch v := v.(type) {
	case unknown:
		return fmt.Sprintf("what only Python could tell (%s)", safe(v.source))
	case env:
		return "the environment's " + v.name
	case *dict:
		return "a dictionary"
	case list:
		return "a list"
	case none:
		return "None"
	}
	return "this"
}

// safe is source without what stands in quotes, which may be a secret.
func safe(source string) string {
	return quotedText.ReplaceAllString(source, "'…'")
}

var quotedText = regexp.MustCompile(`'[^']*('|$)|"[^"]*("|$)`)

// word is a text, or a number as one. Of the environment's it is what it is
// otherwise, with a note.
func (c *converter) word(key string, v value, line int) (string, bool) {
	switch v := v.(type) {
	case nil, none:
		return "", false
	case text:
		return string(v), v != ""
	case number:
		return v.text, true
	case env:
		c.note(line, key, "it came from the environment's %s: write what it is", v.name)
		return c.word(key, v.otherwise, line)
	}
	c.note(line, key, "%s is not carried over: write it", describe(v))
	return "", false
}

// words is a list of texts, or one.
func (c *converter) words(key string, v value, line int) []string {
	l, ok := v.(list)
	if !ok {
		if w, ok := c.word(key, v, line); ok {
			return []string{w}
		}
		return nil
	}
	var out []string
	for _, one := range l {
		if w, ok := c.word(key, one, line); ok {
			out = append(out, w)
		}
	}
	return out
}

// secret puts a secret into a file of its own, or names the variable that has
// it.
func (c *converter) secret(s *section, key, file, comment, was string, v value, line int) {
	switch v := v.(type) {
	case nil, none:
	case text:
		if v == "" {
			return
		}
		s.str(key+"_file", file, comment)
		c.files = append(c.files, File{file, 0o600, []byte(string(v) + "\n")})
	case env:
		s.str(key+"_env", v.name, comment)
		if v.otherwise != nil {
			c.note(line, was, "it had a value for the case that the environment has no %s: there is none any more", v.name)
		}
	default:
		c.note(line, was, "%s is not carried over: write it into a file of its own, chmod 600, and name that with %s_file", describe(v), key)
	}
}

// numbers are those of the whole.
func (c *converter) numbers() {
	planner := newSection()
	if s, ok := c.seconds("RUBBER_EVAL_INTERVAL"); ok {
		planner.plain("interval", s, "RUBBER_EVAL_INTERVAL. In the mode normal leave it out: 5s costs nothing.")
	} else {
		planner.plain("interval", "2m", "RUBBER_EVAL_INTERVAL, which was not given: 120 s was the default. In the mode normal leave it out.")
	}
	if n, ok := c.number("RUBBER_MIN_IDLE_WORKERS", 0, 100_000); ok {
		planner.plain("min_idle", n, "RUBBER_MIN_IDLE_WORKERS: kept idle, and workers at least. Of the mode ancestor alone; else write min in each profile.")
	}
	c.root.put("planner", planner.node, "")
	if s, ok := c.seconds("RUBBER_SLACKER_TIME_THRESHOLD"); ok {
		c.root.below("limits", "").plain("booting", s, "RUBBER_SLACKER_TIME_THRESHOLD: how long a machine may boot until its worker is heard. It was the age\nat which every machine was deleted, too; one that was ever heard is not, any more.")
	}
}

// adopt lists the machines of the store.
func (c *converter) adopt(machines []Machine) {
	if len(machines) == 0 {
		return
	}
	all := newSection()
	for _, m := range machines {
		profile, ok := c.queues[m.Queue]
		if !ok {
			c.note(0, "machine "+strconv.Quote(m.Name), "no profile serves its queue %q: it is left alone; delete it in the cloud if nobody needs it", m.Queue)
			continue
		}
		one := newSection()
		one.str("name", m.Name, "")
		one.str("profile", profile, "")
		if !m.Created.IsZero() {
			one.str("created", m.Created.UTC().Format(time.RFC3339), "")
		}
		all.node.Content = append(all.node.Content, one.node)
	}
	if all.empty() {
		return
	}
	all.node.Kind = sequence
	c.root.put("adopt", all.node, "Machines of the ancestor's store, which are looked for by name and are ours from now on.\nStop the ancestor before rubber is started: it would delete them.")
}

// gone are names that have nothing to correspond to, and why.
var gone = map[string]string{
	"FLOWER_API_URL":     "Flower is not needed: workers are asked themselves",
	"RUBBER_MAX_STORAGE": "the cloud's own quota holds: what is refused by it is not asked for again for a while",
	"RUBBER_MAX_RAM":     "the cloud's own quota holds: what is refused by it is not asked for again for a while",
}

// rest notes what nobody has asked for.
func (c *converter) rest() {
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		if _, line := c.get(name); line > 0 {
			c.note(line, name, "left out: %s", gone[name])
		}
	}
	var others []string
	for _, name := range c.names.keys {
		switch {
		case c.used[name]:
		case strings.HasPrefix(name, "RUBBER_"):
			c.note(c.names.lines[name], name, "not known: it is not carried over")
		default:
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		c.note(0, "", "of the file's other names rubber needs nothing: %s", strings.Join(others, ", "))
	}
}
