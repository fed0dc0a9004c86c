package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// alreadyRunningError says that another instance has the host.
type alreadyRunningError struct {
	pid  int // 0 if it cannot be told
	what string
}

func (e *alreadyRunningError) Error() string {
	who := "another instance"
	if e.pid > 0 {
		who = fmt.Sprintf("another instance, pid %d,", e.pid)
	}
	return fmt.Sprintf("%s is running and holds %s: end that one first", who, e.what)
}

// lock is held by the one instance that uses a state directory.
type lock struct{ file *os.File }

// lockState makes the state directory and locks it. An error other than
// alreadyRunningError means that the directory cannot be used; the command
// socket has to tell instances apart then. What a disk says that may be mended
// while we run passes isDiskTrouble.
func lockState(dir string) (*lock, error) {
	if dir == "" {
		return nil, errors.New("none is named")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	path := filepath.Join(dir, "perfmon.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if errors.Is(err, unix.EROFS) {
		// Its lock can be had on a disk that is read-only, too.
		if there, e := os.OpenFile(path, os.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0); e == nil {
			f, err = there, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, &alreadyRunningError{pid: readPID(f), what: path}
	}
	// The number helps people alone, so a disk without room for it is no error.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	}
	return &lock{f}, nil
}

// isDiskTrouble reports whether an error is one of a disk that is full,
// read-only or broken. It may work again later, and what is on it can perhaps
// be read: the journal sees to both.
func isDiskTrouble(err error) bool {
	for _, trouble := range []error{unix.EROFS, unix.ENOSPC, unix.EDQUOT, unix.EIO} {
		if errors.Is(err, trouble) {
			return true
		}
	}
	return false
}

// release lets the next instance in. The file stays: removing it would let
// two instances lock two files of one name.
func (l *lock) release() {
	if l != nil {
		l.file.Close()
	}
}

// readPID reads the process id that a lock or pid file says, 0 for none.
func readPID(f *os.File) int {
	buf := make([]byte, 32)
	n, _ := f.ReadAt(buf, 0)
	pid, err := strconv.Atoi(string(bytes.TrimSpace(buf[:n])))
	if err != nil || pid <= 0 {
		return 0
	}
	return pid
}

// writePIDFile leaves the process id where people look for it, in decimal and
// without a newline, as the stock daemon does. It is a courtesy, not a lock.
func writePIDFile(path string, log *slog.Logger) (remove func()) {
	if path == "" {
		return func() {}
	}
	pid := strconv.Itoa(os.Getpid())
	if err := os.WriteFile(path, []byte(pid), 0o644); err != nil {
		log.Warn("pid file not written: scripts that read it will not find us", "err", err)
		return func() {}
	}
	return func() {
		if b, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(b)) == pid {
			os.Remove(path)
		}
	}
}
