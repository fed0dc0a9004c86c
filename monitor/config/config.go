// Package config turns trigger XML into validated variables. The XML is what
// operators keep in other-config:perfmon of a VM, a host or an SR, and in
// trigger files:
//
//	<config>
//	  <variable>
//	    <name value="cpu_usage"/>
//	    <alarm_trigger_level value="0.9"/>
//	    <alarm_trigger_period value="120"/>
//	  </variable>
//	</config>
//
// A tag that is missing takes the default of its class (defaults.go). What
// the stock daemon accepts is accepted here with the same meaning, and
// reported; what it refuses is refused with line and column. Objects inherit
// variables from trigger files and from the pool (layer.go, effective.go), and
// single variables can be changed in place (set.go). The package also writes
// the body of an alarm, byte for byte as the stock daemon does, and knows how
// each program that reads alarms parses one.
package config

import (
	"fmt"
	"math"

	"github.com/beevik/etree"
)

// Classes of the objects that have trigger XML.
const (
	ClassVM   = "vm"
	ClassHost = "host"
	ClassSR   = "sr"
)

// Options choose between the stock daemons. The zero value is today's.
type Options struct {
	// Legacy is the daemon of 2012: priority 5, patterns that match anywhere
	// in a name, a week of inhibit for fs_usage, no SR variables.
	Legacy bool
	// Patterns are shared with other documents that are parsed with the same
	// options. Nil: with none.
	Patterns *Patterns
}

// Config is the variables of one object. It is immutable once handed out.
type Config struct {
	// Variables are in the order of the document, which is the order of
	// their alarms. Of two with one name only the last is here, at its own
	// place, as the stock daemon has it after reading a document afresh.
	Variables []*Variable
	// Kept has the names of the variables that Merge took over from the
	// configuration before, because the document's are refused.
	Kept []string
	// Disabled are the names that <disable> switches off: in the document
	// itself, and in what the object would inherit.
	Disabled []Disable

	refused       []refusal
	hushed        map[string]*Variable // switched off by the document itself
	brokenDisable bool                 // a <disable> does not say what it switches off
}

// refusal is a variable of the document that is not in force.
type refusal struct {
	name string
	at   int // how many of Variables stand before it
}

// Variable is a configured name, what to measure, and when that is bad. It
// is immutable once handed out.
type Variable struct {
	Name string
	Fold Fold
	// Pattern chooses the columns by the names of their data sources. Nil
	// for a reading and for a PerHost variable.
	Pattern *Pattern
	Level   float64 // finite; in the unit of the columns
	Sense   Sense
	// Period is for how many seconds the value must be bad before an alarm;
	// the first bad row is enough when it is 0 or less.
	Period int64
	// Inhibit is for how many seconds after an alarm the same variable keeps
	// silent; never when it is 0 or less.
	Inhibit  int64
	Priority int64 // of the message, 1 critical to 5 informational

	// What the stock daemon does not have (elements.go).
	HasWarning   bool
	WarningLevel float64 // if HasWarning: bad for a warning; on the good side of Level
	HasClear     bool
	ClearLevel   float64 // if HasClear: where an alarm clears; on the good side of Level, or Level
	// ClearPeriod is for how many seconds the value must be fine before an
	// alarm clears; the first fine row is enough when it is 0 or less.
	ClearPeriod int64
	// NoDataPeriod is after how many seconds without a known value the
	// variable is in nodata; 0 is never.
	NoDataPeriod int64
	// Labels go with each alarm; nil for none. Nobody may change the map.
	Labels map[string]string

	// PerHost marks what an SR asks of its hosts, such as
	// sr_io_throughput_total_per_host. It is not evaluated for the SR: each
	// host that the SR is plugged to evaluates the variable that
	// PerHostVariable makes of it.
	PerHost bool
	// Line and Column are where its <variable> stands, both from 1.
	Line, Column int

	standard bool           // Pattern is the name's own
	xml      string         // the element as an alarm's body has it
	element  *etree.Element // the same, as read; only if PerHost
}

// Bad says whether a value is on the bad side of the level. The level itself
// is not, nor is NaN.
func (v *Variable) Bad(value float64) bool { return v.Sense.worse(value, v.Level) }

// Body is the body of the alarm that value raises, byte for byte the stock
// daemon's (xen-api, perfmon: "value: %f\nconfig:\n%s" with minidom's
// toprettyxml):
//
//	value: 0.986414
//	config:
//	<variable>
//		<name value="cpu_usage"/>
//		<alarm_trigger_level value="0.5"/>
//	</variable>
func (v *Variable) Body(value float64) string {
	return "value: " + pythonFloat(value) + "\nconfig:\n" + v.xml
}

// pythonFloat is "%f" % value: six decimals, never an exponent.
func pythonFloat(value float64) string {
	switch {
	case math.IsNaN(value):
		return "nan"
	case math.IsInf(value, 1):
		return "inf"
	case math.IsInf(value, -1):
		return "-inf"
	}
	return fmt.Sprintf("%f", value)
}

// SameTrigger says whether o triggers exactly as v does. If so, an edit that
// made o of v keeps the whole state; if not, progress starts anew and only
// the inhibit time is kept. A new priority, inhibit period, warning level,
// clear level, clear period, nodata period, new labels or another wording
// leave the trigger the same: they count from the next row on.
func (v *Variable) SameTrigger(o *Variable) bool {
	return v.Level == o.Level && v.Sense == o.Sense && v.Fold == o.Fold && v.Period == o.Period &&
		v.PerHost == o.PerHost && v.Pattern.String() == o.Pattern.String()
}
