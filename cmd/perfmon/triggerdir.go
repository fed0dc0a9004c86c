package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"time"

	"perfmon/monitor"
	"perfmon/rrd"
)

// maxTriggerFile bounds what is read of a trigger file; the parser refuses
// less than that, and says where.
const maxTriggerFile = 4 << 20

// triggerLook is how often the file is looked at for a change.
const triggerLook = time.Second

// triggerDir is the configuration of a host without a toolstack: host.xml in
// a directory.
type triggerDir struct {
	path  string
	every time.Duration // between reads even if nothing seems to have changed
	uuid  string
	name  string
	log   *slog.Logger
	again chan struct{}
}

// reread asks for a read now.
func (d *triggerDir) reread() {
	select {
	case d.again <- struct{}{}:
	default:
	}
}

// stamp is what a look at the file costs little to see. The time of its last
// change of any kind tells files apart that were put in its place.
type stamp struct {
	modified time.Time
	changed  syscall.Timespec
	size     int64
}

// watch hands on the configuration when the file changes, until ctx ends. A
// file that cannot be read leaves the last configuration in force; one that
// is not there is no triggers.
func (d *triggerDir) watch(ctx context.Context, give func(*monitor.Inventory)) {
	look := time.NewTicker(triggerLook)
	defer look.Stop()
	var trouble string
	for {
		seen := d.stamp()
		text, err := d.read()
		switch {
		case err == nil:
			trouble = ""
			give(d.inventory(text))
		case err.Error() != trouble:
			trouble = err.Error()
			d.log.Error("triggers not read: the last ones stay in force", "err", err)
		}
		if !d.changed(ctx, look.C, seen, time.Now().Add(d.every)) {
			return
		}
	}
}

// changed waits for a reason to read again. It returns false when ctx ends.
func (d *triggerDir) changed(ctx context.Context, look <-chan time.Time, seen stamp, latest time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-d.again:
			return true
		case now := <-look:
			if d.stamp() != seen || now.After(latest) {
				return true
			}
		}
	}
}

func (d *triggerDir) inventory(text string) *monitor.Inventory {
	return &monitor.Inventory{HostUUID: d.uuid, Objects: map[monitor.Object]*monitor.Facts{
		{Class: rrd.ClassHost, UUID: d.uuid}: {Name: d.name, Config: text, Resident: true},
	}}
}

func (d *triggerDir) stamp() stamp {
	info, err := os.Stat(d.path)
	if err != nil {
		return stamp{}
	}
	s := stamp{modified: info.ModTime(), size: info.Size()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.changed = sys.Ctim
	}
	return s
}

// read returns the file's text, "" if there is no file.
func (d *triggerDir) read() (string, error) {
	f, err := os.Open(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		d.log.Warn("no trigger file: rows are recorded, and no alarm can be raised", "file", d.path)
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read triggers: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTriggerFile+1))
	if err != nil {
		return "", fmt.Errorf("read triggers: %w", err)
	}
	if len(b) > maxTriggerFile {
		return "", fmt.Errorf("read triggers: %s is larger than %d bytes", d.path, maxTriggerFile)
	}
	return string(b), nil
}
