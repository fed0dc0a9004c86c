package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	fileMode = 0o600
	dirMode  = 0o700 // of a state folder that we have to make

	lockEvery = 50 * time.Millisecond // between tries to get the lock
	lockTries = 10                    // at a file that changes under our hands
	keepAside = 3                     // damaged files that are kept
)

// ErrLocked says that another process has the journal open.
var ErrLocked = errors.New("another process has the journal open: end it, or use another state directory")

// errNoFile says that something else has the journal's name.
var errNoFile = errors.New("it is not a regular file: move it away, or use another state directory")

// openLocked opens the file at path and waits up to timeout for its lock.
func openLocked(path string, flag int, timeout time.Duration) (*os.File, error) {
	for range lockTries {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return nil, errNoFile
		}
		f, err := os.OpenFile(path, flag, fileMode)
		if err != nil {
			return nil, err
		}
		if err := lock(f, timeout); err != nil {
			f.Close()
			return nil, err
		}
		// Who had the lock before us may have put another file in its place.
		if sameFile(f, path) {
			return f, nil
		}
		f.Close()
	}
	return nil, ErrLocked
}

// lock takes the lock that bbolt takes, for the whole of an open file, so
// that it stays ours when bbolt is handed the file.
func lock(f *os.File, timeout time.Duration) error {
	for waited := time.Duration(0); ; waited += lockEvery {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EWOULDBLOCK):
			return fmt.Errorf("lock: %w", err)
		case waited >= timeout:
			return ErrLocked
		}
		time.Sleep(lockEvery)
	}
}

// unlock gives the lock back although memory may still be mapped from f,
// which would keep it past f's closing.
func unlock(f *os.File) {
	if raw, err := f.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.Flock(int(fd), unix.LOCK_UN) })
	}
}

// sameFile reports whether path still leads to f.
func sameFile(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(ours, there)
}

// replace writes t to a new file and gives it the name path, in one step that
// a crash cannot cut in two. The caller holds the lock of the file that has
// the name now.
func replace(path string, t tables) (_ *disk, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+newSuffix+"*")
	if err != nil {
		return nil, err
	}
	name := f.Name()
	defer func() {
		if err != nil {
			os.Remove(name)
		}
	}()
	if err := lock(f, 0); err != nil {
		f.Close()
		return nil, err
	}
	d, err := newDisk(f, path, false)
	if err != nil {
		return nil, err
	}
	if err = d.write(t.changes()); err == nil {
		if err = os.Rename(name, path); err == nil {
			err = syncDir(filepath.Dir(path))
		}
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

const (
	newSuffix   = ".new-"     // of a file that replace has not finished
	asideSuffix = ".damaged-" // and the Unix time when it was moved
)

// removeUnfinished removes what a crash in replace has left. The caller holds
// the lock of the file at path, so nobody is in replace.
func removeUnfinished(path string) {
	left, _ := filepath.Glob(globQuote(path) + newSuffix + "*")
	for _, name := range left {
		os.Remove(name)
	}
}

// aside gives the file at path a second name, under which it stays when it is
// replaced, and removes the oldest of those that were put aside before. A
// file system without links leaves it that name only.
func aside(path string, now time.Time) (string, error) {
	for n := range 100 {
		name := path + asideSuffix + strconv.FormatInt(now.Unix(), 10)
		if n > 0 {
			name += "-" + strconv.Itoa(n)
		}
		err := os.Link(path, name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			err = os.Rename(path, name)
		}
		if err != nil {
			return "", err
		}
		forget(path, name)
		return name, nil
	}
	return "", fs.ErrExist
}

// forget keeps the newest files that were put aside. newest is one of them.
func forget(path, newest string) {
	names, _ := filepath.Glob(globQuote(path) + asideSuffix + "*")
	names = slices.DeleteFunc(names, func(name string) bool { return name == newest })
	slices.Sort(names) // by time, which has ten digits for some centuries yet
	for _, name := range names[:max(0, len(names)-(keepAside-1))] {
		os.Remove(name)
	}
}

// globQuote makes a path that Glob takes as it is.
func globQuote(path string) string {
	quoted := make([]byte, 0, len(path))
	for i := range len(path) {
		if c := path[i]; c == '*' || c == '?' || c == '[' || c == '\\' {
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, path[i])
	}
	return string(quoted)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// isMisuse reports whether an error of opening is about the path, or about
// who uses it, and not one of the disk, which may pass.
func isMisuse(err error) bool {
	for _, misuse := range []error{
		ErrLocked, errNoFile, unix.ENOTDIR, unix.EISDIR, unix.ELOOP, unix.ENAMETOOLONG, unix.EINVAL,
	} {
		if errors.Is(err, misuse) {
			return true
		}
	}
	return false
}

// isFull reports whether an error is that of a disk, or a quota, without room.
func isFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
