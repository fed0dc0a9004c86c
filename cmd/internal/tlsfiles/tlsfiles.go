// Package tlsfiles makes the TLS configuration of a client from the files
// that settings name: whom we trust, and who we are.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxFile bounds what is read of a file, bytes. The authorities of a whole
// system come to some 250 kB.
const maxFile = 4 << 20

// Options are the TLS part of a destination's settings. The zero value leaves
// TLS to the address and the system's authorities.
type Options struct {
	CAFile   string // PEM certificates of the authorities to trust instead of the system's
	CertFile string // PEM chain that says who we are; with KeyFile or not at all
	KeyFile  string
	// ServerName is the name that the server's certificate has to have, if it
	// is not that of the address.
	ServerName string
	// InsecureSkipVerify believes any certificate. Whoever sits between can
	// read and change everything, so it has to be asked for by this name.
	InsecureSkipVerify bool
}

// Config reads the files. It is nil for the zero Options. The client's
// certificate is read again for each connection, so that a renewed one needs
// no restart.
func (o Options) Config() (*tls.Config, error) {
	if o == (Options{}) {
		return nil, nil
	}
	c := &tls.Config{ServerName: o.ServerName, InsecureSkipVerify: o.InsecureSkipVerify, MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := read(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the authorities: %s has no certificate in PEM form", o.CAFile)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("a client certificate needs both its file and that of its key")
	}
	if o.CertFile != "" {
		if _, err := o.pair(); err != nil {
			return nil, err
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return o.pair() }
	}
	return c, nil
}

func (o Options) pair() (*tls.Certificate, error) {
	cert, err := read(o.CertFile)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate: %w", err)
	}
	key, err := read(o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate's key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate from %s and %s: %w", o.CertFile, o.KeyFile, err)
	}
	return &pair, nil
}

func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	return b, err
}
