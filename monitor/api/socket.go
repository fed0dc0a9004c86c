package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// DefaultSocket is where the local API listens unless told otherwise.
const DefaultSocket = "/run/perfmon/perfmon.sock"

// Limits of the local API.
const (
	maxConnections  = 32       // at once; more wait to be accepted
	maxRequestBytes = 64 << 10 // of a body
	maxLocalHeaders = 8 << 10  // bytes
	maxSocketPath   = 107      // bytes of a unix socket's name, unix(7)

	localReadTimeout  = 15 * time.Second
	localWriteTimeout = 30 * time.Second
	localIdleTimeout  = 30 * time.Second
	staleTimeout      = time.Second // for a connection to a socket that is there
)

// ErrAnswers says that another process listens on the socket.
var ErrAnswers = errors.New("another process answers there")

// Socket is the unix stream socket of the local API. Serve closes it.
type Socket struct {
	listener *net.UnixListener
	path     string
	made     os.FileInfo // of the file that ListenSocket made
	peer     credentials
	log      *slog.Logger

	headerTimeout time.Duration
}

// ListenSocket makes the socket, for root and our own user, in a directory
// that is made if it is missing. One that a dead process has left is replaced;
// one that answers is not (ErrAnswers), nor is a file of another kind.
func ListenSocket(path string, log *slog.Logger) (*Socket, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen on %q: %d bytes; the limit of a socket's name is %d", path, len(path), maxSocketPath)
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
	s := &Socket{listener: l, path: path, peer: peerUID, log: log, headerTimeout: readHeaderTimeout}
	// Whoever connects before the mode is set is asked for credentials too.
	err = os.Chmod(path, 0o600)
	if err == nil {
		s.made, err = os.Lstat(path)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return s, nil
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
		MaxHeaderBytes:    maxLocalHeaders,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnContext:       withPeer,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(newGuard(s.listener, s.peer, s.log)) }()
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
