//go:build system

package packages

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A page to be walked is Markdown. What stands in blocks like this one is
// typed, and what follows it is printed:
//
//	```console
//	# perfmonctl refresh
//	refreshed at 11:43:00 UTC
//	```
//
// Hints for the test are comments, which no reader sees:
//
//	<!-- walk: until raised -->
type walkPage []part

// part is some lines of text, and the hint or the block behind them.
type part struct {
	text  string // up to the hint or the commands
	hint  string
	steps []walkStep
}

type walkStep struct {
	command string
	output  string // each line with its end
}

const (
	hintBegin, hintEnd   = "<!-- walk: ", " -->"
	blockBegin, blockEnd = "```console\n", "```\n"
	prompt               = "# "
)

func parseWalk(text string) (walkPage, error) {
	var page walkPage
	p := part{}
	inside := false
	for line := range strings.Lines(text) {
		switch {
		case inside && line == blockEnd:
			page, p, inside = append(page, p), part{text: line}, false
		case inside && strings.HasPrefix(line, prompt):
			p.steps = append(p.steps, walkStep{command: strings.TrimSpace(line[len(prompt):])})
		case inside:
			if len(p.steps) == 0 {
				return nil, fmt.Errorf("a block that begins with no command: %q", line)
			}
			p.steps[len(p.steps)-1].output += line
		default:
			p.text += line
			inside = line == blockBegin
			if hint, ok := strings.CutPrefix(strings.TrimSpace(line), hintBegin); ok {
				p.hint = strings.TrimSuffix(hint, hintEnd)
				page, p = append(page, p), part{}
			}
		}
	}
	if inside {
		return nil, errors.New("the last block does not end")
	}
	// What is behind the last block is a block of nothing.
	return append(page, p), nil
}

func (page walkPage) String() string {
	var b strings.Builder
	for _, p := range page {
		b.WriteString(p.text)
		for _, s := range p.steps {
			fmt.Fprintf(&b, "%s%s\n%s", prompt, s.command, s.output)
		}
	}
	return b.String()
}

// changing is what another day or another machine shows otherwise, in this
// order.
var changing = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}`), "ID"},
	{regexp.MustCompile(`(\d{4}-\d\d-\d\d |[A-Z][a-z]{2} \d+ )?\d\d:\d\d(:\d\d)?`), "TIME"},
	{regexp.MustCompile(`cpu\d+(, cpu\d+)*`), "CPUS"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(e[-+]\d+)?[kMG]?\b`), "N"},
	{regexp.MustCompile(`N (s|min|h|d)\b( N (s|min|h|d)\b)*`), "LONG"},
	{regexp.MustCompile(`N [KM]iB`), "SIZE"},
	{regexp.MustCompile(`(?m)^(rows +)[▁▂▃▄▅▆▇█·]+ .*, level .*? every`), "${1}PICTURE every"},
	{regexp.MustCompile(`(?m)^ +TIME +(N|–) +(fine|critical|unknown)\n`), ""},                             // the rows themselves
	{regexp.MustCompile(`\b(inactive|pending|firing|clearing|nodata)( +TIME)? +(N|–) +`), "STATE "},       // of a variable in a list
	{regexp.MustCompile(`(?m)((above|below) N for LONG)  .*$`), "$1"},                                     // and why it has no value
	{regexp.MustCompile(`(?m)^alarms .*$`), "alarms"},                                                     // how many
	{regexp.MustCompile(`(?m)^N (critical|pending).* at `), "ALARMS at "},                                 // the same
	{regexp.MustCompile(`(?m)  NOTE$`), ""},                                                               // a column that may be empty
	{regexp.MustCompile(`(?m)^((TIME +)?(raised|repeated|cleared|critical|pending) .* [<>] N).*$`), "$1"}, // what is in it
	{regexp.MustCompile(` +`), " "},
	{regexp.MustCompile(`(?m) $`), ""},
}

// noisy is a line about a variable that the work of this machine may set off,
// in a list of alarms or of what they said, or in the log.
var noisy = regexp.MustCompile(`^(critical|pending|clearing|TIME (raised|cleared|repeated) critical) host \S+ (\S+)|^PERFMON: alarm raised .* variable="(\w+)"`)

// constant is an output without all that changes.
func constant(output string) []string {
	for _, c := range changing {
		output = c.what.ReplaceAllString(output, c.as)
	}
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "TIME cleared ") {
			continue // when, is not the page's doing alone; a hint waits for it
		}
		if m := noisy.FindStringSubmatch(line); m != nil && (m[3]+m[4] != "cpu_busiest" || slices.Contains(lines, line)) {
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

func TestParseWalk(t *testing.T) {
	text := "a\n<!-- walk: until x y -->\nb\n```console\n# one 'two'\n# three\nfour\n\nfive\n```\nc\n```text\n# no command\n```\n"
	page, err := parseWalk(text)
	if err != nil {
		t.Fatal(err)
	}
	if page.String() != text {
		t.Errorf("written again it is:\n%s", page)
	}
	if len(page) != 3 || page[0].hint != "until x y" || page[0].steps != nil || page[1].hint != "" || page[2].steps != nil {
		t.Fatalf("the parts are %q", page)
	}
	want := []walkStep{{"one 'two'", ""}, {"three", "four\n\nfive\n"}}
	if diff := cmp.Diff(want, page[1].steps, cmp.AllowUnexported(walkStep{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"```console\nno command\n```\n", "```console\n# one\n"} {
		if page, err := parseWalk(bad); err == nil {
			t.Errorf("%q is read as %q", bad, page)
		}
	}
}

// What is compared of an output does not hang on the day, nor on what else
// goes on, and still says what is the matter.
func TestConstant(t *testing.T) {
	f := func(same bool, a, b string) {
		t.Helper()
		if diff := cmp.Diff(constant(a), constant(b)); (diff == "") != same {
			t.Errorf("the same: %v, want %v\n%s", !same, same, diff)
		}
	}
	f(true, "1 critical at 11:42:35 UTC\n\nSTATE     OBJECT       VARIABLE     VALUE  LEVEL  SINCE\ncritical  host debian  cpu_busiest      1  > 0.9  11:42:05\n",
		"1 critical, 1 pending at 09:42:35 UTC\n\nSTATE     OBJECT       VARIABLE      VALUE  LEVEL  SINCE         NOTE\ncritical  host debian  cpu_busiest  0.9932  > 0.9  Nov 21 11:42  silence x\npending   host debian  host_load     1.765  > 1    11:41:55\n")
	f(true, "cpu_busiest       inactive          1.348e-05  above 0.9 for 30 s\n", "cpu_busiest       pending   11:41:55         –  above 0.9 for 1 min  no data source matches\n")
	f(true, "rows       ▁▅███████  0.35 to 1, level 0.9 (▇)  every 5 s, the newest of 11:42:35 UTC\n           11:42:00  0.72  fine\n           11:42:05     1  critical\nnext x\n",
		"rows       ██  1, level 0.9 (▁)  every 5 s, the newest of 11:42:35 UTC\n           11:42:05     1  critical\nnext x\n")
	f(true, "  host:116f28be-181a-4ce4-ab02-969d51d87676\nalarms     none\nuses 11.1 MiB of memory, 28 goroutines\n",
		"  host:216f28be-181a-4ce4-ab02-969d51d87676\nalarms     1 pending\nuses 9 MiB of memory, 29 goroutines\n")
	f(true, "PERFMON: alarm raised class=\"host\" variable=\"cpu_busiest\" value=\"1\"\n",
		"PERFMON: alarm raised class=\"host\" variable=\"host_load\" value=\"1.2\"\nPERFMON: alarm raised class=\"host\" variable=\"cpu_busiest\" value=\"0.98\"\n")
	f(false, "critical  host debian  cpu_busiest      1  > 0.9  11:42:05\n", "pending   host debian  cpu_busiest      1  > 0.9  11:42:05\n")
	f(false, "11:43:15  cleared  critical  host debian  cpu_busiest  0.5437  > 0.9\n", "11:43:15  raised  critical  host debian  cpu_busiest  0.5437  > 0.9\n")
	f(false, "stop the agent: done\n", "stop the agent: done already\n")
	f(false, "rule       alarm when the largest of cpu[0-9]+ is above 0.9 for 30 s\n", "rule       alarm when the largest of cpu[0-9]+ is below 0.9 for 30 s\n")
}
