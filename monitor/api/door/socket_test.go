package door

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/monitor/api/door/doortest"
)

var quiet = slog.New(slog.DiscardHandler)

func listenSocket(t *testing.T, path string) *Socket {
	t.Helper()
	s, err := ListenSocket(SocketOptions{Path: path, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serveSocket serves until the test ends, or end is called.
func serveSocket(t *testing.T, s *Socket, handler http.Handler) (end func()) {
	t.Helper()
	return doortest.Run(t, func(ctx context.Context) error { return s.Serve(ctx, handler) })
}

// wantWord asks for the word that the tests' server says.
func wantWord(t *testing.T, path string) {
	t.Helper()
	resp, err := doortest.SocketClient(t, path).Get("http://perfmon/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "word" {
		t.Errorf("%q, %v", b, err)
	}
}

func gone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func TestSocket(t *testing.T) {
	path := filepath.Join(doortest.ShortDir(t), "new", "s")
	end := serveSocket(t, listenSocket(t, path), word)
	wantWord(t, path)
	mode := func(path string, want fs.FileMode) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	mode(path, 0o600)
	mode(filepath.Dir(path), 0o755)
	if _, err := ListenSocket(SocketOptions{Path: path, Log: quiet}); !errors.Is(err, ErrAnswers) {
		t.Errorf("a second one: %v", err)
	}
	wantWord(t, path) // it is still there
	end()
	if !gone(path) {
		t.Error("its file is left")
	}
}

// TestSocketOfADeadProcess: a file on which nobody listens is replaced.
func TestSocketOfADeadProcess(t *testing.T) {
	path := filepath.Join(doortest.ShortDir(t), "s")
	dead := listenSocket(t, path)
	dead.listener.Close()
	if gone(path) {
		t.Fatal("nothing was left")
	}
	serveSocket(t, listenSocket(t, path), word)
	wantWord(t, path)
}

// TestSocketOfASuccessor: one that ends leaves the file of another alone.
func TestSocketOfASuccessor(t *testing.T) {
	path := filepath.Join(doortest.ShortDir(t), "s")
	first := listenSocket(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	serveSocket(t, listenSocket(t, path), word)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	wantWord(t, path)
}

func TestSocketThatCannotBe(t *testing.T) {
	dir := doortest.ShortDir(t)
	f := func(question, path, want string) {
		t.Helper()
		s, err := ListenSocket(SocketOptions{Path: path, Log: quiet})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", question, err, want)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("a file", file, "no socket")
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file: %q, %v", text, err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	f("a link", link, "no socket")
	f("a directory that is a file", filepath.Join(file, "s"), "not a directory")
	f("a long name", filepath.Join(dir, strings.Repeat("x", maxSocketPath)), "the limit of a socket's name is 107")
	datagrams := filepath.Join(dir, "datagrams")
	other, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: datagrams, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	f("a socket of another kind", datagrams, "cannot be told")
}

// TestForeignUsersAreRefused: whoever is neither root nor our own user is hung
// up on, and nothing of his is read.
func TestForeignUsersAreRefused(t *testing.T) {
	f := func(question string, who credentials, letIn bool) {
		t.Helper()
		path := filepath.Join(doortest.ShortDir(t), "s")
		s := listenSocket(t, path)
		s.peer = who
		serveSocket(t, s, word)
		resp, err := doortest.SocketClient(t, path).Get("http://perfmon/")
		if err == nil {
			resp.Body.Close()
		}
		if letIn != (err == nil) {
			t.Errorf("%s: %v", question, err)
		}
	}
	is := func(uid uint32, err error) credentials {
		return func(*net.UnixConn) (peer, error) { return peer{uid: uid, groups: []uint32{0, 100}}, err }
	}
	f("root", is(0, nil), true)
	f("our own user", is(uint32(os.Geteuid()), nil), true)
	f("another", is(uint32(os.Geteuid())+4711, nil), false)
	f("nobody knows who", is(0, errors.New("no credentials")), false)
}

// TestForeignUser is one for the kernel: the file's mode would keep him out
// as well, so it is widened.
func TestForeignUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	dir := doortest.ShortDir(t)
	path := filepath.Join(dir, "s")
	serveSocket(t, listenSocket(t, path), word)
	for name, mode := range map[string]fs.FileMode{dir: 0o755, path: 0o666} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(uid int) (got string) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // for ever: the thread ends with us, and its user with it
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
				t.Errorf("be user %d: %v", uid, errno)
				return
			}
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Error(err)
				return
			}
			defer unix.Close(fd)
			if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
				t.Errorf("connect as user %d: %v", uid, err)
				return
			}
			_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30})
			_ = unix.Sendto(fd, []byte("GET / HTTP/1.0\r\n\r\n"), unix.MSG_NOSIGNAL, nil)
			b := make([]byte, 1000)
			n, err := unix.Read(fd, b)
			if err != nil && err != syscall.ECONNRESET {
				t.Errorf("read as user %d: %v", uid, err)
			}
			got = string(b[:max(n, 0)])
		}()
		<-done
		return got
	}
	if got := ask(65534); got != "" {
		t.Errorf("a foreign user got %q", got)
	}
	if got := ask(0); !strings.HasSuffix(got, "word") {
		t.Errorf("root got %q", got)
	}
}

// TestManyConnections: so many at once and no more, and those that wait get
// their turn.
func TestManyConnections(t *testing.T) {
	path := filepath.Join(doortest.ShortDir(t), "s")
	s := listenSocket(t, path)
	var open, most atomic.Int64
	s.peer = func(*net.UnixConn) (peer, error) {
		most.Store(max(most.Load(), open.Add(1)))
		return peer{}, nil
	}
	serveSocket(t, s, word)
	var conns []net.Conn
	ask := func(c net.Conn) {
		t.Helper()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1000)
		if n, err := c.Read(b); err != nil || !strings.Contains(string(b[:n]), "200 OK") {
			t.Fatalf("%q, %v", b[:n], err)
		}
	}
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	for range MaxConnections {
		c := dial()
		ask(c)
		conns = append(conns, c)
	}
	late := dial()
	open.Add(-1)
	conns[0].Close()
	ask(late)
	if n := most.Load(); n != MaxConnections {
		t.Errorf("%d connections at once, want %d", n, MaxConnections)
	}
}

// TestSlowClient: whoever does not say what he wants is hung up on, and holds
// up nobody meanwhile.
func TestSlowClient(t *testing.T) {
	path := filepath.Join(doortest.ShortDir(t), "s")
	s := listenSocket(t, path)
	s.headerTimeout = time.Second
	serveSocket(t, s, word)
	slow, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := io.WriteString(slow, "GET / HT"); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; { // on a slow machine this one may be slow, too
		resp, err := doortest.SocketClient(t, path).Get("http://perfmon/")
		if err == nil {
			resp.Body.Close()
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("nobody else is answered: %v", err)
		}
	}
	if b, err := io.ReadAll(slow); err != nil || strings.Contains(string(b), "word") {
		t.Errorf("it got %q, %v", b, err)
	}
}

// TestEndWithAConnection: an idle connection and a request under way do not
// hold up the end.
func TestEndWithAConnection(t *testing.T) {
	path := filepath.Join(doortest.ShortDir(t), "s")
	asked := make(chan struct{})
	end := serveSocket(t, listenSocket(t, path), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	idle, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	got := make(chan error, 1)
	client := doortest.SocketClient(t, path)
	go func() {
		resp, err := client.Get("http://perfmon/")
		if err == nil {
			resp.Body.Close()
		}
		got <- err
	}()
	<-asked
	end()
	if err := <-got; err == nil {
		t.Error("the request was answered")
	}
}

// TestGroupIsLetIn: its members may use the socket, by any of their groups;
// others may not.
func TestGroupIsLetIn(t *testing.T) {
	const group = 4711
	f := func(question string, who peer, letIn bool) {
		t.Helper()
		path := filepath.Join(doortest.ShortDir(t), "s")
		s := listenSocket(t, path)
		s.group = group
		s.peer = func(*net.UnixConn) (peer, error) { return who, nil }
		serveSocket(t, s, word)
		resp, err := doortest.SocketClient(t, path).Get("http://perfmon/")
		if err == nil {
			resp.Body.Close()
		}
		if letIn != (err == nil) {
			t.Errorf("%s: %v", question, err)
		}
	}
	stranger := uint32(os.Geteuid()) + 1
	f("a member", peer{uid: stranger, groups: []uint32{5, group}}, true)
	f("root", peer{}, true)
	f("somebody else", peer{uid: stranger, groups: []uint32{5, 6}}, false)
	f("somebody without groups", peer{uid: stranger}, false)
}

// TestGroupOfAFile: the kernel is told as well. The group is one that we are
// in.
func TestGroupOfAFile(t *testing.T) {
	path := filepath.Join(doortest.ShortDir(t), "s")
	s, err := ListenSocket(SocketOptions{Path: path, Group: strconv.Itoa(os.Getegid()), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	serveSocket(t, s, word)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode, gid := info.Mode().Perm(), info.Sys().(*syscall.Stat_t).Gid; mode != 0o660 || gid != uint32(os.Getegid()) {
		t.Errorf("mode %v, group %d", mode, gid)
	}
	wantWord(t, path)
	path += "2"
	_, err = ListenSocket(SocketOptions{Path: path, Group: "no-such-group", Log: quiet})
	if err == nil || !strings.Contains(err.Error(), `no group "no-such-group"`) || !gone(path) {
		t.Errorf("a group that is not: %v", err)
	}
}

// TestPeerIsWhoTheKernelSays asks the kernel about ourselves.
func TestPeerIsWhoTheKernelSays(t *testing.T) {
	path := filepath.Join(doortest.ShortDir(t), "s")
	s := listenSocket(t, path)
	defer s.Close()
	ours, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	theirs, err := s.listener.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	p, err := peerOf(theirs)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range append(want, os.Getegid()) {
		if !slices.Contains(p.groups, uint32(g)) {
			t.Errorf("group %d is not among %v", g, p.groups)
		}
	}
	if p.uid != uint32(os.Geteuid()) {
		t.Errorf("user %d", p.uid)
	}
}
