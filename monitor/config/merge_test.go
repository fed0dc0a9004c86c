package config

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shorthand writes a document: "a=1 b! c -d -" is a at level 1, a refused b,
// c at level 0, a <disable> of d, and one of nothing.
func shorthand(s string) string { return shorthandBlock("", s) }

// shorthandBlock is the same with attributes of the root.
func shorthandBlock(attributes, s string) string {
	var b strings.Builder
	b.WriteString("<config" + attributes + ">")
	for _, word := range strings.Fields(s) {
		if name, off := strings.CutPrefix(word, "-"); off {
			fmt.Fprintf(&b, `<disable name="%s"/>`, name)
			continue
		}
		name, level, _ := strings.Cut(strings.TrimSuffix(word, "!"), "=")
		if level == "" {
			level = "0"
		}
		if strings.HasSuffix(word, "!") {
			level = "bad"
		}
		fmt.Fprintf(&b, `<variable><name value="%s"/><rrd_regex value="x"/><alarm_trigger_level value="%s"/></variable>`, name, level)
	}
	b.WriteString("</config>")
	return b.String()
}

func TestMerge(t *testing.T) {
	// Each document follows the one before; "<" is one that is malformed.
	f := func(documents []string, want, kept string) {
		t.Helper()
		var c *Config
		for _, d := range documents {
			text := "<"
			if d != "<" {
				text = shorthand(d)
			}
			next, _ := Parse(ClassVM, text, Options{})
			c = Merge(c, next)
		}
		if c == nil {
			if want != "nil" {
				t.Errorf("%q: nil", documents)
			}
			return
		}
		if names(c) != want || strings.Join(c.Kept, " ") != kept {
			t.Errorf("%q: %s, kept %s; want %s, kept %s", documents, names(c), c.Kept, want, kept)
		}
	}
	f([]string{"a=1 b=2"}, "a=1 b=2", "")
	f([]string{"a=1 b!"}, "a=1", "")
	f([]string{"a=1 b=2 c=3", "a=4 b! c=5"}, "a=4 b=2 c=5", "b")
	f([]string{"a=1 b=2", "b! a=3"}, "b=2 a=3", "b")
	f([]string{"a=1 b=2", "a=1 b!", "a=7 b!"}, "a=7 b=2", "b")
	f([]string{"a=1 b=2", "a=1 b!", "a=1 b=3"}, "a=1 b=3", "")
	f([]string{"a=1 b=2", "a=1 b!", "a=1"}, "a=1", "")
	f([]string{"a=1 b=2", "a=1 b!", "a=1", "a=1 b!"}, "a=1", "")
	f([]string{"a=1 b=2", "b!"}, "b=2", "b")
	f([]string{"a=1 b=2", "<"}, "a=1 b=2", "")
	f([]string{"a=1 b=2", "a=9 b!", "<"}, "a=9 b=2", "b")
	f([]string{"<"}, "nil", "")
	f([]string{"<", "a=1"}, "a=1", "")
	f([]string{"a=1", ""}, "", "")
	// What is switched off is not kept, and what is kept may be switched off.
	f([]string{"a=1 b=1", "a! -a b=2"}, "b=2", "")
	f([]string{"a=1 -b", "a! - b!"}, "a=1", "a")
	f([]string{"a=1 -b", "a=1 b=2 -"}, "a=1 b=2", "")
	f([]string{"a=1 b=3 -b", "a=1 b! -b", "a=1 b!"}, "a=1", "")
	// A good variable of the name in the same document is newer than what was.
	f([]string{"a=1", "a=2 a!"}, "a=2", "")
	f([]string{"a=1", "a! a!"}, "a=1", "a")
	f([]string{"a=1 b=1", "a! b=2 b=3"}, "a=1 b=3", "a")
	f([]string{"b=1 c=1", "a=1 c! a=2 b!"}, "c=1 a=2 b=1", "c b")
}

// TestMergeKeepsNeighbours: whatever the documents, each variable of the new
// one is as if the others were not there.
func TestMergeKeepsNeighbours(t *testing.T) {
	word := rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name")
		if rapid.Bool().Draw(t, "refused") {
			return name + "!"
		}
		return fmt.Sprintf("%s=%d", name, rapid.IntRange(0, 99).Draw(t, "level"))
	})
	document := rapid.SliceOfN(word, 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		read := func(words []string) *Config {
			c, _ := Parse(ClassVM, shorthand(strings.Join(words, " ")), Options{})
			return c
		}
		prev := Merge(nil, read(document.Draw(t, "prev")))
		before := prev.byName()
		words := document.Draw(t, "next")
		merged := Merge(prev, read(words))
		got := merged.byName()
		if len(got) != len(merged.Variables) {
			t.Fatalf("two of one name: %s", names(merged))
		}
		for _, name := range []string{"a", "b", "c", "d"} {
			var alone []string
			for _, w := range words {
				if w[:1] == name {
					alone = append(alone, w)
				}
			}
			want := ""
			for _, w := range alone {
				if !strings.HasSuffix(w, "!") {
					want = w
				}
			}
			if want == "" && len(alone) > 0 && before[name] != nil {
				want = fmt.Sprintf("%s=%g", name, before[name].Level)
			}
			have := ""
			if v := got[name]; v != nil {
				have = fmt.Sprintf("%s=%g", name, v.Level)
			}
			if have != want {
				t.Fatalf("%q after %q: %s is %q, want %q", words, names(prev), name, have, want)
			}
		}
	})
}
