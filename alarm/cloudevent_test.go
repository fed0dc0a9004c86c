package alarm

import (
	"encoding/json"
	"testing"
)

func example() *Event {
	return &Event{
		ID:   ID{Class: "vm", UUID: "5d0d2a4c-0000-4000-8000-000000000001", Variable: "cpu_usage"},
		Kind: KindRaised, HostUUID: "h", PoolUUID: "p", Name: "web-07", Epoch: "e1", Sequence: 7,
		Time: 1766000100, Since: 1766000040, State: "firing", Severity: Critical, Known: true, Value: 0.97, Level: 0.9,
		Period: 120, Priority: 3, TTL: 180, Labels: map[string]string{"team": "web"}, Body: "secret body",
	}
}

func TestCloudEvent(t *testing.T) {
	f := func(name string, change func(*Event), want string) {
		t.Helper()
		e := example()
		change(e)
		got, err := e.CloudEvent()
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s\n got  %s\n want %s", name, got, want)
		}
		if !json.Valid(got) {
			t.Errorf("%s: not JSON", name)
		}
	}
	f("raised", func(*Event) {}, `{"specversion":"1.0","id":"h/vm/5d0d2a4c-0000-4000-8000-000000000001/cpu_usage/e1/7","source":"/perfmon/host/h",`+
		`"type":"perfmon.alarm.raised.v1","subject":"vm/5d0d2a4c-0000-4000-8000-000000000001/cpu_usage","time":"2025-12-17T19:35:00Z","datacontenttype":"application/json",`+
		`"data":{"state":"firing","sequence":7,"ttl_s":180,"variable":"cpu_usage","value":0.97,"level":0.9,"sense":"high","period_s":120,"since":"2025-12-17T19:34:00Z",`+
		`"priority":3,"severity":"critical","inhibited":false,"silenced":false,"host_uuid":"h","pool_uuid":"p","name_label":"web-07","labels":{"team":"web"}}}`)
	f("an announcement of an unknown value", func(e *Event) {
		e.Kind, e.Announce, e.Known, e.Since, e.Low, e.Labels, e.Reason = KindState, 3, false, 0, true, nil, ReasonUnknown
	}, `{"specversion":"1.0","id":"h/vm/5d0d2a4c-0000-4000-8000-000000000001/cpu_usage/e1/7/state/3","source":"/perfmon/host/h",`+
		`"type":"perfmon.alarm.state.v1","subject":"vm/5d0d2a4c-0000-4000-8000-000000000001/cpu_usage","time":"2025-12-17T19:35:00Z","datacontenttype":"application/json",`+
		`"data":{"state":"firing","sequence":7,"ttl_s":180,"variable":"cpu_usage","value":null,"level":0.9,"sense":"low","period_s":120,"since":null,`+
		`"priority":3,"severity":"critical","inhibited":false,"silenced":false,"reason":"unknown","host_uuid":"h","pool_uuid":"p","name_label":"web-07","labels":{}}}`)
}

func TestRoute(t *testing.T) {
	e := example()
	e.Variable = "a.b c*d>e#f"
	if got := e.Route(); got != "perfmon.alarm.v1.h.vm.5d0d2a4c-0000-4000-8000-000000000001.a_b_c_d_e_f" {
		t.Error(got)
	}
	if got := token(""); got != "_" {
		t.Errorf("an empty token is %q", got)
	}
}
