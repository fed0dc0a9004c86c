package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// compactFrom is the size from which on a file is made anew when it is opened
// and less than half of it is used.
const compactFrom = 1 << 20

// newEpoch is a name that no other journal has: 26 letters and digits.
func newEpoch() string { return strings.ToLower(rand.Text()) }

// found is what the file was found to be. Its lock is held until close.
type found struct {
	file   *os.File
	disk   *disk // which has the file then
	mirror *mirror
	usage  usage
	empty  bool
	damage error // why it cannot be used
}

func (f *found) close() {
	if f.disk != nil {
		f.disk.close()
		return
	}
	f.file.Close()
}

// wasteful reports whether making the file anew is worth it.
func (f *found) wasteful() bool {
	return f.disk != nil && f.disk.size() >= compactFrom && f.usage.usedBytes() < f.disk.size()/2
}

// catchUp makes of a file that is sound what have is, in one transaction. That
// needs room for what differs alone, while a file made anew needs it for all
// beside the one that is there. It is for a disk that was full and nothing
// else: one that has lost writes may hold less of the file than can be read of
// it, and a file that is made anew does not depend on that.
func (f *found) catchUp(have tables) error {
	if f.mirror == nil || f.disk == nil {
		return errors.New("there is nothing to catch up from")
	}
	return f.disk.write(have.changesFrom(f.mirror.tables))
}

// examine reads a locked file, which now belongs to what is found.
func examine(f *os.File, path string, readOnly bool) *found {
	found := &found{file: f}
	info, err := f.Stat()
	switch {
	case err != nil:
		found.damage = err
	case info.Size() == 0:
		found.empty = true
	case info.Size() > maxFile:
		found.damage = fmt.Errorf("it has %d bytes; the limit is %d", info.Size(), maxFile)
	default:
		found.damage = found.read(path, info.Size(), readOnly)
	}
	return found
}

func (f *found) read(path string, size int64, readOnly bool) error {
	var err error
	if f.usage, err = checkFile(f.file, size); err != nil {
		return err
	}
	if f.disk, err = newDisk(f.file, path, readOnly); err != nil {
		return err
	}
	content, err := f.disk.load()
	if err != nil {
		return err
	}
	f.mirror, err = newMirror(content)
	return err
}

// attach opens the file and reads it. What is damaged or foreign is put
// aside, and a new one takes its place. With have, that is written to a new
// file whatever the old one holds; for want of room, see catchUp.
//
// It returns the disk, or why there is none, and what was read: nil for
// nothing, and always with have.
func (j *Journal) attach(have tables) (*disk, *mirror, error) {
	path := j.opts.Path
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return nil, nil, fmt.Errorf("make state directory: %w", err)
	}
	f, err := openLocked(path, os.O_RDWR|os.O_CREATE, j.opts.OpenTimeout)
	if err != nil {
		return nil, j.readOnly(err), fmt.Errorf("open %q: %w", path, err)
	}
	removeUnfinished(path)
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&^fileMode != 0 {
		f.Chmod(fileMode) // a copy that came back may be open to others; if this fails it stays so
	}
	found := examine(f, path, false)
	if have == nil && found.damage == nil && !found.empty && !found.wasteful() {
		return found.disk, found.mirror, nil
	}
	content := have
	switch {
	case have != nil:
	case found.mirror != nil:
		content = found.mirror.tables
	default:
		content = newTables(newEpoch())
	}
	aside, err := j.putAside(found)
	if err != nil {
		found.close()
		return nil, nil, err
	}
	d, err := replace(path, content)
	if err != nil {
		err = fmt.Errorf("write %q anew: %w", path, err)
		if have == nil && found.mirror != nil {
			j.log.Warn("journal not compacted", "err", err)
			return found.disk, found.mirror, nil
		}
		if have != nil && isFull(err) && isFull(j.cause) && found.catchUp(have) == nil {
			return found.disk, nil, nil
		}
		if aside != "" {
			os.Remove(aside)
		}
		found.close()
		return nil, found.mirror, err
	}
	found.close()
	if aside != "" {
		j.log.Error("journal was damaged or not ours: moved aside, a new one made", "path", path, "aside", aside, "err", found.damage)
	}
	if have != nil {
		return d, nil, nil
	}
	m, err := newMirror(content)
	return d, m, err
}

// putAside keeps a file that cannot be used under another name, and returns
// that, "" for any other file.
func (j *Journal) putAside(f *found) (string, error) {
	if f.damage == nil {
		return "", nil
	}
	name, err := aside(j.opts.Path, time.Now())
	if err != nil {
		return "", fmt.Errorf("move %q aside, which is damaged or not ours (%w): %w", j.opts.Path, f.damage, err)
	}
	return name, nil
}

// readOnly reads the file of a disk that cannot be written to, for which err
// is the reason. Nil is: it cannot be read either.
func (j *Journal) readOnly(err error) *mirror {
	if isMisuse(err) {
		return nil
	}
	f, err := openLocked(j.opts.Path, os.O_RDONLY, j.opts.OpenTimeout)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		j.log.Error("journal cannot be read", "path", j.opts.Path, "err", err)
		return nil
	}
	found := examine(f, j.opts.Path, true)
	defer found.close()
	if found.damage != nil {
		j.log.Error("journal is damaged or not ours", "path", j.opts.Path, "err", found.damage)
		return nil
	}
	return found.mirror
}
