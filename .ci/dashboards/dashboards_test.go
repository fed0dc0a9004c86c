package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"perfmon/docs/docstest"
)

const root = "../.."

// TestFiles compares packaging/grafana with what is made; with -update it is
// written.
func TestFiles(t *testing.T) {
	folder := filepath.Join(root, "packaging/grafana")
	if docstest.Updating() {
		if err := write(folder, dashboards()); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := dashboards()
	if len(files) != len(want) {
		t.Errorf("%d dashboards in %s, want %d: %v", len(files), folder, len(want), files)
	}
	for name, d := range want {
		text, err := d.text()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || string(got) != string(text) {
			t.Errorf("%s is not what is made (%v): go run ./.ci/dashboards", name, err)
		}
	}
}

// model is a dashboard as Grafana reads it.
type model struct {
	UID, Title    string
	SchemaVersion int
	Panels        []modelPanel
	Annotations   struct{ List []modelAnnotation }
	Templating    struct{ List []modelVariable }
}

type modelPanel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ H, W, X, Y int }
	Datasource               modelSource
	Targets                  []modelTarget
	Panels                   []modelPanel
	Collapsed                bool
	FieldConfig              struct {
		Defaults struct{ Unit string }
	}
}

type modelTarget struct {
	RefID, Expr, LegendFormat, Format string
	Datasource                        modelSource
	Instant                           bool
}

type (
	modelSource     struct{ Type, UID string }
	modelAnnotation struct{ Name, Expr, TitleFormat string }
)

type modelVariable struct {
	Name, Type, Regex, AllValue string
	Query                       any // a text, or an object with one
	Options                     []struct{ Value string }
}

// read reads the files, by name without the end.
func read(t testing.TB) map[string]model {
	t.Helper()
	out := map[string]model{}
	for name := range dashboards() {
		text, err := os.ReadFile(filepath.Join(root, "packaging/grafana", name))
		if err != nil {
			t.Fatal(err)
		}
		var m model
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[strings.TrimSuffix(name, ".json")] = m
	}
	return out
}

// all is every panel of a dashboard that is no heading.
func (m model) all() []modelPanel {
	var out []modelPanel
	for _, p := range m.Panels {
		if p.Type == "row" {
			out = append(out, p.Panels...)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// TestModel checks what Grafana 9 to 12 would stumble over or show badly.
func TestModel(t *testing.T) {
	known := []string{"timeseries", "stat", "table", "bargauge", "state-timeline"} // all in 9, none deprecated in 12
	for name, m := range read(t) {
		if m.UID != name || m.SchemaVersion != 36 || m.Title == "" {
			t.Errorf("%s: uid %q, schema %d, title %q", name, m.UID, m.SchemaVersion, m.Title)
		}
		ids, titles := map[int]bool{}, map[string]bool{}
		panels := m.all()
		for _, p := range slices.Concat(panels, slices.DeleteFunc(slices.Clone(m.Panels), func(p modelPanel) bool { return p.Type != "row" })) {
			if ids[p.ID] || titles[p.Title] || p.Title == "" {
				t.Errorf("%s: id %d or title %q is there twice, or empty", name, p.ID, p.Title)
			}
			ids[p.ID], titles[p.Title] = true, true
		}
		for _, p := range panels {
			where := name + ": " + p.Title
			if !slices.Contains(known, p.Type) {
				t.Errorf("%s: a panel of the kind %q", where, p.Type)
			}
			if p.Datasource != (modelSource{"prometheus", "${datasource}"}) || len(p.Targets) == 0 {
				t.Errorf("%s: data source %v, %d queries", where, p.Datasource, len(p.Targets))
			}
			if p.Type != "table" && p.Type != "state-timeline" && p.FieldConfig.Defaults.Unit == "" {
				t.Errorf("%s: no unit", where)
			}
			for _, q := range p.Targets {
				if (p.Type == "timeseries" || p.Type == "bargauge") && q.LegendFormat == "" {
					t.Errorf("%s: %s has no legend", where, q.RefID)
				}
			}
		}
		for _, visible := range [][]modelPanel{slices.DeleteFunc(slices.Clone(m.Panels), func(p modelPanel) bool { return p.Collapsed }), panels} {
			checkPlaces(t, name, visible)
		}
	}
}

// checkPlaces finds panels that lie over each other or beyond the page.
func checkPlaces(t *testing.T, name string, panels []modelPanel) {
	for i, a := range panels {
		p := a.GridPos
		if p.X < 0 || p.W <= 0 || p.H <= 0 || p.X+p.W > width {
			t.Errorf("%s: %q is not on the page: %+v", name, a.Title, p)
		}
		for _, b := range panels[:i] {
			q := b.GridPos
			if p.X < q.X+q.W && q.X < p.X+p.W && p.Y < q.Y+q.H && q.Y < p.Y+p.H && !foldedApart(name, a, b) {
				t.Errorf("%s: %q lies over %q", name, a.Title, b.Title)
			}
		}
	}
}

// foldedApart says whether two panels are in different sections of which at
// least one is folded: Grafana moves what is below when it unfolds one.
func foldedApart(name string, a, b modelPanel) bool {
	section := func(title string) (int, bool) {
		for i, s := range dashboards()[name+".json"].sections {
			if slices.ContainsFunc(s.panels, func(p panel) bool { return p.title == title }) {
				return i, s.folded
			}
		}
		return -1, false
	}
	i, iFolded := section(a.Title)
	j, jFolded := section(b.Title)
	return i != j && (iFolded || jFolded)
}

// TestNoMetricInvented looks up every metric that a dashboard asks for.
func TestNoMetricInvented(t *testing.T) {
	documented := documentedMetrics(t)
	for name, m := range read(t) {
		for _, q := range m.queries() {
			for _, metric := range metricsOf(q.expr) {
				if !documented(metric) {
					t.Errorf("%s: %s: docs/metrics.md has no %s", name, q.where, metric)
				}
			}
		}
	}
}

// asked is one query of a dashboard and where it stands.
type asked struct {
	where, expr string
	instant     bool
}

func (m model) queries() []asked {
	var out []asked
	for _, p := range m.all() {
		for _, q := range p.Targets {
			out = append(out, asked{p.Title + " " + q.RefID, q.Expr, q.Instant})
		}
	}
	for _, a := range m.Annotations.List {
		out = append(out, asked{"annotation " + a.Name, a.Expr, false})
	}
	for _, v := range m.Templating.List {
		if v.Type == "query" {
			out = append(out, asked{"variable " + v.Name, v.expr(), true})
		}
	}
	return out
}

// expr is the expression within query_result().
func (v modelVariable) expr() string {
	text, _ := v.Query.(map[string]any)["query"].(string)
	return strings.TrimSuffix(strings.TrimPrefix(text, "query_result("), ")")
}

var (
	metricName = regexp.MustCompile(`\b(?:xen|perfmon)_[a-z0-9_]+(?:\([a-z|]+\)[a-z0-9_]+)?`)
	tableLine  = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|")
	suffixes   = regexp.MustCompile(`_(?:bucket|sum|count)$`)
)

// metricsOf lists the metrics of an expression. A pattern of names, such as
// xen_vm_vbd_(read|write)_bytes_per_second, gives each.
func metricsOf(expr string) []string {
	var out []string
	for _, name := range metricName.FindAllString(expr, -1) {
		head, rest, pattern := strings.Cut(name, "(")
		if !pattern {
			out = append(out, name)
			continue
		}
		words, tail, _ := strings.Cut(rest, ")")
		for _, word := range strings.Split(words, "|") {
			out = append(out, head+word+tail)
		}
	}
	return out
}

// documentedMetrics says which metrics docs/metrics.md has.
func documentedMetrics(t testing.TB) func(string) bool {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range tableLine.FindAllStringSubmatch(string(page), -1) {
		names[m[1]] = true
	}
	if len(names) < 100 {
		t.Fatalf("docs/metrics.md seems to have %d metrics", len(names))
	}
	return func(metric string) bool { return names[metric] || names[suffixes.ReplaceAllString(metric, "")] }
}
