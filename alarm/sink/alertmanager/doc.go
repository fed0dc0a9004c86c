// Package alertmanager tells Prometheus's Alertmanager which alarms fire.
//
// An alarm becomes an alert by POST /api/v2/alerts (the OpenAPI description
// is api/v2/openapi.yaml of Alertmanager). An alert lives until its endsAt:
// it is sent with one that lies the event's time to live ahead, sent again
// with each announcement, and ended by an endsAt that has passed. So an agent
// that dies leaves no alert behind for longer than that time, and what
// Alertmanager shows in the end is right whatever was lost on the way.
//
// Alertmanager knows an alert by its labels. They are those of the event that
// began it for as long as the alarm fires; only a change of severity, or from
// and to no data, gives it others, and then the alert with the old ones is
// ended in the same request.
//
// Several peers each get everything, since a cluster of Alertmanagers does
// not pass alerts on among its members. An event is taken when one of them
// has it; what ended while another did not answer is told to that one as soon
// as it does.
package alertmanager
