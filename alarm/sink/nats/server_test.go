package nats

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"perfmon/alarm/sink/sinktest"
)

// testServer is a NATS server in this process.
type testServer struct {
	*sinktest.NATS
	t *testing.T
}

func newServer(t *testing.T, change func(*server.Options)) *testServer {
	t.Helper()
	return &testServer{sinktest.StartNATS(t, change), t}
}

// link is a wire to the server that a test can cut.
type link struct {
	listener net.Listener
	url      string

	mu    sync.Mutex
	conns []net.Conn
	deaf  bool // nothing comes back from the server any more
	dead  bool // nor does anything get there
}

func newLink(t *testing.T, to string) *link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &link{listener: l, url: "nats://" + l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			k.mu.Lock()
			k.conns = append(k.conns, near, far)
			k.mu.Unlock()
			wg.Go(func() { k.copy(far, near, func() bool { return k.dead }) })
			wg.Go(func() { k.copy(near, far, func() bool { return k.deaf }) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		k.hangUp()
		wg.Wait()
	})
	return k
}

func (k *link) copy(to, from net.Conn, lost func() bool) {
	defer to.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		k.mu.Lock()
		drop := lost()
		k.mu.Unlock()
		if !drop && n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				from.Close()
			}
			return
		}
	}
}

// hangUp ends all connections.
func (k *link) hangUp() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		c.Close()
	}
	k.conns = nil
}

func (k *link) set(deaf, dead bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.deaf, k.dead = deaf, dead
}
