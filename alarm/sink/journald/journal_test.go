package journald

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
	_ "unsafe" // for the name below

	_ "github.com/coreos/go-systemd/v22/journal"
)

// socketPath is the library's own variable, which it keeps to itself.
//
//go:linkname socketPath github.com/coreos/go-systemd/v22/journal.journalSocket
var socketPath string

var socketMu sync.Mutex

// fakeJournal receives datagrams where the library sends them.
type fakeJournal struct {
	t    *testing.T
	conn *net.UnixConn
}

func newJournal(t *testing.T) *fakeJournal {
	t.Helper()
	// The system's limit for the path of a socket is short.
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(dir, "socket")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	usePath(t, conn.LocalAddr().String())
	return &fakeJournal{t, conn}
}

// usePath makes the library send there until the test ends.
func usePath(t *testing.T, path string) {
	socketMu.Lock()
	old := socketPath
	socketPath = path
	t.Cleanup(func() { socketPath = old; socketMu.Unlock() })
}

// receive returns the fields of the next entry. One that is too large for a
// datagram comes in a file.
func (f *fakeJournal) receive() map[string]string {
	f.t.Helper()
	if err := f.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		f.t.Fatal(err)
	}
	data, rights := make([]byte, 1<<20), make([]byte, 1024)
	n, nr, _, _, err := f.conn.ReadMsgUnix(data, rights)
	if err != nil {
		f.t.Fatal(err)
	}
	data = data[:n]
	if nr > 0 {
		messages, err := syscall.ParseSocketControlMessage(rights[:nr])
		if err != nil {
			f.t.Fatal(err)
		}
		fds, err := syscall.ParseUnixRights(&messages[0])
		if err != nil {
			f.t.Fatal(err)
		}
		file := os.NewFile(uintptr(fds[0]), "entry")
		defer file.Close()
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			f.t.Fatal(err)
		}
		if data, err = io.ReadAll(file); err != nil {
			f.t.Fatal(err)
		}
	}
	return f.parse(data)
}

// parse reads the native protocol:
//
//	PRIORITY=2
//	PERFMON_NAME
//	<8 bytes, the length><the value>
func (f *fakeJournal) parse(data []byte) map[string]string {
	f.t.Helper()
	out := map[string]string{}
	for len(data) > 0 {
		line, rest, ok := bytes.Cut(data, []byte("\n"))
		if !ok {
			f.t.Fatalf("no end of line after %q", data)
		}
		name, value, plain := bytes.Cut(line, []byte("="))
		if !plain {
			n := binary.LittleEndian.Uint64(rest)
			value, rest = rest[8:8+n], rest[8+n+1:]
		}
		if _, twice := out[string(name)]; twice {
			f.t.Errorf("field %s twice", name)
		}
		out[string(name)] = string(value)
		data = rest
	}
	return out
}
