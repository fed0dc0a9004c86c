package alarm

import (
	"bytes"
	"encoding/json"
	"testing"

	"perfmon/docs/docstest"
)

// TestEventsPage keeps the examples of docs/events.md true.
func TestEventsPage(t *testing.T) {
	raised := Event{
		ID:   ID{Class: "vm", UUID: "5d0d2a4c-7b7c-4e0e-8a53-0d1ab7a10001", Variable: "cpu_usage"},
		Kind: KindRaised, HostUUID: "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001", PoolUUID: "c9a1d4d2-11a7-4f0f-8d5c-7e1f0c3e0001",
		Name: "web-07", Epoch: "9f3c2a17", Sequence: 41, Time: 1766000100, Since: 1766000040, State: Firing.String(), Severity: Critical,
		Known: true, Value: 0.97, Level: 0.9, Period: 120, Priority: 3, TTL: 180, Labels: map[string]string{"team": "web"},
	}
	cleared := raised
	cleared.Kind, cleared.State, cleared.Sequence, cleared.Time = KindCleared, Inactive.String(), 42, 1766000460
	cleared.Since, cleared.Value, cleared.Reason = 0, 0.41, ReasonLevel
	nodata := raised
	nodata.Kind, nodata.State, nodata.Sequence, nodata.Time = KindNoData, NoData.String(), 43, 1766004060
	nodata.Since, nodata.Known, nodata.Severity = 0, false, ""
	state := raised
	state.Kind, state.Announce, state.Time = KindState, 1766000160, 1766000160
	show := func(name string, event []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := json.Indent(&out, event, "", "  "); err != nil {
			t.Fatal(err)
		}
		docstest.Example(t, "events.md", name, "json", out.String())
	}
	for _, e := range []*Event{&raised, &cleared, &nodata, &state} {
		b, err := e.CloudEvent()
		show(string(e.Kind), b, err)
	}

	number := func(v float64) *float64 { return &v }
	beat := Heartbeat{
		HostUUID: raised.HostUUID, PoolUUID: raised.PoolUUID, Name: "xen-03", Epoch: raised.Epoch, Sequence: 812, Time: 1766000105, TTL: 30,
		Pressure: &Pressure{
			Row: 1766000100, CPUUsage: number(0.62), CPULoad: number(1.4), CPUContention: number(0.05), CPUContentionMax: number(0.21),
			MemoryFree: number(17179869184), MemoryTotal: number(137438953472),
			Storage: []StoragePressure{{
				UUID: "3f0a51c2-7c1e-4c86-9a0e-5a0a3ce30001", Name: "ssd", Latency: number(0.0021), Size: number(1099511627776), Used: number(769658139444),
			}},
			Firing: 1, Watched: 96, Alarms: []FiringAlarm{{Class: "vm", UUID: raised.UUID, Variable: "cpu_usage", Severity: Critical}},
		},
	}
	b, err := beat.CloudEvent()
	show("heartbeat", b, err)
}
