package xapitest

import (
	"fmt"
	"strings"
	"testing"
)

// from asks for events and returns them as "operation class name" each, and
// the token.
func (c client) from(session string, classes []string, token string, timeout float64) (string, string) {
	c.t.Helper()
	r, failed := c.rpc("event.from", session, classes, token, timeout)
	if failed != "" {
		return failed, ""
	}
	m := r.(map[string]any)
	var events []string
	for _, e := range m["events"].([]any) {
		e := e.(map[string]any)
		name := ""
		if snapshot, ok := e["snapshot"].(map[string]any); ok {
			name = fmt.Sprint(snapshot["uuid"])
			if e["class"] == "message" {
				name = fmt.Sprint(snapshot["body"])
			}
		}
		events = append(events, strings.TrimSpace(fmt.Sprintf("%s %s %s", e["operation"], e["class"], name)))
	}
	return strings.Join(events, ", "), m["token"].(string)
}

func TestEvents(t *testing.T) {
	c := start(t, Options{HostUUID: "h", ControlDomainUUID: "dom0"})
	s := c.login()
	token := ""
	f := func(classes, want string) {
		t.Helper()
		var got string
		got, next := c.from(s, strings.Fields(classes), token, 0)
		if got != want {
			t.Errorf("from %q: got %q, want %q", classes, got, want)
		}
		token = next
	}
	f("host VM", "add host h, add vm dom0")
	f("host vm", "")
	c.s.PutVM(VM{UUID: "v"})
	c.s.PutSR(SR{UUID: "s"})
	c.s.Touch("vm", "dom0")
	f("vm", "add vm v, mod vm dom0")
	if err := c.s.SetOtherConfig("vm", "v", "perfmon", "<config/>"); err != nil {
		t.Fatal(err)
	}
	f("vm/"+Ref("vm", "dom0"), "")
	f("vm/"+Ref("vm", "v"), "mod vm v")
	c.s.Delete("vm", "v")
	f("vm", "del vm")
	// What came and went between two calls is not announced.
	c.s.PutVM(VM{UUID: "brief"})
	c.s.Delete("vm", "brief")
	f("*", "")
	c.rpc("message.create", s, "ALARM", "3", "Host", "h", "hot")
	f("message", "add message hot")
	f("message", "")

	token = ""
	f("*", "add message hot, add host h, add pool "+UUID("pool")+", add vm dom0, add sr s")
	if len(token) != 41 || token[20] != ',' {
		t.Errorf("token %q: want two numbers of 20 digits", token)
	}
	for _, bad := range []string{"x", "1", "1,2,3", "1,y"} {
		if got, _ := c.from(s, []string{"vm"}, bad, 0); got != "EVENT_FROM_TOKEN_PARSE_FAILURE "+bad {
			t.Errorf("token %q: got %q", bad, got)
		}
	}
	old := token
	c.s.LoseEvents()
	if got, _ := c.from(s, []string{"vm"}, old, 0); got != "EVENTS_LOST" {
		t.Errorf("after a loss: got %q", got)
	}
	if got, _ := c.from(s, []string{"host"}, "", 0); got != "add host h" {
		t.Errorf("from the beginning after a loss: got %q", got)
	}
}

func TestEventsAreWaitedFor(t *testing.T) {
	c := start(t, Options{HostUUID: "h"})
	s := c.login()
	_, token := c.from(s, []string{"host"}, "", 0)
	got := make(chan string)
	wait := func() {
		events, _ := c.from(s, []string{"host"}, token, 60)
		got <- events
	}
	go wait()
	c.s.Touch("pool", UUID("pool")) // of no interest
	c.s.Touch("host", "h")
	if events := <-got; events != "mod host h" {
		t.Errorf("got %q", events)
	}
	_, token = c.from(s, []string{"host"}, token, 0)
	if events, next := c.from(s, []string{"host"}, token, 0.01); events != "" || next != token {
		t.Errorf("after the timeout: got %q and token %q, want none and %q", events, next, token)
	}
	// A session that ends takes its waiting calls along.
	go wait()
	if err := c.s.WaitFor(t.Context(), func() bool { return c.s.InFlight("event.from") > 0 }); err != nil {
		t.Fatal(err)
	}
	c.s.EndSessions()
	if events := <-got; events != "SESSION_INVALID "+s {
		t.Errorf("after the end of the session: got %q", events)
	}
}

func TestChangedHostUUID(t *testing.T) {
	c := start(t, Options{HostUUID: "old", ControlDomainUUID: "dom0"})
	c.s.AddRow(epoch/5*5, 5, Sample{"host", "old", "cpu0", 1})
	c.s.ChangeHostUUID("new")
	if legend, _ := c.newest("/rrd_updates?start=-10&host=true"); legend != "host:new:cpu0" {
		t.Errorf("rows: %q", legend)
	}
	if v, _ := c.s.VM("dom0"); v.ResidentOn != "new" || c.s.HostUUID() != "new" {
		t.Errorf("the control domain is on %q, the host is %q", v.ResidentOn, c.s.HostUUID())
	}
	if p, _ := c.s.Pool(); p.Coordinator != "new" {
		t.Errorf("the coordinator is %q", p.Coordinator)
	}
	if _, ok := c.s.Host("old"); ok {
		t.Error("the old host is still there")
	}
}
