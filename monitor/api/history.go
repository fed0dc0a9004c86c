package api

import (
	"context"
	"math"
	"net/http"

	"perfmon/alarm"
	"perfmon/monitor"
)

// Limits of a history.
const (
	defaultHistory = 100
	MaxHistory     = 2000 // as many as are remembered
)

// history answers with what alarms said, newest first. A variable that is
// configured no more, and an object that has gone, have a history too.
func (l *local) history(_ context.Context, r *http.Request) (reply, error) {
	query := r.URL.Query()
	limit, err := wholeNumber(query, "limit", defaultHistory, 1, MaxHistory)
	if err != nil {
		return reply{}, err
	}
	since, err := wholeNumber(query, "since", 0, -1<<40, 1<<40)
	if err != nil {
		return reply{}, err
	}
	if since < 0 {
		since += l.now().Unix()
	}
	wanted, err := l.transitionsOf(query.Get("object"), query.Get("variable"))
	if err != nil {
		return reply{}, err
	}
	answer := History{Head: head(), Transitions: []Transition{}, Complete: true}
	for e := range l.History() {
		answer.Oldest = e.Time
		if e.Time < since || !wanted(e) {
			continue
		}
		if int64(len(answer.Transitions)) == limit {
			answer.Complete = false
			continue
		}
		answer.Transitions = append(answer.Transitions, transitionOf(e))
	}
	return reply{http.StatusOK, answer}, nil
}

// transitionsOf chooses events by object and variable, "" for any. What has
// gone is named by its whole uuid.
func (l *local) transitionsOf(object, variable string) (func(*alarm.Event) bool, error) {
	if object == "" {
		return func(e *alarm.Event) bool { return variable == "" || e.Variable == variable }, nil
	}
	key := monitor.Object{}
	o, err := Resolve(l.Monitor.Snapshot(), object)
	switch {
	case err == nil:
		key = o.key()
	default:
		if key = l.remembered(object); key.UUID == "" {
			return nil, err
		}
	}
	return func(e *alarm.Event) bool {
		return e.Class == key.Class && e.UUID == key.UUID && (variable == "" || e.Variable == variable)
	}, nil
}

// remembered finds an object of the history by its whole uuid, as UUID or
// class:UUID.
func (l *local) remembered(text string) monitor.Object {
	for e := range l.History() {
		if text == e.UUID || text == e.Class+":"+e.UUID {
			return monitor.Object{Class: e.Class, UUID: e.UUID}
		}
	}
	return monitor.Object{}
}

// transitionOf is an event in the words of the API.
func transitionOf(e *alarm.Event) Transition {
	t := Transition{
		ID: e.EventID(), Time: e.Time, Kind: e.Kind, ObjectRef: ObjectRef{Class: e.Class, UUID: e.UUID, Name: e.Name}, Variable: e.Variable,
		State: e.State, Sequence: e.Sequence, Level: e.Level, Sense: senseOf(e.Low), Period: e.Period, Since: e.Since, Priority: e.Priority,
		Severity: e.Severity, Inhibited: e.Inhibited, Silenced: e.Silenced, Reason: e.Reason, Labels: e.Labels,
	}
	if e.Known {
		t.Value = finite(e.Value)
	}
	return t
}

// finite is a value that JSON can have, nil for another.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
