package journal

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestLockOfReplacedFile: who waits for a lock, while the file is replaced by
// the one who holds it, gets the lock of the new file.
func TestLockOfReplacedFile(t *testing.T) {
	path := newPath(t)
	first, err := openLocked(path, os.O_RDWR|os.O_CREATE, 0)
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		f   *os.File
		err error
	}
	second := make(chan result)
	go func() {
		f, err := openLocked(path, os.O_RDWR, time.Minute)
		second <- result{f, err}
	}()
	for opened(t, path) < 2 {
		time.Sleep(time.Millisecond) // until the other has opened the file that is about to go
	}
	if err := os.WriteFile(path+".other", []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".other", path); err != nil {
		t.Fatal(err)
	}
	first.Close()
	got := <-second
	if got.err != nil {
		t.Fatal(got.err)
	}
	defer got.f.Close()
	if !sameFile(got.f, path) {
		t.Error("the lock is that of a file that nobody will find again")
	}
}

// opened is how often this process has a file open.
func opened(t *testing.T, path string) int {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == path {
			n++
		}
	}
	return n
}

func TestGlobQuote(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `a[b]*?\c`)
	path := filepath.Join(dir, FileName)
	j := open(t, path)
	closeIt(t, j)
	if err := os.WriteFile(path+newSuffix+"1", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	removeUnfinished(path)
	if _, err := os.Stat(path + newSuffix + "1"); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}
