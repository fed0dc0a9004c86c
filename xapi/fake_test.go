package xapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call is one request as a toolstack sees it.
type call struct {
	Method  string
	Params  []json.RawMessage // without the session
	Session string
	Raw     string
	r       *http.Request
}

func (c call) text(i int) string {
	var s string
	if err := json.Unmarshal(c.Params[i], &s); err != nil {
		return "not a string: " + string(c.Params[i])
	}
	return s
}

// fake is a toolstack on a unix socket. Methods answer a result or an *Error;
// raw ones write what they like.
type fake struct {
	socket  string
	methods map[string]func(call) any
	raw     map[string]func(http.ResponseWriter, call)

	mu       sync.Mutex
	alive    map[string]bool // sessions
	most     int             // sessions alive at once
	logins   int
	logouts  int
	conns    int
	requests []call
}

func newFake(t *testing.T) *fake {
	f := &fake{
		socket:  filepath.Join(shortDir(t), "xapi"),
		methods: map[string]func(call) any{},
		raw:     map[string]func(http.ResponseWriter, call){},
		alive:   map[string]bool{},
	}
	serve(t, listen(t, f.socket), f, func(net.Conn) { f.mu.Lock(); f.conns++; f.mu.Unlock() })
	return f
}

// shortDir is a folder whose name fits into a socket's address.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "xapi")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func listen(t *testing.T, socket string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func serve(t *testing.T, l net.Listener, h http.Handler, opened func(net.Conn)) {
	t.Helper()
	server := &http.Server{Handler: h, ConnState: func(c net.Conn, s http.ConnState) {
		if s == http.StateNew && opened != nil {
			opened(c)
		}
	}}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
}

// client is a client of the fake, closed at the end of the test.
func (f *fake) client(t *testing.T, edit ...func(*Options)) *Client {
	t.Helper()
	opts := Options{
		XAPISocket:  f.socket,
		RRDDSocket:  f.socket + "-rrdd", // absent unless a test serves it
		HTTPAddr:    "127.0.0.1:1",
		CallTimeout: time.Minute,
	}
	for _, e := range edit {
		e(&opts)
	}
	c := New(opts)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// invalidate ends all sessions.
func (f *fake) invalidate() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.alive)
}

func (f *fake) counts() (logins, logouts, alive, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.logins, f.logouts, len(f.alive), f.most
}

func (f *fake) seen(method string) (all []call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.requests {
		if c.Method == method {
			all = append(all, c)
		}
	}
	return all
}

func (f *fake) login() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logins++
	ref := fmt.Sprintf("OpaqueRef:session-%d", f.logins)
	f.alive[ref] = true
	f.most = max(f.most, len(f.alive))
	return ref
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Version string            `json:"jsonrpc"`
		Method  string            `json:"method"`
		Params  []json.RawMessage `json:"params"`
		ID      json.RawMessage   `json:"id"`
	}
	var raw json.RawMessage
	err := json.NewDecoder(r.Body).Decode(&raw)
	if err == nil {
		err = json.Unmarshal(raw, &request)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/jsonrpc" || request.Version != "2.0" {
		http.Error(w, "not a call", http.StatusBadRequest)
		return
	}
	c := call{Method: request.Method, Params: request.Params, Raw: string(raw), r: r}
	if c.Method != "session.login_with_password" {
		_ = json.Unmarshal(request.Params[0], &c.Session)
		c.Params = c.Params[1:]
	}
	f.mu.Lock()
	f.requests = append(f.requests, c)
	rawReply, method, alive := f.raw[c.Method], f.methods[c.Method], f.alive[c.Session]
	f.mu.Unlock()
	if rawReply != nil {
		rawReply(w, c)
		return
	}
	var result any
	switch {
	case method != nil && (alive || c.Session == ""):
		result = method(c)
	case c.Method == "session.login_with_password":
		result = f.login()
	case !alive:
		result = &Error{Code: "SESSION_INVALID", Params: []string{c.Session}}
	case c.Method == "session.logout":
		f.mu.Lock()
		f.logouts++
		delete(f.alive, c.Session)
		f.mu.Unlock()
		result = ""
	default:
		result = &Error{Code: "MESSAGE_METHOD_UNKNOWN", Params: []string{c.Method}}
	}
	w.Header().Set("Content-Type", "application/json")
	reply := map[string]any{"jsonrpc": "2.0", "id": request.ID}
	if e, ok := result.(*Error); ok {
		reply["error"] = map[string]any{"code": 1, "message": e.Code, "data": e.Params}
	} else {
		reply["result"] = result
	}
	_ = json.NewEncoder(w).Encode(reply)
}

// html answers as the toolstack's HTTP server does when it is in trouble.
func html(status int) func(http.ResponseWriter, call) {
	return func(w http.ResponseWriter, _ call) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><body><h1>HTTP 500 internal server error</h1></body></html>"))
	}
}

// hang answers nothing until the other side gives up.
func hang(_ http.ResponseWriter, c call) { <-c.r.Context().Done() }

// text answers these bytes.
func text(s string) func(http.ResponseWriter, call) {
	return func(w http.ResponseWriter, _ call) { _, _ = w.Write([]byte(s)) }
}

// wantIn fails unless got contains want.
func wantIn(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("%q does not contain %q", got, want)
	}
}
