package local

import (
	"bytes"
	"errors"
)

// cpuTicks are the clock ticks of one CPU since boot.
type cpuTicks struct {
	name        []byte // cpu0
	idle, total uint64
}

// parseStat reads the CPUs of /proc/stat into cpus. Their names are part of
// data. Columns are user, nice, system, idle, iowait, irq, softirq, steal,
// and the time of guests, which is part of user and nice.
//
//	cpu  3000 30 600 24000 300 15 45 60 0 0
//	cpu0 1000 10 200 8000 100 5 15 20 0 0
//	cpu1 1000 10 200 8000 100 5 15 20 400 0
//	intr 45213 0 9 0 0 0 0
func parseStat(data []byte, cpus []cpuTicks) ([]cpuTicks, error) {
	l := newLines(data)
	for {
		line, ok := l.next()
		name, rest := word(line)
		digits, isCPU := bytes.CutPrefix(name, []byte("cpu"))
		if !ok || !isCPU {
			break // they come first
		}
		if len(digits) == 0 {
			continue // all together
		}
		if _, ok := number(digits); !ok {
			return nil, l.malformed("no number of a CPU", line)
		}
		var t [8]uint64
		n, ok := numbers(rest, t[:])
		if !ok || n < 7 { // steal came with Linux 2.6.11
			return nil, l.malformed("not the ticks of a CPU", line)
		}
		idle := t[3] + t[4]
		cpus = append(cpus, cpuTicks{name: name, idle: idle, total: idle + t[0] + t[1] + t[2] + t[5] + t[6] + t[7]})
	}
	if len(cpus) == 0 {
		return nil, errors.New("line 1: no CPUs")
	}
	return cpus, nil
}
