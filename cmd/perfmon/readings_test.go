package main

import (
	"math"
	"strings"
	"testing"

	"perfmon/monitor/config"
)

// TestEveryReadingIsRead: no fold that is a reading is without one.
func TestEveryReadingIsRead(t *testing.T) {
	r := readings()
	read := 0
	for f := config.FSUsage; !strings.Contains(f.String(), "unknown"); f++ {
		if f == config.SRUsage {
			continue // of an SR's record, not of dom0
		}
		v, err := r.Read(f)
		if err != nil || v < 0 || math.IsInf(v, 0) {
			t.Errorf("%v: %v, %v", f, v, err)
		}
		read++
	}
	if read != 4 {
		t.Errorf("%d readings, want 4", read)
	}
}
