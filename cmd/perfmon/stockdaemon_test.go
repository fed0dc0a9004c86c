package main

import (
	"os"
	"strings"
	"testing"
)

func TestPollEvery(t *testing.T) {
	for line, want := range map[string]int64{
		"": 315,
		"/usr/bin/python3 /opt/xensource/bin/perfmon":       315,
		"/usr/bin/python3 /opt/xensource/bin/perfmon -i 60": 63,
		"python3 perfmon -i60 -D0":                          60,
		"python3 perfmon --interval=600 -s 5":               630,
		"python3 perfmon --interval 600 -i 30 -d":           32,
		"python3 perfmon --interval_percent_dither 100":     600,
		"python3 perfmon -s 5 -c 7":                         315,
		"python3 perfmon -i":                                315,
		"python3 perfmon -i soon":                           315,
		"python3 perfmon -i -5":                             315,
		"python3 perfmon -i 99999999999999999999":           315,
	} {
		if got := pollEvery([]byte(strings.ReplaceAll(line, " ", "\x00") + "\x00")); got != want {
			t.Errorf("%s: %d, want %d", line, got, want)
		}
	}
	if got := stockPollEvery(os.Getpid()); got != 315 {
		t.Errorf("of ourselves: %d", got)
	}
	if got := stockPollEvery(0); got != 315 {
		t.Errorf("of nobody: %d", got)
	}
}

func FuzzPollEvery(f *testing.F) {
	f.Add([]byte("python3\x00perfmon\x00-i\x0060\x00-D0\x00"))
	f.Fuzz(func(t *testing.T, cmdline []byte) {
		if got := pollEvery(cmdline); got < 0 {
			t.Fatalf("%q: %d", cmdline, got)
		}
	})
}
