package local

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// leastBuffer holds most files of /proc on a small host.
const leastBuffer = 4 << 10

// procMagic is the type of procfs, of statfs(2).
const procMagic = 0x9fa0

// surelyAll is how much of a file of procfs needs no question for more. The
// kernel hands out a long file in parts, each of as many whole records (a
// device, or all of the file) as go into a page of memory or more, and no
// record of a device is near half a page.
const surelyAll = 2 << 10

// buffer is what files are read into, one after the other. It grows to the
// largest of them, up to maxFile, and stays.
type buffer struct{ space []byte }

// grow makes room for more than what was there is room for.
func (b *buffer) grow() {
	b.space = make([]byte, min(max(leastBuffer, 2*len(b.space)), maxFile+1))
}

// keptFile is a file that stays open from one reading to the next. The kernel
// writes a file of /proc anew for each reading that begins at 0, and to open
// and close it costs more than that.
type keptFile struct {
	path string
	file *os.File // nil when it is not open
	fd   int      // of file
	proc bool     // it is the kernel's own, on procfs
}

// read returns what the file has now, valid until the buffer is read into
// again. A file that can no longer be read, or that another has taken the
// place of, is opened again, once.
func (k *keptFile) read(b *buffer) ([]byte, error) {
	if k.file != nil && !k.gone() {
		if data, err := k.fill(b); err == nil {
			return data, nil
		}
	}
	if err := k.open(); err != nil {
		return nil, err
	}
	data, err := k.fill(b)
	if err != nil {
		k.close()
		return nil, fmt.Errorf("read %s: %w", k.path, err)
	}
	return data, nil
}

func (k *keptFile) open() error {
	k.close()
	f, err := os.Open(k.path)
	if err != nil {
		return err
	}
	k.file, k.fd = f, int(f.Fd())
	var fs syscall.Statfs_t
	k.proc = syscall.Fstatfs(k.fd, &fs) == nil && fs.Type == procMagic
	return nil
}

// gone says whether the file that is open has lost its name: it was removed,
// or replaced. The kernel's own cannot be replaced, and cannot be read any
// more when what they tell of has ended.
func (k *keptFile) gone() bool {
	if k.proc {
		return false
	}
	var st syscall.Stat_t
	return syscall.Fstat(k.fd, &st) != nil || st.Nlink == 0
}

// fill reads the whole file from its start.
func (k *keptFile) fill(b *buffer) ([]byte, error) {
	defer runtime.KeepAlive(k.file)
	n := 0
	for {
		if n == len(b.space) {
			if n > maxFile {
				return nil, fmt.Errorf("more than %d bytes", maxFile)
			}
			// From the start again, since what is read later would not belong
			// to what was read before.
			b.grow()
			n = 0
		}
		more, err := syscall.Pread(k.fd, b.space[n:], int64(n))
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		n += more
		if more == 0 || k.proc && n < surelyAll {
			return b.space[:n], nil
		}
	}
}

// malformed is the error of a file that was read and is not in the form the
// kernel writes. The next reading opens it again: a file system of somebody
// else's over /proc, as containers have it, may have failed for good where it
// is open.
func (k *keptFile) malformed(err error) error {
	k.close()
	return fmt.Errorf("parse %s: %w", k.path, err)
}

// close is for a file that is open or not. It can be read again afterwards.
func (k *keptFile) close() {
	if k.file != nil {
		_ = k.file.Close() // only read
		k.file = nil
	}
}
