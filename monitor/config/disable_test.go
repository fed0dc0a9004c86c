package config

import (
	"strings"
	"testing"
)

func TestDisable(t *testing.T) {
	f := func(text, want, disabled string, problems ...string) {
		t.Helper()
		c, found := Parse(ClassVM, text, Options{})
		if c == nil {
			t.Fatalf("%s: %v", text, found)
		}
		var off []string
		for _, d := range c.Disabled {
			off = append(off, d.Name)
			if !c.Disables(d.Name) || d.Line != 1 || d.Column < 1 {
				t.Errorf("%s: %+v", text, d)
			}
		}
		if names(c) != want || strings.Join(off, " ") != disabled || c.Disables("other") {
			t.Errorf("%s: %s, disabled %s; want %s, disabled %s", text, names(c), off, want, disabled)
		}
		if len(found) != len(problems) {
			t.Fatalf("%s: %v", text, found)
		}
		for i, p := range found {
			if got := p.Severity.String() + " " + p.String(); got != problems[i] {
				t.Errorf("%s:\ngot  %s\nwant %s", text, got, problems[i])
			}
		}
	}
	f(shorthand("a=1 -b"), "a=1", "b")
	f(shorthand("-b"), "", "b")
	f("<disable name='b'/>", "", "b", "lax <disable> has no <variable> in it")
	f("<c><g><disable name='a b&lt;'/></g></c>", "", "a b<")
	f(shorthand("a=1 b=2 -a"), "b=2", "a", `warning variable "a": switched off by the <disable> of line 1; fix: remove one of the two`)
	f(shorthand("-a -a"), "", "a", `warning variable "a": a second <disable> of this name; fix: remove one of them`)
	f(shorthand("- a=1"), "a=1", "", `error a <disable> without a name; fix: write <disable name="cpu_usage"/>`)
	f("<c><disable value='x'/></c>", "", "", `error a <disable> without a name; fix: write <disable name="cpu_usage"/>`)
	f("<c><disabel name='x'/></c>", "", "", `lax <disabel> is not known here: it has no effect; fix: did you mean <disable>?`)
	f(variable("name=cpu_usage", "alarm_trigger_level=1", "disable=x"), "cpu_usage=1", "",
		`lax variable "cpu_usage": a <disable> inside a <variable> has no effect; fix: write it before the <variable>`)
}

func TestDisableLimit(t *testing.T) {
	many := func(n int) string { return "<c>" + strings.Repeat("<disable name='a'/>", n) + "</c>" }
	if c, _ := Parse(ClassVM, many(MaxVariables), Options{}); c == nil {
		t.Error("refused at the limit")
	}
	c, problems := Parse(ClassVM, many(MaxVariables+1), Options{})
	if c != nil || len(problems) != 1 || problems[0].Msg != "1001 <disable> elements; the limit is 1000" {
		t.Errorf("over the limit: %v", problems)
	}
}

// TestMergeDisable: a <disable> that lost its name keeps those of before in
// force, but for what the document now configures.
func TestMergeDisable(t *testing.T) {
	f := func(prev, next, want string) {
		t.Helper()
		a, _ := Parse(ClassVM, shorthand(prev), Options{})
		b, _ := Parse(ClassVM, shorthand(next), Options{})
		var off []string
		for _, d := range Merge(a, b).Disabled {
			off = append(off, d.Name)
		}
		if strings.Join(off, " ") != want {
			t.Errorf("%s, then %s: %s, want %s", prev, next, off, want)
		}
	}
	f("-a", "-b", "b")
	f("-a", "-b -", "b a")
	f("-a -b", "-b -", "b a")
	f("-a", "a=1 -", "")
	f("-a", "", "")
}

// TestMisplacedHeader: class and tag in an object's own XML do nothing.
func TestMisplacedHeader(t *testing.T) {
	f := func(text string, places ...int) {
		t.Helper()
		c, problems := Parse(ClassVM, text, Options{})
		if c == nil || names(c) != "cpu_usage=1" || len(problems) != len(places) {
			t.Fatalf("%s: %v", text, problems)
		}
		for i, p := range problems {
			if p.Severity != Lax || p.Column != places[i] || !strings.Contains(p.Msg, "have no effect") {
				t.Errorf("%s: %+v", text, p)
			}
		}
	}
	const v = `<variable><name value="cpu_usage"/><alarm_trigger_level value="1"/></variable>`
	f(`<config class="vm">`+v+`</config>`, 1)
	f(`<x tag="vm">`+v+`</x>`, 1)
	f(`<triggers><config tag="a">`+v+`</config></triggers>`, 11)
	f(`<config version="1">` + v + `</config>`)
	f(`<variable class="x"><name value="cpu_usage"/><alarm_trigger_level value="1"/></variable>`)
}
