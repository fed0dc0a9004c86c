package main

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// smaps is how the kernel tells of a program's memory, cut short.
const smaps = `00400000-00b14000 r-xp 00000000 fe:00 9437223                            /usr/sbin/perfmon
Size:               7248 kB
Rss:                6352 kB
Private_Dirty:         0 kB
Anonymous:             0 kB
THPeligible:           0
VmFlags: rd ex mr mw me
00b14000-0126a000 r--p 00714000 fe:00 9437223                            /usr/sbin/perfmon
Anonymous:             0 kB
VmFlags: rd mr mw me
0126a000-012e0000 rw-p 00e6a000 fe:00 9437223                            /usr/sbin/perfmon
Anonymous:           100 kB
012e0000-0332b000 rw-p 00000000 00:00 0 
Anonymous:           116 kB
7f1500000000-7f1500004000 r--p 00000000 fe:00 77                         /usr/lib/a library
Anonymous:             8 kB
7f156db00000-7f156db10000 r--s 00000000 fe:00 78                         /var/lib/perfmon/perfmon.db
Anonymous:             0 kB
7f15b48f8000-7f15b48fa000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
`

func TestProgramRanges(t *testing.T) {
	got, err := programRanges(strings.NewReader(smaps))
	if want := (programPages{{0x400000, 0xb14000}, {0xb14000, 0x126a000}}); err != nil || !slices.Equal(got, want) {
		t.Errorf("%x, %v; want %x", got, err, want)
	}
	for _, text := range []string{"", "nothing of the kind\n", strings.Replace(smaps, "Anonymous:             0 kB\n", "", -1)} {
		if got, err := programRanges(strings.NewReader(text)); err != nil || len(got) != 0 {
			t.Errorf("of %q: %x, %v", text, got, err)
		}
	}
	if got, err := programRanges(strings.NewReader("00400000:00b14000 r-xp 00000000 fe:00 9437223 /usr/sbin/perfmon\n")); err == nil {
		t.Errorf("no error for what is no range of addresses, but %x", got)
	}
}

// written is a variable that its program's file has, and that changes.
var written = []string{"as in the file"}

// TestGiveBackProgramPages gives the pages of this very program back, and goes
// on. Of what was written nothing may be lost.
func TestGiveBackProgramPages(t *testing.T) {
	if _, err := os.Stat("/proc/self/smaps"); err != nil {
		t.Skip("this kernel does not tell where a program is mapped:", err)
	}
	written[0] = "since"
	pages := findProgramPages()
	in := func(at uintptr) bool {
		return slices.ContainsFunc(pages, func(r addresses) bool { return r.from <= at && at < r.to })
	}
	if code := reflect.ValueOf(TestGiveBackProgramPages).Pointer(); !in(code) {
		t.Errorf("the code at %#x is in none of %x", code, pages)
	}
	if data := reflect.ValueOf(&written).Pointer(); in(data) {
		t.Errorf("a variable at %#x is in %x", data, pages)
	}
	for range 3 {
		pages.giveBack()
	}
	if written[0] != "since" {
		t.Errorf("a variable has become %q", written[0])
	}
}
