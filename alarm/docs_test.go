package alarm

import (
	"cmp"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// step is one way from a state to the next, and what is said.
type step struct{ from, to, said string }

// explore takes a trigger through all short lives and returns every step that
// it takes: rows of each grade and unknown ones, the end from outside, with
// periods of one row and of more. Nothing happens between the rows.
func explore() map[step]bool {
	const length = 300 // of a row: two unknown ones are ten minutes
	steps := map[step]bool{}
	var buf []Transition
	note := func(from State, to Trigger, said []Transition) {
		s := step{from.String(), to.State.String(), "nothing"}
		if len(said) > 0 {
			s.said = string(said[0].Kind)
		}
		for _, more := range said[min(1, len(said)):] {
			s.said += " and " + string(more.Kind)
		}
		steps[s] = true
	}
	for _, tm := range []Timing{{Period: length}, {Period: 2 * length}, {Period: length, Clear: 2 * length}, {Period: 2 * length, Clear: 3 * length}} {
		for _, tm.NoData = range []int64{0, length, 2 * length} {
			for _, tm.HasWarning = range []bool{false, true} {
				now := []Trigger{{}}
				for row := range int64(7) {
					next := map[Trigger]bool{}
					for _, before := range now {
						ended := before
						buf = ended.End(ReasonGone, buf[:0])
						note(before.State, ended, buf)
						for grade := Fine - 1; grade <= BadCritical; grade++ {
							after := before
							at := t0 + row*length
							s := Sample{T: at, Span: length, From: at - length, Known: grade >= Fine, Grade: grade}
							buf = after.Step(tm, s, buf[:0])
							note(before.State, after, buf)
							next[after] = true
						}
					}
					now = slices.Collect(maps.Keys(next))
				}
			}
		}
	}
	return steps
}

// TestDocsSteps: the table of steps of docs/alarms.md, and its picture, have
// what can happen and nothing else. Staying without a word goes without saying.
func TestDocsSteps(t *testing.T) {
	text, err := os.ReadFile("../docs/alarms.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n| from | to | when | said |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	inDocs := map[step]bool{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || strings.HasPrefix(line, "|---") {
			continue
		}
		for said := range strings.SplitSeq(cells[3], ",") {
			inDocs[step{strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), strings.TrimSpace(said)}] = true
		}
	}
	taken := explore()
	quiet := func(s step, _ bool) bool { return s.from == s.to && s.said == "nothing" }
	maps.DeleteFunc(taken, quiet)
	maps.DeleteFunc(inDocs, quiet)
	for _, s := range sorted(taken) {
		if !inDocs[s] {
			t.Errorf("docs/alarms.md does not have the step from %s to %s that says %s", s.from, s.to, s.said)
		}
	}
	for _, s := range sorted(inDocs) {
		if !taken[s] {
			t.Errorf("docs/alarms.md has the step from %s to %s that says %s, which never happens", s.from, s.to, s.said)
		}
	}
	picture(t, taken)
}

// picture compares the arrows of the picture with the steps that are taken.
func picture(t *testing.T, taken map[step]bool) {
	t.Helper()
	svg, err := os.ReadFile("../docs/img/alarm-life.svg")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[string]bool{}
	for _, m := range regexp.MustCompile(`class="edge" id="([a-z]+)-([a-z]+)"`).FindAllSubmatch(svg, -1) {
		from := []string{string(m[1])}
		if from[0] == "any" {
			from = []string{"inactive", "pending", "firing", "clearing"}
		}
		for _, f := range from {
			drawn[f+" to "+string(m[2])] = true
		}
	}
	arrows := map[string]bool{}
	for s := range taken {
		// A row as long as the period passes through pending.
		if s.to != "firing" || s.from == "pending" || s.from == "firing" || s.from == "clearing" {
			arrows[s.from+" to "+s.to] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(drawn)), slices.Sorted(maps.Keys(arrows)); !slices.Equal(got, want) {
		t.Errorf("docs/img/alarm-life.svg draws\n%q, want\n%q", got, want)
	}
	for _, s := range States {
		if !strings.Contains(string(svg), ">"+s.String()+"</text>") {
			t.Errorf("docs/img/alarm-life.svg has no state %s", s)
		}
	}
}

func sorted(steps map[step]bool) []step {
	return slices.SortedFunc(maps.Keys(steps), func(a, b step) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.said, b.said))
	})
}
