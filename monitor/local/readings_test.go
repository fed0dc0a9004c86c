package local

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// disks answers for paths below a root.
func disks(root string, of map[string]usage) func(string) (usage, error) {
	return func(path string) (usage, error) {
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return usage{}, err
		}
		u, ok := of[rel]
		if !ok {
			return usage{}, syscall.ENOENT
		}
		return u, nil
	}
}

func TestFSUsage(t *testing.T) {
	f := func(name string, of map[string]usage, fs, logs float64, fsErr, logErr error) {
		t.Helper()
		r := newReadings("/r", disks("/r", of), time.Minute)
		check := func(what string, want float64, wantErr error, got float64, err error) {
			t.Helper()
			if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || !errors.Is(err, wantErr) || (err == nil) == math.IsNaN(got) {
				t.Errorf("%s: %s is %v, %v; want %v, %v", name, what, got, err, want, wantErr)
			}
		}
		got, err := r.FSUsage(t.Context())
		check("fs_usage", fs, fsErr, got, err)
		got, err = r.LogFSUsage(t.Context())
		check("log_fs_usage", logs, logErr, got, err)
	}
	n := math.NaN()
	f("two devices", map[string]usage{"etc/passwd": {1, 90, 10}, "var/log": {2, 25, 75}}, 0.9, 0.25, nil, nil)
	f("one device", map[string]usage{"etc/passwd": {1, 90, 10}, "var/log": {1, 90, 10}}, 0.9, n, nil, ErrSameFilesystem)
	f("no logs", map[string]usage{"etc/passwd": {1, 1, 3}}, 0.25, n, nil, syscall.ENOENT)
	f("no passwd", map[string]usage{"var/log": {2, 25, 75}}, n, n, syscall.ENOENT, syscall.ENOENT)
	f("full and empty", map[string]usage{"etc/passwd": {1, 10, 0}, "var/log": {2, 0, 10}}, 1, 0, nil, nil)
	r := newReadings("/r", disks("/r", map[string]usage{"etc/passwd": {1, 0, 0}}), time.Minute)
	if v, err := r.FSUsage(t.Context()); err == nil || !math.IsNaN(v) {
		t.Errorf("no blocks: %v, %v", v, err)
	}
}

func TestStatVolume(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"etc", "var/log"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r := NewReadings(root)
	var st syscall.Statfs_t
	if err := syscall.Statfs(root, &st); err != nil {
		t.Fatal(err)
	}
	got, err := r.FSUsage(t.Context())
	used := float64(st.Blocks - st.Bfree)
	if want := used / (used + float64(st.Bavail)); err != nil || math.Abs(got-want) > 0.01 {
		t.Errorf("fs_usage %v, %v; want about %v", got, err, want)
	}
	if got, err := r.LogFSUsage(t.Context()); !errors.Is(err, ErrSameFilesystem) || !math.IsNaN(got) {
		t.Errorf("log_fs_usage %v, %v", got, err)
	}
	r = NewReadings(filepath.Join(root, "missing"))
	if got, err := r.FSUsage(t.Context()); !errors.Is(err, os.ErrNotExist) || !math.IsNaN(got) {
		t.Errorf("missing: %v, %v", got, err)
	}
	if got, err := r.MemUsage(); !errors.Is(err, os.ErrNotExist) || !math.IsNaN(got) {
		t.Errorf("missing meminfo: %v, %v", got, err)
	}
}

// TestHungFilesystem hangs one of the two file systems.
func TestHungFilesystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const deadline = 2 * time.Second
		var asked atomic.Int32
		answer := make(chan struct{})
		good := disks("/r", map[string]usage{"etc/passwd": {1, 1, 1}, "var/log": {2, 1, 3}})
		r := newReadings("/r", func(path string) (usage, error) {
			if path == "/r/var/log" {
				asked.Add(1)
				<-answer
			}
			return good(path)
		}, deadline)

		began := time.Now()
		if v, err := r.LogFSUsage(t.Context()); err == nil || !math.IsNaN(v) || !strings.Contains(err.Error(), "2s") {
			t.Errorf("first: %v, %v", v, err)
		}
		if waited := time.Since(began); waited != deadline {
			t.Errorf("waited %v", waited)
		}
		// From now on nobody waits, and nothing is asked again.
		for range 10 {
			if v, err := r.LogFSUsage(t.Context()); err == nil || !math.IsNaN(v) || !strings.Contains(err.Error(), "still") {
				t.Errorf("later: %v, %v", v, err)
			}
		}
		if v, err := r.FSUsage(t.Context()); err != nil || v != 0.5 {
			t.Errorf("the other file system: %v, %v", v, err)
		}
		if waited := time.Since(began); waited != deadline || asked.Load() != 1 {
			t.Errorf("waited %v, asked %d times", waited, asked.Load())
		}
		close(answer)
		synctest.Wait()
		if v, err := r.LogFSUsage(t.Context()); err != nil || v != 0.25 || asked.Load() != 2 {
			t.Errorf("afterwards: %v, %v, asked %d times", v, err, asked.Load())
		}
	})
}

func TestReadersShareAQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		answer := make(chan struct{})
		r := newReadings("/r", func(string) (usage, error) {
			asked.Add(1)
			<-answer
			return usage{1, 1, 3}, nil
		}, time.Second)
		results := make(chan float64, 3)
		for range 3 {
			go func() {
				v, err := r.FSUsage(t.Context())
				if err != nil {
					t.Error(err)
				}
				results <- v
			}()
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if v, err := r.FSUsage(ctx); !errors.Is(err, context.Canceled) || !math.IsNaN(v) {
			t.Errorf("cancelled: %v, %v", v, err)
		}
		synctest.Wait()
		close(answer)
		for range 3 {
			if v := <-results; v != 0.25 {
				t.Errorf("%v", v)
			}
		}
		if asked.Load() != 1 {
			t.Errorf("asked %d times", asked.Load())
		}
	})
}

func TestMemUsage(t *testing.T) {
	tr := newTree(t, "before")
	// 4000000 - 2000000 - 100000 - 900000 + 1000000 - 800000
	if v, err := NewReadings(tr.root).MemUsage(); err != nil || v != 0.3 {
		t.Errorf("before: %v, %v", v, err)
	}
	tr.become("after")
	if v, err := NewReadings(tr.root).MemUsage(); err != nil || v != 0.425 {
		t.Errorf("after: %v, %v", v, err)
	}
	data, err := os.ReadFile(filepath.Join(tr.proc(), "meminfo"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"MemTotal", "MemFree", "Buffers", "Cached", "SwapTotal", "SwapFree"} {
		without := strings.Replace("\n"+string(data), "\n"+name+":", "\nX"+name+":", 1)
		if v, err := parseMeminfo(without, usedMemory); err == nil || !strings.Contains(err.Error(), "no "+name) {
			t.Errorf("without %s: %v, %v", name, v, err)
		}
		wrong := strings.Replace("\n"+string(data), "\n"+name+":", "\n"+name+":-", 1)
		if v, err := parseMeminfo(wrong, usedMemory); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("wrong %s: %v, %v", name, v, err)
		}
	}
	if v, err := parseMeminfo("MemTotal: 0 kB\nMemAvailable: 0 kB\n", availableMemory); err == nil {
		t.Errorf("no memory: %v", v)
	}
}

func TestMemAvailable(t *testing.T) {
	tr := newTree(t, "before")
	if v, err := NewReadings(tr.root).MemAvailable(); err != nil || v != 0.75 {
		t.Errorf("before: %v, %v", v, err)
	}
	tr.become("after")
	if v, err := NewReadings(tr.root).MemAvailable(); err != nil || v != 0.625 {
		t.Errorf("after: %v, %v", v, err)
	}
	tr.edit("proc/meminfo", "MemAvailable:", "MemSomething:") // Linux before 3.14
	if v, err := NewReadings(tr.root).MemAvailable(); err == nil || !math.IsNaN(v) || !strings.Contains(err.Error(), "memory_available: parse ") || !strings.HasSuffix(err.Error(), ": no MemAvailable") {
		t.Errorf("an old kernel: %v, %v", v, err)
	}
	tr.remove("proc/meminfo")
	if v, err := NewReadings(tr.root).MemAvailable(); !errors.Is(err, os.ErrNotExist) || !math.IsNaN(v) {
		t.Errorf("no file: %v, %v", v, err)
	}
}
