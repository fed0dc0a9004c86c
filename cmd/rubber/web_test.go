package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/monitor/api/door/doortest"
	"perfmon/monitor/api/page/kit"
	"perfmon/scaling/engine"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/celery"
	"perfmon/scaling/rubber/work/httpjson"
	"perfmon/scaling/rubber/work/rabbit"
)

var quiet = slog.New(slog.DiscardHandler)

func someSurroundings(t *testing.T) surroundings {
	t.Helper()
	to := work.Broker{URLs: []string{"amqp://127.0.0.1:1"}}
	queues, err := rabbit.New(rabbit.Options{Broker: to, NoManagement: true})
	if err != nil {
		t.Fatal(err)
	}
	workers, err := celery.New(celery.Options{Broker: to})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := httpjson.New(httpjson.Options{URL: "http://127.0.0.1:1/{queue}"})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := httpjson.NewWorkers(httpjson.WorkersOptions{Options: httpjson.Options{URL: "http://127.0.0.1:1/"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { queues.Close(); plain.Close() })
	return surroundings{
		engine: func() engine.State {
			return engine.State{Connected: true, Owner: true, StoreBytes: 4096, MaxStore: 1 << 30}
		},
		brokers: map[string]*broker{"rabbit": {source: queues, workers: workers}, "plain": {source: plain, workers: listed}},
		heard:   func() hear.Counts { return hear.Counts{hear.Raised: 3} },
	}
}

// The names are as Prometheus wants them, and all that is sent was announced.
func TestMetricsOfSurroundings(t *testing.T) {
	s := someSurroundings(t)
	problems, err := testutil.CollectAndLint(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(s); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) < 25 {
		t.Errorf("%d families", len(families))
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "rubber_") || f.GetHelp() == "" {
			t.Errorf("%s: %q", f.GetName(), f.GetHelp())
		}
	}
	want := `
# HELP rubber_engine_store_bytes What the streams and keys of the embedded engine take on disk; absent where another process serves it.
# TYPE rubber_engine_store_bytes gauge
rubber_engine_store_bytes 4096
`
	if err := testutil.CollectAndCompare(s, strings.NewReader(want), "rubber_engine_store_bytes"); err != nil {
		t.Error(err)
	}
	s.engine = func() engine.State { return engine.State{Connected: true} }
	if n := testutil.CollectAndCount(s, "rubber_engine_store_bytes"); n != 0 {
		t.Error("what another process keeps is told as if it were known")
	}
}

// The docs list what there is, in its own words.
func TestMetricsOfSurroundingsInDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/rubber-page.md")
	if err != nil {
		t.Fatal(err)
	}
	_, below, _ := strings.Cut(string(page), "Of those whom rubber asks and hears:\n\n| name | labels | what |\n|---|---|---|\n")
	got, _, _ := strings.Cut(below, "\n\n")
	var rows []string
	for _, f := range families {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |", f.name, strings.Join(f.labels, ", "), f.help))
	}
	if want := strings.Join(rows, "\n"); got != want {
		t.Errorf("docs/rubber-page.md: got\n%s\nwant\n%s", got, want)
	}
}

// public stands for the read-only API.
var public = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "api") })

func someWeb(t *testing.T, o rubberconfig.Web) *web {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(someSurroundings(t))
	w, err := newWeb(o, public, r, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// ask sends a request as if from an address, with names and values of headers.
func ask(h http.Handler, from, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr, r.Host = from, "127.0.0.1:9790"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

const (
	here      = "127.0.0.1:40000"
	hereToo   = "[::1]:40000"
	elsewhere = "192.0.2.9:40000"
)

func TestWebPaths(t *testing.T) {
	w := someWeb(t, rubberconfig.Web{Listen: "127.0.0.1:0"})
	for path, want := range map[string]string{"/": "<title>rubber</title>", "/metrics": "rubber_build_info{", "/v1/status": "api"} {
		resp := ask(w.handler, here, "GET", path)
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v, no %q in it", path, resp.Status, err, want)
		}
		for name, want := range map[string]string{"Content-Security-Policy": kit.Policy, "X-Frame-Options": "deny", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	for request, want := range map[string]int{"POST /": 405, "DELETE /metrics": 405, "GET /nothing": 404} {
		method, path, _ := strings.Cut(request, " ")
		if resp := ask(w.handler, here, method, path); resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", request, resp.Status, want)
		}
	}
	none, err := newWeb(rubberconfig.Web{}, public, prometheus.NewRegistry(), quiet)
	if none != nil || err != nil {
		t.Errorf("without an address: %v, %v", none, err)
	}
}

func TestWhoIsLetIn(t *testing.T) {
	open := someWeb(t, rubberconfig.Web{Listen: "127.0.0.1:0"}).handler
	guarded := someWeb(t, rubberconfig.Web{Listen: "0.0.0.0:0", Token: "open sesame"}).handler
	basic := func(password string) string {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth("anybody", password)
		return r.Header.Get("Authorization")
	}
	f := func(question string, h http.Handler, from string, want int, headers ...string) {
		t.Helper()
		for _, path := range []string{"/", "/metrics", "/v1/status", "/nothing"} {
			want := want
			if want == 200 && path == "/nothing" {
				want = 404
			}
			if resp := ask(h, from, "GET", path, headers...); resp.StatusCode != want {
				t.Errorf("%s, %s: %s, want %d", question, path, resp.Status, want)
			}
		}
	}
	f("this machine", open, here, 200)
	f("this machine by its other address", open, hereToo, 200, "Host", "localhost:9790")
	f("a page from elsewhere in a browser of this machine", open, here, 421, "Host", "evil.example")
	f("elsewhere, without a token to give", open, elsewhere, 403)
	f("elsewhere, with a token that is none", open, elsewhere, 403, "Authorization", "Bearer open sesame")
	f("this machine needs no token", guarded, here, 200)
	f("a page from elsewhere all the same", guarded, here, 421, "Host", "evil.example")
	f("elsewhere without it", guarded, elsewhere, 401)
	f("elsewhere with it", guarded, elsewhere, 200, "Authorization", "Bearer open sesame")
	f("elsewhere with it, by any name", guarded, elsewhere, 200, "Authorization", "bearer open sesame", "Host", "rubber.example")
	f("a browser", guarded, elsewhere, 200, "Authorization", basic("open sesame"), "Host", "rubber.example")
	f("a wrong one", guarded, elsewhere, 401, "Authorization", "Bearer open")
	f("a wrong password", guarded, elsewhere, 401, "Authorization", basic(""))
	f("a wrong one from this machine", guarded, here, 401, "Authorization", "Bearer open")
	if got := ask(guarded, elsewhere, "GET", "/").Header.Values("WWW-Authenticate"); len(got) != 2 || !strings.HasPrefix(got[0], "Basic ") {
		t.Errorf("a browser is asked by %q", got)
	}
}

// served is a log, of which it takes the address that is served.
type served chan string

func (s served) Write(line []byte) (int, error) {
	if _, after, found := strings.Cut(string(line), "url="); found {
		s <- strings.Fields(after)[0]
	}
	return len(line), nil
}

func TestWebOverTLS(t *testing.T) {
	dir := t.TempDir()
	pool := doortest.Certificate(t, dir)
	w := someWeb(t, rubberconfig.Web{Listen: "127.0.0.1:0", Cert: dir + "/cert.pem", Key: dir + "/key.pem"})
	said := make(served, 1)
	w.log = slog.New(slog.NewTextHandler(said, nil))
	doortest.Run(t, func(ctx context.Context) error { w.run(ctx); return nil })
	address := <-said
	try := func() error {
		c := doortest.Client(t)
		c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
		defer c.CloseIdleConnections()
		resp, err := c.Get(address + "v1/status")
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := try(); err != nil {
		t.Error(err)
	}
	pool = doortest.Certificate(t, dir) // a renewed one
	if err := try(); err != nil {
		t.Errorf("after the certificate was renewed: %v", err)
	}
}

// A port that another holds, and a certificate that is not there, are said and
// tried again.
func TestWebThatCannotListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f := func(o rubberconfig.Web, want string) {
		t.Helper()
		w := someWeb(t, o)
		if err := w.serve(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(rubberconfig.Web{Listen: taken.Addr().String()}, "name another one with web.listen")
	f(rubberconfig.Web{Listen: "127.0.0.1:0", Cert: "/nonexistent/cert.pem", Key: "/nonexistent/key.pem"}, "web.cert_file")
	synctest.Test(t, func(t *testing.T) {
		w := &web{o: rubberconfig.Web{Listen: taken.Addr().String()}, every: webRetry, log: quiet}
		ctx, cancel := context.WithTimeout(t.Context(), 10*webRetry+time.Second)
		defer cancel()
		w.run(ctx) // ends with the context alone
		if ctx.Err() == nil {
			t.Error("it gave up")
		}
	})
}
