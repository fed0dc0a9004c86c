package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/config"
)

// newFile is what a trigger file begins as that is not there yet.
const newFile = "<config>\n</config>\n"

// inFile changes a trigger file.
func (e *edit) inFile(cmd *cobra.Command) error {
	class := e.class
	if class == "" {
		class = classOf(e.file)
	}
	if class == "" {
		return fmt.Errorf("%s: the name does not say of which class it is: want --class vm, host or sr", e.file)
	}
	path, before, err := readTriggerFile(e.file)
	if err != nil {
		return verbs.Failed(err)
	}
	text := string(before)
	if before == nil && e.assignments != nil {
		text = newFile
	}
	layer := config.Layer{Origin: e.file, Class: class, Text: text}
	after, err := e.change(layer, false)
	if err != nil {
		return verbs.Refused(err)
	}
	layer.Text = after
	r := report{
		title: e.file, origin: e.file, class: class, before: string(before), after: after,
		problems: config.CheckDefaults(layer, config.Options{Legacy: e.legacy}),
	}
	if !e.dryRun && after != string(before) {
		if err := replaceFile(path, before, []byte(after)); err != nil {
			return verbs.Failed(err)
		}
	}
	return r.print(cmd, e)
}

// readTriggerFile reads a trigger file; nil if there is none. The path is the
// one to write, behind symbolic links.
func readTriggerFile(name string) (path string, text []byte, err error) {
	path, err = filepath.EvalSymlinks(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(name); err == nil {
			return "", nil, fmt.Errorf("%s is a symbolic link that leads nowhere", name)
		}
		return name, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", nil, errors.Join(err, fmt.Errorf("%s is not a file", name))
	}
	text, err = io.ReadAll(io.LimitReader(f, maxTriggerFile))
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w", name, err)
	}
	if text == nil {
		text = []byte{}
	}
	return path, text, nil
}

// replaceFile puts a new file in the place of one, with its mode and owner,
// at once: who reads sees the one or the other. A file that is no longer as it
// was read, nil for none, is left alone.
func replaceFile(path string, before, after []byte) error {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithExistingPermissions(), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = f.Cleanup() }()
	if _, err := f.Write(after); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			if err := keepOwner(f.File, owner); err != nil {
				return fmt.Errorf("write %s: %w", path, err)
			}
		}
	}
	now, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && before == nil:
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	case before == nil || !bytes.Equal(now, before):
		return fmt.Errorf("write %s: somebody else has changed it meanwhile; run this again", path)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// keepOwner gives a file the owner of another, if that is somebody else.
func keepOwner(f *os.File, owner *syscall.Stat_t) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if mine, ok := info.Sys().(*syscall.Stat_t); ok && mine.Uid == owner.Uid && mine.Gid == owner.Gid {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}
