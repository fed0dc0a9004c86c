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
