package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// TestMain lets the tests start this program's drivers, as the program does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "drive" {
		main()
		return
	}
	os.Exit(m.Run())
}

// results are some, small and whole.
func results() *Results {
	return &Results{Figures: []Figure{
		{Section: "xml-72", Name: "perfmon", About: "perfmon", Unit: "ns a value", Median: 20, Allocs: 7},
		{Section: "xml-72", Name: "xml-token", About: "Token", Unit: "ns a value", Median: 620},
		{Section: "xml-72", Name: "tdewolff", About: "tdewolff", Unit: "ns a value", Median: 90},
		{Section: "triggers", Name: "perfmon", About: "perfmon", Unit: "ms", Median: 3},
		{Section: "triggers", Name: "read", About: "read", Unit: "ms", Median: 2},
		{Section: "refresh", Name: "perfmon", About: "perfmon", Unit: "ms", Median: 1, Peak: 20e6},
		{Section: "refresh", Name: "python", About: "Python", Unit: "ms", Median: 39, Peak: 160e6},
		{Section: "exporter", Name: "idle", About: "idle", Unit: "ms", Median: 1, Peak: 14.5e6},
		{Section: "memory", Name: "program", About: "program", Unit: "ms", Bytes: 15e6},
	}}
}

func TestRatios(t *testing.T) {
	table := results().ratioTable()
	for _, want := range []string{
		"encoding/xml Token | 30 × | 31.0 × | reached |",
		"tdewolff/parse | 5 × | 4.50 × | **not reached** |",
		"expat with strtod | 10 × | not measured |  |",
		"reading the rows once | at most 1.5 × | 1.50 × | reached |",
		"Python, CPU | 40 × | 39.0 × | **not reached** |",
		"Python, memory | 8 × | 8.00 × | reached |",
		"watches /proc | at most 14 MB | 14.5 MB | **not reached** |",
		"stripped program | at most 16 MB | 15.0 MB | reached |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no line %q in\n%s", want, table)
		}
	}
}

func TestTable(t *testing.T) {
	const want = `|  | ns a value | × | allocations |
| --- | --: | --: | --: |
| perfmon | 20.0 |  | 7 |
| Token | 620 | 31.0 |  |
| tdewolff | 90.0 | 4.50 |  |
`
	if got := results().table("xml-72"); got != want {
		t.Errorf("table\n%s\nwant\n%s", got, want)
	}
	if got := results().table("growth"); got != "" {
		t.Errorf("a table of what was not measured:\n%s", got)
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.01234: "0.0123", 0.1: "0.100", 1: "1.00", 31.04: "31.0", 999.6: "1000", 12345: "12345"} {
		if got := digits(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(c.samples); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.samples, got, c.want)
		}
	}
}

// TestPage looks for a place for each table in the page.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"machine", "targets"}
	for _, s := range new(bench).sections() {
		names = append(names, s.name)
	}
	for _, name := range names {
		out, err := replaceBlock(string(text), name, "| new |\n")
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(out, "<!-- figures "+name+" -->\n| new |\n<!-- end -->") {
			t.Errorf("the figures %s are not put into their place", name)
		}
	}
	if _, err := replaceBlock("<!-- figures x -->\n", "x", ""); err == nil {
		t.Error("a block without an end is accepted")
	}
}

// TestSections holds the targets to sections that there are.
func TestSections(t *testing.T) {
	known := map[string]bool{}
	for _, s := range new(bench).sections() {
		known[s.name] = true
	}
	for _, v := range targets {
		if !known[v.section] {
			t.Errorf("the target %q is in the section %q, which there is not", v.what, v.section)
		}
	}
}

func TestKept(t *testing.T) {
	folder := t.TempDir()
	r, err := loadResults(folder)
	if err != nil || len(r.Figures) != 0 {
		t.Fatalf("%v, %v from an empty folder", r, err)
	}
	r.replace("a", []Figure{{Section: "a", Name: "x", Median: 1}})
	r.replace("b", []Figure{{Section: "b", Name: "x", Median: 2}})
	r.replace("a", []Figure{{Section: "a", Name: "x", Median: 3}})
	if err := r.save(folder); err != nil {
		t.Fatal(err)
	}
	if r, err = loadResults(folder); err != nil || len(r.Figures) != 2 || r.figure("a", "x").Median != 3 || r.figure("b", "x").Median != 2 {
		t.Errorf("%+v, %v came back", r, err)
	}
}

func TestChart(t *testing.T) {
	chart := growthChart([]Figure{{X: 1000, Median: 10, Peak: 20e6}, {X: 10000, Median: 90, Peak: 150e6}})
	d := xml.NewDecoder(strings.NewReader(chart))
	circles := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, chart)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
			circles++
		}
	}
	if circles != 4 {
		t.Errorf("%d points, want 4", circles)
	}
	if strings.Contains(chart, "NaN") || strings.Contains(chart, "Inf") {
		t.Errorf("points that are nowhere:\n%s", chart)
	}
}
