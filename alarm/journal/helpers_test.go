package journal

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/alarm"
)

// logged collects log lines.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(b))
	return len(b), nil
}

// count is how many lines have a text.
func (l *logged) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// open opens a journal that closes with the test. Change the options in with.
func open(t testing.TB, path string, with ...func(*Options)) *Journal {
	t.Helper()
	o := Options{Path: path, Logger: discard(), RetryEvery: time.Nanosecond}
	for _, f := range with {
		f(&o)
	}
	j, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func closeIt(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func commit(t testing.TB, j *Journal, b *Batch) []Dropped {
	t.Helper()
	dropped, err := j.Commit(b)
	if err != nil {
		t.Fatal(err)
	}
	return dropped
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), FileName) }

func vm(n int, variable string) alarm.ID {
	return alarm.ID{Class: "vm", UUID: fmt.Sprintf("7b1f3c52-64a0-4e7b-8d39-%012d", n), Variable: variable}
}

func event(kind alarm.Kind, sequence int64) *alarm.Event {
	return &alarm.Event{
		ID: vm(1, "cpu_usage"), Kind: kind, HostUUID: "d5ac7b8a-90a5-4b1e-9a52-0c1f5a2b7c11", Name: "db-1", Sequence: sequence,
		Time: 1786000000 + sequence, Since: 1786000000, State: "firing", Severity: alarm.Critical,
		Known: true, Value: 0.97, Level: 0.9, Period: 60, Priority: 3, TTL: 180, Labels: map[string]string{"team": "db"},
		Body: "value: 0.970000\nconfig:\n<variable><name value=\"cpu_usage\"/></variable>\n",
	}
}

// content is everything that a journal has, to compare.
func content(j *Journal) map[string]string {
	j.mu.RLock()
	defer j.mu.RUnlock()
	all := map[string]string{}
	for table, keys := range j.mirror.tables {
		for key, value := range keys {
			all[table+"|"+key] = string(value)
		}
	}
	return all
}

func sameContent(t testing.TB, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("content differs: %d keys, want %d", len(got), len(want))
		for key := range want {
			if got[key] != want[key] {
				t.Errorf("%q is %.60q, want %.60q", key, got[key], want[key])
			}
		}
	}
}

// smallDisk mounts a file system of a size like "1m" of its own.
func smallDisk(t testing.TB, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := mountMemory(t, dir, size); err != nil {
		t.Skipf("this test mounts a small disk, which is not allowed here: mount tmpfs: %v", err)
	}
	return dir
}

// quickPath is a path where syncing costs nothing, if that can be had.
func quickPath(t testing.TB) string {
	dir := t.TempDir()
	if err := mountMemory(t, dir, "1g"); err != nil {
		t.Logf("on the disk, since mounting tmpfs is not allowed here: %v", err)
	}
	return filepath.Join(dir, FileName)
}

// mountMemory mounts a file system in memory until the test ends. Its error
// says that we may not.
func mountMemory(t testing.TB, dir, size string) error {
	err := unix.Mount("none", dir, "tmpfs", 0, "size="+size+",mode=0700")
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return err
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return nil
}

// fillUp takes all room of a disk; the returned function gives it back.
func fillUp(t *testing.T, dir string) (empty func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	f.Close()
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}
