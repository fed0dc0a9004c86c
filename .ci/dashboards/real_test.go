//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm/sink/sinktest"
	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// TestReal asks a real Prometheus, that scrapes real agents, every query of
// every dashboard and rule. One agent has a simulated toolstack with all that
// a new one records, the other this host's /proc.
func TestReal(t *testing.T) {
	w := newWorld(t)
	w.waitFor(`count(up{job="perfmon"} == 1) == 2`)
	w.waitFor(`count(xen_host_cpu_usage_average_ratio{job="perfmon"} and on (instance) xen_host_info) == 2`)
	w.waitFor(`min(perfmon_rows_total{job="perfmon"}) >= 3`)
	w.waitFor(`max(perfmon_alarm_state{state="firing"}) == 1 and max(perfmon_alarm_state{state="nodata"}) == 1`)
	w.waitFor(`min(sum by (instance) (increase(perfmon_polls_total{result="ok"}[10s]))) > 0`)
	w.waitFor(`count(increase(perfmon_heartbeats_total{result="sent"}[10s])) == 2`)
	w.waitFor(`count(host_sr:xen_latency:seconds) > 0 and count(ALERTS) > 0`)

	t.Run("dashboards", w.testDashboards)
	t.Run("rules", w.testRules)
	t.Run("relabelling", w.testRelabelling)
}

// TestPromtool has Prometheus's own tool check the rules and run their tests.
func TestPromtool(t *testing.T) {
	for _, args := range [][]string{
		append([]string{"check", "rules"}, files(t, "*.rules.yml")...),
		append([]string{"test", "rules"}, files(t, "tests/*.test.yml")...),
		append([]string{"check", "rules"}, files(t, "../rubber/prometheus/*.rules.yml")...),
		append([]string{"test", "rules"}, files(t, "../rubber/prometheus/tests/*.test.yml")...),
	} {
		if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args[:2], " "), err, out)
		}
	}
}

// mayBeEmpty are queries without an answer here, and why.
var mayBeEmpty = []struct{ part, reason string }{
	{`xen_host_disk_latency_seconds`, "unknown while a disk has nothing to do"},
}

// emptyIsFine says why a query need not have an answer.
func (w *world) emptyIsFine(expr string) string {
	for _, e := range mayBeEmpty {
		if strings.Contains(expr, e.part) {
			return e.reason
		}
	}
	if _, err := os.Stat("/proc/pressure/io"); err != nil && strings.Contains(expr, "xen_host_pressure_ratio") {
		return "this kernel has no pressure stall information"
	}
	if n, err := w.count("xen_host_disk_requests_per_second", false); err == nil && n == 0 && strings.Contains(expr, "xen_host_disk_") {
		return "this machine has no disk"
	}
	return ""
}

func (w *world) testDashboards(t *testing.T) {
	for name, m := range read(t) {
		values := w.variables(t, name, m)
		for _, q := range m.queries() {
			expr := values.Replace(q.expr)
			n, reason, err := w.answers(expr, q.instant)
			switch {
			case err != nil:
				t.Errorf("%s: %s: %v\n%s", name, q.where, err, expr)
			case n == 0 && reason == "":
				t.Errorf("%s: %s has no answer:\n%s", name, q.where, expr)
			case n == 0:
				t.Logf("%s: %s has no answer: %s", name, q.where, reason)
			}
		}
	}
}

// variables chooses all values of each variable, found as Grafana finds them,
// and returns what puts them into a query.
func (w *world) variables(t *testing.T, name string, m model) *strings.Replacer {
	t.Helper()
	known := []string{"$__rate_interval", "10s"}
	for _, v := range m.Templating.List {
		switch v.Type {
		case "custom":
			known = append(known, "$"+v.Name, v.Options[0].Value)
		case "query":
			pattern := regexp.MustCompile(strings.ReplaceAll(strings.Trim(v.Regex, "/"), "?<", "?P<"))
			all := strings.NewReplacer(known...).Replace(v.expr())
			answers, err := w.complete(all)
			if err != nil {
				t.Fatalf("%s: variable %s: %v", name, v.Name, err)
			}
			var values []string
			for _, a := range answers {
				if found := pattern.FindStringSubmatch(a.text()); found != nil {
					values = append(values, regexp.QuoteMeta(found[pattern.SubexpIndex("value")]))
					if i := pattern.SubexpIndex("text"); i >= 0 && found[i] == "" {
						t.Errorf("%s: variable %s: no text in %s", name, v.Name, a.text())
					}
				}
			}
			if len(values) == 0 || len(values) != len(answers) {
				t.Errorf("%s: variable %s: %d values in the %d answers to %s", name, v.Name, len(values), len(answers), all)
			}
			// As Grafana's "regex" format has it, within a string of PromQL.
			known = append(known, "$"+v.Name, "("+strings.ReplaceAll(strings.Join(values, "|"), `\`, `\\`)+")")
		}
	}
	// The longest name first: $variable is not $v.
	pairs := [][2]string{}
	for i := 0; i < len(known); i += 2 {
		pairs = append(pairs, [2]string{known[i], known[i+1]})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	flat := []string{}
	for _, p := range pairs {
		flat = append(flat, p[0], p[1])
	}
	return strings.NewReplacer(flat...)
}

// selector is a part of a rule that names series.
var selector = regexp.MustCompile(`\b((?:xen|perfmon|process|scrape)_[a-z0-9_]+|up|[a-z_]+:[a-z_]+(?::[a-z_]+)?)\b(\{[^}]*\})?`)

// testRules demands an answer to what is recorded, and to every selector of an
// alert; an alert itself has one only while something is wrong.
func (w *world) testRules(t *testing.T) {
	for file, list := range rules(t) {
		for _, r := range list {
			asked := []string{r.Expr}
			if r.Alert != "" {
				if _, err := w.query(r.Expr); err != nil {
					t.Errorf("%s: %s: %v", file, r.Alert, err)
				}
				asked = selector.FindAllString(r.Expr, -1)
			}
			if len(asked) == 0 {
				t.Errorf("%s: %s asks for nothing", file, r.Alert)
			}
			for _, expr := range asked {
				if n, reason, err := w.answers(expr, true); err != nil || n == 0 && reason == "" {
					t.Errorf("%s: %s%s: %d answers, %v:\n%s", file, r.Record, r.Alert, n, err, expr)
				}
			}
		}
	}
	for _, name := range []string{"PerfmonAlarm", "PerfmonAlarmNoData", "PerfmonConfigErrors", "XenVMCPUContention"} {
		if n, _, err := w.answers(`ALERTS{alertname="`+name+`",name!=""}`, true); err != nil || n == 0 {
			t.Errorf("the alert %s is neither pending nor firing: %v", name, err)
		}
	}
}

// testRelabelling demands every name that a snippet gives.
func (w *world) testRelabelling(t *testing.T) {
	for job, want := range map[string][]string{
		"xen-orchestra": {
			"xcp_host_load_average", "xcp_host_load", "xcp_host_memory_free_bytes", "xcp_host_memory_total_bytes", "xcp_host_memory_reclaimed_bytes",
			"xcp_host_memory_reclaimed_max_bytes", "xcp_host_cpu_average", `xcp_host_cpu_core_usage{core="0",type="host"}`, "xcp_host_network_aggregated_receive_bytes",
			"xcp_host_network_aggregated_transmit_bytes", `xcp_host_network_receive_bytes_total{interface="eth0"}`, `xcp_host_network_transmit_bytes_total{interface="eth0"}`,
			`xcp_host_disk_iops_read{sr=~"[0-9a-f]{8}"}`, "xcp_host_disk_iops_write", "xcp_host_disk_iops_total", "xcp_host_disk_throughput_read_bytes",
			"xcp_host_disk_throughput_write_bytes", "xcp_host_disk_throughput_total_bytes", "xcp_host_disk_read_latency_seconds", "xcp_host_disk_write_latency_seconds",
			"xcp_host_disk_latency_seconds", "xcp_host_disk_iowait", "xcp_host_power_consumption_watts", "xcp_host_running_vcpus",
			"xcp_vm_memory_bytes", "xcp_vm_memory_internal_free_bytes", "xcp_vm_memory_target_bytes", `xcp_vm_cpu_usage{type="vm"}`, `xcp_vm_cpu_core_usage{core="0"}`,
			`xcp_vm_runstate_fullrun{state=""}`, "xcp_vm_runstate_full_contention", "xcp_vm_runstate_partial_run", "xcp_vm_runstate_partial_contention",
			"xcp_vm_runstate_concurrency_hazard", "xcp_vm_runstate_blocked", `xcp_vm_network_receive_bytes_total{vif="0"}`, "xcp_vm_network_transmit_bytes_total",
			"xcp_vm_network_receive_errors_total", "xcp_vm_network_transmit_errors_total", `xcp_vm_disk_read_bytes_total{device="xvda"}`, "xcp_vm_disk_write_bytes_total",
			"xcp_vm_disk_iops_read", "xcp_vm_disk_iops_write", "xcp_vm_disk_iops_total", "xcp_vm_disk_read_latency_seconds", "xcp_vm_disk_write_latency_seconds",
			"xcp_vm_disk_latency_seconds", "xcp_vm_disk_throughput_read_bytes", "xcp_vm_disk_throughput_write_bytes", "xcp_vm_disk_throughput_total_bytes",
			"xcp_vm_disk_iowait", "xcp_vm_disk_inflight", "xcp_vm_disk_queue_size",
			`xcp_sr_physical_size_bytes{sr_uuid!="",uuid=""}`, "xcp_sr_physical_usage_bytes",
		},
		"xen-exporter": {
			"xen_host_loadavg", "xen_host_hostload", "xen_host_running_vcpus", "xen_host_running_domains", `xen_host_cpu{cpu="0",host!="",host_uuid!=""}`, "xen_host_cpu_avg",
			"xen_host_memory_reclaimed", "xen_host_memory_reclaimed_max", `xen_host_pif_rx{pif="aggr"}`, `xen_host_pif_tx{pif="eth0"}`, "xen_host_read", "xen_host_write",
			"xen_host_iops_read", "xen_host_iops_write", "xen_host_iops_total", "xen_host_iowait", "xen_host_inflight", "xen_host_avgqu_sz", "xen_host_dcmi_power_reading",
			"xen_host_pool_session_count", "xen_host_pool_task_count", "xen_host_xapi_open_fds",
			`xen_vm_cpu{cpu="0",vm!="",vm_uuid!="",host!=""}`, "xen_vm_cpu_usage", "xen_vm_runstate_fullrun", "xen_vm_memory", "xen_vm_memory_target", `xen_vm_vif_rx{vif="0"}`, "xen_vm_vif_tx",
			"xen_vm_vif_rx_errors", "xen_vm_vif_tx_errors", `xen_vm_vbd_read{vbd="xvda"}`, "xen_vm_vbd_write", "xen_vm_vbd_iops_read", "xen_vm_vbd_iops_write",
			"xen_vm_vbd_iops_total", "xen_vm_vbd_iowait", "xen_vm_vbd_inflight", "xen_vm_vbd_avgqu_sz", `xen_sr_physical_size{sr_uuid!="",sr!=""}`, "xen_sr_physical_utilization",
		},
	} {
		for _, name := range want {
			base, matchers, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
			if n, _, err := w.answers(base+`{job="`+job+`",`+matchers+`}`, true); err != nil || n == 0 {
				t.Errorf("relabel-%s.yml gives no %s: %v", job, name, err)
			}
		}
		for _, ours := range []string{"xen_host_load_average", "xen_vm_info", "perfmon_objects", "go_goroutines"} {
			if n, _ := w.count(ours+`{job="`+job+`"}`, true); n > 0 {
				t.Errorf("relabel-%s.yml leaves %s", job, ours)
			}
		}
	}
	// What the community's dashboard asks for, in its units and with names.
	for _, expr := range []string{
		`xen_host_loadavg{job="perfmon",host="host"}`, `xen_host_cpu{job="perfmon",host="host",cpu="0"}`, `xen_vm_cpu{job="perfmon",host="host",vm="web-01"}`,
		`xen_vm_memory{job="perfmon",host="host",vm="web-01",vm_uuid!=""} - xen_vm_memory_internal_free{job="perfmon"} * 1024 > 2^20`,
		`xen_host_pif_rx{job="perfmon",pif="aggr",host="host"}`, `xen_host_pif_tx{job="perfmon",pif="aggr",host="host"}`,
		`xen_vm_vif_rx{job="perfmon",vm="web-01",vif="0"}`, `xen_vm_vif_tx{job="perfmon",vm="web-01",vif="0"}`,
		`0.1 < xen_host_io_throughput_read{job="perfmon",sr="local-1"} < 100`, `0.1 < xen_host_io_throughput_write{job="perfmon",sr="local-1"} < 100`,
		`0.01 < xen_vm_vbd_io_throughput_read{job="perfmon",vm="web-01",vbd="xvda"} < 100`, `0.01 < xen_vm_vbd_io_throughput_write{job="perfmon",vm="web-01",vbd="xvda"} < 100`,
		`10 < xen_vm_vbd_latency{job="perfmon",vbd="xvda"} < 1e6`, `10 < xen_vm_vbd_read_latency{job="perfmon",vbd="xvda"} < 1e6`, `10 < xen_vm_vbd_write_latency{job="perfmon",vbd="xvda"} < 1e6`,
		`xen_vm_vbd_iops_read{job="perfmon",vm="web-01",vbd="xvda"}`, `xen_vm_vbd_iops_write{job="perfmon",vm="web-01",vbd="xvda"}`,
		`xen_sr_physical_size{job="perfmon",sr="local-1"}`, `xen_sr_physical_utilization{job="perfmon",sr="local-1"}`, `xen_collector_duration_seconds{job="perfmon"}`,
	} {
		if n, _, err := w.answers(expr, true); err != nil || n == 0 {
			t.Errorf("xen-exporter.rules.yml: no answer to %s: %v", expr, err)
		}
	}
}

// world is two agents and the Prometheus that scrapes them.
type world struct {
	t    *testing.T
	dir  string
	url  string         // of Prometheus
	nats *sinktest.NATS // takes alarms and heartbeats
	vain bool           // something was waited for in vain: nothing else is
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// Socket paths are short: not under the test's own directory.
	dir, err := os.MkdirTemp("", "dashboards-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{t: t, dir: dir, nats: sinktest.StartNATS(t, nil)}
	perfmon := filepath.Join(dir, "perfmon")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", perfmon, "perfmon/cmd/perfmon").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	triggers, err := filepath.Abs(filepath.Join(root, "packaging/triggers"))
	if err != nil {
		t.Fatal(err)
	}
	s := w.toolstack()
	a := w.agent(perfmon, "a", "--source", "xapi", "--rrdstep", "5", "--interval", "1", "--triggers", filepath.Join(dir, "none"), "--xapi-socket", s.Addr(xapitest.XAPI),
		"--rrdd-socket", s.Addr(xapitest.RRDD), "--xapi-http", s.Addr(xapitest.TCP), "--host-uuid", s.HostUUID())
	b := w.agent(perfmon, "b", "--source", "local", "--triggers", triggers)
	w.prometheus(a, b)
	return w
}

// toolstack is a simulated one, with columns that the generated load does not
// have, and alarms of every kind.
func (w *world) toolstack() *xapitest.Server {
	w.t.Helper()
	s := xapitest.New(xapitest.Options{Dir: w.dir, History: 10 * time.Minute})
	load := s.Generate(xapitest.LoadOptions{VMs: 5, SRs: 4, Seed: 1})
	constant := func(class, uuid, name string, v float64) {
		s.SetSeries(class, uuid, name, func(int64) float64 { return v })
	}
	for _, uuid := range load.VMs {
		for state, v := range map[string]float64{"fullrun": 0.2, "full_contention": 0.1, "concurrency_hazard": 0.1, "blocked": 0.3, "partial_run": 0.2, "partial_contention": 0.1} {
			constant(rrd.ClassVM, uuid, "runstate_"+state, v)
		}
		constant(rrd.ClassVM, uuid, "vif_0_rx_errors", 0)
		constant(rrd.ClassVM, uuid, "vif_0_tx_errors", 0)
	}
	constant(rrd.ClassHost, s.HostUUID(), "pif_eth0_rx_errors", 0)
	constant(rrd.ClassHost, s.HostUUID(), "pif_eth0_tx_errors", 0)
	variable := func(name, more string) string {
		return `<variable><name value="` + name + `"/><alarm_trigger_period value="5"/>` + more + `</variable>`
	}
	for i, text := range []string{
		variable("cpu_usage", `<alarm_trigger_level value="0.001"/>`),
		variable("absent", `<rrd_regex value="no_such_column"/><alarm_trigger_level value="1"/><alarm_nodata_period value="5"/>`),
		variable("cpu_usage", `<alarm_trigger_level value="high"/>`),
	} {
		if err := s.SetOtherConfig(rrd.ClassVM, load.VMs[i], "perfmon", "<config>"+text+"</config>"); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := s.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return s
}

// agent starts one with a directory of its own and returns its address.
func (w *world) agent(program, name string, flags ...string) string {
	w.t.Helper()
	dir, address := filepath.Join(w.dir, name), sinktest.FreeAddress(w.t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	settings := filepath.Join(dir, "perfmon.yaml")
	if err := os.WriteFile(settings, []byte("sinks:\n  nats:\n    urls: ["+strconv.Quote(w.nats.URL)+"]\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.start(name, program, append(flags, "--settings-file", settings, "--state-dir", filepath.Join(dir, "state"), "--pid-file", filepath.Join(dir, "pid"),
		"--control-socket", fmt.Sprintf("@perfmon-dashboards-%d-%s", os.Getpid(), name), "--api-socket", filepath.Join(dir, "api"), "--web.listen-address", address)...)
	return address
}

// prometheus starts one with all our rules, the relabelling snippets each in a
// job of their own, as docs/dashboards.md says.
func (w *world) prometheus(targets ...string) {
	w.t.Helper()
	type object = map[string]any
	job := func(name string, relabelling any) object {
		j := object{"job_name": name, "static_configs": []object{{"targets": targets}}}
		if relabelling != nil {
			j["metric_relabel_configs"] = relabelling
		}
		return j
	}
	snippet := func(name string) any {
		var f map[string]any
		readYAML(w.t, filepath.Join(root, "packaging/prometheus", "relabel-"+name+".yml"), &f)
		if len(f) != 1 || f["metric_relabel_configs"] == nil {
			w.t.Fatalf("relabel-%s.yml is not metric_relabel_configs alone", name)
		}
		return f["metric_relabel_configs"]
	}
	var ruleFiles []string
	for _, path := range files(w.t, "*.rules.yml") {
		absolute, err := filepath.Abs(path)
		if err != nil {
			w.t.Fatal(err)
		}
		ruleFiles = append(ruleFiles, absolute)
	}
	config, err := json.Marshal(object{ // JSON is YAML
		"global":     object{"scrape_interval": "1s", "evaluation_interval": "1s"},
		"rule_files": ruleFiles,
		"scrape_configs": []object{
			job("perfmon", nil), job("xen-orchestra", snippet("xen-orchestra")), job("xen-exporter", snippet("xen-exporter")),
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	path, address := filepath.Join(w.dir, "prometheus.yml"), sinktest.FreeAddress(w.t)
	if err := os.WriteFile(path, config, 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.url = "http://" + address
	w.start("prometheus", "prometheus", "--config.file="+path, "--storage.tsdb.path="+filepath.Join(w.dir, "tsdb"), "--web.listen-address="+address)
}

func (w *world) start(name, program string, args ...string) {
	w.t.Helper()
	log, err := os.Create(filepath.Join(w.dir, name+".log"))
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && w.t.Failed() {
			w.t.Logf("%s said at the end:\n%s", name, text[max(0, len(text)-3000):])
		}
	})
}

// answer is one series of an answer.
type answer struct {
	Metric map[string]string
	Value  []any // the time, and the value as a text
	Values [][]any
}

// text is a series as Grafana shows it to the pattern of a variable: labels in
// the order of Prometheus's answer, which is that of the alphabet.
func (a answer) text() string {
	var labels []string
	for name, value := range a.Metric {
		if name != "__name__" {
			labels = append(labels, name+`="`+value+`"`)
		}
	}
	slices.Sort(labels)
	return a.Metric["__name__"] + "{" + strings.Join(labels, ",") + "} " + fmt.Sprint(a.Value...)
}

func (w *world) query(expr string) ([]answer, error) {
	return w.ask("/api/v1/query", url.Values{"query": {expr}})
}

// count is how many series answer a query, at this instant or over the last
// half minute, as a plot asks.
func (w *world) count(expr string, instant bool) (int, error) {
	if instant {
		answers, err := w.query(expr)
		return len(answers), err
	}
	now := time.Now().Unix()
	answers, err := w.ask("/api/v1/query_range", url.Values{
		"query": {expr}, "start": {strconv.FormatInt(now-30, 10)}, "end": {strconv.FormatInt(now, 10)}, "step": {"1"},
	})
	return len(answers), err
}

func (w *world) ask(path string, form url.Values) ([]answer, error) {
	resp, err := http.PostForm(w.url+path, form)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var out struct {
		Status, Error string
		Warnings      []string
		Data          struct{ Result []answer }
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return nil, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	if out.Status != "success" || len(out.Warnings) > 0 {
		return nil, fmt.Errorf("%s %v", out.Error, out.Warnings)
	}
	return out.Data.Result, nil
}

// patience is how long something may have no answer. What a busy machine scrapes
// too late is gone from Prometheus until the next scrape.
const patience = 3 * time.Minute

// answers is count for what has to have an answer, sooner or later, or else a
// reason why not.
func (w *world) answers(expr string, instant bool) (n int, reason string, err error) {
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		n, err = w.count(expr, instant)
		if n > 0 || err != nil {
			return n, "", err
		}
		if reason = w.emptyIsFine(expr); reason != "" {
			return 0, reason, nil
		}
		if w.vain = w.vain || time.Now().After(end); w.vain {
			return 0, "", nil
		}
	}
}

// complete is query, when it has as many answers as there were in the last half
// minute: one agent may have been scraped too late.
func (w *world) complete(expr string) (answers []answer, err error) {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		lately, err := w.count(expr, false)
		if err != nil {
			return nil, err
		}
		if answers, err = w.query(expr); err != nil || len(answers) > 0 && len(answers) >= lately || time.Now().After(end) {
			return answers, err
		}
	}
}

// waitFor waits until an expression has an answer.
func (w *world) waitFor(expr string) {
	w.t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var n int
		if n, err = w.count(expr, true); n > 0 {
			return
		}
	}
	w.t.Fatalf("waited in vain for an answer to %s: %v", expr, err)
}
