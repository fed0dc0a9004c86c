package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"perfmon/cmd/internal/settings"
	"perfmon/docs/docstest"
	"perfmon/monitor"
)

// TestDocsOwnMetrics keeps the end of docs/metrics.md true: what the agent says
// of itself besides what its loop says.
func TestDocsOwnMetrics(t *testing.T) {
	log, reg := slog.New(slog.NewTextHandler(io.Discard, nil)), &docstest.Registry{}
	reg.MustRegister(sourceInfo("xapi"), settingsErrors(0))
	o := &options{controlSocket: fmt.Sprintf("@perfmon-docs-%d", os.Getpid())}
	socket, err := openControl(o, &sockets{}, log, reg)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	j, err := openJournal(t.TempDir(), log, reg)
	if err != nil {
		t.Fatal(err)
	}
	h := xapiHost(o, j, log, reg)
	defer h.close()
	cfg, err := settings.Load(filepath.Join(t.TempDir(), "none.yaml"), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	sinks, err := openSinks(cfg, false, h, j, log, reg)
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(j, h.name, sinks, log)
	defer s.close()
	newHeartbeats(func() *monitor.Snapshot { return nil }, s.Epoch, log, reg)
	if _, err := newShadower(&options{shadow: true}, h, log, io.Discard, reg); err != nil {
		t.Fatal(err)
	}
	docstest.Text(t, "metrics.md", "agent", reg.Table())
}
