package tlsfiles

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// makePair writes a self-signed certificate for a name, and its key.
func makePair(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	fatal(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	fatal(err)
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	fatal(os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	fatal(os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return certFile, keyFile
}

func TestConnection(t *testing.T) {
	dir, ours := t.TempDir(), t.TempDir()
	cert, key := makePair(t, dir, "server.test")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	var client string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		client = ""
		if len(r.TLS.PeerCertificates) > 0 {
			client = r.TLS.PeerCertificates[0].Subject.CommonName
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // some clients do not trust it
	server.StartTLS()
	defer server.Close()
	get := func(c *tls.Config) error {
		transport := &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	f := func(question string, o Options, want string) *tls.Config {
		t.Helper()
		c, err := o.Config()
		if err != nil {
			t.Fatal(err)
		}
		if err := get(c); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", question, err, want)
		}
		return c
	}
	f("nothing said", Options{}, "failed to verify")
	f("the authority, but the address is not in the certificate", Options{CAFile: cert}, "127.0.0.1")
	f("the authority and the name", Options{CAFile: cert, ServerName: "server.test"}, "")
	f("the name alone", Options{ServerName: "server.test"}, "unknown authority")
	f("anybody", Options{InsecureSkipVerify: true}, "")
	if client != "" {
		t.Errorf("the client says that it is %q", client)
	}
	cert1, key1 := makePair(t, ours, "first")
	c := f("as somebody", Options{CAFile: cert, ServerName: "server.test", CertFile: cert1, KeyFile: key1}, "")
	if client != "first" {
		t.Errorf("the client is %q", client)
	}
	makePair(t, ours, "renewed")
	if err := get(c); err != nil || client != "renewed" {
		t.Errorf("the client is %q after the renewal: %v", client, err)
	}
}

func TestBadFiles(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	cert, key := makePair(t, dir, "a")
	_, otherKey := makePair(t, other, "b")
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(o Options, want string) {
		t.Helper()
		if c, err := o.Config(); c != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	f(Options{CAFile: filepath.Join(dir, "none")}, "no such file")
	f(Options{CAFile: key}, "no certificate")
	f(Options{CAFile: huge}, "more than")
	f(Options{CertFile: cert}, "both")
	f(Options{KeyFile: key}, "both")
	f(Options{CertFile: cert, KeyFile: otherKey}, "does not match")
	f(Options{CertFile: filepath.Join(dir, "none"), KeyFile: key}, "no such file")
	f(Options{CertFile: cert, KeyFile: filepath.Join(dir, "none")}, "no such file")
	if c, err := (Options{}).Config(); c != nil || err != nil {
		t.Errorf("no options: %v, %v", c, err)
	}
}
