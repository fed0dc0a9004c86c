package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

// crowded is a controller with so many machines: every tenth boots, machine
// 777 is overdue and 778 has trouble.
func crowded(n int) *fake {
	f := &fake{}
	f.turn(func(s *rubber.Status) {
		s.Role, s.Cap = rubber.Active, n
		s.Hosts.Hosts = []hear.Host{{UUID: "u-0", Name: "xcp-0"}, {UUID: "u-1", Name: "xcp-1"}, {UUID: "u-2"}}
		s.Machines = make([]rubber.MachineStatus, n)
		for i := range s.Machines {
			m := &s.Machines[i]
			m.Record = rubber.Record{Intent: fmt.Sprintf("i%05d", i*7919%n), Name: fmt.Sprintf("m-%05d", i), ID: fmt.Sprintf("id-%d", i), Profile: fmt.Sprintf("p%d", i%4), Cloud: "stack",
				State: plan.Ready, Host: fmt.Sprintf("u-%d", i%2), Created: noon.Add(time.Duration(i) * time.Second)}
			m.Slots, m.Busy, m.BusyKnown, m.Age = 4, i%5, i%7 != 0, time.Duration(n-i)*time.Second
			if i%10 == 3 {
				m.State, m.Host = plan.Booting, "xcp-1" // a cloud that knows names alone
			}
		}
		if n > 778 {
			s.Machines[777].Overdue = true
			s.Machines[778].Trouble = &rubber.Trouble{Text: "it does not answer"}
		}
	})
	return f
}

func names(list []Machine) (out []string) {
	for i := range list {
		out = append(out, list[i].Name)
	}
	return out
}

// A status has the machines that somebody should see and the number of all, so
// that it is no greater with 20,000 of them.
func TestStatusIsBounded(t *testing.T) {
	f := crowded(20_000)
	f.turn(func(s *rubber.Status) {
		for i := range 3000 {
			s.Strange = append(s.Strange, rubber.StrangeStatus{Cloud: "stack", ID: fmt.Sprint(i)})
			s.Unread = append(s.Unread, fmt.Sprintf("record %d", i))
		}
	})
	public, private := newAsker(t, f)
	var s Status
	public.get("/v1/status", &s)
	if len(s.Machines) != defaultMachines || s.MachineCount != 20_000 || s.MachineStates["ready"] != 18_000 || s.MachineStates["booting"] != 2000 || s.InTrouble != 2 {
		t.Errorf("%d machines of %d, %v, %d in trouble", len(s.Machines), s.MachineCount, s.MachineStates, s.InTrouble)
	}
	if got := names(s.Machines[:4]); !slices.Equal(got, []string{"m-00777", "m-00778", "m-00003", "m-00013"}) {
		t.Errorf("the first are %q", got)
	}
	if len(s.Strange) != maxStrange || s.StrangeCount != 3000 || len(s.Unread) != maxStrange || s.UnreadCount != 3000 {
		t.Errorf("%d of %d strange, %d of %d unread", len(s.Strange), s.StrangeCount, len(s.Unread), s.UnreadCount)
	}
	// Those on a host are counted by its uuid and by its name.
	if s.Hosts[0].Machines != 10_000 || s.Hosts[1].Machines != 10_000 || s.Hosts[2].Machines != 0 {
		t.Errorf("%d, %d, %d machines on hosts", s.Hosts[0].Machines, s.Hosts[1].Machines, s.Hosts[2].Machines)
	}
	for query, want := range map[string]int{"?machines=0": 0, "?machines=3": 3, "?machines=5000": 5000} {
		public.get("/v1/status"+query, &s)
		if len(s.Machines) != want {
			t.Errorf("%s: %d machines", query, len(s.Machines))
		}
	}
	for _, n := range []string{"-1", "5001", "x"} {
		for _, path := range []string{"/v1/status", "/v1/watch"} {
			if no := public.refused("GET", path+"?machines="+n, "", 400, "want a number from 0 to 5000"); !strings.Contains(no.Fix, "/v1/machines") {
				t.Errorf("%+v", no)
			}
		}
	}
	// Who lets a machine go is told of that one, wherever it stands.
	if err := json.Unmarshal(private.do("POST", "/v1/machines/m-19990/drain", `{"reason": "why"}`).Body.Bytes(), &s); err != nil || s.Machines[0].Name != "m-19990" || len(s.Machines) != defaultMachines+1 {
		t.Errorf("%v, %d machines, first %s", err, len(s.Machines), s.Machines[0].Name)
	}
	if err := json.Unmarshal(private.do("POST", "/v1/machines/m-00778/drain", `{"reason": "why"}`).Body.Bytes(), &s); err != nil || len(s.Machines) != defaultMachines {
		t.Errorf("%v, %d machines", err, len(s.Machines))
	}
}

func TestMachines(t *testing.T) {
	public, _ := newAsker(t, crowded(20_000))
	f := func(query string, found int, first ...string) Machines {
		t.Helper()
		var m Machines
		public.get("/v1/machines"+query, &m)
		if m.Total != 20_000 || m.Found != found || len(m.Machines) < len(first) || !slices.Equal(names(m.Machines[:len(first)]), first) {
			t.Errorf("%s: %d of %d, %q; want %d, %q", query, m.Found, m.Total, names(m.Machines[:min(len(m.Machines), 4)]), found, first)
		}
		return m
	}
	if m := f("", 20_000, "m-00777", "m-00778", "m-00003"); len(m.Machines) != defaultPage || m.Next != "" || m.States["booting"] != 2000 {
		t.Errorf("%d machines, next %q, %v", len(m.Machines), m.Next, m.States)
	}
	f("?order=falling", 20_000, "m-19999", "m-19998")
	f("?from=2&n=2", 20_000, "m-00003", "m-00013")
	if m := f("?from=19999", 20_000, "m-19999"); len(m.Machines) != 1 || m.From != 19_999 {
		t.Errorf("%d machines from %d", len(m.Machines), m.From)
	}
	if m := f("?from=30000", 20_000); len(m.Machines) != 0 || m.From != 20_000 {
		t.Errorf("%d machines from %d", len(m.Machines), m.From)
	}
	f("?trouble=yes", 2, "m-00777", "m-00778")
	f("?profile=p1&by=name", 5000, "m-00001", "m-00005")
	f("?profile=none", 0)
	f("?cloud=stack&n=1", 20_000, "m-00777")
	if m := f("?state=booting&by=name&order=falling", 2000, "m-19993", "m-19983"); m.States["ready"] != 18_000 {
		t.Errorf("the other states are not counted: %v", m.States)
	}
	f("?text=M-1234&by=name", 10, "m-12340", "m-12341") // whatever its case
	f("?text=%20xcp-1%20&state=ready&by=name", 8000, "m-00001", "m-00005")
	f("?host=u-1&by=name", 10_000, "m-00001", "m-00003")
	f("?host=xcp-1&by=name", 10_000, "m-00001", "m-00003")
	f("?host=u-2", 0)
	f("?by=host", 20_000, "m-00000", "m-00002")
	f("?by=host&from=10000", 20_000, "m-00001", "m-00003") // by uuid and by name
	f("?by=host&order=falling", 20_000, "m-00001", "m-00003")
	f("?by=age", 20_000, "m-19999")
	f("?by=age&order=falling", 20_000, "m-00000")
	f("?by=age&order=rising", 20_000, "m-19999")
	// What is not known is last, either way round.
	f("?by=busy", 20_000, "m-00005", "m-00010")
	f("?by=busy&order=falling", 20_000, "m-00004", "m-00009")
	f("?by=busy&order=falling&from=19999", 20_000, "m-19999")
	f("?by=said", 20_000, "m-00778", "m-00000")
}

// Going on after the last one tells of each machine that stays once, whatever
// comes and goes meanwhile.
func TestMachinesOneAfterAnother(t *testing.T) {
	f := crowded(2500)
	public, _ := newAsker(t, f)
	seen := map[string]int{}
	path := "/v1/machines?by=intent&n=1000"
	for after, asked := "", 0; ; asked++ {
		var m Machines
		at := path
		if after != "" {
			at += "&after=" + after
		}
		public.get(at, &m)
		for i := range m.Machines {
			seen[m.Machines[i].Intent]++
		}
		if after = m.Next; after == "" {
			if asked != 2 {
				t.Errorf("it took %d answers", asked+1)
			}
			break
		}
		f.turn(func(s *rubber.Status) { // the one that was told last goes, and one comes before it
			list := slices.DeleteFunc(slices.Clone(s.Machines), func(m rubber.MachineStatus) bool { return m.Intent == after })
			s.Machines = append(list, rubber.MachineStatus{Record: rubber.Record{Intent: fmt.Sprintf("a%d", asked)}})
		})
	}
	if len(seen) != 2500 {
		t.Errorf("%d machines were told", len(seen))
	}
	for intent, n := range seen {
		if n != 1 {
			t.Errorf("%s was told %d times", intent, n)
		}
	}
}

func TestMachinesThatAreNotUnderstood(t *testing.T) {
	public, _ := newAsker(t, crowded(3))
	for query, want := range map[string]string{
		"n=0": "from 1 to 1000", "n=1001": "from 1 to 1000", "n=x": "from 1 to 1000", "from=-1": "from 0", "from=x": "from 0", "trouble=no": `trouble="no"`, "order=up": `order="up"`,
		"by=colour": "no such order", "after=x": "by=intent", "after=x&by=name": "by=intent", "after=x&by=intent&from=3": "by=intent", "after=x&by=intent&order=falling": "by=intent",
		"text=" + strings.Repeat("x", maxText+1): "may have 200", "page=3": "no parameter",
	} {
		public.refused("GET", "/v1/machines?"+query, "", 400, want)
	}
	if no := public.refused("GET", "/v1/machines?by=colour", "", 400, ""); !slices.Contains(no.Known, "name") {
		t.Errorf("%+v", no)
	}
}

// Storage is told of as hosts are.
func TestStorage(t *testing.T) {
	f := &fake{}
	latency, size, used := 0.25, int64(1e12), int64(96e10)
	f.turn(func(s *rubber.Status) {
		s.Hosts.Storage = []hear.Storage{
			{UUID: "s1", Name: "ssd", Hosts: []string{"h1", "h2"}, Slow: hear.Bad, Full: hear.Bad, Latency: &latency, Size: &size, Used: &used,
				Alarms: []hear.Alarm{{Class: "sr", Object: "s1", Variable: "sr_latency", Severity: "critical", Effect: hear.Disk, Mark: hear.Bad}}},
			{UUID: "s2"},
		}
	})
	public, _ := newAsker(t, f)
	var s Status
	public.get("/v1/status", &s)
	one := s.Storage[0]
	if one.Name != "ssd" || !slices.Equal(one.Hosts, []string{"h1", "h2"}) || !slices.Equal(one.Bad, []string{"slow", "full"}) || *one.LatencyS != 0.25 || *one.Size != 1e12 || *one.Used != 96e10 ||
		one.Alarms[0].Variable != "sr_latency" || !one.Alarms[0].Known {
		t.Errorf("%+v", one)
	}
	var raw struct{ Storage []map[string]any }
	body := public.do("GET", "/v1/status", "").Body.Bytes()
	if err := json.Unmarshal(body, &raw); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"latency_s", "size_bytes", "used_bytes"} {
		if v, ok := raw.Storage[1][name]; !ok || v != nil {
			t.Errorf("%s is %v, %t: what is not known is null", name, v, ok)
		}
	}
	if !strings.Contains(string(body), `"hosts":[],"bad":[],"latency_s":null`) {
		t.Errorf("%s", body)
	}
}

// BenchmarkMachines asks for one page of 20,000 machines in an order that has
// to be made.
func BenchmarkMachines(b *testing.B) {
	s := New(Options{Controller: crowded(20_000)})
	for b.Loop() {
		c := s.crowd(s.Controller.Status())
		fit, _ := c.fit(wanted{text: "m-1"})
		slices.SortStableFunc(fit, orders["name"].falling(true))
	}
}
