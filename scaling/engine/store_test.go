package engine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// damage changes a file, all of whose bytes it gets.
func damage(t *testing.T, pattern string, change func([]byte) []byte) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatal(pattern, names, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(name, change(b), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func flip(b []byte) []byte {
	if len(b) > 0 {
		b[len(b)/2] ^= 0xff
	}
	return b
}

// A stream that the server cannot read is not made anew in silence.
func TestDamagedStream(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"meta.inf", "meta.sum"} {
		t.Run(file, func(t *testing.T) {
			dir := used(t)
			kv := filepath.Join(dir, storeName, "$G", "streams", "KV_rubber")
			damage(t, filepath.Join(kv, file), flip)
			wants(t, failing(t, Options{Dir: dir}), "KV_rubber", "cannot read", "move "+kv+" away")
			if err := os.Rename(kv, t.TempDir()+"/away"); err != nil {
				t.Fatal(err)
			}
			run(t, Options{Dir: dir}).bucket("rubber")
		})
	}
}

// kept is a folder with thirty keys, in blocks of one stream, and the pattern
// of those.
func kept(t *testing.T) (dir, blocks string) {
	t.Helper()
	dir = t.TempDir() + "/engine"
	e := run(t, Options{Dir: dir})
	b := e.bucket("rubber")
	for i := range 30 {
		if _, err := b.Put(within(t), fmt.Sprint("k", i), fmt.Append(nil, "value ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, storeName, "$G", "streams", "KV_rubber", "msgs", blockPattern)
}

// What was being written when the power went is cut off; the rest is as it
// was.
func TestTornEnd(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([]byte) []byte{
		"cut":   func(b []byte) []byte { return b[:len(b)-len(b)/3] },
		"zeros": func(b []byte) []byte { return append(b[:len(b)/2], make([]byte, len(b)/2)...) },
		"empty": func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := within(t)
			dir, blocks := kept(t)
			damage(t, blocks, change)
			log := &lines{}
			b := run(t, Options{Dir: dir, Logger: logTo(log)}).bucket("rubber")
			all, err := b.All(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range all {
				if string(x.Value) != "value "+strings.TrimPrefix(x.Key, "k") {
					t.Errorf("%s: %q", x.Key, x.Value)
				}
			}
			if name != "empty" && len(all) < 10 {
				t.Errorf("%d of 30 are left", len(all))
			}
			if !strings.Contains(log.String(), "KV_rubber") {
				t.Errorf("the log does not say so: %s", log)
			}
			if rev, err := b.Put(ctx, "new", nil); err != nil || rev <= uint64(len(all)) {
				t.Errorf("revision %d: %v", rev, err)
			}
		})
	}
}

// A bit that has flipped in the middle, wherever, is an error that names the
// place, before the server reads it.
func TestDamagedMiddle(t *testing.T) {
	t.Parallel()
	dir, blocks := kept(t)
	names, err := filepath.Glob(blocks)
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	name := names[0]
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if at, whole := verifyBlock(good, "KV_rubber", 1, true); !whole || at != len(good) {
		t.Fatalf("byte %d of %d of what the server wrote", at, len(good))
	}
	for i := range len(good) - 200 {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		for _, last := range []bool{true, false} {
			at, whole := verifyBlock(bad, "KV_rubber", 1, last)
			switch {
			case at == len(bad):
				t.Fatalf("byte %d: nothing is seen", i)
			case whole:
				t.Fatalf("byte %d: taken for a torn end", i)
			}
		}
	}
	damage(t, name, flip)
	wants(t, failing(t, Options{Dir: dir}), "stream KV_rubber is damaged in "+name+" at byte", "backup")
	damage(t, name, flip)
	if all, err := run(t, Options{Dir: dir}).bucket("rubber").All(within(t), ""); err != nil || len(all) != 30 {
		t.Fatal(len(all), err)
	}
}

// A disk that is full is an error that says so, and all is well when it is not
// any more.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("a small file system cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(mount, 0); err != nil {
			t.Error(err)
		}
	})
	ctx := within(t)
	log := &lines{}
	defer func() { t.Logf("%s", log) }()
	e := run(t, Options{Dir: mount + "/engine", Logger: logTo(log)})
	b := e.bucket("rubber")
	if _, err := b.Put(ctx, "before", []byte("there")); err != nil {
		t.Fatal(err)
	}
	ballast := mount + "/ballast"
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(chunk)
	}
	f.Close()
	var refused error
	for i := 0; refused == nil && i < 10_000; i++ {
		short, cancel := context.WithTimeout(ctx, time.Second)
		_, refused = b.Put(short, fmt.Sprint("k", i), bytes.Repeat([]byte("x"), 10_000))
		cancel()
	}
	t.Logf("refused: %v; problem: %s", refused, e.State().Problem)
	if refused == nil {
		t.Fatal("the disk does not get full")
	}
	until(t, "the problem", func() bool {
		return strings.Contains(e.State().Problem, "make room") || strings.Contains(e.State().Problem, "no space")
	})
	// Each try has the same to say, which is said once.
	until(t, "it is tried again twice", func() bool { return e.past.unsaid() >= 12 })
	seen := map[string]bool{}
	for line := range strings.Lines(log.String()) {
		_, line, _ = strings.Cut(line, "level=") // behind the time
		if !strings.HasPrefix(line, "INFO") && seen[line] {
			t.Errorf("said again: %s", line)
		}
		seen[line] = true
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	rev, err := b.Put(within(t), "after", []byte("there"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"before", "after"} {
		if x, err := b.Get(ctx, key); err != nil || string(x.Value) != "there" {
			t.Error(key, x, err)
		}
	}
	t.Logf("revision %d afterwards", rev)
}
