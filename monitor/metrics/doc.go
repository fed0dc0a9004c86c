// Package metrics is the page that Prometheus reads: the newest row of every
// data source in base units under stable names, the state of every trigger,
// and the names that belong to the uuids.
//
// What a toolstack calls a data source and what the page calls it is one
// table, in table.go. docs/metrics.md is made from it.
package metrics

//go:generate go test -run ^TestDocs$ -update .
