package xapitest

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch is where the clock of tests stands.
const epoch = 1766000747

// client talks to a Server as a test's client would, with one connection per
// request unless keep is set.
type client struct {
	t *testing.T
	s *Server
}

// start runs a server whose clock stands at epoch.
func start(t *testing.T, opt Options) client {
	t.Helper()
	opt.Dir = t.TempDir()
	if opt.Now == nil {
		opt.Now = func() time.Time { return time.Unix(epoch, 0) }
	}
	s := New(opt)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return client{t, s}
}

// http is a client whose every request goes to the endpoint.
func (c client) http(e Endpoint) *http.Client {
	network := "unix"
	if e == TCP {
		network = "tcp"
	}
	tr := &http.Transport{DisableKeepAlives: true, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, c.s.Addr(e))
		}}
	return &http.Client{Transport: tr}
}

// get asks for a path with its query, and returns the status and the body.
func (c client) get(e Endpoint, path string, header ...string) (int, string) {
	c.t.Helper()
	resp, body, err := c.try(e, path, header...)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, body
}

func (c client) try(e Endpoint, path string, header ...string) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(c.t.Context(), "GET", "http://localhost"+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http(e).Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// post sends a body, and returns the status and the answer.
func (c client) post(e Endpoint, path, body string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), "POST", "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.http(e).Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// rpc calls over JSON-RPC 2.0 and returns the result, or the failure as one
// line: the code and its parameters.
func (c client) rpc(method string, params ...any) (any, string) {
	c.t.Helper()
	return c.rpcAt(XAPI, method, params...)
}

func (c client) rpcAt(e Endpoint, method string, params ...any) (any, string) {
	c.t.Helper()
	if params == nil {
		params = []any{}
	}
	p, err := json.Marshal(params)
	if err != nil {
		c.t.Fatal(err)
	}
	_, answer := c.post(e, "/jsonrpc", `{"jsonrpc":"2.0","method":"`+method+`","params":`+string(p)+`,"id":7}`)
	var m struct {
		Result any `json:"result"`
		Error  *struct {
			Message string   `json:"message"`
			Data    []string `json:"data"`
		} `json:"error"`
	}
	if err := json.Unmarshal([]byte(answer), &m); err != nil {
		c.t.Fatalf("%s answered %q: %v", method, answer, err)
	}
	if m.Error != nil {
		return nil, strings.Join(append([]string{m.Error.Message}, m.Error.Data...), " ")
	}
	return m.Result, ""
}

// login returns a session.
func (c client) login() string {
	c.t.Helper()
	r, failed := c.rpc("session.login_with_password", "", "", "1.0", "test")
	if failed != "" {
		c.t.Fatal(failed)
	}
	return r.(string)
}
