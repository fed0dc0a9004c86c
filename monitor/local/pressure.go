package local

import "bytes"

// stalls are the microseconds that some, or all, tasks have waited for a
// resource since boot.
type stalls struct {
	some, full       uint64
	hasSome, hasFull bool
}

// parsePressure reads one file of /proc/pressure, whose cpu has no line of
// "full" before Linux 5.13. Times are in microseconds. Lines and fields that
// a later kernel may have are passed over.
//
//	some avg10=0.12 avg60=0.05 avg300=0.01 total=157622151
//	full avg10=0.00 avg60=0.00 avg300=0.00 total=97212
func parsePressure(data []byte) (stalls, error) {
	var s stalls
	l := newLines(data)
	for {
		line, ok := l.next()
		if !ok {
			return s, nil
		}
		var total *uint64
		kind, rest := word(line)
		switch string(kind) {
		case "some":
			total, s.hasSome = &s.some, true
		case "full":
			total, s.hasFull = &s.full, true
		default:
			continue
		}
		if *total, ok = totalOf(rest); !ok {
			return stalls{}, l.malformed("no total", line)
		}
	}
}

// totalOf finds total=<number> among the fields.
func totalOf(fields []byte) (uint64, bool) {
	for {
		var f []byte
		if f, fields = word(fields); len(f) == 0 {
			return 0, false
		}
		if digits, ok := bytes.CutPrefix(f, []byte("total=")); ok {
			return number(digits)
		}
	}
}
