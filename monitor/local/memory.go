package local

import "errors"

// memory is in KiB.
type memory struct {
	total, available uint64
	noAvailable      bool // Linux before 3.14 does not tell
}

// parseMemory reads two fields of /proc/meminfo, which come early in it:
//
//	MemTotal:        3994060 kB
//	MemFree:         2875312 kB
//	MemAvailable:    3544452 kB
func parseMemory(data []byte) (memory, error) {
	var m memory
	found := [2]bool{}
	l := newLines(data)
	for !found[0] || !found[1] {
		line, ok := l.next()
		if !ok {
			break
		}
		name, rest := word(line)
		var field *uint64
		switch string(name) {
		case "MemTotal:":
			field, found[0] = &m.total, true
		case "MemAvailable:":
			field, found[1] = &m.available, true
		default:
			continue
		}
		value, rest := word(rest)
		unit, _ := word(rest)
		if *field, ok = number(value); !ok || string(unit) != "kB" {
			return memory{}, l.malformed("no number of kB", line)
		}
		if field == &m.total && m.total == 0 {
			return memory{}, l.malformed("no memory", line)
		}
	}
	if !found[0] {
		return memory{}, errors.New("line 1: no MemTotal from here on")
	}
	m.noAvailable = !found[1]
	return m, nil
}
