package scrape

import (
	"net/http"
	"strings"

	victoria "github.com/VictoriaMetrics/metrics"
)

// victoriaMetrics has a gauge for each series, sets them all, and writes them.
func victoriaMetrics() (func(http.ResponseWriter, bool) error, error) {
	list, err := readPage()
	if err != nil {
		return nil, err
	}
	set := victoria.NewSet()
	gauges := make([]*victoria.Gauge, len(list))
	for i, s := range list {
		var pairs []string
		for k := 0; k < len(s.labels); k += 2 {
			pairs = append(pairs, s.labels[k]+"="+label(s.labels[k+1]))
		}
		gauges[i] = set.NewGauge(s.name+"{"+strings.Join(pairs, ",")+"}", nil)
	}
	return func(w http.ResponseWriter, _ bool) error {
		for i, g := range gauges {
			g.Set(list[i].value)
		}
		set.WritePrometheus(w)
		victoria.WriteProcessMetrics(w)
		return nil
	}, nil
}
