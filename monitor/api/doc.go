// Package api is what the agent shows to others. There is the web port, which
// is read-only: the metrics page, the rows that this host has archived for
// itself in the toolstack's own format, and a page that says so (Handler,
// Serve). And there is the local API on a unix socket, for root alone, with
// which perfmonctl asks and orders (Service, Socket).
package api
