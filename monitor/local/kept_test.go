package local

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/rrd"
)

// kept is a file below a root that a test changes, read by a keptFile.
func kept(t *testing.T, content string) (*keptFile, tree, func() string) {
	tr := tree{t, t.TempDir()}
	tr.write("f", content)
	k := &keptFile{path: filepath.Join(tr.root, "f")}
	t.Cleanup(k.close)
	var b buffer
	return k, tr, func() string {
		data, err := k.read(&b)
		if err != nil {
			return "error: " + strings.ReplaceAll(err.Error(), tr.root, "")
		}
		return string(data)
	}
}

func TestKeptFile(t *testing.T) {
	k, tr, read := kept(t, "one")
	f := func(what, want string) {
		t.Helper()
		if got := read(); got != want {
			t.Errorf("%s: %.80q of %d bytes, want %.80q", what, got, len(got), want)
		}
	}
	f("first", "one")
	fd := k.fd
	f("again", "one")
	tr.write("f", "in place")
	f("written over", "in place")
	long := strings.Repeat("0123456789abcdef", leastBuffer/4)
	tr.write("f", long)
	f("grown beyond the buffer", long)
	tr.write("f", long[:leastBuffer])
	f("just the buffer", long[:leastBuffer])
	tr.write("f", "")
	f("empty", "")
	if k.fd != fd || k.file == nil {
		t.Error("opened again for no reason")
	}

	tr.write("new", "new")
	if err := os.Rename(filepath.Join(tr.root, "new"), k.path); err != nil {
		t.Fatal(err)
	}
	f("replaced", "new")
	tr.remove("f")
	f("removed", "error: open /f: no such file or directory")
	if k.file != nil {
		t.Error("a file that is gone is kept open")
	}
	tr.write("f", "back")
	f("back", "back")

	tr.write("f", strings.Repeat("x", maxFile))
	if got := read(); len(got) != maxFile {
		t.Errorf("%d bytes of %d", len(got), maxFile)
	}
	tr.write("f", strings.Repeat("x", maxFile+1))
	f("too long", "error: read /f: more than 4194304 bytes")
	tr.write("f", "short again")
	f("short again", "short again")

	tr.remove("f")
	tr.write("f/directory", "")
	f("a directory", "error: read /f: is a directory")
}

// TestKeptFileFails closes the descriptor behind the file's back, as one whose
// device is gone or whose server has forgotten it: every reading fails.
func TestKeptFileFails(t *testing.T) {
	k, _, read := kept(t, "one")
	if got := read(); got != "one" {
		t.Fatal(got)
	}
	k.proc = true // do not ask for its name, fail where it is read
	other, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := syscall.Dup3(int(other.Fd()), k.fd, 0); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != "one" {
		t.Errorf("after a failure: %q", got)
	}
	if err := k.malformed(errors.New("line 7: no")); err.Error() != "parse "+k.path+": line 7: no" || k.file != nil {
		t.Errorf("%v, open %v", err, k.file != nil)
	}
	if got := read(); got != "one" {
		t.Errorf("after it was malformed: %q", got)
	}
}

// TestKeptOfTheKernel reads files of procfs, long ones in parts.
func TestKeptOfTheKernel(t *testing.T) {
	const path = "/proc/self/maps"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Skip(err)
	}
	k := &keptFile{path: path}
	defer k.close()
	b := buffer{space: make([]byte, surelyAll)}
	for range 2 {
		got, err := k.read(&b)
		if err != nil || !k.proc {
			t.Fatalf("%v, procfs %v", err, k.proc)
		}
		// Mappings may be added meanwhile.
		if len(got) < len(want)/2 || len(want) < surelyAll || strings.Count(string(got), "[stack]") != 1 || got[len(got)-1] != '\n' {
			t.Errorf("%d bytes, want %d", len(got), len(want))
		}
	}
}

func TestMalformedIsUnknownAndOneError(t *testing.T) {
	for file, want := range map[string]struct{ content, said, gone string }{
		"proc/stat":        {"cpu  1\ncpu0 1 2 3\n", "cpu: parse ROOT/proc/stat: line 2: not the ticks of a CPU in \"cpu0 1 2 3\"\n", "cpu"},
		"proc/loadavg":     {"high\n", "load: parse ROOT/proc/loadavg: line 1: no load of one minute in \"high\"\n", "loadavg hostload"},
		"proc/meminfo":     {"\nMemTotal: x kB\n", "memory: parse ROOT/proc/meminfo: line 2: no number of kB in \"MemTotal: x kB\"\n", "memory_"},
		"proc/net/dev":     {"a\nb\neth0: 1 2\n", "network: parse ROOT/proc/net/dev: line 3: not the counters of a NIC in \"eth0: 1 2\"\n", "pif_"},
		"proc/diskstats":   {"8 0 sda x\n", "disk: parse ROOT/proc/diskstats: line 1: not the counters of a disk in \"8 0 sda x\"\n", "disk_"},
		"proc/pressure/io": {"some\n", "pressure: parse ROOT/proc/pressure/io: line 1: no total in \"some\"\n", "pressure_io_"},
	} {
		tr := newTree(t, "before")
		s := newSampler(tr.proc(), tr.sys())
		all := tr.take(s, 0)
		tr.write(file, want.content)
		got, failed := tr.try(s, 5)
		if failed = strings.ReplaceAll(failed, tr.root, "ROOT"); failed != want.said {
			t.Errorf("%s: %q, want %q", file, failed, want.said)
		}
		for _, sample := range got {
			for _, gone := range strings.Fields(want.gone) {
				if strings.HasPrefix(sample.Name, gone) {
					t.Errorf("%s: %s is %v", file, sample.Name, sample.Value)
				}
			}
		}
		tr.become("after")
		if got := tr.take(s, 10); len(got) != len(all) {
			t.Errorf("%s: %d samples when it is well again, want %d", file, len(got), len(all))
		}
		s.host.close()
	}
}

func TestHotPlug(t *testing.T) {
	tr := newTree(t, "before")
	s := newSampler(tr.proc(), tr.sys())
	defer s.host.close()
	tr.take(s, 0)
	tr.edit("proc/net/dev", "  lo:", "  eth9: 1 2 3 4 5 6 7 8 9 10 11 12\n lo:")
	tr.edit("proc/diskstats", "   8       0 sda", "   8      32 sdc 1 2 3 4 5 6 7 8 9 10 11\n 8 0 sda")
	tr.edit("proc/stat", "intr", "cpu2 1 2 3 4 5 6 7 8\nintr")
	if got := tr.take(s, 5); has(got, "pif_eth9_rx") || has(got, "disk_sdc_read") || !has(got, "cpu2") {
		t.Errorf("not in sysfs yet: %v", got)
	}
	tr.write("sys/class/net/eth9/device/vendor", "")
	tr.write("sys/block/sdc/size", "")
	if got := tr.take(s, 10); !math.IsNaN(value(t, got, "pif_eth9_rx")) || !math.IsNaN(value(t, got, "disk_sdc_read")) {
		t.Errorf("a new device has no rate yet: %v", got)
	}
	if got := tr.take(s, 15); value(t, got, "pif_eth9_rx") != 0 || value(t, got, "disk_sdc_read") != 0 {
		t.Errorf("nothing moved: %v", got)
	}
}

func TestPressureIsLookedForSeldom(t *testing.T) {
	tr := newTree(t, "before")
	tr.remove("proc/pressure")
	s := newSampler(tr.proc(), tr.sys())
	defer s.host.close()
	tr.take(s, 0)
	tr.write("proc/pressure/io", "some total=1\n")
	if has(tr.take(s, 59), "pressure_io_some") {
		t.Error("looked for before the minute is over")
	}
	if !has(tr.take(s, 60), "pressure_io_some") {
		t.Error("not looked for after a minute")
	}
	tr.remove("proc/pressure/io")
	if has(tr.take(s, 65), "pressure_io_some") {
		t.Error("removed, and there")
	}
}

func TestOldKernelHasAnEstimate(t *testing.T) {
	tr := newTree(t, "before")
	tr.edit("proc/meminfo", "MemAvailable:", "MemSomething:") // Linux before 3.14
	s := newSampler(tr.proc(), tr.sys())
	defer s.host.close()
	got := tr.take(s, 0)
	if v := value(t, got, "memory_free_kib"); v < 2000000 || v > 3000000 {
		t.Errorf("%v KiB, and MemFree alone is 2000000", v)
	}
}

func TestNICTwice(t *testing.T) {
	tr := newTree(t, "before")
	s := newSampler(tr.proc(), tr.sys())
	defer s.host.close()
	tr.take(s, 0)
	tr.edit("proc/net/dev", "  eth1:", "  eth0:")
	got := tr.take(s, 5)
	if last := lastOf(got, "pif_eth0_rx"); !math.IsNaN(last) {
		t.Errorf("two NICs of one name: %v", last)
	}
}

// lastOf is what an archive takes of samples with the same name.
func lastOf(samples []rrd.Sample, name string) float64 {
	v := math.Inf(1)
	for _, s := range samples {
		if s.Name == name {
			v = s.Value
		}
	}
	return v
}

func TestSampleAllocatesNothing(t *testing.T) {
	for _, snapshot := range []string{"before", "dense"} {
		tr := newTree(t, snapshot) // without pressure where it is dense
		s := newSampler(tr.proc(), tr.sys())
		defer s.host.close()
		var mono time.Duration
		sample := func() {
			mono += time.Second / 100
			if _, groups := s.sample(t.Context(), mono); groups[0].err != nil {
				t.Fatal(groups[0].err)
			}
		}
		sample()
		if n := testing.AllocsPerRun(50, sample); n != 0 {
			t.Errorf("%s: %v allocations a sample", snapshot, n)
		}
	}
}

// TestSampleNowAllocatesNothing has the archives in it.
func TestSampleNowAllocatesNothing(t *testing.T) {
	tr := newTree(t, "before")
	clock := &hands{wall: beat}
	s := New(Options{Proc: tr.proc(), Sys: tr.sys(), Clock: clock})
	defer s.closeFiles()
	sample := func() {
		clock.pass(5 * time.Second)
		if err := s.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		sample()
	}
	if n := testing.AllocsPerRun(200, sample); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if s.RRD().LastUpdate() != clock.wall.Unix() {
		t.Error("not sampled")
	}
}
