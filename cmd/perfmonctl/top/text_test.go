package top

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"perfmon/alarm"
	"perfmon/cmd/internal/tui"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

func TestClean(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := clean(text); got != want {
			t.Errorf("clean(%q) is %q, want %q", text, got, want)
		}
	}
	f("web-01", "web-01")
	f("日本語 ü é", "日本語 ü é")
	f("a\tb\nc\u00a0d\u3000e\u2028f", "a b c d e f")
	f("\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m")
	f("\u009b2J\x7f\x00", "\ufffd2J\ufffd\ufffd")
	f("\x1b]0;title\a", "\ufffd]0;title\ufffd")
	f("abc\u202egnp.exe\u2066x", "abc\ufffdgnp.exe\ufffdx")
	f("\xff\xfe", "\ufffd\ufffd")
	f("👩\u200d💻 👍🏽 ☁\ufe0f", "👩💻 👍 ☁")
	f("e\u0301\u0302\u0303\u0304\u0305", "e\u0301\u0302")
	f(strings.Repeat("ab", 200), strings.Repeat("ab", 128)+"…")
	f("\ue000\U000f0000\ufdd0", "\ufffd\ufffd\ufffd")
}

func TestFit(t *testing.T) {
	f := func(text string, cells int, left, onRight string) {
		t.Helper()
		if got := fit(text, cells); got != left {
			t.Errorf("fit(%q, %d) is %q, want %q", text, cells, got, left)
		}
		if got := right(text, cells); got != onRight {
			t.Errorf("right(%q, %d) is %q, want %q", text, cells, got, onRight)
		}
	}
	f("abc", 5, "abc  ", "  abc")
	f("abcdef", 5, "abcd…", "abcd…")
	f("日本語", 5, "日本…", "日本…")
	f("日本語", 4, "日… ", "日… ")
	f("日本", 5, "日本 ", " 日本")
	f("abc", 0, "", "")
	f("abc", -1, "", "")
}

func TestNumbers(t *testing.T) {
	f := func(format func(float64) string, v float64, want string) {
		t.Helper()
		if got := format(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
	nan := math.NaN()
	for v, want := range map[float64]string{0: "0%", 0.125: "12%", 1: "100%", 9.99: "999%", 12: ">999%"} {
		f(percent, v, want)
	}
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1.0K", 10 << 10: "10K", 1023 << 10: "1.0M", 97 << 30: "97G", 1.5e18: "1.3E"} {
		f(size, v, want)
	}
	for v, want := range map[float64]string{0: "0us", 85e-6: "85us", 0.0042: "4.2ms", 0.25: "250ms", 1.3: "1.3s", 100: "100s"} {
		f(seconds, v, want)
	}
	for v, want := range map[float64]string{0: "0", 0.97123: "0.9712", -3.5: "-3.5", 1234: "1234", 200000: "200k", 11534336: "11.5M", 1e12: "1T"} {
		f(number, v, want)
	}
	for _, format := range []func(float64) string{percent, size, seconds, number} {
		f(format, nan, unknown)
	}
	if got := sum(nan, nan); !math.IsNaN(got) {
		t.Errorf("the sum of what is not known is %v", got)
	}
	if got := sum(nan, 2, 3); got != 5 {
		t.Errorf("sum %v", got)
	}
}

func TestTimes(t *testing.T) {
	for s, want := range map[int64]string{-5: "0 s", 59: "59 s", 60: "1 min", 3599: "59 min", 3600: "1 h", 7800: "2 h 10 min", 100800: "1 d 4 h", 86400: "1 d"} {
		if got := ago(s); got != want {
			t.Errorf("%d s ago is %q, want %q", s, got, want)
		}
	}
	for s, want := range map[int64]string{119: "119 s", 120: "2 min", 7199: "119 min", 7200: "2 h", 172799: "47 h", 172800: "2 d"} {
		if got := short(s); got != want {
			t.Errorf("%d s in short is %q, want %q", s, got, want)
		}
	}
}

func TestSpark(t *testing.T) {
	var h history
	f := func(top float64, end int64, cells int, each, step int64, want string) {
		t.Helper()
		if got := h.spark(cpu, top, end, cells, each, step); got != want {
			t.Errorf("until %d: %q, want %q", end, got, want)
		}
	}
	f(1, 100, 4, 10, 10, "    ")
	for t, v := range []float64{0, 0.5, math.NaN(), 1, 0.25, 2} {
		h = h.add(sample{int64(t+1) * 10, [metrics]float64{cpu: v}})
	}
	f(1, 60, 6, 10, 10, "▁▅·█▃█")
	f(0, 60, 6, 10, 10, "▁▃·▅▂█")
	f(1, 60, 8, 10, 10, "  ▁▅·█▃█")
	f(1, 60, 3, 20, 10, "▅██")
	f(1, 80, 4, 10, 10, "▃█··")
	if again := h.add(sample{60, [metrics]float64{}}); len(again) != len(h) {
		t.Error("a row that is not newer was added")
	}
	for i := range int64(3 * historyLength) {
		h = h.add(sample{100 + i, [metrics]float64{cpu: 1}})
	}
	if len(h) != historyLength || h[len(h)-1].t != 100+3*historyLength-1 {
		t.Errorf("%d samples, the last of %d", len(h), h[len(h)-1].t)
	}
}

// TestSparkBefore: what the agent knows of the time before stands in front,
// with a dot for what it did not know, and nothing before the first.
func TestSparkBefore(t *testing.T) {
	nan := math.NaN()
	at := func(t int64, v float64) sample {
		return sample{t, [metrics]float64{cpu: v, memory: nan, network: nan, disk: nan, contention: nan}}
	}
	times, values := []int64{60, 90, 120, 150, 155}, [metrics][]float64{cpu: {nan, 0.5, nan, 1, 0.9}}
	f := func(h history, end int64, want string) {
		t.Helper()
		if got := h.before(times, values).spark(cpu, 1, end, 6, 30, 5); got != want {
			t.Errorf("%v: %q, want %q", h, got, want)
		}
	}
	f(nil, 155, "   ▅·█")
	f(history{at(155, 0)}, 155, "   ▅·█")
	f(history{at(160, 0), at(165, 0)}, 165, "   ▅·█")
	f(history{at(160, 0), at(165, 0), at(170, 0), at(175, 0), at(180, 0), at(185, 0), at(190, 0)}, 190, "  ▅·█▁")
	f(history{at(95, 0)}, 155, "   ▅··") // what has been seen counts
	if h := (history{at(10, 1)}).before(times, values); len(h) != 1 {
		t.Errorf("%v", h)
	}
	if h := (history{at(155, 1)}).before(nil, [metrics][]float64{}); len(h) != 1 {
		t.Errorf("%v", h)
	}
}

// nasty are texts that would do harm on a terminal.
var nasty = []string{
	"\x1b[2J\x1b[H", "\x1b]0;owned\a", "\x1bP+q\x1b\\", "\u009b31m", "\u009d0;x\u009c", "a\nb\r\nc", "a\bb\x7f", "\u202eevil\u2066", "日本\x1b[31m語", "\xff\xfe\x1b",
	"z\u0300\u0301\u0302\u0303\u0304", "👩\u200d👩\u200d👧\x0e", strings.Repeat("長", 300), "\x1b_apc\x1b\\", "\u2028\u2029\u0085",
}

// onlyStyles says what in a frame is not text in colours.
func onlyStyles(t *testing.T, frame string) {
	t.Helper()
	rest := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(frame, "")
	for i, r := range rest {
		if r != '\n' && (unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069) {
			t.Errorf("%q is in the frame, after %q", r, rest[max(0, i-60):i])
			return
		}
	}
	if !utf8.ValidString(rest) {
		t.Error("the frame is not UTF-8")
	}
}

// TestNamesCannotSteer puts harmful texts into everything that comes from
// others, and looks at all views.
func TestNamesCannotSteer(t *testing.T) {
	for i, bad := range nasty {
		d := sitBefore(t, []int{80, 140}[i%2], 40, newWorld(30), 3)
		check := func() {
			t.Helper()
			onlyStyles(t, d.m.View().Content)
			d.screen() // and no line is too long
		}
		p := d.world.poll()
		p.State, p.Trouble = bad, bad
		p.Overview.Host.Name = bad
		for i := range p.Overview.VMs {
			v := &p.Overview.VMs[i]
			v.Name, v.UUID, v.Maintenance, v.Severity = bad, v.UUID+bad, bad, alarm.Severity(bad)
		}
		p.Overview.SRs[0].Name = bad
		p.Overview.Host.UUID = bad
		alarms := d.world.alarms()
		for i := range alarms {
			v := &alarms[i]
			v.Name, v.Variable, v.Muted, v.State, v.Severity, v.Sense = bad, bad, bad, bad, alarm.Severity(bad), bad
		}
		alarms[0].State = "firing"
		status := d.world.status()
		status.Version, status.Source = bad, bad
		status.Sinks[1].Name = bad
		status.Journal.Degraded, status.Journal.Error = true, bad
		d.send(polled{p})
		d.send(listed{alarms: alarms, status: status})
		check()
		d.press("v", "v", "N")
		check()
		d.press("v", "tab", "enter")
		check()
		w := d.asks.details[len(d.asks.details)-1]
		ref := api.ObjectRef{Class: w.class, UUID: w.uuid, Name: bad}
		x, s := d.world.explained(ref), d.world.series(ref, w.span)
		for _, v := range x.Variables {
			v.Variable, v.Problem, v.Muted, v.State = bad, bad, bad, bad
			v.Next = []monitor.Forecast{{If: alarm.Condition(bad), Kind: alarm.Kind(bad), Severity: alarm.Severity(bad)}}
		}
		for i := range s.Columns {
			s.Columns[i].Unit = bad
			s.Columns[i].Name += bad
		}
		for i := range s.Triggers {
			s.Triggers[i].Variable, s.Triggers[i].Fold = bad, bad
			for k := range s.Triggers[i].Columns {
				s.Triggers[i].Columns[k] += bad
			}
		}
		d.send(detailed{of: w, variables: x, series: s})
		check()
		d.press("esc", "tab", "home", "enter")
		check()
		d.press("esc", "H")
		check()
		d.press("esc")
		d.send(tui.Lost{Err: errors.New(bad), When: d.at})
		check()
		onlyStyles(t, d.m.page())
	}
}

func FuzzClean(f *testing.F) {
	for _, text := range nasty {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := clean(text)
		onlyStyles(t, got)
		if strings.ContainsAny(got, "\n\x1b") || utf8.RuneCountInString(got) > maxName+1 || clean(got) != got {
			t.Errorf("clean(%q) is %q, and of that %q", text, got, clean(got))
		}
		for _, cells := range []int{1, 7, 30} {
			if w := ansi.StringWidth(fit(got, cells)); w != cells {
				t.Errorf("fit(%q, %d) has %d cells", got, cells, w)
			}
		}
	})
}
