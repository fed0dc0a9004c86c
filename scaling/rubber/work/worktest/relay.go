package worktest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"perfmon/alarm/sink/sinktest"
)

// Relay stands between a broker and who speaks to it, and can be cut.
type Relay struct {
	t       testing.TB
	to      string
	address string
	wait    sync.WaitGroup

	mu     sync.Mutex   // guards what follows
	listen net.Listener // nil while it is cut
	open   map[net.Conn]bool
	still  chan struct{} // closed while it passes things on
}

// NewRelay starts a relay to the host and port of a broker's URL, and returns
// the URL that leads through it.
func NewRelay(t testing.TB, brokerURL string) (r *Relay, throughURL string) {
	t.Helper()
	u, err := url.Parse(brokerURL)
	if err != nil {
		t.Fatal(err)
	}
	r = &Relay{t: t, to: u.Host, address: sinktest.FreeAddress(t), open: map[net.Conn]bool{}, still: make(chan struct{})}
	close(r.still)
	r.Mend()
	u.Host = r.address
	t.Cleanup(func() {
		r.Go()
		r.Cut()
		r.wait.Wait()
	})
	return r, u.String()
}

// Mend lets connections through again.
func (r *Relay) Mend() {
	r.t.Helper()
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.listen = l
	r.mu.Unlock()
	r.wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.serve(l, c)
		}
	})
}

func (r *Relay) serve(l net.Listener, c net.Conn) {
	d, err := net.Dial("tcp", r.to)
	if err != nil {
		c.Close()
		return
	}
	r.mu.Lock()
	down := r.listen != l
	if !down {
		r.open[c], r.open[d] = true, true
	}
	r.mu.Unlock()
	if down { // it has been cut meanwhile
		c.Close()
		d.Close()
		return
	}
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, stopper{from, r})
		to.Close()
		from.Close()
	}
	r.wait.Go(func() { pass(c, d) })
	r.wait.Go(func() { pass(d, c) })
}

// stopper hands on nothing while its relay is still.
type stopper struct {
	net.Conn
	r *Relay
}

func (s stopper) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.r.mu.Lock()
	still := s.r.still
	s.r.mu.Unlock()
	<-still
	return n, err
}

// Cut ends all connections and refuses new ones.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listen != nil {
		r.listen.Close()
		r.listen = nil
	}
	for c := range r.open {
		c.Close()
	}
	clear(r.open)
}

// Halt keeps connections and passes nothing on until Go.
func (r *Relay) Halt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.still = make(chan struct{})
}

// Go passes on again what came meanwhile.
func (r *Relay) Go() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.still:
	default:
		close(r.still)
	}
}
