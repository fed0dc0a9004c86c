package metrics

import (
	"testing"

	"perfmon/rrd"
)

func TestLookup(t *testing.T) {
	table := NewTable()
	d, ok := table.Find(rrd.Entry{CF: rrd.Average, Class: "host", Name: "memory_free_kib"})
	if !ok || d.Metric != "xen_host_memory_free_bytes" || d.Unit != "KiB" || d.Help == "" || d.Base(2) != 2048 || d.Part("sr") != "" {
		t.Errorf("%+v", d)
	}
	d, ok = table.Find(rrd.Entry{CF: rrd.Average, Class: "host", Name: "latency_0a1b2c3d"})
	if !ok || d.Part("sr") != "0a1b2c3d" || d.Part("pif") != "" || d.Base(3e6) != 3 || d.Unit != "µs" {
		t.Errorf("%+v", d)
	}
	if d, ok := table.Find(rrd.Entry{CF: rrd.Average, Class: "vm", Name: "memory_free_kib"}); ok {
		t.Errorf("of another class: %+v", d)
	}
}
