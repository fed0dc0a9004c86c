package xapitest

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// Dial connects to the server in memory, with Options.Memory: the address is
// what Addr says, or the path of a socket.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	for _, e := range s.endpoints {
		e.mu.Lock()
		here := e.network == network && e.address == address
		ln, ok := e.ln.(*memory)
		e.mu.Unlock()
		if here && ok {
			return ln.dial(ctx)
		}
	}
	return nil, fmt.Errorf("dial %s %s in memory: nobody listens", network, address)
}

// memory is a listener whose connections are pipes, with which a server and its
// clients can live in a bubble of testing/synctest.
type memory struct {
	address address
	conns   chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

type address struct{ network, address string }

func (a address) Network() string { return a.network }
func (a address) String() string  { return a.address }

func newMemory(network, addr string) *memory {
	return &memory{address: address{network, addr}, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (m *memory) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-m.closed:
		return nil, fmt.Errorf("dial %s in memory: %w", m.address, net.ErrClosed)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is part of net.Listener.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close is part of net.Listener.
func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

// Addr is part of net.Listener.
func (m *memory) Addr() net.Addr { return m.address }
