package local

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// maxFile bounds every file that this package reads by itself. Files of
// /proc say nothing true about their size beforehand.
const maxFile = 1 << 20

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read %s: more than %d bytes", path, maxFile)
	}
	return data, nil
}

// readLoad returns the load of the last minute. gopsutil is not asked, since
// it takes that of the machine it runs on when it cannot read the file.
func readLoad(proc string) (float64, error) {
	data, err := readFile(filepath.Join(proc, "loadavg"))
	if err != nil {
		return 0, err
	}
	return parseLoad(string(data))
}

// parseLoad reads /proc/loadavg:
//
//	0.52 0.58 0.59 2/613 12345
func parseLoad(s string) (float64, error) {
	first, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0, fmt.Errorf("parse loadavg: the load of one minute is %q", first)
	}
	return load, nil
}

// stall is the time that tasks have waited for a resource since boot.
type stall struct {
	kind  string // some, full
	total uint64 // microseconds
}

// readPressure returns the stalls of resource (cpu, memory, io), nil where
// the kernel does not measure them: it has no such file, or refuses to read
// it when it was started with psi=0.
func readPressure(proc, resource string) ([]stall, error) {
	data, err := readFile(filepath.Join(proc, "pressure", resource))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EOPNOTSUPP):
		return nil, nil
	case err != nil:
		return nil, err
	}
	stalls, err := parsePressure(string(data))
	if err != nil {
		return nil, fmt.Errorf("parse pressure of %s: %w", resource, err)
	}
	return stalls, nil
}

// parsePressure reads one file of /proc/pressure, whose cpu has no line of
// "full" before Linux 5.13. Times are in microseconds.
//
//	some avg10=0.12 avg60=0.05 avg300=0.01 total=157622151
//	full avg10=0.00 avg60=0.00 avg300=0.00 total=97212
func parsePressure(s string) ([]stall, error) {
	var stalls []stall
	for line := range strings.Lines(s) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "some" && words[0] != "full" {
			continue // a later kernel may have more
		}
		total := ""
		for _, w := range words[1:] {
			if v, ok := strings.CutPrefix(w, "total="); ok {
				total = v
			}
		}
		n, err := strconv.ParseUint(total, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("no total in line %q", line)
		}
		stalls = append(stalls, stall{words[0], n})
	}
	return stalls, nil
}
