package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/monitor"
)

// watched runs the watch of a directory in a bubble, and keeps what it gives.
type watched struct {
	t   *testing.T
	dir string
	d   *triggerDir
	log bytes.Buffer

	mu    sync.Mutex
	given []map[string]string // guarded by mu
}

func (w *watched) take(files map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.given = append(w.given, files)
}

func watchDir(t *testing.T, f func(w *watched)) {
	t.Helper()
	w := &watched{t: t, dir: t.TempDir()}
	synctest.Test(t, func(t *testing.T) {
		w.d = newTriggerDir(&options{triggers: w.dir, configPeriod: 1800}, "", slog.New(slog.NewTextHandler(&w.log, nil)))
		ctx, cancel := context.WithCancel(context.Background())
		var work sync.WaitGroup
		work.Go(func() { w.d.watch(ctx, w.take) })
		synctest.Wait()
		f(w)
		cancel()
		work.Wait()
	})
}

func (w *watched) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// after waits, and looks at what has been given since the start.
func (w *watched) after(d time.Duration, n int, want map[string]string) {
	w.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.given) != n {
		w.t.Fatalf("given %d times, want %d", len(w.given), n)
	}
	if got := w.given[n-1]; !maps.Equal(got, want) {
		w.t.Errorf("given %q, want %q", got, want)
	}
}

func TestTriggerFilesAreReadWhenTheyAreWhole(t *testing.T) {
	watchDir(t, func(w *watched) {
		none := map[string]string{"vm": "", "host": "", "sr": ""}
		w.after(0, 1, none)
		w.write("vm.xml", "")
		w.after(1500*time.Millisecond, 1, none)
		w.write("vm.xml", "<config/>") // in time for the next look, which sees another file
		w.after(time.Second, 1, none)
		w.after(time.Second, 2, map[string]string{"vm": "<config/>", "host": "", "sr": ""})
		w.write("other.xml", "x")
		w.write("sr.xml", "y")
		w.after(2*time.Second, 3, map[string]string{"vm": "<config/>", "host": "", "sr": "y"})
		if err := os.Remove(filepath.Join(w.dir, "vm.xml")); err != nil {
			t.Fatal(err)
		}
		w.after(2*time.Second, 4, map[string]string{"vm": "", "host": "", "sr": "y"})
		last := map[string]string{"vm": "", "host": "", "sr": "y"}
		w.after(1790*time.Second, 4, last)
		w.after(20*time.Second, 5, last)
		w.d.reread()
		w.after(0, 6, last)
	})
}

func TestUnreadableTriggerFileKeepsItsText(t *testing.T) {
	w := &watched{}
	watchDir(t, func(in *watched) {
		w = in
		in.write("host.xml", "good")
		in.write("sr.xml", "good too")
		in.after(2*time.Second, 2, map[string]string{"vm": "", "host": "good", "sr": "good too"})
		in.write("host.xml", strings.Repeat("x", maxTriggerFile+1))
		if err := os.Remove(filepath.Join(in.dir, "sr.xml")); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(in.dir, "sr.xml"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(in.dir, "vm.xml"), 0o700); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			in.after(2*time.Second, 3+i, map[string]string{"vm": "", "host": "good", "sr": "good too"})
			in.d.reread()
		}
	})
	for _, want := range []string{"is larger than 4194304 bytes", "sr.xml is not a regular file", "vm.xml is not a regular file"} {
		if n := strings.Count(w.log.String(), want); n != 1 {
			t.Errorf("%q is logged %d times, want once:\n%s", want, n, w.log.String())
		}
	}
}

// A class whose file has not been read yet is not given as one without a file.
func TestUnreadableTriggerFileAtTheStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "vm.xml"), 0o700); err != nil {
		t.Fatal(err)
	}
	d := newTriggerDir(&options{triggers: dir, configPeriod: 1800}, "", slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	d.watch(ctx, func(files map[string]string) {
		if want := map[string]string{"host": "", "sr": ""}; !maps.Equal(files, want) {
			t.Errorf("given %q, want %q", files, want)
		}
		cancel()
	})
}

func TestJointGivesWhenAllIsKnown(t *testing.T) {
	var given []string
	j := &joint{give: func(inv *monitor.Inventory) { given = append(given, fmt.Sprint(inv.HostUUID, " ", inv.Files["vm"])) }}
	want := func(question string, want ...string) {
		t.Helper()
		if fmt.Sprint(given) != fmt.Sprint(want) {
			t.Errorf("%s: given %q, want %q", question, given, want)
		}
	}
	one := &monitor.Inventory{HostUUID: "1"}
	j.setInventory(one)
	want("no files yet")
	j.setFiles(map[string]string{"vm": "a"})
	want("both", "1 a")
	j.setFiles(map[string]string{"vm": "a"})
	want("the same files", "1 a")
	j.setInventory(&monitor.Inventory{HostUUID: "2"})
	j.setFiles(map[string]string{"vm": "b"})
	want("news of both", "1 a", "2 a", "2 b")
	if one.Files != nil {
		t.Error("the toolstack's inventory was changed")
	}
	empty := &joint{give: j.give}
	empty.setFiles(map[string]string{})
	empty.setInventory(one)
	want("no file could be read", "1 a", "2 a", "2 b", "1 ")
}

func TestLocalInventory(t *testing.T) {
	host := monitor.Object{Class: "host", UUID: "h"}
	files := map[string]string{"host": "x", "vm": "y"}
	if inv := localInventory("h", "me", files, false); inv.Files["host"] != "x" || inv.Objects[host].Config != "" || inv.Objects[host].Name != "me" {
		t.Errorf("%+v", inv)
	}
	if inv := localInventory("h", "me", files, true); inv.Files != nil || inv.Objects[host].Config != "x" {
		t.Errorf("legacy: %+v", inv)
	}
	if inv := localInventory("h", "me", map[string]string{}, true); inv != nil {
		t.Errorf("legacy, and the file cannot be read: %+v", inv)
	}
}
