// Package webclient makes the HTTP clients of those sinks that send requests.
package webclient

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"perfmon/alarm/sink/internal/address"
)

// maxHeader bounds the header of an answer, bytes.
const maxHeader = 64 << 10

// New makes a client that follows no redirects: a request goes to the server
// that was named, and its secrets to nobody else. A nil config trusts the
// system's authorities; another one is copied. proxy is the URL of a proxy,
// or "environment" for what HTTPS_PROXY and its kind say; "" asks nobody. The
// timeout is of one request.
func New(config *tls.Config, proxy string, timeout time.Duration) (*http.Client, error) {
	t := &http.Transport{
		TLSHandshakeTimeout:    timeout,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2:      true,
	}
	if config != nil {
		t.TLSClientConfig = config.Clone()
	}
	switch proxy {
	case "":
	case "environment":
		t.Proxy = http.ProxyFromEnvironment
	default:
		u, err := address.Parse(proxy, "", "http", "https")
		if err != nil {
			return nil, fmt.Errorf("proxy: %w", err)
		}
		t.Proxy = http.ProxyURL(u)
	}
	return &http.Client{
		Transport:     t,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}
