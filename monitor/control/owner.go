package control

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrNoOwner says that no process was found behind a name: nobody has bound
// it, or we may not look into the process that did.
var ErrNoOwner = errors.New("no owner found")

// Bound says whether somebody has bound the abstract name as a datagram
// socket, in this network namespace. Anybody may ask.
func Bound(name string) (bool, error) {
	f, err := os.Open("/proc/net/unix")
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", name, err)
	}
	defer f.Close()
	inode, err := findInode(f, name)
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", name, err)
	}
	return inode != "", nil
}

// Owner returns the process that holds the abstract name, for a message that
// tells a second agent about the first. It looks through the file descriptors
// under /proc, of which only root sees all. ErrNoOwner when none is found.
func Owner(name string) (pid int, err error) {
	return owner("/proc", name)
}

func owner(proc, name string) (pid int, err error) {
	f, err := os.Open(filepath.Join(proc, "net/unix"))
	if err != nil {
		return 0, fmt.Errorf("find the owner of %s: %w", name, err)
	}
	defer f.Close()
	inode, err := findInode(f, name)
	if err != nil {
		return 0, fmt.Errorf("find the owner of %s: %w", name, err)
	}
	if inode == "" {
		return 0, fmt.Errorf("find the owner of %s: %w", name, ErrNoOwner)
	}
	// A descriptor that vanishes or that we may not read is no match.
	links, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	if err != nil {
		return 0, fmt.Errorf("find the owner of %s: %w", name, err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == "socket:["+inode+"]" {
			return strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(link))))
		}
	}
	return 0, fmt.Errorf("find the owner of %s: it is held, but by a process that we may not look into (ask as root): %w", name, ErrNoOwner)
}

// findInode reads the kernel's list of unix sockets (net/unix in proc(5)),
// the last column being absent for a socket without a name:
//
//	Num       RefCount Protocol Flags    Type St Inode Path
//	ffff8881: 00000002 00000000 00000000 0002 01 21480 @perfmon
//
// and returns the inode of the datagram socket with that name, or "".
func findInode(list io.Reader, name string) (string, error) {
	const datagram = "0002"
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 8 && fields[7] == name && fields[4] == datagram {
			return fields[6], nil
		}
	}
	return "", lines.Err()
}
