// Package cloudtest has a cloud for tests, in memory and with faults to order,
// and the behaviour that every driver is held to.
//
// A World is what is out there: hosts, machines, and whatever goes wrong. It
// knows nothing of who uses it, and goes on when they end. A test of rubber has
// a World, gets a handle on it by World.Connect, and another one after rubber's
// "crash". A test of a driver calls Run with a Suite that says how to reach the
// driver's cloud.
package cloudtest
