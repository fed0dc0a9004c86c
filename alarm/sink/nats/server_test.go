package nats

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// testServer is a NATS server in this process, with JetStream on disk.
type testServer struct {
	t    *testing.T
	opts *server.Options
	srv  *server.Server
	url  string
	root []nats.Option // what the test itself connects with
}

func newServer(t *testing.T, change func(*server.Options)) *testServer {
	t.Helper()
	s := &testServer{t: t, opts: &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
	}}
	if change != nil {
		change(s.opts)
	}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *testServer) start() {
	s.t.Helper()
	opts := *s.opts
	srv, err := server.NewServer(&opts)
	if err != nil {
		s.t.Fatal(err)
	}
	go srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		s.t.Fatal("the server does not start")
	}
	s.srv = srv
	address := srv.Addr().(*net.TCPAddr)
	s.opts.Port = address.Port // and again after a restart
	s.url = "nats://" + address.String()
}

func (s *testServer) stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}

// with runs f on a connection of the test's own.
func (s *testServer) with(f func(ctx context.Context, js jetstream.JetStream) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	nc, err := nats.Connect(s.url, s.root...)
	if err != nil {
		s.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := f(ctx, js); err != nil {
		s.t.Fatal(err)
	}
}

// makeStream makes the stream as its owner does.
func (s *testServer) makeStream(window time.Duration) {
	s.t.Helper()
	s.with(func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: "ALARMS", Subjects: []string{"perfmon.alarm.v1.>"}, Duplicates: window, MaxAge: 7 * 24 * time.Hour, MaxMsgSize: 100_000,
		})
		return err
	})
}

// messages are all that the stream has, in order.
func (s *testServer) messages() (out []*jetstream.RawStreamMsg) {
	s.t.Helper()
	s.with(func(ctx context.Context, js jetstream.JetStream) error {
		stream, err := js.Stream(ctx, "ALARMS")
		if err != nil {
			return err
		}
		for i := uint64(1); i <= stream.CachedInfo().State.LastSeq; i++ {
			m, err := stream.GetMsg(ctx, i)
			if err != nil {
				return fmt.Errorf("message %d: %w", i, err)
			}
			out = append(out, m)
		}
		return nil
	})
	return out
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
