package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	wire "github.com/digitalocean/go-libvirt"
)

// link is a connection to libvirtd that is made when it is needed, and again
// when it has broken. The library's calls know no context: a caller whose
// context ends goes away, and the call ends by itself, or when its time is
// over and the connection is cut.
type link struct {
	dial    func(ctx context.Context) (net.Conn, error)
	uri     string
	timeout time.Duration

	life  context.Context // ends when it is closed
	end   context.CancelFunc
	calls sync.WaitGroup

	state  sync.Mutex
	closed bool // guarded by state

	// connecting guards everything that follows.
	connecting sync.Mutex
	now        *wire.Libvirt
	conn       net.Conn
}

func newLink(dial func(ctx context.Context) (net.Conn, error), uri string, timeout time.Duration) *link {
	k := &link{dial: dial, uri: uri, timeout: timeout}
	k.life, k.end = context.WithCancel(context.Background())
	return k
}

var errClosed = errors.New("the connection has been closed")

// dialled hands a connection over that is there already.
type dialled struct{ conn net.Conn }

func (d dialled) Dial() (net.Conn, error) { return d.conn, nil }

// get is the connection.
func (k *link) get() (*wire.Libvirt, net.Conn, error) {
	k.connecting.Lock()
	defer k.connecting.Unlock()
	if k.now != nil && k.now.IsConnected() {
		return k.now, k.conn, nil
	}
	ctx, cancel := context.WithTimeout(k.life, k.timeout)
	defer cancel()
	conn, err := k.dial(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to libvirtd: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	l := wire.NewWithDialer(dialled{conn})
	if err := l.ConnectToURI(wire.ConnectURI(k.uri)); err != nil {
		conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, nil, fmt.Errorf("connect to libvirtd's %s: %w", k.uri, err)
	}
	k.now, k.conn = l, conn
	return l, conn, nil
}

// do runs a call.
func (k *link) do(ctx context.Context, f func(*wire.Libvirt) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	k.state.Lock()
	if k.closed {
		k.state.Unlock()
		return errClosed
	}
	k.calls.Add(1)
	k.state.Unlock()
	done := make(chan error, 1)
	go func() {
		defer k.calls.Done()
		done <- k.run(f)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run runs a call, and a second time if the first never arrived. A call of
// several parts begins anew: those that change something may be repeated.
func (k *link) run(f func(*wire.Libvirt) error) error {
	l, err := k.once(f)
	if neverArrived(err) {
		k.connecting.Lock()
		if k.now == l {
			k.now = nil
		}
		k.connecting.Unlock()
		_, err = k.once(f)
	}
	return err
}

// neverArrived is whether a call met a connection that was taken for a good one
// and had broken. The library says EINVAL when it has seen that itself. Before
// that the write fails, and libvirtd carries out nothing that it was sent a part
// of: a call begins with its length.
func neverArrived(err error) bool {
	var op *net.OpError
	return errors.Is(err, syscall.EINVAL) || errors.As(err, &op) && op.Op == "write"
}

// once runs a call, and says on which connection.
func (k *link) once(f func(*wire.Libvirt) error) (*wire.Libvirt, error) {
	l, conn, err := k.get()
	if err != nil {
		return nil, err
	}
	late := time.AfterFunc(k.timeout, func() { conn.Close() })
	defer late.Stop()
	return l, f(l)
}

// close cuts the connection, and waits for the calls on it.
func (k *link) close() {
	k.state.Lock()
	k.closed = true
	k.state.Unlock()
	k.end()
	k.connecting.Lock()
	l, conn := k.now, k.conn
	k.connecting.Unlock()
	if conn != nil {
		conn.Close()
	}
	k.calls.Wait()
	if l != nil {
		<-l.Disconnected()
	}
}

// ask runs a call that gives something.
func ask[T any](ctx context.Context, c *Cloud, f func(*wire.Libvirt) (T, error)) (T, error) {
	var got T
	// Not written to by a call whose caller has gone.
	result := make(chan T, 1)
	err := c.link.do(ctx, func(l *wire.Libvirt) error {
		v, err := f(l)
		if err == nil {
			result <- v
		}
		return err
	})
	if err == nil {
		got = <-result
	}
	return got, err
}
