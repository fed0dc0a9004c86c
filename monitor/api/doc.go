// Package api is what the agent shows to others. So far that is the web port,
// which is read-only: the metrics page, the rows that this host has archived
// for itself in the toolstack's own format, and a page that says so.
package api
