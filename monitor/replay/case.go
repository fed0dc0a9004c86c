package replay

import (
	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// Case is one test: what rows an agent gets, what happens meanwhile, and what
// it has to say. It is immutable once parsed, and can be run any number of
// times.
type Case struct {
	Name string // a question
	Pos  Pos

	class  string
	step   int64 // seconds between rows
	poll   int64 // seconds between polls
	legacy bool
	mute   bool // mute_vms

	given    setting // in force from the beginning
	series   []series
	readings map[config.Fold][]float64 // of the control domain, one a step
	usage    map[monitor.Object][]float64
	actions  []action // by time
	expected []Expectation
	end      int64 // the last moment
}

// setting is what an inventory is made of.
type setting struct {
	own   map[monitor.Object]string // trigger XML
	tags  map[monitor.Object][]string
	files map[string]string // trigger file, by class
	pool  string
}

// series is one data source: a value a step, from the beginning.
type series struct {
	object monitor.Object
	name   string
	values []float64
}

// action is something that happens right after the row of its time was judged.
type action struct {
	pos  Pos
	at   int64
	what func(w *world)
}

// Expectation is one line of what a case expects, or of what came. Times are
// in seconds since the beginning.
type Expectation struct {
	Pos    Pos // of an expected one
	At     int64
	What   string // a kind of event, or "is" for a state
	Object monitor.Object
	Name   string // of the variable

	State     alarm.State // with "is"
	HasValue  bool
	Value     float64 // NaN for unknown
	Severity  alarm.Severity
	Inhibited bool
	Silenced  bool
	Reason    alarm.Reason // of a clear
}

// isState is what an Expectation of a state has for What.
const isState = "is"

// defaultObject is the object that a name without one belongs to.
func defaultObject(class string) monitor.Object {
	if class == rrd.ClassHost {
		return theHost
	}
	return monitor.Object{Class: class, UUID: "it"}
}

// theHost is the host of every test.
var theHost = monitor.Object{Class: rrd.ClassHost, UUID: "host"}

// objects lists every object that the case speaks of, and the host.
func (c *Case) objects() map[monitor.Object]bool {
	all := map[monitor.Object]bool{theHost: true, defaultObject(c.class): true}
	for o := range c.given.own {
		all[o] = true
	}
	for o := range c.given.tags {
		all[o] = true
	}
	for _, s := range c.series {
		all[s.object] = true
	}
	for o := range c.usage {
		all[o] = true
	}
	return all
}

// label is an object's variable as the case writes it.
func (c *Case) label(o monitor.Object, name string) string {
	switch {
	case o == defaultObject(c.class):
		return name
	case o == theHost:
		return "host/" + name
	}
	return o.Class + "/" + o.UUID + "/" + name
}
