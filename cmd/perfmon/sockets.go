package main

import (
	"log/slog"
	"net"
	"os"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// sockets are those that the service manager has opened for us. It passes
// them once, so they are kept for as long as the program runs: the web port
// may have to be served anew.
type sockets struct {
	command *net.UnixConn // bound to the name of the command socket; nil for none
	web     []*os.File    // stream sockets that listen
}

// takeSockets takes what the service manager has passed: the datagram socket
// with the command socket's name and, if the web port is wanted from there,
// stream sockets. It must be called once, since it takes the environment
// variables away that say so.
func takeSockets(command string, wantWeb bool, log *slog.Logger) *sockets {
	s := &sockets{}
	for _, f := range activation.Files(true) {
		switch family, kind := socketKind(f); {
		case kind == unix.SOCK_STREAM && wantWeb:
			s.web = append(s.web, f)
			continue
		case family == unix.AF_UNIX && kind == unix.SOCK_DGRAM && s.command == nil:
			s.command = datagramSocket(f, command)
			if s.command == nil {
				log.Warn("a datagram socket from the service manager is not used: it has another name than --control-socket", "socket", f.Name(), "want", command)
			}
		default:
			log.Warn("a socket from the service manager is not used: web ports need --web.systemd-socket", "socket", f.Name())
		}
		f.Close()
	}
	return s
}

// socketKind is a socket's address family and type; zeroes if it is none.
func socketKind(f *os.File) (family, kind int) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, 0
	}
	_ = raw.Control(func(fd uintptr) {
		family, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN)
		kind, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE)
	})
	return family, kind
}

// datagramSocket makes a connection of a file, nil if it does not have that
// name.
func datagramSocket(f *os.File, name string) *net.UnixConn {
	conn, err := net.FilePacketConn(f)
	if err != nil {
		return nil
	}
	u, ok := conn.(*net.UnixConn)
	if !ok || u.LocalAddr().String() != name {
		conn.Close()
		return nil
	}
	return u
}

// listeners opens the web sockets for one who closes them when done; the
// sockets themselves stay.
func (s *sockets) listeners() ([]net.Listener, error) {
	var list []net.Listener
	for _, f := range s.web {
		l, err := net.FileListener(f)
		if err != nil {
			for _, l := range list {
				l.Close()
			}
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}
