package metrics

import (
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"perfmon/rrd"
)

// FuzzPage takes a legend, one entry a line, and checks that the page can be
// read and has each data source exactly once.
func FuzzPage(f *testing.F) {
	var all []string
	for _, k := range known {
		e := rrd.Entry{CF: rrd.Average, Class: k.class, UUID: hostUUID, Name: k.name}
		f.Add(e.String())
		if !strings.Contains(k.name, "\n") {
			all = append(all, e.String())
		}
	}
	f.Add(strings.Join(all, "\n"))
	f.Add("AVERAGE:vm:u:cpu0\nAVERAGE:vm:u:cpu0\nAVERAGE:vm:u:cpu00\nMIN:vm:u:cpu0")
	f.Add("AVERAGE:vm::\nAVERAGE:::\nAVERAGE:vm:\xff:a\nAVERAGE:vm:\xfe:a\nAVERAGE:vm:\uFFFD:a")
	f.Add("AVERAGE:host:u:pif_a_rx_rx\nAVERAGE:host:u:pif_a_rx\nAVERAGE:host:u:pif_aggr_rx\nAVERAGE:host:u:pif_" + strings.Repeat("x", 500) + "_rx")
	f.Fuzz(func(t *testing.T, legend string) {
		var columns []column
		want := map[rrd.Entry]bool{}
		for text := range strings.SplitSeq(legend, "\n") {
			e, err := rrd.ParseEntry(text)
			if err != nil {
				continue
			}
			columns = append(columns, column{e, 1})
			if e.CF == rrd.Average {
				want[e] = true
			}
		}
		page := pageAt(t, picture(columns...), now)
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(page))
		if err != nil {
			t.Fatalf("the page cannot be read: %v\n%s", err, page)
		}
		got := 0
		for _, family := range families {
			got += len(family.GetMetric())
		}
		if got != len(want) {
			t.Errorf("%d series of %d data sources:\n%s", got, len(want), page)
		}
	})
}
