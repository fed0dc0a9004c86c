package xapitest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
)

// Endpoint is one of the places where a host listens.
type Endpoint string

// The three endpoints of a Server.
const (
	XAPI Endpoint = "xapi"     // unix socket Dir/xapi: RPC and updates, as root
	RRDD Endpoint = "xcp-rrdd" // unix socket Dir/xcp-rrdd: updates alone, no login
	TCP  Endpoint = "tcp"      // loopback port: RPC and updates, with a session
)

// endpoint is a listener that can be closed and opened again, and owns the
// goroutines of its connections.
type endpoint struct {
	name    Endpoint
	network string
	memory  bool
	serve   func(ctx context.Context, e *endpoint, c net.Conn, id int)

	op sync.Mutex // held while opening or shutting

	// mu guards everything that follows.
	mu      sync.Mutex
	address string
	ln      net.Listener // nil while closed
	cancel  context.CancelFunc
	conns   map[net.Conn]struct{}
	stats   ConnStats
	wg      sync.WaitGroup
}

// ConnStats counts the connections of one endpoint.
type ConnStats struct {
	Accepted int // so far
	Open     int // now
	MaxOpen  int // at most, at any time
}

// ConnStats says what connections the endpoint has had.
func (s *Server) ConnStats(e Endpoint) ConnStats {
	ep := s.endpoints[e]
	ep.mu.Lock()
	defer ep.mu.Unlock()
	return ep.stats
}

func (e *endpoint) addr() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.address
}

// open listens; a no-op if it already does.
func (e *endpoint) open() error {
	e.op.Lock()
	defer e.op.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ln != nil {
		return nil
	}
	ln, err := e.listen()
	if err != nil {
		return err
	}
	if e.network == "tcp" {
		e.address = ln.Addr().String() // the same port when opened again
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.ln, e.cancel, e.conns = ln, cancel, map[net.Conn]struct{}{}
	e.wg.Add(1)
	go e.accept(ctx, ln)
	return nil
}

func (e *endpoint) listen() (net.Listener, error) {
	if e.memory {
		return newMemory(e.network, e.address), nil
	}
	if e.network == "unix" {
		if err := removeSocket(e.address); err != nil {
			return nil, err
		}
	}
	ln, err := net.Listen(e.network, e.address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", e.name, err)
	}
	return ln, nil
}

func (e *endpoint) accept(ctx context.Context, ln net.Listener) {
	defer e.wg.Done()
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		e.mu.Lock()
		if e.ln != ln {
			e.mu.Unlock()
			c.Close()
			return
		}
		e.conns[c] = struct{}{}
		e.stats.Accepted++
		e.stats.Open++
		e.stats.MaxOpen = max(e.stats.MaxOpen, e.stats.Open)
		id := e.stats.Accepted
		e.wg.Add(1)
		e.mu.Unlock()
		go func() {
			defer e.wg.Done()
			e.serve(ctx, e, c, id)
			c.Close()
			e.mu.Lock()
			defer e.mu.Unlock()
			delete(e.conns, c)
			e.stats.Open--
		}()
	}
}

// shut stops listening, cuts the connections and waits for their goroutines.
// A unix socket's file stays if keepFile is true, so that clients are refused
// rather than told that there is no such file.
func (e *endpoint) shut(keepFile bool) error {
	e.op.Lock()
	defer e.op.Unlock()
	e.mu.Lock()
	ln := e.ln
	if ln != nil {
		e.ln = nil
		if u, ok := ln.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(false)
		}
		e.cancel()
		ln.Close()
		for c := range e.conns {
			c.Close()
		}
	}
	e.mu.Unlock()
	e.wg.Wait()
	if e.network == "unix" && !keepFile && !e.memory {
		return removeSocket(e.address)
	}
	return nil
}

// removeSocket removes the socket at path, if it is one.
func removeSocket(path string) error {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the old socket: %w", err)
	}
	if fi.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("listen on %q: there is a file that is no socket; remove it or choose another directory", path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the old socket: %w", err)
	}
	return nil
}
