package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxSecret is more than any password, token or .creds file has.
const maxSecret = 64 << 10

// makeDir makes the engine's folder, or checks the one that is there.
func makeDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make folder %s: %w", filepath.Dir(dir), err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the engine's folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at the engine's folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is to be the engine's folder and is none: move it away or name another", dir)
	}
	if err := checkOwner(dir, info); err != nil {
		return err
	}
	if m := info.Mode().Perm(); m&0o077 != 0 {
		return fmt.Errorf("the engine's folder %s has mode %04o, and others could read the token in it: chmod 0700 %s", dir, m, dir)
	}
	return nil
}

// checkOwner says whether a file is of the user that we run as. Two users
// would make files that the other cannot open.
func checkOwner(name string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d and this process runs as user %d: run all processes that share it as one user", name, st.Uid, os.Geteuid())
	}
	return nil
}

// readOwnSecret reads a file that only we may read: mode 0600 and ours.
func readOwnSecret(name string) (string, error) {
	return readSecret(name, func(info fs.FileInfo) error {
		if err := checkOwner(name, info); err != nil {
			return err
		}
		if m := info.Mode().Perm(); m&0o077 != 0 {
			return fmt.Errorf("%s has mode %04o, and others could have read the token: remove it, so that the next start makes another, or chmod 0600 it", name, m)
		}
		return nil
	})
}

// readGivenSecret reads a file that somebody made for us. A group may read it,
// as it has to where systemd hands credentials over.
func readGivenSecret(name string) (string, error) {
	return readSecret(name, func(info fs.FileInfo) error {
		if m := info.Mode().Perm(); m&0o027 != 0 {
			return fmt.Errorf("%s has mode %04o and holds a secret: chmod 0600 %s", name, m, name)
		}
		return nil
	})
}

// readSecret reads a small file without the line ends behind it. check sees
// the file that is read, not one that came in its place.
func readSecret(name string, check func(fs.FileInfo) error) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is to hold a secret and is not a file", name)
	}
	if err := check(info); err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	if len(b) > maxSecret {
		return "", fmt.Errorf("%s is to hold a secret and has more than %d bytes", name, maxSecret)
	}
	if b = bytes.TrimRight(b, "\r\n"); len(b) == 0 {
		return "", fmt.Errorf("%s is to hold a secret and is empty", name)
	}
	return string(b), nil
}

// writeOwn puts a file in place as a whole, mode 0600, and on disk.
func writeOwn(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*") // 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", name, cause(err))
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err == nil {
		err = syncDir(filepath.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, cause(err))
	}
	return nil
}

// cause is an error of the system without the name of a file that is another
// one each time.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
