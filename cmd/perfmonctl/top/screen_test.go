package top

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"perfmon/cmd/internal/tui"
	"perfmon/docs/docstest"
	"perfmon/monitor/api"
)

// asks notes what a model asks for.
type asks struct {
	lists   int
	details []wanted
}

func (a *asks) wantList()           { a.lists++ }
func (a *asks) wantDetail(w wanted) { a.details = append(a.details, w) }

// desk is somebody at a terminal.
type desk struct {
	t     *testing.T
	m     *model
	asks  *asks
	world *world
	at    time.Time
}

// sit sits down at a terminal while a host with 200 VMs is watched. The
// polls of five minutes have come.
func sit(t *testing.T, width, height int) *desk {
	t.Helper()
	return sitBefore(t, width, height, newWorld(200), 60)
}

// sitBefore is sit for another world, of which so many polls have come.
func sitBefore(t *testing.T, width, height int, w *world, polls int) *desk {
	t.Helper()
	d := &desk{t: t, asks: &asks{}, world: w}
	o := Options{Terminal: tui.Terminal{Width: width, Height: height, Location: time.UTC, Now: func() time.Time { return d.at }}}
	o.Fill()
	m, err := newModel(o, d.asks)
	if err != nil {
		t.Fatal(err)
	}
	d.m = m
	d.world.now -= 5 * int64(polls)
	for range polls - 1 {
		d.m.polled(d.world.poll()) // nobody looks
	}
	d.poll()
	d.send(listed{alarms: d.world.alarms(), status: d.world.status()})
	return d
}

// poll sends the next poll, at its time.
func (d *desk) poll() *api.WatchPoll {
	p := d.world.poll()
	if at := time.Unix(p.Now+1, 0); at.After(d.at) {
		d.at = at
	}
	d.send(polled{p})
	return p
}

// send sends a message, and has what it changes drawn.
func (d *desk) send(msg tea.Msg) {
	d.m.Update(msg)
	d.at = d.at.Add(time.Second)
	d.m.Update(frameDue{})
}

// press types keys, each a name as bubbletea has it, or text.
func (d *desk) press(keys ...string) {
	d.t.Helper()
	codes := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "home": tea.KeyHome, "end": tea.KeyEnd, "enter": tea.KeyEnter,
		"esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "left": tea.KeyLeft, "right": tea.KeyRight,
	}
	for _, k := range keys {
		if code, ok := codes[k]; ok {
			d.send(tea.KeyPressMsg{Code: code})
			continue
		}
		for _, r := range k {
			d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

// screen is what is on the screen, without styles.
func (d *desk) screen() string {
	d.t.Helper()
	text := d.m.View().Content
	lines := strings.Split(text, "\n")
	if len(lines) > d.m.Height {
		d.t.Errorf("%d lines on a terminal of %d", len(lines), d.m.Height)
	}
	for i, line := range lines {
		if w := ansi.StringWidth(line); w > d.m.Width {
			d.t.Errorf("line %d has %d cells of %d: %q", i, w, d.m.Width, line)
		}
		lines[i] = strings.TrimRight(ansi.Strip(line), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// golden compares the screen with testdata/NAME.txt.
func (d *desk) golden(name string) {
	d.t.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := d.screen()
	if docstest.Updating() {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			d.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		d.t.Errorf("%s is not what is shown (-update rewrites it), -want +got:\n%s", path, diff)
	}
}

// showDetail answers what the model asks of an object.
func (d *desk) showDetail() {
	d.t.Helper()
	if len(d.asks.details) == 0 {
		d.t.Fatal("nobody asks for an object")
	}
	w := d.asks.details[len(d.asks.details)-1]
	ref := api.ObjectRef{Class: w.class, UUID: w.uuid, Name: "db-01"}
	d.send(detailed{of: w, variables: d.world.explained(ref), series: d.world.series(ref, w.span)})
}

func TestScreens(t *testing.T) {
	for _, size := range []struct {
		name          string
		width, height int
	}{{"80x24", 80, 24}, {"120x40", 120, 40}, {"40x10", 40, 10}, {"60x16", 60, 16}} {
		t.Run(size.name, func(t *testing.T) {
			d := sit(t, size.width, size.height)
			d.golden("main-" + size.name)
			d.press("?")
			d.golden("help-" + size.name)
			d.press("?", "tab", "enter")
			d.showDetail()
			d.golden("detail-" + size.name)
		})
	}
}

func TestScreenOfSRs(t *testing.T) {
	d := sit(t, 80, 24)
	d.press("vv")
	d.golden("srs-80x24")
}

func TestScreenOfHost(t *testing.T) {
	d := sit(t, 80, 24)
	d.press("H")
	d.golden("host-asking-80x24")
	if want := []wanted{{"host", hostUUID, "10m"}}; !cmp.Equal(d.asks.details, want, cmp.AllowUnexported(wanted{})) {
		t.Errorf("asks for %v, want %v", d.asks.details, want)
	}
}

func TestScreenBeforeTheFirstPoll(t *testing.T) {
	d := &desk{t: t, asks: &asks{}, at: time.Unix(begin, 0)}
	o := Options{Terminal: tui.Terminal{Location: time.UTC, Now: func() time.Time { return d.at }}}
	o.Fill()
	d.m, _ = newModel(o, d.asks)
	if cmd := d.m.Draw(false, d.m.render); cmd != nil || d.m.View().Content != "" {
		t.Error("draws on a terminal of an unknown size")
	}
	d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	d.send(tui.Lost{Err: errors.New("there is no socket /run/perfmon/perfmon.sock: is perfmon running? If it has its socket elsewhere, name it with --api-socket"), When: d.at})
	d.press("j", "enter")
	d.golden("waiting-80x24")
}

func TestScreenWhileAway(t *testing.T) {
	d := sit(t, 80, 24)
	d.send(tui.Lost{Err: errors.New("perfmon has ended"), When: d.at})
	d.at = d.at.Add(95 * time.Second)
	d.send(tui.Lost{Err: errors.New("there is no socket"), When: d.at}) // the first counts
	d.golden("away-80x24")
	for i, line := range strings.Split(d.m.View().Content, "\n")[4:23] {
		if line != "" && !strings.HasPrefix(line, "\x1b[2m") && !strings.HasPrefix(strings.TrimSpace(line), "\x1b[2m") {
			t.Errorf("line %d is not grey: %q", i+4, line)
		}
	}
	d.poll()
	if s := d.screen(); strings.Contains(s, "away") {
		t.Errorf("it is back, and called away:\n%s", s)
	}
}

func TestScreenInTrouble(t *testing.T) {
	d := sit(t, 80, 24)
	p := d.world.poll()
	p.State, p.Trouble = api.StateTrouble, "the toolstack does not answer"
	d.at = time.Unix(p.Now+600, 0)
	d.send(polled{p})
	d.golden("trouble-80x24")
}

// Without a toolstack there is no control domain whose load it could be.
func TestScreenWithoutToolstack(t *testing.T) {
	d := sit(t, 80, 24)
	if s := d.screen(); !strings.Contains(s, "  dom0 1.42") {
		t.Errorf("with a toolstack:\n%s", s)
	}
	d.m.status.Source = "local"
	d.poll()
	if s := d.screen(); strings.Contains(s, "dom0") || !strings.Contains(s, "  avg 1") {
		t.Errorf("without:\n%s", s)
	}
}

// TestScreenBegins with what the agent remembers of the time before.
func TestScreenBegins(t *testing.T) {
	d := sitBefore(t, 80, 24, newWorld(5), 1)
	first := d.m.poll.Overview.Row
	r := &api.Recent{Every: 30}
	for i := range int64(3) {
		r.T = append(r.T, first-90+30*i)
	}
	for _, v := range d.m.poll.Overview.VMs {
		r.VMs = append(r.VMs, api.RecentValues{UUID: v.UUID, CPU: api.Values{1, math.NaN(), 0}})
	}
	before := d.screen()
	d.send(remembered{})
	if d.screen() != before {
		t.Error("an agent that does not remember changes something")
	}
	d.send(remembered{r})
	if s := d.screen(); strings.Count(s, "█·▁") != len(r.VMs) {
		t.Errorf("the pictures do not begin:\n%s", s)
	}
	d.poll()
	if s := d.screen(); !strings.Contains(s, "█·▁") {
		t.Errorf("it is forgotten:\n%s", s)
	}
}

func TestUnknownSorting(t *testing.T) {
	_, err := newModel(Options{Sort: "size"}, &asks{})
	if want := `sort by "size": want one of cpu, contention, memory, network, disk, alarms, name`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestDocs keeps two screens in the documentation true.
func TestDocs(t *testing.T) {
	d := sit(t, 80, 24)
	docstest.Example(t, "top.md", "main", "text", d.screen())
	d = sit(t, 140, 45)
	d.press("tab", "enter")
	d.showDetail()
	docstest.Example(t, "top.md", "detail", "text", d.screen())
	d = sit(t, 80, 24)
	d.press("?")
	docstest.Example(t, "top.md", "help", "text", d.screen())
}

// TestScreenOfOnePollThatFailed: the reason is said, and nothing is grey yet.
func TestScreenOfOnePollThatFailed(t *testing.T) {
	d := sit(t, 80, 24)
	p := d.world.poll()
	p.State, p.Trouble = api.StateTrouble, "no rows: unreachable"
	d.send(polled{p})
	if s := d.screen(); !strings.Contains(s, "\nno rows come: unreachable\n") || !strings.Contains(s, "perfmon 1.4.0 trouble") {
		t.Errorf("the reason is not said:\n%s", s)
	}
	if d.m.old() {
		t.Error("a row of now is called old")
	}
}
