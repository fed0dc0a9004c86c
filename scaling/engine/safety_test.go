package engine

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
)

// failing is what Run says of options with which it cannot go on.
func failing(t *testing.T, o Options) error {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	waited := e.Wait(within(t))
	if waited == nil {
		t.Fatal("the engine runs")
	}
	err = <-done
	if err == nil || !errors.Is(waited, err) {
		t.Fatalf("Run says %v, Wait %v", err, waited)
	}
	return err
}

func wants(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%v: without %q", err, p)
		}
	}
}

// used is a folder that an engine has used.
func used(t *testing.T) string {
	t.Helper()
	dir := t.TempDir() + "/engine"
	e := run(t, Options{Dir: dir})
	if _, err := e.bucket("rubber").Put(within(t), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestModes(t *testing.T) {
	t.Parallel()
	dir := used(t)
	for name, want := range map[string]os.FileMode{"": 0o700, tokenName: 0o600, lockName: 0o600, addressName: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Error(name, info.Mode(), err)
		}
	}
	token := filepath.Join(dir, tokenName)
	chmod := func(name string, mode os.FileMode) {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod(token, 0o640)
	wants(t, failing(t, Options{Dir: dir}), token, "mode 0640", "chmod 0600")
	chmod(token, 0o600)
	chmod(dir, 0o750)
	wants(t, failing(t, Options{Dir: dir}), "mode 0750", "chmod 0700 "+dir)
	chmod(dir, 0o700)
	if err := os.WriteFile(token, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, failing(t, Options{Dir: dir}), token, "is empty")
	if os.Geteuid() != 0 {
		t.Log("not root: the owner of the token cannot be another")
		return
	}
	if err := os.Chown(token, 12345, -1); err != nil {
		t.Fatal(err)
	}
	wants(t, failing(t, Options{Dir: dir}), token, "belongs to user 12345")
	if err := os.Chown(dir, 12345, -1); err != nil {
		t.Fatal(err)
	}
	wants(t, failing(t, Options{Dir: dir}), dir, "belongs to user 12345")
}

func TestFolderIsAFile(t *testing.T) {
	name := t.TempDir() + "/file"
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, failing(t, Options{Dir: name}), "is none")
}

func TestNewerFolder(t *testing.T) {
	t.Parallel()
	dir := used(t)
	name := filepath.Join(dir, formatName)
	if err := os.WriteFile(name, []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, failing(t, Options{Dir: dir}), "newer version", "form is 2")
	if err := os.WriteFile(name, []byte("what\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, failing(t, Options{Dir: dir}), `"what\n"`)
}

// Who has another token, or none, is refused; a client whose token is right
// again comes back.
func TestToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/engine"
	log := &lines{}
	e := run(t, Options{Dir: dir, Logger: logTo(log)})
	if err := e.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	at := e.State().Address
	name := filepath.Join(dir, tokenName)
	token, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range [][]nats.Option{nil, {nats.Token("wrong")}, {nats.UserInfo("this machine", strings.TrimSpace(string(token)))}} {
		if nc, err := nats.Connect("nats://"+at, append(o, nats.Timeout(limit))...); !errors.Is(err, nats.ErrAuthorization) {
			nc.Close()
			t.Fatal(err)
		}
	}
	if err := writeOwn(name, []byte("another\n")); err != nil {
		t.Fatal(err)
	}
	other := run(t, Options{Dir: dir})
	until(t, "the refusal", func() bool { return strings.Contains(other.State().Problem, "Authorization Violation") })
	if err := writeOwn(name, token); err != nil {
		t.Fatal(err)
	}
	if err := other.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{strings.TrimSpace(string(token)), "another"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has the token: %s", log)
		}
	}
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestPortIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	log := &lines{}
	e := run(t, Options{Listen: taken.Addr().String(), Logger: logTo(log)})
	const want = "another program listens on"
	until(t, "the problem", func() bool { return strings.Contains(e.State().Problem, want) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants(t, e.Wait(ctx), want)
	taken.Close()
	if err := e.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), want); n != 1 {
		t.Errorf("said %d times: %s", n, log)
	}
}

func TestLockIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/engine"
	e := run(t, Options{Dir: dir})
	b := e.bucket("x")
	if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	until(t, "an owner that begins anew", func() bool {
		_, err := os.Stat(filepath.Join(dir, lockName))
		return err == nil && e.State().Owner && e.State().Connected
	})
	if _, err := b.Put(within(t), "k", nil); err != nil {
		t.Fatal(err)
	}
}

func TestRunTwice(t *testing.T) {
	e := run(t, Options{})
	if err := e.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	wants(t, e.Run(t.Context()), "twice")
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Bucket(within(t), "late", BucketOptions{}); err != nil && !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func logTo(l *lines) *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
