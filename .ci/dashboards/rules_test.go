package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// rule is one of a Prometheus rules file.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

type group struct {
	Name  string
	Rules []rule
}

// rules reads the rules files, by name.
func rules(t testing.TB) map[string][]rule {
	t.Helper()
	out := map[string][]rule{}
	for _, path := range files(t, "*.rules.yml") {
		var f struct{ Groups []group }
		readYAML(t, path, &f)
		for _, g := range f.Groups {
			out[filepath.Base(path)] = append(out[filepath.Base(path)], g.Rules...)
		}
	}
	return out
}

func files(t testing.TB, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "packaging/prometheus", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s in packaging/prometheus: %v", pattern, err)
	}
	return paths
}

func readYAML(t testing.TB, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// TestRulesAskForWhatIsThere looks up every metric of every rule. A series
// that another rule of the same file records is there too.
func TestRulesAskForWhatIsThere(t *testing.T) {
	documented := documentedMetrics(t)
	recorded := regexp.MustCompile(`\b[a-z_]+:[a-z_]+(?::[a-z_]+)?`)
	for file, list := range rules(t) {
		var before []string
		for _, r := range list {
			expr := r.Expr
			for _, name := range recorded.FindAllString(expr, -1) {
				if !slices.Contains(before, name) {
					t.Errorf("%s: %s%s asks for %s, which no rule above records", file, r.Record, r.Alert, name)
				}
			}
			for _, metric := range metricsOf(recorded.ReplaceAllString(expr, "")) {
				if !documented(metric) {
					t.Errorf("%s: %s%s: docs/metrics.md has no %s", file, r.Record, r.Alert, metric)
				}
			}
			if r.Record != "" {
				before = append(before, r.Record)
			}
		}
	}
}

// TestAlertsAreExplained demands of every alert its words, and a heading in
// docs/dashboards.md with what it means and what to do.
func TestAlertsAreExplained(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/dashboards.md"))
	if err != nil {
		t.Fatal(err)
	}
	alerts := 0
	for file, list := range rules(t) {
		for _, r := range list {
			if r.Alert == "" {
				continue
			}
			alerts++
			if s := r.Labels["severity"]; s != "warning" && s != "critical" {
				t.Errorf("%s: %s: severity %q", file, r.Alert, s)
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s: %s has no summary or no description", file, r.Alert)
			}
			if want := "docs/dashboards.md#" + strings.ToLower(r.Alert); r.Annotations["runbook"] != want {
				t.Errorf("%s: %s: runbook %q, want %q", file, r.Alert, r.Annotations["runbook"], want)
			}
			_, below, found := strings.Cut(string(text), "\n### "+r.Alert+"\n")
			explanation, _, _ := strings.Cut(below, "\n#")
			if !found || !strings.Contains(explanation, "**At night:**") {
				t.Errorf("docs/dashboards.md does not say what %s means, or what to do at night", r.Alert)
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^### ((?:Xen|Perfmon)\w+)$`).FindAllStringSubmatch(string(text), -1) {
		if !slices.ContainsFunc(slices.Concat(slices.Collect(maps.Values(rules(t)))...), func(r rule) bool { return r.Alert == m[1] }) {
			t.Errorf("docs/dashboards.md explains %s, which is no alert", m[1])
		}
	}
	if alerts == 0 {
		t.Error("no alerts")
	}
}

// TestAlertsAreTried demands that the unit tests of the rules, which promtool
// runs (make integration), have each alert firing and not firing.
func TestAlertsAreTried(t *testing.T) {
	firing, quiet := map[string]bool{}, map[string]bool{}
	for _, path := range files(t, "tests/*.test.yml") {
		var f struct {
			Tests []struct {
				AlertRuleTest []struct {
					Alertname string `yaml:"alertname"`
					ExpAlerts []any  `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		readYAML(t, path, &f)
		for _, test := range f.Tests {
			for _, c := range test.AlertRuleTest {
				if len(c.ExpAlerts) > 0 {
					firing[c.Alertname] = true
				} else {
					quiet[c.Alertname] = true
				}
			}
		}
	}
	for _, list := range rules(t) {
		for _, r := range list {
			if r.Alert != "" && (!firing[r.Alert] || !quiet[r.Alert]) {
				t.Errorf("%s is tried firing: %v, not firing: %v", r.Alert, firing[r.Alert], quiet[r.Alert])
			}
		}
	}
}
