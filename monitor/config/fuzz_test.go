package config

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
)

// FuzzParse: whatever the text, nothing panics, each variable is one that the
// agent can use, and its body is XML that says the same.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"testdata/dom0-default-perfmon-config.xml", "../../packaging/triggers/host.xml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(0), string(text))
		f.Add(byte(1), string(text))
	}
	f.Add(byte(2), variable("name=sr_io_throughput_total_per_host", "alarm_trigger_level=1"))
	f.Add(byte(4), variable("name=a", "rrd_regex=(?<=a)b|[[:x]", "alarm_trigger_level= 1_0 ", "alarm_trigger_period=-9", "consolidation_fn=max"))
	f.Add(byte(0), variable("name=cpu_usage", "alarm_trigger_level=9", "alarm_warning_level=8", "alarm_clear_level=7", "alarm_clear_period=6", "alarm_nodata_period=5", "alarm_labels=a=4,b=3"))
	f.Add(byte(0), "<?xml version='1.0'?><!DOCTYPE c><c xmlns:n='u' n:a='&#10;'><variable><![CDATA[<]]><!--x--><?p i?><name value=\"a\t&lt;\"/><variable/></variable></c>")
	f.Fuzz(func(t *testing.T, mode byte, text string) {
		class := []string{ClassVM, ClassHost, ClassSR}[mode%3]
		opts := Options{Legacy: mode&4 != 0}
		problems := Check(class, text, opts)
		c, parsed := Parse(class, text, opts)
		if len(problems) < len(parsed) {
			t.Errorf("Check says less than Parse: %v, %v", problems, parsed)
		}
		for _, p := range problems {
			if p.Msg == "" || p.Severity < Error || p.Severity > Warning || (p.Line > 0) != (p.Column > 0) {
				t.Errorf("problem %+v", p)
			}
		}
		if c == nil {
			if len(problems) != 1 || problems[0].Severity != Error {
				t.Errorf("refused with %v", problems)
			}
			return
		}
		seen := make(map[string]bool)
		for _, v := range c.Variables {
			if seen[v.Name] {
				t.Errorf("two of the name %q", v.Name)
			}
			seen[v.Name] = true
			checkVariable(t, v)
		}
		if merged := Merge(c, c); len(merged.Variables) != len(c.Variables) {
			t.Errorf("merged with itself: %d variables, %d before", len(merged.Variables), len(c.Variables))
		}
	})
}

// checkVariable says whether a variable is fit for use.
func checkVariable(t *testing.T, v *Variable) {
	if math.IsNaN(v.Level) || math.IsInf(v.Level, 0) || v.Line < 1 || v.Column < 1 ||
		v.Period > maxSeconds || v.Period < -maxSeconds || v.Inhibit > maxSeconds || v.Inhibit < -maxSeconds {
		t.Errorf("variable %+v", v)
	}
	if v.Grade(v.Level) == BadCritical || v.HasClear && v.Bad(v.ClearLevel) || v.HasWarning && v.Grade(v.WarningLevel).Bad() ||
		v.ClearPeriod > maxSeconds || v.ClearPeriod < -maxSeconds || v.NoDataPeriod < 0 || v.NoDataPeriod > maxSeconds || len(v.Labels) > MaxLabels {
		t.Errorf("variable %+v", v)
	}
	if (v.Pattern == nil) != (v.Fold.Reading() || v.PerHost) {
		t.Errorf("pattern %q of %s", v.Pattern, v.Fold)
	}
	if !v.SameTrigger(v) {
		t.Errorf("%q does not trigger as itself", v.Name)
	}
	xml, ok := strings.CutPrefix(v.Body(1), "value: 1.000000\nconfig:\n")
	doc := etree.NewDocument()
	if err := doc.ReadFromString(xml); err != nil || !ok || doc.Root() == nil {
		t.Fatalf("body %q: %v", xml, err)
	}
	name, ok := firstValue(doc.Root(), tagName)
	if !ok || name != v.Name {
		t.Errorf("body %q: name %q, want %q", xml, name, v.Name)
	}
}

// FuzzPattern: whatever the pattern, nothing panics or takes long.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{`cpu[0-9]+`, `(?i)(?P<n>a)(?P=n)`, `(?x) a # b`, `(?<=ab)c|(?>d+)e`, `(a)?(?(1)b|c)`, `[]\d\W-]{2,3}?`, `\x41\u0042\101\0`, `a{,3}+`} {
		f.Add(p, "cpu0")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p, err := compilePattern(pattern, Options{})
		if err != nil {
			return
		}
		if p.back != nil {
			p.back.MatchTimeout = 10 * time.Millisecond
		}
		_, _ = p.Match(name)
	})
}
