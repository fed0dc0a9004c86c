package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
)

// ask makes a request with another Host header.
func ask(t *testing.T, client *http.Client, url, host string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestWebPortChecksTheHostHeader(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.start("--source", "local", "--web.allowed-hosts", "agent.example,192.0.2.7")
	url := "http://" + a.address() + "/metrics"
	for host, want := range map[string]int{
		"": 200, "localhost": 200, "agent.example:9789": 200, "192.0.2.7": 200,
		"evil.example": http.StatusMisdirectedRequest, "192.0.2.8": http.StatusMisdirectedRequest,
	} {
		if resp := ask(t, webClient(t), url, host); resp.StatusCode != want {
			t.Errorf("host %q: %s, want %d", host, resp.Status, want)
		}
	}
	if body := get(t, webClient(t), "http://"+a.address()+"/"); !strings.Contains(body, `href="metrics"`) {
		t.Errorf("the first page does not lead anywhere:\n%s", body)
	}
	// Without a toolstack the rows are served too.
	if body := get(t, webClient(t), "http://"+a.address()+"/rrd_updates?start=0&host=true"); !strings.HasPrefix(body, "<?xml") {
		t.Errorf("rows: %.200s", body)
	}
	a.stop(syscall.SIGTERM)
}

// certificate makes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(public)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return text("CERTIFICATE", public), text("PRIVATE KEY", secret), pool
}

// webSettings ask for TLS and the password "open sesame" of a user operator.
const webSettings = `
tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
basic_auth_users:
  operator: $2a$04$iR1GyfE0rG1bs9k5ETCkIeWWGANT1yfN42.1UkUAlr6V7Zr0WQmsW
`

func TestWebPortWithTLSAndPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cert, key, trusted := certificate(t)
	s.write("web/cert.pem", cert)
	s.write("web/key.pem", key)
	s.write("web/web.yml", webSettings)
	cmd := s.command("--source", "local", "--web.config.file", "web/web.yml")
	cmd.Dir = s.dir
	a := s.run(cmd)
	client := webClient(t)
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: trusted}
	for password, want := range map[string]int{"open sesame": 200, "": 401, "sesame": 401} {
		r, err := http.NewRequest(http.MethodGet, "https://"+a.address()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			r.SetBasicAuth("operator", password)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("password %q: %s, want %d", password, resp.Status, want)
		}
	}
	a.stop(syscall.SIGTERM)
}

func TestAlarmsGoOnWithoutAWebPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"taken":        {[]string{"--web.listen-address", taken.Addr().String()}, "address already in use"},
		"no settings":  {[]string{"--web.listen-address", "127.0.0.1:0", "--web.config.file", "/nowhere/web.yml"}, "/nowhere/web.yml"},
		"none passed":  {[]string{"--web.systemd-socket"}, "ListenStream="},
		"none at all":  {[]string{"--web.listen-address="}, ""},
		"one is taken": {[]string{"--web.listen-address", "127.0.0.1:0", "--web.listen-address", taken.Addr().String()}, "address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPool(t)
			p.base = without(p.base, "--web.listen-address")
			p.configure("vm", p.vm, cpuAbove(0.5))
			a := p.start(append(c.flags, "--source", "xapi")...)
			p.messages(1)
			if c.says != "" {
				a.waitLog(1, "level=ERROR .*PERFMON: the web port does not work: alarms go on.*"+c.says)
			}
			a.stop(syscall.SIGTERM)
		})
	}
}

// without takes a flag and its value away.
func without(flags []string, flag string) []string {
	var rest []string
	for i := 0; i < len(flags); i += 2 {
		if flags[i] != flag {
			rest = append(rest, flags[i], flags[i+1])
		}
	}
	return rest
}

// memo is a log to wait for.
type memo struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (m *memo) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.Write(b)
}

func (m *memo) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.String()
}

// waitFor waits until the log has a text.
func (m *memo) waitFor(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(limit); !strings.Contains(m.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %q in the log:\n%s", text, m)
		}
	}
}

// serving runs serveWeb until the test ends.
func serving(t *testing.T, o *options, s *sockets) *memo {
	t.Helper()
	o.webRetry = time.Millisecond
	var log memo
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		serveWeb(ctx, o, s, slog.New(slog.NewTextHandler(&log, nil)), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), &host{}, nil)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return &log
}

func TestWebPortIsTriedAgain(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	o := &options{web: web.FlagConfig{WebListenAddresses: &[]string{taken.Addr().String()}, WebConfigFile: new(string), WebSystemdSocket: new(bool)}}
	log := serving(t, o, &sockets{})
	log.waitFor(t, "address already in use")
	taken.Close()
	log.waitFor(t, "Listening on")
	if resp := ask(t, webClient(t), "http://"+taken.Addr().String()+"/metrics", ""); resp.StatusCode != 200 {
		t.Errorf("%s", resp.Status)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d error lines, want one for all tries:\n%s", n, log)
	}
}

// TestPassedSocketIsTriedAgain: the service manager passes its sockets once,
// and a mistake in another file must not cost them.
func TestPassedSocketIsTriedAgain(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	l.Close()
	s := newSite(t)
	yes, settings := true, s.path("web.yml")
	o := &options{web: web.FlagConfig{WebListenAddresses: &[]string{}, WebConfigFile: &settings, WebSystemdSocket: &yes}}
	log := serving(t, o, &sockets{web: []*os.File{file}})
	log.waitFor(t, "web.yml: no such file")
	s.write("web.yml", "")
	for range 2 {
		if resp := ask(t, webClient(t), "http://"+l.Addr().String()+"/metrics", ""); resp.StatusCode != 200 {
			t.Errorf("%s", resp.Status)
		}
	}
}
