package replay

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
	"perfmon/rrd/rrdtest"
)

// noon is a multiple of every step.
const noon = int64(1_700_006_400)

func history(t *testing.T, docs ...*rrdtest.Document) *History {
	t.Helper()
	h := NewHistory(nil)
	for _, d := range docs {
		if err := h.Add(d.Reader()); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

var vmU = monitor.Object{Class: "vm", UUID: "u"}

// pieces is the merged history of vm/u as "time+length: values".
func pieces(h *History) string {
	_, list := h.merge([]monitor.Object{vmU})
	var words []string
	for _, p := range list {
		text := fmt.Sprintf("%d+%d:", p.t-noon, p.length)
		for _, v := range p.values {
			text += " " + formatValue(v)
		}
		words = append(words, text)
	}
	return strings.Join(words, ", ")
}

func TestMerge(t *testing.T) {
	minutes := rrdtest.Update(noon+60, 60, "vm/u/a 1 2 3 4")          // covers 0 to 240
	seconds := rrdtest.Update(noon+155, 5, "vm/u/a 30 31 32 33")      // covers 150 to 170
	hour := rrdtest.Update(noon, 3600, "vm/u/a 9 8", "vm/w/a 7")      // covers -3600 to 3600
	unknown := rrdtest.Update(noon+65, 5, "vm/u/a _x6 50 _x2")        // covers 60 to 105, known from 90 to 95
	other := rrdtest.Update(noon+60, 60, "vm/u/b _ 22", "sr/u/c 1x3") // the same rows, another name
	f := func(want string, docs ...*rrdtest.Document) {
		t.Helper()
		if got := pieces(history(t, docs...)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		slices.Reverse(docs)
		if got := pieces(history(t, docs...)); got != want && len(docs) > 1 && docs[0] != other {
			t.Errorf("the other way round: got  %s\nwant %s", got, want)
		}
	}
	f("60+60: 1, 120+60: 2, 180+60: 3, 240+60: 4", minutes)
	f("60+60: 1, 120+60: 2, 180+60: 3, 240+60: 4", minutes, minutes)
	// Finer rows win; a coarser one gives what they leave of its time.
	f("60+60: 1, 120+60: 2, 150+30: 3, 155+5: 30, 160+5: 31, 165+5: 32, 170+5: 33, 180+10: 3, 240+60: 4", minutes, seconds)
	f("0+3600: 9, 60+60: 1, 120+60: 2, 180+60: 3, 240+60: 4, 3600+3360: 8", hour, minutes)
	// An unknown row wins nothing, and is there where nobody knows more.
	f("60+60: 1, 90+30: 2, 95+5: 50, 120+25: 2, 180+60: 3, 240+60: 4", minutes, unknown)
	f("95+5: 50, 100+5: _, 105+5: _", unknown)
	// Another data source of the object, in the same rows.
	f("60+60: 1 _, 120+60: 2 22, 180+60: 3 _, 240+60: 4 _", minutes, other)
	if got := history(t, hour, other).Objects("vm"); !slices.Equal(got, []monitor.Object{vmU, {Class: "vm", UUID: "w"}}) {
		t.Errorf("objects %v", got)
	}
}

func TestMergeKeepsAverages(t *testing.T) {
	d := rrdtest.Update(noon+60, 60, "MAX:vm/u/a 9", "vm/u/a 1", "MIN:vm/u/a 0", "vm/u/a 5")
	if got := pieces(history(t, d)); got != "60+60: 1" {
		t.Errorf("got %s", got)
	}
	h := NewHistory(func(o monitor.Object, name string) bool { return name == "b" })
	if err := h.Add(rrdtest.Update(noon, 60, "vm/u/a 1x9", "vm/u/b 2").Reader()); err != nil {
		t.Fatal(err)
	}
	if got := pieces(h); !strings.HasPrefix(got, "0+60: 2, 60+60: _") {
		t.Errorf("got %s", got)
	}
	h.Last(120)
	if got := pieces(h); got != "" {
		t.Errorf("the last two minutes: %s", got)
	}
}

func TestAddRefuses(t *testing.T) {
	torn := rrdtest.Update(noon, 60, "vm/u/a 1 2")
	body := torn.XML(rrdtest.Head)
	h := NewHistory(nil)
	if err := h.Add(rrd.NewDecoder(strings.NewReader(string(body[:len(body)-20])), rrd.DecoderOptions{})); err == nil {
		t.Error("a torn document is taken")
	}
	torn.Header.Step = 0
	if err := h.Add(torn.Reader()); err == nil {
		t.Error("a step of 0 is taken")
	}
	if err := h.Add(rrdtest.Update(1<<40, 60, "vm/u/a 1").Reader()); err == nil {
		t.Error("a row in the far future is taken")
	}
	if len(h.Objects("vm")) > 0 {
		t.Error("something of them is left")
	}
}

// said is what a rule says, as "kind@seconds" words.
func said(t *testing.T, xml string, docs ...*rrdtest.Document) (string, *Outcome) {
	t.Helper()
	rule, problems := NewRule("vm", xml, nil, config.Options{})
	if rule == nil {
		t.Fatal(problems)
	}
	x, err := rule.Run(t.Context(), history(t, docs...), vmU)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, s := range x.Transitions {
		text := fmt.Sprintf("%s@%d", s.Kind, s.Time-noon)
		if s.Lasted > 0 {
			text += fmt.Sprintf("(%d)", s.Lasted)
		}
		words = append(words, text)
	}
	return strings.Join(words, " "), x
}

const cpuRule = `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/><alarm_trigger_period value="120"/></variable></config>`

func TestRun(t *testing.T) {
	f := func(want string, docs ...*rrdtest.Document) {
		t.Helper()
		if got, _ := said(t, cpuRule, docs...); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
	f("raised@240 cleared@360(120)", rrdtest.Update(noon+60, 60, "vm/u/cpu0 0.5x1 0.95x2 0.5"))
	// Unknown rows before the first value are not judged; those after the last are.
	f("raised@1320 cleared@1980(660)", rrdtest.Update(noon+60, 60, "vm/u/cpu0 _x19 0.5 0.95x2 _x11"))
	// An hour on end, then minutes, then rows of 5 s: each its own time.
	f("raised@0 repeated@3600 cleared@3845(3845)",
		rrdtest.Update(noon, 3600, "vm/u/cpu0 0.95"),
		rrdtest.Update(noon+60, 60, "vm/u/cpu0 0.95x59 0.99x3"),
		rrdtest.Update(noon+3605, 5, "vm/u/cpu0 0.95x47 0.2x9"))
}

// TestRunOfACase: the language and a replay of the same rows agree, row for
// row.
func TestRunOfACase(t *testing.T) {
	const values = "0.5 0.95x4 _x3 0.95x2 0.2 0.95x20 _x15 0.95x30 0.1x5 0.95x90"
	got, _ := said(t, cpuRule, rrdtest.Update(noon, 60, "vm/u/cpu0 "+values))
	cases, err := Parse("x.test", []byte("class: vm\ntriggers: "+cpuRule+"\ncase: same?\n  series:\n    cpu0: "+values+"\n  expect: nothing\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := cases[0].Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want, have []string
	for _, line := range r.Lines {
		want = append(want, fmt.Sprintf("%s@%d", line.Got.What, line.Got.At))
	}
	for word := range strings.FieldsSeq(got) {
		word, _, _ = strings.Cut(word, "(")
		have = append(have, word)
	}
	if diff := cmp.Diff(want, have); diff != "" || len(want) < 6 {
		t.Errorf("case %d lines, replay (-case +replay):\n%s", len(want), diff)
	}
}

func TestWantsAndUnrecorded(t *testing.T) {
	rule, problems := NewRule("sr", `<config><variable><name value="physical_utilisation"/></variable>`+
		`<variable><name value="sr_io_throughput_total_per_host"/><alarm_trigger_level value="9"/></variable></config>`, nil, config.Options{})
	if rule == nil {
		t.Fatal(problems)
	}
	for o, want := range map[[2]string]bool{
		{"sr", "physical_utilisation"}: true, {"sr", "size"}: true, {"sr", "cpu0"}: false,
		{"host", "io_throughput_total_12345678"}: true, {"host", "cpu0"}: false, {"vm", "size"}: false,
	} {
		if got := rule.Wants(monitor.Object{Class: o[0], UUID: "u"}, o[1]); got != want {
			t.Errorf("wants %v: %v", o, got)
		}
	}
	rule, _ = NewRule("vm", `<config><variable><name value="fs_usage"/></variable>`+cpuRule[len("<config>"):], nil, config.Options{})
	if got := rule.Unrecorded(); !slices.Equal(got, []string{"fs_usage"}) || rule.Variables() != 2 {
		t.Errorf("unrecorded %v of %d", got, rule.Variables())
	}
}

// TestWhatAnSRAsksOfHosts: the host's rows, by the SR's rule.
func TestWhatAnSRAsksOfHosts(t *testing.T) {
	rule, problems := NewRule("sr", `<config><variable><name value="sr_io_throughput_total_per_host"/><alarm_trigger_level value="9"/></variable></config>`, nil, config.Options{})
	if rule == nil {
		t.Fatal(problems)
	}
	sr := monitor.Object{Class: "sr", UUID: "12345678-aaaa-bbbb-cccc-ddddeeeeffff"}
	h := history(t, rrdtest.Update(noon, 60, "host/h/io_throughput_total_12345678 1 20 1", "sr/"+sr.UUID+"/size 1x2"))
	x, err := rule.Run(t.Context(), h, sr)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Transitions) != 2 || x.Transitions[0].Class != "host" || x.Transitions[0].Time != noon+60 {
		t.Errorf("%+v", x.Transitions)
	}
}

// TestTags: a trigger file that goes by tags.
func TestTags(t *testing.T) {
	const file = `<triggers><config class="vm" tag="web"><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/></variable></config></triggers>`
	for _, tags := range [][]string{nil, {"web"}} {
		rule, problems := NewRule("vm", file, tags, config.Options{})
		if rule == nil {
			t.Fatal(problems)
		}
		x, err := rule.Run(t.Context(), history(t, rrdtest.Update(noon, 60, "vm/u/cpu0 0.95")), vmU)
		if err != nil || len(x.Transitions) != len(tags) {
			t.Errorf("tags %q: %d transitions, %v", tags, len(x.Transitions), err)
		}
	}
}

func TestPlot(t *testing.T) {
	_, x := said(t, strings.Replace(cpuRule, `"120"/>`, `"120"/><alarm_clear_level value="0.6"/><alarm_warning_level value="0.8"/>`, 1),
		rrdtest.Update(noon+60, 60, "vm/u/cpu0 0.2x9 0.85x3 1x4 _x3 0.4x5 0.2+0.05x10"))
	const want = `
  0.9 ┤──────────────⡏⠉⠉⠉⠉────────────────────
  0.8 ┤╌╌╌╌╌╌╌╌╌╌⡏⠉⠉⠉╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
      ┤          ⡇                         ⣀⠤⠒
  0.6 ┤··········⡇·······················⡤⠒⠁··
      ┤          ⡇           ⠒⠒⠒⠒⠒⠒⡄  ⣀⠖⠉
  0.2 ┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⠇                 ⣇⠤⠋
      └───────────────────────────────────────
alarm             ▲━━━━━━━━━━▼
       00:00:00       00:19:30        00:39:00
`
	o := PlotOptions{Width: 46, Height: 6, Location: time.UTC}
	got := "\n" + x.Variables[0].Plot(o)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	o.Color = true
	colored := x.Variables[0].Plot(o)
	if plain := regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(colored, ""); plain != got[1:] || plain == colored {
		t.Errorf("in colours:\n%s", colored)
	}
}

// TestPlotsOfAnything: no series breaks a plot, and none is wider than asked.
func TestPlotsOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		track := &Track{Level: rapid.Float64Range(-1e15, 1e15).Draw(t, "level"), Warning: nan, Clear: nan}
		at := noon
		for range rapid.IntRange(0, 60).Draw(t, "rows") {
			span := rapid.SampledFrom([]int64{1, 5, 60, 3600, 86400}).Draw(t, "span")
			at += span + rapid.SampledFrom([]int64{0, 0, 0, 1000}).Draw(t, "hole")
			v := nan
			if rapid.Bool().Draw(t, "known") {
				v = rapid.Float64Range(-1.7e308, 1.7e308).Draw(t, "value")
			}
			track.Points = append(track.Points, Point{T: at, Span: span, Value: v, State: rapid.SampledFrom(alarm.States).Draw(t, "state")})
		}
		width := rapid.IntRange(1, 200).Draw(t, "width")
		for line := range strings.Lines(track.Plot(PlotOptions{Width: width, Height: 5, Location: time.UTC})) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > max(width, 40) {
				t.Fatalf("a line of %d characters in %d: %q", n, width, line)
			}
		}
	})
}

// TestTableFits: the table stays within its width, whatever the names.
func TestTableFits(t *testing.T) {
	xml := strings.Replace(cpuRule, `"cpu_usage"/>`, `"a_name_that_goes_on_and_on_and_on"/><rrd_regex value="cpu[0-9]"/><alarm_warning_level value="0.5"/>`, 1)
	_, x := said(t, xml, rrdtest.Update(noon+60, 60, "vm/u/cpu0 0.2 0.85x3 1x40 _x30 0.4x5 0.95x5"))
	y := *x
	y.Object.UUID = "0e0cb16c-d46a-8be5-59f2-147fece5d637"
	var b strings.Builder
	if err := WriteTable(&b, []*Outcome{x, &y}, WriteOptions{PlotOptions: PlotOptions{Width: 80, Location: time.FixedZone("", -12600)}, Plots: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "cleared: unknown") || !strings.Contains(b.String(), "-03:30") || !strings.Contains(b.String(), "\nvm "+y.Object.UUID+"\n") {
		t.Errorf("something is missing in\n%s", b.String())
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
}
