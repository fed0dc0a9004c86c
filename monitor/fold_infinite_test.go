package monitor

import (
	"math"
	"testing"

	"perfmon/monitor/config"
)

// A division by an infinite size would make a healthy zero of what is not
// known.
func TestFoldInfiniteSize(t *testing.T) {
	for _, size := range []float64{math.Inf(1), math.Inf(-1)} {
		if got := fold(config.SRUsage, []float64{25, size}, []int{0, 1}); !math.IsNaN(got) {
			t.Errorf("SR usage of 25 in %v is %v, want unknown", size, got)
		}
	}
}
