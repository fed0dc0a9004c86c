package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestMistakesInTheSettings: a mistake costs the sink that it is in, and not
// what already waits for it; the alarms go on.
func TestMistakesInTheSettings(t *testing.T) {
	t.Parallel()
	var open atomic.Bool
	got := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !open.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		got <- struct{}{}
	}))
	defer server.Close()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	flags := []string{"--source", "xapi", "-s", "5", "--settings-file", p.path("perfmon.yaml")}
	p.write("perfmon.yaml", "sinks: {pager: {kind: webhook, url: "+server.URL+"}}")
	a := p.start(flags...)
	p.messages(1)
	a.waitPage(`perfmon_sink_queued\{sink="pager"\} 1`)
	a.stop(syscall.SIGTERM)

	p.write("perfmon.yaml", "sinks: {pager: {kind: webhook, ulr: "+server.URL+"}, x: 1}")
	a = p.start(flags...)
	a.waitLog(1, `level=ERROR msg="PERFMON: settings, left out: .*perfmon.yaml:1:32: error: sinks.pager.ulr: unknown key; fix: did you mean url\?"`)
	a.waitPage(`perfmon_settings_errors 3`)
	a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
	p.configure("host", p.sim.HostUUID(), cpuAbove(0.2))
	p.messages(2)
	a.stop(syscall.SIGTERM)

	open.Store(true)
	p.write("perfmon.yaml", "sinks: {pager: {kind: webhook, url: "+server.URL+"}}")
	a = p.start(flags...)
	<-got
	a.waitPage(`perfmon_sink_queued\{sink="pager"\} 0`)
	a.stop(syscall.SIGTERM)
}
