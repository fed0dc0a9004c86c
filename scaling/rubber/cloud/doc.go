// Package cloud says what a machine is to rubber, and what a cloud has to be
// able to do: make one, list those that are ours, and end one. Each driver is a
// folder below; cloudtest holds all of them to the same behaviour.
package cloud
