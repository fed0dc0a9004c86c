package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// page is what the figures are put into, seen from the folder bench.
const page = "../docs/performance.md"

// digits is a number with three digits that mean something.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	return strconv.FormatFloat(v, 'f', min(decimals, 4), 64)
}

// markdown is all that was measured, ratios first.
func (r *Results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s", r.About.markdown(), r.ratioTable())
	for _, s := range new(bench).sections() {
		if table := r.table(s.name); table != "" {
			fmt.Fprintf(&b, "\n%s\n\n%s", s.title, table)
		}
	}
	return b.String()
}

func (a About) markdown() string {
	return fmt.Sprintf("Taken on %s of commit `%s`: %s, %d cores, load %g when it began, %d rounds. %s.",
		a.Taken, a.Commit, a.Processor, a.Cores, a.Load, a.Rounds, strings.Join(a.Versions, ", "))
}

// table has the figures of a section, "" for none. The columns that nobody
// fills are left out; × is how many times ours a figure is.
func (r *Results) table(section string) string {
	figures := r.section(section)
	if len(figures) == 0 {
		return ""
	}
	ours := r.figure(section, "perfmon")
	allocs, size, peak := false, false, false
	for _, f := range figures {
		allocs, size, peak = allocs || f.Allocs > 0, size || f.Bytes > 0, peak || f.Peak > 0
	}
	var b strings.Builder
	row := func(name string, cells ...string) {
		b.WriteString("| " + name + " |")
		for i, c := range cells {
			if i < 2 || i == 2 && allocs || i == 3 && size || i == 4 && peak {
				b.WriteString(" " + c + " |")
			}
		}
		b.WriteString("\n")
	}
	row("", figures[0].Unit, "×", "allocations", "bytes", "peak MB")
	row("---", "--:", "--:", "--:", "--:", "--:")
	for _, f := range figures {
		times := ""
		if ours != nil && ours.Median > 0 && f.Median > 0 && f.Name != ours.Name {
			times = digits(f.Median / ours.Median)
		}
		row(f.About, orNone(f.Median, digits), times, orNone(f.Allocs, digitsOf), orNone(float64(f.Bytes), digitsOf), orNone(float64(f.Peak)/1e6, digits))
	}
	return b.String()
}

// digitsOf is a count, whole.
func digitsOf(v float64) string { return strconv.FormatFloat(math.Round(v), 'f', -1, 64) }

func orNone(v float64, text func(float64) string) string {
	if v == 0 {
		return ""
	}
	return text(v)
}

// renderPage puts the figures that are kept into the page, and draws its
// chart.
func renderPage(folder string) error {
	r, err := loadResults(folder)
	if err != nil {
		return err
	}
	if len(r.Figures) == 0 {
		return fmt.Errorf("there are no figures in %s: make bench takes them", folder)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	blocks := map[string]string{"machine": r.About.markdown() + "\n", "targets": r.ratioTable()}
	for _, s := range new(bench).sections() {
		if table := r.table(s.name); table != "" {
			blocks[s.name] = table
		}
	}
	out := string(text)
	for name, block := range blocks {
		if out, err = replaceBlock(out, name, block); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(page), err)
		}
	}
	if err := os.WriteFile(page, []byte(out), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	if growth := r.section("growth"); len(growth) > 0 {
		if err := os.WriteFile(chartFile, []byte(growthChart(growth)), 0o644); err != nil {
			return fmt.Errorf("write the chart: %w", err)
		}
	}
	return nil
}

// replaceBlock puts a table between the lines
//
//	<!-- figures NAME -->
//	<!-- end -->
func replaceBlock(text, name, block string) (string, error) {
	begin := "<!-- figures " + name + " -->\n"
	head, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", fmt.Errorf("no place for the figures %s: write %q", name, begin)
	}
	_, tail, ok := strings.Cut(rest, "<!-- end -->")
	if !ok {
		return "", fmt.Errorf("the figures %s have no end: write <!-- end --> behind them", name)
	}
	return head + begin + block + "<!-- end -->" + tail, nil
}
