package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// stat is what /proc/<pid>/stat says of a process, proc(5):
//
//	4711 (celery: w (1)) S 1 4711 4711 0 -1 4194560 ... 20 0 1 0 8812345 ... 0
//
// The name may have spaces and brackets in it; what is read comes after the
// last one.
type stat struct {
	PID     int
	State   byte   // R, S, D, T, …; Z and X have ended
	Parent  int    // field 4
	Session int    // field 6
	Start   uint64 // field 22, ticks since the boot
	Exit    int    // field 52, as wait(2) has it; of Z alone
}

// ended says whether the process is one no more, though its number is taken.
func (s stat) ended() bool { return s.State == 'Z' || s.State == 'X' }

func parseStat(data []byte) (stat, error) {
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("no name in %q", data)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data[:open])))
	if err != nil {
		return stat{}, fmt.Errorf("no number of a process in %q", data)
	}
	fields := strings.Fields(string(data[end+1:])) // the first is field 3
	if len(fields) < 50 || len(fields[0]) != 1 {
		return stat{}, fmt.Errorf("%d fields after the name in %q, not 50", len(fields), data)
	}
	s := stat{PID: pid, State: fields[0][0]}
	for _, to := range []struct {
		field int
		value *int
	}{{4, &s.Parent}, {6, &s.Session}, {52, &s.Exit}} {
		if *to.value, err = strconv.Atoi(fields[to.field-3]); err != nil {
			return stat{}, fmt.Errorf("field %d of %q: %w", to.field, data, err)
		}
	}
	if s.Start, err = strconv.ParseUint(fields[22-3], 10, 64); err != nil {
		return stat{}, fmt.Errorf("field 22 of %q: %w", data, err)
	}
	return s, nil
}

// readStat looks at one process; false if there is none of this number.
func readStat(pid int) (stat, bool, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return stat{}, false, nil
	}
	if err != nil {
		return stat{}, false, err
	}
	s, err := parseStat(data)
	return s, err == nil, err
}

// processes are all that there are, ended ones as well.
func processes() ([]stat, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []stat
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		s, there, err := readStat(pid)
		if err != nil {
			return nil, err
		}
		if there {
			all = append(all, s)
		}
	}
	return all, nil
}

// bootFile has a name for the time since the kernel started.
const bootFile = "/proc/sys/kernel/random/boot_id"

func bootID() (string, error) {
	data, err := os.ReadFile(bootFile)
	return strings.TrimSpace(string(data)), err
}

// markName is the variable in a machine's environment that has its mark.
const markName = "RUBBER_MARK"

// marked says whether a process has a mark in the environment that it started
// with. One that we may not look into has none.
func marked(pid int, mark string) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false
	}
	for v := range bytes.SplitSeq(data, []byte{0}) {
		if string(v) == markName+"="+mark {
			return true
		}
	}
	return false
}

// aliveFile is the number of the file that a machine's program inherits.
const aliveFile = 3

// holds says whether a process has this file as it inherited it.
func holds(pid int, path string) bool {
	link, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "fd", strconv.Itoa(aliveFile)))
	return err == nil && path != "" && link == path
}
