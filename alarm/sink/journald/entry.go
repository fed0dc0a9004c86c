package journald

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/journal"

	"perfmon/alarm"
)

// MessageID marks every entry of this sink, and none of anybody else
// (systemd.journal-fields(7)).
const MessageID = "528e2bcfa1fb4a8381f0c293678452ec"

// maxFieldName is the length that journald takes, bytes; it drops a field
// whose name is longer.
const maxFieldName = 64

// priority grades an entry as syslog does.
func priority(e *alarm.Event) journal.Priority {
	switch {
	case e.Kind == alarm.KindCleared:
		return journal.PriNotice
	case e.Kind == alarm.KindState:
		return journal.PriInfo
	case e.Kind == alarm.KindNoData || e.Severity == alarm.Warning:
		return journal.PriWarning
	}
	return journal.PriCrit
}

// message is one line for those who read lines:
//
//	vm web-07: cpu_usage raised (critical): 0.97, level 0.9 high, period 120 s
//	vm web-07: cpu_usage cleared (gone): unknown, level 0.9 high, period 120 s
func message(e *alarm.Event) string {
	var b strings.Builder
	name := e.Name
	if name == "" {
		name = e.UUID
	}
	fmt.Fprintf(&b, "%s %s: %s %s", e.Class, name, e.Variable, e.Kind)
	switch {
	case e.Kind == alarm.KindCleared && e.Reason != "":
		fmt.Fprintf(&b, " (%s)", e.Reason)
	case e.Kind != alarm.KindCleared && e.Severity != "":
		fmt.Fprintf(&b, " (%s)", e.Severity)
	}
	value := "unknown"
	if e.Known {
		value = number(e.Value)
	}
	fmt.Fprintf(&b, ": %s, level %s %s, period %d s", value, number(e.Level), sense(e), e.Period)
	// A name is foreign: it must not make lines of its own.
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, b.String())
}

// fields are the entry's, beside its message and priority. Those of the
// object are named as in the agent's own log.
func fields(e *alarm.Event) map[string]string {
	f := map[string]string{
		"MESSAGE_ID":        MessageID,
		"SYSLOG_IDENTIFIER": "perfmon",
		"PERFMON_EVENT_ID":  e.EventID(),
		"PERFMON_KIND":      string(e.Kind),
		"PERFMON_CLASS":     e.Class,
		"PERFMON_UUID":      e.UUID,
		"PERFMON_VARIABLE":  e.Variable,
		"PERFMON_NAME":      e.Name,
		"PERFMON_HOST_UUID": e.HostUUID,
		"PERFMON_POOL_UUID": e.PoolUUID,
		"PERFMON_TIME":      rfc3339(e.Time),
		"PERFMON_STATE":     e.State,
		"PERFMON_SEVERITY":  string(e.Severity),
		"PERFMON_REASON":    string(e.Reason),
		"PERFMON_LEVEL":     number(e.Level),
		"PERFMON_SENSE":     sense(e),
		"PERFMON_PERIOD_S":  strconv.FormatInt(e.Period, 10),
		"PERFMON_INHIBITED": strconv.FormatBool(e.Inhibited),
		"PERFMON_SILENCED":  strconv.FormatBool(e.Silenced),
	}
	if e.Known {
		f["PERFMON_VALUE"] = number(e.Value)
	}
	if e.Since != 0 {
		f["PERFMON_SINCE"] = rfc3339(e.Since)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Labels)) {
		f[fieldName("PERFMON_LABEL_"+name)] = e.Labels[name]
	}
	maps.DeleteFunc(f, func(_, value string) bool { return value == "" })
	return f
}

// fieldName makes a name that journald takes: A-Z, 0-9 and _.
func fieldName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(s))
	return s[:min(len(s), maxFieldName)]
}

func sense(e *alarm.Event) string {
	if e.Low {
		return "low"
	}
	return "high"
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func rfc3339(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }
