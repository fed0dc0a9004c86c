package tui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Screen is the part of a view's model that is the same in each: its size, what
// is drawn on it and when, the filter, and whether its server is away. It
// belongs to the goroutine of the program.
type Screen struct {
	Terminal
	Frame  Frame
	Filter Filter
	Help   bool  // the keys are shown
	Away   *Lost // since when the server cannot be reached, and why; nil if it can
}

// Init has nothing to do: what comes, comes from the work beside the view.
func (s *Screen) Init() tea.Cmd { return nil }

// settled comes once a terminal that was made wider has been drawn. It is drawn
// again then: the renderer forgets what it has written to the right of where
// the terminal ended before, and would leave that there.
type settled struct{}

// settleTime is some of the renderer's ticks.
const settleTime = 300 * time.Millisecond

// Update takes what concerns each view alike, and draws what render makes.
func (s *Screen) Update(msg tea.Msg, render func() string) tea.Cmd {
	urgent := false
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		wider := s.Width > 0 && msg.Width > s.Width
		s.Width, s.Height = msg.Width, msg.Height
		if wider {
			return tea.Batch(s.Draw(true, render), tea.Tick(settleTime, func(time.Time) tea.Msg { return settled{} }))
		}
		urgent = true
	case settled:
		return tea.ClearScreen
	case tea.PasteMsg:
		if s.Filter.Typing {
			s.Filter.Type(msg.Content)
		}
	case Lost: // the first time counts
		if s.Away != nil {
			msg.When = s.Away.When
		}
		s.Away = &msg
	case FrameDue:
		s.Frame.Due()
	}
	return s.Draw(urgent, render)
}

// Press takes a key that means the same in each view, and says whether it ends
// it. While the filter is typed, move moves the cursor.
func (s *Screen) Press(k tea.KeyPressMsg, move func(tea.KeyPressMsg)) (taken, quit bool) {
	switch {
	case k.String() == "ctrl+c":
		return true, true
	case s.Help:
		s.Help = false // any key
	case s.Filter.Typing:
		if !s.Filter.Press(k) {
			move(k)
		}
	case key.Matches(k, KeyQuit):
		return true, true
	case key.Matches(k, KeyHelp):
		s.Help = true
	default:
		return false, false
	}
	return true, false
}

// Draw draws the next frame, or has itself called again when that may be.
func (s *Screen) Draw(urgent bool, render func() string) tea.Cmd {
	if s.Width == 0 {
		return nil // not known yet
	}
	return s.Frame.Draw(s.Now(), time.Second/time.Duration(s.Frames), urgent, render)
}

// View is the frame that was last drawn.
func (s *Screen) View() tea.View { return s.Frame.View() }

// Lines is a view that fits the terminal; one that is too small says so.
func (s *Screen) Lines(view func() []string) string {
	lines := []string{TooSmall(s.Width, s.Height)}
	if s.Width >= MinWidth && s.Height >= MinHeight {
		lines = view()
	}
	lines = lines[:min(len(lines), s.Height)]
	for i, line := range lines {
		if Width(line) > s.Width {
			lines[i] = Fit(line, s.Width)
		}
	}
	return strings.Join(lines, "\n")
}

// Waiting is what is shown before a server has said anything.
func (s *Screen) Waiting(server string) []string {
	lines := []string{"", "  " + Paint(Bold, "asking "+server), ""}
	if s.Away != nil {
		lines = append(lines, Wrap("  ", "not there since "+s.Clock(s.Away.When)+": "+Clean(s.Away.Err.Error()), s.Width)...)
		lines = append(lines, "", "  It is asked again every few seconds; q ends this.")
	}
	return lines
}

// Clock is a time of the day, with the day if that is not today.
func (s *Screen) Clock(t time.Time) string {
	t, now := t.In(s.Location), s.Now().In(s.Location)
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		return t.Format("Jan 2 15:04:05")
	}
	return t.Format(time.TimeOnly)
}

// Page is lines on paper: without colours.
func Page(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(Plain(line), " ") + "\n")
	}
	return b.String()
}
