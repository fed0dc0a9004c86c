package replay

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
)

// TestEveryWordIsDocumented: docs/testing.md has all that the language knows.
func TestEveryWordIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	known = append(known, commonKeys...)
	known = append(known, "case:", "expect:", "triggers with errors:", "triggers of class", "triggers of pool:", "mute vms:",
		"clock +", "clock -", "silence ", "maintenance:", "maintenance of", "triggers: …", "tags: …", "file NAME", "expect: nothing")
	known = append(known, slices.Collect(maps.Keys(simpleActions))...)
	known = append(known, slices.Collect(maps.Keys(objectActions))...)
	known = append(known, maintenanceWords...)
	known = append(known, slices.Collect(maps.Keys(readingFolds))...)
	known = append(known, kindWords...)
	for _, s := range alarm.States {
		known = append(known, s.String())
	}
	for _, word := range known {
		if !strings.Contains(string(text), word) {
			t.Errorf("docs/testing.md says nothing of %q", word)
		}
	}
}
