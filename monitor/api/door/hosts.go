package door

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// HostCheck refuses requests whose Host header is not this port's. A page
// from elsewhere, open in a browser near this host, can have its own name
// resolve to our address (DNS rebinding) and would then be let to read us,
// but the browser still sends that name.
type HostCheck struct {
	fix   string
	any   bool
	names map[string]bool // lower case
	addrs map[netip.Addr]bool
}

// NewHostCheck lets in whoever asks for localhost, for one of the addresses
// that are listened on, or for one of the allowed names and addresses; "*" is
// any. fix says how an operator allows one more. An error is a mistake in the
// allowed ones.
func NewHostCheck(listen, allowed []string, fix string) (*HostCheck, error) {
	h := &HostCheck{fix: fix, names: map[string]bool{"localhost": true}, addrs: make(map[netip.Addr]bool)}
	for _, address := range listen {
		host, _, err := net.SplitHostPort(address)
		if err == nil && host != "" { // vsock:// and :9789 name no host
			h.add(host)
		}
	}
	for _, host := range allowed {
		if host == "*" {
			h.any = true
			continue
		}
		bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		if _, err := netip.ParseAddr(bare); err != nil && (host == "" || strings.ContainsAny(host, ":/[] \t@*")) {
			return nil, fmt.Errorf("allowed host %q: want a name or an address, without scheme and port", host)
		}
		h.add(bare)
	}
	return h, nil
}

func (h *HostCheck) add(host string) {
	if addr, err := netip.ParseAddr(host); err == nil {
		h.addrs[plainAddr(addr)] = true
		return
	}
	h.names[plainName(host)] = true
}

// Wrap answers those who are refused, and passes the others on.
func (h *HostCheck) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.allows(r) {
			http.Error(w, fmt.Sprintf("host %q is not allowed here; %s", Shorten(r.Host), h.fix), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allows says whether the request's Host header is localhost, an address of
// the loopback or the one that the request came in on, or one that was
// configured. Addresses cannot be rebound; names can.
func (h *HostCheck) allows(r *http.Request) bool {
	if h.any {
		return true
	}
	host, ok := splitHost(r.Host)
	if !ok {
		return false
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return h.names[plainName(host)]
	}
	addr = plainAddr(addr)
	return addr.IsLoopback() || h.addrs[addr] || addr == localAddr(r)
}

// localAddr is the address that the request came in on; the zero Addr if it
// is of another kind.
func localAddr(r *http.Request) netip.Addr {
	tcp, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return plainAddr(tcp.AddrPort().Addr())
}

// splitHost takes the port off a Host header: "name", "name:80", "[::1]:80".
// The port does not matter: it may be a forwarder's.
func splitHost(s string) (host string, ok bool) {
	port := ""
	if rest, bracketed := strings.CutPrefix(s, "["); bracketed {
		if host, port, ok = strings.Cut(rest, "]"); !ok {
			return "", false
		}
		if port != "" && port[0] != ':' {
			return "", false
		}
		port = strings.TrimPrefix(port, ":")
		if addr, err := netip.ParseAddr(host); err != nil || !addr.Is6() {
			return "", false
		}
	} else {
		host, port, _ = strings.Cut(s, ":")
	}
	if strings.Trim(port, "0123456789") != "" {
		return "", false
	}
	return host, host != ""
}

// plainName is a name as it is compared.
func plainName(s string) string { return strings.TrimSuffix(strings.ToLower(s), ".") }

// plainAddr is an address as it is compared: IPv4 as such, and no zone.
func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Shorten keeps foreign text in an answer short.
func Shorten(s string) string {
	const limit = 100
	if len(s) > limit {
		return s[:limit] + "…"
	}
	return s
}
