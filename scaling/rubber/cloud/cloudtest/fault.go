package cloudtest

import (
	"context"
	"errors"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// Fault is something that goes wrong, in the order in which they were asked
// for: the first one that fits a call has it.
type Fault struct {
	Op    string                // "create", "list", "stop", "delete", "park", "wake", "check", "find", "mark"; "": any
	After int                   // calls that fit it and go well before it begins
	Times int                   // calls that it is for; 0: one, Always: all until Clear
	Match func(cloud.Spec) bool // nil, or which create, wake, check and mark it is for

	Err  error           // what the caller gets; nil: no error, but the call takes as long as Wait says
	Lost bool            // the cloud does what it was asked for, and the answer gets lost
	Half bool            // list alone: half of the machines are there, beside the error
	Wait <-chan struct{} // nil, or the call waits until this is closed, or its context ends
}

// Always is for Fault.Times.
const Always = -1

// Refused is an error of a kind, as drivers return them.
func Refused(op string, kind cloud.Kind, text string) *cloud.Error {
	return &cloud.Error{Kind: kind, Op: op, Err: errors.New(text)}
}

// NoQuota, NoRoom, Wrong, NotAllowed and Away are the faults of their kinds,
// once. Busy is Away with a time to wait.
func NoQuota() Fault {
	return Fault{Op: "create", Err: Refused("create", cloud.Quota, "quota exceeded for instances")}
}

// NoRoom see NoQuota.
func NoRoom() Fault {
	return Fault{Op: "create", Err: Refused("create", cloud.Capacity, "no valid host was found")}
}

// Wrong see NoQuota.
func Wrong() Fault {
	return Fault{Op: "create", Err: Refused("create", cloud.Invalid, "there is no such image")}
}

// NotAllowed see NoQuota.
func NotAllowed(op string) Fault {
	return Fault{Op: op, Err: Refused(op, cloud.Auth, "the password is wrong")}
}

// Away see NoQuota.
func Away(op string) Fault {
	return Fault{Op: op, Err: Refused(op, cloud.Transient, "connection refused")}
}

// Busy see NoQuota.
func Busy(op string, wait time.Duration) Fault {
	err := Refused(op, cloud.Transient, "too many requests")
	err.RetryAfter = wait
	return Fault{Op: op, Err: err}
}

// LostAnswer is a call that the cloud does as it was asked to while the caller
// gets an error, once.
func LostAnswer(op string) Fault {
	return Fault{Op: op, Err: Refused(op, cloud.Transient, "connection reset by peer"), Lost: true}
}

// HalfAnswer is a list that breaks off in the middle, once. What came before is
// with the error, for a caller who does not look.
func HalfAnswer() Fault {
	return Fault{Op: "list", Err: Refused("list", cloud.Transient, "unexpected EOF"), Half: true}
}

// Forever has a fault last until Clear.
func (f Fault) Forever() Fault {
	f.Times = Always
	return f
}

// Next has a fault be for so many calls.
func (f Fault) Next(n int) Fault {
	f.Times = n
	return f
}

// Order has faults happen, after those ordered before.
func (w *World) Order(faults ...Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		w.faults = append(w.faults, &f)
	}
}

// Clear ends all faults.
func (w *World) Clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// take counts a call, and has the fault that it is for, or nil.
func (w *World) take(op string, s cloud.Spec) *Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[op]++
	for _, f := range w.faults {
		if f.Op != "" && f.Op != op || f.Times == 0 || f.Match != nil && !f.Match(s) {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}

// error is what the caller gets: Err, which says what was tried.
func (f *Fault) error(op string) error {
	e, ok := f.Err.(*cloud.Error)
	if !ok || e.Op != "" {
		return f.Err
	}
	said := *e
	said.Op = op
	return &said
}

// ended is what a caller gets whose context has.
func ended(ctx context.Context, op, name string) error {
	return &cloud.Error{Kind: cloud.Transient, Op: op, Name: name, Err: ctx.Err()}
}
