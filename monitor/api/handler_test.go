package api

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"perfmon/monitor/api/door/doortest"
	"perfmon/monitor/api/page/kit"
	"perfmon/monitor/metrics"
)

// aPage is a metrics page with one gauge of the agent's own.
func aPage() *metrics.Page {
	r := prometheus.NewPedanticRegistry()
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "xen_host_load_ratio", Help: "Load.", ConstLabels: prometheus.Labels{"uuid": "h"}})
	g.Set(0.25)
	r.MustRegister(g)
	return metrics.NewPage(metrics.PageOptions{Own: r, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
}

// handlerFor fills in the options that a test has no opinion about.
func handlerFor(t *testing.T, o Options) http.Handler {
	t.Helper()
	if o.Metrics == nil {
		o.Metrics = aPage()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h, err := Handler(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestScrape(t *testing.T) {
	address := startPort(t, handlerFor(t, Options{}), "")
	resp, body := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/metrics"))
	if resp.StatusCode != 200 {
		t.Fatalf("%s: %s", resp.Status, body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if v := families["xen_host_load_ratio"].GetMetric()[0].GetGauge().GetValue(); v != 0.25 {
		t.Errorf("scraped %v", v)
	}
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		t.Errorf("type %q", kind)
	}
}

func TestScrapeOpenMetrics(t *testing.T) {
	address := startPort(t, handlerFor(t, Options{}), "")
	_, body := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/metrics", "Accept", "application/openmetrics-text; version=1.0.0"))
	if !strings.HasSuffix(body, "\n# EOF\n") {
		t.Errorf("no OpenMetrics page: %q", body)
	}
}

func TestWrongHost(t *testing.T) {
	address := startPort(t, handlerFor(t, Options{AllowedHosts: []string{"xcp-1.example"}}), "")
	c := doortest.Client(t)
	for _, path := range []string{"/", "/metrics", "/rrd_updates?start=0&host=true", "/nothing"} {
		resp, body := doortest.Do(t, c, doortest.Request(t, "GET", "http://"+address+path, "Host", "evil.example:9789"))
		if resp.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: %s", path, resp.Status)
		}
		want := "host \"evil.example:9789\" is not allowed here; --web.allowed-hosts allows it\n"
		if diff := cmp.Diff(want, body); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if resp, _ := doortest.Do(t, c, doortest.Request(t, "GET", "http://"+address+"/metrics", "Host", "xcp-1.example")); resp.StatusCode != 200 {
		t.Errorf("an allowed host: %s", resp.Status)
	}
}

func TestOnlyReading(t *testing.T) {
	address := startPort(t, handlerFor(t, Options{Archive: archiveWith(t, 3)}), "")
	c := doortest.Client(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		for _, path := range []string{"/", "/metrics", "/rrd_updates?start=0&host=true"} {
			resp, _ := doortest.Do(t, c, doortest.Request(t, method, "http://"+address+path))
			if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %s, Allow %q", method, path, resp.Status, resp.Header.Get("Allow"))
			}
		}
	}
	if resp, _ := doortest.Do(t, c, doortest.Request(t, "GET", "http://"+address+"/nothing")); resp.StatusCode != 404 {
		t.Errorf("unknown path: %s", resp.Status)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	address := startPort(t, handlerFor(t, Options{Archive: archiveWith(t, 3)}), "")
	for _, path := range []string{"/", "/metrics", "/rrd_updates?start=0&host=true", "/rrd_updates", "/nothing"} {
		resp, _ := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+path))
		for name, want := range map[string]string{
			"X-Content-Type-Options":      "nosniff",
			"X-Frame-Options":             "deny",
			"Referrer-Policy":             "no-referrer",
			"Content-Security-Policy":     kit.Policy,
			"Access-Control-Allow-Origin": "",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestPage(t *testing.T) {
	get := func(o Options) string {
		address := startPort(t, handlerFor(t, o), "")
		resp, body := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/"))
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s, %q", resp.Status, resp.Header.Get("Content-Type"))
		}
		_, script, found := strings.Cut(body, `<script src="`)
		script, _, _ = strings.Cut(script, `"`)
		if resp, _ := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/"+script)); !found || resp.StatusCode != 200 {
			t.Errorf("the first script, %q: %s", script, resp.Status)
		}
		return body
	}
	body := get(Options{Archive: archiveWith(t, 1), Version: "1.2 <b>"})
	for _, want := range []string{`href="metrics"`, `href="rrd_updates?start=-300&amp;host=true"`, "1.2 &lt;b&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	if strings.Contains(get(Options{}), "rrd_updates") {
		t.Error("a link to rows that are not there")
	}
}
