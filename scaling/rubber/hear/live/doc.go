// Package live has the tests of hear with real servers. They are not beside it
// because fuzzing it would have to carry those servers' code then, which makes
// it slower by a thousand times.
package live
