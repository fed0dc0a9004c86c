package rubberimport

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStores: what real Pythons wrote, in every format and protocol; see
// testdata/store/make.py.
func TestStores(t *testing.T) {
	want := []Machine{
		{"ogc-wps-0-11111111-2222-4333-8444-555555555555", "ogc_wps_0é", time.Unix(1766000100, 5e8).UTC()},
		{"thumbnail-0e7c2c8e-6f8d-4f52-a6f1-1b8a2f1c0001", "thumbnails", time.Unix(1765999000, 25e7).UTC()},
		{"thumbnail-0e7c2c8e-6f8d-4f52-a6f1-1b8a2f1c0002", "thumbnails", time.Unix(1766000100, 0).UTC()},
	}
	read := 0
	for _, kind := range []string{"dumb-py2", "dumb-py3", "gnu-py3", "ndbm-py3", "bsddb-py3"} {
		for protocol := range 3 {
			name := fmt.Sprintf("%s-p%d", kind, protocol)
			got, notes, err := ReadStore(filepath.Join("testdata", "store", name))
			if err != nil || len(notes) > 0 || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v %v %v", name, got, notes, err)
			}
			read++
		}
	}
	if read != 15 {
		t.Errorf("%d stores", read)
	}
}

// TestManyRecords: several buckets and pages, records that were deleted, and
// such as need pages of their own.
func TestManyRecords(t *testing.T) {
	for _, name := range []string{"many-gnu", "many-bsddb"} {
		records, err := readRecords(filepath.Join("testdata", "store", name))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, r := range records {
			v, err := unpickle(r.value)
			if err != nil {
				t.Fatalf("%s: %s: %v", name, r.key, err)
			}
			d := v.(*pickledDict).items
			got[string(r.key)] = fmt.Sprint(d["time"], d["queue_name"])
		}
		kept := 0
		for i := range 120 {
			queue := fmt.Sprintf("q%d", i%7)
			if i%40 == 0 {
				queue = "long-" + strings.Repeat("x", 2000+40*i)
			}
			want := fmt.Sprint(float64(1766000000+i), queue)
			key := fmt.Sprintf("q-%04d", i)
			if i > 0 && i%3 == 0 {
				if got[key] != "" {
					t.Errorf("%s: %s was deleted", name, key)
				}
				continue
			}
			kept++
			if got[key] != want {
				t.Errorf("%s: %s: %.60q, want %.60q", name, key, got[key], want)
			}
		}
		if len(records) != kept {
			t.Errorf("%s: %d records, want %d", name, len(records), kept)
		}
	}
}

func TestStoreJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "machines.json")
	text := `{"a-1": {"time": 1766000100.5, "queue_name": "q"}, "b": {"time": "x"}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadStore(path); err == nil || !strings.Contains(err.Error(), "this is not") {
		t.Error(err)
	}
	text = `{"a-1": {"time": 1766000100.5, "queue_name": "q"}, "b": {"time": 5}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, notes, err := ReadStore(path)
	if err != nil || len(got) != 1 || got[0].Name != "a-1" || got[0].Queue != "q" || got[0].Created.UnixMilli() != 1766000100500 || len(notes) != 1 || !strings.Contains(notes[0].String(), `machine "b": its record is not understood: it has no queue_name`) {
		t.Error(got, notes, err)
	}
}

func TestStoreRefused(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := ReadStore(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
	path := filepath.Join(dir, "x")
	if err := os.WriteFile(path, []byte("SQLite format 3\x00 and so on"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadStore(path); err == nil || !strings.Contains(err.Error(), "import json,shelve") {
		t.Error(err)
	}
	if _, _, err := ReadStore(dir); err == nil {
		t.Error("a folder is read")
	}
}

// TestPickleRunsNothing: a pickle that makes an object of a class is refused.
func TestPickleRunsNothing(t *testing.T) {
	for _, p := range []string{
		"cos\nsystem\n(S'true'\ntR.", "\x80\x02c__builtin__\neval\nq\x00.", "(ios\nsystem\n.", "\x80\x04\x8c\x02os\x8c\x06system\x93.", "}(b.", "P1\n.",
	} {
		if v, err := unpickle([]byte(p)); err == nil {
			t.Errorf("%q: %v", p, v)
		} else if !strings.Contains(err.Error(), "is not followed") && !strings.Contains(err.Error(), "not there") {
			t.Errorf("%q: %v", p, err)
		}
	}
	if v, err := unpickle([]byte("\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x04time\x94K\x05u.")); err != nil || v.(*pickledDict).items["time"] != 5.0 {
		t.Error(v, err)
	}
}

// FuzzStore: whatever a file has, reading it ends.
func FuzzStore(f *testing.F) {
	for _, name := range []string{"gnu-py3-p0", "bsddb-py3-p2"} {
		b, err := os.ReadFile(filepath.Join("testdata", "store", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"a": {"time": 1, "queue_name": "q"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := recordsOf("x", b)
		if err != nil {
			return
		}
		for _, r := range records {
			_, _ = machine(string(r.key), r.value)
		}
	})
}

// FuzzPickle: whatever a pickle has, reading it ends.
func FuzzPickle(f *testing.F) {
	records, err := readRecords(filepath.Join("testdata", "store", "dumb-py3-p0"))
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range records {
		f.Add(r.value)
	}
	f.Add([]byte("\x80\x02}q\x01(U\x04timeq\x02K\x05u."))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = unpickle(b)
	})
}
