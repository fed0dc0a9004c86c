package rrdtest

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"perfmon/rrd"
)

// maxValues keeps a slip like "1x1000000000" from filling the memory.
const maxValues = 1 << 20

// number is a decimal number, NaN or infinity. In an expression its sign may
// not be mistaken for the operator: "1e+3+2x4" is 1000, 1002, ...
const number = `[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[nN]a[nN]|[iI]nf(?:inity)?)`

var (
	single = regexp.MustCompile(`^` + number + `$`)
	series = regexp.MustCompile(`^(_|` + number + `)(?:([+-])(` + number + `))?x(\d+)$`)
)

// Values is the values of a notation, in its order. It panics if there is a
// mistake in it.
func Values(notation string) []float64 {
	var values []float64
	for _, word := range strings.Fields(notation) {
		values = appendWord(values, word)
		if len(values) > maxValues {
			panic(fmt.Sprintf("rrdtest: %q: more than %d values", notation, maxValues))
		}
	}
	return values
}

func appendWord(values []float64, word string) []float64 {
	if word == "_" {
		return append(values, math.NaN())
	}
	if single.MatchString(word) {
		return append(values, parse(word))
	}
	parts := series.FindStringSubmatch(word)
	if parts == nil {
		panic(fmt.Sprintf("rrdtest: value %q: want a number, _, AxN, _xN, A+BxN or A-BxN", word))
	}
	first, operator, by := parts[1], parts[2], parts[3]
	n, err := strconv.Atoi(parts[4])
	if err != nil || n > maxValues {
		panic(fmt.Sprintf("rrdtest: value %q: more than %d times", word, maxValues))
	}
	if first == "_" {
		if operator != "" {
			panic(fmt.Sprintf("rrdtest: value %q: nothing can be added to _", word))
		}
		for range n {
			values = append(values, math.NaN())
		}
		return values
	}
	start, step := parse(first), 0.0
	if operator != "" {
		step = parse(operator+"1") * parse(by)
	}
	for i := range n + 1 {
		values = append(values, start+float64(i)*step)
	}
	return values
}

func parse(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(fmt.Sprintf("rrdtest: number %q: %v", s, err))
	}
	return f
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
