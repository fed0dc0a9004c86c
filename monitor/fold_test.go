package monitor

import (
	"math"
	"testing"

	"perfmon/monitor/config"
)

func TestFold(t *testing.T) {
	inf := math.Inf(1)
	big := math.MaxFloat64
	f := func(name string, fn config.Fold, values []float64, want float64) {
		t.Helper()
		columns := make([]int, len(values))
		for i := range columns {
			columns[i] = i
		}
		got := fold(fn, values, columns)
		if math.IsNaN(got) != math.IsNaN(want) || !math.IsNaN(want) && got != want {
			t.Errorf("%s: %v of %v is %v, want %v", name, fn, values, got, want)
		}
	}
	f("sum", config.Sum, []float64{1, 2, 4}, 7)
	f("average", config.Average, []float64{1, 2, 6}, 3)
	f("max", config.Max, []float64{-3, -1, -2}, -1)
	f("negative sum", config.Sum, []float64{-1, -2}, -3)
	f("one unknown column does not hide the others in a sum", config.Sum, []float64{1, nan, 4}, 5)
	f("nor in an average", config.Average, []float64{1, nan, 5}, 3)
	f("nor in a max, wherever it stands", config.Max, []float64{nan, 2, 1}, 2)
	f("nor in a max, at the end", config.Max, []float64{1, 2, nan}, 2)
	f("infinity is unknown in a sum", config.Sum, []float64{1, inf}, 1)
	f("infinity is unknown in an average", config.Average, []float64{-inf, 3}, 3)
	f("infinity is unknown in a max", config.Max, []float64{inf, 3}, 3)
	f("nothing known", config.Sum, []float64{nan, inf}, nan)
	f("nothing known for a max", config.Max, []float64{nan}, nan)
	f("nothing known for an average", config.Average, []float64{nan}, nan)
	f("no column is not zero", config.Sum, nil, nan)
	f("no column has no average", config.Average, nil, nan)
	f("no column has no maximum", config.Max, nil, nan)
	f("zero is a value", config.Sum, []float64{0}, 0)
	f("a sum that overflows is unknown", config.Sum, []float64{big, big}, nan)
	f("an average that overflows is unknown", config.Average, []float64{big, big}, nan)
	f("SR usage", config.SRUsage, []float64{25, 100}, 0.25)
	f("SR usage of an empty SR", config.SRUsage, []float64{0, 100}, 0)
	f("SR usage without a size", config.SRUsage, []float64{25, 0}, nan)
	f("SR usage of a negative size", config.SRUsage, []float64{25, -1}, nan)
	f("SR usage with unknown use", config.SRUsage, []float64{nan, 100}, nan)
	f("SR usage with unknown size", config.SRUsage, []float64{25, nan}, nan)
	f("SR usage without its columns", config.SRUsage, nil, nan)
	f("SR usage of three columns", config.SRUsage, []float64{1, 2, 3}, nan)

	if got := fold(config.Sum, []float64{1, 10, 100}, []int{2, 0}); got != 101 {
		t.Errorf("only the variable's columns count: %v", got)
	}
}
