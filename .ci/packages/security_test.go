//go:build integration

package packages

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exposureLimit is in tenths, as --threshold wants it: 2.0.
const exposureLimit = "20"

// TestExposure: the tool's own judgement of the service, and what it lists is
// what the page gives reasons for.
func TestExposure(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze here: ", err)
	}
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager",
		"--threshold="+exposureLimit, "--json=short", unitFiles[0]).Output()
	var items []struct {
		Set      *bool
		Name     string
		Exposure *string
	}
	if jsonErr := json.Unmarshal(out[:max(0, strings.LastIndexByte(string(out), ']')+1)], &items); jsonErr != nil {
		t.Fatalf("%v, %v: %s", err, jsonErr, out)
	}
	if err != nil {
		t.Errorf("systemd-analyze security: %v: more than %s tenths of exposure", err, exposureLimit)
	}
	listed := map[string]bool{}
	for _, item := range items {
		if item.Exposure != nil {
			listed[item.Name] = true
		}
	}
	if len(listed) == 0 || len(items) < 50 {
		t.Fatalf("%d items, %d of them listed: is that the tool's output?", len(items), len(listed))
	}
	page, err := os.ReadFile(hardeningPage)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "<!-- begin exposure -->")
	body, _, _ := strings.Cut(rest, "<!-- end exposure -->")
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(body, -1) {
		explained[strings.ReplaceAll(m[1], `\|`, "|")] = true
	}
	// Names differ a little from one version of the tool to the next, and so
	// do its weights, but a new line needs its reason.
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !explained[name] {
			t.Errorf("%s is listed, and %s gives no reason for it", name, hardeningPage)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(explained)) {
		if !listed[name] {
			t.Errorf("%s gives a reason for %s, which is not listed", hardeningPage, name)
		}
	}
}
