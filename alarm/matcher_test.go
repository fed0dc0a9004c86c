package alarm

import (
	"strings"
	"testing"
)

var sampleID = ID{"vm", "5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11", "cpu_usage"}

// matchers are matchers as people write them, how they are written back, and
// whether they match sampleID with the labels team=web and note="a b".
var matchers = []struct {
	text, back string
	matches    bool
}{
	{"class=vm", "class=vm", true},
	{"class=host", "class=host", false},
	{"class!=host", "class!=host", true},
	{"class!=vm", "class!=vm", false},
	{"class=~.*", "class=~.*", true},
	{"class=~v", "class=~v", false},
	{"class=~vm|host", "class=~vm|host", true},
	{"uuid=5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11", "uuid=5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11", true},
	{"uuid=~5c2bd0d2.*", "uuid=~5c2bd0d2.*", true},
	{"variable=cpu_usage", "variable=cpu_usage", true},
	{"variable=cpu", "variable=cpu", false},
	{"variable=~cpu.*", "variable=~cpu.*", true},
	{"variable=~pu_", "variable=~pu_", false},
	{"variable!~cpu.*", "variable!~cpu.*", false},
	{"variable!~pu", "variable!~pu", true},
	{"variable=~(?i)CPU_.*", "variable=~(?i)CPU_.*", true},
	{"variable=~cpu_usage|", "variable=~cpu_usage|", true},
	{"label.team=web", "label.team=web", true},
	{"label.team!=web", "label.team!=web", false},
	{"label.none=~.+", "label.none=~.+", false},
	{`label.none=""`, `label.none=""`, true},
	{"label.none!=x", "label.none!=x", true},
	{`label.team=""`, `label.team=""`, false},
	{"label.note=a b", "label.note=a b", true},
	{` label.note = "a b" `, "label.note=a b", true},
	{`label.note=" a b"`, `label.note=" a b"`, false},
	{`label.note="a\tb"`, `label.note="a\tb"`, false},
	{`label.note="\"a"`, `label.note="\"a"`, false},
	{`label.note=a"b`, `label.note=a"b`, false},
	{`label.note=a=b`, `label.note=a=b`, false},
	{`label.note="a\xffb"`, `label.note="a\xffb"`, false},
	{`label.note=é`, `label.note=é`, false},
}

func TestMatchers(t *testing.T) {
	labels := map[string]string{"team": "web", "note": "a b"}
	for _, c := range matchers {
		m, err := ParseMatcher(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := m.Matches(sampleID, labels); got != c.matches || m.String() != c.back {
			t.Errorf("%s: matches %v, want %v; is written %s, want %s", c.text, got, c.matches, m, c.back)
		}
	}
	if (Matcher{}).Matches(ID{}, nil) {
		t.Error("an empty matcher matches")
	}
}

// spoiltMatchers are refused, with these words.
var spoiltMatchers = map[string]string{
	"":                             "no operator",
	"cpu":                          `matcher "cpu": no operator`,
	"class!vm":                     "character 6",
	"clàss!vm":                     "character 6",
	"=vm":                          "nothing stands before",
	"klass=vm":                     `no "klass"`,
	"team=web":                     "label.team",
	"label.=web":                   `"" is no name`,
	"label.a-b=web":                `"a-b" is no name`,
	"label.1a=web":                 `"1a" is no name`,
	"class=":                       `write ""`,
	"class=~":                      `write ""`,
	"class=vms":                    "vm, host, sr",
	"class!=VM":                    "vm, host, sr",
	"class==vm":                    `no class "=vm"`,
	`variable="a`:                  "quotes",
	`variable="a"b`:                "quotes",
	"variable=~(":                  "missing closing",
	"variable=~)|(":                "unexpected )",
	"variable=~(?<=a)b":            "the expression",
	"variable=~(x{1000}){99}":      "invalid repeat count",
	"variable=~(abcdefghij){1000}": "repeat less",
	"label." + strings.Repeat("a", 65) + "=x":                   "at most 64",
	"variable=" + strings.Repeat("a", MaxMatcherValue+1):        "the limit is 512",
	"variable=" + strings.Repeat("a", maxMatcherText):           "the limit is 4096",
	`variable="` + strings.Repeat(`a`, MaxMatcherValue+1) + `"`: "the limit is 512",
}

func TestSpoiltMatchers(t *testing.T) {
	for text, want := range spoiltMatchers {
		m, err := ParseMatcher(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "matcher \"") {
			t.Errorf("%q: %v, error %v, want %q", text, m, err, want)
		}
	}
}

func FuzzParseMatcher(f *testing.F) {
	for _, c := range matchers {
		f.Add(c.text)
	}
	for text := range spoiltMatchers {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMatcher(text)
		if err != nil {
			return
		}
		m.Matches(sampleID, map[string]string{"team": "web"})
		again, err := ParseMatcher(m.String())
		if err != nil {
			t.Fatalf("%q is written %q: %v", text, m, err)
		}
		if again.String() != m.String() || again.value != m.value || again.name != m.name || again.op != m.op {
			t.Fatalf("%q is written %q, which is %q", text, m, again)
		}
	})
}
