package broker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"perfmon/scaling/rubber/work"
)

// picky is a broker that wants to see a certificate, and resets connections
// behind its reason.
func picky(t *testing.T) (address string, authority *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil) // for its certificate
	s.Close()
	authority = x509.NewCertPool()
	authority.AddCert(s.Certificate())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				server := tls.Server(c, &tls.Config{Certificates: s.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert})
				if err := server.HandshakeContext(context.Background()); err == nil {
					t.Error("somebody came without a certificate, and was let in")
				}
				_ = c.(*net.TCPConn).SetLinger(0)
				c.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wait.Wait()
	})
	return l.Addr().String(), authority
}

// TestCertificateRefused: whichever comes first, what the broker says or the end
// of the connection, we hear what it said. It is chance, so it is tried often.
func TestCertificateRefused(t *testing.T) {
	address, authority := picky(t)
	b := work.Broker{URLs: []string{"amqps://u:pw@" + address}, TLS: &tls.Config{RootCAs: authority}}
	for n := range 60 {
		_, err := Dial(t.Context(), b, "test")
		if work.KindOf(err) != work.Auth || !strings.Contains(err.Error(), "certificate required") || !strings.Contains(err.Error(), "refuses our certificate") {
			t.Fatalf("try %d: %v", n, err)
		}
	}
}
