package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// readingDeadline is how long a file system may take to say how full it is.
const readingDeadline = 2 * time.Second

// ErrSameFilesystem says that the logs have no file system of their own, so
// that log_fs_usage would only repeat fs_usage.
var ErrSameFilesystem = errors.New("on the file system of /etc/passwd")

// Readings are the four values of dom0 that no row has: how full its file
// systems and its memory are, and how much of that can still be had. Each is a fraction, or NaN and an error when it
// is unknown. They need no program and no toolstack, and never block for
// longer than two seconds a file system. Safe for concurrent use.
type Readings struct {
	meminfo   string
	root, log *volume
}

// NewReadings makes the readings of the system whose root directory is root,
// "/" for this one.
func NewReadings(root string) *Readings {
	return newReadings(root, statVolume, readingDeadline)
}

func newReadings(root string, stat func(string) (usage, error), deadline time.Duration) *Readings {
	return &Readings{
		meminfo: filepath.Join(root, "proc/meminfo"),
		root:    &volume{path: filepath.Join(root, "etc/passwd"), stat: stat, deadline: deadline},
		log:     &volume{path: filepath.Join(root, "var/log"), stat: stat, deadline: deadline},
	}
}

// FSUsage is fs_usage: used / (used + available) of the file system that has
// /etc/passwd, where available is what is left for users, as in the Use% of
// df.
func (r *Readings) FSUsage(ctx context.Context) (float64, error) {
	u, err := r.root.read(ctx)
	if err != nil {
		return math.NaN(), fmt.Errorf("fs_usage: %w", err)
	}
	return u.fraction("fs_usage")
}

// LogFSUsage is log_fs_usage: the same for /var/log. It is unknown, with
// ErrSameFilesystem, when that is on the device of /etc/passwd.
func (r *Readings) LogFSUsage(ctx context.Context) (float64, error) {
	u, err := r.log.read(ctx)
	if err != nil {
		return math.NaN(), fmt.Errorf("log_fs_usage: %w", err)
	}
	root, err := r.root.read(ctx)
	if err != nil {
		return math.NaN(), fmt.Errorf("log_fs_usage: %w", err)
	}
	if u.device == root.device {
		return math.NaN(), fmt.Errorf("log_fs_usage: %w", ErrSameFilesystem)
	}
	return u.fraction("log_fs_usage")
}

// MemUsage is mem_usage by the stock formula: (MemTotal - MemFree - Buffers -
// Cached + SwapTotal - SwapFree) / MemTotal.
func (r *Readings) MemUsage() (float64, error) {
	return r.memory("mem_usage", usedMemory)
}

// What is added up of meminfo, and with which factor.
var (
	usedMemory      = map[string]float64{"MemTotal": 1, "MemFree": -1, "Buffers": -1, "Cached": -1, "SwapTotal": 1, "SwapFree": -1}
	availableMemory = map[string]float64{"MemAvailable": 1}
)

// MemAvailable is MemAvailable / MemTotal: what programs can be given without
// swapping. Unlike mem_usage it counts what the kernel would give back.
func (r *Readings) MemAvailable() (float64, error) {
	return r.memory("memory_available", availableMemory)
}

// memory adds up fields of meminfo, each with its factor, as a part of all
// memory.
func (r *Readings) memory(name string, factors map[string]float64) (float64, error) {
	data, err := readFile(r.meminfo)
	if err != nil {
		return math.NaN(), fmt.Errorf("%s: %w", name, err)
	}
	part, err := parseMeminfo(string(data), factors)
	if err != nil {
		return math.NaN(), fmt.Errorf("%s: parse %s: %w", name, r.meminfo, err)
	}
	return part, nil
}

// parseMeminfo reads /proc/meminfo:
//
//	MemTotal:        3994060 kB
//	MemFree:         2875312 kB
//	MemAvailable:    3544452 kB
//	Buffers:           25460 kB
//	Cached:           804556 kB
//	SwapTotal:             0 kB
//	SwapFree:              0 kB
func parseMeminfo(s string, factors map[string]float64) (float64, error) {
	found := make(map[string]bool)
	sum, total := 0.0, 0.0
	for line := range strings.Lines(s) {
		name, rest, _ := strings.Cut(line, ":")
		factor, wanted := factors[name]
		if !wanted && name != "MemTotal" || found[name] {
			continue
		}
		kib, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 62)
		if err != nil {
			return 0, fmt.Errorf("no number of kB in line %q", line)
		}
		found[name] = true
		sum += factor * float64(kib)
		if name == "MemTotal" {
			total = float64(kib)
		}
	}
	for _, name := range append(slices.Sorted(maps.Keys(factors)), "MemTotal") {
		if !found[name] {
			return 0, fmt.Errorf("no %s", name)
		}
	}
	if total == 0 {
		return 0, errors.New("MemTotal is 0")
	}
	return sum / total, nil
}

// usage is how full a file system is, in blocks.
type usage struct {
	device          uint64
	used, available uint64
}

func (u usage) fraction(name string) (float64, error) {
	if u.used+u.available == 0 {
		return math.NaN(), fmt.Errorf("%s: the file system has no blocks", name)
	}
	return float64(u.used) / (float64(u.used) + float64(u.available)), nil
}

// statVolume asks the kernel, which may not answer for as long as the file
// system hangs.
func statVolume(path string) (usage, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return usage{}, fmt.Errorf("stat %s: %w", path, err)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return usage{}, fmt.Errorf("statfs %s: %w", path, err)
	}
	return usage{device: uint64(st.Dev), used: fs.Blocks - fs.Bfree, available: fs.Bavail}, nil
}
