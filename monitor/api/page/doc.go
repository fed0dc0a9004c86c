// Package page is the web page at the root of the web port: current alarms,
// objects, and plots with the triggers' levels drawn in. It is HTML, style and
// JavaScript modules without a build step, all of it part of the program; it
// asks the agent that it came from (the read-only local API, relative
// addresses) and nobody else.
//
// The files are in assets. assets/uplot is the plotting library, as it was
// released: assets/uplot/README.md says which.
package page
