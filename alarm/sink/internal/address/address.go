// Package address reads the addresses of servers out of the settings of
// sinks.
package address

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Parse reads an address that has one of the schemes and names a host. The
// error shows the form, a scheme of each kind followed by rest:
//
//	not of the form http://host:port/path or https://host:port/path
//
// It does not repeat the address, which may have a secret in the wrong place.
func Parse(raw, rest string, schemes ...string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err == nil && u.Hostname() != "" && slices.Contains(schemes, u.Scheme) {
		return u, nil
	}
	var forms []string
	for _, s := range schemes {
		forms = append(forms, s+"://host:port"+rest)
	}
	return nil, errors.New("not of the form " + strings.Join(forms, " or "))
}
