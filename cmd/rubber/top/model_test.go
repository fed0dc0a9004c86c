package top

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/tui"
	"perfmon/scaling/rubber/api"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// asked remembers what the model asks for.
type asked struct {
	past   int
	detail []string
}

func (a *asked) wantPast(int)              { a.past++ }
func (a *asked) wantDetail(profile string) { a.detail = append(a.detail, profile) }

// busy is a status of 30 profiles and 200 machines, some of them with names that
// would like to steer a terminal.
func busy() *api.Status {
	s := &api.Status{Owner: "test\x1b[2J", Now: noon, At: noon, Role: "active", Since: noon.Add(-time.Hour), Cap: 300, Turns: 1, Engine: &api.Engine{OK: true, Owner: true}}
	for i := range 30 {
		waits, running, oldest := 10*i, i, float64(i)
		p := api.Profile{Name: fmt.Sprintf("profile-%02d", i), Waits: &waits, Running: &running, OldestS: &oldest, Slots: 2 * i, Want: i, Have: i}
		if i == 3 {
			p.Name, p.Waits = "\x1b[31m東京\nデータベース with quite a long name of the kind that people give", nil
		}
		s.Profiles = append(s.Profiles, p)
	}
	s.MachineCount = 200
	for i := range 200 {
		s.Machines = append(s.Machines, api.Machine{Name: fmt.Sprintf("machine-%03d", i), Intent: fmt.Sprint(i), Profile: "profile-01", State: "ready", AgeS: 100, Overdue: i == 150})
	}
	return s
}

func sit(width, height int) (*model, *asked) {
	a := &asked{}
	o := Options{Terminal: tui.Terminal{Location: time.UTC, Now: func() time.Time { return noon }}}
	o.Fill()
	m := newModel(o, a)
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	m.Update(stated{busy()})
	waits, running := 5, 2
	for i := range 300 {
		m.Update(planned{&api.Plan{At: noon.Add(time.Duration(i) * time.Second), Targets: []api.Target{{Profile: "profile-00", Waits: &waits, Running: &running, Slots: i}}}})
	}
	m.Update(decided{&api.Decision{At: noon, Event: "wanted", Profile: "profile-01", Name: "machine-001", Text: "it is wanted\x1b[2J"}})
	return m, a
}

// TestFits: each view has exactly as many cells as the terminal, at most, and
// nothing of others steers it.
func TestFits(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 60}} {
		m, _ := sit(size[0], size[1])
		look := func(what string) string {
			t.Helper()
			text := m.render()
			lines := strings.Split(text, "\n")
			if len(lines) > size[1] {
				t.Errorf("%v, %s: %d lines", size, what, len(lines))
			}
			for _, line := range lines {
				if w := tui.Width(line); w > size[0] {
					t.Errorf("%v, %s: %d cells: %q", size, what, w, line)
				}
				if strings.Contains(line, "\x1b[2J") || strings.Contains(line, "\x1b[31m東") {
					t.Errorf("%v, %s: a name steers the terminal: %q", size, what, line)
				}
			}
			return text
		}
		main := look("tables")
		for _, want := range []string{"200 of 300", "what 1 of 30 queues hold", "30 profiles", "200 machines", "▸ profile-00", "wanted    machine-001", "machine-150"} {
			if !strings.Contains(tui.Plain(main), want) {
				t.Errorf("%v: no %q in\n%s", size, want, tui.Plain(main))
			}
		}
		for range 3 {
			m.Update(tea.KeyPressMsg{Code: tea.KeyTab})
			m.Update(tea.KeyPressMsg{Code: tea.KeyEnd})
			look("the end of a pane")
		}
		m.Update(tea.KeyPressMsg{Code: '?', Text: "?"})
		look("help")
		m.Update(tea.KeyPressMsg{Code: tea.KeyEscape})
		m.Update(tui.Lost{Err: errors.New("gone"), When: noon})
		if !strings.Contains(look("away"), "not there since") {
			t.Error("nobody says that rubber has gone")
		}
	}
}

// TestTheFirstOfMany: rubber tells the first of many machines, and the view says
// that these are not all.
func TestTheFirstOfMany(t *testing.T) {
	m, _ := sit(80, 24)
	m.status.MachineCount = 20_000
	m.status.Storage = []api.Storage{{UUID: "5d", Name: "ssd", Bad: []string{"slow"}}, {UUID: "7c"}}
	for _, want := range []string{"20000 of 300", "200 machines, among the first 200 of 20000", "storage ssd: slow"} {
		if text := tui.Plain(m.page()); !strings.Contains(text, want) {
			t.Errorf("no %q in\n%.2000s", want, text)
		}
	}
}

// TestDetail: enter asks for a profile and shows it; escape goes back.
func TestDetail(t *testing.T) {
	m, a := sit(80, 24)
	m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
	m.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	if len(a.detail) != 1 || a.detail[0] != "profile-01" {
		t.Fatalf("asked for %q", a.detail)
	}
	one, two := 1, 2
	m.Update(detailed{profile: "profile-01", explain: &api.Explanation{Lines: []string{"2 machines are wanted", "because 10 tasks wait"}},
		series: &api.Series{T: []float64{1e9, 1e9 + 5}, Waits: []*int{&one, nil}, Running: []*int{&two, &two}, Have: []*int{&one, &two}}})
	text := tui.Plain(m.render())
	for _, want := range []string{"profile profile-01", "tasks that wait or run, now 3", "· 2 machines are wanted", "· because 10 tasks wait"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	m.Update(tea.KeyPressMsg{Code: tea.KeyRight})
	if text := tui.Plain(m.render()); !strings.Contains(text, "machines, now 2") {
		t.Errorf("the other plot is not shown:\n%s", text)
	}
	m.Update(tea.KeyPressMsg{Code: tea.KeyEscape})
	if m.detail != nil {
		t.Error("escape does not go back")
	}
}

// TestFilter: names are searched as they are typed.
func TestFilter(t *testing.T) {
	m, _ := sit(80, 24)
	for _, r := range "/file-29" {
		m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	if list := m.profiles(); len(list) != 1 || list[0].Name != "profile-29" {
		t.Errorf("%d profiles pass the filter", len(list))
	}
	m.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	m.Update(tea.KeyPressMsg{Code: tea.KeyEscape})
	if len(m.profiles()) != 30 {
		t.Error("escape does not end the filter")
	}
	if _, quit := m.Update(tea.KeyPressMsg{Code: 'q', Text: "q"}); quit == nil {
		t.Error("q does not quit")
	}
}
