// Package plan decides how many machines there are to be, and where: a pure
// function from a snapshot of everything known to a list of steps, each with its
// reasons. It asks nobody and holds nothing; time is part of the snapshot.
package plan
