package openstack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// transport bounds what a cloud may send, and while somebody logs in lets
// their context end what the library asks without one.
type transport struct {
	next    http.RoundTripper
	largest int64
	login   atomic.Pointer[context.Context] // nil unless somebody logs in
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if ctx := t.login.Load(); ctx != nil {
		req = req.WithContext(*ctx)
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength > t.largest {
		resp.Body.Close()
		return nil, tooLarge(t.largest)
	}
	resp.Body = &bounded{resp.Body, t.largest}
	return resp, nil
}

// idle closes connections that nothing is asked on.
func (t *transport) idle() {
	if base, ok := t.next.(*http.Transport); ok {
		base.CloseIdleConnections()
	}
}

// tooLarge is the error of an answer of more bytes than this.
type tooLarge int64

func (e tooLarge) Error() string { return fmt.Sprintf("the answer is larger than %d bytes", int64(e)) }

type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge(0)
	}
	return n, err
}

// client asks a cloud. It does not follow a redirection to elsewhere, which
// would get the token.
func client(t *transport, config *tls.Config, timeout time.Duration) http.Client {
	if t.next == nil {
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.TLSClientConfig = config
		base.MaxIdleConnsPerHost = 8
		t.next = base
	}
	return http.Client{Transport: t, Timeout: timeout, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
			return fmt.Errorf("%s redirects to %s://%s, where nothing of ours is sent", first.Host, req.URL.Scheme, req.URL.Host)
		}
		if len(via) >= 5 {
			return errors.New("more than 5 redirections")
		}
		return nil
	}}
}
