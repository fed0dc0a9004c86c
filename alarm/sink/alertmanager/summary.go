package alertmanager

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"perfmon/alarm"
)

// annotations are what an alert's reader gets to read.
func annotations(e *alarm.Event) map[string]string {
	a := map[string]string{
		"summary":     summary(e),
		"description": description(e),
		"level":       number(e.Level),
	}
	if e.Known {
		a["value"] = number(e.Value)
	}
	return a
}

// summary says in one sentence what is the matter.
func summary(e *alarm.Event) string {
	what := e.Variable + " of " + object(e)
	side := "above"
	if e.Low {
		side = "below"
	}
	switch {
	case !alive(e):
		return what + " " + ended(e, side)
	case noData(e):
		return what + " has no known value"
	case !e.Known:
		return fmt.Sprintf("%s was %s its level of %s for %s; its value is unknown now", what, side, number(e.Level), span(e.Period))
	}
	return fmt.Sprintf("%s is %s, %s its level of %s for %s", what, number(e.Value), side, number(e.Level), span(e.Period))
}

func ended(e *alarm.Event, side string) string {
	switch {
	case e.Reason == alarm.ReasonGone:
		return "is over: the object has gone"
	case e.Reason == alarm.ReasonConfig:
		return "is over: the trigger was removed or changed"
	case e.Reason == alarm.ReasonUnknown:
		return "is over: nobody knows its value any more"
	case e.Known:
		return fmt.Sprintf("is %s, no longer %s its level of %s", number(e.Value), side, number(e.Level))
	}
	return fmt.Sprintf("is no longer %s its level of %s", side, number(e.Level))
}

// description has what the summary has no room for.
func description(e *alarm.Event) string {
	d := fmt.Sprintf("Class %s, uuid %s, host %s. ", e.Class, e.UUID, e.HostUUID)
	if e.Since != 0 {
		d += "Since " + time.Unix(e.Since, 0).UTC().Format(time.RFC3339) + ". "
	}
	if e.Inhibited {
		d += "The inhibit period holds the toolstack's message back. "
	}
	return d + "Event " + e.EventID() + "."
}

var classes = map[string]string{"vm": "VM", "sr": "SR", "host": "host"}

func object(e *alarm.Event) string {
	class := e.Class
	if c, ok := classes[class]; ok {
		class = c
	}
	if e.Name == "" {
		return class + " " + e.UUID
	}
	return class + " " + e.Name
}

// number prints six significant digits, without an exponent where a reader
// would not expect one.
func number(v float64) string {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e15) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// span prints seconds in the largest unit that leaves nothing over.
func span(seconds int64) string {
	switch {
	case seconds != 0 && seconds%3600 == 0:
		return strconv.FormatInt(seconds/3600, 10) + " h"
	case seconds != 0 && seconds%60 == 0:
		return strconv.FormatInt(seconds/60, 10) + " min"
	}
	return strconv.FormatInt(seconds, 10) + " s"
}
