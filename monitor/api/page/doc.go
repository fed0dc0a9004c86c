// Package page is the web page at the root of the agent's web port: current
// alarms, objects, and plots with the triggers' levels drawn in. It asks the
// agent that it came from (the read-only local API, relative addresses) and
// nobody else. What it shares with other pages is in kit.
package page
