// Package alarm says what an alarm is, and when a trigger raises one. It
// knows neither clocks nor sockets: time is an argument, in Unix seconds of
// the rows that are judged.
package alarm

// ID names what an alarm is about: one variable of one object. It is the
// identity under which state is kept.
type ID struct {
	Class    string // "vm", "host" or "sr"
	UUID     string // of the object
	Variable string // the name that the operator's configuration gives it
}

// String is "class/uuid/variable".
func (id ID) String() string { return id.Class + "/" + id.UUID + "/" + id.Variable }

// Alarm is one raise of a trigger, ready for whoever wakes people.
type Alarm struct {
	ID
	Name     string  // the object's name for people; may be empty
	Time     int64   // of the row that completed the period, Unix seconds
	Since    int64   // of the first row of the bad stretch
	Value    float64 // of the row that completed the period; finite
	Level    float64
	Period   int64 // seconds
	Priority int64 // as the toolstack counts: 1 critical to 5 informational
	Repeated bool  // the trigger was firing already when it raised
	Body     string
}
