package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

// full is a controller with one of everything.
func full() *fake {
	f := &fake{}
	free := int64(5 << 30)
	value := 0.93
	f.turn(func(s *rubber.Status) {
		s.Role, s.Since, s.Cap, s.Paused, s.Reason = rubber.Active, noon, 50, true, "maintenance"
		s.Profiles = []rubber.ProfileStatus{{
			Name: "mail", Queue: "mail", Broker: "rabbit", Cloud: "stack", DemandKnown: true, Waits: 3, Running: 2, Oldest: 9 * time.Second, Slots: 8, Busy: 2,
			Target: plan.Target{Profile: "mail", Want: 2, Wish: 5, Limit: 2, Have: 2}, States: map[plan.State]int{plan.Ready: 2}, Reasons: []string{"hold: as many as needed"},
			BootP50: 70 * time.Second, BootP95: 110 * time.Second, BootCount: 3, TaskTime: 40 * time.Second, Arrivals: 0.5,
		}}
		s.Machines = []rubber.MachineStatus{{
			Record: rubber.Record{Intent: "i1", Name: "mail-1", ID: "id-1", Profile: "mail", Cloud: "stack", State: plan.Draining, Created: noon,
				Release: &rubber.Release{Reason: "idle"}, Trouble: &rubber.Trouble{Text: "it does not answer", Hint: "look at it"}},
			Says: "running", Workers: []string{"celery@mail-1"}, Slots: 4, BusyKnown: true, Busy: 1, Age: time.Minute, Overdue: true,
		}}
		s.Clouds = []rubber.SourceStatus{{Name: "stack", OK: true, Good: noon, Count: 1}}
		s.Brokers = []rubber.SourceStatus{{Name: "rabbit", Error: "refused", Fails: 2, Next: noon}}
		s.Hosts = hear.View{Hosts: []hear.Host{{UUID: "h1", Name: "xcp-1", Contended: hear.Bad, FreeMemory: &free, Alarms: []hear.Alarm{{Class: "vm", Object: "v1", Variable: "cpu_usage", Mark: hear.Bad, Value: &value}}}},
			Drivers: []hear.DriverState{{Name: "engine", Connected: true, Complete: true}}}
		s.Brakes = []rubber.Brake{{Cloud: "stack", Kind: "quota", Text: "no more cores", Until: noon}}
		s.Strange = []rubber.StrangeStatus{{Cloud: "stack", ID: "x", Since: noon, Reason: "nobody asked for it"}}
		s.Unread = []string{"record machine.7: no JSON"}
		s.Rivals = []rubber.RivalStatus{{Cloud: "stack", Store: "tov1fgk3ab", ID: "y", Name: "mail-9", Since: noon, Aside: true, Text: "another rubber"}}
	})
	f.plans = []rubber.PlanView{{At: noon, Targets: []rubber.TargetView{known("mail", 3, 2, 9*time.Second)}, Lines: []plan.Line{{Action: plan.Start, Profile: "mail", Count: 2, Avoid: []string{"h1"}, AvoidStorage: []string{"s1"},
		Reasons: []plan.Reason{{Code: plan.Demanded, Text: "5 tasks"}}}}}, {At: noon.Add(5 * time.Second), Targets: []rubber.TargetView{unknown("mail")}}}
	f.decide("one", "two", "three")
	return f
}

func TestStatus(t *testing.T) {
	public, private := newAsker(t, full())
	for _, a := range []asker{public, private} {
		var s Status
		a.get("/v1/status", &s)
		if s.API != "v1" || s.Version != "1.2" || s.Owner != "shop" || s.Role != "active" || s.Cap != 50 || !s.Paused || s.Reason != "maintenance" || s.Now.IsZero() {
			t.Errorf("%+v", s)
		}
		p := s.Profiles[0]
		if *p.Waits != 3 || *p.Running != 2 || *p.OldestS != 9 || p.Want != 2 || p.Wish != 5 || p.States["ready"] != 2 || *p.BootP50S != 70 || *p.TaskS != 40 || *p.ArrivalsS != 0.5 {
			t.Errorf("%+v", p)
		}
		m := s.Machines[0]
		if m.State != "draining" || *m.Busy != 1 || m.AgeS != 60 || !m.Overdue || m.Released != "idle" || m.Trouble != "it does not answer" || m.Hint != "look at it" || m.IdleSince != nil {
			t.Errorf("%+v", m)
		}
		h := s.Hosts[0]
		if !slices.Equal(h.Bad, []string{"contended"}) || *h.Free != 5<<30 || h.Total != nil || !h.Alarms[0].Known || *h.Alarms[0].Value != 0.93 {
			t.Errorf("%+v", h)
		}
		if s.Clouds[0].Next != nil || s.Brokers[0].Good != nil || s.Brokers[0].Next == nil || s.Brakes[0].Kind != "quota" || len(s.Strange) != 1 || len(s.Unread) != 1 || s.Rivals[0].Name != "mail-9" || !s.Rivals[0].Aside || !s.Rivals[0].Since.Equal(noon) || !s.Hearing[0].Complete || s.Engine != nil {
			t.Errorf("%+v", s)
		}
	}
}

// What is not known is null, and never 0; what there is none of is an empty
// list, and never null.
func TestUnknownIsNotZero(t *testing.T) {
	f := &fake{}
	f.turn(func(s *rubber.Status) {
		s.Profiles = []rubber.ProfileStatus{{Name: "mail", DemandError: "away", Arrivals: -1}}
		s.Machines = []rubber.MachineStatus{{Record: rubber.Record{Intent: "i1"}}}
		s.Hosts = hear.View{Hosts: []hear.Host{{UUID: "h1"}}}
	})
	public, _ := newAsker(t, f)
	var s struct {
		Profiles, Machines, Hosts []map[string]any
	}
	body := public.do("GET", "/v1/status", "").Body.Bytes()
	if err := json.Unmarshal(body, &s); err != nil {
		t.Fatal(err)
	}
	isNull := func(of map[string]any, names ...string) {
		t.Helper()
		for _, name := range names {
			if v, ok := of[name]; !ok || v != nil {
				t.Errorf("%s is %v, %t", name, v, ok)
			}
		}
	}
	isNull(s.Profiles[0], "waits", "running", "oldest_s", "boot_p50_s", "boot_p95_s", "task_s", "arrivals_per_s")
	isNull(s.Machines[0], "busy", "idle_since")
	isNull(s.Hosts[0], "free_memory_bytes", "total_memory_bytes")
	for _, list := range []string{`"clouds":[]`, `"brokers":[]`, `"hearing":[]`, `"brakes":[]`, `"strange":[]`, `"rivals":[]`, `"unread":[]`, `"reasons":[]`, `"workers":[]`, `"bad":[]`, `"alarms":[]`, `"engine":null`} {
		if !strings.Contains(string(body), list) {
			t.Errorf("no %s in %s", list, body)
		}
	}
}

func TestPlansAndDecisions(t *testing.T) {
	public, _ := newAsker(t, full())
	var p Plans
	public.get("/v1/plans", &p)
	if len(p.Plans) != 2 || *p.Plans[0].Targets[0].Waits != 3 || p.Plans[1].Targets[0].Waits != nil || p.Plans[1].Targets[0].OldestS != nil {
		t.Errorf("%+v", p)
	}
	if l := p.Plans[0].Lines[0]; l.Action != "start" || l.Count != 2 || l.Reasons[0] != (Reason{"demand", "5 tasks"}) || !slices.Equal(l.Avoid, []string{"h1"}) || !slices.Equal(l.AvoidStorage, []string{"s1"}) {
		t.Errorf("%+v", l)
	}
	public.get("/v1/plans?n=1", &p)
	if len(p.Plans) != 1 || !p.Plans[0].At.Equal(noon.Add(5*time.Second)) {
		t.Errorf("the newest: %+v", p)
	}
	var d Decisions
	public.get("/v1/decisions?n=2", &d)
	if len(d.Decisions) != 2 || d.Decisions[1].Text != "three" {
		t.Errorf("%+v", d)
	}
	for _, n := range []string{"0", "-1", "10001", "x", "1e3", "99999999999999999999"} {
		public.refused("GET", "/v1/plans?n="+n, "", 400, "want a number from 1 to 10000")
		public.refused("GET", "/v1/decisions?n="+n, "", 400, "want a number")
	}
}

func TestExplain(t *testing.T) {
	public, _ := newAsker(t, full())
	var e Explanation
	public.get("/v1/explain/mail", &e)
	if e.Profile != "mail" || len(e.Lines) != 2 {
		t.Errorf("%+v", e)
	}
	if no := public.refused("GET", "/v1/explain/web", "", 404, `"web"`); !slices.Equal(no.Known, []string{"mail"}) {
		t.Errorf("%+v", no)
	}
	f := &fake{}
	f.turn(func(s *rubber.Status) {
		for i := range 500 {
			s.Profiles = append(s.Profiles, rubber.ProfileStatus{Name: fmt.Sprintf("p%03d", i)})
		}
	})
	crowd, _ := newAsker(t, f)
	if no := crowd.refused("GET", "/v1/explain/web", "", 404, "web"); len(no.Known) != maxKnown {
		t.Errorf("%d names", len(no.Known))
	}
}

func TestSeries(t *testing.T) {
	f := &fake{plans: []rubber.PlanView{
		{At: noon, Targets: []rubber.TargetView{known("mail", 3, 2, 9*time.Second), known("web", 0, 1, 0)}},
		{At: noon.Add(5 * time.Second), Targets: []rubber.TargetView{known("mail", 3, 2, 0), unknown("web")}},
		{At: noon.Add(10 * time.Second)},
	}}
	f.turn(func(s *rubber.Status) {
		s.Profiles = []rubber.ProfileStatus{{Name: "mail"}, {Name: "new"}, {Name: "web"}}
	})
	public, _ := newAsker(t, f)
	list := func(all []*int) string {
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	seconds := func(all []*float64) string {
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	var s Series
	public.get("/v1/series", &s)
	if len(s.T) != 3 || s.T[1] != float64(noon.Unix()+5) {
		t.Errorf("%v", s.T)
	}
	check("waits of all", list(s.Waits), "[3,null,null]")
	check("running of all", list(s.Running), "[3,null,null]")
	check("oldest of all", seconds(s.OldestS), "[9,null,null]") // of the second mail's is not known, and web's neither
	check("slots of all", list(s.Slots), "[8,8,null]")
	check("want of all", list(s.Want), "[6,4,null]")
	check("coming of all", list(s.Coming), "[2,1,null]")
	s = Series{}
	public.get("/v1/series?profile=web", &s)
	check("waits of one", list(s.Waits), "[0,null,null]")
	check("oldest of one", seconds(s.OldestS), "[0,null,null]")
	check("have of one", list(s.Have), "[2,1,null]")
	s = Series{}
	public.get("/v1/series?profile=new", &s)
	if s.Profile != "new" || len(s.T) != 0 || s.Waits == nil {
		t.Errorf("%+v", s)
	}
	if no := public.refused("GET", "/v1/series?profile=none", "", 404, `"none"`); len(no.Known) != 3 {
		t.Errorf("%+v", no)
	}
}

func TestWhatMayBeAsked(t *testing.T) {
	public, private := newAsker(t, full())
	for _, a := range []asker{public, private} {
		for _, path := range []string{"/", "/v1", "/v1/", "/v1/nothing", "/v2/status", "/v1/explain/", "/v1/machines/m/eat"} {
			if no := a.refused("GET", path, "", 404, "there is no"); !slices.Contains(no.Known, "/v1/status") {
				t.Errorf("%s: %+v", path, no)
			}
		}
		for _, path := range []string{"/v1/status", "/v1/plans", "/v1/decisions", "/v1/series", "/v1/explain/mail", "/v1/watch"} {
			for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} {
				w := a.do(method, path, "{}")
				if w.Code != 405 || w.Header().Get("Allow") != "GET" {
					t.Errorf("%s %s: %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
				}
			}
		}
		for _, path := range []string{"/v1/status?n=1", "/v1/plans?m=1", "/v1/decisions?profile=x", "/v1/watch?x"} {
			a.refused("GET", path, "", 400, "no parameter")
		}
		w := a.do("GET", "/v1/status", "")
		if w.Header().Get("Rubber-Version") != "1.2" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v", w.Header())
		}
	}
}

// acts are all that change something, with what the controller is to hear.
var acts = map[string]string{
	"/v1/plan": "plan", "/v1/pause": "pause why", "/v1/resume": "resume why", "/v1/clouds/stack/take-over": "take over stack why", "/v1/machines/mail-1/drain": "drain mail-1 why",
	"/v1/machines/mail-1/undo": "undo mail-1 why", "/v1/machines/mail-1/force": "force mail-1 why", "/v1/machines/mail-1/protect": "protect mail-1 why",
}

func TestActs(t *testing.T) {
	f := full()
	public, private := newAsker(t, f)
	for path, want := range acts {
		public.refused("POST", path, `{"reason": "why"}`, 404, "there is no")
		private.refused("GET", path, "", 405, "is asked by POST")
		if len(f.asked) != 0 {
			t.Fatalf("the public one did %q", f.asked)
		}
		w := private.do("POST", path, `{"reason": " why "}`)
		var s Status
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != 200 || s.Owner != "shop" {
			t.Errorf("%s: %d, %v", path, w.Code, err)
		}
		if !slices.Equal(f.asked, []string{want}) {
			t.Errorf("%s did %q, want %q", path, f.asked, want)
		}
		f.asked = nil
	}
}

func TestActsThatAreRefused(t *testing.T) {
	f := full()
	_, private := newAsker(t, f)
	private.refused("POST", "/v1/pause", "", 400, "not understood")
	private.refused("POST", "/v1/pause", `{"reason": 7}`, 400, "not understood")
	private.refused("POST", "/v1/pause", `{"reasons": "x"}`, 400, "not understood")
	private.refused("POST", "/v1/pause", `["x"]`, 400, "not understood")
	private.refused("POST", "/v1/pause", `{"reason": "`+strings.Repeat("x", maxReason+1)+`"}`, 400, "may have 500")
	private.refused("POST", "/v1/pause", `{"reason": "`+strings.Repeat("x", maxBody)+`"}`, 400, "too large")
	if len(f.asked) != 0 {
		t.Errorf("%q was done", f.asked)
	}
	for err, code := range map[error]int{
		errors.New(`there is no machine "mail-1"`):        409,
		fmt.Errorf("drain: %w", rubber.ErrStandby):        503,
		fmt.Errorf("drain: %w", context.DeadlineExceeded): 504,
	} {
		f.refusal = err
		private.refused("POST", "/v1/machines/mail-1/drain", `{}`, code, err.Error())
	}
}

// A controller that does not answer holds nobody for ever.
func TestActThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := full()
		f.hang = true
		_, private := newAsker(t, f)
		private.refused("POST", "/v1/plan", `{}`, 504, "deadline")
	})
}

// Foreign text in a request comes back short.
func TestLongPaths(t *testing.T) {
	public, _ := newAsker(t, full())
	long := strings.Repeat("x", 5000)
	for _, path := range []string{"/v1/" + long, "/v1/plans?n=" + long, "/v1/status?" + long + "=1", "/v1/series?profile=" + long} {
		w := httptest.NewRecorder()
		public.h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code < 400 || w.Body.Len() > 1000 {
			t.Errorf("%.30s: %d, %d bytes", path, w.Code, w.Body.Len())
		}
	}
}
