package xapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Task is something that the toolstack does, begun by a call of "Async." and
// a method's name, which returns the task's reference:
//
//	{"name_label":"Async.VM.start_on","status":"failure","result":"",
//	 "error_info":["HOST_NOT_ENOUGH_FREE_MEMORY","4294967296","1073741824"],…}
type Task struct {
	Status    string   `json:"status"` // pending, cancelling, success, failure, cancelled
	Result    string   `json:"result"` // of a success; see Value
	ErrorInfo []string `json:"error_info"`
}

// Over says whether the task has ended, well or not.
func (t Task) Over() bool {
	return t.Status == "success" || t.Status == "failure" || t.Status == "cancelled"
}

// Err is why a task failed, an *Error; nil if it did not.
func (t Task) Err() error {
	switch {
	case t.Status != "failure" && t.Status != "cancelled":
		return nil
	case len(t.ErrorInfo) > 0:
		return &Error{Code: t.ErrorInfo[0], Params: t.ErrorInfo[1:]}
	case t.Status == "cancelled":
		return &Error{Code: "TASK_CANCELLED"}
	}
	return &Error{Code: "INTERNAL_ERROR", Params: []string{"the task failed and does not say why"}}
}

// Value is the result of a success without what is around it:
//
//	<value>OpaqueRef:…</value>
func (t Task) Value() string {
	text, _ := strings.CutPrefix(t.Result, "<value>")
	text, _ = strings.CutSuffix(text, "</value>")
	return text
}

// Task reads a task. One that is not there is the Error HANDLE_INVALID: the
// toolstack forgets those that ended long ago, and all when it is restarted.
func (c *Client) Task(ctx context.Context, ref string) (Task, error) {
	return Record[Task](ctx, c, "task", ref)
}

// Await waits until a task has ended. The error is about the waiting; whether
// the task went well is the Task's Err.
func (c *Client) Await(ctx context.Context, ref string) (Task, error) {
	var t Task
	err := c.Watch(ctx, "task", ref, func(record json.RawMessage) (bool, error) {
		t = Task{}
		if err := json.Unmarshal(record, &t); err != nil {
			return false, fmt.Errorf("read a task: %w", err)
		}
		return t.Over(), nil
	})
	if err != nil {
		return t, fmt.Errorf("wait for a task: %w", err)
	}
	return t, nil
}
