//go:build race

package xapi

// stride is how many calls lie between two at which a driver is killed. The
// race detector makes each of them ten times as long, and looks at other
// things.
const stride = 6
