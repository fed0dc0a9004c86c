// Package page is the web page at the root of rubber's web port: what waits,
// who works, what machines there are and why, and what was decided, live. It
// asks the rubber that it came from (the read-only API, relative addresses)
// and nobody else, and changes nothing. What it shares with other pages is in
// monitor/api/page/kit.
package page
