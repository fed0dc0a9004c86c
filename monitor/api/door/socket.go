package door

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Limits of a socket.
const (
	MaxConnections = 32      // at once; more wait to be accepted
	MaxHeaders     = 8 << 10 // bytes, of a request on the socket

	maxSocketPath = 107 // bytes of a unix socket's name, unix(7)

	localReadTimeout  = 15 * time.Second
	localWriteTimeout = 30 * time.Second
	localIdleTimeout  = 30 * time.Second
	staleTimeout      = time.Second // for a connection to a socket that is there
)

// ErrAnswers says that another process listens on the socket.
var ErrAnswers = errors.New("another process answers there")

// SocketOptions are where a socket is and who may use it. Path and Log are
// needed.
type SocketOptions struct {
	Path string
	// Group is a name or a number. Its members may use the socket, beside root
	// and our own user, who may in any case.
	Group string
	Log   *slog.Logger
}

// Socket is a unix stream socket for HTTP. Serve closes it.
type Socket struct {
	listener *net.UnixListener
	path     string
	made     os.FileInfo // of the file that ListenSocket made
	group    int64       // -1: none
	peer     credentials
	log      *slog.Logger

	headerTimeout time.Duration
}

// ListenSocket makes the socket in a directory that is made if it is missing.
// One that a dead process has left is replaced; one that answers is not
// (ErrAnswers), nor is a file of another kind.
func ListenSocket(o SocketOptions) (*Socket, error) {
	path := o.Path
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen on %q: %d bytes; the limit of a socket's name is %d", path, len(path), maxSocketPath)
	}
	group, err := groupID(o.Group)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it may be another's by then
	s := &Socket{listener: l, path: path, group: group, peer: peerOf, log: o.Log, headerTimeout: ReadHeaderTimeout}
	// Whoever connects before the mode is set is asked for credentials too.
	err = s.setMode(o.Group)
	if err == nil {
		s.made, err = os.Lstat(path)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return s, nil
}

// setMode lets the kernel keep out whom we would hang up on.
func (s *Socket) setMode(group string) error {
	if s.group < 0 {
		return os.Chmod(s.path, 0o600)
	}
	if err := os.Chmod(s.path, 0o660); err != nil {
		return err
	}
	if err := os.Chown(s.path, -1, int(s.group)); err != nil {
		return fmt.Errorf("give it to the group %s (only root and its members can): %w", group, err)
	}
	return nil
}

// groupID finds a group by its name or number; -1 for "".
func groupID(name string) (int64, error) {
	if name == "" {
		return -1, nil
	}
	text := name
	if g, err := user.LookupGroup(name); err == nil {
		text = g.Gid
	}
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return -1, fmt.Errorf("there is no group %q on this machine: make it (groupadd), or name another", name)
	}
	return int64(id), nil
}

// removeStale removes a socket on which nobody listens.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return errors.New("a file is there that is no socket: remove it, or name another place")
	}
	conn, err := net.DialTimeout("unix", path, staleTimeout)
	switch {
	case err == nil:
		conn.Close()
		return ErrAnswers
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return fmt.Errorf("it cannot be told whether another process answers there: %w", err)
}

// Close ends the socket and removes its file, unless that is another's by
// now.
func (s *Socket) Close() error {
	err := s.listener.Close()
	if info, gone := os.Lstat(s.path); gone == nil && (s.made == nil || os.SameFile(info, s.made)) {
		err = errors.Join(err, os.Remove(s.path))
	}
	return err
}

// Serve answers requests until ctx ends; then it ends those under way, closes
// the socket and returns nil.
func (s *Socket) Serve(ctx context.Context, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: s.headerTimeout,
		ReadTimeout:       localReadTimeout,
		WriteTimeout:      localWriteTimeout,
		IdleTimeout:       localIdleTimeout,
		MaxHeaderBytes:    MaxHeaders,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnContext:       withPeer,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(newGuard(s)) }()
	var failure error
	select {
	case <-ctx.Done():
		shutdown([]*http.Server{server})
		<-ended
	case failure = <-ended:
		server.Close()
	}
	err := s.Close()
	if failure == nil && !errors.Is(err, net.ErrClosed) {
		failure = err
	}
	if failure != nil {
		return fmt.Errorf("serve the local API: %w", failure)
	}
	return nil
}
