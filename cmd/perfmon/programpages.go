package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// pagesEvery is how often the program's pages are given back. What is needed
// comes again from the page cache: some hundred faults, of more than a
// microsecond each in a guest, which the agent should not pay at each poll.
const pagesEvery = 5 * time.Minute

// programPages are the pages of the program's file. The start of a program
// touches most of it, the kernel maps sixteen pages around each that is touched,
// and all of them count as resident for as long as there is no want of memory.
type programPages []addresses

// findProgramPages looks where they are; there are none where that is not told.
func findProgramPages() programPages {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil
	}
	defer f.Close()
	ranges, err := programRanges(f)
	if err != nil {
		return nil
	}
	return ranges
}

// giveBack gives them back once. Where that cannot be done they stay, which does
// no harm.
func (p programPages) giveBack() {
	for _, r := range p {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, r.from, r.to-r.from, unix.MADV_DONTNEED)
	}
}

// keepSmall gives them back now and then until ctx ends, at first more often:
// what begins needs pages that nothing needs later.
func (p programPages) keepSmall(ctx context.Context) {
	for next := pagesEvery / 2000; ; next = min(10*next, pagesEvery) {
		if sleep(ctx, next); len(p) == 0 || ctx.Err() != nil {
			return
		}
		p.giveBack()
	}
}

// addresses are those from (included) to to.
type addresses struct{ from, to uintptr }

// programRanges reads where code and constants are mapped. A mapping that can be
// written to, or that has a page of its own, is not among them: what it has is
// not in the file.
//
//	00400000-00b14000 r-xp 00000000 fe:00 9437223      /usr/sbin/perfmon
//	Rss:                6352 kB
//	Anonymous:             0 kB
func programRanges(smaps io.Reader) (programPages, error) {
	var ranges programPages
	var last addresses
	candidate := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		fields := bytes.Fields(lines.Bytes())
		switch {
		case len(fields) >= 5 && len(fields[1]) == 4:
			from, to, _ := strings.Cut(string(fields[0]), "-")
			a, err1 := strconv.ParseUint(from, 16, 64)
			b, err2 := strconv.ParseUint(to, 16, 64)
			if err1 != nil || err2 != nil {
				return nil, fmt.Errorf("read where the program is mapped: %q", lines.Text())
			}
			last = addresses{uintptr(a), uintptr(b)}
			modes := string(fields[1])
			candidate = (modes == "r-xp" || modes == "r--p") && string(fields[4]) != "0"
		case candidate && len(fields) == 3 && string(fields[0]) == "Anonymous:":
			if string(fields[1]) == "0" {
				ranges = append(ranges, last)
			}
		}
	}
	return ranges, lines.Err()
}
