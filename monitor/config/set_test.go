package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// assignments reads "level=0.9 sense=low".
func assignments(words string) map[string]string {
	m := make(map[string]string)
	for word := range strings.FieldsSeq(words) {
		key, value, _ := strings.Cut(word, "=")
		m[key] = value
	}
	return m
}

func TestSet(t *testing.T) {
	f := func(class, text, variable, words, want string) {
		t.Helper()
		got, err := Set(class, text, variable, assignments(words), Options{})
		if err != nil || got != want {
			t.Errorf("%s\nset %s %s:\ngot  %s, %v\nwant %s", text, variable, words, got, err, want)
			return
		}
		again, err := Set(class, got, variable, assignments(words), Options{})
		if err != nil || again != got {
			t.Errorf("%s: the second time:\ngot  %s, %v", got, again, err)
		}
	}
	const cpu = `<variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/></variable>`

	// A new variable.
	f("vm", "", "cpu_usage", "level=0.9", "<config>"+cpu+"</config>")
	f("vm", "", "fs_usage", "", `<config><variable><name value="fs_usage"/></variable></config>`)
	f("vm", "", "own", "labels=a=1 nodata_period=600 clear_period=5 warning_level=0.8 clear_level=0.7 regex=a|b fn=max priority=2 sense=high inhibit=60 period=30 level=0.9",
		`<config><variable><name value="own"/><alarm_trigger_level value="0.9"/><alarm_trigger_period value="30"/><alarm_auto_inhibit_period value="60"/>`+
			`<alarm_trigger_sense value="high"/><alarm_priority value="2"/><consolidation_fn value="max"/><rrd_regex value="a|b"/>`+
			`<alarm_warning_level value="0.8"/><alarm_clear_level value="0.7"/><alarm_clear_period value="5"/><alarm_nodata_period value="600"/><alarm_labels value="a=1"/></variable></config>`)
	f("vm", "", `a<&>"'`, `regex=<'"&> level=1 fn=`,
		`<config><variable><name value="a&lt;&amp;&gt;&quot;&apos;"/><alarm_trigger_level value="1"/><rrd_regex value="&lt;&apos;&quot;&amp;&gt;"/></variable></config>`)
	f("vm", "<config></config>", "cpu_usage", "level=0.9", "<config>"+cpu+"</config>")
	f("vm", "<config/>", "cpu_usage", "level=0.9", "<config>"+cpu+"</config>")
	f("vm", "<config a='/>' />", "cpu_usage", "level=0.9", "<config a='/>' >"+cpu+"</config>")
	f("vm", "<config>\n</config>\n", "cpu_usage", "level=0.9", "<config>\n  "+cpu+"\n</config>\n")
	f("vm", "<config> </config>", "cpu_usage", "level=0.9", "<config>"+cpu+" </config>")
	f("vm", "<config>\n\t<!-- none yet --> <!-- or -->\n</config>", "cpu_usage", "level=0.9", "<config>\n\t<!-- none yet --> <!-- or -->\n\t"+cpu+"\n</config>")
	f("vm", "<config><variable><name value='fs_usage'/></variable></config>", "cpu_usage", "level=0.9",
		"<config><variable><name value='fs_usage'/></variable>"+cpu+"</config>")
	f("vm", "<config>\n <variable>\n  <name value='fs_usage'/>\n </variable> <!-- x -->\n</config>", "cpu_usage", "level=0.9",
		"<config>\n <variable>\n  <name value='fs_usage'/>\n </variable> <!-- x -->\n "+cpu+"\n</config>")
	f("vm", "\ufeff<config>\r\n\t<disable name='é'/>\r\n</config>", "cpu_usage", "level=0.9", "\ufeff<config>\r\n\t<disable name='é'/>\r\n\t"+cpu+"\r\n</config>")
	f("sr", "", "sr_io_throughput_total_per_host", "level=5", `<config><variable><name value="sr_io_throughput_total_per_host"/><alarm_trigger_level value="5"/></variable></config>`)

	// A value that is there, however it is written.
	f("vm", "<config>"+cpu+"</config>", "cpu_usage", "level=0.5", "<config>"+strings.Replace(cpu, "0.9", "0.5", 1)+"</config>")
	f("vm", "<config>"+cpu+"</config>", "cpu_usage", "level=0.9", "<config>"+cpu+"</config>")
	f("vm", "<config>"+cpu+"</config>", "cpu_usage", "", "<config>"+cpu+"</config>")
	f("vm", "<c>\r\n<variable><!-- é --><name value='cpu_usage'/><alarm_trigger_level x='value=\"1\"'\r\n value \n= '&#49;'>text</alarm_trigger_level>&amp;</variable></c>", "cpu_usage", "level=0.5",
		"<c>\r\n<variable><!-- é --><name value='cpu_usage'/><alarm_trigger_level x='value=\"1\"'\r\n value \n= '0.5'>text</alarm_trigger_level>&amp;</variable></c>")
	f("vm", "<c>"+strings.Replace(cpu, ` value="0.9"`, "", 1)+"</c>", "cpu_usage", "level=0.9", "<c>"+cpu+"</c>")
	f("vm", "<c>"+strings.Replace(cpu, ` value="0.9"`, " x='>'", 1)+"</c>", "cpu_usage", "level=0.9", "<c>"+strings.Replace(cpu, ` value="0.9"`, ` value="0.9" x='>'`, 1)+"</c>")
	f("vm", "<c>"+strings.Replace(cpu, `"0.9"`, `"wrong"`, 1)+"</c>", "cpu_usage", "level=0.9", "<c>"+cpu+"</c>")
	f("vm", cpu, "cpu_usage", "level=0.5", strings.Replace(cpu, "0.9", "0.5", 1))
	// The first tag of a name counts, so it is the one to change.
	f("vm", `<c><variable><g><alarm_priority value="1"/></g><name value="fs_usage"/><alarm_priority value="2"/></variable></c>`, "fs_usage", "priority=4",
		`<c><variable><g><alarm_priority value="4"/></g><name value="fs_usage"/><alarm_priority value="2"/></variable></c>`)

	// A tag that is not there goes to the end, like the others.
	f("vm", "<c>"+cpu+"</c>", "cpu_usage", "clear_level=0.7 period=30",
		"<c>"+strings.Replace(cpu, "</v", `<alarm_trigger_period value="30"/><alarm_clear_level value="0.7"/></v`, 1)+"</c>")
	f("vm", "<c>\n\t<variable>\n\t\t<name value='fs_usage'/> <!-- space -->\n\t</variable>\n</c>", "fs_usage", "clear_level=0.7 period=30",
		"<c>\n\t<variable>\n\t\t<name value='fs_usage'/> <!-- space -->\n\t\t<alarm_trigger_period value=\"30\"/>\n\t\t<alarm_clear_level value=\"0.7\"/>\n\t</variable>\n</c>")

	// An empty value removes the tag.
	f("vm", "<c>\n <variable>\n  <name value='fs_usage'/>\n  <alarm_trigger_level value='0.5'/>\n  <note/>\n </variable>\n</c>", "fs_usage", "level= period=",
		"<c>\n <variable>\n  <name value='fs_usage'/>\n  <note/>\n </variable>\n</c>")
	f("vm", "<c><variable><name value='fs_usage'/><alarm_priority value='1'/><alarm_priority value='2'><alarm_priority/></alarm_priority></variable></c>", "fs_usage", "priority= level=1",
		"<c><variable><name value='fs_usage'/><alarm_trigger_level value=\"1\"/></variable></c>")

	// Of two of one name that which counts.
	two := strings.Replace(cpu, "0.9", "0.8", 1)
	f("vm", "<c>"+cpu+two+"</c>", "cpu_usage", "level=0.5", "<c>"+cpu+strings.Replace(cpu, "0.9", "0.5", 1)+"</c>")
	broken := strings.Replace(cpu, "0.9", "x", 1)
	f("vm", "<c>"+cpu+broken+"</c>", "cpu_usage", "period=9", "<c>"+strings.Replace(cpu, "</v", `<alarm_trigger_period value="9"/></v`, 1)+broken+"</c>")
	perHost := func(level int) string {
		return fmt.Sprintf(`<variable><name value="sr_io_throughput_total_per_host"/><alarm_trigger_level value="%d"/></variable>`, level)
	}
	f("sr", "<c>"+perHost(1)+perHost(2)+"</c>", "sr_io_throughput_total_per_host", "level=5", "<c>"+perHost(5)+perHost(2)+"</c>")
	// What is wrong with the neighbours, or was before, stays.
	f("vm", "<c><variable/><x/>"+strings.Replace(cpu, "</v", "<colour/></v", 1)+"</c>", "cpu_usage", "level=0.5",
		"<c><variable/><x/>"+strings.Replace(strings.Replace(cpu, "0.9", "0.5", 1), "</v", "<colour/></v", 1)+"</c>")
}

func TestSetRefuses(t *testing.T) {
	f := func(class, text, variable, words string, parts ...string) {
		t.Helper()
		got, err := Set(class, text, variable, assignments(words), Options{})
		if err == nil || got != "" {
			t.Errorf("%s\nset %s %s: %s, %v", text, variable, words, got, err)
			return
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s\nset %s %s:\n%v\ndoes not say %s", text, variable, words, err, part)
			}
		}
	}
	const cpu = `<variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/></variable>`
	f("vm", "", "", "level=1", "its name is empty")
	f("vm", "", "cpu_usage", "levle=1", `set "cpu_usage": "levle" is not known; did you mean "level"?`)
	f("vm", "", "cpu_usage", "x=1", "use one of level, period, inhibit, sense,")
	f("dog", "", "cpu_usage", "level=1", `class "dog" is not known`)
	f("vm", " ", "cpu_usage", "level=1", "other-config:perfmon:1:2: error: there is no XML element in it")
	f("vm", "<c>\n<a></c>", "cpu_usage", "level=1", "other-config:perfmon:2:4: error: </c> where the <a> of line 2 must be closed first")
	f("vm", "", "cpu_usage", "", "no <alarm_trigger_level>")
	f("vm", "", "own", "level=1", "no columns to measure", "rrd_regex")
	f("vm", "", "cpu_usage", "level=much period=1m", "alarm_trigger_level \"much\": not a number", "alarm_trigger_period")
	f("vm", "", "cpu_usage", "level=0.9 clear_level=1", "on the bad side of the level")
	f("vm", "", "cpu_usage", "level=0.9 labels=a", "has no value")
	f("vm", "<c>"+cpu+"</c>", "cpu_usage", "level=", "no <alarm_trigger_level>")
	f("vm", "<c>"+cpu+"</c>", "cpu_usage", "warning_level=0.95", "is not below the level")
	// What the stock daemon would take in another sense than it seems.
	f("vm", "<c>"+cpu+"</c>", "cpu_usage", "sense=High", "so it means low")
	f("vm", "<c>"+cpu+"</c>", "cpu_usage", "level=1_0", "is read as 10")
	f("vm", "<c>"+cpu+"</c>", "cpu_usage", "period=-5", "is negative")
	f("vm", "", "a\x01", "level=1 regex=x", "U+0001")
	f("vm", "", "a\xff", "level=1 regex=x", "not UTF-8")
	f("vm", "", "own", "level=1 regex="+strings.Repeat("x", MaxBytes), "the limit is")
	f("vm", cpu, "fs_usage", "", "the whole document is one <variable>")
	f("vm", "<c><disable name='cpu_usage'/></c>", "cpu_usage", "level=1", "switched off by the <disable> of line 1: unset it first")
	f("vm", "<c>\n<variable><variable><name value='cpu_usage'/></variable></variable></c>", "cpu_usage", "level=1", "the <variable> of line 2 has another inside it")
	f("vm", "<c><variable><name value='cpu_usage'/><variable/></variable></c>", "cpu_usage", "level=1", "has another inside it")
	f("vm", "<c><variable><name value='fs_usage'/><rrd_regex value='x'><alarm_trigger_level value='1'/></rrd_regex></variable></c>", "fs_usage", "regex= level=2", "stand inside one another")
	if _, err := Set("sr", "", "physical_utilisation", nil, Options{Legacy: true}); err == nil || !strings.Contains(err.Error(), "would not be in force") {
		t.Errorf("an SR with --legacy: %v", err)
	}
}

func TestUnset(t *testing.T) {
	f := func(text, variable, want string) {
		t.Helper()
		got, err := Unset(text, variable)
		if err != nil || got != want {
			t.Errorf("%s\nunset %s:\ngot  %s, %v\nwant %s", text, variable, got, err, want)
		}
	}
	const cpu = `<variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/></variable>`
	f("<config>"+cpu+"</config>", "cpu_usage", "")
	f("<x>"+cpu+"</x>", "cpu_usage", "")
	f("<config>"+cpu+"</config>\n", "cpu_usage", "<config></config>\n")
	f("<!-- mine --><config>"+cpu+"</config>", "cpu_usage", "<!-- mine --><config></config>")
	f("<config x='1'>"+cpu+"</config>", "cpu_usage", "<config x='1'></config>")
	f("<config>"+cpu+" <!-- x --></config>", "cpu_usage", "<config> <!-- x --></config>")
	f("<config>\r\n  "+cpu+"\r\n  <variable/>\r\n</config>", "cpu_usage", "<config>\r\n  <variable/>\r\n</config>")
	f(cpu, "cpu_usage", "")
	f(cpu+"<!-- x -->", "cpu_usage", "<config></config><!-- x -->")
	f("<disable name='a'/>", "a", "")
	// All that is said of the name goes.
	f("<c>"+cpu+"<variable><name value='a'/></variable> "+cpu+"\n<disable name='cpu_usage'/></c>", "cpu_usage", "<c><variable><name value='a'/></variable></c>")
	f("<c><disable name='cpu_usage'/><disable name='a'/></c>", "cpu_usage", "<c><disable name='a'/></c>")

	refuse := func(text, variable, want string) {
		t.Helper()
		if got, err := Unset(text, variable); err == nil || err.Error() != want || got != "" {
			t.Errorf("%s\nunset %s:\ngot  %s, %v\nwant %s", text, variable, got, err, want)
		}
	}
	refuse("", "cpu_usage", `unset "cpu_usage": there is no variable; one that is inherited is switched off by <disable name="cpu_usage"/> in the <config>`)
	refuse("<c/>", "cpu_usage", `unset "cpu_usage": there is no such variable; there is none; one that is inherited is switched off by <disable name="cpu_usage"/> in the <config>`)
	refuse("<c>"+cpu+"</c>", "cpu_usgae", `unset "cpu_usgae": there is no such variable; did you mean "cpu_usage"?; one that is inherited is switched off by <disable name="cpu_usgae"/> in the <config>`)
	refuse("<c>"+cpu+"</c>", "network", `unset "network": there is no such variable; use one of cpu_usage; one that is inherited is switched off by <disable name="network"/> in the <config>`)
	refuse("<c>", "cpu_usage", `unset "cpu_usage": other-config:perfmon:1:4: error: it ends before the <c> of line 1 is closed; fix: write </c>, or end that tag with />`)
	refuse("<c><disable name='a'>"+cpu+"</disable></c>", "a", `unset "a": the <disable> of line 1 has elements inside it: take them out first`)
	refuse("<variable><name value='a'/><variable/></variable>", "a", `unset "a": the <variable> of line 1 has another inside it: write one after the other first`)
}

// TestSetReaders: all four programs understand the alarms of what Set writes.
func TestSetReaders(t *testing.T) {
	text, err := Set(ClassVM, "", "cpu_usage", assignments("level=0.9 clear_level=0.7 labels=a=1 regex=cpu0 sense=high"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if problems := Check(ClassVM, text, Options{}); len(problems) > 0 {
		t.Errorf("%s: %v", text, problems)
	}
}

func TestSettingKeys(t *testing.T) {
	want := "level period inhibit sense priority fn regex warning_level clear_level clear_period nodata_period labels"
	if got := strings.Join(SettingKeys(), " "); got != want {
		t.Errorf("got %s", got)
	}
}

// drawDocument writes documents as people and programs do.
func drawDocument(t *rapid.T) string {
	space := rapid.SampledFrom([]string{"", "", " ", "\n", "\n  ", "\r\n\t", "\n\n"})
	between := rapid.OneOf(space, space, rapid.SampledFrom([]string{"<!-- <variable> -->", "text", "<?p i?>", "<![CDATA[ > ]]>", "<other a='>'/>", " <disable name='b'/> "}))
	quote := rapid.SampledFrom([]string{`"`, `'`})
	part := func(name string) string { return between.Draw(t, name) }
	var b strings.Builder
	b.WriteString(rapid.SampledFrom([]string{"", "\ufeff", "<?xml version='1.0'?>\r\n", "<!-- é -->"}).Draw(t, "before"))
	b.WriteString("<config" + rapid.SampledFrom([]string{"", " ", " a='1'"}).Draw(t, "root") + ">")
	for i := range rapid.IntRange(0, 3).Draw(t, "variables") {
		b.WriteString(part("gap") + "<variable>" + part("gap"))
		fmt.Fprintf(&b, "<name value=%[2]s%[1]s%[2]s/>", []string{"a", "b", "c"}[i], quote.Draw(t, "quote"))
		tags := []string{"rrd_regex", "alarm_trigger_level"}
		for _, tag := range []string{"alarm_priority", "alarm_clear_level"} {
			if rapid.Bool().Draw(t, tag) {
				tags = append(tags, tag)
			}
		}
		for _, tag := range tags {
			fmt.Fprintf(&b, "%[1]s<%[2]s value=%[3]s5%[3]s/>", part("gap"), tag, quote.Draw(t, "quote"))
		}
		b.WriteString(part("gap") + "</variable>")
	}
	b.WriteString(part("gap") + "</config>" + space.Draw(t, "after"))
	return b.String()
}

// TestSetProperties: Set twice is Set once; what it says is in force; not a
// byte of the neighbours changes; Unset takes back a variable that was added.
func TestSetProperties(t *testing.T) {
	values := map[string][]string{
		"level": {"9", "7.5"}, "period": {"30", ""}, "sense": {"high", ""}, "priority": {"1", "2", ""}, "regex": {"x", "a<b|&'\""},
		"clear_level": {"5", "-1", ""}, "warning_level": {"6", ""}, "labels": {"a=1,b=2", ""}, "nodata_period": {"600", ""},
	}
	rapid.Check(t, func(t *rapid.T) {
		text := drawDocument(t)
		name := rapid.SampledFrom([]string{"a", "b", "c", "new", "<&\"'\t>"}).Draw(t, "name")
		set := map[string]string{"level": "9", "regex": "x"}
		for _, key := range slices.Sorted(maps.Keys(values)) {
			if rapid.Bool().Draw(t, key) {
				set[key] = rapid.SampledFrom(values[key]).Draw(t, key)
			}
		}
		prev, _ := Parse(ClassVM, text, Options{})
		after, err := Set(ClassVM, text, name, set, Options{})
		if prev.Disables(name) {
			if err == nil {
				t.Fatalf("set what is switched off: %s", after)
			}
			return
		}
		if err != nil {
			t.Fatalf("set %q %v in %q: %v", name, set, text, err)
		}
		again, err := Set(ClassVM, after, name, set, Options{})
		if err != nil || again != after {
			t.Fatalf("%q, set again: %q, %v", after, again, err)
		}
		next, _ := Parse(ClassVM, after, Options{})
		v := next.byName()[name]
		if v == nil || fmt.Sprint(v.Level) != set["level"] || v.Pattern.String() != set["regex"] {
			t.Fatalf("%q: %+v", after, v)
		}
		for _, old := range prev.Variables {
			if now := next.byName()[old.Name]; now == nil || now.Body(1) != old.Body(1) && old.Name != name {
				t.Fatalf("%q: variable %q was %q", after, old.Name, old.Body(1))
			}
		}
		if old := prev.byName()[name]; old != nil {
			outside(t, text, after, name)
			return
		}
		outside(t, after, text, name)
		back, err := Unset(after, name)
		empty := len(prev.Variables)+len(prev.Disabled) == 0 && isEmptyRoot(text)
		if err != nil || back != text && !(empty && back == "") {
			t.Fatalf("%q, set and unset: %q, %v", text, back, err)
		}
	})
}

// outside checks that two texts differ only where a, which has a variable of
// the name, has it, or just before it.
func outside(t *rapid.T, a, b, name string) {
	e, problem := newEditor(a)
	if problem != nil {
		t.Fatal(problem)
	}
	found, err := e.find(name)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d of %q, %v", len(found), name, err)
	}
	at := e.span(found[0])
	before := strings.TrimRight(a[:at.start], blanks)
	if !strings.HasPrefix(b, before) || !strings.HasSuffix(b, a[at.end:]) {
		t.Fatalf("%q and %q differ outside %q", a, b, a[at.start:at.end])
	}
}
