//go:build integration

package rubber

import "testing"

// TestPlannerLongDay is what TestPlannerDay has a part of, as the race detector
// makes it slow.
func TestPlannerLongDay(t *testing.T) { plannerDay(t, 12) }
