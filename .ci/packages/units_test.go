package packages

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	hardeningPage = "../../docs/hardening.md"
	oldest        = 219 // the version of systemd that the units are made for
)

var unitFiles = []string{"../../packaging/perfmon-agent.service", "../../packaging/perfmon-agent.socket"}

// rubberUnit is that of the package beside the agent's.
const rubberUnit = "../../packaging/rubber/rubber.service"

// setting is one line of a unit.
type setting struct{ section, name, value string }

func readUnit(t *testing.T, path string) []setting {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []setting
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		default:
			name, value, ok := strings.Cut(line, "=")
			if !ok {
				t.Fatalf("%s: %q is no setting", path, line)
			}
			list = append(list, setting{section, name, value})
		}
	}
	return list
}

func readUnits(t *testing.T) []setting {
	t.Helper()
	var all []setting
	for _, path := range unitFiles {
		all = append(all, readUnit(t, path)...)
	}
	return all
}

// since is a row of the table in docs/hardening.md:
//
//	| `ProtectClock=` | 245 | ignored | … |
type since struct {
	version int
	on219   string
}

// readTable reads the rows between two comments of the page, by their first
// cell.
func readTable(t *testing.T) map[string]since {
	t.Helper()
	page, err := os.ReadFile(hardeningPage)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "<!-- begin directives -->")
	body, _, ok := strings.Cut(rest, "<!-- end directives -->")
	if !ok {
		t.Fatalf("%s has no table of directives", hardeningPage)
	}
	table := map[string]since{}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\d+) \\| ([^|]+) \\|")
	for _, m := range row.FindAllStringSubmatch(body, -1) {
		version, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := table[m[1]]; twice {
			t.Errorf("%s is in the table twice", m[1])
		}
		table[m[1]] = since{version, strings.TrimSpace(m[3])}
	}
	return table
}

// known reads testdata/systemd-219.txt: the names of each section.
func known(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/systemd-219.txt")
	if err != nil {
		t.Fatal(err)
	}
	names, section := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		default:
			names[section] = append(names[section], strings.Fields(line)...)
		}
	}
	return names
}

// laterValues are values that a directive of old took on later, with the row
// that tells of them.
func laterValues(s setting) (row string, ok bool) {
	switch {
	case s.name == "ProtectSystem" && s.value == "strict":
		return "ProtectSystem=strict", true
	case s.name == "SystemCallFilter" && strings.Contains(s.value, "@"):
		return "SystemCallFilter=~@group", true
	}
	return "", false
}

// TestDirectives: each directive of the units is in the table with the version
// of systemd that it came with, and systemd 219 reads exactly those that the
// table says.
func TestDirectives(t *testing.T) {
	table, names := readTable(t), known(t)
	used := map[string]bool{}
	for _, s := range readUnits(t) {
		row := s.name + "="
		later := false
		if value, ok := laterValues(s); ok {
			row, later = value, true
		}
		used[row] = true
		entry, ok := table[row]
		if !ok {
			t.Errorf("%s%s (of [%s]) is not in the table of %s", s.name, "="+s.value, s.section, hardeningPage)
			continue
		}
		reads := slices.Contains(names[s.section], s.name) && !later
		switch {
		case reads && entry.on219 != "in force":
			t.Errorf("%s: systemd %d reads it, and the table says %q", row, oldest, entry.on219)
		case !reads && (entry.on219 != "ignored" || entry.version <= oldest):
			t.Errorf("%s: systemd %d does not know it, and the table says %q, since %d", row, oldest, entry.on219, entry.version)
		}
	}
	for row := range table {
		if !used[row] {
			t.Errorf("%s is in the table and in no unit", row)
		}
	}
}

// TestNothingOldTurnsHarmful: three settings would not be ignored by systemd
// 219 but change their meaning if they were written another way.
func TestNothingOldTurnsHarmful(t *testing.T) {
	t.Run("agent", func(t *testing.T) { nothingOldTurnsHarmful(t, readUnits(t)) })
	t.Run("rubber", func(t *testing.T) { nothingOldTurnsHarmful(t, readUnit(t, rubberUnit)) })
}

func nothingOldTurnsHarmful(t *testing.T, unit []setting) {
	var protect []string
	for _, s := range unit {
		switch s.name {
		case "SystemCallFilter":
			// Of an allowing list of groups it would keep nothing but exit.
			if !strings.HasPrefix(s.value, "~") {
				t.Errorf("SystemCallFilter=%s is a list of what is allowed", s.value)
			}
		case "ProtectSystem":
			protect = append(protect, s.value)
		case "ExecStart", "ExecReload", "ExecStartPre", "ExecStartPost":
			if !strings.HasPrefix(s.value, "/") {
				t.Errorf("%s=%s: prefixes of the path are newer", s.name, s.value)
			}
		}
	}
	if !slices.Equal(protect, []string{"full", "strict"}) {
		t.Errorf("ProtectSystem is %q: want full, which is old, and then strict", protect)
	}
}

// TestUnitsSay: what the rest of the house relies on.
func TestUnitsSay(t *testing.T) {
	all := readUnits(t)
	for _, want := range []setting{
		{"Service", "Type", "notify"},
		{"Unit", "PartOf", "toolstack.target"},
		{"Unit", "Conflicts", "perfmon.service"},
		{"Service", "EnvironmentFile", "-/etc/sysconfig/perfmon"},
		{"Service", "EnvironmentFile", "-/etc/default/perfmon"},
		{"Service", "RestartPreventExitStatus", "1 3"},
		{"Service", "StateDirectory", "perfmon"},
		{"Service", "RuntimeDirectory", "perfmon"},
		{"Socket", "ListenDatagram", "@perfmon"},
		{"Socket", "PassCredentials", "yes"},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("no unit says %s=%s in [%s]", want.name, want.value, want.section)
		}
	}
	// The stock unit's name belongs to another package.
	for _, path := range unitFiles {
		if base := filepath.Base(path); base == "perfmon.service" || base == "perfmon.socket" {
			t.Errorf("%s has the stock unit's name", path)
		}
	}
}

// TestMemory: the collector works harder before the limit ends the agent.
func TestMemory(t *testing.T) {
	var soft, hard int
	for _, s := range readUnits(t) {
		switch {
		case s.name == "Environment" && strings.HasPrefix(s.value, "GOMEMLIMIT="):
			if _, err := fmt.Sscanf(s.value, "GOMEMLIMIT=%dMiB", &soft); err != nil {
				t.Fatal(err)
			}
		case s.name == "MemoryMax", s.name == "MemoryLimit":
			var n int
			if _, err := fmt.Sscanf(s.value, "%dM", &n); err != nil {
				t.Fatal(err)
			}
			if hard != 0 && hard != n {
				t.Errorf("MemoryLimit and MemoryMax differ: %d and %d MiB", hard, n)
			}
			hard = n
		}
	}
	if soft == 0 || soft >= hard {
		t.Errorf("GOMEMLIMIT is %d MiB and the limit %d MiB", soft, hard)
	}
}
