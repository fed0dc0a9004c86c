package alarm

import "testing"

func TestHeartbeat(t *testing.T) {
	share := 0.25
	h := &Heartbeat{
		HostUUID: "b0cc7f0e", PoolUUID: "c9a1d4d2", Name: "xen-03", Epoch: "e1", Sequence: 7, Time: 1766000105, TTL: 30,
		Pressure: &Pressure{
			Row: 1766000100, CPUUsage: &share, Firing: 1, Watched: 12,
			Storage: []StoragePressure{{UUID: "s", Name: "ssd", Latency: &share}},
			Alarms:  []FiringAlarm{{Class: "vm", UUID: "u", Variable: "cpu_usage", Severity: Critical}},
		},
	}
	got, err := h.CloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"specversion":"1.0","id":"b0cc7f0e/heartbeat/e1/7","source":"/perfmon/host/b0cc7f0e","type":"perfmon.heartbeat.v1",` +
		`"time":"2025-12-17T19:35:05Z","datacontenttype":"application/json","data":{"sequence":7,"ttl_s":30,"host_uuid":"b0cc7f0e",` +
		`"pool_uuid":"c9a1d4d2","name_label":"xen-03","pressure":{"row":1766000100,"cpu_usage":0.25,"cpu_load":null,"cpu_contention":null,` +
		`"cpu_contention_max":null,"memory_free_bytes":null,"memory_total_bytes":null,` +
		`"storage":[{"uuid":"s","name_label":"ssd","latency_seconds":0.25,"size_bytes":null,"used_bytes":null}],"firing":1,` +
		`"alarms":[{"class":"vm","uuid":"u","variable":"cpu_usage","severity":"critical"}],"watched":12}}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := h.Route(), "perfmon.heartbeat.v1.b0cc7f0e"; got != want {
		t.Errorf("route %q, want %q", got, want)
	}
}
