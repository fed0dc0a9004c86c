package takeover

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// maxSaved is the size of the largest file that is copied, in bytes. A plugin
// is a script of a few KiB.
const maxSaved = 64 << 20

// saved is one file or link that is to come back as it was.
type saved struct {
	// Link is where a symbolic link leads; empty for a file.
	Link   string      `json:"link,omitempty"`
	Mode   fs.FileMode `json:"mode"` // permissions, with setuid and the like as in fs.FileMode
	UID    int         `json:"uid"`
	GID    int         `json:"gid"`
	MTime  time.Time   `json:"mtime"`
	SHA256 string      `json:"sha256,omitempty"` // of a file; its copy has this name
}

// describe looks at a file or link; nil if there is none.
func describe(path string) (*saved, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &saved{Mode: info.Mode() &^ fs.ModeType, MTime: info.ModTime()}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		s.UID, s.GID = int(owner.Uid), int(owner.Gid)
	}
	switch {
	case info.Mode().Type() == fs.ModeSymlink:
		s.Link, err = os.Readlink(path)
		return s, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is neither a file nor a link: look at it, and move it away", path)
	case info.Size() > maxSaved:
		return nil, fmt.Errorf("%s has %d bytes, more than the %d that are copied", path, info.Size(), maxSaved)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	s.SHA256 = hex.EncodeToString(sum[:])
	return s, nil
}

// same says whether two look alike to whoever reads or runs them.
func (s *saved) same(other *saved) bool {
	return s.Link == other.Link && s.SHA256 == other.SHA256 && s.Mode == other.Mode && s.UID == other.UID && s.GID == other.GID
}

// keep copies the file at path, which s describes, into dir.
func (s *saved) keep(path, dir string) error {
	if s.SHA256 == "" {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != s.SHA256 {
		return fmt.Errorf("%s has changed just now: try again", path)
	}
	if err := renameio.WriteFile(filepath.Join(dir, s.SHA256), b, 0o600); err != nil {
		return err
	}
	return syncDir(dir)
}

// restore puts s back at path, from its copy in dir, in one step.
func (s *saved) restore(path, dir string) error {
	next := unfinished(path)
	if err := removeIfThere(next); err != nil {
		return err
	}
	if s.Link != "" {
		if err := os.Symlink(s.Link, next); err != nil {
			return err
		}
	} else if err := s.writeCopy(next, dir); err != nil {
		return err
	}
	if err := os.Lchown(next, s.UID, s.GID); err != nil {
		return err
	}
	if s.Link == "" {
		// After chown, which takes setuid away.
		if err := os.Chmod(next, s.Mode); err != nil {
			return err
		}
	}
	stamp := unix.NsecToTimespec(s.MTime.UnixNano())
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, next, []unix.Timespec{stamp, stamp}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set the time of %s: %w", next, err)
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func (s *saved) writeCopy(next, dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, s.SHA256))
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != s.SHA256 {
		return fmt.Errorf("the copy %s is damaged: reinstall the package that the file belongs to", filepath.Join(dir, s.SHA256))
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(bytes.NewReader(b))
	return errors.Join(err, f.Sync(), f.Close())
}

// unfinished is where something is made that then takes its place at path.
func unfinished(path string) string { return path + ".perfmon-new" }

// replaceWithLink puts a link at path in one step, so that there is always
// something to run there.
func replaceWithLink(path, target string) error {
	next := unfinished(path)
	if err := removeIfThere(next); err != nil {
		return err
	}
	if err := os.Symlink(target, next); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir makes the names in a directory outlive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
