package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/rrd"
)

// objects lists the objects of this host, or the one that is meant.
func (l *local) objects(_ context.Context, r *http.Request) (reply, error) {
	s := l.Monitor.Snapshot()
	var chosen []ObjectRef
	if query := r.URL.Query().Get("query"); query != "" {
		o, err := Resolve(s, query)
		if err != nil {
			return reply{}, err
		}
		chosen = []ObjectRef{o}
	} else if s != nil {
		chosen, _ = objectsOf(s)
	}
	return reply{http.StatusOK, Objects{head(), infosOf(s, chosen)}}, nil
}

// infosOf is what a snapshot knows of some of its objects.
func infosOf(s *monitor.Snapshot, chosen []ObjectRef) []ObjectInfo {
	list := make([]ObjectInfo, 0, len(chosen))
	if len(chosen) == 0 {
		return list
	}
	flags := flagsOf(s)
	variables, columns := map[monitor.Object]int{}, map[monitor.Object]int{}
	for _, v := range s.Variables {
		variables[monitor.Object{Class: v.Class, UUID: v.UUID}]++
	}
	if s.Legend != nil {
		for _, e := range s.Legend.Entries {
			columns[monitor.Object{Class: e.Class, UUID: e.UUID}]++
		}
	}
	for _, o := range chosen {
		key := o.key()
		info := ObjectInfo{
			ObjectRef: o, Tags: []string{}, Columns: columns[key], Variables: variables[key], ConfigErrors: s.ConfigErrors[key], Flags: flags.of(key),
		}
		if facts := factsOf(s, key); facts != nil {
			info.ControlDomain, info.Tags = facts.ControlDomain, append(info.Tags, facts.Tags...)
		}
		list = append(list, info)
	}
	return list
}

// object is the object that a request is about.
func (l *local) object(r *http.Request) (ObjectRef, error) {
	return Resolve(l.Monitor.Snapshot(), r.URL.Query().Get("object"))
}

// effective answers with the configuration in force of an object.
func (l *local) effective(ctx context.Context, r *http.Request) (reply, error) {
	o, err := l.object(r)
	if err != nil {
		return reply{}, err
	}
	e, err := l.Monitor.Effective(ctx, o.key())
	return reply{http.StatusOK, Effective{head(), e}}, err
}

// Effective is the answer of /v1/effective.
type Effective struct {
	Head
	*monitor.EffectiveConfig
}

// Explained is the answer of /v1/explain for one variable.
type Explained struct {
	Head
	*monitor.Explanation
	Unit  string       `json:"unit,omitempty"` // of its values and levels, as in a Variable
	Sinks []SinkStatus `json:"sinks"`
}

// ExplainedAll is the answer of /v1/explain for all variables of an object.
type ExplainedAll struct {
	Head
	ObjectRef
	Variables []*monitor.Explanation `json:"variables"`
	Units     map[string]string      `json:"units,omitempty"` // by the name of the variable, where one is known
	// OnHost are the host's variables about an SR, which it may have asked for:
	// each host judges for itself how it reaches the SR.
	OnHost []string `json:"on_host,omitempty"`
}

// SinkStatus is what has become of an alarm at one sink. Times are Unix
// seconds, and absent for never.
type SinkStatus struct {
	Sink string `json:"sink"`

	Told         bool  `json:"told"`    // it was raised towards the sink, and not cleared since
	Waiting      int   `json:"waiting"` // events of this alarm that are not delivered yet
	WaitingSince int64 `json:"waiting_since,omitempty"`
	// What would keep the next raise or repeat back.
	Filtered      bool `json:"filtered"`
	HoldSilenced  bool `json:"hold_silenced"`
	HoldInhibited bool `json:"hold_inhibited"`

	Queued      int   `json:"queued"` // events of all alarms that wait
	QueuedSince int64 `json:"queued_since,omitempty"`

	Away          bool   `json:"away"` // it is taken to be away, and tried now and then
	NextTry       int64  `json:"next_try,omitempty"`
	LastError     string `json:"last_error,omitempty"` // since the start
	LastErrorAt   int64  `json:"last_error_at,omitempty"`
	LastErrorOurs bool   `json:"last_error_ours,omitempty"` // it was about this alarm
	Refused       bool   `json:"refused,omitempty"`         // that call lost an event for good
}

// explain says why a variable is in its state, and what has become of its
// alarm; or why all variables of an object are.
func (l *local) explain(ctx context.Context, r *http.Request) (reply, error) {
	o, err := l.object(r)
	if err != nil {
		return reply{}, err
	}
	variable := r.URL.Query().Get("variable")
	if variable == "" {
		list, err := l.Monitor.ExplainAll(ctx, o.key())
		return reply{http.StatusOK, ExplainedAll{head(), o, list, l.unitsOf(o), l.onHost(o)}}, err
	}
	x, err := l.Monitor.Explain(ctx, o.key(), variable)
	if err != nil {
		return reply{}, l.elsewhere(o, variable, err)
	}
	sinks := append([]SinkStatus{}, l.Sinks(eventOf(x))...)
	if public(ctx) {
		for i := range sinks {
			sinks[i].LastError = "" // it may name an address
		}
	}
	return reply{http.StatusOK, Explained{head(), x, l.unitsOf(o)[variable], sinks}}, nil
}

// unitsOf are the units of an object's variables, by their names, where they
// are known.
func (l *local) unitsOf(o ObjectRef) map[string]string {
	units := map[string]string{}
	s := l.Monitor.Snapshot()
	for i := range s.Variables {
		v := &s.Variables[i]
		if v.Class != o.Class || v.UUID != o.UUID {
			continue
		}
		if unit := unitOf(l.overviews.table, s, v); unit != "" {
			units[v.Variable] = unit
		}
	}
	return units
}

// onHost are the host's variables about an SR: they end in the first digits of
// its uuid, as the data sources do that they read.
//
//	sr_latency_4f58390e
func (l *local) onHost(o ObjectRef) []string {
	if o.Class != rrd.ClassSR || len(o.UUID) < 8 {
		return nil
	}
	var names []string
	for _, v := range l.Monitor.Snapshot().Variables {
		if v.Class == rrd.ClassHost && strings.HasSuffix(v.Variable, "_"+o.UUID[:8]) {
			names = append(names, v.Variable)
		}
	}
	return names
}

// elsewhere leads from a variable that an SR does not have to that of the host
// about it.
func (l *local) elsewhere(o ObjectRef, variable string, err error) error {
	missing := (*monitor.NotFoundError)(nil)
	if !errors.As(err, &missing) {
		return err
	}
	if names := l.onHost(o); len(names) > 0 {
		r := notFound(missing)
		r.Fix = "the host judges what is asked of it about this sr: perfmonctl explain host " + names[0]
		for _, name := range names {
			if name == variable || strings.HasPrefix(name, variable+"_") {
				r.Fix = "the host judges it: perfmonctl explain host " + name
			}
			r.Known = append(r.Known, "host "+name)
		}
		return r
	}
	return err
}

// eventOf is the next thing that a variable would say if it is bad, as far as
// it matters to filters and holds.
func eventOf(x *monitor.Explanation) *alarm.Event {
	e := &alarm.Event{
		ID:       alarm.ID{Class: x.Class, UUID: x.UUID, Variable: x.Variable},
		Severity: x.Severity, Priority: x.Rule.Priority, Labels: x.Rule.Labels,
		Silenced: x.Muted != "", Inhibited: x.InhibitUntil != 0,
	}
	if e.Severity == "" {
		e.Severity = alarm.Critical
	}
	return e
}
