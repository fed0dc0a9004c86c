package alarm

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// EventID names an event for ever: the same event has the same id wherever
// and however often it arrives, so that a consumer can drop repeats.
func (e *Event) EventID() string {
	id := fmt.Sprintf("%s/%s/%s/%s/%s/%d", e.HostUUID, e.Class, e.UUID, e.Variable, e.Epoch, e.Sequence)
	if e.Kind == KindState {
		id += fmt.Sprintf("/state/%d", e.Announce)
	}
	return id
}

// cloudEvent is the structured JSON form of a CloudEvent 1.0.
type cloudEvent struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject,omitempty"`
	Time            string    `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            eventData `json:"data"`
}

// eventData is version 1 of the contract with whoever consumes alarms.
type eventData struct {
	State     string            `json:"state"`
	Sequence  int64             `json:"sequence"`
	TTL       int64             `json:"ttl_s"`
	Variable  string            `json:"variable"`
	Value     *float64          `json:"value"`
	Level     float64           `json:"level"`
	Sense     string            `json:"sense"`
	Period    int64             `json:"period_s"`
	Since     *string           `json:"since"`
	Priority  int64             `json:"priority"`
	Severity  Severity          `json:"severity"`
	Inhibited bool              `json:"inhibited"`
	Silenced  bool              `json:"silenced"`
	Reason    Reason            `json:"reason,omitempty"`
	HostUUID  string            `json:"host_uuid"`
	PoolUUID  string            `json:"pool_uuid"`
	NameLabel string            `json:"name_label"`
	Labels    map[string]string `json:"labels"`
}

// CloudEvent is the event as structured JSON (CloudEvents 1.0).
func (e *Event) CloudEvent() ([]byte, error) {
	d := eventData{
		State: e.State, Sequence: e.Sequence, TTL: e.TTL, Variable: e.Variable, Level: e.Level, Sense: "high",
		Period: e.Period, Priority: e.Priority, Severity: e.Severity, Inhibited: e.Inhibited, Silenced: e.Silenced,
		Reason: e.Reason, HostUUID: e.HostUUID, PoolUUID: e.PoolUUID, NameLabel: e.Name, Labels: e.Labels,
	}
	if e.Low {
		d.Sense = "low"
	}
	if e.Known {
		d.Value = &e.Value
	}
	if e.Since != 0 {
		since := rfc3339(e.Since)
		d.Since = &since
	}
	if d.Labels == nil {
		d.Labels = map[string]string{}
	}
	b, err := json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: e.EventID(), Source: "/perfmon/host/" + e.HostUUID,
		Type: "perfmon.alarm." + string(e.Kind) + ".v1", Subject: e.ID.String(),
		Time: rfc3339(e.Time), DataContentType: "application/json", Data: d,
	})
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.EventID(), err)
	}
	return b, nil
}

func rfc3339(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }

// Route is the event's NATS subject and AMQP routing key:
// perfmon.alarm.v1.<host uuid>.<class>.<uuid>.<variable>.
func (e *Event) Route() string {
	return "perfmon.alarm.v1." + token(e.HostUUID) + "." + token(e.Class) + "." + token(e.UUID) + "." + token(e.Variable)
}

// token makes one token of a subject: what separates tokens, matches several
// of them or does not print becomes "_".
func token(s string) string {
	if s == "" {
		return "_"
	}
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '.' || r == '*' || r == '>' || r == '#' || r == 0x7f {
			return '_'
		}
		return r
	}, s)
}
