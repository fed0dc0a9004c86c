package xapitest

import (
	"context"
	"errors"
	"strings"
)

// Task is something that goes on, or did.
type Task struct {
	UUID, Name  string
	Status      string // pending, success, failure, cancelled
	Result      string
	ErrorInfo   []string
	OtherConfig map[string]string
}

// Tasks are those that have not been destroyed, oldest first.
func (s *Server) Tasks() []Task { return all[Task](s, classTask) }

func taskRecord(t Task) map[string]any {
	progress := 0.0
	if t.Status != "pending" {
		progress = 1
	}
	return map[string]any{
		"uuid": t.UUID, "name_label": t.Name, "name_description": "", "status": t.Status, "progress": progress, "type": "<none/>", "result": t.Result,
		"error_info": list(t.ErrorInfo...), "created": dateTime("20260821T00:00:00Z"), "finished": dateTime("20260821T00:00:00Z"), "resident_on": null,
		"other_config": dict(t.OtherConfig), "subtask_of": null, "subtasks": []any{}, "backtrace": "()", "allowed_operations": []any{},
		"current_operations": map[string]any{},
	}
}

func (w *world) newTask(name string) (ref string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	uuid := newUUID()
	return w.set(classTask, uuid, Task{UUID: uuid, Name: name, Status: "pending"}).ref
}

func newUUID() string { return strings.TrimPrefix(randomRef(), "OpaqueRef:") }

// endTask says how a task ended. One that has been destroyed or has ended
// otherwise is let be.
func (w *world) endTask(ref, result string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.byRef[ref]
	if o == nil {
		return
	}
	t, ok := o.v.(Task)
	if !ok || t.Status != "pending" {
		return
	}
	var f failure
	switch {
	case err == nil:
		t.Status, t.Result = "success", result
	case errors.As(err, &f) && f[0] == "TASK_CANCELLED":
		t.Status, t.ErrorInfo = "cancelled", []string{"TASK_CANCELLED", ref}
	case errors.As(err, &f):
		t.Status, t.ErrorInfo = "failure", f
	default:
		t.Status, t.ErrorInfo = "failure", []string{"INTERNAL_ERROR", err.Error()}
	}
	o.v, o.modified = t, w.next()
}

// async has a method's call go on as a task, and answers with its reference.
func async(m method, name string) func(*exchange, args) (any, error) {
	return func(x *exchange, a args) (any, error) {
		s := x.s
		ref := s.world.newTask("Async." + name)
		y := &exchange{s: s, ctx: context.WithoutCancel(x.ctx), ep: x.ep, call: x.call, task: ref}
		s.pace.tasks.Add(1)
		go func() {
			defer s.pace.tasks.Done()
			var result any
			err := error(nil)
			if f := s.faults.of(name); f != nil {
				err = failure(f.Failure)
			} else {
				result, err = m.run(y, a)
			}
			text, _ := result.(string)
			if text != "" {
				text = "<value>" + text + "</value>"
			}
			s.world.endTask(ref, text, err)
		}()
		return ref, nil
	}
}

// of finds an ordered failure of a method, for a call of it that goes on by
// itself, and counts it as used.
func (f *faults) of(name string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n, i := range f.list {
		if i.fault.Kind != RPCFailure || i.fault.Method != name || i.fault.Object != "" {
			continue
		}
		if f.use(n) {
			return &i.fault
		}
	}
	return nil
}

func createTask(x *exchange, a args) (any, error) {
	name, err := a.string(0)
	if err != nil {
		return nil, err
	}
	return x.s.world.newTask(name), nil
}

func destroyTask(x *exchange, a args) (any, error) {
	o, err := find(x, a, classTask)
	if err != nil {
		return nil, err
	}
	x.s.world.mu.Lock()
	defer x.s.world.mu.Unlock()
	x.s.world.remove(o)
	return "", nil
}
