package config

import (
	"os"
	"testing"
)

func TestParseFreshDom0(t *testing.T) {
	text, err := os.ReadFile("testdata/dom0-default-perfmon-config.xml")
	if err != nil {
		t.Fatal(err)
	}
	c, problems := Parse(ClassVM, string(text), Options{})
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	want := []Variable{
		{Name: "fs_usage", Fold: FSUsage, Level: 0.9},
		{Name: "mem_usage", Fold: MemUsage, Level: 0.95},
		{Name: "log_fs_usage", Fold: LogFSUsage, Level: 0.9},
	}
	if len(c.Variables) != len(want) {
		t.Fatalf("%d variables, want %d", len(c.Variables), len(want))
	}
	for i, w := range want {
		v := c.Variables[i]
		if v.Name != w.Name || v.Fold != w.Fold || v.Level != w.Level || v.Pattern != nil ||
			v.Sense != High || v.Period != 60 || v.Inhibit != 3600 || v.Priority != 3 || v.Line != 1 {
			t.Errorf("variable %d: %+v", i, v)
		}
	}
}
