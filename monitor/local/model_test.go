package local

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The models of the parsers, for fuzzing: the words of each line in, what is
// read out, "error" when it is malformed.

// uints are the first words as numbers; false when one is none.
func uints(words []string, most int) ([]uint64, bool) {
	var all []uint64
	for _, w := range words[:min(most, len(words))] {
		n, err := strconv.ParseUint(w, 10, 64)
		if err != nil {
			return nil, false
		}
		all = append(all, n)
	}
	return all, true
}

func modelStat(lines [][]string) string {
	var b strings.Builder
	for _, words := range lines {
		if len(words) == 0 || !strings.HasPrefix(words[0], "cpu") {
			break
		}
		if words[0] == "cpu" {
			continue
		}
		if _, err := strconv.ParseUint(words[0][3:], 10, 64); err != nil {
			return "error"
		}
		c, ok := uints(words[1:], 8)
		if !ok || len(c) < 7 {
			return "error"
		}
		var total uint64
		for _, n := range c {
			total += n
		}
		fmt.Fprintf(&b, "%s %d of %d\n", words[0], c[3]+c[4], total)
	}
	if b.Len() == 0 {
		return "error"
	}
	return b.String()
}

func modelLoad(lines [][]string) string {
	if len(lines) == 0 || len(lines[0]) == 0 {
		return "error"
	}
	load, err := strconv.ParseFloat(lines[0][0], 64)
	if err != nil || math.IsNaN(load) || strings.ContainsAny(lines[0][0], "-+_eExXpPiI") {
		return "error"
	}
	return fmt.Sprintln(load)
}

func modelMemory(lines [][]string) string {
	found := map[string]uint64{}
	for _, words := range lines {
		if len(words) == 0 || words[0] != "MemTotal:" && words[0] != "MemAvailable:" || len(found) == 2 {
			continue
		}
		n, ok := uints(words[1:], 1)
		if !ok || len(words) < 3 || words[2] != "kB" || n[0] == 0 && words[0] == "MemTotal:" {
			return "error"
		}
		found[words[0]] = n[0]
	}
	if _, ok := found["MemTotal:"]; !ok {
		return "error"
	}
	_, ok := found["MemAvailable:"]
	return fmt.Sprintln(found["MemAvailable:"], "of", found["MemTotal:"], !ok)
}

func modelNetDev(lines [][]string) string {
	var b strings.Builder
	for i, words := range lines {
		if i < 2 {
			continue
		}
		line := strings.Join(words, " ")
		colon := strings.LastIndex(line, ":")
		if colon < 0 {
			return "error"
		}
		name := strings.TrimSpace(line[:colon])
		if name == "" || strings.Contains(strings.Trim(line[:colon], " "), " ") {
			return "error"
		}
		c, ok := uints(strings.FieldsFunc(line[colon+1:], func(r rune) bool { return r == ' ' }), 11)
		if !ok || len(c) < 11 {
			return "error"
		}
		fmt.Fprintf(&b, "%s %d %d errors %d %d\n", strings.Trim(line[:colon], " "), c[0], c[8], c[2], c[10])
	}
	if len(lines) < 2 {
		return "error"
	}
	return b.String()
}

func modelDiskstats(lines [][]string) string {
	var b strings.Builder
	for _, words := range lines {
		if len(words) < 14 {
			return "error"
		}
		c, ok := uints(words[3:], 11)
		if !ok {
			return "error"
		}
		if [11]uint64(c) == [11]uint64{} {
			continue
		}
		fmt.Fprintf(&b, "%s sectors %d %d requests %d %d ms %d %d\n", words[2], c[2], c[6], c[0], c[4], c[3], c[7])
	}
	return b.String()
}

func modelPressure(lines [][]string) string {
	found := map[string]uint64{}
	for _, words := range lines {
		if len(words) == 0 || words[0] != "some" && words[0] != "full" {
			continue
		}
		ok := false
		for _, w := range words[1:] {
			if digits, is := strings.CutPrefix(w, "total="); is {
				n, err := strconv.ParseUint(digits, 10, 64)
				if err != nil {
					return "error"
				}
				found[words[0]], ok = n, true
				break
			}
		}
		if !ok {
			return "error"
		}
	}
	_, some := found["some"]
	_, full := found["full"]
	return fmt.Sprintln(found["some"], some, found["full"], full)
}
