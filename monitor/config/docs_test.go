package config

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what is made here of docs/compatibility.md and docs/triggers.md")

const (
	compatibilityPath = "../../docs/compatibility.md"
	triggersPath      = "../../docs/triggers.md"
	alarmsPath        = "../../docs/alarms.md"
)

// TestDocsExamples: every example of the pages is sound, or has beside it
// what `perfmonctl check` says of it.
func TestDocsExamples(t *testing.T) {
	for _, path := range []string{triggersPath, compatibilityPath, alarmsPath} {
		p := readPage(t, path)
		examples := 0
		for i, f := range p.fences {
			kind, class, _ := strings.Cut(f.info, " ")
			if kind != "xml" {
				continue
			}
			examples++
			if layer, ok := docsLayer(class); ok {
				layer.Text = f.text
				for _, problem := range CheckDefaults(layer, Options{}) {
					t.Errorf("%s:%d: %s", path, f.line, problem.Format(class))
				}
				continue
			}
			if builtins(class) == nil {
				t.Errorf("%s:%d: an example of class %q: write ```xml and vm, host, sr, vm.xml or pool.xml", path, f.line, class)
				continue
			}
			var said strings.Builder
			for _, problem := range Check(class, f.text, Options{}) {
				said.WriteString(problem.Format(class+".xml") + "\n")
			}
			if i+1 < len(p.fences) && p.fences[i+1].info == "text check" {
				if said.Len() == 0 {
					t.Errorf("%s:%d: nothing is wrong with this example", path, f.line)
				}
				p.fences[i+1].set(t, path, said.String())
			} else if said.Len() > 0 {
				t.Errorf("%s:%d:\n%s", path, f.line, said.String())
			}
		}
		if path == triggersPath && examples < 8 {
			t.Errorf("%s: %d examples found", path, examples)
		}
		p.write(t)
	}
}

// TestDocsCommands: the XML that a command line sets is sound.
func TestDocsCommands(t *testing.T) {
	command := regexp.MustCompile(`xe (vm|host|sr)-param-set .*other-config:perfmon='([^']*)'`)
	p := readPage(t, triggersPath)
	found := command.FindAllStringSubmatch(p.text, -1)
	if len(found) < 3 {
		t.Fatalf("%s: %d commands found", triggersPath, len(found))
	}
	for _, m := range found {
		for _, problem := range Check(m[1], m[2], Options{}) {
			t.Error(problem.Format(m[0]))
		}
	}
}

// TestDocsSet: what the examples of perfmonctl set say is taken.
func TestDocsSet(t *testing.T) {
	command := regexp.MustCompile(`(?m)^    perfmonctl set (?:--file \S*/)?(vm|host|sr)\S* (\w+)(.*)$`)
	p := readPage(t, triggersPath)
	texts := map[string]string{}
	found := command.FindAllStringSubmatch(p.text, -1)
	for _, m := range found {
		text, err := Set(m[1], texts[m[1]], m[2], assignments(m[3]), Options{})
		if err != nil {
			t.Errorf("%s: %v", m[0], err)
			continue
		}
		texts[m[1]] = text
	}
	if len(found) < 5 {
		t.Errorf("%s: %d examples found", triggersPath, len(found))
	}
	for _, key := range SettingKeys() {
		if !strings.Contains(p.text, "`"+key+"`") {
			t.Errorf("%s: the key %s is not explained", triggersPath, key)
		}
	}
}

// TestDocsBody: the alarm that is shown is the first example's.
func TestDocsBody(t *testing.T) {
	p := readPage(t, triggersPath)
	oneLine := regexp.MustCompile(`>\s+<`).ReplaceAllString(p.fences[0].text, "><")
	shown := p.fence(t, "text body")
	shown.set(t, triggersPath, parse(t, ClassVM, oneLine, Options{})[0].Body(0.986414))
	p.write(t)
}

// TestDocsTags: the tables of tags, names and folds are those of the code.
func TestDocsTags(t *testing.T) {
	p := readPage(t, triggersPath)
	var tags []string
	for _, row := range append(p.rows(t, "tag"), p.rows(t, "tag of ours")...) {
		tags = append(tags, code(row[0]))
		want, known := map[string]string{
			tagFold: "else `" + builtinOf(ClassVM, "own", Options{}).fold.String() + "`", tagSense: "else `" + builtinOf(ClassVM, "own", Options{}).sense.String() + "`",
			tagPeriod: fmt.Sprintf("`%d`", defaultPeriod), tagInhibit: fmt.Sprintf("`%d`", defaultInhibit), tagPriority: fmt.Sprintf("`%d`", defaultPriority),
		}[tags[len(tags)-1]]
		if known && !strings.HasSuffix(row[3], want) {
			t.Errorf("%s: default %s, want %s", row[0], row[3], want)
		}
	}
	var read []string
	for _, tag := range knownTags {
		if tag != tagConfiguredOn { // only ever written
			read = append(read, tag)
		}
	}
	same(t, "tags", tags, read)

	var folds []string
	for _, row := range p.rows(t, "`consolidation_fn`") {
		folds = append(folds, code(row[0]))
	}
	same(t, "folds", folds, foldNames)

	var names, known []string
	for _, row := range p.rows(t, "on") {
		class := map[string]string{"VM": ClassVM, "control domain": ClassVM, "host": ClassHost, "SR": ClassSR}[row[0]]
		name := code(row[1])
		if strings.Contains(row[1], "8 digits") {
			continue
		}
		names = append(names, class+" "+name)
		if needed := math.IsNaN(builtinOf(class, name, Options{}).level); needed != (row[3] == "level") {
			t.Errorf("%s: tags that are needed: %q", names[len(names)-1], row[3])
		}
	}
	for _, class := range []string{ClassVM, ClassHost, ClassSR} {
		for name := range builtins(class) {
			known = append(known, class+" "+name)
		}
	}
	same(t, "names", names, known)
}

// TestDocsElements: the page of alarms has the tags of the page of triggers,
// with their units and defaults, and its values are as good as it says.
func TestDocsElements(t *testing.T) {
	tags := map[string]string{}
	triggers := readPage(t, triggersPath)
	for _, row := range append(triggers.rows(t, "tag"), triggers.rows(t, "tag of ours")...) {
		tags[code(row[0])] = row[2] + ", " + row[3]
	}
	elements := map[string]string{}
	alarms := readPage(t, alarmsPath)
	for _, row := range alarms.rows(t, "element") {
		elements[code(row[0])] = row[1] + ", " + row[2]
	}
	if !maps.Equal(tags, elements) {
		t.Errorf("tags of triggers.md:\n%q\nelements of alarms.md:\n%q", tags, elements)
	}
	v := parse(t, ClassVM, alarms.fences[1].text, Options{})[0] // behind the diagram
	values := alarms.rows(t, "value")
	for _, row := range values {
		value, err := strconv.ParseFloat(row[0], 64)
		if got := v.Grade(value).String(); err != nil || got != row[1] {
			t.Errorf("%s is %s, want %s (%v)", row[0], row[1], got, err)
		}
	}
	if len(values) < 4 {
		t.Errorf("%d values found", len(values))
	}
}

// same compares two lists whatever their order.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s in the docs: %q\nin the code: %q", what, got, want)
	}
}

// TestDocsLimits keeps the table of limits.
func TestDocsLimits(t *testing.T) {
	p := readPage(t, triggersPath)
	var b strings.Builder
	b.WriteString("| what | limit |\n|---|---|\n")
	for _, l := range []struct {
		what string
		n    int
		unit string
	}{
		{"one document", MaxBytes >> 10, "KiB"},
		{"variables in one document", MaxVariables, ""},
		{"elements in one another", MaxDepth, ""},
		{"one variable, as an alarm shows it", MaxBody >> 10, "KiB"},
		{"one `rrd_regex`", maxPattern, "bytes"},
		{"labels of one variable", MaxLabels, ""},
		{"the name of a label", MaxLabelName, "bytes"},
		{"the value of a label", MaxLabelValue, "bytes"},
		{"time to match one name, of an expression that needs backtracking", int(matchLimit.Milliseconds()), "ms"},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", l.what, strings.TrimSpace(fmt.Sprint(l.n, " ", l.unit)))
	}
	p.region(t, "limits", b.String())
	p.write(t)
}

// TestDocsDefaults keeps the tables of defaults, and with it what is said
// there of the stock daemon.
func TestDocsDefaults(t *testing.T) {
	p := readPage(t, compatibilityPath)
	for _, class := range []string{ClassVM, ClassHost, ClassSR} {
		var b strings.Builder
		b.WriteString("| name | `rrd_regex` | fold | unit | level | sense | period | inhibit | priority | against stock |\n|---|---|---|---|---|---|---|---|---|---|\n")
		for _, name := range slices.Sorted(maps.Keys(stockDefaults[class])) {
			v := defaultVariable(t, class, name)
			level := "required"
			if !math.IsNaN(builtinOf(class, name, Options{}).level) {
				level = fmt.Sprint(v.Level)
			}
			pattern := "—"
			if v.Pattern != nil {
				pattern = "`" + strings.ReplaceAll(v.Pattern.String(), "|", `\|`) + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s | %s | %d | %d | %d | %s |\n", strings.Replace(name, sampleSR, "<8 digits>", 1),
				strings.Replace(pattern, sampleSR, "<8 digits>", 1), v.Fold, stockDefaults[class][name].unit, level, v.Sense, v.Period, v.Inhibit, v.Priority, againstStock(t, class, name, v))
		}
		p.region(t, "defaults "+class, b.String())
	}
	p.write(t)
}

// defaultVariable is a variable of which only the name is said, and a level
// where one is required.
func defaultVariable(t *testing.T, class, name string) *Variable {
	t.Helper()
	tags := []string{"name=" + name}
	if math.IsNaN(builtinOf(class, name, Options{}).level) {
		tags = append(tags, "alarm_trigger_level=1")
	}
	return parse(t, class, variable(tags...), Options{})[0]
}

// page is a file under docs/.
type page struct {
	path, text, was string
	fences          []*fence
}

// fence is a block between ``` and ```.
type fence struct {
	info, text string
	line       int // of its beginning
	fresh      string
}

func readPage(t *testing.T, path string) *page {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{path: path, text: string(text), was: string(text)}
	line := 0
	var open *fence
	for l := range strings.Lines(p.text) {
		line++
		info, marked := strings.CutPrefix(l, "```")
		switch {
		case marked && open == nil:
			open = &fence{info: strings.TrimSpace(info), line: line}
		case marked:
			open.fresh = open.text
			p.fences = append(p.fences, open)
			open = nil
		case open != nil:
			open.text += l
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block is not closed", path, open.line)
	}
	return p
}

// fence is the first block with this heading.
func (p *page) fence(t *testing.T, info string) *fence {
	t.Helper()
	for _, f := range p.fences {
		if f.info == info {
			return f
		}
	}
	t.Fatalf("%s: there is no block ```%s", p.path, info)
	return nil
}

// set says what a block has to contain.
func (f *fence) set(t *testing.T, path, want string) {
	t.Helper()
	if f.text != want && !*update {
		t.Errorf("%s:%d: the block is out of date (-update rewrites it): want\n%s", path, f.line, want)
	}
	f.fresh = want
}

// region says what has to stand between two marks:
//
//	<!-- begin limits (…) -->
//	<!-- end limits -->
func (p *page) region(t *testing.T, name, want string) {
	t.Helper()
	marks := regexp.MustCompile(`(?s)(<!-- begin ` + name + ` [^\n]*-->\n)(.*?)(<!-- end ` + name + ` -->\n)`)
	m := marks.FindStringSubmatchIndex(p.text)
	if m == nil {
		t.Fatalf("%s: there are no marks of %q", p.path, name)
	}
	if got := p.text[m[4]:m[5]]; got != want && !*update {
		t.Errorf("%s: %s is out of date (-update rewrites it): want\n%s", p.path, name, want)
	}
	p.text = p.text[:m[4]] + want + p.text[m[5]:]
}

// write rewrites the page with -update.
func (p *page) write(t *testing.T) {
	t.Helper()
	if !*update {
		return
	}
	for _, f := range p.fences {
		if f.fresh != f.text {
			p.text = p.rewritten(f)
		}
	}
	if p.text == p.was {
		return
	}
	if err := os.WriteFile(p.path, []byte(p.text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rewritten is the text with a block's fresh content.
func (p *page) rewritten(f *fence) string {
	lines := strings.SplitAfter(p.text, "\n")
	for i, l := range lines {
		if l != "```"+f.info+"\n" || strings.Join(lines[i+1:i+1+strings.Count(f.text, "\n")], "") != f.text {
			continue
		}
		after := lines[i+1+strings.Count(f.text, "\n"):]
		if len(after) > 0 && after[0] == "```\n" {
			return strings.Join(lines[:i+1], "") + f.fresh + strings.Join(after, "")
		}
	}
	return p.text
}

// rows are the rows of the table whose first heading this is, cell by cell.
func (p *page) rows(t *testing.T, heading string) [][]string {
	t.Helper()
	var rows [][]string
	table := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(heading) + ` \|.*\n\|---.*\n((?:\|.*\n)*)`).FindStringSubmatch(p.text)
	if table == nil {
		t.Fatalf("%s: there is no table that begins with %q", p.path, heading)
	}
	for l := range strings.Lines(table[1]) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(l), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// code is the first word of a cell that is set as code.
func code(cell string) string {
	_, rest, _ := strings.Cut(cell, "`")
	word, _, _ := strings.Cut(rest, "`")
	return word
}
