//go:build !race

package sim

// race is whether the race detector is there.
const race = false
