package config

import (
	"slices"
	"strings"
	"testing"
)

// FuzzSet: whatever the text, what Set accepts is in force and stays as it is
// when set again, and Unset takes it out, the others unharmed.
func FuzzSet(f *testing.F) {
	f.Add("", "cpu_usage", "level=0.9 labels=a=1")
	f.Add("<config>\r\n <variable><name value='cpu_usage'/><alarm_trigger_level value = '0.5' />\r\n</variable></config>", "cpu_usage", "level=0.9 regex=a&b'\"")
	f.Add("\ufeff<?xml version='1.0'?><c a='1' ><disable name='b'/></c>\n", "b", "level=1 regex=x")
	f.Add("<c><variable><name value='a'/><rrd_regex><rrd_regex value='x'/></rrd_regex><alarm_trigger_level value=''/></variable>&#32;<![CDATA[ ]]></c>", "a", "regex= level=1")
	f.Add(shorthand("a=1 b! a=2 -c -c"), "c", "fn=max")
	f.Fuzz(func(t *testing.T, text, name, words string) {
		set := assignments(words)
		prev, _ := Parse(ClassVM, text, Options{})
		after, err := Set(ClassVM, text, name, set, Options{})
		if err == nil {
			next, problems := Parse(ClassVM, after, Options{})
			if next == nil || next.byName()[name] == nil {
				t.Fatalf("%q is not in force: %v", name, problems)
			}
			if again, err := Set(ClassVM, after, name, set, Options{}); err != nil || again != after {
				t.Fatalf("set again: %q, %v", again, err)
			}
			checkOthers(t, prev, next, name)
			text = after
		}
		back, errUnset := Unset(text, name)
		if errUnset != nil {
			if err == nil {
				t.Fatalf("unset what was set: %v", errUnset)
			}
			return
		}
		was, _ := Parse(ClassVM, text, Options{})
		next, problems := Parse(ClassVM, back, Options{})
		if next == nil || next.byName()[name] != nil || next.Disables(name) {
			t.Fatalf("%q after unset: %v", back, problems)
		}
		checkOthers(t, was, next, name)
	})
}

// checkOthers checks that of all variables but one nothing has changed.
func checkOthers(t *testing.T, prev, next *Config, name string) {
	spellOut := func(c *Config) []string {
		var all []string
		for _, v := range c.Variables {
			if v.Name != name {
				all = append(all, v.Name+" "+v.Body(1))
			}
		}
		for _, d := range c.Disabled {
			if d.Name != name {
				all = append(all, "-"+d.Name)
			}
		}
		return all
	}
	if before, after := spellOut(prev), spellOut(next); !slices.Equal(before, after) {
		t.Errorf("before:\n%s\nafter:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}
