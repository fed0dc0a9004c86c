package alertmanager

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/docs/docstest"
)

const (
	hostUUID = "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001"
	vmUUID   = "5d0d2a4c-7b7c-4e0e-8a53-0d1ab7a10001"
)

// raised is the event of the examples in docs/sinks.md.
func raised() *alarm.Event {
	return &alarm.Event{
		ID:   alarm.ID{Class: "vm", UUID: vmUUID, Variable: "cpu_usage"},
		Kind: alarm.KindRaised, HostUUID: hostUUID, PoolUUID: "c9a1d4d2-11a7-4f0f-8d5c-7e1f0c3e0001", Name: "web-07",
		Epoch: "1", Sequence: 7, Time: 1766000100, Since: 1766000040, State: "firing", Severity: alarm.Critical,
		Known: true, Value: 0.97, Level: 0.9, Period: 120, Priority: 3, TTL: 180, Labels: map[string]string{"team": "web"},
	}
}

func TestExample(t *testing.T) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	s := newSink(t, Options{URLs: []string{server.URL}})
	s.now = func() time.Time { return time.Unix(1766000105, 0) }
	if _, err := s.Deliver(t.Context(), []*alarm.Event{raised()}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	docstest.Example(t, "sinks.md", "alertmanager", "", out.String())
}
