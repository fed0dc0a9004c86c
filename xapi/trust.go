package xapi

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// TrustCA trusts hosts whose certificate is signed by one of those in PEM, and
// is for the name or the address that is asked.
func TrustCA(pem []byte) (*tls.Config, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("read trusted certificates: there is none in the form of PEM")
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// TrustFingerprints trusts hosts whose certificate has one of these SHA-256
// fingerprints, as `openssl x509 -fingerprint -sha256` prints them, with or
// without colons. It is for the certificates that hosts make for themselves:
// nothing else of a certificate is looked at. Each host that can become the
// coordinator needs its own.
func TrustFingerprints(fingerprints ...string) (*tls.Config, error) {
	var trusted []string
	for _, text := range fingerprints {
		sum := strings.ToLower(strings.ReplaceAll(text, ":", ""))
		if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("fingerprint %q: want the 64 hexadecimal digits of SHA-256", text)
		}
		trusted = append(trusted, sum)
	}
	if len(trusted) == 0 {
		return nil, errors.New("no fingerprint is given")
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // in place of the chain, which is the host's own, the certificate itself is compared
		VerifyConnection: func(s tls.ConnectionState) error {
			sum := sha256.Sum256(s.PeerCertificates[0].Raw)
			if got := hex.EncodeToString(sum[:]); !slices.Contains(trusted, got) {
				return &UntrustedError{Fingerprint: got}
			}
			return nil
		},
	}, nil
}

// UntrustedError is a host whose certificate has none of the fingerprints that
// are trusted.
type UntrustedError struct{ Fingerprint string }

func (e *UntrustedError) Error() string {
	return "the host's certificate has the fingerprint " + e.Fingerprint + ", which is not trusted"
}
