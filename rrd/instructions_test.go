package rrd

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// counter counts the instructions of this thread in user mode, where the
// machine does; see perf_event_open(2).
type counter int

func newCounter() (counter, error) {
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_HARDWARE, Config: unix.PERF_COUNT_HW_INSTRUCTIONS,
		Bits: unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
	}
	attr.Size = uint32(unsafe.Sizeof(attr))
	fd, err := unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	return counter(fd), err
}

// of is how many instructions f takes.
func (c counter) of(t *testing.T, f func()) uint64 {
	read := func() uint64 {
		var b [8]byte
		if n, err := unix.Read(int(c), b[:]); err != nil || n != len(b) {
			t.Fatalf("read the counter: %d bytes, %v", n, err)
		}
		return binary.NativeEndian.Uint64(b[:])
	}
	before := read()
	f()
	return read() - before
}

// TestInstructions: of a machine that is busy the time says little, and the
// number of instructions all.
func TestInstructions(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := newCounter()
	if err != nil {
		t.Skipf("perf_event_open: %v: this machine does not count instructions for us", err)
	}
	defer unix.Close(int(c))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	document, err := benchEncode(FormatXML)
	if err != nil {
		t.Fatal(err)
	}
	d := NewDecoder(nil, DecoderOptions{})
	decode := func() {
		d.Reset(bytes.NewReader(document))
		for {
			if _, err := d.Next(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	decode() // learns the legend
	ours := c.of(t, decode)
	theirs := c.of(t, func() {
		tokens := xml.NewDecoder(bytes.NewReader(document))
		for {
			if _, err := tokens.RawToken(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
	values := uint64(benchRows * benchColumns)
	t.Logf("%d instructions a value; encoding/xml's tokens alone: %d", ours/values, theirs/values)
	if ours*10 > theirs {
		t.Errorf("%d instructions a value, more than a tenth of the %d of encoding/xml's tokens", ours/values, theirs/values)
	}
}
