package metrics

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
)

// gathered has the values of a collector, by name and type.
func gathered(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		v := m.GetGauge().GetValue()
		if f.GetType() == dto.MetricType_COUNTER {
			v = m.GetCounter().GetValue()
		}
		all[f.GetName()+" "+f.GetType().String()] = v
	}
	return all
}

// TestProcess compares with what client_golang says of this process.
func TestProcess(t *testing.T) {
	before := gathered(t, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	got := gathered(t, NewProcess())
	after := gathered(t, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	slack := map[string]float64{
		"process_cpu_seconds_total COUNTER":   0.02, // two ticks
		"process_start_time_seconds GAUGE":    1.01, // the start of the host is told in seconds
		"process_resident_memory_bytes GAUGE": 32 << 20,
		"process_virtual_memory_bytes GAUGE":  256 << 20,
		"process_open_fds GAUGE":              2, // files of whoever counts
	}
	for name, v := range before {
		g, ok := got[name]
		if d := slack[name]; !ok || g < v-d || g > after[name]+d {
			t.Errorf("%s is %v, %v; client_golang has %v and then %v", name, g, ok, v, after[name])
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("more than client_golang has: %v", got)
	}
}

// TestProcessWithoutProc: what cannot be had is left out.
func TestProcessWithoutProc(t *testing.T) {
	p := NewProcess()
	p.proc = t.TempDir()
	for name, text := range map[string]string{"stat": "1 (x) S", "statm": "1\n", "net/netstat": "IpExt: InOctets\nIpExt:\n"} {
		path := filepath.Join(p.proc, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := gathered(t, p)
	delete(got, "process_cpu_seconds_total COUNTER")
	delete(got, "process_max_fds GAUGE")
	delete(got, "process_virtual_memory_max_bytes GAUGE")
	if diff := cmp.Diff(map[string]float64{}, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseProcess(t *testing.T) {
	const stat = "4711 (a) b) S 1 4711 4711 0 -1 4194560 1563 0 3 0 27 12 0 0 20 0 9 0 123456 1268000 400"
	if ticks, ok := parseStart([]byte(stat)); !ok || ticks != 123456 {
		t.Errorf("start %v, %v", ticks, ok)
	}
	if v, r, ok := parseStatm([]byte("309643 4013 2105 2254 0 9840 0\n")); !ok || v != 309643 || r != 4013 {
		t.Errorf("sizes %v %v, %v", v, r, ok)
	}
	const netstat = "TcpExt: A InOctets\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets InPkts\nIpExt: 0 1299103 2140563 7\n"
	if in, out, ok := parseNetstat([]byte(netstat)); !ok || in != 1299103 || out != 2140563 {
		t.Errorf("octets %v %v, %v", in, out, ok)
	}
	for _, bad := range []string{"", "IpExt:", "IpExt: InOctets OutOctets\n", "IpExt: InOctets OutOctets\nIpExt: 1", "IpExt: InOctets OutOctets\nIpExt: 1 x\n", "IpExt: InOctets OutOctets\nTcpExt: 1 2\n"} {
		if _, _, ok := parseNetstat([]byte(bad)); ok {
			t.Errorf("%q was read", bad)
		}
	}
}
