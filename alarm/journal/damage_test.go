package journal

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"perfmon/alarm"
)

// sample commits something of everything, in several transactions, so that
// the file has pages of every kind.
func sample(t testing.TB, j *Journal) {
	for round := range 3 {
		b := &Batch{}
		for n := range 200 {
			b.SetState(vm(n, "cpu_usage"), fmt.Appendf(nil, "state %d of round %d, %100d", n, round, n))
		}
		b.Set(Configs, "vm/1", bytes.Repeat([]byte("<config/>"), 1000))
		b.Set(Rows, "xapi", []byte("1786000000"))
		b.SetSequence(int64(round))
		b.Append("xapi", event(alarm.KindRaised, int64(round)))
		commit(t, j, b)
	}
	if err := j.MarkInFlight("xapi", j.Pending("xapi", 1)[0].Key); err != nil {
		t.Fatal(err)
	}
}

// sampleFile is a journal file with its content, now and before the last
// transaction.
func sampleFile(t testing.TB) (file []byte, want, before map[string]string) {
	path := quickPath(t)
	j := open(t, path)
	sample(t, j)
	before = content(j)
	b := &Batch{}
	b.Set(Rows, "xapi", []byte("the last word"))
	commit(t, j, b)
	want = content(j)
	closeIt(t, j)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file, want, before
}

// asideFiles are the files that were moved aside.
func asideFiles(t testing.TB, path string) []string {
	names, err := filepath.Glob(path + asideSuffix + "*")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestDamagedFile(t *testing.T) {
	good, want, _ := sampleFile(t)
	foreign := func(fill func(tx *bbolt.Tx) error) []byte {
		path := quickPath(t)
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(fill); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	// f opens a file that cannot be used, and wants it aside, unchanged.
	f := func(what string, file []byte, wantLog string) {
		t.Helper()
		path := quickPath(t)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		log := &logged{}
		j := open(t, path, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
		if degraded, err := j.Degraded(); degraded {
			t.Errorf("%s: degraded: %v", what, err)
		}
		if got := content(j); len(got) != 3 || got["meta|epoch"] == want["meta|epoch"] {
			t.Errorf("%s: a new journal has %d keys, epoch %q", what, len(got), got["meta|epoch"])
		}
		names := asideFiles(t, path)
		if len(names) != 1 {
			t.Fatalf("%s: aside are %q", what, names)
		}
		if kept, err := os.ReadFile(names[0]); err != nil || !bytes.Equal(kept, file) {
			t.Errorf("%s: the file aside is not what it was: %v", what, err)
		}
		if log.count("moved aside") != 1 || log.count(wantLog) != 1 {
			t.Errorf("%s: log %q, want %q in it", what, log.lines, wantLog)
		}
		sample(t, j)
		kept := content(j)
		closeIt(t, j)
		sameContent(t, content(open(t, path)), kept)
	}
	f("text", []byte(strings.Repeat("perfmon\n", 10000)), "not a bbolt file")
	f("one byte", []byte("p"), "read the first pages")
	f("zeros", make([]byte, 64<<10), "not a bbolt file")
	f("half of it", good[:len(good)/2], "should have")
	f("first page alone", good[:4096], "should have")
	f("another program's", foreign(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	}), "format")
	f("another program's, with values", foreign(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("theirs"))
		if err != nil {
			return err
		}
		return b.Put([]byte("a key"), []byte("a value"))
	}), "checksum")
	f("buckets in buckets", foreign(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("theirs"))
		if err != nil {
			return err
		}
		_, err = b.CreateBucket([]byte("inner"))
		return err
	}), "flags 0x1")
	f("a later format", foreign(func(tx *bbolt.Tx) error {
		later := newTables("epoch")
		later[tableMeta][keyFormat] = []byte("perfmon journal 2")
		for _, c := range later.changes() {
			if err := put(tx, c); err != nil {
				return err
			}
		}
		return nil
	}), "perfmon journal 2")
	f("a queue of what is none", foreign(func(tx *bbolt.Tx) error {
		for _, c := range append(newTables("epoch").changes(), change{tableQueue + "s", "12345678", []byte("12345678\x07")}) {
			if err := put(tx, c); err != nil {
				return err
			}
		}
		return nil
	}), "decode event")
	f("a state of what is none", foreign(func(tx *bbolt.Tx) error {
		for _, c := range append(newTables("epoch").changes(), change{tableState, "\x7f", []byte("x")}) {
			if err := put(tx, c); err != nil {
				return err
			}
		}
		return nil
	}), "of a state")
}

// TestTornMeta: a power cut may tear the page that is written last. The
// transaction before it is whole.
func TestTornMeta(t *testing.T) {
	path := quickPath(t)
	j := open(t, path)
	var before []map[string]string
	for n := range 3 {
		b := &Batch{}
		b.Set(Rows, "xapi", fmt.Append(nil, n))
		commit(t, j, b)
		before = append(before, content(j))
	}
	closeIt(t, j)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newer, older := 0, 4096
	if order.Uint64(file[pageHeader+48:]) < order.Uint64(file[4096+pageHeader+48:]) {
		newer, older = older, newer
	}
	clear(file[newer : newer+512])
	torn := quickPath(t)
	if err := os.WriteFile(torn, file, 0o600); err != nil {
		t.Fatal(err)
	}
	j = open(t, torn)
	sameContent(t, content(j), before[1])
	sample(t, j)
	closeIt(t, j)
	clear(file[older : older+512])
	if err := os.WriteFile(torn, file, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, torn)
	if got := asideFiles(t, torn); len(got) != 1 {
		t.Errorf("with both torn, aside are %q", got)
	}
}

// openSpoiled opens a journal whose file was spoiled: nothing may panic, and
// what is read is all of it, or all before the last transaction (when its
// first page is what was spoiled), or nothing.
func openSpoiled(t *testing.T, path string, file []byte, want, before map[string]string) (wasGood bool) {
	t.Helper()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := Open(Options{Path: path, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if len(asideFiles(t, path)) == 0 {
		if !maps.Equal(content(j), before) {
			sameContent(t, content(j), want)
		}
		b := &Batch{}
		b.Set(Rows, "xapi", []byte("after"))
		commit(t, j, b)
		if degraded, err := j.Degraded(); degraded {
			t.Errorf("cannot be written: %v", err)
		}
		return true
	}
	for _, name := range asideFiles(t, path) {
		os.Remove(name)
	}
	return false
}

// TestFlippedBits flips a few bits at a time, in every part of the file.
func TestFlippedBits(t *testing.T) {
	good, want, before := sampleFile(t)
	used, err := checkFile(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	end := int(used.pages * used.pageSize)
	random := rand.New(rand.NewPCG(1, 2))
	path := quickPath(t)
	unharmed := 0
	rounds := 150
	for range rounds {
		file := bytes.Clone(good)
		for range 1 + random.IntN(3) {
			at := random.IntN(end)
			if random.IntN(2) == 0 {
				at = at/4096*4096 + random.IntN(64) // headers are what leads astray
			}
			file[at] ^= 1 << random.IntN(8)
		}
		// The other meta page, and what free pages hold, does no harm.
		if openSpoiled(t, path, file, want, before) {
			unharmed++
		}
	}
	if unharmed == 0 || unharmed > rounds/2 {
		t.Errorf("%d of %d files did no harm", unharmed, rounds)
	}
}

// smallFile is a whole file in pages of 1 KiB, which leave a fuzzer less to
// look through.
func smallFile(t testing.TB) ([]byte, tables) {
	path := quickPath(t)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: 1024, NoGrowSync: true})
	if err != nil {
		t.Fatal(err)
	}
	content := newTables("epoch")
	content[tableState] = map[string][]byte{}
	for n := range 20 {
		content[tableState][stateKey(vm(n, "cpu_usage"))] = make([]byte, 100)
	}
	for _, changes := range [][]change{content.changes(), {{"a", "b", make([]byte, 2000)}}, {{"a", "b", nil}}} {
		if err := db.Update(func(tx *bbolt.Tx) error {
			for _, c := range changes {
				if err := put(tx, c); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used, err := checkFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	content["a"] = map[string][]byte{}
	return file[:used.pages*used.pageSize], content
}

// FuzzExamine writes into a good file, at a place and one more. What the check
// lets pass, bbolt has to read without harm, and as it was.
func FuzzExamine(f *testing.F) {
	good, content := smallFile(f)
	path := quickPath(f)
	f.Add(uint16(0), []byte(nil), uint16(0), byte(0))
	f.Add(uint16(1), []byte("\xff"), uint16(1024), byte(1))
	f.Add(uint16(16), []byte{0xed, 0xda, 0x0c, 0xee, 3}, uint16(1024+16), byte(0))
	f.Add(uint16(3*1024), []byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff}, uint16(8), byte(0xff))
	f.Fuzz(func(t *testing.T, where uint16, with []byte, and uint16, flip byte) {
		spoiled := bytes.Clone(good)
		copy(spoiled[int(where)%len(spoiled):], with)
		spoiled[int(and)%len(spoiled)] ^= flip
		if err := os.WriteFile(path, spoiled, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		found := examine(file, path, false)
		defer found.close()
		if found.damage == nil && len(found.mirror.tables[tableState]) != len(content[tableState]) {
			t.Errorf("%d states of %d, and no damage", len(found.mirror.tables[tableState]), len(content[tableState]))
		}
	})
}

// TestCheckFileAgrees compares the check with bbolt's own, on files as bbolt
// leaves them after many transactions.
func TestCheckFileAgrees(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	path := quickPath(t)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for round := range 30 {
		err := db.Update(func(tx *bbolt.Tx) error {
			for range 1 + random.IntN(100) {
				c := change{string(rune('a' + random.IntN(4))), fmt.Sprint(random.IntN(500)), nil}
				if random.IntN(3) > 0 {
					c.value = make([]byte, random.IntN(1<<random.IntN(16)))
				}
				if err := put(tx, c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		used, err := checkFile(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := db.View(func(tx *bbolt.Tx) error {
			for err := range tx.Check() {
				t.Errorf("bbolt's own check: %v", err)
			}
			if got := used.pages * used.pageSize; got != tx.Size() {
				t.Errorf("round %d: %d bytes in use, bbolt says %d", round, got, tx.Size())
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if stats := db.Stats(); used.free != int64(stats.FreePageN+stats.PendingPageN) {
			t.Errorf("round %d: %d free pages, bbolt says %d", round, used.free, stats.FreePageN+stats.PendingPageN)
		}
	}
}

func TestTooLargeFile(t *testing.T) {
	path := newPath(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxFile+1); err != nil {
		t.Fatal(err)
	}
	log := &logged{}
	open(t, path, withLog(log))
	if len(asideFiles(t, path)) != 1 || log.count("the limit is") != 1 {
		t.Errorf("aside: %q, log: %q", asideFiles(t, path), log.lines)
	}
}

func TestAsideIsBounded(t *testing.T) {
	path := quickPath(t)
	var last []byte
	for n := range keepAside + 3 {
		last = fmt.Appendf(nil, "damage %d", n)
		if err := os.WriteFile(path, last, 0o600); err != nil {
			t.Fatal(err)
		}
		closeIt(t, open(t, path))
	}
	names := asideFiles(t, path)
	if len(names) != keepAside {
		t.Errorf("%d files aside: %q", len(names), names)
	}
	found := false
	for _, name := range names {
		file, err := os.ReadFile(name)
		found = found || err == nil && bytes.Equal(file, last)
	}
	if !found {
		t.Error("the newest is not among them")
	}
}

func TestUnfinishedIsRemoved(t *testing.T) {
	path := newPath(t)
	if err := os.WriteFile(path+newSuffix+"123", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	if left, _ := filepath.Glob(path + newSuffix + "*"); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}

func TestCompaction(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	epoch := j.Epoch()
	b := &Batch{}
	for i := range 4 {
		b.Set("large", fmt.Sprint(i), make([]byte, MaxValue))
	}
	b.Set(Rows, "xapi", []byte("1"))
	commit(t, j, b)
	b = &Batch{}
	for i := range 4 {
		b.Delete("large", fmt.Sprint(i))
	}
	commit(t, j, b)
	want := content(j)
	closeIt(t, j)
	large := fileSize(t, path)
	j = open(t, path)
	if small := fileSize(t, path); large < 4<<20 || small > 1<<20 {
		t.Errorf("%d bytes before, %d after", large, small)
	}
	sameContent(t, content(j), want)
	if j.Epoch() != epoch {
		t.Error("the epoch has changed")
	}
	sample(t, j)
	closeIt(t, j)
	if got := asideFiles(t, path); len(got) > 0 {
		t.Errorf("aside: %q", got)
	}
}

func fileSize(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
