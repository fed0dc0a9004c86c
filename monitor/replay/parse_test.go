package replay

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plain is a file of tests without a mistake.
const plain = `# a comment
class: vm
triggers:
  <config>
    <variable>
      <name value="cpu_usage"/> <!-- a # is no comment here -->
      <alarm_trigger_level value="0.9"/>
    </variable>
  </config>

case: does it work?   # as it should
  series:
    cpu0: 0.5 0.95  # a comment
  expect:
    1m  raised  cpu_usage 0.95
`

func TestSyntaxErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := Parse("x.test", []byte(text), nil)
		var at *SyntaxError
		if !errors.As(err, &at) || err.Error() != want {
			t.Errorf("error %v\nwant %s", err, want)
		}
	}
	replace := func(old, new string) string {
		t.Helper()
		if !strings.Contains(plain, old) {
			t.Fatalf("%q is not in the plain file", old)
		}
		return strings.Replace(plain, old, new, 1)
	}
	if _, err := Parse("x.test", []byte(plain), nil); err != nil {
		t.Fatal(err)
	}
	f("", `x.test:1:1: no "case:" in this file`)
	f("# nothing\n", `x.test:1:1: no "case:" in this file`)
	f("hello\n", `x.test:1:1: "hello": want a word and a colon, such as "series:"`)
	f("speed: 3\n"+plain, `x.test:1:1: "speed:" is not known above the cases: want class, step, poll, legacy, mute, triggers, tags, series or readings, or "case:"`)
	f(replace("class: vm", "class: VM"), `x.test:2:8: class "VM": want vm, host or sr`)
	f(replace("class: vm", ""), `x.test:3:1: the class is not known: write "class: vm", host or sr`)
	f(replace("class: vm", "class: vm\nclass: sr"), `x.test:3:1: "class:" stands twice`)
	f(replace("class: vm", "class: vm\nstep: 1 minute"), `x.test:3:7: time "1 minute": write it like 90s, 5m, 1h30m or 2d`)
	f(replace("class: vm", "class: vm\nstep: 0"), `x.test:3:7: a length of 0 is none`)
	f(replace("class: vm", "class: vm\npoll: 90s"), `x.test:12:1: poll: 1m30s is not a whole number of steps of 1m00s`)
	f(replace("class: vm", "class: vm\nlegacy: 1"), `x.test:3:9: "1": want yes or no`)
	f(replace("case: does it work?   # as it should", "case:"), `x.test:11:1: a case without a name: write the question that it answers`)
	f(replace("  series:", "series:"), `x.test:12:1: "series:" stands between cases: move it into one, further right, or above the first`)
	f(replace("  expect:", "   expect:"), `x.test:14:4: "expect:" has no values: write them behind the colon (a line that begins another part of the case has to stand further left)`)
	f(replace("  expect:", " expect:"), `x.test:14:2: this line does not begin below the lines it belongs to: they begin at column 3`)
	f(replace("  expect:", "  expects:"), `x.test:14:3: "expects:" is not known: want class, step, poll, legacy, mute, triggers, tags, series, readings, at, or expect`)
	f(replace("0.5 0.95 ", "0.5 0.95y3 "), `x.test:13:15: value "0.95y3": want a number, _, AxN, _xN, A+BxN or A-BxN`)
	f(replace("    cpu0: 0.5 0.95  # a comment\n", "    cpu0: 1\n    cpu0: 2\n"), `x.test:14:5: a second series "cpu0"`)
	f(replace("cpu0: 0.5 0.95", "cpu0: 0x999999\n    cpu1: 0x999999\n    cpu2: 0x999999"), `x.test:15:5: more than 2097152 values in this file`)
	f(replace("    cpu0: 0.5", "    vm/web: 0.5"), `x.test:13:5: "vm/web": want vm/OBJECT/NAME`)
	f(replace("1m  raised  cpu_usage 0.95", "soon raised cpu_usage"), `x.test:15:5: time "soon": write it like 90s, 5m, 1h30m or 2d`)
	f(replace("1m  raised  cpu_usage 0.95", "1m  risen  cpu_usage 0.95"), `x.test:15:9: "risen": want raised, repeated, cleared, nodata or is`)
	f(replace("1m  raised  cpu_usage 0.95", "1m raised"), `x.test:15:5: "1m raised": want a time, raised, repeated, cleared, nodata or is, and a variable`)
	f(replace("cpu_usage 0.95", "cpu_usage high"), `x.test:15:27: "high": want a value, _, warning, inhibited, silenced, or the reason of a cleared (level, gone, config, unknown)`)
	f(replace("cpu_usage 0.95", "cpu_usage gone"), `x.test:15:27: "gone" is the reason of a cleared`)
	f(replace("cpu_usage 0.95", "cpu_usage 1 2"), `x.test:15:29: "2": a second value`)
	f(replace("raised  cpu_usage 0.95", "is  cpu_usage asleep"), `x.test:15:23: want the state: inactive, pending, firing, clearing or nodata`)
	f(replace("  expect:\n    1m  raised  cpu_usage 0.95\n", "  expect:\n"), `x.test:14:3: nothing below "expect:": write lines such as "5m raised cpu_usage 0.95", or "expect: nothing"`)
	f(replace("  expect:\n    1m  raised  cpu_usage 0.95\n", ""), `x.test:11:1: the case expects nothing: write "expect:" with lines below, or "expect: nothing"`)
	f(replace("  expect:", "  at 90s: agent restart\n  expect:"), `x.test:14:3: at 1m30s: rows come every 1m00s, and things happen after one`)
	f(replace("  expect:", "  at 1m: sleep\n  expect:"), `x.test:14:10: "sleep" is nothing that can happen: want agent forgets, agent restart, agent start, agent stop, end silences, recording off, recording on, toolstack down, toolstack up, back, elsewhere, gone, missing, present, clock +1h, silence, maintenance:, triggers: or tags:`)
	f(replace("  expect:", "  at: agent stop\n  expect:"), `x.test:14:3: when? write it like "at 10m: agent restart"`)
	f(replace("  expect:", "  at 1m: clock 2h\n  expect:"), `x.test:14:10: clock "2h": want it like +2h or -90s`)
	f(replace("  expect:", "  at 1m: gone pool/x\n  expect:"), `x.test:14:10: object "pool/x": want host, vm/NAME or sr/NAME`)
	f(replace("  expect:", "  at 1m: silence for 1h\n  expect:"), `x.test:14:10: silence what? Write matchers, such as "silence variable=cpu_usage for 1h"`)
	f(replace("  expect:", "  at 1m: maintenance: coffee\n  expect:"), `x.test:14:23: maintenance "coffee": want disabled, evacuating, migrating, snapshot, shutting down or none`)
	f(replace("  expect:", "  at 1m: triggers: <config>\n  expect:"), `x.test:14:28: it ends before the <config> of line 1 is closed; fix: write </config>, or end that tag with /> (if the mistake is meant, write "triggers with errors:")`)
	f(replace(`level value="0.9"`, `level value="90%"`), `x.test:7:7: variable "cpu_usage": alarm_trigger_level "90%": not a number; fix: write <alarm_trigger_level value="0.9"/> (if the mistake is meant, write "triggers with errors:")`)
	f(replace("triggers:\n", "triggers: file vm.xml\nseries:\n"), `x.test:3:11: "vm.xml": trigger files cannot be read here`)
	f(replace("triggers:\n", "triggers of class pool:\n"), `x.test:3:1: class "pool": want vm, host or sr`)
	f(replace("triggers:\n", "triggers of web:\n"), `x.test:3:1: object "web": want host, vm/NAME or sr/NAME`)
	f(replace("    1m  raised", "    700d  is cpu_usage inactive\n    1m  raised"), `x.test:11:1: 1008000 rows are too many: 100000 at most`)
	f(replace("    1m  raised", "    9999d  raised"), `x.test:15:5: time "9999d": more than two years`)
}

func TestTriggersOfAFile(t *testing.T) {
	text := strings.Replace(plain, plain[strings.Index(plain, "triggers:"):strings.Index(plain, "\ncase:")], "triggers: file rules/vm.xml\n", 1)
	dir := t.TempDir()
	open := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
	if _, err := Parse("x.test", []byte(text), open); err == nil || !strings.HasPrefix(err.Error(), "x.test:3:11: trigger file: open ") {
		t.Errorf("a file that is not there: %v", err)
	}
	write := func(xml string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, "rules"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "rules", "vm.xml"), []byte(xml), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("<config><variable><name value=\"cpu_usage\"/>\n<alarm_trigger_level value=\"x\"/></variable></config>")
	if _, err := Parse("x.test", []byte(text), open); err == nil || !strings.HasPrefix(err.Error(), "rules/vm.xml:2:1: ") {
		t.Errorf("a file with a mistake: %v", err)
	}
	write(`<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/></variable></config>`)
	cases, err := Parse("x.test", []byte(text), open)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := cases[0].Run(t.Context()); err != nil || !r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestReport: what an operator sees of a case that fails.
func TestReport(t *testing.T) {
	const text = `class: vm
triggers: <config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/><alarm_trigger_period value="120"/></variable></config>

case: does one good row clear?
  series:
    cpu0: 0.5 0.95x2 0.5
  expect:
    1m  is       cpu_usage firing
    2m  raised   cpu_usage 0.95
    3m  cleared  cpu_usage 0.5
    4m  cleared  cpu_usage 0.4

case: is it quiet?
  series:
    cpu0: 0.5x3
  expect: nothing
`
	const want = `FAIL  x.test:4: does one good row clear?
        time        expected               came
      ! 1m00s       is cpu_usage firing    -
                    cpu_usage is pending, its value 0.95; bad is above 0.9
        2m00s       raised cpu_usage 0.95  raised cpu_usage 0.95
      ! 3m00s       cleared cpu_usage 0.5  -
                    cpu_usage is firing, its value 0.95; bad is above 0.9
      ! 4m00s       cleared cpu_usage 0.4  -
      ! 4m00s       -                      cleared cpu_usage 0.5
                    cpu_usage is inactive, its value 0.5; bad is above 0.9
ok    x.test:13: is it quiet?
        nothing was said, as expected
`
	cases, err := Parse("x.test", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, c := range cases {
		r, err := c.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Write(&got, true); err != nil {
			t.Fatal(err)
		}
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(plain)
	paths, err := filepath.Glob("testdata/*.test")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := Parse("x.test", []byte(text), nil)
		var at *SyntaxError
		if err != nil && !errors.As(err, &at) {
			t.Errorf("error without a place: %v", err)
		}
		if at != nil && (at.Line < 1 || at.Column < 1 || strings.Contains(at.Msg, "\n")) {
			t.Errorf("no place, or several lines: %v", err)
		}
	})
}
