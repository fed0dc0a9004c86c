package xapitest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestReplyBytes(t *testing.T) {
	c := start(t, Options{HostUUID: "h"})
	s := c.login()
	f := func(path, body, want string) {
		t.Helper()
		if status, got := c.post(XAPI, path, body); status != 200 || got != want {
			t.Errorf("%s\n got %d %s\nwant %s", body, status, got, want)
		}
	}
	host := Ref("host", "h")
	f("/jsonrpc", `{"jsonrpc":"2.0","method":"host.get_by_uuid","params":["`+s+`","h"],"id":1}`, `{"jsonrpc":"2.0","result":"`+host+`","id":1}`)
	f("/jsonrpc", `{"method":"host.get_by_uuid","params":["`+s+`","h"],"id":"x"}`, `{"result":"`+host+`","error":null,"id":"x"}`)
	f("/jsonrpc", `{"jsonrpc":"2.0","method":"host.get_by_uuid","params":["no","h"],"id":1}`,
		`{"jsonrpc":"2.0","error":{"code":1,"message":"SESSION_INVALID","data":["no"]},"id":1}`)
	f("/jsonrpc", `{"method":"VM.get_by_uuid","params":["`+s+`","gone"],"id":2}`, `{"result":null,"error":["UUID_INVALID","VM","gone"],"id":2}`)
	xml := func(method, params string) string {
		return `<?xml version='1.0'?><methodCall><methodName>` + method + `</methodName><params>` + params + `</params></methodCall>`
	}
	const before = `<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name><value>`
	const after = `</member></struct></value></param></params></methodResponse>`
	for _, path := range []string{"/", "/RPC2"} {
		f(path, xml("host.get_by_uuid", `<param><value><string>`+s+`</string></value></param><param><value>h</value></param>`),
			before+`Success</value></member><member><name>Value</name><value>`+host+`</value>`+after)
	}
	f("/", xml("PBD.nothing", `<param><value><string>no</string></value></param>`),
		before+`Failure</value></member><member><name>ErrorDescription</name><value><array><data><value>MESSAGE_METHOD_UNKNOWN</value>`+
			`<value>PBD.nothing</value></data></array></value>`+after)
	f("/", xml("pool.set_other_config", `<param><value><string>`+s+`</string></value></param><param><value><string>`+Ref("pool", UUID("pool"))+
		`</string></value></param><param><value><struct><member><name>a</name><value><string>&lt;b&gt;</string></value></member></struct></value></param>`),
		before+`Success</value></member><member><name>Value</name><value></value>`+after)
	if p, _ := c.s.Pool(); p.OtherConfig["a"] != "<b>" {
		t.Errorf("other_config is %q", p.OtherConfig)
	}

	// The emergency shape is 2.0 with an array and the id 0, whatever was asked.
	c.s.SetEmergency("HOST_STILL_BOOTING")
	for _, version := range []string{`"jsonrpc":"2.0",`, ""} {
		f("/jsonrpc", `{`+version+`"method":"session.logout","params":["`+s+`"],"id":5}`, `{"jsonrpc":"2.0","error":["HOST_STILL_BOOTING"],"id":0}`)
	}
	f("/", xml("session.logout", `<param><value>x</value></param>`),
		before+`Failure</value></member><member><name>ErrorDescription</name><value><array><data><value>HOST_STILL_BOOTING</value></data></array></value>`+after)
}

func TestUnreadable(t *testing.T) {
	c := start(t, Options{})
	f := func(path, body string) {
		t.Helper()
		status, got := c.post(XAPI, path, body)
		if status != 500 || !strings.Contains(got, "<h1>HTTP 500 internal server error</h1>") {
			t.Errorf("%s %.100q: got %d %s", path, body, status, got)
		}
	}
	f("/jsonrpc", "{")
	f("/jsonrpc", `{"jsonrpc":"2.0","method":"session.logout","params":[]}`)
	f("/jsonrpc", `{"jsonrpc":"2.0","method":"session.logout","params":[],"id":null}`)
	f("/jsonrpc", `{"jsonrpc":"2.0","params":[],"id":1}`)
	f("/", "<methodCall>")
	f("/", "<methodCall/>")
	f("/", "<methodCall><methodName>x</methodName><params><param><value><colour/></value></param></params></methodCall>")
	f("/", "<methodCall><methodName>x</methodName><params><param>"+strings.Repeat("<value><array><data>", 200))
	f("/jsonrpc", `"`+strings.Repeat("x", 301<<10)+`"`)
}

func TestFailures(t *testing.T) {
	c := start(t, Options{HostUUID: "h"})
	s := c.login()
	f := func(want, method string, params ...any) {
		t.Helper()
		if _, got := c.rpc(method, params...); got != want {
			t.Errorf("%s %q: got %q, want %q", method, params, got, want)
		}
	}
	pool := Ref("pool", UUID("pool"))
	f("MESSAGE_METHOD_UNKNOWN VM.no_such", "VM.no_such", s, "x")
	f("MESSAGE_PARAMETER_COUNT_MISMATCH host.get_by_uuid 1 0", "host.get_by_uuid", s)
	f("MESSAGE_PARAMETER_COUNT_MISMATCH host.get_by_uuid 1 2", "host.get_by_uuid", s, "a", "b")
	f("MESSAGE_PARAMETER_COUNT_MISMATCH host.get_by_uuid 1 -1", "host.get_by_uuid")
	f("MESSAGE_PARAMETER_COUNT_MISMATCH session.login_with_password 2 1", "session.login_with_password", "root")
	f("HANDLE_INVALID VM OpaqueRef:x", "VM.get_other_config", s, "OpaqueRef:x")
	f("HANDLE_INVALID VM "+pool, "VM.get_other_config", s, pool)
	f("", "pool.add_to_other_config", s, pool, "k", "v")
	f("MAP_DUPLICATE_KEY pool other_config "+pool+" k", "pool.add_to_other_config", s, pool, "k", "w")
	f("", "pool.remove_from_other_config", s, pool, "k")
	f("", "pool.add_to_other_config", s, pool, "k", "w")
	f("INTERNAL_ERROR Rpc.Runtime_error: parameter 0 is no string", "host.get_by_uuid", s, 3)
	f(`INVALID_VALUE field name a quoted string expected before "name"`, "VM.get_all_records_where", s, "field name")
	if p, _ := c.s.Pool(); p.OtherConfig["k"] != "w" {
		t.Errorf("other_config is %q", p.OtherConfig)
	}
}

func TestRecords(t *testing.T) {
	c := start(t, Options{HostUUID: "h"})
	s := c.login()
	c.s.PutVM(VM{UUID: "v1", Name: "one", PowerState: "Running", ResidentOn: "h", OtherConfig: map[string]string{"perfmon": "<config/>"}})
	c.s.PutVM(VM{UUID: "v2", Name: "two", PowerState: "Halted"})
	c.s.PutVM(VM{UUID: "t", Name: "a template", PowerState: "Halted", Template: true})
	c.s.PutSR(SR{UUID: "s", Name: "disk", Type: "lvm", ContentType: "user", PhysicalSize: 100, PhysicalUtilisation: 50})
	c.s.PutPBD(PBD{UUID: "pbd-uuid", Host: "h", SR: "s", Attached: true})
	keys := func(method string, params ...any) []string {
		t.Helper()
		r, failed := c.rpc(method, append([]any{s}, params...)...)
		m, ok := r.(map[string]any)
		if failed != "" || !ok {
			t.Fatalf("%s: %q %v", method, failed, r)
		}
		var names []string
		for _, k := range sortedKeys(m) {
			names = append(names, m[k].(map[string]any)["uuid"].(string))
		}
		return names
	}
	f := func(expr string, want int) {
		t.Helper()
		if got := keys("VM.get_all_records_where", expr); len(got) != want {
			t.Errorf("%s: got %q, want %d", expr, got, want)
		}
	}
	if got := keys("VM.get_all_records"); len(got) != 4 { // the control domain too
		t.Errorf("VMs: %q", got)
	}
	f(`field "resident_on"="`+Ref("host", "h")+`"`, 2)
	f(`field "resident_on" = "`+Ref("host", "h")+`" and (not field "is_control_domain" = "true")`, 1)
	f(`field "power_state"="Halted" and field "is_a_template"="false" or field "name__label"="one"`, 2)
	f("true", 4)
	f("false", 0)
	if got := keys("PBD.get_all_records_where", `field "host"="`+Ref("host", "h")+`"`); len(got) != 1 {
		t.Errorf("PBDs: %q", got)
	}
	value := func(method string, params ...any) any {
		t.Helper()
		r, failed := c.rpc(method, append([]any{s}, params...)...)
		if failed != "" {
			t.Fatalf("%s: %s", method, failed)
		}
		return r
	}
	sr := value("SR.get_record", value("SR.get_by_uuid", "s")).(map[string]any)
	if sr["physical_size"] != "100" || sr["physical_utilisation"] != "50" || sr["type"] != "lvm" || len(sr["PBDs"].([]any)) != 1 {
		t.Errorf("SR: %v", sr)
	}
	if got := value("VM.get_other_config", Ref("vm", "v1")).(map[string]any)["perfmon"]; got != "<config/>" {
		t.Errorf("other_config: %v", got)
	}
	if got := value("PBD.get_host", Ref("pbd", "pbd-uuid")); got != Ref("host", "h") {
		t.Errorf("PBD.get_host: %v", got)
	}
	if got := value("host.get_servertime", Ref("host", "h")); got != "20251217T19:45:47Z" {
		t.Errorf("servertime: %v", got)
	}
	_, vm := c.post(XAPI, "/jsonrpc", `{"jsonrpc":"2.0","method":"VM.get_record","params":["`+s+`","`+Ref("vm", "v1")+`"],"id":1}`)
	if len(vm) < 8<<10 || len(vm) > 12<<10 {
		t.Errorf("a VM's record has %d bytes, want about 9 KiB", len(vm))
	}
	// A dangling PBD, as the stock daemon trips over.
	c.s.PutPBD(PBD{UUID: "pbd-uuid", Host: "h", SR: "s", Attached: true, HostRef: "OpaqueRef:gone"})
	if got := value("PBD.get_host", Ref("pbd", "pbd-uuid")); got != "OpaqueRef:gone" {
		t.Errorf("PBD.get_host: %v", got)
	}
}

func TestSessions(t *testing.T) {
	now := time.Unix(epoch, 0)
	c := start(t, Options{Now: func() time.Time { return now }})
	f := func(e Endpoint, want string, params ...any) string {
		t.Helper()
		r, failed := c.rpcAt(e, "session.login_with_password", params...)
		if failed != want {
			t.Errorf("login at %s with %q: got %q, want %q", e, params, failed, want)
		}
		ref, _ := r.(string)
		return ref
	}
	f(XAPI, "", "", "")
	f(XAPI, "", "any", "one", "1.0")
	named := f(XAPI, "", "", "", "1.0", "xen-api-scripts-perfmon")
	f(TCP, "SESSION_AUTHENTICATION_FAILED root Authentication failure", "root", "wrong", "1.0", "test")
	f(TCP, "", "root", "xapitest", "1.0", "test")
	if got := fmt.Sprint(c.s.Sessions()); got != "map[:2 test:1 xen-api-scripts-perfmon:1]" {
		t.Errorf("sessions: %s", got)
	}
	status := func(session, want string) {
		t.Helper()
		if _, failed := c.rpc("pool.get_all", session); failed != want {
			t.Errorf("got %q, want %q", failed, want)
		}
	}
	status(named, "")
	now = now.Add(23 * time.Hour)
	status(named, "")
	now = now.Add(24 * time.Hour)
	status(named, "")
	now = now.Add(24*time.Hour + time.Second)
	status(named, "SESSION_INVALID "+named)

	// The 501st session of an originator ends its first.
	for range 501 {
		c.s.sessions.login("leaky", now)
	}
	if got := c.s.Sessions()["leaky"]; got != 500 {
		t.Errorf("%d sessions of one originator, want 500", got)
	}
	ref := f(XAPI, "", "", "", "1.0", "x")
	if r, failed := c.rpc("session.logout", ref); r != "" || failed != "" {
		t.Errorf("logout: %v %s", r, failed)
	}
	status(ref, "SESSION_INVALID "+ref)

	member := start(t, Options{Member: true})
	if _, got := member.rpcAt(TCP, "session.login_with_password", "root", "xapitest"); got != "HOST_IS_SLAVE 192.0.2.1" {
		t.Errorf("login at a member: %q", got)
	}
	if _, got := member.rpc("session.login_with_password", "", ""); got != "" {
		t.Errorf("login at a member's own socket: %q", got)
	}
}

func TestMessages(t *testing.T) {
	var heard []Message
	c := start(t, Options{HostUUID: "h", KeepMessages: 3, OnMessage: func(m Message) { heard = append(heard, m) }})
	s := c.login()
	f := func(want string, params ...any) string {
		t.Helper()
		r, failed := c.rpc("message.create", append([]any{s}, params...)...)
		if failed != want {
			t.Errorf("create %q: got %q, want %q", params, failed, want)
		}
		ref, _ := r.(string)
		return ref
	}
	ref := f("", "ALARM", "3", "Host", "h", "value: 0.5\nconfig:\n<variable/>\n")
	f("", "ALARM", 3, "HOST", "h", "b")
	f("UUID_INVALID VM gone", "ALARM", "3", "VM", "gone", "b")
	f(`INTERNAL_ERROR Failure("Int64.of_string")`, "ALARM", "high", "Host", "h", "b")
	f(`INTERNAL_ERROR Failure("Enum: Disk")`, "ALARM", "3", "Disk", "h", "b")
	f("MESSAGE_PARAMETER_COUNT_MISMATCH message.create 5 4", "ALARM", "3", "Host", "h")
	_, answer := c.post(XAPI, "/jsonrpc", `{"jsonrpc":"2.0","method":"message.create","params":["`+s+`","ALARM","3","Host","h","`+"\xff"+`"],"id":1}`)
	if want := `{"jsonrpc":"2.0","error":{"code":1,"message":"INVALID_VALUE","data":["UTF8 expected"]},"id":1}`; answer != want {
		t.Errorf("a body that is no UTF-8: got %s", answer)
	}
	all := c.s.Messages()
	if len(all) != 2 || len(heard) != 2 {
		t.Fatalf("%d messages, %d heard of, want 2", len(all), len(heard))
	}
	m := all[0]
	if m.Ref != ref || m.Name != "ALARM" || m.Priority != 3 || m.Class != "Host" || m.ObjUUID != "h" ||
		m.Body != "value: 0.5\nconfig:\n<variable/>\n" || m.Timestamp.Unix() != epoch || all[1].Class != "Host" {
		t.Errorf("stored %+v", m)
	}
	count := func(want int, method string, params ...any) {
		t.Helper()
		r, failed := c.rpc(method, append([]any{s}, params...)...)
		if got := len(r.(map[string]any)); got != want || failed != "" {
			t.Errorf("%s %q: got %d, want %d (%s)", method, params, got, want, failed)
		}
	}
	count(2, "message.get", "Host", "h", "20251217T19:45:46Z")
	count(0, "message.get", "Host", "h", "20251217T19:45:47Z")
	count(2, "message.get_since", "20251217T19:45:46Z")
	count(0, "message.get_since", "20251217T19:45:47Z")
	count(2, "message.get_all_records")
	count(1, "message.get_all_records_where", `field "body"="b"`)
	if _, failed := c.rpc("message.destroy", s, ref); failed != "" {
		t.Error(failed)
	}
	if _, failed := c.rpc("message.destroy", s, ref); failed != "HANDLE_INVALID message "+ref {
		t.Error(failed)
	}
	for i := range 5 {
		f("", "N", "5", "Pool", UUID("pool"), fmt.Sprint(i))
	}
	if all := c.s.Messages(); len(all) != 3 || all[0].Body != "2" || all[2].Body != "4" {
		t.Errorf("the newest three: %+v", all)
	}
	old := start(t, Options{Version: R2013, HostUUID: "h"})
	if _, failed := old.rpc("message.create", old.login(), "ALARM", "3", "HOST", "h", "b"); failed != `INTERNAL_ERROR Failure("Enum: HOST")` {
		t.Errorf("HOST in 2013: %q", failed)
	}
}
