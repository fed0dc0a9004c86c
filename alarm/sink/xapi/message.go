package xapi

import (
	"fmt"
	"strings"
	"time"

	"perfmon/alarm"
	"perfmon/xapi"
)

// The names of messages. XenCenter, Xen Orchestra and mail-alarm read the
// body of the first.
const (
	nameAlarm   = "ALARM"
	nameCleared = "PERFMON_ALARM_CLEARED"
	nameSummary = "PERFMON_ALARM_SUMMARY"
)

const (
	priorityCleared = 5 // informational: mail-alarm leaves it alone
	prioritySummary = 3
)

// classes are the classes of objects in the toolstack's words. Readers
// compare them letter by letter.
var classes = map[string]string{"vm": "VM", "host": "Host", "sr": "SR"}

// alarmMessage is the ALARM of an event.
func alarmMessage(e *alarm.Event, legacy bool) xapi.Message {
	class := classes[e.Class]
	if legacy && class == "Host" {
		class = "HOST"
	}
	return xapi.Message{Name: nameAlarm, Priority: e.Priority, Class: class, UUID: e.UUID, Body: e.Body}
}

// nameElement is how the element begins by which the body of an ALARM names its
// variable.
func nameElement(variable string) string {
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", ">", "&gt;").Replace(variable)
	return `<name value="` + escaped + `"`
}

// clearedMessage tells people of an alarm's end. Its last line makes it
// unlike any other:
//
//	cpu_usage of VM "web-07" has ended: the value is on the right side of the level again
//	value: 0.41
//	level: 0.9 (bad is above), for 2m0s
//	bad since: 2025-12-17T19:34:00Z
//	ended: 2025-12-17T19:50:00Z
//	event: b0cc7f0e-.../vm/5d0d2a4c-.../cpu_usage/1/9
func clearedMessage(e *alarm.Event) xapi.Message {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s %s has ended: %s\n", plain(e.Variable), classes[e.Class], quoted(e.Name), reason(e.Reason))
	if e.Known {
		fmt.Fprintf(&b, "value: %v\n", e.Value)
	}
	side := "above"
	if e.Low {
		side = "below"
	}
	fmt.Fprintf(&b, "level: %v (bad is %s), for %v\n", e.Level, side, time.Duration(e.Period)*time.Second)
	if e.Since != 0 {
		fmt.Fprintf(&b, "bad since: %s\n", rfc3339(e.Since))
	}
	fmt.Fprintf(&b, "ended: %s\nevent: %s\n", rfc3339(e.Time), plain(e.EventID()))
	return xapi.Message{Name: nameCleared, Priority: priorityCleared, Class: classes[e.Class], UUID: e.UUID, Body: b.String()}
}

func reason(r alarm.Reason) string {
	switch r {
	case alarm.ReasonLevel:
		return "the value is on the right side of the level again"
	case alarm.ReasonGone:
		return "the object has gone"
	case alarm.ReasonConfig:
		return "the variable was removed or changed"
	case alarm.ReasonUnknown:
		return "nobody knows the value any more"
	}
	return string(r)
}

func rfc3339(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }

// maxName is how much of a name a message repeats, in bytes.
const maxName = 100

// quoted is a name as a message repeats it: on one line, and valid.
func quoted(name string) string {
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	return fmt.Sprintf("%q", name)
}

// plain is quoted without the quotes, and not cut.
func plain(text string) string {
	q := fmt.Sprintf("%q", text)
	return q[1 : len(q)-1]
}

// sameText compares a body with what became of it in the toolstack's XML
// files, which keep the words but not every kind of white space.
func sameText(a, b string) bool {
	return a == b || strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
