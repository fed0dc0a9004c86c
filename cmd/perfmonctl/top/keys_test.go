package top

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
	"perfmon/cmd/internal/tui"
	"perfmon/monitor/api"
)

// names are those of the table on the screen, from the top.
func (d *desk) names() []string {
	var names []string
	for _, r := range d.m.visible() {
		names = append(names, r.name)
	}
	return names
}

// here is the name of the line that the cursor is on.
func (d *desk) here() string {
	d.t.Helper()
	for _, line := range strings.Split(d.screen(), "\n") {
		if rest, ok := strings.CutPrefix(line, "▸ "); ok {
			return strings.Fields(strings.TrimPrefix(strings.TrimPrefix(rest, "vm "), "sr "))[0]
		}
	}
	return ""
}

// small is a desk with a few rows whose values are plain.
func small(t *testing.T) *desk {
	d := sitBefore(t, 80, 24, newWorld(5), 1)
	d.send(polled{few(d.world.now + 5)})
	return d
}

func few(now int64) *api.WatchPoll {
	o := &api.Overview{Row: now, Step: 5, Host: api.HostOverview{UUID: hostUUID, Name: "xcp-1"}}
	o.VMs = []api.VMOverview{
		{UUID: "11", Name: "alpha", CPU: ptr(0.2), Memory: ptr(3e9), NetRx: ptr(10), DiskRead: ptr(3), Contention: ptr(0.5)},
		{UUID: "22", Name: "Beta", CPU: ptr(0.9), Memory: ptr(1e9), NetTx: ptr(30), DiskWrite: ptr(9), Contention: ptr(0.1), Flags: api.Flags{NoData: 1}},
		{UUID: "33", Name: "gamma", CPU: ptr(0.5), Memory: ptr(2e9), NetRx: ptr(20), Flags: api.Flags{Firing: 1, Severity: alarm.Warning}},
		{UUID: "44", Name: "delta"},
	}
	o.SRs = []api.SROverview{
		{UUID: "55", Name: "zeta", Used: ptr(9e12), Size: ptr(1e13), Read: ptr(5), Latency: ptr(3), Flags: api.Flags{Firing: 1, Severity: alarm.Critical}},
		{UUID: "66", Name: "eta", Used: ptr(5e12), Size: ptr(1e13), Latency: ptr(1)},
	}
	return &api.WatchPoll{Brief: api.Brief{State: api.StateRunning, Now: now, LastRow: now}, Overview: o}
}

func TestSortKeys(t *testing.T) {
	f := func(keys, want string) {
		t.Helper()
		d := small(t)
		d.press(keys)
		if got := strings.Join(d.names(), " "); got != want {
			t.Errorf("%q: %s, want %s", keys, got, want)
		}
	}
	f("", "Beta gamma alpha delta eta zeta")
	f("c", "Beta gamma alpha delta eta zeta")
	f("w", "alpha Beta delta eta gamma zeta")
	f("m", "alpha gamma Beta delta eta zeta")
	f("n", "Beta gamma alpha delta eta zeta")
	f("d", "Beta zeta alpha delta eta gamma")
	f("a", "zeta gamma Beta alpha delta eta")
	f("N", "alpha Beta delta eta gamma zeta")
	f("Nr", "zeta gamma eta delta Beta alpha")
	f("cr", "alpha gamma Beta delta eta zeta") // what is not known stays at the end
	f("crc", "Beta gamma alpha delta eta zeta")
	f("crr", "Beta gamma alpha delta eta zeta")
	f("v", "Beta gamma alpha delta")
	f("vv", "eta zeta")
	f("vvm", "zeta eta")
	f("vvw", "zeta eta")
	f("vvv", "Beta gamma alpha delta eta zeta")
	if got := strings.Join(SortKeys(), " "); got != "cpu contention memory network disk alarms name" {
		t.Errorf("sort keys: %s", got)
	}
}

func TestFilterKeys(t *testing.T) {
	f := func(want string, keys ...string) {
		t.Helper()
		d := small(t)
		d.press(keys...)
		if got := strings.Join(d.names(), " "); got != want {
			t.Errorf("%q: %s, want %s", keys, got, want)
		}
	}
	f("Beta eta zeta", "/", "ETA")
	f("Beta", "/", "beta", "enter")
	f("alpha", "/", "11")
	f("Beta gamma alpha delta eta zeta", "/", "beta", "esc")
	f("Beta gamma alpha delta eta zeta", "/", "beta", "enter", "esc")
	f("", "/", "q?a")

	d := small(t)
	d.press("/")
	d.send(tea.PasteMsg{Content: "gam\x1b]0;x\a"})
	if got := d.m.Filter.Text; got != "gam\ufffd]0;x\ufffd" {
		t.Errorf("pasted %q", got)
	}
	d.m.Filter.Type(strings.Repeat("x", tui.MaxFilter))
	if len(d.m.Filter.Text) > tui.MaxFilter {
		t.Errorf("a filter of %d bytes", len(d.m.Filter.Text))
	}
	d.press("backspace", "backspace", "backspace", "backspace", "backspace", "backspace")
	if !strings.Contains(d.screen(), `filter "gam`) || !strings.Contains(d.screen(), "/gam▏") {
		t.Errorf("the filter is not on the screen:\n%s", d.screen())
	}
	d = small(t)
	d.press("/", "nothing", "enter")
	if want := `nothing has "nothing" in its name; esc ends the filter`; !strings.Contains(d.screen(), want) {
		t.Errorf("not on the screen: %s\n%s", want, d.screen())
	}
}

// TestCursorStaysWithItsObject: rows change places, and the cursor goes with
// the row; at the first place it stays there.
func TestCursorStaysWithItsObject(t *testing.T) {
	d := small(t)
	if got := d.here(); got != "Beta" {
		t.Fatalf("the cursor begins at %s", got)
	}
	d.press("N")
	if got := d.here(); got != "alpha" {
		t.Errorf("nobody moved the cursor, and it is at %s", got)
	}
	d.press("down", "j")
	if got := d.here(); got != "delta" {
		t.Errorf("two down is %s", got)
	}
	for _, key := range []string{"c", "r", "a", "n"} {
		d.press(key)
		if got := d.here(); got != "delta" {
			t.Errorf("after %s the cursor is at %s", key, got)
		}
	}
	d.press("/", "zz", "esc", "end")
	if got := d.here(); got != "zeta" {
		t.Errorf("the last is %s", got)
	}
	p := few(d.world.now + 10)
	p.Overview.SRs = nil
	d.send(polled{p})
	if got := d.here(); got != "delta" {
		t.Errorf("the last has gone, and the cursor is at %s", got)
	}
	d.press("home", "up", "k")
	if got := d.here(); got != "Beta" {
		t.Errorf("the first is %s", got)
	}
}

// TestScrolling: with 202 rows the cursor is always on the screen.
func TestScrolling(t *testing.T) {
	d := sit(t, 80, 24)
	seen := map[string]bool{}
	for range 210 {
		d.press("down")
		at := d.here()
		if at == "" {
			t.Fatalf("the cursor is not on the screen:\n%s", d.screen())
		}
		seen[at] = true
	}
	if len(seen) < 190 {
		t.Errorf("%d rows were passed", len(seen))
	}
	for _, key := range []string{"pgup", "pgdown", "home", "end", "pgup"} {
		d.press(key)
		if d.here() == "" {
			t.Errorf("after %s the cursor is not on the screen", key)
		}
	}
}

func TestPanes(t *testing.T) {
	d := sit(t, 80, 24)
	d.press("tab", "down", "down")
	if got, want := d.here(), "no"; got != want { // "no data"
		t.Errorf("the cursor is at %q, want %q:\n%s", got, want, d.screen())
	}
	d.press("end")
	if !strings.Contains(d.screen(), "2 to 6") || d.here() != "pending" {
		t.Errorf("the last alarm is not on the screen:\n%s", d.screen())
	}
	d.press("enter")
	want := []wanted{{"vm", vmUUID(4), "10m"}}
	if !cmp.Equal(d.asks.details, want, cmp.AllowUnexported(wanted{})) {
		t.Errorf("asks for %v, want %v", d.asks.details, want)
	}
	d.press("esc", "tab", "enter")
	if got := d.asks.details[1]; got.uuid != vmUUID(1) {
		t.Errorf("the table's cursor opens %v", got)
	}
}

func TestDetailKeys(t *testing.T) {
	d := sit(t, 80, 24)
	d.press("enter")
	d.showDetail()
	plot := func() string {
		for _, line := range strings.Split(d.screen(), "\n") {
			if strings.HasPrefix(line, "── 10 min") || strings.HasPrefix(line, "── 2 h") {
				return strings.Trim(line, "─ ")
			}
		}
		return ""
	}
	for i, step := range []struct{ key, want string }{
		{"right", "10 min, plot 2 of 3"}, {"n", "10 min, plot 3 of 3"}, {"right", "10 min, plot 1 of 3"}, {"left", "10 min, plot 3 of 3"}, {"p", "10 min, plot 2 of 3"},
		{"home", "10 min, plot 2 of 3"}, {"enter", "10 min, plot 1 of 3"}, {"down", "10 min, plot 1 of 3"}, {"enter", "10 min, plot 2 of 3"},
		{"t", "2 h, plot 2 of 3"},
	} {
		d.press(step.key)
		if got := plot(); got != step.want {
			t.Errorf("step %d, %s: %q, want %q", i, step.key, got, step.want)
		}
	}
	if got := d.asks.details[len(d.asks.details)-1].span; got != "2h" || !strings.Contains(d.screen(), "asking perfmon") {
		t.Errorf("after t, asks for %s:\n%s", got, d.screen())
	}
	// An answer about what is no longer shown is of no use.
	d.send(detailed{of: wanted{"vm", vmUUID(1), "10m"}, variables: d.world.explained(d.world.ref(1)), series: d.world.series(d.world.ref(1), "10m")})
	if !strings.Contains(d.screen(), "asking perfmon") {
		t.Errorf("plots of 10 min are shown for 2 h:\n%s", d.screen())
	}
	d.showDetail()
	if strings.Contains(d.screen(), "asking perfmon") {
		t.Errorf("no plots:\n%s", d.screen())
	}
	d.press("esc")
	if !strings.Contains(d.screen(), "202 VMs and SRs") {
		t.Errorf("esc does not go back:\n%s", d.screen())
	}
	asked := len(d.asks.details)
	d.poll()
	if len(d.asks.details) != asked {
		t.Error("asks for an object that is not shown")
	}
}

// TestDetailFromAlarm: an alarm opens the plot of its variable.
func TestDetailFromAlarm(t *testing.T) {
	d := sit(t, 80, 24)
	d.press("tab", "down", "enter")
	d.showDetail()
	if s := d.screen(); !strings.Contains(s, "network_usage: vif_0_rx") || !strings.Contains(s, "▸ network_usage") {
		t.Errorf("the variable is not shown:\n%s", s)
	}
}

// TestDetailGone: the object leaves the host while it is shown; and what
// cannot be had is said.
func TestDetailGone(t *testing.T) {
	d := sit(t, 80, 24)
	d.press("enter")
	d.send(polled{few(d.world.now + 5)})
	if want := "it is not on this host any more"; !strings.Contains(d.screen(), want) {
		t.Errorf("not on the screen: %s\n%s", want, d.screen())
	}
	w := d.asks.details[0]
	d.send(detailed{of: w, err: fmt.Errorf("there is no object"), plotErr: fmt.Errorf("no archive\x1b[2J")})
	for _, want := range []string{"there is no object", "no rows: no archive\ufffd[2J"} {
		if !strings.Contains(d.screen(), want) {
			t.Errorf("not on the screen: %s\n%s", want, d.screen())
		}
	}
	d.press("right", "left", "enter", "down")
}

func TestQuitKeys(t *testing.T) {
	quits := func(d *desk, k tea.KeyPressMsg) bool {
		_, cmd := d.m.Update(k)
		if cmd == nil {
			return false
		}
		_, is := cmd().(tea.QuitMsg)
		return is
	}
	ctrlC := tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	q := tea.KeyPressMsg{Code: 'q', Text: "q"}
	for _, before := range [][]string{nil, {"?"}, {"/"}, {"enter"}} {
		d := sit(t, 80, 24)
		d.press(before...)
		if want := !slices.Contains([]string{"?", "/"}, strings.Join(before, "")); quits(d, q) != want {
			t.Errorf("after %q: q ends it: %v, want %v", before, !want, want)
		}
		if !quits(d, ctrlC) {
			t.Errorf("after %q: ctrl+c does not end it", before)
		}
	}
}

// TestHelpKnowsAllKeys: what a key does is in the help.
func TestHelpKnowsAllKeys(t *testing.T) {
	d := sit(t, 80, 40)
	d.press("?")
	for _, s := range sortings {
		if want := s.key + "       " + s.name; !strings.Contains(d.screen(), want) {
			t.Errorf("the help lacks %q", want)
		}
	}
	d.press("x")
	if strings.Contains(d.screen(), "Sort by") {
		t.Error("a key does not end the help")
	}
}
