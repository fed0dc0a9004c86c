package config

import (
	"fmt"
	"runtime"
	"testing"
)

func TestPatternsAreShared(t *testing.T) {
	opts := Options{Patterns: &Patterns{}}
	parse := func(regex string) *Variable {
		t.Helper()
		c, problems := Parse(ClassVM, fmt.Sprintf(`<config><variable><name value="x"/><rrd_regex value="%s"/><alarm_trigger_level value="1"/></variable></config>`, regex), opts)
		if len(problems) > 0 || len(c.Variables) != 1 {
			t.Fatalf("%v", problems)
		}
		return c.Variables[0]
	}
	a, b, other := parse("cpu[0-9]+"), parse("cpu[0-9]+"), parse("cpu[0-9]")
	if a.Pattern != b.Pattern {
		t.Error("the same pattern was compiled twice")
	}
	if a.Pattern == other.Pattern {
		t.Error("two patterns are one")
	}
	runtime.KeepAlive(a)
}

func TestPatternsLetGo(t *testing.T) {
	p := &Patterns{}
	kept, err := p.compile("kept", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 * sweepMargin {
		if _, err := p.compile(fmt.Sprintf("x%d", n), Options{}); err != nil {
			t.Fatal(err)
		}
		if n%sweepMargin == 0 {
			runtime.GC()
		}
	}
	if n := len(p.known); n > 4*sweepMargin {
		t.Errorf("%d patterns are known, of which one is in use", n)
	}
	if again, _ := p.compile("kept", Options{}); again != kept {
		t.Error("one that is in use was let go")
	}
	if _, err := p.compile("(", Options{}); err == nil {
		t.Error("no error of a bad pattern")
	}
}
