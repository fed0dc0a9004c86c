//go:build browser

package page_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor/api"
	"perfmon/monitor/api/page"
	"perfmon/monitor/api/page/kit"
	"perfmon/monitor/api/page/pagetest"
)

// fake is an agent that says what a test wants, with the page on it. Its
// types are the real ones.
type fake struct {
	mu        sync.Mutex // guards everything that follows
	now       int64      // the newest row
	vms       int
	host      api.ObjectRef
	state     string
	trouble   string
	variables []api.Variable
	past      []api.Transition // oldest first
	watchers  map[chan string]bool
	broken    bool   // answers nobody
	refused   int    // how many wanted to watch meanwhile
	version   string // the agent's; 1.0 if empty, which is the page's
	young     string // a span of which there are no rows yet
}

// start serves the fake and returns its origin.
func (f *fake) start(t *testing.T) (origin string) {
	t.Helper()
	p := page.New(page.Options{Version: "1.0"})
	f.watchers = make(map[chan string]bool)
	mux := http.NewServeMux()
	mux.Handle("/", p)
	answer := func(path string, make func(*http.Request) any) {
		mux.HandleFunc("GET /v1/"+path, func(w http.ResponseWriter, r *http.Request) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.broken {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			body := make(r)
			if refusal, ok := body.(*api.Refusal); ok {
				w.WriteHeader(http.StatusNotFound)
				body = refusal
			}
			_ = json.NewEncoder(w).Encode(body)
		})
	}
	answer("status", func(*http.Request) any { return f.status() })
	answer("alarms", func(*http.Request) any { return f.alarms() })
	answer("variables", func(r *http.Request) any { return f.of(r.FormValue("object")) })
	answer("objects", func(r *http.Request) any { return f.objects(r.FormValue("query")) })
	answer("history", func(r *http.Request) any { return f.history(r.FormValue("object"), r.FormValue("variable")) })
	answer("explain", func(r *http.Request) any { return f.explain(r.FormValue("object"), r.FormValue("variable")) })
	answer("series", func(r *http.Request) any {
		ref := f.find(r.FormValue("object"))
		if ref == nil {
			return &api.Refusal{Message: "no such object", Fix: "name one of those that there are"}
		}
		return f.series(*ref, r.FormValue("span"), r.FormValue("columns"))
	})
	mux.HandleFunc("GET /v1/watch", f.watch)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", kit.Policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func (f *fake) watch(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	if f.broken {
		f.refused++
		f.mu.Unlock()
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c := make(chan string, 64)
	c <- f.pollEvent()
	f.watchers[c] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, c)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		select {
		case text, open := <-c:
			if !open {
				return
			}
			fmt.Fprint(w, text)
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func event(name string, data any) string {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("event: %s\ndata: %s\n\n", name, text)
}

// tell sends events to all who watch. The lock is held.
func (f *fake) tell(texts ...string) {
	for c := range f.watchers {
		for _, text := range texts {
			select {
			case c <- text:
			default: // it does not listen
			}
		}
	}
}

// poll goes on by a row, and tells.
func (f *fake) poll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now += 5
	f.tell(f.pollEvent())
}

// raise has a variable fire, and tells.
func (f *fake) raise(v api.Variable) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now += 5
	f.variables = append(f.variables, v)
	f.tell(event(api.EventAlarm, f.say(f.now, alarm.KindRaised, v.ObjectRef, v.Variable)), f.pollEvent())
}

// waitFor waits for something that others do to the fake. The lock is held
// while it asks.
func (f *fake) waitFor(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(pagetest.Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		f.mu.Lock()
		ok := yes()
		f.mu.Unlock()
		if ok {
			return
		}
	}
	t.Fatalf("it has not come about: %s", what)
}

// goAway hangs up on everybody and answers nobody; comeBack ends that.
func (f *fake) goAway() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = true
	for c := range f.watchers {
		close(c)
		delete(f.watchers, c)
	}
}

func (f *fake) comeBack() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = false
}

func (f *fake) brief() api.Brief {
	b := api.Brief{State: f.state, Trouble: f.trouble, Now: f.now + 1, LastPoll: f.now, LastRow: f.now}
	b.Counts = api.Counts{Objects: f.vms + 5, VMs: f.vms, SRs: 4, Variables: len(f.variables)}
	for _, v := range f.variables {
		switch {
		case v.Severity == alarm.Critical:
			b.Counts.Critical++
		case v.Severity == alarm.Warning:
			b.Counts.Warning++
		case v.State == "nodata":
			b.Counts.NoData++
		case v.State == "pending":
			b.Counts.Pending++
		}
		if v.Muted != "" {
			b.Counts.Muted++
		}
	}
	return b
}

func (f *fake) status() api.Status {
	return api.Status{Head: api.Head{API: api.Version1}, Brief: f.brief(), Version: cmp.Or(f.version, "1.0"), Source: "xapi", Step: 5, Host: f.host}
}

func (f *fake) pollEvent() string {
	return event(api.EventPoll, api.WatchPoll{Head: api.Head{API: api.Version1}, Brief: f.brief(), Overview: f.overview()})
}

func (f *fake) flags(ref api.ObjectRef) (l api.Flags) {
	for _, v := range f.variables {
		if v.ObjectRef != ref {
			continue
		}
		switch v.State {
		case "firing", "clearing":
			l.Firing++
			if l.Severity != alarm.Critical {
				l.Severity = v.Severity
			}
		case "nodata":
			l.NoData++
		case "pending":
			l.Pending++
		}
	}
	return l
}

func (f *fake) overview() *api.Overview {
	t := f.now
	o := &api.Overview{Head: api.Head{API: api.Version1}, Row: t, Step: 5, VMs: []api.VMOverview{}, SRs: []api.SROverview{}}
	o.Host = api.HostOverview{
		UUID: f.host.UUID, Name: f.host.Name, CPU: some(wobble(3, t) * 0.7), CPUs: 64, Load: some(wobble(4, t)), LoadAverage: some(1.4),
		MemoryTotal: some(512 << 30), MemoryUsed: some((0.8 - wobble(5, t/10)*0.2) * (512 << 30)), NetRx: some(wobble(6, t) * 3e8),
		NetTx: some(wobble(7, t) * 2e8), DiskRead: some(wobble(8, t) * 9e7), DiskWrite: some(wobble(9, t) * 4e7), Uptime: some(8123456),
	}
	for n := range f.vms {
		v := fakeVM(n, t)
		v.Flags = f.flags(f.ref(n))
		o.VMs = append(o.VMs, v)
	}
	for n := 1; n <= 4 && f.vms > 0; n++ {
		ref := api.ObjectRef{Class: "sr", UUID: uuidOf(1000 + n), Name: fmt.Sprintf("local-%d", n)}
		o.SRs = append(o.SRs, api.SROverview{
			UUID: ref.UUID, Name: ref.Name, Flags: f.flags(ref), Size: some(4e12), Used: some(3.7e12 / float64(n)), Read: some(wobble(n, t) * 5e7), Write: some(wobble(n+9, t) * 3e7), Latency: some(wobble(n, t) * 0.004),
		})
	}
	return o
}

func (f *fake) alarms() api.Variables {
	a := api.Variables{Head: api.Head{API: api.Version1}, Row: f.now, Variables: []api.Variable{}}
	for _, v := range f.variables {
		if v.State != "inactive" {
			a.Variables = append(a.Variables, v)
		}
	}
	return a
}

// find is the object of "vm:UUID" or "host"; nil for none.
func (f *fake) find(query string) *api.ObjectRef {
	class, uuid, _ := strings.Cut(query, ":")
	if class == "host" {
		return &f.host
	}
	if class == "sr" {
		return &api.ObjectRef{Class: "sr", UUID: uuid, Name: "local-1"}
	}
	for n := range f.vms {
		if r := f.ref(n); r.UUID == uuid {
			return &r
		}
	}
	return nil
}

func (f *fake) objects(query string) any {
	ref := f.find(query)
	if ref == nil {
		return &api.Refusal{Message: "no such object", Fix: "name one of those that there are"}
	}
	return api.Objects{Head: api.Head{API: api.Version1}, Objects: []api.ObjectInfo{{ObjectRef: *ref, Tags: []string{"production"}}}}
}

func (f *fake) of(query string) any {
	ref := f.find(query)
	if ref == nil {
		return &api.Refusal{Message: "no such object", Fix: "name one of those that there are"}
	}
	a := api.Variables{Head: api.Head{API: api.Version1}, Row: f.now, Variables: []api.Variable{}}
	for _, v := range f.variables {
		if v.ObjectRef == *ref {
			a.Variables = append(a.Variables, v)
		}
	}
	return a
}

func (f *fake) history(query, variable string) api.History {
	h := api.History{Head: api.Head{API: api.Version1}, Transitions: []api.Transition{}, Complete: true}
	for _, t := range slices.Backward(f.past) {
		ref := f.find(query)
		if (ref == nil || t.ObjectRef == *ref) && (variable == "" || t.Variable == variable) {
			h.Transitions = append(h.Transitions, t)
		}
	}
	if len(f.past) > 0 {
		h.Oldest = f.past[0].Time
	}
	return h
}

// explain has the shape of docs/api.md.
func (f *fake) explain(query, name string) any {
	ref := f.find(query)
	for _, v := range f.variables {
		if ref == nil || v.ObjectRef != *ref || v.Variable != name {
			continue
		}
		rows := []pagetest.Object{}
		for k := range 24 {
			row := pagetest.Object{"t": f.now - int64(23-k)*5, "value": nil, "grade": ""}
			if v.Value != nil && k != 9 {
				row["value"] = *v.Value * (0.55 + 0.45*min(1, float64(k)/14) + 0.06*wobble(k, int64(k*31)))
				row["grade"] = "fine"
			}
			rows = append(rows, row)
		}
		rows[23]["value"] = v.Value
		return pagetest.Object{
			"class": ref.Class, "uuid": ref.UUID, "name_label": ref.Name, "variable": name, "from": "triggers/vm.xml:13:5 (tag \"production\")",
			"rule": pagetest.Object{
				"consolidation_fn": v.Fold, "rrd_regex": "cpu[0-9]+", "alarm_trigger_level": v.Level, "alarm_trigger_sense": v.Sense,
				"alarm_trigger_period": v.Period, "alarm_auto_inhibit_period": 3600, "alarm_priority": v.Priority,
				"alarm_warning_level": v.Level - 0.1, "alarm_clear_level": v.Level - 0.25, "alarm_clear_period": 120, "alarm_nodata_period": 300,
			},
			"columns": v.Columns, "reading": len(v.Columns) == 0, "state": v.State, "severity": v.Severity, "since": v.Since, "muted": v.Muted,
			"bad_for_s": 180, "now": f.now, "step_s": 5, "rows": rows,
			"next": []pagetest.Object{{"if": "critical", "kind": "repeated", "severity": "critical", "at": f.now + 3400}, {"if": "fine", "kind": "cleared", "at": f.now + 5}},
			"sinks": []pagetest.Object{
				{"sink": "xapi", "told": true},
				{"sink": "alertmanager", "told": true, "waiting": 2, "waiting_since": f.now - 60, "away": true, "next_try": f.now + 10},
				{"sink": "webhook", "filtered": true},
				{"sink": "nats", "told": true, "last_error_ours": true, "refused": true},
				{"sink": "journald"},
			},
		}
	}
	return &api.Refusal{Message: "no variable " + strconv.Quote(name), Fix: "name one of its variables"}
}
