package process

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// pause is between two looks at something that says nothing by itself.
const pause = 5 * time.Millisecond

// sleep waits a moment, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// take has a file locked, for this handle alone: another one of this process
// waits as well. The lock is held until the file is closed, here and in every
// process that has inherited it.
func take(ctx context.Context, path string) (*os.File, error) {
	for {
		f, err := tryTake(path)
		if err != nil || f != nil {
			return f, err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// tryTake is nil if somebody else has the lock.
func tryTake(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	// Whoever had it before may have removed the file.
	ours, err := f.Stat()
	if err == nil {
		var there os.FileInfo
		if there, err = os.Stat(path); err == nil && os.SameFile(ours, there) {
			return f, nil
		}
	}
	f.Close()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return nil, nil
}

func flock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EINTR {
			return err
		}
	}
}

// turn is the right to change one machine.
func (c *Cloud) turn(ctx context.Context, id string) (release func(), err error) {
	folder := filepath.Join(c.options.Dir, "turn")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, id)
	f, err := take(ctx, path)
	if err != nil {
		return nil, err
	}
	return func() {
		if _, err := os.Stat(c.folder(id)); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(path) // best effort: an empty file is left
		}
		f.Close()
	}, nil
}

// roomTurn is the right to give out room.
func (c *Cloud) roomTurn(ctx context.Context) (release func(), err error) {
	if err := os.MkdirAll(filepath.Join(c.options.Dir, "machines"), 0o700); err != nil {
		return nil, err
	}
	f, err := take(ctx, filepath.Join(c.options.Dir, "place"))
	if err != nil {
		return nil, err
	}
	return func() { f.Close() }, nil
}
