package celery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxEvents is how long a message with events may be, in bytes.
const maxEvents = 1 << 20

// event is what a worker says. What it did not say is zero or nil.
type event struct {
	Type      string // "worker-heartbeat", "task-started", …
	Worker    string // its name
	PID       int
	Freq      time.Duration // between its heartbeats
	Active    *int
	Processed *int64
	Task      string        // id
	Runtime   time.Duration // of a task that succeeded; negative: not said
}

// Between these a worker's word on its heartbeats is believed.
const (
	minFreq     = 500 * time.Millisecond
	maxFreq     = 30 * time.Second
	defaultFreq = 2 * time.Second
)

// parseEvents reads a message of the exchange: one event, or a list of them
// (routing key task.multi), which may be empty.
//
//	{"hostname":"worker@vm-a","utcoffset":0,"pid":77,"clock":12,"freq":2.0,"active":0,"processed":3,"loadavg":[0.1,0.1,0.1],
//	 "sw_ident":"py-celery","sw_ver":"5.2.6","sw_sys":"Linux","timestamp":1763822824.5,"type":"worker-heartbeat"}
//	[{"hostname":"worker@vm-a","utcoffset":0,"pid":77,"clock":13,"uuid":"6f0c…","runtime":0.5,"result":"None","timestamp":1763822824.5,"type":"task-succeeded"}]
//
// bad counts the events that are left out because they make no sense; the
// error is of a message of which nothing does.
func parseEvents(body []byte) (events []event, bad int, err error) {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 {
		return nil, 0, errors.New("read events: nothing there")
	}
	list := []json.RawMessage{body}
	if body[0] == '[' {
		list = nil
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, 0, fmt.Errorf("read events: %w", err)
		}
	}
	var last error
	for _, raw := range list {
		e, err := parseEvent(raw)
		if err != nil {
			bad++
			last = err
			continue
		}
		events = append(events, e)
	}
	if bad > 0 && len(events) == 0 {
		return nil, bad, last
	}
	return events, bad, nil
}

func parseEvent(raw json.RawMessage) (event, error) {
	var doc struct {
		Type      string   `json:"type"`
		Hostname  string   `json:"hostname"`
		PID       int      `json:"pid"`
		Freq      float64  `json:"freq"`
		Active    *int     `json:"active"`
		Processed *int64   `json:"processed"`
		UUID      string   `json:"uuid"`
		Runtime   *float64 `json:"runtime"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return event{}, fmt.Errorf("read an event: %w", err)
	}
	if doc.Type == "" || len(doc.Type) > 100 {
		return event{}, errors.New("read an event: no type")
	}
	if !isName(doc.Hostname) {
		return event{}, fmt.Errorf("read an event: %.300q is no name of a worker", doc.Hostname)
	}
	if doc.PID < 0 || doc.Active != nil && (*doc.Active < 0 || *doc.Active > maxSlots) || doc.Processed != nil && *doc.Processed < 0 || len(doc.UUID) > 255 {
		return event{}, fmt.Errorf("read an event of %q: a number that cannot be", doc.Hostname)
	}
	e := event{Type: doc.Type, Worker: doc.Hostname, PID: doc.PID, Active: doc.Active, Processed: doc.Processed, Task: doc.UUID, Runtime: -1}
	if doc.Freq > 0 {
		e.Freq = time.Duration(min(max(doc.Freq, minFreq.Seconds()), maxFreq.Seconds()) * float64(time.Second))
	}
	if doc.Runtime != nil && *doc.Runtime >= 0 && *doc.Runtime < maxRuntime.Seconds() {
		e.Runtime = time.Duration(*doc.Runtime * float64(time.Second))
	}
	return e, nil
}

// isName says whether a worker can have this name: it is shown to people, and
// is the name of a queue with something behind it.
func isName(name string) bool {
	return name != "" && len(name) <= 240 && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}
