package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/alarm"
)

// delivery is a request to a receiver, or the end of the agent that made the
// ones before.
type delivery struct {
	id    string
	body  []byte
	taken bool // it was answered with 2xx
	end   bool // of the agent
}

// answer is what becomes of a request to a receiver.
type answer int

const (
	answerTaken   answer = iota // 204
	answerRefused               // 503, before it is taken down
	answerReset                 // taken down, and the connection is cut
	answerLost                  // taken down, and nobody answers
	answerNone                  // nobody answers
)

// receiver is a webhook's other end. It keeps a log.
type receiver struct {
	*httptest.Server
	choose func() answer // nil: every request is taken

	mu sync.Mutex
	// mu guards everything that follows.
	log []delivery
}

// newReceiver starts one. change may change its server.
func newReceiver(t *testing.T, change ...func(*http.Server)) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(r)
	for _, f := range change {
		f(r.Config)
	}
	r.Start()
	t.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the agent died on the way
	}
	how := answerTaken
	if r.choose != nil {
		how = r.choose()
	}
	if how != answerRefused && how != answerNone {
		var event struct{ ID string }
		_ = json.Unmarshal(body, &event) // what is not JSON is found by the checks
		r.add(delivery{id: event.ID, body: body, taken: how == answerTaken})
	}
	switch how {
	case answerTaken:
		w.WriteHeader(http.StatusNoContent)
	case answerRefused:
		http.Error(w, "not now", http.StatusServiceUnavailable)
	case answerReset:
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return // it has been cut already
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	case answerLost, answerNone:
		<-req.Context().Done() // the agent has had enough
	}
}

func (r *receiver) add(d delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, d)
}

func (r *receiver) all() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery{}, r.log...)
}

// events are what has arrived, each id once, by alarm in the order of arrival.
func (r *receiver) events(t *testing.T) map[alarm.ID][]*alarm.Event {
	t.Helper()
	seen := map[string]bool{}
	byAlarm := map[alarm.ID][]*alarm.Event{}
	for _, d := range r.all() {
		if d.end || seen[d.id] {
			continue
		}
		seen[d.id] = true
		e := decodeEvent(t, d.body)
		byAlarm[e.ID] = append(byAlarm[e.ID], e)
	}
	return byAlarm
}

// decodeEvent reads of an event what a script decides, and its name.
func decodeEvent(t *testing.T, body []byte) *alarm.Event {
	t.Helper()
	var c struct {
		ID, Type, Subject string
		Time              time.Time
		Data              struct {
			Sequence            int64
			Value               *float64
			Severity            alarm.Severity
			Inhibited, Silenced bool
			Reason              alarm.Reason
			HostUUID            string `json:"host_uuid"`
		}
	}
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatalf("an event that is none: %v\n%s", err, body)
	}
	subject, name := strings.Split(c.Subject, "/"), strings.Split(c.ID, "/")
	kind, isOurs := strings.CutPrefix(strings.TrimSuffix(c.Type, ".v1"), "perfmon.alarm.")
	if !isOurs || len(subject) != 3 || len(name) < 6 {
		t.Fatalf("an event that is none:\n%s", body)
	}
	e := &alarm.Event{
		ID: alarm.ID{Class: subject[0], UUID: subject[1], Variable: subject[2]}, Kind: alarm.Kind(kind), Time: c.Time.Unix(),
		HostUUID: c.Data.HostUUID, Epoch: name[4], Sequence: c.Data.Sequence, Severity: c.Data.Severity,
		Inhibited: c.Data.Inhibited, Silenced: c.Data.Silenced, Reason: c.Data.Reason,
	}
	if c.Data.Value != nil {
		e.Known, e.Value = true, *c.Data.Value
	}
	if e.Kind != alarm.KindState && c.ID != e.EventID() {
		t.Errorf("the id %q of:\n%s", c.ID, body)
	}
	return e
}

// alarmBodies are the messages ALARM that what was said leads to, each as its
// object and the beginning of its body, which names value and variable.
func (v *scripted) alarmBodies(said []word) []string {
	var list []string
	for _, w := range said {
		if (w.kind == alarm.KindRaised || w.kind == alarm.KindRepeated) && w.severity == alarm.Critical && !w.inhibited && !v.silenced {
			list = append(list, fmt.Sprintf("%s value: %f config: <variable> <name value=%q/>", v.uuid, w.value, v.name))
		}
	}
	return list
}
