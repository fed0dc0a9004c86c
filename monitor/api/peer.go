package api

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// credentials asks who is at the other end of a connection.
type credentials func(*net.UnixConn) (uid uint32, err error)

// peerUID is the user who made a connection, as the kernel noted it then
// (SO_PEERCRED, unix(7)).
func peerUID(c *net.UnixConn) (uint32, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) { cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return 0, err
	}
	if failed != nil {
		return 0, fmt.Errorf("read the peer's credentials: %w", failed)
	}
	return cred.Uid, nil
}

// guard accepts connections of root and of our own user, so many at once.
// Others are hung up on before a byte of theirs is read.
type guard struct {
	*net.UnixListener
	peer  credentials
	own   uint32
	slots chan struct{}
	log   *slog.Logger

	closing sync.Once
	closed  chan struct{}
}

func newGuard(l *net.UnixListener, peer credentials, log *slog.Logger) *guard {
	return &guard{
		UnixListener: l, peer: peer, own: uint32(os.Geteuid()), log: log,
		slots: make(chan struct{}, maxConnections), closed: make(chan struct{}),
	}
}

// Accept waits for a connection that is let in.
func (g *guard) Accept() (net.Conn, error) {
	select {
	case g.slots <- struct{}{}:
	case <-g.closed:
		return nil, net.ErrClosed
	}
	for {
		c, err := g.AcceptUnix()
		if err != nil {
			<-g.slots
			return nil, err
		}
		uid, err := g.peer(c)
		if err == nil && (uid == 0 || uid == g.own) {
			return &guardedConn{UnixConn: c, uid: uid, release: func() { <-g.slots }}, nil
		}
		g.log.Debug("a connection to the local API is refused: only root and the agent's own user are let in", "uid", uid, "err", err)
		c.Close()
	}
}

// Close ends Accept, also while it waits for others to end.
func (g *guard) Close() error {
	g.closing.Do(func() { close(g.closed) })
	return g.UnixListener.Close()
}

// guardedConn is a connection that was let in.
type guardedConn struct {
	*net.UnixConn
	uid     uint32
	once    sync.Once
	release func()
}

// Close makes room for another.
func (c *guardedConn) Close() error {
	defer c.once.Do(c.release)
	return c.UnixConn.Close()
}

type peerKey struct{}

// withPeer lets handlers know who asks.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	if g, ok := c.(*guardedConn); ok {
		return context.WithValue(ctx, peerKey{}, g.uid)
	}
	return ctx
}

// askedBy names who asks, for lack of a better name.
func askedBy(ctx context.Context) string {
	uid, ok := ctx.Value(peerKey{}).(uint32)
	if !ok {
		return ""
	}
	return fmt.Sprintf("uid %d", uid)
}
