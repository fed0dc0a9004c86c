//go:build integration

package process

import "testing"

func TestHundredCrashes(t *testing.T) { testCrashes(t, 100) }
