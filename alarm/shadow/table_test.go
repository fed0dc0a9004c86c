package shadow

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/docs/docstest"
)

// TestTable makes the example of docs/shadow.md.
func TestTable(t *testing.T) {
	b := newBench(t)
	free := variable("memory_internal_free", "65536", "alarm_trigger_sense=low")
	disk := variable("disk_usage", "50000000")
	b.says(-900, "host", own, variable("cpu_usage", "0.9"), 0.96, nil)
	b.raised(-60, "host", own, variable("cpu_usage", "0.9"), 0.96, nil)
	b.raised(5100, "vm", web, cpu, 0.9713, nil)
	b.says(5292, "vm", web, cpu, 0.9713, nil)
	b.raised(8700, "vm", web, cpu, 0.94, nil, func(e *alarm.Event) { e.Kind = alarm.KindRepeated })
	b.says(9120, "vm", web, cpu, 0.9322, nil)
	b.says(6031, "vm", db, free, 0, nil)
	b.raised(6300, "vm", db, disk, 81234567.5, &Circumstances{InForce: true, Columns: []string{"vbd_xvda_read", "vbd_nvme0n1_write"}})
	b.says(6380, "vm", db, disk, 61234567.25, nil)
	b.raised(7200, "vm", db, cpu, 0.99, &Circumstances{InForce: true})
	b.until(13000)
	b.raised(12960, "sr", nas, variable("physical_utilisation", "0.8"), 0.8125, nil)
	var out strings.Builder
	if err := b.WriteTable(&out, t0+13000); err != nil {
		t.Fatal(err)
	}
	docstest.Example(t, "shadow.md", "table", "", out.String())
}

func TestTableOfForeignText(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Keep = 1 })
	now := copyOf(watched)
	now[Object{"vm", web}] = Facts{Name: "\x1b[2Jevil\tname\nthat is far too long for a column of a table \xff"}
	b.Watch(t0, now)
	b.says(5000, "vm", web, variable("x\n\ty", "1"), math.Inf(1), nil)
	b.says(5000, "vm", db, variable("x", "1"), 1, nil)
	b.until(9999)
	b.says(5001, "vm", web, variable(strings.Repeat("v", 99), "1"), 12, nil)
	var out strings.Builder
	if err := b.WriteTable(&out, t0+9999); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.ContainsAny(text, "\x1b\t") || strings.Contains(text, "\xff") || !strings.Contains(text, "?[2Jevil?name?that is f…") ||
		!strings.Contains(text, strings.Repeat("v", maxWord-1)+"…") || !strings.Contains(text, "(1 earlier ones are in the log alone)") ||
		!strings.Contains(text, "not decided 1") {
		t.Errorf("%s", text)
	}
}

func TestEmptyTable(t *testing.T) {
	b := newBench(t)
	var out strings.Builder
	if err := b.WriteTable(&out, t0+60); err != nil || !strings.Contains(out.String(), "There were none.\n\nagreed 0, only here 0, only stock 0, other body 0\n") {
		t.Errorf("%s, %v", &out, err)
	}
	if err := b.WriteTable(full{}, t0+60); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }

// TestDocsReasons: the page has every reason.
func TestDocsReasons(t *testing.T) {
	page, err := os.ReadFile("../../docs/shadow.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Reason]bool{}
	for _, r := range Reasons {
		if seen[r] {
			t.Errorf("%s is there twice", r)
		}
		seen[r] = true
		if !strings.Contains(string(page), "\n| "+strings.ReplaceAll(string(r), "|", `\|`)+" |") {
			t.Errorf("docs/shadow.md does not have the reason %q", r)
		}
	}
}
