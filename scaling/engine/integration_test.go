//go:build integration

package engine

import "testing"

func TestOwnerIsKilledOften(t *testing.T) { killOwners(t, 20) }
