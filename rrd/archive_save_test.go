package rrd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// gappy is an RRD with gaps, an absent data source and open rows.
func gappy() *RRD {
	r := NewRRD(ClassHost, "b9a77fa0-dd04-1f91-2bc6-9dc1a36eafc2")
	r.Update(base, []Sample{{"cpu0", 0}})
	for i := int64(1); i < 40; i++ {
		samples := []Sample{{"cpu0", float64(i)}, {"memory/ü:1", 1e12}}
		if i%7 == 3 {
			samples[0].Value = math.NaN()
		}
		if i > 30 {
			samples = samples[:1]
		}
		r.Update(base+7*i, samples)
	}
	r.Update(base+5000, []Sample{{"cpu0", 1}})
	r.Update(base+5006, []Sample{{"cpu0", math.Inf(-1)}})
	return r
}

func saved(t testing.TB, r *RRD) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// state is what later updates and answers depend on, rings newest first.
func state(r *RRD) any {
	type source struct {
		Name    string
		Absent  int64
		Sum     float64
		Known   int64
		Value   []float64
		Unknown []int64
		Rings   [][]float32
	}
	var all []source
	for _, s := range r.sources {
		got := source{Name: s.name, Absent: s.absent, Sum: s.sum, Known: s.known}
		for k, a := range archives {
			got.Value = append(got.Value, s.rows[k].value)
			got.Unknown = append(got.Unknown, s.rows[k].unknown)
			var ring []float32
			for i := range a.rows {
				ring = append(ring, s.rings[k][(r.newest[k]-i+a.rows)%a.rows])
			}
			got.Rings = append(got.Rings, ring)
		}
		all = append(all, got)
	}
	return struct {
		Class, UUID string
		Last        int64
		Index       map[string]int
		Sources     []source
	}{r.class, r.uuid, r.last, r.index, all}
}

func diff(a, b *RRD) string { return cmp.Diff(state(a), state(b), cmpopts.EquateNaNs()) }

func TestSaveAndLoad(t *testing.T) {
	f := func(name string, r *RRD) {
		t.Helper()
		data := saved(t, r)
		got, err := Load(iotest.OneByteReader(bytes.NewReader(data)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := diff(r, got); d != "" {
			t.Errorf("%s: -saved +loaded\n%s", name, d)
		}
		// Both go on in the same way.
		for _, r := range []*RRD{r, got} {
			for i := int64(1); i < 100; i++ {
				r.Update(base+5006+3*i, []Sample{{"new", 1}, {"cpu0", float64(i)}})
			}
		}
		if d := diff(r, got); d != "" {
			t.Errorf("%s: after more updates, -saved +loaded\n%s", name, d)
		}
		if again := saved(t, r); !bytes.Equal(again, saved(t, got)) {
			t.Errorf("%s: saved again, the bytes differ", name)
		}
	}
	f("empty", NewRRD(ClassVM, ""))
	f("gappy", gappy())
	full := NewRRD(ClassHost, "h")
	for i := int64(0); i < 400; i++ {
		full.Update(base-86400*(400-i), nil)
	}
	f("nothing known", full)
	year := NewRRD(ClassHost, "h")
	for i := int64(0); i <= 366*288; i++ {
		one(year, base-300*(366*288-i), float64(i))
	}
	f("a whole year", year)
	if n := len(saved(t, year)); n > 10_000 {
		t.Errorf("a full data source takes %d bytes in the file", n)
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	data := saved(t, gappy())
	for n := range data {
		_, err := Load(bytes.NewReader(data[:n]))
		var damage *DamageError
		if !errors.As(err, &damage) {
			t.Fatalf("%d of %d bytes: %v, want a DamageError", n, len(data), err)
		}
		if damage.Offset != int64(n) || !strings.Contains(err.Error(), "too early") {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}

func TestEveryChangedByteIsFound(t *testing.T) {
	data := saved(t, gappy())
	for i := range data {
		for _, mask := range []byte{0x01, 0x80, 0xff} {
			data[i] ^= mask
			_, err := Load(bytes.NewReader(data))
			data[i] ^= mask
			var damage *DamageError
			if !errors.As(err, &damage) {
				t.Fatalf("byte %d changed by %#x: %v, want a DamageError", i, mask, err)
			}
			if damage.Offset > int64(len(data)) {
				t.Fatalf("byte %d changed: reported at %d", i, damage.Offset)
			}
		}
	}
}

func TestOddFiles(t *testing.T) {
	f := func(name string, data []byte, want string) {
		t.Helper()
		_, err := Load(bytes.NewReader(data))
		var damage *DamageError
		if !errors.As(err, &damage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	good := saved(t, gappy())
	f("more", append(bytes.Clone(good), 0), "more data")
	f("another file", []byte("<?xml version=\"1.0\"?>"), "no saved archive")
	f("a later version", append([]byte("perfmon rrd\x00\x02"), good[len(saveMagic):]...), "version 2")
	f("a large frame", append([]byte(saveMagic), 0xff, 0xff, 0xff, 0x7f), "a frame of 2147483647 bytes")

	// Frames that are sound but have wrong contents.
	frames := func(bodies ...[]byte) []byte {
		out := []byte(saveMagic)
		for _, b := range bodies {
			out = appendFrame(out, b)
		}
		return out
	}
	var bodies [][]byte
	for rest := good[len(saveMagic):]; len(rest) > 0; {
		n := binary.LittleEndian.Uint32(rest)
		bodies = append(bodies, rest[4:4+n])
		rest = rest[8+n:]
	}
	if len(bodies) != 3 {
		t.Fatalf("%d frames, want 3", len(bodies))
	}
	if _, err := Load(bytes.NewReader(frames(bodies...))); err != nil {
		t.Fatal(err)
	}
	head, cpu0 := bodies[0], bodies[1]
	f("twice the same", frames(head, cpu0, cpu0), `"cpu0" for the second time`)
	f("too long a body", frames(head, append(bytes.Clone(cpu0), 0)), "1 bytes too many")
	f("too short a body", frames(head, cpu0[:len(cpu0)-1]), "ends too early")
	f("an empty body", frames(head, nil), "ends too early")
	f("no name", frames(head, append([]byte{0}, cpu0[1+len("cpu0"):]...)), "without a name")
	f("too many data sources", frames(append(head[:len(head)-1:len(head)-1], 0xff, 0xff, 0x03)), "number of data sources")
	empty := append(appendFloat(append(appendString(nil, "x"), 0), 0), 0)
	empty = append(appendFloat(empty, 0), 0)
	f("an empty run", frames(head, append(bytes.Clone(empty), 0, 0)), "an empty run")
	f("too many rows", frames(head, append(bytes.Clone(empty), 121)), "number of unknown rows")
	other := appendString(appendString(nil, "host"), "h")
	other = binary.AppendVarint(other, base)
	f("other archives", frames(append(bytes.Clone(other), 4)), "4 archives, want 10")
	f("other shapes", frames(append(bytes.Clone(other), 10, 1, 60)), "60 rows of 1 points")
	f("a negative time", frames(binary.AppendVarint(appendString(appendString(nil, "host"), "h"), -1)), "time of the last update")
}

func TestErrorsOfReaderAndWriter(t *testing.T) {
	data := saved(t, gappy())
	mine := errors.New("disk on fire")
	for _, n := range []int{0, 5, 100, len(data) - 1, len(data)} {
		_, err := Load(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(mine)))
		var damage *DamageError
		if !errors.Is(err, mine) || errors.As(err, &damage) {
			t.Errorf("after %d bytes: %v, want %v", n, err, mine)
		}
	}
	if err := gappy().Save(brokenDisk{mine}); !errors.Is(err, mine) {
		t.Errorf("save: %v, want %v", err, mine)
	}
}

type brokenDisk struct{ err error }

func (f brokenDisk) Write([]byte) (int, error) { return 0, f.err }

func FuzzLoad(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(saveMagic))
	f.Add(saved(f, NewRRD(ClassHost, "h")))
	f.Add(saved(f, gappy()))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The fuzzer cannot guess checksums, so it also writes bodies.
		body := append([]byte(saveMagic), saved(t, NewRRD(ClassHost, "h"))[len(saveMagic):]...)
		body[len(body)-5] = 1 // one data source; the checksum follows
		head := body[len(saveMagic)+4 : len(body)-4]
		framed := appendFrame(appendFrame([]byte(saveMagic), head), data)
		for _, in := range [][]byte{data, framed} {
			r, err := Load(bytes.NewReader(in))
			if err != nil {
				continue
			}
			again, err := Load(bytes.NewReader(saved(t, r)))
			if err != nil {
				t.Fatal(err)
			}
			if d := diff(r, again); d != "" {
				t.Fatal(d)
			}
		}
	})
}

func BenchmarkSave(b *testing.B) {
	r := NewRRD(ClassHost, "h")
	samples := manySamples(500)
	r.Update(base, samples)
	r.Update(base+300, samples)
	b.SetBytes(int64(len(saved(b, r))))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Save(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
