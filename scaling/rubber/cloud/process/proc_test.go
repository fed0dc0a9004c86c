package process

import (
	"os"
	"strings"
	"testing"
)

const sampleStat = "4711 (cel) ery (w) S 1 4712 4713 0 -1 4194560 1530 0 0 0 7 3 0 0 20 0 1 0 8812345 30000000 2500 18446744073709551615 1 1 0 0 0 0 0 16781312 16387 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 9"

func TestParseStat(t *testing.T) {
	got, err := parseStat([]byte(sampleStat + "\n"))
	if want := (stat{PID: 4711, State: 'S', Parent: 1, Session: 4713, Start: 8812345, Exit: 9}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	f := func(bad string) {
		t.Helper()
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
	f("")
	f("4711")
	f(")4711(")
	f("x (y) S 1 2 3")
	f(strings.Replace(sampleStat, "S 1 ", "S one ", 1))
	f(strings.Replace(sampleStat, "8812345", "-1", 1))
	f(strings.Replace(sampleStat, " S ", " SS ", 1))
	self, there, err := readStat(os.Getpid())
	if err != nil || !there || self.Parent != os.Getppid() || self.Start == 0 {
		t.Errorf("of this process: %+v, %v, %v", self, there, err)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(sampleStat))
	f.Add([]byte("1 (a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := parseStat(data); err == nil && s.State == 0 {
			t.Errorf("%q: %+v", data, s)
		}
	})
}
