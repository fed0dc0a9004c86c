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
	"perfmon/alarm/sink/internal/sinkcheck"
	"perfmon/docs/docstest"
)

func TestExample(t *testing.T) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	s := newSink(t, Options{URLs: []string{server.URL}})
	s.now = func() time.Time { return time.Unix(1766000105, 0) }
	if _, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	docstest.Example(t, "sinks.md", "alertmanager", "", out.String())
}
