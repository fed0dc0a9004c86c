package rubber

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
)

// undone is what a cloud was asked for about a machine and has not done, in the
// words of a sentence about the machine.
var undone = map[verb]string{
	orderCreate: "it could not be made",
	orderAdopt:  "it could not be marked as ours",
	orderWake:   "it could not be started",
	orderPark:   "it could not be parked",
	orderStop:   "its guest could not be asked to shut down",
	orderDelete: "it could not be deleted",
}

// troubleOf is an error about a machine: what has not come to pass, and why. The
// machine is not named again.
func (r *Record) troubleOf(what string, err error, now time.Time) *Trouble {
	why, hint := whyOf(err, r.Name, r.ID, r.Adopt)
	return &Trouble{Kind: cloud.KindOf(err).String(), Text: what + ": " + why, Hint: hint, At: now}
}

// String is the whole sentence, with the way out.
func (t *Trouble) String() string { return withHint(t.Text, t.Hint) }

// whyOf is an error of a cloud for who has been told what it is about: its cause,
// and the way out.
func whyOf(err error, names ...string) (why, hint string) {
	var e *cloud.Error
	if errors.As(err, &e) {
		return e.Why(names...), e.Hint
	}
	return err.Error(), ""
}

// withHint adds the way out to a text that does not have it yet.
func withHint(text, hint string) string {
	if hint == "" || strings.Contains(text, hint) {
		return text
	}
	return text + "; " + hint
}

// tries is how often the cloud has been asked in vain, and when it is asked
// again; "" if it was not.
func (w *world) tries(u *unit) string {
	n := u.fails
	if u.State == plan.Requested && u.Trouble != nil {
		n = u.Attempts // of the lives of rubber before as well
	}
	if n < 1 {
		return ""
	}
	text := "tried once"
	if n > 1 {
		text = fmt.Sprintf("tried %d times", n)
	}
	if u.doing.toCloud() {
		return text + ", the last is under way"
	}
	next := u.retry
	if br, _ := w.brakes.trial(w.now, u.Cloud, u.Profile); br != nil && u.State == plan.Requested && br.Until.After(next) {
		next = br.Until
	}
	if left := next.Sub(w.now); left > 0 {
		text += ", again in " + plan.Span(left)
	}
	return text
}
