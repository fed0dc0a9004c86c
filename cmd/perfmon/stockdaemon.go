package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// The stock daemon's defaults.
const (
	stockInterval = 300 // seconds
	stockDither   = 5   // per cent
)

// stockPollEvery is the longest time between two polls of the stock daemon of
// a process id, in seconds, by its command line; that of its defaults if
// nobody can read it.
func stockPollEvery(pid int) int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return pollEvery(nil)
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, 64<<10)) // what is missing are defaults
	return pollEvery(text)
}

// pollEvery reads a command line, as /proc has it:
//
//	/usr/bin/python3\x00/opt/xensource/bin/perfmon\x00-i\x0060\x00
func pollEvery(cmdline []byte) int64 {
	var words []string
	for word := range bytes.SplitSeq(cmdline, []byte{0}) {
		words = append(words, string(word))
	}
	interval := flagIn(words, "-i", "--interval", stockInterval)
	dither := flagIn(words, "-D", "--interval_percent_dither", stockDither)
	return int64(math.Ceil(interval * (1 + dither/100)))
}

// flagIn is the number of a flag, whose last one counts.
func flagIn(words []string, short, long string, otherwise float64) float64 {
	found := otherwise
	for i, word := range words {
		value, ok := strings.CutPrefix(word, long+"=")
		switch {
		case ok:
		case (word == short || word == long) && i+1 < len(words):
			value = words[i+1]
		case strings.HasPrefix(word, short) && !strings.HasPrefix(word, "--"):
			value = word[len(short):]
		default:
			continue
		}
		if n, err := strconv.ParseInt(value, 10, 32); err == nil && n >= 0 {
			found = float64(n)
		}
	}
	return found
}
