package monitor

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"perfmon/alarm"
)

// lines are those of the log that match, without what is at level debug.
func (w *world) lines(pattern string) (n int) {
	for line := range strings.Lines(w.log.String()) {
		if !strings.Contains(line, "level=DEBUG") && regexp.MustCompile(pattern).MatchString(line) {
			n++
		}
	}
	return n
}

// A storm is a few lines, with the number of those that are not told; every
// transition is an event, and a line at level debug.
func TestStorm(t *testing.T) {
	const vms = 1000
	var columns []string
	for i := range vms {
		columns = append(columns, fmt.Sprintf("vm/v%d/a", i), fmt.Sprintf("vm/v%d/b", i), fmt.Sprintf("vm/v%d/c", i))
	}
	w := newWorld(t, Options{}, append(columns, "host/h/a")...)
	w.change(func(inv *Inventory) {
		inv.Files["vm"] = shortXML("one regex=a level=1 period=60; two regex=b level=1 period=60; three regex=c level=1 period=60")
		inv.Files["host"] = shortXML("one regex=a level=1 period=60")
		for i := range vms {
			inv.Objects[Object{"vm", fmt.Sprintf("v%d", i)}] = &Facts{Resident: true}
		}
	})
	values := func(v float64) []float64 {
		all := make([]float64, len(columns)+1)
		for i := range all {
			all[i] = v
		}
		return all
	}
	// what a poll with such a row says, and how many lines of which sort
	f := func(row int64, value float64, kind alarm.Kind, level string) {
		t.Helper()
		w.log.Reset()
		before := len(w.events)
		w.row(row, values(value)...)
		w.poll(row + 5)
		said := 0
		for _, e := range w.events[before:] {
			if e.Kind == kind {
				said++
			}
		}
		text := "alarm " + string(kind)
		if said != 3*vms+1 || w.logged(`msg="`+text+`" class=`) != said {
			t.Errorf("%s: %d events, %d lines at whatever level", kind, said, w.logged(`msg="`+text+`" class=`))
		}
		if n := w.lines(text); n != 3*(maxAlikeLines+1)+1 {
			t.Errorf("%s: %d lines", kind, n)
		}
		for _, variable := range []string{"one", "two", "three"} {
			if n := w.lines(fmt.Sprintf(`level=%s msg="%s" class=vm .* variable=%s `, level, text, variable)); n != maxAlikeLines {
				t.Errorf("%s: %d lines of %s", kind, n, variable)
			}
			if n := w.lines(fmt.Sprintf(`level=%s msg="%s: more of the same" class=vm variable=%s more=%d newest=%d severity=critical`, level, text, variable, vms-maxAlikeLines, t0+row)); n != 1 {
				t.Errorf("%s: %d lines sum %s up", kind, n, variable)
			}
		}
		if n := w.lines(text + `" class=host`); n != 1 {
			t.Errorf("%s: %d lines of the host, which has nothing to do with it", kind, n)
		}
	}
	f(0, 2, alarm.KindRaised, "WARN")
	f(60, 0, alarm.KindCleared, "INFO")
	f(3600, 2, alarm.KindRaised, "WARN")
	w.log.Reset()
	w.poll(3700)
	if n := w.lines("more of the same"); n != 0 {
		t.Errorf("%d lines sum up nothing", n)
	}
}

// Up to the limit nothing is summed up, and what differs in more than the
// object is not the same.
func TestNoStorm(t *testing.T) {
	var columns []string
	for i := range maxAlikeLines {
		columns = append(columns, fmt.Sprintf("vm/v%d/a", i), fmt.Sprintf("sr/s%d/a", i))
	}
	w := newWorld(t, Options{}, columns...)
	w.change(func(inv *Inventory) {
		for _, class := range []string{"vm", "sr"} {
			inv.Files[class] = shortXML("one regex=a level=1 period=60")
			for i := range maxAlikeLines {
				inv.Objects[Object{class, fmt.Sprintf("%c%d", class[0], i)}] = &Facts{Resident: true}
			}
		}
	})
	values := make([]float64, len(columns))
	for i := range values {
		values[i] = 2
	}
	w.row(0, values...)
	w.poll(5)
	if n := w.lines("alarm raised"); n != 2*maxAlikeLines || w.lines("more=") != 0 {
		t.Errorf("%d lines:\n%s", n, w.log.String())
	}
}
