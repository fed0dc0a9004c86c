package config

import (
	"strings"
	"testing"
)

// TestSeedDefects: what the daemon of 2012 got wrong about its configuration,
// and most of it still today's, does not come back.
func TestSeedDefects(t *testing.T) {
	good := `<variable><name value="cpu_usage"/><alarm_trigger_level value="0.5"/></variable>`
	t.Run("one bad variable stops the parsing of those after it", func(t *testing.T) {
		for _, bad := range []string{"<variable/>", `<variable><name value="x"/></variable>`, strings.Replace(good, "0.5", "half", 1)} {
			c, problems := Parse(ClassVM, "<c>"+strings.Replace(bad, "cpu_usage", "network_usage", 1)+good+"</c>", Options{})
			if names(c) != "cpu_usage=0.5" || len(problems) == 0 {
				t.Errorf("%s: %s, %v", bad, names(c), problems)
			}
		}
	})
	t.Run("deletions after a bad variable are not seen", func(t *testing.T) {
		before, _ := Parse(ClassVM, shorthand("a=1 b=2"), Options{})
		after, _ := Parse(ClassVM, shorthand("a!"), Options{})
		if got := names(Merge(before, after)); got != "a=1" {
			t.Errorf("in force: %s", got)
		}
	})
	t.Run("an edit of white space resets the state", func(t *testing.T) {
		a := parse(t, ClassVM, "<c>"+good+"</c>", Options{})[0]
		b := parse(t, ClassVM, "<c>"+strings.ReplaceAll(good, "><", ">\n  <")+"</c>", Options{})[0]
		if !a.SameTrigger(b) || a.Body(1) == b.Body(1) {
			t.Errorf("same trigger: %t", a.SameTrigger(b))
		}
	})
	t.Run("the last of two of one name wins silently", func(t *testing.T) {
		c, problems := Parse(ClassVM, "<c>\n"+good+"\n"+strings.Replace(good, "0.5", "0.7", 1)+"</c>", Options{})
		if names(c) != "cpu_usage=0.7" || len(problems) != 1 || problems[0].Line != 3 || problems[0].Severity != Lax {
			t.Errorf("%s, %v", names(c), problems)
		}
	})
	t.Run("a pattern without anchors counts other data sources", func(t *testing.T) {
		if p := parse(t, ClassHost, "<c>"+good+"</c>", Options{})[0].Pattern; matches(t, p, "cpu0-C1") || matches(t, p, "xcpu0") {
			t.Error("cpu_usage counts power states")
		}
	})
	t.Run("a missing tag and a broken one are the same", func(t *testing.T) {
		if v := parse(t, ClassVM, "<c>"+good+"</c>", Options{})[0]; v.Period != 60 {
			t.Errorf("period %d", v.Period)
		}
		c, problems := Parse(ClassVM, "<c>"+strings.Replace(good, "</v", "<alarm_trigger_period/></v", 1)+"</c>", Options{})
		if len(c.Variables) != 0 || len(problems) != 1 || problems[0].Severity != Error {
			t.Errorf("%s, %v", names(c), problems)
		}
	})
	t.Run("one object's options leak into the next", func(t *testing.T) {
		old := parse(t, ClassVM, "<c>"+good+"</c>", Options{Legacy: true})[0]
		now := parse(t, ClassVM, "<c>"+good+"</c>", Options{})[0]
		if old.Priority != 5 || now.Priority != 3 || matches(t, now.Pattern, "cpu0-C1") {
			t.Errorf("old %s, now %s", spell(old), spell(now))
		}
	})
	t.Run("a level that is not a number alarms never or always", func(t *testing.T) {
		for _, level := range []string{"nan", "inf", "-Infinity", "1e400"} {
			if c, problems := Parse(ClassVM, "<c>"+strings.Replace(good, "0.5", level, 1)+"</c>", Options{}); len(c.Variables) != 0 || len(problems) != 1 {
				t.Errorf("level %s: %s, %v", level, names(c), problems)
			}
		}
	})
	t.Run("a priority that is no number kills the daemon", func(t *testing.T) {
		c, problems := Parse(ClassVM, "<c>"+strings.Replace(good, "</v", `<alarm_priority value="high"/></v`, 1)+good+"</c>", Options{})
		if names(c) != "cpu_usage=0.5" || len(problems) != 1 || problems[0].Severity != Error {
			t.Errorf("%s, %v", names(c), problems)
		}
	})
	t.Run("malformed XML is only logged", func(t *testing.T) {
		c, problems := Parse(ClassVM, "<c>"+good, Options{})
		if c != nil || len(problems) != 1 || problems[0].Line != 1 {
			t.Errorf("%v, %v", c, problems)
		}
	})
}
