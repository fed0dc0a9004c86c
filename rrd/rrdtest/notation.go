package rrdtest

import (
	"fmt"
	"strings"

	"perfmon/rrd"
)

// Values is the values of a notation, in its order: see rrd.ParseSeries. It
// panics if there is a mistake in it.
func Values(notation string) []float64 {
	values, err := rrd.ParseSeries(notation)
	if err != nil {
		panic(fmt.Sprintf("rrdtest: %v", err))
	}
	return values
}

// column splits a column's string into what it is and its values.
func column(s string) (rrd.Entry, []float64) {
	head, values, _ := strings.Cut(strings.TrimSpace(s), " ")
	what := head
	cf := rrd.Average
	class, rest, ok := strings.Cut(head, "/")
	if i := strings.Index(class, ":"); i >= 0 {
		cf, class = rrd.CF(class[:i]), class[i+1:]
	}
	uuid, name, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || class == "" || name == "" {
		panic(fmt.Sprintf("rrdtest: column %q: want CLASS/UUID/NAME or CF:CLASS/UUID/NAME", what))
	}
	return rrd.Entry{CF: cf, Class: class, UUID: uuid, Name: name}, Values(values)
}
