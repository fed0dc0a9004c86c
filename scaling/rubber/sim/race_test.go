//go:build race

package sim

// race is whether the race detector is there. A simulation has one goroutine, and
// takes ten times as long under it.
const race = true
