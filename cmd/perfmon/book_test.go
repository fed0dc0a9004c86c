package main

import (
	"fmt"
	"math"

	"perfmon/alarm"
)

// judged is a row of a variable as somebody has to judge it: when it ended,
// and for how many seconds it stands.
type judged struct {
	t, span int64
	value   float64 // NaN is unknown
}

// word is what a variable says in a row.
type word struct {
	at        int64
	kind      alarm.Kind
	severity  alarm.Severity // of a raise or repeat
	reason    alarm.Reason   // of a clear
	inhibited bool
	value     float64 // of the row
}

func (w word) String() string {
	s := fmt.Sprintf("%d %s %v", w.at, w.kind, w.value)
	for _, more := range []string{string(w.severity), string(w.reason)} {
		if more != "" {
			s += " " + more
		}
	}
	if w.inhibited {
		s += " inhibited"
	}
	return s
}

// book is a variable by the book: docs/alarms.md, written down once more and
// independently of package alarm.
type book struct {
	terms
	fires, dead bool // firing or clearing; nodata
	severity    alarm.Severity
	bad, worst  int64 // seconds towards a raise or repeat, and of these critical on end
	fine, ease  int64 // seconds towards a clear, and towards a fall to a warning
	heard       int64 // the last raised or repeated that was not inhibited; 0: never
	heardWorst  int64 // the same, critical
	known       int64 // when a value was known last
	said        []word
}

// beyond says whether a value is worse than a level; no level is never
// passed.
func (o *book) beyond(value, level float64) bool {
	if o.low {
		return value < level
	}
	return value > level
}

// clearAt is the level at which an alarm ends, and fallAt the one at which
// a critical one becomes a warning.
func (o *book) clearAt() float64 {
	at := o.level
	for _, level := range []float64{o.warning, o.clear} {
		if !math.IsNaN(level) && o.beyond(at, level) {
			at = level
		}
	}
	return at
}

func (o *book) fallAt() float64 {
	if !math.IsNaN(o.clear) && o.beyond(o.clear, o.warning) {
		return o.clear
	}
	return o.level
}

func (o *book) say(row judged, w word) {
	w.at, w.value = row.t, row.value
	o.said = append(o.said, w)
}

// forget begins anew.
func (o *book) forget() {
	o.fires, o.dead, o.severity = false, false, ""
	o.bad, o.worst, o.fine, o.ease = 0, 0, 0, 0
}

// judge judges a row. Rows come oldest first.
func (o *book) judge(row judged) {
	unknown := math.IsNaN(row.value)
	if o.known == 0 {
		o.known = row.t - row.span
	}
	dark := row.t - o.known
	if !unknown {
		dark -= row.span
	}
	switch {
	case o.nodata > 0 && dark >= o.nodata:
		if !o.dead {
			o.forget()
			o.dead = true
			o.say(row, word{kind: alarm.KindNoData})
		}
	case o.nodata == 0 && dark >= max(600, o.period), !o.fires && dark >= max(600, o.period):
		if o.fires {
			o.say(row, word{kind: alarm.KindCleared, reason: alarm.ReasonUnknown})
		}
		if !o.dead {
			o.forget()
		}
	}
	if unknown {
		return
	}
	o.known = row.t
	bad := o.beyond(row.value, o.level) || o.beyond(row.value, o.warning)
	if o.dead {
		o.forget()
		if !bad {
			o.say(row, word{kind: alarm.KindCleared, reason: alarm.ReasonLevel})
			return
		}
	}
	if !o.fires && !bad {
		o.forget()
		return
	}
	if o.fires && !math.IsNaN(o.warning) {
		if o.beyond(row.value, o.fallAt()) {
			o.ease = 0
		} else if o.ease += row.span; o.ease >= o.clearPeriod {
			o.severity = alarm.Warning
		}
	}
	if o.fires && !o.beyond(row.value, o.clearAt()) {
		o.bad, o.worst = 0, 0
		if o.fine += row.span; o.fine >= o.clearPeriod {
			o.say(row, word{kind: alarm.KindCleared, reason: alarm.ReasonLevel})
			o.forget()
		}
		return
	}
	o.bad, o.fine = o.bad+row.span, 0
	critical := o.beyond(row.value, o.level)
	if critical {
		o.worst += row.span
	} else {
		o.worst = 0
	}
	o.announce(row, critical)
}

// announce raises or repeats what has been bad for long enough.
func (o *book) announce(row judged, critical bool) {
	worst := critical && o.worst >= o.period
	switch {
	case !o.fires && (worst || o.bad >= o.period), o.fires && o.severity == alarm.Warning && worst:
		o.fires, o.severity, o.bad, o.ease = true, alarm.Warning, 0, 0
		if worst {
			o.severity = alarm.Critical
		}
		quiet := o.quiet(row.t)
		o.say(row, word{kind: alarm.KindRaised, severity: o.severity, inhibited: quiet})
		if !quiet {
			o.hear(row.t)
		}
	case o.fires && o.bad >= o.period:
		o.bad = 0
		if !o.quiet(row.t) {
			o.say(row, word{kind: alarm.KindRepeated, severity: o.severity})
			o.hear(row.t)
		}
	}
}

// quiet says whether inhibit holds back what is said at t.
func (o *book) quiet(t int64) bool {
	last := o.heard
	if o.severity == alarm.Critical {
		last = o.heardWorst
	}
	return last != 0 && t-last < o.inhibit
}

func (o *book) hear(t int64) {
	o.heard = t
	if o.severity == alarm.Critical {
		o.heardWorst = t
	}
}
