package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api/door"
)

// variables lists the variables in force, of all objects or of one.
func (l *local) variables(_ context.Context, r *http.Request) (reply, error) {
	return l.listVariables(r, func(alarm.State) bool { return true }, func([]Variable) {})
}

// alarms lists the variables that are not inactive, or are in the states that
// are asked for, the worst first.
func (l *local) alarms(_ context.Context, r *http.Request) (reply, error) {
	wanted, err := statesOf(r.URL.Query())
	if err != nil {
		return reply{}, err
	}
	return l.listVariables(r, func(s alarm.State) bool { return wanted[s] }, func(list []Variable) { slices.SortStableFunc(list, worstFirst) })
}

func statesOf(v url.Values) (map[alarm.State]bool, error) {
	wanted := map[alarm.State]bool{}
	asked := words(v, "state")
	for _, s := range alarm.States {
		wanted[s] = len(asked) == 0 && s != alarm.Inactive || slices.Contains(asked, s.String())
	}
	for _, word := range asked {
		if !slices.ContainsFunc(alarm.States[:], func(s alarm.State) bool { return s.String() == word }) {
			refusal := badRequest("use one of those that there are, or several with commas between them", "there is no state %q", door.Shorten(word))
			for _, s := range alarm.States {
				refusal.Known = append(refusal.Known, s.String())
			}
			return nil, refusal
		}
	}
	return wanted, nil
}

func (l *local) listVariables(r *http.Request, wanted func(alarm.State) bool, sort func([]Variable)) (reply, error) {
	s := l.Monitor.Snapshot()
	var of *monitor.Object
	if query := r.URL.Query().Get("object"); query != "" {
		o, err := Resolve(s, query)
		if err != nil {
			return reply{}, err
		}
		key := o.key()
		of = &key
	}
	answer := Variables{Head: head(), Variables: []Variable{}}
	if s != nil {
		answer.Row = s.LastRow
		for i := range s.Variables {
			v := &s.Variables[i]
			if wanted(v.State) && (of == nil || *of == monitor.Object{Class: v.Class, UUID: v.UUID}) {
				answer.Variables = append(answer.Variables, l.variableOf(s, v))
			}
		}
	}
	sort(answer.Variables)
	return reply{http.StatusOK, answer}, nil
}

// variableOf is a variable in the words of the API.
func (l *local) variableOf(s *monitor.Snapshot, v *monitor.VariableStatus) Variable {
	out := Variable{
		ObjectRef: refOf(s, v.Class, v.UUID), Variable: v.Variable, State: v.State.String(), Severity: v.Severity, Since: v.Since,
		Columns: []string{}, Reading: v.Reading, Unit: unitOf(l.overviews.table, s, v), Level: v.Level, Sense: senseOf(v.Low), Period: v.Period,
		Muted: v.Muted, InhibitUntil: v.InhibitUntil, Labels: v.Labels,
	}
	if v.Known {
		out.Value = finite(v.Value)
	}
	if c := v.Rule; c != nil {
		out.Fold, out.Priority = c.Fold.String(), c.Priority
		if c.HasWarning {
			out.WarningLevel = &c.WarningLevel
		}
		if c.HasClear {
			out.ClearLevel = &c.ClearLevel
		}
	}
	if s.Plan != nil {
		for _, i := range v.Columns {
			out.Columns = append(out.Columns, s.Plan.Entries[i].Name)
		}
	}
	out.Silence, _ = strings.CutPrefix(v.Muted, "silence ")
	if out.Silence == v.Muted {
		out.Silence = ""
	}
	return out
}

// refOf is an object with its name, as far as that is known.
func refOf(s *monitor.Snapshot, class, uuid string) ObjectRef {
	ref := ObjectRef{Class: class, UUID: uuid}
	if facts := factsOf(s, ref.key()); facts != nil {
		ref.Name = facts.Name
	}
	return ref
}

func senseOf(low bool) string {
	if low {
		return "low"
	}
	return "high"
}

// worstFirst is the order of alarms.
func worstFirst(a, b Variable) int {
	return cmp.Or(
		cmp.Compare(stateOrder[a.State], stateOrder[b.State]), cmp.Compare(severityOrder[a.Severity], severityOrder[b.Severity]),
		cmp.Compare(a.Since, b.Since), byClassAndName(a.ObjectRef, b.ObjectRef), strings.Compare(a.Variable, b.Variable),
	)
}

var (
	stateOrder = map[string]int{
		alarm.Firing.String(): 0, alarm.Clearing.String(): 0, alarm.NoData.String(): 1, alarm.Pending.String(): 2, alarm.Inactive.String(): 3,
	}
	severityOrder = map[alarm.Severity]int{alarm.Critical: 0, alarm.Warning: 1, "": 2}
)
