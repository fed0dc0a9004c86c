package local

import (
	"strconv"
	"strings"
)

// parseLoad reads the load of the last minute from /proc/loadavg:
//
//	0.52 0.58 0.59 2/613 12345
func parseLoad(data []byte) (float64, error) {
	l := newLines(data)
	line, _ := l.next()
	first, _ := word(line)
	load, err := strconv.ParseFloat(string(first), 64)
	// Digits and a point, of all the forms that a float can have.
	if err != nil || strings.Trim(string(first), "0123456789.") != "" {
		l.n = 1
		return 0, l.malformed("no load of one minute", line)
	}
	return load, nil
}
