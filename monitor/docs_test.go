package monitor

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"perfmon/alarm"
)

var update = flag.Bool("update", false, "rewrite what is made here of docs/alarms.md")

const alarmsPath = "../docs/alarms.md"

// TestDocsExamples runs the examples of the page: each is trigger XML, and
// behind it a table with a row of values in each column. State, severity, what
// is said and the message are this test's to write:
//
//	| minute  | 0       | 1        | 2–5 |
//	|---------|---------|----------|-----|
//	| value   | 0.95    | –        | no row |
//	| state   | pending | …
func TestDocsExamples(t *testing.T) {
	text, err := os.ReadFile(alarmsPath)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	examples, xml := 0, ""
	for i := 0; i < len(lines); i++ {
		switch {
		case lines[i] == "```xml vm":
			xml = ""
			for i++; lines[i] != "```"; i++ {
				xml += lines[i] + "\n"
			}
		case strings.HasPrefix(lines[i], "| minute"):
			end := i
			for end < len(lines) && strings.HasPrefix(lines[end], "|") {
				end++
			}
			examples++
			got := strings.Join(lines[i:end], "\n")
			want := example(t, i+1, xml, lines[i:end])
			if got != want && !*update {
				t.Errorf("%s:%d: the example is out of date (-update rewrites it): want\n%s", alarmsPath, i+1, want)
			}
			copy(lines[i:end], strings.Split(want, "\n"))
			i = end
		}
	}
	if examples < 7 {
		t.Errorf("%d examples found", examples)
	}
	if fresh := strings.Join(lines, "\n"); *update && fresh != string(text) {
		if err := os.WriteFile(alarmsPath, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// example runs one table and returns it as it has to be.
func example(t *testing.T, line int, xml string, table []string) string {
	t.Helper()
	w := newWorld(t, Options{}, "vm/v/cpu0", hostCPU)
	w.giveXML("vm", "v", xml)
	grid := [][]string{}
	for _, l := range append(table[:1:1], table[2:]...) {
		cells := strings.Split(strings.Trim(l, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		grid = append(grid, cells)
	}
	for c := 1; c < len(grid[0]); c++ {
		from, to, span := strings.Cut(grid[0][c], "–")
		if !span {
			to = from
		}
		begin, err := strconv.ParseInt(from, 10, 64)
		if err != nil {
			t.Fatalf("%s:%d: minute %q", alarmsPath, line, grid[0][c])
		}
		end, err := strconv.ParseInt(to, 10, 64)
		if err != nil {
			t.Fatalf("%s:%d: minute %q", alarmsPath, line, grid[0][c])
		}
		for minute := begin; minute <= end; minute++ {
			before := len(w.events)
			w.exampleRow(minute*60, grid[1][c])
			said, message := w.exampleSaid(before)
			if minute < end {
				if said != "" {
					t.Errorf("%s:%d: minute %d says %q: give it a column", alarmsPath, line, minute, said)
				}
				continue
			}
			trig := w.m.objects[Object{"vm", "v"}].byName["cpu_usage"].trig
			for _, row := range grid[2:] {
				switch row[0] {
				case "state":
					row[c] = trig.State.String()
				case "severity":
					row[c] = string(trig.Severity)
				case "said":
					row[c] = said
				case "message":
					row[c] = message
				default:
					t.Fatalf("%s:%d: a row %q", alarmsPath, line, row[0])
				}
			}
		}
	}
	return aligned(grid)
}

// exampleRow is one row of values, and a poll.
func (w *world) exampleRow(at int64, value string) {
	w.rows = map[int64][]float64{}
	switch v, err := strconv.ParseFloat(value, 64); {
	case value == "no row":
		w.setColumns(hostCPU)
		w.row(at, 0)
	case value == "–":
		w.row(at, nan, 0)
	case err != nil:
		w.t.Fatalf("%s: value %q", alarmsPath, value)
	default:
		w.row(at, v, 0)
	}
	w.poll(at + 5)
}

// exampleSaid is what was said since then.
func (w *world) exampleSaid(since int) (said, message string) {
	var words []string
	for _, e := range w.events[since:] {
		if e.Kind == alarm.KindState {
			continue
		}
		word := string(e.Kind)
		switch {
		case e.Reason != "":
			word += ": " + string(e.Reason)
		case w.m.objects[Object{"vm", "v"}].byName["cpu_usage"].conf.HasWarning:
			word += ": " + string(e.Severity)
		}
		if e.Inhibited {
			word += ", inhibited"
		}
		if e.IsALARM() {
			message = "yes"
		}
		words = append(words, word)
	}
	return strings.Join(words, "; "), message
}

// aligned is a table that reads well as text.
func aligned(grid [][]string) string {
	widths := make([]int, len(grid[0]))
	for _, row := range grid {
		for c := range row {
			widths[c] = max(widths[c], utf8.RuneCountInString(row[c]))
		}
	}
	var lines []string
	for r, row := range grid {
		line, rule := "|", "|"
		for c, width := range widths {
			line += fmt.Sprintf(" %-*s |", width, row[c])
			rule += strings.Repeat("-", width+2) + "|"
		}
		lines = append(lines, line)
		if r == 0 {
			lines = append(lines, rule)
		}
	}
	return strings.Join(lines, "\n")
}
