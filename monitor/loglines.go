package monitor

import (
	"context"
	"log/slog"

	"perfmon/alarm"
)

// maxAlikeLines is how many lines the log gets of transitions that differ in
// their object alone, until the changes are kept: of one poll, as a rule. When
// the storage of a thousand VMs hangs, one line more stands for the rest.
// Nothing is lost by that: each transition is in the history, and in the log
// at level debug.
const maxAlikeLines = 10

// transitionKind is what lines about several objects have in common.
type transitionKind struct {
	text            string
	level           slog.Level
	class, variable string
	severity        alarm.Severity
	reason          alarm.Reason
	by              string // what holds them back, "" for nothing
}

func kindOf(e *alarm.Event, by string) transitionKind {
	k := transitionKind{"alarm " + string(e.Kind), slog.LevelWarn, e.Class, e.Variable, e.Severity, e.Reason, by}
	if e.Kind == alarm.KindCleared {
		k.level = slog.LevelInfo
	}
	if e.Inhibited {
		k.text += ", held back by its inhibit period"
		k.level = slog.LevelInfo
	}
	if e.Silenced {
		k.text += ", silenced"
		k.level = slog.LevelInfo
	}
	return k
}

// words are the attributes of the kind that not every line has.
func (k transitionKind) words() []any {
	args := []any{"severity", string(k.severity)}
	if k.reason != "" {
		args = append(args, "reason", string(k.reason))
	}
	if k.by != "" {
		args = append(args, "silenced_by", k.by)
	}
	return args
}

// transitionLines counts the lines since the last summary.
type transitionLines struct {
	alike map[transitionKind]int
	order []transitionKind // of their first lines
}

// logTransition logs what is said of an object; of many alike, at level debug.
func (m *Monitor) logTransition(e *alarm.Event, by string) {
	k := kindOf(e, by)
	l := &m.lines
	if l.alike == nil {
		l.alike = make(map[transitionKind]int)
	}
	if l.alike[k]++; l.alike[k] == 1 {
		l.order = append(l.order, k)
	}
	level := k.level
	if l.alike[k] > maxAlikeLines {
		level = slog.LevelDebug
	}
	args := []any{"class", e.Class, "uuid", e.UUID, "variable", e.Variable, "name", e.Name}
	if e.Known {
		args = append(args, "value", e.Value)
	}
	args = append(args, "level", e.Level, "row", e.Time)
	m.log.Log(context.Background(), level, k.text, append(args, k.words()...)...)
}

// logRest says how often more the log would have told the same.
func (m *Monitor) logRest() {
	for _, k := range m.lines.order {
		if more := m.lines.alike[k] - maxAlikeLines; more > 0 {
			m.log.Log(context.Background(), k.level, k.text+": more of the same",
				append([]any{"class", k.class, "variable", k.variable, "more", more, "newest", m.anchor.last}, k.words()...)...)
		}
	}
	m.lines = transitionLines{}
}
