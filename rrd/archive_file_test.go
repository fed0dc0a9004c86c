package rrd

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRestartKeepsRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "local.rrd")
	now := time.Unix(base, 0)
	r, err := OpenFile(path, ClassHost, "h", now)
	if err != nil {
		t.Fatal(err)
	}
	one(r, base, 0)
	one(r, base+5, 1)
	one(r, base+8, 2)
	if err := r.SaveFile(path); err != nil {
		t.Fatal(err)
	}
	one(r, base+10, 99) // after the save, lost
	again, err := OpenFile(path, ClassHost, "h", now)
	if err != nil {
		t.Fatal(err)
	}
	one(again, base+20, 3)
	// 3 s at 2 and 12 s at 3 close three points together.
	want(t, "rows", rowsOf(t, again, Average, 5, base+5, "x"), []float64{2.8, 2.8, 2.8, 1})
}

func TestSaveFileReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "local.rrd")
	r := gappy()
	for range 2 {
		if err := r.SaveFile(path); err != nil {
			t.Fatal(err)
		}
		one(r, r.LastUpdate()+5, 1)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if got := files(t, dir); got != "local.rrd" {
		t.Errorf("files %s", got)
	}
	missing := filepath.Join(dir, "missing", "local.rrd")
	if err := r.SaveFile(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("no folder: %v", err)
	}
	// A folder in the way fails at the last step and leaves nothing behind.
	if err := os.MkdirAll(filepath.Join(dir, "taken", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := r.SaveFile(filepath.Join(dir, "taken")); err == nil {
		t.Error("saved over a folder")
	}
	if got := files(t, dir); got != "local.rrd taken" {
		t.Errorf("files %s", got)
	}
}

func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestOpenFileMovesDamageAside(t *testing.T) {
	now := time.Unix(1766000000, 5)
	data := saved(t, gappy())
	f := func(name string, content []byte, message string) {
		t.Helper()
		dir := t.TempDir()
		path := filepath.Join(dir, "local.rrd")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := OpenFile(path, ClassHost, "h", now)
		if err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q and %q", name, err, path, message)
		}
		if r == nil || r.Len() != 0 || r.UUID() != "h" || r.Class() != ClassHost {
			t.Errorf("%s: not a new RRD: %+v", name, r)
		}
		if got := files(t, dir); got != "local.rrd.damaged-1766000000" {
			t.Errorf("%s: files %s", name, got)
		}
		kept, err := os.ReadFile(path + ".damaged-1766000000")
		if err != nil || !bytes.Equal(kept, content) {
			t.Errorf("%s: not kept as it was: %v", name, err)
		}
	}
	f("empty", nil, "byte 0: ends too early")
	f("cut", data[:100], "byte 100: ends too early")
	f("garbage", []byte("not an archive at all"), "no saved archive")
	f("another owner", data, `not of host "h"`)
}

func TestOpenFileKeepsWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "local.rrd")
	if err := os.Mkdir(path, 0o700); err != nil { // reading it fails
		t.Fatal(err)
	}
	r, err := OpenFile(path, ClassHost, "h", time.Unix(0, 0))
	if err == nil || r == nil {
		t.Errorf("%v, %v; want an RRD and an error", r, err)
	}
	if got := files(t, dir); got != "local.rrd" {
		t.Errorf("files %s", got)
	}
}

func TestOpenFileRemovesLeftovers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".local.rrd123", ".local.rrd0", ".local.rrd", ".local.rrd12x", "local.rrd12", ".other123"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenFile(filepath.Join(dir, "local.rrd"), ClassHost, "h", time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); got != ".local.rrd .local.rrd12x .other123 local.rrd12" {
		t.Errorf("files %s", got)
	}
}
