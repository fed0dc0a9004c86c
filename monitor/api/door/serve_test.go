package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/exporter-toolkit/web"

	"perfmon/monitor/api/door/doortest"
)

// word answers every request with a word.
var word = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "word") })

func TestTLSAndPassword(t *testing.T) {
	file, pool := doortest.WebConfig(t)
	address := startPort(t, Headers("default-src 'none'", word), file)
	c := doortest.Client(t)
	c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}

	ask := func(user, password string) (*http.Response, string) {
		r := doortest.Request(t, "GET", "https://"+address+"/metrics")
		if user != "" {
			r.SetBasicAuth(user, password)
		}
		return doortest.Do(t, c, r)
	}
	resp, body := ask("operator", "open sesame")
	if resp.StatusCode != 200 || body != "word" {
		t.Errorf("%s: %s", resp.Status, body)
	}
	if got := resp.Header.Get("X-Frame-Options"); got != "sameorigin" {
		t.Errorf("the operator's own header became %q", got)
	}
	for _, c := range [][2]string{{"", ""}, {"operator", "wrong"}, {"nobody", "open sesame"}} {
		if resp, body := ask(c[0], c[1]); resp.StatusCode != 401 || strings.Contains(body, "word") {
			t.Errorf("user %q: %s: %s", c[0], resp.Status, body)
		}
	}
	if resp, _ := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/metrics")); resp.StatusCode != 400 {
		t.Errorf("without TLS: %s", resp.Status)
	}
}

// addressLog finds out the addresses that the toolkit listens on from what
// it logs.
type addressLog struct {
	slog.Handler
	found chan string
}

func (a addressLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(attr slog.Attr) bool {
		if r.Message == "Listening on" && attr.Key == "address" {
			a.found <- attr.Value.String()
		}
		return true
	})
	return nil
}

func (a addressLog) Enabled(context.Context, slog.Level) bool { return true }

func TestServeOnAddresses(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	found := addressLog{slog.DiscardHandler, make(chan string, 2)}
	file, pool := doortest.WebConfig(t) // of two addresses with one, neither may spoil the other
	flags := &web.FlagConfig{WebListenAddresses: &[]string{"127.0.0.1:0", "127.0.0.1:0"}, WebConfigFile: &file}
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, flags, word, slog.New(found)) }()
	c := doortest.Client(t)
	c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
	for range 2 {
		r := doortest.Request(t, "GET", "https://"+<-found.found+"/")
		r.SetBasicAuth("operator", "open sesame")
		if _, body := doortest.Do(t, c, r); body != "word" {
			t.Errorf("answered %q", body)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestServeEndsRequestsUnderWay(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		for { // until the port takes no more
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				break
			}
			c.Close()
		}
		io.WriteString(w, "whole")
	})
	done := make(chan error, 1)
	go func() {
		done <- ServeOn(ctx, []net.Listener{l}, &web.FlagConfig{}, slow, slog.New(slog.DiscardHandler))
	}()
	if _, body := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+l.Addr().String()+"/")); body != "whole" {
		t.Errorf("answered %q", body)
	}
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestServeEndsThoughARequestHangs(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	done := make(chan error, 1)
	go func() {
		done <- ServeOn(ctx, []net.Listener{l}, &web.FlagConfig{}, hang, slog.New(slog.DiscardHandler))
	}()
	if resp, err := doortest.Client(t).Do(doortest.Request(t, "GET", "http://"+l.Addr().String()+"/")); err == nil {
		resp.Body.Close()
		t.Error("a request that hangs was answered")
	}
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestServeThatCannot(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	missing := filepath.Join(t.TempDir(), "missing.yml")
	quiet := slog.New(slog.DiscardHandler)
	yes := true
	for name, c := range map[string]struct {
		flags *web.FlagConfig
		want  string
	}{
		"no address":     {&web.FlagConfig{}, "--web.listen-address"},
		"taken":          {&web.FlagConfig{WebListenAddresses: &[]string{"127.0.0.1:0", taken.Addr().String()}}, "address already in use"},
		"no such file":   {&web.FlagConfig{WebListenAddresses: &[]string{"127.0.0.1:0"}, WebConfigFile: &missing}, "missing.yml"},
		"no port":        {&web.FlagConfig{WebListenAddresses: &[]string{"127.0.0.1"}}, "missing port"},
		"nothing passed": {&web.FlagConfig{WebSystemdSocket: &yes}, "--web.systemd-socket"},
	} {
		err := Serve(context.Background(), c.flags, word, quiet)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	address := startPort(t, word, "")
	resp, _ := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/", "X-Large", strings.Repeat("x", 2*maxHeaderBytes)))
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s", resp.Status)
	}
}

// TestSocketActivation starts this program again as systemd would: with a
// listening socket as file 3.
func TestSocketActivation(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	input, stop, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	complaints, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.StartProcess(os.Args[0], os.Args[:1], &os.ProcAttr{
		Env:   append(os.Environ(), activated+"=1", "LISTEN_FDS=1"),
		Files: []*os.File{input, theirs, theirs, file},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{input, theirs, file} {
		f.Close()
	}
	// The socket listens already, so this waits for the process if need be.
	_, body := doortest.Do(t, doortest.Client(t), doortest.Request(t, "GET", "http://"+address+"/"))
	stop.Close()
	log, err := io.ReadAll(complaints)
	if err != nil {
		t.Fatal(err)
	}
	complaints.Close()
	state, err := process.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if body != "activated" || !state.Success() {
		t.Errorf("answered %q, ended with %v; it says:\n%s", body, state, bytes.TrimSpace(log))
	}
}
