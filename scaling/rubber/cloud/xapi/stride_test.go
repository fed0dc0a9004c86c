//go:build !race

package xapi

// stride is how many calls lie between two at which a driver is killed.
const stride = 1
