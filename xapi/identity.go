package xapi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// IdentityPath is where a host keeps its identity.
const IdentityPath = "/etc/xensource-inventory"

// maxIdentityBytes bounds the file, which is of 2 KiB on a stock host.
const maxIdentityBytes = 1 << 20

// Identity is who this host is.
type Identity struct {
	HostUUID          string // INSTALLATION_UUID, the host's uuid in legends
	ControlDomainUUID string // CONTROL_DOMAIN_UUID, dom0's VM; "" if not said
}

// ReadIdentity reads the identity from a file, IdentityPath on a stock host.
// Where there is no such file there is no toolstack: errors.Is(err,
// fs.ErrNotExist).
func ReadIdentity(path string) (Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return Identity{}, fmt.Errorf("read host identity: %w", err)
	}
	defer f.Close()
	id, err := parseIdentity(f)
	if err != nil {
		return Identity{}, fmt.Errorf("read host identity from %q: %w", path, err)
	}
	return id, nil
}

// parseIdentity reads lines of shell assignments:
//
//	PRODUCT_VERSION='8.3.0'
//	INSTALLATION_UUID='8c1f9e24-98f8-4d2a-a0ba-f2ea0b9a4a1e'
//	CONTROL_DOMAIN_UUID='0cb03a5b-6a6e-4f3e-a2ad-9e1d4a1ce1d3'
//
// As in a shell, the last assignment of a name counts. Other names are
// passed over. A file without INSTALLATION_UUID is an error.
func parseIdentity(r io.Reader) (Identity, error) {
	var id Identity
	lines := bufio.NewScanner(io.LimitReader(r, maxIdentityBytes))
	for n := 1; lines.Scan(); n++ {
		name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if !ok {
			continue
		}
		var field *string
		switch name {
		case "INSTALLATION_UUID":
			field = &id.HostUUID
		case "CONTROL_DOMAIN_UUID":
			field = &id.ControlDomainUUID
		default:
			continue
		}
		value = unquote(value)
		if !plausibleUUID(value) {
			return Identity{}, fmt.Errorf("line %d: %s is %.80q, want a uuid", n, name, value)
		}
		*field = value
	}
	if err := lines.Err(); err != nil {
		return Identity{}, err
	}
	if id.HostUUID == "" {
		return Identity{}, errors.New("it has no INSTALLATION_UUID")
	}
	return id, nil
}

// unquote takes one pair of quotes off.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// plausibleUUID accepts what can stand in a legend entry and a log line; the
// exact shape of a uuid is the toolstack's business.
func plausibleUUID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
