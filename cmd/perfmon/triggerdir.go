package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"perfmon/rrd"
)

// maxTriggerFile bounds what is read of a trigger file; the parser refuses
// less than that, and says where.
const maxTriggerFile = 4 << 20

// triggerClasses are the classes that have a trigger file.
var triggerClasses = [...]string{rrd.ClassVM, rrd.ClassHost, rrd.ClassSR}

// triggerLook is how often the files are looked at for a change.
const triggerLook = time.Second

// triggerDir is a directory of trigger files: vm.xml, host.xml and sr.xml,
// which the objects of a class inherit.
type triggerDir struct {
	dir    string
	every  time.Duration // between reads even if nothing seems to have changed
	needed string        // class whose file ought to be there; "" for none
	log    *slog.Logger
	again  chan struct{}

	// Owned by watch.
	texts   map[string]string // by class, of the files that could be read
	trouble map[string]string // by class: what was logged of its file
}

func newTriggerDir(o *options, needed string, log *slog.Logger) *triggerDir {
	return &triggerDir{
		dir: o.triggers, every: time.Duration(o.configPeriod) * time.Second, needed: needed, log: log,
		again: make(chan struct{}, 1), texts: map[string]string{}, trouble: map[string]string{},
	}
}

// reread asks for a read now.
func (d *triggerDir) reread() {
	select {
	case d.again <- struct{}{}:
	default:
	}
}

// stamp is what a look at a file costs little to see. The time of its last
// change of any kind tells files apart that were put in its place.
type stamp struct {
	modified time.Time
	changed  syscall.Timespec
	size     int64
}

type stamps [len(triggerClasses)]stamp

// watch hands on the texts by class when a file changes, until ctx ends. A
// file that cannot be read leaves its last text in force; one that is not
// there is no triggers. The map is the receiver's to keep.
func (d *triggerDir) watch(ctx context.Context, give func(files map[string]string)) {
	look := time.NewTicker(triggerLook)
	defer look.Stop()
	for {
		seen := d.stamps()
		for _, class := range triggerClasses {
			d.readClass(class)
		}
		give(maps.Clone(d.texts))
		if !d.changed(ctx, look.C, seen, time.Now().Add(d.every)) {
			return
		}
	}
}

// changed waits for a reason to read again. It returns false when ctx ends. A
// file that has changed is read when it has stayed the same for a look: an
// editor may have emptied it, and not yet written it.
func (d *triggerDir) changed(ctx context.Context, look <-chan time.Time, seen stamps, latest time.Time) bool {
	last := seen
	for {
		select {
		case <-ctx.Done():
			return false
		case <-d.again:
			return true
		case now := <-look:
			current := d.stamps()
			if now.After(latest) || current != seen && current == last {
				return true
			}
			last = current
		}
	}
}

func (d *triggerDir) stamps() (all stamps) {
	for i, class := range triggerClasses {
		info, err := os.Stat(d.path(class))
		if err != nil {
			continue
		}
		all[i] = stamp{modified: info.ModTime(), size: info.Size()}
		if sys, ok := info.Sys().(*syscall.Stat_t); ok {
			all[i].changed = sys.Ctim
		}
	}
	return all
}

func (d *triggerDir) path(class string) string { return filepath.Join(d.dir, class+".xml") }

// readClass takes over the text of a class's file, if it can be read.
func (d *triggerDir) readClass(class string) {
	text, err := readTriggers(d.path(class))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.texts[class], d.trouble[class] = "", ""
		if class == d.needed {
			d.log.Warn("no trigger file: rows are recorded, and no alarm can be raised", "file", d.path(class))
		}
	case err == nil:
		d.texts[class], d.trouble[class] = text, ""
	case err.Error() != d.trouble[class]:
		d.trouble[class] = err.Error()
		d.log.Error("triggers not read: the last ones stay in force", "class", class, "err", err)
	}
}

// readTriggers returns a file's text. It does not wait for a writer, as an
// open of a pipe would.
func readTriggers(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("read triggers: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("read triggers: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("read triggers: %s is not a regular file", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxTriggerFile+1))
	if err != nil {
		return "", fmt.Errorf("read triggers: %w", err)
	}
	if len(b) > maxTriggerFile {
		return "", fmt.Errorf("read triggers: %s is larger than %d bytes", path, maxTriggerFile)
	}
	return string(b), nil
}
