package rrd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

// SaveFile saves the RRD as path, mode 0600. The file is whole at every
// moment: either the one before or the new one, also after a power cut.
func (r *RRD) SaveFile(path string) error {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o600), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return fmt.Errorf("save archives %q: %w", path, err)
	}
	defer func() { _ = f.Cleanup() }() // does nothing once the file is in place
	if err := r.Save(f); err != nil {
		return fmt.Errorf("save %q: %w", path, err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("save archives %q: %w", path, err)
	}
	return nil
}

// LoadFile loads what SaveFile saved. A file that is not sound is a
// *DamageError with the offset; see OpenFile for what to do about it.
func LoadFile(path string) (*RRD, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load archives: %w", err)
	}
	defer func() { _ = f.Close() }()
	r, err := Load(f)
	if err != nil {
		return nil, fmt.Errorf("load %q: %w", path, err)
	}
	return r, nil
}

// OpenFile loads the RRD of an owner for good: from path, or a new one when
// there is no file yet. A damaged file, and one of another owner, is renamed
// to path.damaged-<unix time of now> and a new RRD begun. The RRD is never
// nil; an error says why earlier rows are missing and where they went.
// Temporary files that a killed SaveFile left beside path are removed, so
// only the one process that saves there may call it.
func OpenFile(path, class, uuid string, now time.Time) (*RRD, error) {
	removeLeftovers(path)
	r, err := LoadFile(path)
	var damage *DamageError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return NewRRD(class, uuid), nil
	case err == nil && (r.class != class || r.uuid != uuid):
		err = fmt.Errorf("load %q: it has the rows of %s %q, not of %s %q", path, r.class, r.uuid, class, uuid)
	case err == nil:
		return r, nil
	case !errors.As(err, &damage):
		return NewRRD(class, uuid), err
	}
	aside := fmt.Sprintf("%s.damaged-%d", path, now.Unix())
	if moved := os.Rename(path, aside); moved != nil {
		return NewRRD(class, uuid), fmt.Errorf("%w; it could not be moved aside: %w", err, moved)
	}
	return NewRRD(class, uuid), fmt.Errorf("%w; moved to %q", err, aside)
}

// removeLeftovers removes temporary files of SaveFile, which are named
// ".<file><digits>". It is a courtesy: what cannot be removed stays.
func removeLeftovers(path string) {
	dir, prefix := filepath.Dir(path), "."+filepath.Base(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), prefix)
		if ok && digits != "" && strings.Trim(digits, "0123456789") == "" {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
