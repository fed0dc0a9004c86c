package shadow

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestParseBody(t *testing.T) {
	f := func(text string, value float64, want rule) {
		t.Helper()
		b, err := parseBody(text)
		if err != nil || b.rule != want || b.value != value && !(math.IsNaN(b.value) && math.IsNaN(value)) {
			t.Errorf("%q: %v, %+v, %v; want %v, %+v", text, b.value, b.rule, err, value, want)
		}
	}
	cpu := rule{variable: "cpu_usage", level: "0.5", period: 60, inhibit: 3600}
	f(bodyOf(0.986414, variable("cpu_usage", "0.5")), 0.986414, cpu)
	f(bodyOf(math.Inf(1), variable("cpu_usage", "0.5")), math.Inf(1), cpu)
	f(bodyOf(math.NaN(), variable("cpu_usage", "0.5")), math.NaN(), cpu)
	f("value: -1.500000\r\nconfig:\r\n<variable>\r\n\t<name value=\"x\"/></variable>", -1.5, rule{variable: "x", period: 60, inhibit: 3600})
	f(bodyOf(1, variable("cpu_usage", "0.5", "alarm_trigger_period= 3_00 ", "alarm_auto_inhibit_period=7200", "rrd_regex=cpu0", "consolidation_fn=max")),
		1, rule{variable: "cpu_usage", level: "0.5", period: 300, inhibit: 7200, regex: "cpu0", fold: "max"})
	f(bodyOf(1, variable("cpu_usage", "0.5", "alarm_trigger_period=soon", "alarm_auto_inhibit_period=-1")), 1, cpu)
	f(bodyOf(1, variable("memory_internal_free", "5")), 1, rule{variable: "memory_internal_free", level: "5", low: true, period: 60, inhibit: 3600})
	f(bodyOf(1, variable("memory_free_kib", "5", "alarm_trigger_sense=high")), 1, rule{variable: "memory_free_kib", level: "5", period: 60, inhibit: 3600})
	f(bodyOf(1, variable("x", "5", "alarm_trigger_sense=High")), 1, rule{variable: "x", level: "5", low: true, period: 60, inhibit: 3600})
	// Of two elements the first counts, wherever it is.
	f("value: 1.0\nconfig:\n<variable><!-- n --><a><name value=\"x\"/></a><name value=\"y\"/></variable>", 1, rule{variable: "x", period: 60, inhibit: 3600})
}

func TestParseBodyOfOthers(t *testing.T) {
	for _, text := range []string{
		"", "value: ", "value: 1.0", "value: 1.0\nconfig:\n", "value: soon\nconfig:\n" + variable("x", "1"),
		"value: 1.0\nconfig:\n<variable><name value=\"\"/></variable>", "value: 1.0\nconfig:\n<variable><name/></variable>",
		"bond0 has lost a link", "value: 1.0\n\nconfig:\n" + variable("x", "1"),
	} {
		if b, err := parseBody(text); !errors.Is(err, errNotStock) {
			t.Errorf("%q: %+v, %v", text, b, err)
		}
	}
	for _, text := range []string{
		"value: 1.0\nconfig:\n<variable><name value=\"x\">", "value: 1.0\nconfig:\n<variable", bodyOf(1, variable("x", strings.Repeat("1", maxBody))),
	} {
		if b, err := parseBody(text); err == nil {
			t.Errorf("%.60q: %+v", text, b)
		}
	}
}

func TestSameWords(t *testing.T) {
	a := variable("x", "1")
	if !sameWords(a, "\n"+strings.ReplaceAll(a, "\t", "    ")) || sameWords(a, variable("x", "2")) {
		t.Error("white space")
	}
	b := `<variable><name value="x" note="n"/> y</variable>`
	if !sameButOrder(b, `<variable><name note="n" value="x"/> y</variable>`) ||
		sameButOrder(b, `<variable><name note="m" value="x"/> y</variable>`) || sameButOrder(b, `<variable><name note="n" value="x"/> z</variable>`) ||
		sameButOrder(b, `<variable><name value="x" note="n"/><!-- c --> y</variable>`) {
		t.Error("order of attributes")
	}
}

func TestTopLevelBar(t *testing.T) {
	for expr, want := range map[string]bool{
		"": false, "cpu0": false, "cpu0|cpu1": true, "(cpu0|cpu1)": false, "cpu[|]": false, `cpu\|1`: false, "[]|]a": false, "(a)|(b)": true, "[a]|b": true, `[\]|]`: false,
	} {
		if got := topLevelBar(expr); got != want {
			t.Errorf("%q: %v", expr, got)
		}
	}
}

func FuzzParseBody(f *testing.F) {
	for _, text := range []string{
		bodyOf(0.986414, variable("cpu_usage", "0.5")), bodyOf(math.Inf(-1), variable("x", "0.5", "alarm_trigger_period=3_00", "rrd_regex=[]|]a|b")),
		"value: 1.0\r\nconfig:\r\n<variable>\r\n</variable>", "value: nan\nconfig:\n<a:b xmlns:a='x'><![CDATA[x]]></a:b>", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := parseBody(text)
		if err != nil {
			return
		}
		if b.variable == "" || b.period < 0 || b.inhibit < 0 || !strings.HasPrefix(text, "value: ") {
			t.Fatalf("%q: %+v", text, b)
		}
		if !sameWords(b.config, b.config) || !sameButOrder(b.config, b.config) {
			t.Fatalf("%q is not like itself", text)
		}
		if bar := topLevelBar(b.regex); bar && !strings.Contains(b.regex, "|") {
			t.Fatalf("%q has an alternative", b.regex)
		}
	})
}
