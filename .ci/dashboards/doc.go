// Command dashboards writes the Grafana dashboards of packaging/grafana. They
// are made of code because most of a dashboard's JSON is the same for every
// panel; what differs is in host.go, vms.go and alarms.go.
//
//	go run ./.ci/dashboards
//
// Its tests check that the files are what it writes, that dashboards and rules
// ask for no metric that docs/metrics.md does not have, that every alert of
// packaging/prometheus is explained in docs/dashboards.md and tried firing and
// not firing, and, with real servers (make integration), that every query has
// an answer.
package main
