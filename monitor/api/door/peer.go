package door

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peer is who made a connection.
type peer struct {
	uid    uint32
	groups []uint32 // all of them
}

// credentials asks who is at the other end of a connection.
type credentials func(*net.UnixConn) (peer, error)

// peerOf is the user who made a connection and his groups, as the kernel
// noted them then (SO_PEERCRED and SO_PEERGROUPS, unix(7), socket(7)).
func peerOf(c *net.UnixConn) (peer, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	var p peer
	var failed error
	if err := raw.Control(func(fd uintptr) { p, failed = readPeer(int(fd)) }); err != nil {
		return peer{}, err
	}
	if failed != nil {
		return peer{}, fmt.Errorf("read the peer's credentials: %w", failed)
	}
	return p, nil
}

func readPeer(fd int) (peer, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return peer{}, err
	}
	more, err := peerGroups(fd)
	if err != nil && !errors.Is(err, unix.ENOPROTOOPT) { // before Linux 4.13
		return peer{}, err
	}
	return peer{uid: cred.Uid, groups: append(more, cred.Gid)}, nil
}

// maxGroups is how many groups a process can have, NGROUPS_MAX.
const maxGroups = 65536

// peerGroups are the supplementary groups of a peer.
func peerGroups(fd int) ([]uint32, error) {
	const size = 4 // bytes of a gid
	for groups := make([]uint32, 64); ; groups = make([]uint32, maxGroups) {
		length := uint32(len(groups) * size)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&length)), 0)
		switch {
		case errno == 0:
			return groups[:length/size], nil
		case errno == unix.ERANGE && len(groups) < maxGroups:
		default:
			return nil, errno
		}
	}
}

// guard accepts connections of root, of our own user and of one group, so
// many at once. Others are hung up on before a byte of theirs is read.
type guard struct {
	*net.UnixListener
	peer  credentials
	own   uint32
	group int64 // -1: none
	slots chan struct{}
	log   *slog.Logger

	closing sync.Once
	closed  chan struct{}
}

func newGuard(s *Socket) *guard {
	return &guard{
		UnixListener: s.listener, peer: s.peer, own: uint32(os.Geteuid()), group: s.group, log: s.log,
		slots: make(chan struct{}, MaxConnections), closed: make(chan struct{}),
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
		p, err := g.peer(c)
		if err == nil && g.letsIn(p) {
			return &guardedConn{UnixConn: c, uid: p.uid, release: func() { <-g.slots }}, nil
		}
		g.log.Debug("a connection to the local API is refused: only root, our own user and the group that was named are let in", "uid", p.uid, "err", err)
		c.Close()
	}
}

func (g *guard) letsIn(p peer) bool {
	return p.uid == 0 || p.uid == g.own || g.group >= 0 && slices.Contains(p.groups, uint32(g.group))
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

// AskedBy names who asks on a socket, for lack of a better name; "" on a web
// port.
func AskedBy(ctx context.Context) string {
	uid, ok := ctx.Value(peerKey{}).(uint32)
	if !ok {
		return ""
	}
	return fmt.Sprintf("uid %d", uid)
}
