package door

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
)

// ask says whether a request with this Host header is let in, on a
// connection that came in on the address at.
func ask(t *testing.T, h *HostCheck, host, at string) bool {
	t.Helper()
	r := &http.Request{Host: host}
	local, err := net.ResolveTCPAddr("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	return h.allows(r.WithContext(context.WithValue(context.Background(), http.LocalAddrContextKey, net.Addr(local))))
}

func TestHostCheck(t *testing.T) {
	const loopback, lan = "127.0.0.1:9789", "192.0.2.10:9789"
	f := func(listen, allowed, host, at string, want bool) {
		t.Helper()
		h, err := NewHostCheck(strings.Fields(listen), strings.Fields(allowed), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(t, h, host, at); got != want {
			t.Errorf("listening on %q, allowed %q: host %q at %s: %v", listen, allowed, host, at, got)
		}
	}
	for _, host := range []string{
		"localhost", "localhost:9789", "LocalHost.:80", "localhost:", "127.0.0.1", "127.0.0.1:9789", "127.8.9.10",
		"[::1]", "[::1]:9789", "[::ffff:127.0.0.1]:1",
	} {
		f(loopback, "", host, loopback, true)
		f("[::]:9789", "", host, "[::1]:9789", true)
	}
	for _, host := range []string{
		"", ":9789", "evil.example", "evil.example:9789", "localhost.evil.example", "notlocalhost", "192.0.2.10", "[2001:db8::1]",
		"::1", "[::1", "[::1]x", "[localhost]", "[127.0.0.1]:80", "127.0.0.1:x", "127.0.0.1:80:80", "127.1", "0x7f.1", "2130706433",
		"localhost localhost", "localhost,evil.example", "user@localhost", "*",
	} {
		f(loopback, "", host, loopback, false)
	}

	// The address that a request came in on cannot have been rebound.
	f(":9789", "", "192.0.2.10:9789", lan, true)
	f(":9789", "", "192.0.2.11:9789", lan, false)
	f(":9789", "", "[fe80::1]", "[fe80::1]:9789", true)
	f(":9789", "", "evil.example", lan, false)

	// What was configured: to listen on, or as allowed.
	f("xcp-1.example:9789", "", "XCP-1.example", lan, true)
	f("192.0.2.10:9789", "", "192.0.2.10", loopback, true)
	f("vsock://:9789", "", "localhost", loopback, true)
	f(loopback, "a.example B.example. 192.0.2.77 [2001:db8::5] 2001:db8::6", "a.example:443", loopback, true)
	for _, host := range []string{"b.example", "192.0.2.77", "[2001:db8::5]", "[2001:db8:0::6]:1"} {
		f(loopback, "a.example B.example. 192.0.2.77 [2001:db8::5] 2001:db8::6", host, loopback, true)
	}
	f(loopback, "a.example", "x.a.example", loopback, false)
	f(loopback, "*", "evil.example", loopback, true)
}

func TestHostCheckOnOtherSockets(t *testing.T) {
	h, err := NewHostCheck(nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	unix := context.WithValue(context.Background(), http.LocalAddrContextKey, net.Addr(&net.UnixAddr{Name: "/run/x", Net: "unix"}))
	for host, want := range map[string]bool{"localhost": true, "evil.example": false, "192.0.2.1": false} {
		if got := h.allows((&http.Request{Host: host}).WithContext(unix)); got != want {
			t.Errorf("host %q on a unix socket: %v", host, got)
		}
		if got := h.allows(&http.Request{Host: host}); got != want {
			t.Errorf("host %q on an unknown socket: %v", host, got)
		}
	}
}

func TestBadAllowedHosts(t *testing.T) {
	for _, host := range []string{"", "a.example:80", "https://a.example", "a.example/", "*.example", "a b", "u@h", "[a.example]", "[::1]:80"} {
		if _, err := NewHostCheck(nil, []string{host}, ""); err == nil || !strings.Contains(err.Error(), "without scheme and port") {
			t.Errorf("allowed host %q: %v", host, err)
		}
	}
}
