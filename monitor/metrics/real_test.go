//go:build integration

package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"perfmon/alarm/sink/sinktest"
	"perfmon/monitor"
	"perfmon/monitor/metrics/metricstest"
)

// manySeries is a host of which a page is several blocks long in each coding.
func manySeries() *monitor.Snapshot { return metricstest.Snapshot(100) }

// port is a page on a real socket, with the agent's own metrics. It notes in
// which forms it was asked for.
type port struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]int // by the media type and the coding
}

func startPort(t *testing.T) *port {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), NewProcess())
	began := time.Now()
	now := func() time.Time { return benchClock().Add(time.Since(began)) }
	page := NewPage(PageOptions{Own: r, Now: now, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	page.Published(manySeries())
	p := &port{answers: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page.ServeHTTP(w, r)
		kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answers[kind+" "+w.Header().Get("Content-Encoding")]++
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *port) forms() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.answers))
}

func (p *port) answered(form string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers[form]
}

// TestPrometheus: a real one takes all series, the live ones too, from the
// first scrape as from those that are answered from memory, in each format
// that it can be told to ask for.
func TestPrometheus(t *testing.T) {
	for _, c := range []struct {
		form  string // that it has to choose
		flags []string
	}{
		{"application/openmetrics-text gzip", nil},
		{"application/vnd.google.protobuf gzip", []string{"--enable-feature=native-histograms"}},
	} {
		t.Run(strings.ReplaceAll(c.form, "/", " "), func(t *testing.T) {
			p := startPort(t)
			address := startPrometheus(t, strings.TrimPrefix(p.URL, "http://"), c.flags...)
			want := fmt.Sprint(100 * metricstest.Columns)
			until(t, "five scrapes", func() bool { return p.answered(c.form) >= 5 })
			until(t, "three scrapes in time", func() bool { return query(t, address, `sum(sum_over_time(up[1m])) >= bool 3`) == "1" })
			until(t, want+" series", func() bool {
				return query(t, address, `count({__name__=~"xen_.+"})`) == want
			})
			until(t, "what the agent says of itself is gathered again", func() bool {
				return query(t, address, `sum(changes(process_cpu_seconds_total[1m])) + sum(changes(go_memstats_alloc_bytes[1m])) > bool 0`) == "1"
			})
			for _, check := range []struct{ query, want string }{
				// Of a busy machine a page may come too late, and then nothing of it
				// counts. No other scrape fails.
				{`sum(sum_over_time((up == bool 0 and scrape_duration_seconds < 0.5)[1m:100ms]))`, "0"},
				{`min_over_time(count({__name__=~"xen_.+"})[20s:1s])`, want},
				{`count(go_goroutines)`, "1"},
				{`count(process_open_fds)`, "1"},
				{`prometheus_target_scrapes_sample_duplicate_timestamp_total or vector(0)`, "0"},
			} {
				var got string
				until(t, "answer to "+check.query, func() bool {
					got = query(t, address, check.query)
					return got != ""
				})
				if got != check.want {
					t.Errorf("%s is %q, want %s", check.query, got, check.want)
				}
			}
			if got := p.forms(); !slices.Equal(got, []string{c.form}) {
				t.Errorf("answers in %q", got)
			}
		})
	}
}

// startPrometheus starts one that scrapes a target each half second, and
// returns its address.
func startPrometheus(t *testing.T, target string, flags ...string) string {
	t.Helper()
	address := sinktest.FreeAddress(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf(`{"global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"}, "scrape_configs": [{"job_name": "perfmon", "static_configs": [{"targets": [%q]}]}]}`, target)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command("prometheus", append(flags, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"), "--web.listen-address="+address)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus said:\n%s", &log)
		}
	})
	return address
}

// query returns the value of an answer with one series, "" for any other.
func query(t *testing.T, address, expr string) string {
	t.Helper()
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return "" // not ready
	}
	defer resp.Body.Close()
	var answer struct {
		Error string
		Data  struct{ Result []struct{ Value []any } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Error != "" {
		t.Logf("%s: %v %s", expr, err, answer.Error)
		return ""
	}
	if r := answer.Data.Result; len(r) == 1 && len(r[0].Value) == 2 {
		return fmt.Sprint(r[0].Value[1])
	}
	return ""
}

// until waits for another process.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	patience := time.After(3 * time.Minute)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("no %s", what)
		}
	}
}

// TestOtherClients: curl and the tools of the codings read all of an answer,
// and promtool finds nothing to complain about.
func TestOtherClients(t *testing.T) {
	p := startPort(t)
	want := 100 * metricstest.Columns
	page := func(program string, args ...string) {
		t.Helper()
		for range 3 {
			out, err := exec.Command(program, args...).Output()
			if err != nil {
				t.Fatalf("%s %q: %v", program, args, err)
			}
			if n := strings.Count(string(out), "\nxen_"); n != want {
				t.Errorf("%s %q: %d series, want %d", program, args, n, want)
			}
			if !strings.Contains(string(out), "\nprocess_open_fds ") {
				t.Errorf("%s %q: no metrics of the agent itself", program, args)
			}
		}
	}
	page("curl", "-sSf", p.URL)
	for _, coding := range []string{"gzip", "zstd"} {
		accept := "Accept-Encoding: " + coding
		page("curl", "-sSf", "--compressed", "-H", accept, p.URL)
		page("sh", "-c", `curl -sSf -H "$0" "$1" | `+coding+` -dc`, accept, p.URL)
	}
	resp, err := http.Get(p.URL) // Go's own client asks for gzip
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !resp.Uncompressed || strings.Count(string(body), "\nxen_") != want {
		t.Errorf("%d bytes, uncompressed %v, %v", len(body), resp.Uncompressed, err)
	}
	lint := exec.Command("promtool", "check", "metrics")
	lint.Stdin = bytes.NewReader(body)
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
