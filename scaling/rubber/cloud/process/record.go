package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"perfmon/scaling/rubber/cloud"
)

// record is what is known of a machine, whoever asks. It has no environment
// and no arguments, as secrets may be in them.
type record struct {
	Intent     string    `json:"intent"`
	Owner      string    `json:"owner"`
	Profile    string    `json:"profile"`
	Generation string    `json:"generation"`
	Name       string    `json:"name"`
	Host       string    `json:"host"`
	Created    time.Time `json:"created"`

	Want want `json:"want"`

	// Of the process, or of the one that is about to be started.
	Mark  string `json:"mark"`            // in its environment
	Boot  string `json:"boot"`            // of the kernel that it runs on
	PID   int    `json:"pid,omitempty"`   // 0: it has not been started, or nobody could write that down
	Start uint64 `json:"start,omitempty"` // when, in ticks since the boot
}

// want is what a machine has been told last.
type want string

const (
	wantRun  want = "run"
	wantHalt want = "halt"
	wantGone want = "gone"
)

// exit is how the process of a mark ended.
type exit struct {
	Mark   string `json:"mark"`
	Status int    `json:"status"` // as wait(2) has it
}

// maxRecord is how large a record may be.
const maxRecord = 64 << 10

// id is what a machine is called here. No part has a dot.
func id(owner, intent string) string { return owner + "." + intent }

// isID says whether this can be a machine's, and so be part of a path.
func isID(id string) bool {
	owner, intent, ok := strings.Cut(id, ".")
	other := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	return ok && owner != "" && intent != "" && !strings.ContainsFunc(owner, other) && !strings.ContainsFunc(intent, other)
}

func (c *Cloud) folder(id string) string { return filepath.Join(c.options.Dir, "machines", id) }

func (c *Cloud) alivePath(id string) string { return filepath.Join(c.folder(id), "alive") }

// load is the record of a machine; fs.ErrNotExist if there is none.
func (c *Cloud) load(id string) (*record, error) {
	var r record
	path := filepath.Join(c.folder(id), "record.json")
	if err := readJSON(path, &r); err != nil {
		return nil, err
	}
	if id != r.Owner+"."+r.Intent {
		return nil, spoilt(path, "is of machine %q", r.Owner+"."+r.Intent)
	}
	return &r, nil
}

// spoilt is the error of a record that no second try makes readable. Whose
// processes it was about nobody knows, so somebody has to look.
func spoilt(path, format string, args ...any) error {
	return refused(cloud.Invalid, fmt.Sprintf("move the folder %s away, and end the processes of its machine by hand", filepath.Dir(path)),
		"%s "+format, append([]any{path}, args...)...)
}

// save writes a record, whole or not at all.
func (c *Cloud) save(r *record) error {
	return writeJSON(filepath.Join(c.folder(id(r.Owner, r.Intent)), "record.json"), r)
}

// exitOf is how the process of a record ended; nil if nobody saw it.
func (c *Cloud) exitOf(r *record) *exit {
	var e exit
	err := readJSON(filepath.Join(c.folder(id(r.Owner, r.Intent)), "exit.json"), &e)
	if err != nil || e.Mark != r.Mark {
		return nil
	}
	return &e
}

func readJSON(path string, to any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > maxRecord {
		return spoilt(path, "has %d bytes, and a record has at most %d", info.Size(), maxRecord)
	}
	data := make([]byte, info.Size())
	if n, err := io.ReadFull(f, data); err != nil {
		return fmt.Errorf("read %s: %d of %d bytes: %w", path, n, len(data), err)
	}
	if err := json.Unmarshal(data, to); err != nil {
		return spoilt(path, "is not a record: %w", err)
	}
	return nil
}

func writeJSON(path string, from any) error {
	data, err := json.MarshalIndent(from, "", "\t")
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, append(data, '\n'), 0o600)
}

// ids are the machines that have a folder, in the order of their names.
func (c *Cloud) ids() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(c.options.Dir, "machines"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && isID(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// discard takes a machine's folder away. What a crash leaves of that is
// discarded next time.
func (c *Cloud) discard(id, mark string) error {
	trash := filepath.Join(c.options.Dir, "trash")
	if err := os.MkdirAll(trash, 0o700); err != nil {
		return err
	}
	err := os.Rename(c.folder(id), filepath.Join(trash, id+"."+mark))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	left, err := os.ReadDir(trash)
	if err != nil {
		return err
	}
	for _, e := range left {
		path := filepath.Join(trash, e.Name())
		if os.RemoveAll(path) == nil {
			continue
		}
		if err := os.RemoveAll(path); err != nil { // twice: somebody was about to write into it
			return err
		}
	}
	return nil
}

// sweep takes a folder away in which a rubber has not come to write a record
// before it crashed.
func (c *Cloud) sweep(id string) error {
	turn := filepath.Join(c.options.Dir, "turn", id)
	lock, err := tryTake(turn)
	if err != nil || lock == nil {
		return gone(err)
	}
	defer lock.Close()
	if _, err := c.load(id); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(os.RemoveAll(c.folder(id)), gone(os.Remove(turn)))
}
