package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// layers is what one object may have a configuration from.
type layers struct{ own, file, pool string }

// effectiveOf reads the layers, in the notation of shorthand and layerText,
// and puts them together. Lines in the file and the pool tell the blocks
// apart: the first is on line 2.
func effectiveOf(class, tags string, l layers, opts Options) (*Config, []Provenance, []Problem) {
	var own *Config
	if l.own != "" {
		own, _ = Parse(class, shorthand(l.own), opts)
	}
	read := func(origin, class, text string) *Defaults {
		if text == "" {
			return nil
		}
		d, _ := ParseDefaults(Layer{Origin: origin, Class: class, Text: layerText(text)}, opts)
		return d
	}
	return Effective(class, strings.Fields(tags), own, read("file", class, l.file), read("pool", "", l.pool))
}

// spellOrigin is a provenance in one line, without columns.
func spellOrigin(p Provenance) string {
	place := func(s Source) string {
		text := fmt.Sprintf("%s:%d", strings.TrimPrefix(s.Origin, "other-config:"), s.Line)
		if s.Tag != "" {
			text += "/" + s.Tag
		}
		if s.Kept {
			text += "!"
		}
		return text
	}
	text := p.Variable + " "
	if p.Disabled {
		text = "-" + text
	}
	text += place(p.From)
	for _, h := range p.Hides {
		text += " > " + place(h)
	}
	return text
}

func TestEffective(t *testing.T) {
	f := func(tags string, l layers, want string, origin ...string) {
		t.Helper()
		c, provenance, problems := effectiveOf(ClassVM, tags, l, Options{})
		var got []string
		for _, p := range provenance {
			got = append(got, spellOrigin(p))
		}
		if names(c) != want || strings.Join(got, "\n") != strings.Join(origin, "\n") || len(problems) > 0 {
			t.Errorf("%+v, tags %q: %s\n%s\n%v\nwant %s\n%s", l, tags, names(c), strings.Join(got, "\n"), problems, want, strings.Join(origin, "\n"))
		}
	}
	f("", layers{}, "")
	f("", layers{own: "a=1"}, "a=1", "a perfmon:1")
	f("", layers{file: ": b=2"}, "b=2", "b file:2")
	f("", layers{pool: "host: a=1 | vm: b=2"}, "b=2", "b pool:3")
	// Whoever comes first has the name.
	all := layers{own: "a=1 b=1", file: ": a=3 b=3 c=3 d=3 | /t: a=2 c=2", pool: "vm/t: a=4 d=4 e=4 | vm: a=5 e=5 f=5"}
	f("t", all, "a=1 b=1 c=2 d=3 e=4 f=5",
		"a perfmon:1 > file:3/t > file:2 > pool:2/t > pool:3",
		"b perfmon:1 > file:2",
		"c file:3/t > file:2",
		"d file:2 > pool:2/t",
		"e pool:2/t > pool:3",
		"f pool:3")
	f("T other", all, "a=1 b=1 c=3 d=3 e=5 f=5",
		"a perfmon:1 > file:2 > pool:3",
		"b perfmon:1 > file:2",
		"c file:2",
		"d file:2",
		"e pool:3",
		"f pool:3")
	// Of several tags the first by name counts first, wherever its block is.
	tagged := layers{file: "/b: x=2 y=2 | /a: x=1 | /c: z=3"}
	f("b a", tagged, "x=1 y=2", "x file:3/a > file:2/b", "y file:2/b")
	f("a c b a", tagged, "x=1 y=2 z=3", "x file:3/a > file:2/b", "y file:2/b", "z file:4/c")
	// The file's tags are before its class, the pool's before its own.
	f("b a", layers{file: "/b: x=2", pool: "vm/a: x=1 y=1 | vm: y=0"}, "x=2 y=1", "x file:2/b > pool:2/a", "y pool:2/a > pool:3")

	// A <disable> is for its own block and what comes after.
	f("", layers{own: "a=1 -b", file: ": b=2 c=3"}, "a=1 c=3", "a perfmon:1", "c file:2", "-b perfmon:1 > file:2")
	f("", layers{own: "b=1", file: ": -b c=3"}, "b=1 c=3", "b perfmon:1", "c file:2")
	f("", layers{own: "a=1 -a", file: ": a=2"}, "", "-a perfmon:1 > perfmon:1 > file:2")
	f("t", layers{file: "/t: -b | : b=2 a=1", pool: "vm/t: b=3 | vm: b=4"}, "a=1", "a file:3", "-b file:2/t > file:3 > pool:2/t > pool:3")
	f("", layers{file: "/t: -b | : b=2 a=1"}, "b=2 a=1", "b file:3", "a file:3")
	f("t", layers{file: "/t: b=2 | : -b", pool: "vm: b=4"}, "b=2", "b file:2/t > pool:2")
	f("", layers{file: ": b=2", pool: "vm: -b"}, "b=2", "b file:2")
	f("a b", layers{file: "/a: -x | /b: x=1 -x | : x=2"}, "", "-x file:2/a > file:4")
	f("", layers{own: "-b", file: ": -b", pool: "vm: b=1"}, "", "-b perfmon:1 > pool:2")

	// What is refused in one layer lets the next one through.
	f("", layers{own: "a! b=1", file: ": a=2 c!", pool: "vm: c=4"}, "b=1 a=2 c=4", "b perfmon:1", "a file:2", "c pool:2")
}

// TestEffectiveDisabled: an object's own <disable> with nothing to switch off
// is probably a slip; the names that are off are known.
func TestEffectiveDisabled(t *testing.T) {
	f := func(class string, l layers, off string, problems ...string) {
		t.Helper()
		c, _, found := effectiveOf(class, "", l, Options{})
		var got []string
		for _, d := range c.Disabled {
			got = append(got, d.Name)
		}
		if strings.Join(got, " ") != off {
			t.Errorf("%+v: %s off, want %s", l, got, off)
		}
		if len(found) != len(problems) {
			t.Fatalf("%+v: %v", l, found)
		}
		for i, p := range found {
			if p.Severity != Warning || p.Line != 1 || p.Variable != problems[i] {
				t.Errorf("%+v: %+v", l, p)
			}
		}
	}
	f(ClassVM, layers{own: "-a -b", file: ": b=1"}, "a b", "a")
	f(ClassVM, layers{own: "-a a!"}, "a")
	f(ClassVM, layers{own: "-a a=1"}, "a")
	f(ClassVM, layers{file: ": -a"}, "a")
	f(ClassVM, layers{own: "a=1", file: ": -a -b"}, "b")
	f(ClassHost, layers{own: "-sr_io_throughput_total_0123abcd"}, "sr_io_throughput_total_0123abcd")
	f(ClassVM, layers{own: "-sr_io_throughput_total_0123abcd"}, "sr_io_throughput_total_0123abcd", "sr_io_throughput_total_0123abcd")
}

// TestEffectiveKept: a layer that was broken goes on with its last good text,
// and says so.
func TestEffectiveKept(t *testing.T) {
	before, _ := Parse(ClassVM, shorthand("a=1 b=1 -d"), Options{})
	now, _ := Parse(ClassVM, "\n"+shorthand("a! b=2 -"), Options{})
	fileBefore, _ := ParseDefaults(Layer{Origin: "file", Class: ClassVM, Text: layerText("/t: c=3 -e")}, Options{})
	fileNow, _ := ParseDefaults(Layer{Origin: "file", Class: ClassVM, Text: layerText("/: c=4 -e")}, Options{})
	pool, _ := ParseDefaults(Layer{Origin: "pool", Text: layerText("vm: a=9 d=9 e=9")}, Options{})
	c, provenance, problems := Effective(ClassVM, []string{"t"}, Merge(before, now), MergeDefaults(fileBefore, fileNow), pool)
	var got []string
	for _, p := range provenance {
		got = append(got, spellOrigin(p))
	}
	want := "a perfmon:1! > pool:2\nb perfmon:2\nc file:2/t!\n-d perfmon:1! > pool:2\n-e file:2/t! > pool:2"
	if strings.Join(got, "\n") != want || names(c) != "a=1 b=2 c=3" || strings.Join(c.Kept, " ") != "a c" || len(problems) > 0 {
		t.Errorf("%s, kept %s, %v\n%s\nwant\n%s", names(c), c.Kept, problems, strings.Join(got, "\n"), want)
	}
}

// TestEffectiveBody: an inherited variable says in its alarms what its own
// document says.
func TestEffectiveBody(t *testing.T) {
	own, _ := Parse(ClassVM, variable("name=fs_usage"), Options{})
	file, _ := ParseDefaults(Layer{Class: ClassVM, Text: variable("name=cpu_usage", "alarm_labels=a=b", "alarm_trigger_level=0.5")}, Options{})
	c, _, _ := Effective(ClassVM, nil, own, file, nil)
	want := "value: 0.700000\nconfig:\n<variable>\n\t<name value=\"cpu_usage\"/>\n\t<alarm_labels value=\"a=b\"/>\n\t<alarm_trigger_level value=\"0.5\"/>\n</variable>\n"
	if got := c.Variables[1].Body(.7); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(own.Variables) != 1 {
		t.Error("the object's own configuration was changed")
	}
}

// TestEffectivePerHost: an SR inherits what it asks of its hosts.
func TestEffectivePerHost(t *testing.T) {
	file, problems := ParseDefaults(Layer{Class: ClassSR, Text: variable("name=sr_io_throughput_total_per_host", "alarm_trigger_level=5")}, Options{})
	c, _, _ := Effective(ClassSR, nil, nil, file, nil)
	if len(problems) > 0 || len(c.Variables) != 1 || !c.Variables[0].PerHost {
		t.Fatalf("%v, %v", c, problems)
	}
	if host, err := PerHostVariable(srUUID, c.Variables[0]); err != nil || host.Level != 5 {
		t.Errorf("%v, %v", host, err)
	}
}

func TestSourceString(t *testing.T) {
	f := func(s Source, want string) {
		t.Helper()
		if s.String() != want {
			t.Errorf("got %s, want %s", s, want)
		}
	}
	f(Source{Origin: "other-config:perfmon", Line: 1, Column: 9}, "other-config:perfmon:1:9")
	f(Source{Origin: "triggers/vm.xml", Tag: "a b", Line: 7, Column: 3}, `triggers/vm.xml:7:3 (tag "a b")`)
	f(Source{Origin: "triggers/vm.xml", Line: 7, Column: 3, Kept: true}, "triggers/vm.xml:7:3 (the last good text)")
	f(Source{Origin: "x", Tag: "t", Line: 7, Column: 3, Kept: true}, `x:7:3 (tag "t", the last good text)`)
}

// TestEffectiveAsModel compares Effective with the rule in its plainest form:
// the blocks in order, and of each name the first word counts.
func TestEffectiveAsModel(t *testing.T) {
	word := rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name")
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			return name + "!"
		case 1, 2, 3:
			return "-" + name
		}
		return fmt.Sprintf("%s=%d", name, rapid.IntRange(0, 99).Draw(t, "level"))
	})
	// One word a name, so that the rule within a document does not matter.
	block := rapid.SliceOfNDistinct(word, 0, 3, func(w string) string { return strings.Trim(w, "-!=0123456789") })
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string { return strings.Join(block.Draw(t, name), " ") }
		own, u, v, file, poolU, pool := draw("own"), draw("file u"), draw("file v"), draw("file"), draw("pool u"), draw("pool")
		tags := rapid.SampledFrom([]string{"", "u", "v", "v u", "w"}).Draw(t, "tags")
		c, provenance, _ := effectiveOf(ClassVM, tags, layers{
			own:  own,
			file: fmt.Sprintf(": %s | /v: %s | /u: %s", file, v, u),
			pool: fmt.Sprintf("vm/u: %s | vm: %s", poolU, pool),
		}, Options{})

		order := own
		if strings.Contains(tags, "u") {
			order += " " + u
		}
		if strings.Contains(tags, "v") {
			order += " " + v
		}
		order += " " + file
		if strings.Contains(tags, "u") {
			order += " " + poolU
		}
		order += " " + pool
		var want, names []string
		for w := range strings.FieldsSeq(order) {
			name := strings.Trim(w, "-!=0123456789")
			if strings.HasSuffix(w, "!") || slices.Contains(names, name) {
				continue
			}
			names = append(names, name)
			if w[0] != '-' {
				want = append(want, w)
			}
		}
		var got []string
		for _, v := range c.Variables {
			got = append(got, fmt.Sprintf("%s=%g", v.Name, v.Level))
		}
		if !slices.Equal(got, want) || len(provenance) != len(names) {
			t.Fatalf("got %s, want %s; %d provenances, want %d", got, want, len(provenance), len(names))
		}
		for i, v := range c.Variables {
			if provenance[i].Variable != v.Name || provenance[i].Disabled {
				t.Fatalf("provenance %d is of %s", i, provenance[i].Variable)
			}
		}
	})
}
