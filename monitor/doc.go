// Package monitor is the loop: it wakes, fetches rows, matches their columns
// to variables, folds them, and steps the triggers.
//
// One goroutine, the one in Run, owns all of the monitoring state, so there is
// no mutex; others hand it inventories and commands through channels and look
// at the Snapshot that each poll leaves behind.
package monitor
