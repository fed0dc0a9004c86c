package rubber

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// What an operator reads of an error is one sentence: it names the machine once,
// no class of errors, and the way out once.
func TestTroubleText(t *testing.T) {
	m := &Record{Name: "ocr-1", ID: "4711"}
	f := func(what string, err error, want string) {
		t.Helper()
		if got := m.troubleOf(what, err, time.Time{}).String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	away := errors.New("dial tcp 10.7.0.12:8774: connection refused")
	f(undone[orderCreate], &cloud.Error{Op: "create", Name: "ocr-1", Err: away, Hint: "is auth_url right?"},
		"it could not be made: dial tcp 10.7.0.12:8774: connection refused; is auth_url right?")
	f(undone[orderDelete], &cloud.Error{Op: "delete", Name: "4711", Err: away}, "it could not be deleted: dial tcp 10.7.0.12:8774: connection refused")
	f(undone[orderCreate], &cloud.Error{Kind: cloud.Invalid, Op: "find image", Name: "debian", Err: errors.New("there is none")},
		`it could not be made: find image "debian": there is none`)
	f(undone[orderWake], &cloud.Error{Kind: cloud.NotFound, Op: "wake", Name: "4711"}, "it could not be started: not found")
	f("the cloud says that it failed", errors.New("nobody says why"), "the cloud says that it failed: nobody says why")
	f(undone[orderCreate], &cloud.Error{Kind: cloud.Capacity, Err: errors.New("no room: wait"), Hint: "wait"}, "it could not be made: no room: wait")
}

// A word to a worker that failed names the worker once.
func TestUnsaid(t *testing.T) {
	m := &life{}
	f := func(err error, want string) {
		t.Helper()
		if got := m.unsaid(result{order: order{verb: orderLoad, worker: "worker@ocr-1"}, err: err}); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	f(&work.Error{Kind: work.Silent, Op: "ask for tasks", Name: "worker@ocr-1"}, `a word to its worker failed: ask for tasks "worker@ocr-1": silent`)
	f(errHangs, "a word to its worker worker@ocr-1 failed: load: "+errHangs.Error())
}

// A machine that the cloud does not make says how often it was tried and why, in
// the status and in the explanation.
func TestTriesAreTold(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.after(6 * time.Second)
		r.world.Order(cloudtest.Away("create").Forever())
		r.shop.add("q", 1, time.Minute)
		r.after(3 * time.Minute)
		var m *MachineStatus
		s := r.c.Status()
		for i := range s.Machines {
			if s.Machines[i].State == plan.Requested {
				m = &s.Machines[i]
			}
		}
		if m == nil || m.Trouble == nil {
			r.t.Fatalf("no machine is requested and in trouble: %v", r.states())
		}
		r.want(regexp.MustCompile(`^tried ([2-9]|\d\d) times(, again in .+|, the last is under way)?$`).MatchString(m.Tries), "tries: %q", m.Tries)
		e, err := r.c.Explain(m.Profile)
		if err != nil {
			r.t.Fatal(err)
		}
		text := e.String()
		r.want(strings.Contains(text, m.Trouble.String()+"; "+m.Tries), "the explanation does not say it: %s", text)
		r.want(!strings.Contains(text, "transient"), "a class of errors is said to people: %s", text)
		r.want(strings.Count(text, m.Name) == 1, "the machine is named more than once: %s", text)
		r.world.Clear()
	})
}
