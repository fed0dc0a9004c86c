package xapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxHops is how many other hosts a login is sent on to: while a coordinator
// changes, two may point at each other.
const maxHops = 2

// ParseServer reads the address of a toolstack elsewhere, "https://host" or
// "https://host:port". Plain http is for this machine alone, since a password
// goes over it.
func ParseServer(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("address of a toolstack %q: %w", text, withoutURL(err))
	}
	switch {
	case u.User != nil:
		return nil, errors.New("address of a toolstack: it has a user or a password in it; give them by their own settings")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return nil, fmt.Errorf("address of a toolstack %q: want a form such as %q", text, "https://coordinator.example")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("address of a toolstack %q: a password would go over the net in clear; use https", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// serverOf is where calls go: over a unix socket the host's name says nothing.
func serverOf(o Options) *url.URL {
	if o.Server != nil {
		return o.Server
	}
	return &url.URL{Scheme: "http", Host: "localhost"}
}

// serverClient asks the toolstack of the options.
func serverClient(o Options, oneShot bool) *http.Client {
	if o.Server == nil {
		return unixClient(o.Dial, o.XAPISocket, oneShot)
	}
	t := transport(oneShot)
	t.DialContext = o.Dial
	if o.TLS != nil {
		t.TLSClientConfig = o.TLS.Clone()
	}
	return httpClient(t)
}

// follow asks another host from now on, if the error says that the one asked
// is not the coordinator. Over a unix socket that is never so: a member's
// toolstack sends calls on by itself.
//
//	HOST_IS_SLAVE ["192.0.2.1"]
func (c *Client) follow(err error) bool {
	var e *Error
	if c.opts.Server == nil || !errors.As(err, &e) || e.Code != "HOST_IS_SLAVE" || len(e.Params) == 0 {
		return false
	}
	return c.moveTo(e.Params[0])
}

// moveTo asks the host with this address from now on, at the same port.
func (c *Client) moveTo(host string) bool {
	now := c.server.Load()
	if _, err := netip.ParseAddr(host); err != nil && strings.ContainsAny(host, "/:@?# ") || host == "" || host == now.Hostname() {
		return false
	}
	next := &url.URL{Scheme: now.Scheme, Host: host}
	switch port := now.Port(); {
	case port != "":
		next.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		next.Host = "[" + host + "]"
	}
	if next.Scheme == "http" && !loopback(host) {
		return false // as in ParseServer
	}
	c.server.Store(next)
	return true
}
