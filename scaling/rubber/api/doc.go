// Package api is how others speak to rubber: HTTP with JSON, version 1, on a unix
// socket for those who may change something, and on a web port for those who
// look on. The types are the contract; fields are added, none is changed.
package api
