package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	var out bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(&out, "%s %s %s\n", r.Method, r.URL.Path, r.Proto)
		for _, name := range []string{"Content-Type", TimestampHeader, SignatureHeader} {
			fmt.Fprintf(&out, "%s: %s\n", name, r.Header.Get(name))
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintln(&out)
		if err := json.Indent(&out, body, "", "  "); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	s := newSink(t, Options{URL: server.URL + "/alarms", Secret: "a shared secret"})
	s.now = func() time.Time { return time.Unix(1766000105, 0) }
	if _, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()}); err != nil {
		t.Fatal(err)
	}
	docstest.Example(t, "sinks.md", "webhook", "", out.String())
}
