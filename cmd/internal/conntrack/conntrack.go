// Package conntrack stands in for the module of that name, which counts and
// traces the connections of HTTP clients that prometheus/common makes. Our
// programs make none with it: they are led there by exporter-toolkit, which
// reads the web port's settings with the same package.
//
// The real module registers the debug pages of golang.org/x/net/trace, whose
// templates call methods by name; with that in a program the linker has to
// keep every exported method of every type, which is 3.8 MB of perfmon's 20.
// Here a dialer dials, and nobody counts.
package conntrack

import (
	"context"
	"net"
)

// DialFunc makes a connection.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// Option is one of a dialer.
type Option func(*DialFunc)

// DialWithDialContextFunc has connections made by dial.
func DialWithDialContextFunc(dial DialFunc) Option { return func(d *DialFunc) { *d = dial } }

// DialWithTracing does nothing: nothing is traced.
func DialWithTracing() Option { return func(*DialFunc) {} }

// DialWithName does nothing: nothing is counted by name.
func DialWithName(string) Option { return func(*DialFunc) {} }

// NewDialContextFunc returns what makes connections.
func NewDialContextFunc(options ...Option) DialFunc {
	dial := (&net.Dialer{}).DialContext
	for _, set := range options {
		set(&dial)
	}
	return dial
}
