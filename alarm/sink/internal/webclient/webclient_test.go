package webclient

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// get asks for an address and returns the answer's status.
func get(t *testing.T, client *http.Client, address string) int {
	t.Helper()
	defer client.CloseIdleConnections()
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestNoRedirects(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request went elsewhere") }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer server.Close()
	client, err := New(nil, "", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if status := get(t, client, server.URL); status != http.StatusFound {
		t.Errorf("status %d", status)
	}
}

func TestProxy(t *testing.T) {
	asked := ""
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
	defer proxy.Close()
	client, err := New(nil, proxy.URL, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if get(t, client, "http://hook.invalid/x"); asked != "http://hook.invalid/x" {
		t.Errorf("the proxy was asked for %q", asked)
	}
	client, err = New(nil, "environment", time.Minute)
	if err != nil || client.Transport.(*http.Transport).Proxy == nil {
		t.Errorf("the environment's proxy is not asked for: %v", err)
	}
	client, err = New(nil, "", time.Minute)
	if err != nil || client.Transport.(*http.Transport).Proxy != nil {
		t.Errorf("a proxy, although nobody named one: %v", err)
	}
	if _, err := New(nil, "socks5://hunter2", time.Minute); err == nil || err.Error() != "proxy: not of the form http://host:port or https://host:port" {
		t.Errorf("a proxy of another kind: %v", err)
	}
}

// The config stays its owner's: what the library writes goes to a copy.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client, err := New(config, "", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if client.Transport.(*http.Transport).TLSClientConfig == config {
		t.Error("the config is shared")
	}
	if status := get(t, client, server.URL); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
	stranger, err := New(&tls.Config{}, "", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Get(server.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server that nobody vouches for: %v", err)
	}
}

func TestTimeout(t *testing.T) {
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	defer server.Close()
	defer close(end)
	client, err := New(nil, "", 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Get(server.URL); err == nil || !strings.Contains(err.Error(), "Timeout") {
		t.Errorf("a server that says nothing: %v", err)
	}
}
