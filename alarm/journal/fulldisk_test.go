package journal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// journalOnFullDisk is a journal of 2 MiB on a disk that has just become full, and
// whose last commit has not found room. free makes some.
func journalOnFullDisk(t *testing.T) (j *Journal, free func(bytes int64)) {
	t.Helper()
	dir := smallDisk(t, "5m")
	j = open(t, filepath.Join(dir, FileName))
	sample(t, j)
	b := &Batch{}
	for i := range 20 {
		b.Set(Configs, fmt.Sprint("vm/", i), bytes.Repeat([]byte("x"), 100<<10))
	}
	commit(t, j, b)
	fillUp(t, dir)
	b = &Batch{}
	b.Set(Configs, "vm/1", bytes.Repeat([]byte("y"), 200<<10))
	b.Set(Configs, "vm/2", nil)
	commit(t, j, b)
	if err := wantDegraded(t, j, true); !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	filler := filepath.Join(dir, "filler")
	return j, func(bytes int64) {
		t.Helper()
		info, err := os.Stat(filler)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filler, max(0, info.Size()-bytes)); err != nil {
			t.Fatal(err)
		}
	}
}

// next commits little, which tries the disk again.
func next(t *testing.T, j *Journal, n int64) {
	t.Helper()
	b := &Batch{}
	b.SetSequence(n)
	commit(t, j, b)
}

// TestFullDiskWithLittleRoom: what has changed fits beside the file, a second
// file does not.
func TestFullDiskWithLittleRoom(t *testing.T) {
	j, free := journalOnFullDisk(t)
	free(16 << 10)
	next(t, j, 201)
	wantDegraded(t, j, true)
	free(768 << 10)
	next(t, j, 202)
	wantDegraded(t, j, false)
	want := content(j)
	next(t, j, 203)
	wantDegraded(t, j, false)
	want["meta|sequence"] = content(j)["meta|sequence"]
	closeIt(t, j)
	if left, _ := filepath.Glob(j.opts.Path + "?*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	sameContent(t, content(open(t, j.opts.Path)), want)
}

// TestFullDiskThatFailed: after any other error the file may not hold what is
// read of it, so only a new one will do.
func TestFullDiskThatFailed(t *testing.T) {
	j, free := journalOnFullDisk(t)
	j.cause = unix.EIO
	free(768 << 10)
	next(t, j, 201)
	wantDegraded(t, j, true)
	free(1 << 30)
	next(t, j, 202)
	wantDegraded(t, j, false)
	want := content(j)
	closeIt(t, j)
	sameContent(t, content(open(t, j.opts.Path)), want)
}

// TestFullDiskSaysHowMuch: with as much room as the error names, even a new
// file fits.
func TestFullDiskSaysHowMuch(t *testing.T) {
	j, _ := journalOnFullDisk(t)
	f := func(question string) (kib int64) {
		t.Helper()
		err := wantDegraded(t, j, true)
		_, words, found := strings.Cut(err.Error(), "no space left on device: ")
		if _, scanned := fmt.Sscanf(words, "%d KiB of free room are enough", &kib); !found || scanned != nil {
			t.Fatalf("%s: %v", question, err)
		}
		return kib
	}
	if first := f("at once"); first < 2000 {
		t.Errorf("%d KiB for a journal of 2 MiB", first)
	}
	next(t, j, 201)
	kib := f("after a try")
	// There is not so much on this disk; it is the file that goes.
	j.cause = unix.EIO
	path := filepath.Join(smallDisk(t, fmt.Sprint(kib, "k")), FileName)
	d, err := replace(path, j.mirror.tables)
	if err != nil {
		t.Fatalf("%d KiB are too little: %v", kib, err)
	}
	d.close()
}

// TestRoom: what is said to be enough is, and not by far too much, for
// journals of many kinds.
func TestRoom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	f := func(keys, size int) {
		t.Helper()
		content := newTables("e")
		for table := range 5 {
			values := map[string][]byte{}
			for i := range keys {
				values[fmt.Sprint(i)] = make([]byte, r.IntN(size))
			}
			content[fmt.Sprint(tableValue, table)] = values
		}
		path := newPath(t)
		d, err := replace(path, content)
		if err != nil {
			t.Fatal(err)
		}
		defer d.close()
		var s syscall.Stat_t
		if err := syscall.Stat(path, &s); err != nil {
			t.Fatal(err)
		}
		if taken, said := s.Blocks*512, int64(room(content)); said < taken || said > 2*taken+256<<10 {
			t.Errorf("%d values of up to %d bytes take %d bytes, said to be %d at most", keys, size, taken, said)
		}
	}
	f(1, 1)
	f(3000, 10)
	f(2000, 200)
	f(300, 3000)
	f(100, 5000)
	f(100, 20000)
	f(5, 1<<20)
}
