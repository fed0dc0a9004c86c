package xapi

import (
	"errors"

	"perfmon/alarm"
	"perfmon/xapi"
)

// refusals are the failures that are about this one message: its object has
// gone, or an argument is none.
var refusals = []string{
	"UUID_INVALID", "HANDLE_INVALID", "INVALID_VALUE", "FIELD_TYPE_ERROR", "VALUE_NOT_SUPPORTED",
	"MESSAGE_METHOD_UNKNOWN", "MESSAGE_PARAMETER_COUNT_MISMATCH",
}

// isRefusal reports whether an error is one of those.
func isRefusal(err error) bool {
	return xapi.IsCode(err, refusals...) || errors.Is(err, xapi.ErrInvalidArgument)
}

const (
	internalTries = 3    // answers of INTERNAL_ERROR that one event may get
	maxDoubts     = 1000 // events that are remembered for one
)

// doubts are the events to which the toolstack said INTERNAL_ERROR. It says
// this both for what it cannot read and for its own troubles; another message
// that passes tells them apart.
type doubts struct {
	created int // messages so far
	events  map[string]doubt
}

type doubt struct {
	times int
	mark  int // messages that had been created at the first of them
}

// judge wraps an error in *alarm.Refused if no further try can mend it. id
// names what could not be done.
func (d *doubts) judge(id string, err error) error {
	if isRefusal(err) {
		return &alarm.Refused{Err: err}
	}
	if !xapi.IsCode(err, "INTERNAL_ERROR") {
		return err
	}
	known, ok := d.events[id]
	if !ok {
		if d.events == nil || len(d.events) >= maxDoubts {
			d.events = map[string]doubt{} // of events that were given up meanwhile
		}
		known.mark = d.created
	}
	known.times++
	d.events[id] = known
	if known.times >= internalTries && d.created > known.mark {
		delete(d.events, id)
		return &alarm.Refused{Err: err}
	}
	return err
}

// passed notes that the toolstack has created a message.
func (d *doubts) passed(id string) {
	d.created++
	delete(d.events, id)
}

// isRefused reports whether judge has found that no further try can help.
func isRefused(err error) bool {
	refused := (*alarm.Refused)(nil)
	return errors.As(err, &refused)
}
