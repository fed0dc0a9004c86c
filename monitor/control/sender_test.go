package control

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMayCommand(t *testing.T) {
	f := func(s sender, own uint32, want bool) {
		t.Helper()
		if got := s.mayCommand(own); got != want {
			t.Errorf("%+v to a daemon of uid %d: %t", s, own, got)
		}
	}
	f(sender{known: true, uid: 0, pid: 7}, 0, true)
	f(sender{known: true, uid: 0, pid: 7}, 990, true)
	f(sender{known: true, uid: 0, pid: 0}, 990, true) // root of the host, seen from a container
	f(sender{known: true, uid: 990, pid: 7}, 990, true)
	f(sender{known: true, uid: 991, pid: 7}, 990, false)
	f(sender{known: true, uid: 1000, pid: 7}, 0, false)
	f(sender{known: true, uid: overflowUID, pid: 0}, overflowUID, false)
	f(sender{}, 0, false)
}

func TestParseSender(t *testing.T) {
	good := unix.UnixCredentials(&unix.Ucred{Pid: 5, Uid: 6, Gid: 7})
	if got, want := parseSender(good), (sender{known: true, uid: 6, pid: 5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range [][]byte{nil, good[:4], good[:len(good)-8], unix.UnixRights(0), bytes.Repeat([]byte{0xff}, 32)} {
		if got := parseSender(bad); got.known {
			t.Errorf("parseSender(%x) = %+v", bad, got)
		}
	}
}

func TestOtherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skipf("uid is %d: only root can send as another user", os.Getuid())
	}
	f := start(t)
	for _, word := range []string{"refresh", "debug_mem", "nonsense"} {
		// The link in /proc leads to the binary even where the new user may
		// not walk the path to it.
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = childEnv(word, f.name)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4711}}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		f.want(t, Other, Denied)
	}
	f.wantQuiet(t, DebugMem)
	f.wantQuiet(t, Refresh)
	f.stop()
	if !strings.Contains(f.log.String(), "uid=4711") {
		t.Errorf("the log does not say who it was:\n%s", f.log)
	}
}

// A process of the same user is heard, whoever that is.
func TestOwnUser(t *testing.T) {
	f := start(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = childEnv("refresh", f.name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f.want(t, "refresh", Accepted)
	f.wantCommand(t, Refresh)
}

func TestNoCredentials(t *testing.T) {
	f := start(t)
	raw, err := f.socket.conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	setPassCred(t, raw, 0)
	f.send(t, "refresh")
	f.want(t, Other, Denied)
	setPassCred(t, raw, 1)
	f.wantQuiet(t, Refresh)
}

func setPassCred(t *testing.T, raw syscall.RawConn, value int) {
	t.Helper()
	var set error
	if err := raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, value)
	}); err != nil || set != nil {
		t.Fatal(err, set)
	}
}

// File descriptors that come along must not pile up in the agent.
func TestPassedDescriptorsAreDropped(t *testing.T) {
	f := start(t)
	f.wantQuiet(t, Refresh)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: uniqueName(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	to := &net.UnixAddr{Net: "unixgram", Name: f.name}
	passed, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer passed.Close()
	before := openNulls(t)
	for range 20 {
		if _, _, err := conn.WriteMsgUnix([]byte("refresh"), unix.UnixRights(int(passed.Fd())), to); err != nil {
			t.Fatal(err)
		}
		f.want(t, "refresh", Accepted)
		f.wantCommand(t, Refresh)
	}
	if after := openNulls(t); after != before {
		t.Errorf("%d descriptors of /dev/null, %d before", after, before)
	}
}

// openNulls counts our descriptors of /dev/null.
func openNulls(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && target == os.DevNull {
			n++
		}
	}
	return n
}

// systemd binds the socket, and commands may be queued before the agent is
// there to ask for credentials.
func TestFromConn(t *testing.T) {
	f := newFixture(t)
	f.socket.Close()
	bound, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: f.name})
	if err != nil {
		t.Fatal(err)
	}
	f.send(t, "refresh") // queued without credentials
	if f.socket, err = FromConn(bound, f.options()); err != nil {
		t.Fatal(err)
	}
	f.run(t)
	f.want(t, Other, Denied)
	f.wantQuiet(t, Refresh)
}

func TestFromConnWrongKind(t *testing.T) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: uniqueName(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := FromConn(client.(*net.UnixConn), Options{}); err == nil {
		t.Error("a stream was taken for a datagram socket")
	}
}
