package celery

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

const (
	maxAnswer    = 16 << 20 // bytes of an answer: lists of tasks have their arguments in them
	maxSlots     = 1 << 20
	maxListed    = 1 << 20 // tasks in an answer
	maxConsumed  = 1000    // queues of a worker
	maxAddressed = 500     // workers named in one request
)

// request is what workers get over the pidbox:
//
//	{"method":"cancel_consumer","arguments":{"queue":"q"},"destination":["worker@vm-a"],"pattern":null,"matcher":null,
//	 "ticket":"6f0c…","reply_to":{"exchange":"","routing_key":"amq.gen-…"}}
type request struct {
	Method      string            `json:"method"`
	Arguments   map[string]any    `json:"arguments"`
	Destination []string          `json:"destination"`
	Pattern     *string           `json:"pattern"`
	Matcher     *string           `json:"matcher"`
	Ticket      string            `json:"ticket,omitempty"`
	ReplyTo     map[string]string `json:"reply_to,omitempty"`
}

// parseAnswer reads what a worker answers: {"worker@vm-a": …}.
func parseAnswer(body []byte) (worker string, answer json.RawMessage, err error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(body, &doc); err != nil {
		return "", nil, fmt.Errorf("read an answer: %w", err)
	}
	if len(doc) != 1 {
		return "", nil, fmt.Errorf("read an answer: of %d workers instead of one", len(doc))
	}
	for worker, answer = range doc {
	}
	if !isName(worker) {
		return "", nil, fmt.Errorf("read an answer: %.300q is no name of a worker", worker)
	}
	return worker, answer, nil
}

// parseDone reads the answer to a command: {"ok":"no longer consuming from
// q"} or {"error":"…"}. refused is the worker's own words.
func parseDone(answer []byte) (refused string, err error) {
	var doc *struct {
		OK    *json.RawMessage `json:"ok"`
		Error *json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(answer, &doc); err != nil {
		return "", fmt.Errorf("read an answer: %w", err)
	}
	switch {
	case doc != nil && doc.Error != nil:
		return fmt.Sprintf("%.300s", *doc.Error), nil
	case doc != nil && doc.OK != nil:
		return "", nil
	}
	return "", errors.New("read an answer: neither ok nor error")
}

// parseCount reads the answer to active, reserved or scheduled, which is a
// list of tasks, and counts them.
func parseCount(answer []byte) (int, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(answer, &list); err != nil {
		return 0, fmt.Errorf("read a list of tasks: %w", err)
	}
	if list == nil || len(list) > maxListed {
		return 0, fmt.Errorf("read a list of tasks: null, or more than %d", maxListed)
	}
	return len(list), nil
}

// parseQueues reads the answer to active_queues: [{"name":"q",…}]. It is not
// nil without an error.
func parseQueues(answer []byte) ([]string, error) {
	var list []struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return nil, fmt.Errorf("read a worker's queues: %w", err)
	}
	if list == nil || len(list) > maxConsumed {
		return nil, fmt.Errorf("read a worker's queues: null, or more than %d", maxConsumed)
	}
	queues := []string{}
	for _, q := range list {
		if q.Name == "" || len(q.Name) > 255 {
			return nil, fmt.Errorf("read a worker's queues: %.300q is no queue", q.Name)
		}
		queues = append(queues, q.Name)
	}
	slices.Sort(queues)
	return slices.Compact(queues), nil
}

// parseSlots reads how many tasks a worker can run at once out of its answer
// to stats: {"pool":{"max-concurrency":4},"pid":77,…}. A worker that scales
// itself, {"autoscaler":{"max":8,…}}, can have as many as that.
func parseSlots(answer []byte) (slots, pid int, err error) {
	var doc struct {
		PID  int `json:"pid"`
		Pool struct {
			Max json.RawMessage `json:"max-concurrency"`
		} `json:"pool"`
		Autoscaler *struct {
			Max int `json:"max"`
		} `json:"autoscaler"`
	}
	if err := json.Unmarshal(answer, &doc); err != nil {
		return 0, 0, fmt.Errorf("read a worker's slots: %w", err)
	}
	if err := json.Unmarshal(doc.Pool.Max, &slots); err != nil {
		return 0, 0, fmt.Errorf("read a worker's slots: max-concurrency %.100q: %w", doc.Pool.Max, err)
	}
	if doc.Autoscaler != nil {
		slots = max(slots, doc.Autoscaler.Max)
	}
	if slots < 1 || slots > maxSlots {
		return 0, 0, fmt.Errorf("read a worker's slots: %d", slots)
	}
	return slots, doc.PID, nil
}
