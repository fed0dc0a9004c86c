package local

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The parsers, each as a function that shows what it read, or its error.
var parsers = map[string]func(data string) string{
	"stat": func(data string) string {
		cpus, err := parseStat([]byte(data), nil)
		var b strings.Builder
		for _, c := range cpus {
			fmt.Fprintf(&b, "%s %d of %d\n", c.name, c.idle, c.total)
		}
		return said(b.String(), err)
	},
	"loadavg": func(data string) string {
		load, err := parseLoad([]byte(data))
		return said(fmt.Sprintln(load), err)
	},
	"meminfo": func(data string) string {
		m, err := parseMemory([]byte(data))
		return said(fmt.Sprintln(m.available, "of", m.total, m.noAvailable), err)
	},
	"net/dev": func(data string) string {
		nics, err := parseNetDev([]byte(data), nil)
		var b strings.Builder
		for _, n := range nics {
			fmt.Fprintf(&b, "%s %d %d errors %d %d\n", n.name, n.rx, n.tx, n.rxErrors, n.txErrors)
		}
		return said(b.String(), err)
	},
	"diskstats": func(data string) string {
		disks, err := parseDiskstats([]byte(data), nil)
		var b strings.Builder
		for _, d := range disks {
			fmt.Fprintf(&b, "%s sectors %d %d requests %d %d ms %d %d\n", d.name, d.readSectors, d.writeSectors, d.reads, d.writes, d.readMillis, d.writeMillis)
		}
		return said(b.String(), err)
	},
	"pressure/io": func(data string) string {
		s, err := parsePressure([]byte(data))
		return said(fmt.Sprintln(s.some, s.hasSome, s.full, s.hasFull), err)
	},
}

func said(read string, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return read
}

const (
	netHead = "Inter-|   Receive | Transmit\n face |bytes |bytes\n"
	digits  = "18446744073709551615" // of the largest counter
)

// parsed are cases: file, content, what is read.
var parsed = [][3]string{
	{"stat", "cpu  1 1 1 1 1 1 1\ncpu0 1 2 3 4 5 6 7\nintr 5\ncpu1 x\n", "cpu0 9 of 28\n"},
	{"stat", "cpu0 1 2 3 4 5 6 7 8 9 10 11", "cpu0 9 of 36\n"},
	{"stat", "", "error: line 1: no CPUs"},
	{"stat", "\ncpu0 1 2 3 4 5 6 7\n", "error: line 1: no CPUs"},
	{"stat", "cpu  1 1\n", "error: line 1: no CPUs"},
	{"stat", "cpu  1 1\ncpu0 1 2 3 4 5 6\n", `error: line 2: not the ticks of a CPU in "cpu0 1 2 3 4 5 6"`},
	{"stat", "cpu  1 1\ncpu0 1 2 3 4 5 6 -7\n", `error: line 2: not the ticks of a CPU in "cpu0 1 2 3 4 5 6 -7"`},
	{"stat", "cpu  1 1\ncpux 1 2 3 4 5 6 7\n", `error: line 2: no number of a CPU in "cpux 1 2 3 4 5 6 7"`},
	{"loadavg", "0.52 0.58 0.59 2/613 12345\n", "0.52\n"},
	{"loadavg", "104", "104\n"},
	{"loadavg", "", `error: line 1: no load of one minute in ""`},
	{"loadavg", "nan 1 1\n", `error: line 1: no load of one minute in "nan 1 1"`},
	{"loadavg", "-1 1 1\n", `error: line 1: no load of one minute in "-1 1 1"`},
	{"loadavg", "0x1p4 1\n", `error: line 1: no load of one minute in "0x1p4 1"`},
	{"loadavg", "1e9999 1\n", `error: line 1: no load of one minute in "1e9999 1"`},
	{"meminfo", "MemTotal: 10 kB\nMemFree: x\nMemAvailable:\t7 kB\nBuffers: x\n", "7 of 10 false\n"},
	{"meminfo", "MemTotal: 10 kB\nMemFree: 5 kB\n", "0 of 10 true\n"},
	{"meminfo", "MemAvailable: 5 kB\n", "error: line 1: no MemTotal from here on"},
	{"meminfo", "MemFree: 5 kB\nMemTotal: 0 kB\n", `error: line 2: no memory in "MemTotal: 0 kB"`},
	{"meminfo", "MemTotal: 5 MB\n", `error: line 1: no number of kB in "MemTotal: 5 MB"`},
	{"meminfo", "MemTotal: 5 kB\nMemAvailable: kB\n", `error: line 2: no number of kB in "MemAvailable: kB"`},
	{"net/dev", netHead + "  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\neth0:1:" + digits + " 2 3 4 5 6 7 8 9 10 11", "eth0 1 9 errors 3 11\neth0:1 " + digits + " 9 errors 3 11\n"},
	{"net/dev", netHead, ""},
	{"net/dev", "Inter-|\n", "error: line 1: no head of two lines"},
	{"net/dev", netHead + "  eth0: 1 2 3\n", `error: line 3: not the counters of a NIC in "  eth0: 1 2 3"`},
	{"net/dev", netHead + "eth0: 1 2 3 4 5 6 7 8 " + digits + "0 10 11\n", `error: line 3: not the counters of a NIC in "eth0: 1 2 3 4 5 6 7 8 ` + digits + `0 10 11"`},
	{"net/dev", netHead + "\n", `error: line 3: no name of a NIC in ""`},
	{"net/dev", netHead + " : 1 2 3\n", `error: line 3: no name of a NIC in " : 1 2 3"`},
	{"net/dev", netHead + "a b: 1 2 3\n", `error: line 3: no name of a NIC in "a b: 1 2 3"`},
	{"diskstats", " 8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n 8 16 sdb 0 0 0 0 0 0 0 0 0 0 0 99\n 8 32 sdc 0 0 0 0 0 0 0 0 0 0 1 2\n", "sda sectors 3 7 requests 1 5 ms 4 8\nsdc sectors 0 0 requests 0 0 ms 0 0\n"},
	{"diskstats", "", ""},
	{"diskstats", " 8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n 8 1 sda1 1 2 3 4\n", `error: line 2: not the counters of a disk in " 8 1 sda1 1 2 3 4"`},
	{"diskstats", " 8 0 sda 1 2 3 4 5 6 7 8 9 10 1.5\n", `error: line 1: not the counters of a disk in " 8 0 sda 1 2 3 4 5 6 7 8 9 10 1.5"`},
	{"pressure/io", "some avg10=0.12 avg60=0.05 avg300=0.01 total=157622151\nnew total=1\n\nfull total=9 later=1", "157622151 true 9 true\n"},
	{"pressure/io", "some total=1\n", "1 true 0 false\n"},
	{"pressure/io", "", "0 false 0 false\n"},
	{"pressure/io", "some total=1\nfull avg10=1\n", `error: line 2: no total in "full avg10=1"`},
	{"pressure/io", "some total=", `error: line 1: no total in "some total="`},
	{"pressure/io", "some total=99999999999999999999", `error: line 1: no total in "some total=99999999999999999999"`},
	{"pressure/io", "full avg10=1 total=-1", `error: line 1: no total in "full avg10=1 total=-1"`},
}

func TestParse(t *testing.T) {
	for _, c := range parsed {
		if d := cmp.Diff(c[2], parsers[c[0]](c[1])); d != "" {
			t.Errorf("%s %q, -want +got\n%s", c[0], c[1], d)
		}
	}
	long := parsers["net/dev"](netHead + strings.Repeat("x", 1<<20))
	if len(long) > 300 {
		t.Errorf("an error of %d bytes", len(long))
	}
}

// fuzz finds content that parser and model do not read alike. The model takes
// the file apart without a thought about memory; "" is an error. Numbers go
// by strconv in it.
func fuzz(f *testing.F, file string, model func(lines [][]string) string) {
	for _, c := range parsed {
		if c[0] == file {
			f.Add(c[1])
		}
	}
	for _, snapshot := range []string{"before", "after"} {
		if data, err := os.ReadFile("testdata/" + snapshot + "/" + file); err == nil {
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, data string) {
		got := parsers[file](data)
		if strings.HasPrefix(got, "error: ") {
			got = "error"
		}
		var words [][]string
		for line := range strings.Lines(data) {
			words = append(words, strings.FieldsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r == ' ' || r == '\t' }))
		}
		if want := model(words); want != got {
			t.Errorf("%q, -want +got\n%s", data, cmp.Diff(want, got))
		}
	})
}

func FuzzStat(f *testing.F)      { fuzz(f, "stat", modelStat) }
func FuzzLoad(f *testing.F)      { fuzz(f, "loadavg", modelLoad) }
func FuzzMemory(f *testing.F)    { fuzz(f, "meminfo", modelMemory) }
func FuzzNetDev(f *testing.F)    { fuzz(f, "net/dev", modelNetDev) }
func FuzzDiskstats(f *testing.F) { fuzz(f, "diskstats", modelDiskstats) }
func FuzzPressure(f *testing.F)  { fuzz(f, "pressure/io", modelPressure) }

func TestNumber(t *testing.T) {
	for s, want := range map[string]uint64{"0": 0, "007": 7, digits: math.MaxUint64, "18446744073709551609": math.MaxUint64 - 6} {
		if n, ok := number([]byte(s)); n != want || !ok {
			t.Errorf("%q is %d, %v", s, n, ok)
		}
	}
	for _, s := range []string{"", "18446744073709551616", "18446744073709551620", "99999999999999999999", "184467440737095516150", "+1", "-1", "1.0", "1_0", "0x1", " 1", "\xff"} {
		if n, ok := number([]byte(s)); ok {
			t.Errorf("%q is %d", s, n)
		}
	}
}
