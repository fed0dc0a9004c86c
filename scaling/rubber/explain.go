package rubber

import (
	"fmt"
	"strings"
	"time"

	"perfmon/scaling/rubber/plan"
)

// sentence is a line of a plan for people.
func sentence(line *plan.Line) string {
	var head string
	switch line.Action {
	case plan.Start:
		head = fmt.Sprintf("start %d", line.Count)
	case plan.Hold:
		head = "hold"
		if line.Machine != "" {
			head += " " + line.Machine
		}
	default:
		head = string(line.Action) + " " + line.Machine
	}
	return head + ": " + reasonsOf(line.Reasons)
}

// Explanation is why a profile is as it is, in sentences, the most important
// first.
type Explanation struct {
	Profile string
	At      time.Time
	Lines   []string
}

// String is one sentence a line.
func (e Explanation) String() string { return strings.Join(e.Lines, "\n") }

// Explain says why a profile has as many machines as it has. The error is of
// a profile that is not configured.
func (c *Controller) Explain(profile string) (Explanation, error) {
	s := c.Status()
	e := Explanation{Profile: profile, At: s.At}
	p := s.Profile(profile)
	if p == nil {
		if s.Role == Standby || s.Role == Starting {
			return e, fmt.Errorf("explain %q: this instance is %s: %s", profile, s.Role, s.Problem)
		}
		return e, fmt.Errorf("explain %q: no such profile is configured", profile)
	}
	say := func(format string, args ...any) { e.Lines = append(e.Lines, fmt.Sprintf(format, args...)) }
	t := p.Target
	say("machines: %d wanted (%s), %d there (%d ready, %d resting, %d on the way)", t.Want, boundText(&t), t.Have, t.Ready, t.Resting, t.Coming)
	for _, r := range p.Reasons {
		say("%s", r)
	}
	if s.Paused {
		say("scaling is paused: %s", s.Reason)
	}
	if s.Role == Dry {
		say("this is a dry run: nothing of it is done")
	}
	if s.Problem != "" && !strings.Contains(strings.Join(p.Reasons, "\n"), s.Problem) {
		say("%s", s.Problem)
	}
	if p.DemandKnown {
		say("queue %q has %d tasks waiting and %d with workers%s", p.Queue, p.Waits, p.Running, oldest(p.Oldest))
		if p.DemandError != "" {
			say("%s", p.DemandError)
		}
	} else {
		say("what queue %q has is not known: %s", p.Queue, orElse(p.DemandError, "it has not been looked at yet"))
	}
	if !p.WorkersKnown {
		say("who works is not known as a whole, so nothing is let go")
	}
	if p.StaticSlots > 0 {
		say("%d of %d slots of workers that no cloud owns are at work", p.StaticBusy, p.StaticSlots)
	}
	if p.Blocked != "" {
		say("no machine can be had now: %s", p.Blocked)
	}
	if p.Window >= 0 {
		say("window %d of the schedule is on: at least %d, at most %s", p.Window+1, p.Min, ceiling(p.Max))
	}
	if p.BootCount > 0 {
		say("a machine takes %s from the request to work, and one in twenty longer than %s (of the last %d)", plan.Span(p.BootP50), plan.Span(p.BootP95), p.BootCount)
	}
	for i := range s.Machines {
		m := &s.Machines[i]
		if m.Profile == profile && (m.Overdue || m.Trouble != nil) {
			say("%s has been %s for %s%s", m.Name, m.State, plan.Span(m.Age), trouble(m))
		}
	}
	return e, nil
}

// boundText is how many machines demand asks for, and the bound where that is
// more than can be had.
func boundText(t *plan.Target) string {
	text := fmt.Sprintf("%d by demand", t.Wish)
	if t.Limit < t.Wish {
		text += fmt.Sprintf(", %d can be had now", t.Limit)
	}
	return text
}

func oldest(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(", the first for %s", plan.Span(d))
}

func ceiling(most int) string {
	if most == 0 {
		return "the cap"
	}
	return fmt.Sprint(most)
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func trouble(m *MachineStatus) string {
	text := ""
	if m.Overdue {
		text = ", which is too long"
	}
	if m.Trouble != nil {
		text += ": " + m.Trouble.String()
	}
	if m.Tries != "" {
		text += "; " + m.Tries
	}
	return text
}
