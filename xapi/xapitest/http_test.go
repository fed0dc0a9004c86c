package xapitest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// raw sends text on a new connection and returns all that comes back.
func (c client) raw(e Endpoint, text string) string {
	c.t.Helper()
	network := "unix"
	if e == TCP {
		network = "tcp"
	}
	conn, err := net.Dial(network, c.s.Addr(e))
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		c.t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(answer)
}

func TestHeaderLines(t *testing.T) {
	c := start(t, Options{})
	c.s.AddRow(epoch/5*5, 5, Sample{"vm", "v", "x", 1})
	length := regexp.MustCompile(`(?i)(content-length: )(\d+)`)
	// f compares the header lines, with N for the length, which is checked.
	f := func(e Endpoint, request, want string) {
		t.Helper()
		head, body, _ := strings.Cut(c.raw(e, request+"\r\n\r\n"), "\r\n\r\n")
		if m := length.FindStringSubmatch(head); m != nil && m[2] != strconv.Itoa(len(body)) {
			t.Errorf("%q: length %s for %d bytes", request, m[2], len(body))
		}
		head = length.ReplaceAllString(head, "${1}N")
		if want = strings.ReplaceAll(want, "\n", "\r\n"); head != want {
			t.Errorf("%s %q:\n got %q\nwant %q", e, request, head, want)
		}
	}
	const ok = "HTTP/1.1 200 OK\nConnection: keep-alive\nContent-Length: N\nCache-Control: no-cache, no-store\n" +
		"Content-Type: text/xml\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Headers: X-Requested-With"
	const bare404 = "HTTP/1.0 404 Not Found\nConnection: close\nCache-Control: no-cache, no-store"
	f(XAPI, "GET /rrd_updates?start=0 HTTP/1.1", ok)
	f(XAPI, "GET /rrd_updates?start=1766004347 HTTP/1.1", ok)
	f(RRDD, "GET /rrd_updates?start=1766004347 HTTP/1.1\r\nConnection: close", ok)
	f(XAPI, "GET /rrd_updates HTTP/1.1", "HTTP/1.1 400 Bad Request\nConnection: close\nCache-Control: no-cache, no-store")
	f(RRDD, "GET /rrd_updates HTTP/1.1", "HTTP/1.1 500 Internal Error\ncontent-length: N\ncontent-type: text/html\nconnection: close\ncache-control: no-cache, no-store")
	f(TCP, "GET /rrd_updates?start=0 HTTP/1.1", "HTTP/1.1 401 Unauthorised\ncontent-length: N\ncontent-type: text/html\nconnection: close\n"+
		"cache-control: no-cache, no-store\nWWW-Authenticate: Basic realm=\"Get RRD updates.\"")
	f(XAPI, "GET /nowhere HTTP/1.1", "HTTP/1.1 403 Forbidden\ncontent-length: N\ncontent-type: text/html\nconnection: close\ncache-control: no-cache, no-store")
	f(XAPI, "BREW /rrd_updates HTTP/1.1", "HTTP/1.1 501 Method not implemented\ncontent-length: N\ncontent-type: text/html\nconnection: close\ncache-control: no-cache, no-store")
	if err := c.s.SetRRDD(false); err != nil {
		t.Fatal(err)
	}
	f(XAPI, "GET /rrd_updates?start=0 HTTP/1.1", bare404)
	if got := c.raw(XAPI, "no HTTP\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 500 ") {
		t.Errorf("no HTTP: got %q", got)
	}
}

func TestTCPAuthentication(t *testing.T) {
	c := start(t, Options{})
	c.s.AddRow(epoch/5*5, 5, Sample{"vm", "v", "x", 1})
	s := c.login()
	f := func(want int, path string, header ...string) {
		t.Helper()
		if got, body := c.get(TCP, path, header...); got != want || want == 401 && !strings.Contains(body, "<h1>HTTP 401") {
			t.Errorf("%s %q: got %d %s, want %d", path, header, got, body, want)
		}
	}
	const path = "/rrd_updates?start=-10"
	f(401, path)
	f(200, path+"&session_id="+s)
	f(200, path, "Cookie", "session_id="+s)
	f(401, path+"&session_id="+s, "Cookie", "session_id=OpaqueRef:other")
	f(200, path, "Authorization", "Basic cm9vdDp4YXBpdGVzdA==")
	f(401, path, "Authorization", "Basic cm9vdDp3cm9uZw==")
	c.s.EndSessions()
	f(401, path+"&session_id="+s)
	f(401, path, "Cookie", "session_id="+s)
	if n := c.s.Counters()["GET /rrd_updates"].Calls; n != 8 {
		t.Errorf("counted %d requests, want 8", n)
	}
	// On the unix socket nobody is asked who he is, but XAPI logs itself in.
	if got, _ := c.get(XAPI, path); got != 200 {
		t.Errorf("unix: got %d", got)
	}
	if n := c.s.Counters()["session.slave_login"].Calls; n != 1 {
		t.Errorf("XAPI logged itself in %d times, want once", n)
	}
	c.s.SetEmergency("HOST_STILL_BOOTING")
	f(401, path+"&session_id="+s)
	if got, _ := c.get(XAPI, path); got != 500 {
		t.Errorf("unix while booting: got %d, want 500", got)
	}
	if got, _ := c.get(RRDD, path); got != 200 {
		t.Errorf("xcp-rrdd while XAPI boots: got %d, want 200", got)
	}
}

func TestConnections(t *testing.T) {
	c := start(t, Options{})
	tr := c.http(XAPI).Transport.(*http.Transport)
	tr.DisableKeepAlives = false
	defer tr.CloseIdleConnections()
	hc := &http.Client{Transport: tr}
	for range 3 {
		resp, err := hc.Post("http://localhost/jsonrpc", "application/json", strings.NewReader(`{"method":"x","params":[],"id":1}`))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if got := c.s.ConnStats(XAPI); got.Accepted != 1 || got.MaxOpen != 1 {
		t.Errorf("three calls on one connection: %+v", got)
	}
	requests := c.s.Requests()
	if len(requests) != 3 || requests[2].Conn != 1 || requests[2].Method != "x" || requests[2].Path != "/jsonrpc" || requests[2].BytesIn != 33 {
		t.Errorf("recorded %+v", requests)
	}
	c.s.ResetCounters()
	if len(c.s.Requests()) != 0 || len(c.s.Counters()) != 0 {
		t.Error("the record is not empty after ResetCounters")
	}
}

func TestListening(t *testing.T) {
	c := start(t, Options{})
	c.s.AddRow(epoch/5*5, 5, Sample{"vm", "v", "x", 1})
	fails := func(e Endpoint, want error) {
		t.Helper()
		if _, _, err := c.try(e, "/rrd_updates?start=-10"); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", e, err, want)
		}
	}
	set := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	set(c.s.SetListening(RRDD, false, true))
	fails(RRDD, os.ErrNotExist)
	if got, _ := c.get(XAPI, "/rrd_updates?start=-10"); got != 200 {
		t.Errorf("by way of XAPI, with rrdd's own socket gone: %d", got)
	}
	set(c.s.SetListening(RRDD, true, false))
	set(c.s.SetRRDD(false))
	fails(RRDD, syscall.ECONNREFUSED)
	set(c.s.SetRRDD(true))
	if got, _ := c.get(RRDD, "/rrd_updates?start=-10"); got != 200 {
		t.Errorf("rrdd again: %d", got)
	}

	s := c.login()
	address := c.s.Addr(TCP)
	set(c.s.StopToolstack())
	fails(XAPI, syscall.ECONNREFUSED)
	fails(TCP, syscall.ECONNREFUSED)
	set(c.s.StartToolstack(true))
	if got := c.s.Addr(TCP); got != address {
		t.Errorf("the port has moved from %s to %s", address, got)
	}
	if _, answer := c.post(XAPI, "/jsonrpc", `{"jsonrpc":"2.0","method":"pool.get_all","params":["`+s+`"],"id":1}`); !strings.Contains(answer, "HOST_STILL_BOOTING") {
		t.Errorf("while booting: %s", answer)
	}
	c.s.SetEmergency()
	if _, failed := c.rpc("pool.get_all", s); failed != "SESSION_INVALID "+s {
		t.Errorf("after the restart: %q", failed)
	}
	set(c.s.Restart(t.Context(), time.Millisecond, time.Millisecond))
	c.login()
}

func TestForeignFile(t *testing.T) {
	s := New(Options{Dir: t.TempDir()})
	if err := os.WriteFile(s.Addr(XAPI), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("Start in place of a file: %v", err)
	}
	if got, err := os.ReadFile(s.Addr(XAPI)); string(got) != "precious" {
		t.Errorf("the file is now %q (%v)", got, err)
	}
}
