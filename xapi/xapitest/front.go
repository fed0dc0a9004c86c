package xapitest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"sync"
)

// Front speaks TLS before a Server's TCP endpoint and passes the bytes on, as
// stunnel does on a host: it knows nothing of HTTP, so what a client sends and
// gets is the toolstack's own.
type Front struct {
	URL         string // https://127.0.0.1:port
	Certificate *x509.Certificate

	target string
	ln     net.Listener
	wg     sync.WaitGroup

	mu     sync.Mutex // guards conns
	conns  map[net.Conn]struct{}
	closed bool
}

// StartFront listens on a loopback port for clients of the server, which has
// been started. Close ends it.
func (s *Server) StartFront() (*Front, error) {
	// The one place that has a certificate of loopback ready.
	donor := httptest.NewTLSServer(nil)
	config, certificate := donor.TLS.Clone(), donor.Certificate()
	donor.Close()
	config.NextProtos = []string{"http/1.1"}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return nil, fmt.Errorf("listen for TLS: %w", err)
	}
	f := &Front{URL: "https://" + ln.Addr().String(), Certificate: certificate, target: s.Addr(TCP), ln: ln, conns: map[net.Conn]struct{}{}}
	f.wg.Add(1)
	go f.accept()
	return f, nil
}

func (f *Front) accept() {
	defer f.wg.Done()
	for {
		c, err := f.ln.Accept()
		if err != nil {
			return
		}
		f.wg.Add(1)
		go func() {
			defer f.wg.Done()
			defer c.Close()
			if f.keep(c) {
				defer f.drop(c)
				f.pass(c)
			}
		}()
	}
}

// pass copies in both directions until one side ends.
func (f *Front) pass(client net.Conn) {
	server, err := net.Dial("tcp", f.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !f.keep(server) {
		return
	}
	defer f.drop(server)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	_, _ = io.Copy(client, server)
	client.Close()
	<-done
}

func (f *Front) keep(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.conns[c] = struct{}{}
	}
	return !f.closed
}

func (f *Front) drop(c net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, c)
}

// Close cuts the connections and waits for what serves them.
func (f *Front) Close() error {
	err := f.ln.Close()
	f.mu.Lock()
	f.closed = true
	for c := range f.conns {
		_ = c.Close() // its other side may be gone already
	}
	f.mu.Unlock()
	f.wg.Wait()
	return err
}
