package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/docs/docstest"
	"perfmon/scaling/rubber"
)

// rubberMetrics are the metrics that rubber has: those of its controller by the
// program itself, those of its surroundings by the docs, which a test of the
// program holds to what it sends.
func rubberMetrics(t *testing.T) []string {
	t.Helper()
	c, err := rubber.New(rubber.Options{Owner: "test", Store: rubber.NewMemoryStore(), DryRun: true, Config: rubber.Config{Cap: 1}})
	if err != nil {
		t.Fatal(err)
	}
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		c.Metrics().Describe(descs)
	}()
	name := regexp.MustCompile(`fqName: "([^"]+)"`)
	var list []string
	for d := range descs {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			list = append(list, m[1])
		}
	}
	if len(list) < 30 {
		t.Fatalf("rubber has %d metrics", len(list))
	}
	page, err := os.ReadFile(filepath.Join(root, "docs/rubber-page.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, surroundings, found := strings.Cut(string(page), "Of those whom rubber asks and hears:")
	if !found {
		t.Fatal("docs/rubber-page.md has no table of those whom rubber asks and hears")
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(rubber_[a-z0-9_]+)` ").FindAllStringSubmatch(surroundings, -1) {
		list = append(list, m[1])
	}
	return list
}

var rubberMetric = regexp.MustCompile(`\brubber_[a-z0-9_]+`)

func mustHave(t *testing.T, metrics []string, where, expr string) {
	t.Helper()
	found := rubberMetric.FindAllString(expr, -1)
	if len(found) == 0 && !strings.Contains(expr, `up{job="rubber"}`) {
		t.Errorf("%s asks for nothing of rubber: %s", where, expr)
	}
	for _, metric := range found {
		if !slices.Contains(metrics, metric) && !slices.Contains(metrics, suffixes.ReplaceAllString(metric, "")) {
			t.Errorf("%s: rubber has no %s", where, metric)
		}
	}
}

// TestRubberDashboard: the file is what is made, and asks for what there is.
func TestRubberDashboard(t *testing.T) {
	folder := filepath.Join(root, "packaging/rubber/grafana")
	if docstest.Updating() {
		if err := write(folder, rubberDashboards()); err != nil {
			t.Fatal(err)
		}
	}
	d := rubberDashboard()
	text, err := d.text()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(folder, "rubber.json")); err != nil || string(got) != string(text) {
		t.Errorf("rubber.json is not what is made (%v): go run ./.ci/dashboards", err)
	}
	metrics := rubberMetrics(t)
	panels := 0
	for _, s := range d.sections {
		for _, p := range s.panels {
			panels++
			if p.title == "" || len(p.queries) == 0 || p.kind == "timeseries" && p.unit == "" {
				t.Errorf("%s: no title, no query or no unit", p.title)
			}
			for _, q := range p.queries {
				mustHave(t, metrics, p.title, q.expr)
			}
		}
	}
	if panels < 15 {
		t.Errorf("%d panels", panels)
	}
}

// TestRubberRules: each alert asks for what there is, has its words, is explained
// with what to do at night, and is tried firing and quiet.
func TestRubberRules(t *testing.T) {
	folder := filepath.Join(root, "packaging/rubber/prometheus")
	var f struct{ Groups []group }
	readYAML(t, filepath.Join(folder, "rubber.rules.yml"), &f)
	page, err := os.ReadFile(filepath.Join(root, "docs/rubber-alerts.md"))
	if err != nil {
		t.Fatal(err)
	}
	var tried struct {
		Tests []struct {
			AlertRuleTest []struct {
				Alertname string `yaml:"alertname"`
				ExpAlerts []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	readYAML(t, filepath.Join(folder, "tests/rubber.test.yml"), &tried)
	firing, quiet := map[string]bool{}, map[string]bool{}
	for _, test := range tried.Tests {
		for _, c := range test.AlertRuleTest {
			if len(c.ExpAlerts) > 0 {
				firing[c.Alertname] = true
			} else {
				quiet[c.Alertname] = true
			}
		}
	}
	metrics := rubberMetrics(t)
	var names []string
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
			mustHave(t, metrics, r.Alert, r.Expr)
			if s := r.Labels["severity"]; s != "warning" && s != "critical" {
				t.Errorf("%s: severity %q", r.Alert, s)
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Annotations["runbook"] != "docs/rubber-alerts.md#"+strings.ToLower(r.Alert) {
				t.Errorf("%s: its words are %v", r.Alert, r.Annotations)
			}
			_, below, found := strings.Cut(string(page), "\n### "+r.Alert+"\n")
			explanation, _, _ := strings.Cut(below, "\n#")
			if !found || !strings.Contains(explanation, "**At night:**") {
				t.Errorf("docs/rubber-alerts.md does not say what %s means, or what to do at night", r.Alert)
			}
			if !firing[r.Alert] || !quiet[r.Alert] {
				t.Errorf("%s is tried firing: %v, quiet: %v", r.Alert, firing[r.Alert], quiet[r.Alert])
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(string(page), -1) {
		if !slices.Contains(names, m[1]) {
			t.Errorf("docs/rubber-alerts.md explains %s, which is no alert", m[1])
		}
	}
}
