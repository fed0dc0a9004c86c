package xapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const document = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<xport/>"

// rows is a fake toolstack whose two endpoints for rows are set by a test.
type rows struct {
	*fake
	web *httptest.Server

	mu   sync.Mutex
	rrdd http.HandlerFunc // nil: the path is not known
	port http.HandlerFunc
	got  []string // endpoint of each request, and its session
}

func (r *rows) handler(endpoint string, pick func() http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		entry := endpoint
		if cookie, err := req.Cookie("session_id"); err == nil {
			entry += " " + cookie.Value
		}
		r.mu.Lock()
		r.got = append(r.got, entry)
		answer := pick()
		r.mu.Unlock()
		if answer == nil {
			answer = status(http.StatusNotFound)
		}
		answer(w, req)
	}
}

func newRows(t *testing.T) *rows {
	r := &rows{fake: newFake(t)}
	r.web = httptest.NewServer(r.handler("port", func() http.HandlerFunc { return r.port }))
	t.Cleanup(r.web.Close)
	return r
}

// serveRRDD opens xcp-rrdd's socket.
func (r *rows) serveRRDD(t *testing.T) {
	serve(t, listen(t, r.socket+"-rrdd"), r.handler("rrdd", func() http.HandlerFunc { return r.rrdd }), nil)
}

func (r *rows) client(t *testing.T) *Client {
	return r.fake.client(t, func(o *Options) { o.HTTPAddr = r.web.Listener.Addr().String() })
}

// wantRequests compares and forgets the requests so far.
func (r *rows) wantRequests(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := cmp.Diff(want, r.got); d != "" {
		t.Errorf("requests: %s", d)
	}
	r.got = nil
}

func (r *rows) set(rrdd, port http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rrdd, r.port = rrdd, port
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte("<html>no</html>"))
	}
}

func answer(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(document)) }

// readAll reads what RRDUpdates gives.
func readAll(t *testing.T, c *Client) (string, error) {
	t.Helper()
	body, err := c.RRDUpdates(t.Context(), RRDQuery{Start: 100, Interval: 60, CF: "AVERAGE"})
	if err != nil {
		return "", err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	return string(text), err
}

func wantDocument(t *testing.T, c *Client, endpoint string) {
	t.Helper()
	if got, err := readAll(t, c); err != nil || got != document {
		t.Errorf("read %q, %v", got, err)
	}
	if c.Endpoint() != endpoint {
		t.Errorf("endpoint %q, want %q", c.Endpoint(), endpoint)
	}
}

func TestRRDRequest(t *testing.T) {
	r := newRows(t)
	var got *http.Request
	keep := func(w http.ResponseWriter, req *http.Request) { got = req; answer(w, req) }
	r.serveRRDD(t)
	r.set(keep, keep)
	c := r.client(t)
	q := RRDQuery{Start: -300, Interval: 5, CF: "AVERAGE", SRUUIDs: []string{"sr-1", "sr&2"}}
	want := "/rrd_updates?start=-300&host=true&sr_uuid=all&sr_uuid=sr-1&sr_uuid=sr%262&cf=AVERAGE&interval=5"
	for _, nextProbe := range []time.Time{{}, time.Now().Add(time.Hour)} {
		c.answered("", nextProbe)
		body, err := c.RRDUpdates(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		_ = body.Close()
		if got.RequestURI != want {
			t.Errorf("asked for %s, want %s", got.RequestURI, want)
		}
		if a := got.Header.Get("Accept"); a != "text/xml" {
			t.Errorf("Accept %q", a)
		}
		if a, ok := got.Header["Accept-Encoding"]; ok {
			t.Errorf("Accept-Encoding %q", a)
		}
		if a := got.UserAgent(); a != DefaultUserAgent {
			t.Errorf("User-Agent %q", a)
		}
	}
	r.wantRequests(t, "rrdd", "port OpaqueRef:session-1")
}

// The environment's proxy would be passed by for 127.0.0.1, but not for every
// address that a host can be given.
func TestNoProxy(t *testing.T) {
	c := New(Options{})
	for name, client := range map[string]*http.Client{"rpc": c.rpc, "rrdd": c.rrdd, "web": c.web} {
		if client.Transport.(*http.Transport).Proxy != nil {
			t.Errorf("%s looks for a proxy", name)
		}
	}
}

func TestRRDSocketIsTheFirstChoice(t *testing.T) {
	r := newRows(t)
	c := r.client(t)
	if c.Endpoint() != "" {
		t.Errorf("endpoint %q before any request", c.Endpoint())
	}
	r.serveRRDD(t)
	r.set(answer, answer)
	wantDocument(t, c, EndpointRRDD)
	wantDocument(t, c, EndpointRRDD)
	r.wantRequests(t, "rrdd", "rrdd")
	if logins, _, _, _ := r.counts(); logins != 0 {
		t.Errorf("%d logins for a socket that needs none", logins)
	}
}

func TestFallbackIsRemembered(t *testing.T) {
	r := newRows(t)
	r.set(nil, answer)
	c := r.client(t)
	wantDocument(t, c, EndpointXAPI) // no socket
	r.serveRRDD(t)
	r.set(answer, answer)
	wantDocument(t, c, EndpointXAPI) // not yet looked at again
	r.wantRequests(t, "port OpaqueRef:session-1", "port OpaqueRef:session-1")

	c.answered("", time.Now()) // as five minutes later
	wantDocument(t, c, EndpointRRDD)
	r.wantRequests(t, "rrdd")

	c.probeEvery = time.Nanosecond
	r.set(nil, answer)
	wantDocument(t, c, EndpointXAPI)
	r.set(answer, answer)
	wantDocument(t, c, EndpointRRDD)
	r.wantRequests(t, "rrdd", "port OpaqueRef:session-1", "rrdd")
}

func TestSocketIsTriedAgainWhenThePortFails(t *testing.T) {
	r := newRows(t)
	r.serveRRDD(t)
	r.set(nil, answer)
	c := r.client(t)
	wantDocument(t, c, EndpointXAPI)
	r.set(answer, status(500))
	if _, err := readAll(t, c); Kind(err) != "http 500" {
		t.Errorf("the port fails: %v", err)
	}
	wantDocument(t, c, EndpointRRDD)
	r.wantRequests(t, "rrdd", "port OpaqueRef:session-1", "port OpaqueRef:session-1", "rrdd")
}

// The socket's answers that mean "ask xapi", and those that are errors.
func TestRRDSocketStatus(t *testing.T) {
	r := newRows(t)
	r.serveRRDD(t)
	for _, code := range []int{403, 404, 405, 501} {
		r.set(status(code), answer)
		c := r.client(t)
		wantDocument(t, c, EndpointXAPI)
		r.got = nil
	}
	for _, code := range []int{302, 401, 500, 503} {
		r.set(status(code), answer)
		_, err := readAll(t, r.client(t))
		var bad *HTTPStatusError
		if !errors.As(err, &bad) {
			t.Fatalf("HTTP %d: %v", code, err)
		}
		want := HTTPStatusError{Endpoint: "xcp-rrdd /rrd_updates", Code: code, Excerpt: "<html>no</html>"}
		if *bad != want || !Retriable(err) {
			t.Errorf("HTTP %d: %+v", code, *bad)
		}
		r.wantRequests(t, "rrdd")
	}
}

func TestRefusedSocketFallsBack(t *testing.T) {
	r := newRows(t)
	l := listen(t, r.socket+"-rrdd")
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	r.set(nil, answer)
	wantDocument(t, r.client(t), EndpointXAPI)
}

func TestBothEndpointsFail(t *testing.T) {
	r := newRows(t)
	r.set(nil, status(404))
	_, err := readAll(t, r.client(t))
	if Kind(err) != "http 404" || !Retriable(err) {
		t.Errorf("%v", err)
	}
	wantIn(t, err.Error(), "no such file")
	if strings.Contains(err.Error(), "OpaqueRef:session") {
		t.Errorf("the session is in the error: %v", err)
	}
}

func TestPortStatus(t *testing.T) {
	for _, code := range []int{403, 404, 500, 503} {
		r := newRows(t)
		r.set(nil, status(code))
		_, err := readAll(t, r.client(t))
		var bad *HTTPStatusError
		if !errors.As(err, &bad) || bad.Code != code {
			t.Errorf("HTTP %d: %v", code, err)
		}
		r.wantRequests(t, "port OpaqueRef:session-1") // asked once
	}
}

func TestUnauthorisedLogsInOnce(t *testing.T) {
	r := newRows(t)
	c := r.client(t)
	r.set(nil, func(w http.ResponseWriter, req *http.Request) {
		if cookie, _ := req.Cookie("session_id"); cookie.Value != "OpaqueRef:session-2" {
			status(401)(w, req)
			return
		}
		answer(w, req)
	})
	wantDocument(t, c, EndpointXAPI)
	r.wantRequests(t, "port OpaqueRef:session-1", "port OpaqueRef:session-2")
	if logins, logouts, alive, most := r.counts(); logins != 2 || logouts != 1 || alive != 1 || most != 1 {
		t.Errorf("%d logins, %d logouts, %d alive, %d at most; want 2, 1, 1, 1", logins, logouts, alive, most)
	}

	r.set(nil, status(401))
	if _, err := readAll(t, c); Kind(err) != "http 401" || !Retriable(err) {
		t.Errorf("401 for ever: %v", err)
	}
	r.wantRequests(t, "port OpaqueRef:session-2", "port OpaqueRef:session-3")
	if _, _, alive, most := r.counts(); alive != 1 || most != 1 {
		t.Errorf("%d sessions alive, %d at most", alive, most)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	r := newRows(t)
	r.set(nil, func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "/elsewhere", http.StatusFound)
	})
	if _, err := readAll(t, r.client(t)); Kind(err) != "http 302" {
		t.Errorf("%v", err)
	}
	r.wantRequests(t, "port OpaqueRef:session-1")
}

func TestHungHead(t *testing.T) {
	r := newRows(t)
	r.serveRRDD(t)
	r.set(func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }, answer)
	c := r.client(t)
	c.firstByte = time.Second // enough for a busy machine to get the request across
	_, err := readAll(t, c)
	if !errors.Is(err, ErrStalled) || Kind(err) != "stalled" || !Retriable(err) {
		t.Errorf("%v", err)
	}
	r.wantRequests(t, "rrdd") // xapi would hand the request to the same daemon
}

// hangingBody sends a beginning and then nothing.
func hangingBody(w http.ResponseWriter, req *http.Request) {
	_, _ = w.Write([]byte(document))
	_ = http.NewResponseController(w).Flush()
	<-req.Context().Done()
}

func TestHungBody(t *testing.T) {
	r := newRows(t)
	r.serveRRDD(t)
	r.set(hangingBody, nil)
	c := r.client(t)
	c.bodyIdle = time.Second
	got, err := readAll(t, c)
	if got != document || !errors.Is(err, ErrStalled) {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestBodyEndsWithContext(t *testing.T) {
	r := newRows(t)
	r.serveRRDD(t)
	r.set(hangingBody, nil)
	ctx, cancel := context.WithCancel(t.Context())
	body, err := r.client(t).RRDUpdates(ctx, RRDQuery{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadFull(body, make([]byte, len(document))); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := body.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Read after cancel = %v", err)
	}
}

func TestCutBody(t *testing.T) {
	r := newRows(t)
	r.serveRRDD(t)
	r.set(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(document))
	}, nil)
	if _, err := readAll(t, r.client(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a body that is shorter than announced: %v", err)
	}
}

func TestUnreadBodyCanBeClosed(t *testing.T) {
	r := newRows(t)
	r.serveRRDD(t)
	r.set(hangingBody, nil)
	body, err := r.client(t).RRDUpdates(t.Context(), RRDQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

// TestRowsOfOneObject: what is asked for of one object alone is understood by
// toolstacks before 26.7 and since.
func TestRowsOfOneObject(t *testing.T) {
	f := func(class, want string) {
		t.Helper()
		q := RRDQuery{Start: 7, Interval: 60, CF: "AVERAGE", Class: class, UUID: "u&1", SRUUIDs: []string{"not this"}}
		if got := q.target(); got != "/rrd_updates?start=7"+want+"&cf=AVERAGE&interval=60" {
			t.Errorf("%s: %s", class, got)
		}
	}
	f("host", "&host=true&vm_uuid=none")
	f("vm", "&vm_uuid=u%261")
	f("sr", "&host=true&vm_uuid=none&sr_uuid=u%261")
}
