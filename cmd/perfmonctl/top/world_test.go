package top

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

// begin is when the tests take place: 2026-11-22 12:04:30 UTC.
const begin = 1795349070

func ptr(v float64) *float64 { return &v }

// world is a host with VMs, as the agent would tell of it. The same seed
// makes the same one.
type world struct {
	rand *rand.Rand
	now  int64
	vms  int
}

func newWorld(vms int) *world { return &world{rand.New(rand.NewPCG(1, 2)), begin, vms} }

func vmUUID(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", 0x10000000+i) }
func srUUID(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", 0x5a000000+i) }

const hostUUID = "0a1b2c3d-0000-4000-8000-000000000000"

// noisy is a value that goes up and down by a fifth.
func (w *world) noisy(v float64) *float64 { return ptr(v * (0.8 + 0.4*w.rand.Float64())) }

// poll makes the next poll, a step later.
func (w *world) poll() *api.WatchPoll {
	w.now += 5
	o := &api.Overview{Row: w.now, Step: 5}
	o.Host = api.HostOverview{
		UUID: hostUUID, Name: "xcp-1", CPU: w.noisy(0.42), CPUs: 32, Load: w.noisy(0.7), LoadAverage: w.noisy(1.2),
		MemoryTotal: ptr(256 << 30), MemoryUsed: ptr(197 << 30), NetRx: w.noisy(12 << 20), NetTx: w.noisy(3 << 20),
		DiskRead: w.noisy(1 << 20), DiskWrite: w.noisy(4 << 20), Uptime: ptr(12*86400 + 4*3600 + 500),
	}
	for i := range w.vms {
		load := math.Pow(float64(w.vms-i)/float64(w.vms), 3)
		v := api.VMOverview{
			UUID: vmUUID(i), Name: fmt.Sprintf("%s-%02d", []string{"web", "db", "ci", "mail", "desktop"}[i%5], i/5+1),
			CPU: w.noisy(0.8 * load), CPUs: 2 << (i % 3), Contention: w.noisy(0.05 * load), Memory: ptr(float64(int64(1+i%8) << 30)),
			MemoryFree: w.noisy(300 << 20), NetRx: w.noisy(1e6 * load), NetTx: w.noisy(2e5 * load), DiskRead: w.noisy(1e5 * load), DiskWrite: w.noisy(8e5 * load),
		}
		switch i {
		case 0:
			v.Name, v.ControlDomain = "Control domain on host: xcp-1", true
		case 1:
			v.Flags = api.Flags{Firing: 1, Severity: alarm.Critical, NoData: 1}
			v.CPU = ptr(0.97 + 0.02*w.rand.Float64())
		case 2:
			v.Flags = api.Flags{Firing: 1, Severity: alarm.Warning, Maintenance: "migrating"}
		case 3:
			v.CPU, v.Memory, v.NetRx, v.NetTx, v.Contention = nil, nil, nil, nil, nil
			v.Flags = api.Flags{NoData: 2}
		case 4:
			v.Flags = api.Flags{Pending: 1}
			v.Name = "日本語のデスクトップ 🖥️ 04"
		case 7:
			v.Flags = api.Flags{Maintenance: "migrating"}
		}
		o.VMs = append(o.VMs, v)
	}
	for i, name := range []string{"Local storage", "nfs-archive"} {
		o.SRs = append(o.SRs, api.SROverview{
			UUID: srUUID(i), Name: name, Size: ptr(4 << 40), Used: ptr(float64(int64(3+i) << 39)), Read: w.noisy(2e6), Write: w.noisy(5e6), Latency: w.noisy(0.004),
		})
	}
	p := &api.WatchPoll{Head: api.Head{API: api.Version1}, Overview: o}
	p.Brief = api.Brief{State: api.StateRunning, Now: w.now, LastPoll: w.now, LastRow: w.now, Counts: api.Counts{
		Objects: w.vms + 3, VMs: w.vms, SRs: 2, Variables: 3 * w.vms, Critical: 1, Warning: 1, NoData: 3, Pending: 1, Muted: 1,
	}}
	return p
}

func (w *world) ref(i int) api.ObjectRef {
	names := map[int]string{1: "db-01", 2: "ci-01", 3: "mail-01", 4: "日本語のデスクトップ 🖥️ 04"}
	return api.ObjectRef{Class: "vm", UUID: vmUUID(i), Name: names[i]}
}

func (w *world) alarms() []api.Variable {
	cpu := []string{"cpu0", "cpu1"}
	return []api.Variable{
		{ObjectRef: w.ref(1), Variable: "cpu_usage", State: "firing", Severity: alarm.Critical, Since: begin - 700, Value: ptr(0.9712), Fold: "average", Columns: cpu, Level: 0.9, Sense: "high", Period: 300},
		{ObjectRef: w.ref(2), Variable: "network_usage", State: "firing", Severity: alarm.Warning, Since: begin - 95, Value: ptr(11534336), Level: 20 << 20, WarningLevel: ptr(10 << 20), Sense: "high", Muted: "maintenance: migrating"},
		{ObjectRef: w.ref(1), Variable: "memory_internal_free", State: "nodata", Since: begin - 4000, Level: 200000, Sense: "low"},
		{ObjectRef: w.ref(3), Variable: "cpu_usage", State: "nodata", Level: 0.9, Sense: "high"},
		{ObjectRef: w.ref(3), Variable: "disk_usage", State: "nodata", Level: 1e8, Sense: "high", Muted: "silence 5f0c3a9be1d27c48", Silence: "5f0c3a9be1d27c48"},
		{ObjectRef: w.ref(4), Variable: "cpu_usage", State: "pending", Since: begin - 60, Value: ptr(0.93), Level: 0.9, Sense: "high"},
	}
}

func (w *world) status() *api.Status {
	return &api.Status{
		Head: api.Head{API: api.Version1}, Version: "1.4.0", Source: "xapi", Step: 5, Started: begin - 90000,
		Sinks: []api.Sink{{Name: "xapi"}, {Name: "alertmanager", Away: true, Queued: 3}},
	}
}

// explained are the variables of an object.
func (w *world) explained(ref api.ObjectRef) *api.ExplainedAll {
	rows := []monitor.ExplainedRow{{T: w.now - 5, Value: ptr(0.95), Grade: "critical"}, {T: w.now, Value: ptr(0.9712), Grade: "critical"}}
	return &api.ExplainedAll{ObjectRef: ref, Variables: []*monitor.Explanation{
		{
			Class: ref.Class, UUID: ref.UUID, Name: ref.Name, Variable: "cpu_usage", Columns: []string{"cpu0", "cpu1"}, State: "firing", Severity: alarm.Critical,
			Rule: monitor.Rule{Level: 0.9, Sense: "high", Period: 300}, Since: begin - 700, Now: w.now, Step: 5, Rows: rows,
			Next: []monitor.Forecast{{If: alarm.IfCritical, Kind: alarm.KindRepeated, Severity: alarm.Critical, At: begin + 3000}, {If: alarm.IfFine, Kind: alarm.KindCleared, At: w.now + 5}},
		},
		{
			Class: ref.Class, UUID: ref.UUID, Name: ref.Name, Variable: "network_usage", Columns: []string{"vif_0_rx"}, State: "inactive",
			Rule: monitor.Rule{Level: 5e5, Sense: "high"}, Now: w.now, Step: 5, Muted: "maintenance: migrating",
			Rows: []monitor.ExplainedRow{{T: w.now, Value: ptr(123456)}},
			Next: []monitor.Forecast{{If: alarm.IfCritical, Kind: alarm.KindRaised, At: w.now + 60, Inhibited: true}},
		},
		{Class: ref.Class, UUID: ref.UUID, Name: ref.Name, Variable: "memory_internal_free", State: "nodata", Rule: monitor.Rule{Level: 200000, Sense: "low"}, Problem: "no data source of the object matches"},
	}}
}

// series is 10 min of an object, with an alarm in it.
func (w *world) series(ref api.ObjectRef, span string) *api.Series {
	s := &api.Series{ObjectRef: ref, Span: span, Step: 5, Start: w.now - 600, End: w.now}
	s.Columns = []api.SeriesColumn{
		{Name: "cpu0", Class: ref.Class, UUID: ref.UUID, Unit: "fraction"}, {Name: "cpu1", Class: ref.Class, UUID: ref.UUID, Unit: "fraction"},
		{Name: "memory", Unit: "B"}, {Name: "vif_0_rx", Unit: "B/s"},
	}
	s.Values = make([]api.Values, len(s.Columns))
	for t := s.Start + 5; t <= s.End; t += 5 {
		x := float64(t-s.Start) / 600
		load := 0.35 + 0.6/(1+math.Exp(-30*(x-0.3)))
		s.T = append(s.T, t)
		if x > 0.1 && x < 0.14 {
			load = math.NaN()
		}
		for i, v := range []float64{load, load + 0.03*math.Sin(40*x), 4 << 30, 1e5 * (1 + math.Sin(9*x))} {
			s.Values[i] = append(s.Values[i], v)
		}
	}
	s.Triggers = []api.Variable{
		{ObjectRef: ref, Variable: "cpu_usage", State: "firing", Severity: alarm.Critical, Since: s.Start + 200, Fold: "average", Columns: []string{"cpu0", "cpu1"}, Level: 0.9, WarningLevel: ptr(0.75), Sense: "high", Period: 60},
		{ObjectRef: ref, Variable: "network_usage", State: "inactive", Fold: "sum", Columns: []string{"vif_0_rx"}, Level: 5e5, Sense: "high", Period: 60},
	}
	s.Transitions = []api.Transition{{Time: s.Start + 260, Kind: alarm.KindRaised, ObjectRef: ref, Variable: "cpu_usage", State: "firing"}}
	return s
}

// server is an agent over a real socket that tells of a world.
type server struct {
	world  *world
	socket string

	mu     sync.Mutex // guards all below, and the world
	http   *httptest.Server
	polls  chan struct{} // a receive sends a poll to one watcher
	broken bool          // answers with what is not JSON
}

// serve starts an agent.
func serve(t *testing.T, w *world) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "top") // short, for the address of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &server{world: w, socket: filepath.Join(dir, "s"), polls: make(chan struct{})}
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewUnstartedServer(s)
	h.Listener.Close()
	h.Listener = l
	h.Start()
	s.mu.Lock()
	s.http = h
	s.mu.Unlock()
}

// stop ends it as a restart does: streams break off.
func (s *server) stop() {
	s.mu.Lock()
	h := s.http
	s.http = nil
	s.mu.Unlock()
	if h != nil {
		h.CloseClientConnections()
		h.Close()
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/watch" {
		s.watch(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	class, uuid, _ := strings.Cut(r.URL.Query().Get("object"), ":")
	ref := api.ObjectRef{Class: class, UUID: uuid, Name: "db-01"}
	var answer any
	switch r.URL.Path {
	case "/v1/alarms":
		answer = api.Variables{Variables: s.world.alarms()}
	case "/v1/status":
		answer = s.world.status()
	case "/v1/explain":
		answer = s.world.explained(ref)
	case "/v1/series":
		answer = s.world.series(ref, r.URL.Query().Get("span"))
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *server) watch(w http.ResponseWriter, r *http.Request) {
	send := func() {
		s.mu.Lock()
		data, _ := json.Marshal(s.world.poll())
		if s.broken {
			data = []byte("what")
		}
		s.mu.Unlock()
		fmt.Fprintf(w, ": hello\n\nevent: poll\ndata: %s\n\n", data)
		w.(http.Flusher).Flush()
	}
	for send(); ; send() {
		select {
		case <-r.Context().Done():
			return
		case <-s.polls:
		}
	}
}

// client asks an agent over its socket.
type client struct{ socket string }

func (c client) open(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", c.socket)
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://perfmon"+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return (&http.Client{Transport: transport}).Do(req)
}

func (c client) Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	resp, err := c.open(ctx, path, query)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

func (c client) Get(ctx context.Context, path string, query url.Values, into any) error {
	resp, err := c.open(ctx, path, query)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}
