package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"golang.org/x/crypto/bcrypt"
)

// authority issues certificates into a folder.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.issue("ca", nil)
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// issue makes name.pem and name.key; without names it is an authority.
func (a *authority) issue(name string, names []string) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	parent, signer := a.cert, a.key
	if names == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return cert, key
}

// An engine for agents elsewhere: TLS, users, and this machine's processes
// with the token as ever.
func TestAgentsElsewhere(t *testing.T) {
	t.Parallel()
	ctx := within(t)
	a := newAuthority(t)
	a.issue("server", []string{"engine.example"})
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("hashed"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	users := a.file("users")
	if err := writeOwn(users, []byte("xen-01 plain\nxen-02 "+string(hash)+"\nxen-03 nkey:"+public+"\npeer full1 full\n")); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() + "/engine"
	o := Options{Dir: dir, Listen: "0.0.0.0:0", Serve: ServerTLS{Cert: a.file("server.pem"), Key: a.file("server.key")}, Users: users}
	owner := run(t, o)
	if _, err := owner.bucket("rubber").Put(ctx, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	// Another process need not know how the owner serves.
	other := run(t, Options{Dir: dir})
	if e, err := other.bucket("rubber").Get(ctx, "k"); err != nil || string(e.Value) != "v" {
		t.Fatal(e, err)
	}
	_, port, err := net.SplitHostPort(owner.State().Address)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	secure := nats.Secure(&tls.Config{RootCAs: pool, ServerName: "engine.example", MinVersion: tls.VersionTLS12})
	connect := func(options ...nats.Option) (*nats.Conn, error) {
		return nats.Connect("tls://127.0.0.1:"+port, append(options, nats.Timeout(limit), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))...)
	}
	if nc, err := connect(nats.UserInfo("xen-01", "plain")); err == nil {
		nc.Close()
		t.Fatal("a certificate of nobody was believed")
	}
	for _, o := range []nats.Option{nats.UserInfo("xen-01", "hashed"), nats.UserInfo("xen-02", string(hash)), nats.UserInfo("xen-03", ""), nats.UserInfo("xen-04", "plain"), nats.Token("wrong")} {
		if nc, err := connect(secure, o); !errors.Is(err, nats.ErrAuthorization) {
			nc.Close()
			t.Fatal(err)
		}
	}
	agent := func(options ...nats.Option) {
		t.Helper()
		nc, err := connect(append(options, secure)...)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		s, err := js.Stream(ctx, AlarmStream)
		if err != nil || s.CachedInfo().Config.Duplicates != alarmWindow {
			t.Fatal(err)
		}
		if _, err := js.Publish(ctx, subject, []byte("event")); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		if _, err := js.Publish(short, "$KV.rubber.k", []byte("bad")); err == nil {
			t.Fatal("an agent has written a key")
		}
		if _, err := js.KeyValue(short, "rubber"); err == nil {
			t.Fatal("an agent has opened a bucket")
		}
	}
	agent(nats.UserInfo("xen-01", "plain"))
	agent(nats.UserInfo("xen-02", "hashed"))
	agent(nats.Nkey(public, key.Sign))

	// Who may do everything reads keys.
	nc, err := connect(secure, nats.UserInfo("peer", "full1"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(ctx, "rubber")
	if err != nil {
		t.Fatal(err)
	}
	if e, err := kv.Get(ctx, "k"); err != nil || string(e.Value()) != "v" {
		t.Fatal(e, err)
	}
}

// With a CA for clients, this machine's processes still need none of its
// certificates, and others do.
func TestClientCA(t *testing.T) {
	a := newAuthority(t)
	a.issue("server", []string{"engine.example"})
	dir := t.TempDir() + "/engine"
	e := run(t, Options{Dir: dir, Serve: ServerTLS{Cert: a.file("server.pem"), Key: a.file("server.key"), ClientCA: a.file("ca.pem")}})
	if err := e.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := run(t, Options{Dir: dir}).Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	config := e.server.config
	e.mu.Unlock()
	for from, want := range map[string]tls.ClientAuthType{"127.0.0.1": tls.NoClientCert, "192.0.2.7": tls.RequireAndVerifyClientCert} {
		c, err := config.GetConfigForClient(&tls.ClientHelloInfo{Conn: caller{from}})
		if err != nil || c.ClientAuth != want {
			t.Error(from, c.ClientAuth, err)
		}
	}
	wants(t, failing(t, Options{Serve: ServerTLS{Cert: a.file("server.pem"), Key: a.file("server.key"), ClientCA: a.file("ca.key")}, Dir: t.TempDir() + "/e"}), "no certificate is in")
	wants(t, failing(t, Options{Serve: ServerTLS{Cert: a.file("server.pem"), Key: a.file("missing")}, Dir: t.TempDir() + "/e"}), "read the engine's certificate")
}

// caller is a connection that comes from an address.
type caller struct{ ip string }

func (c caller) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.ParseIP(c.ip), Port: 5} }
func (caller) LocalAddr() net.Addr                { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4222} }
func (caller) Read([]byte) (int, error)           { return 0, os.ErrClosed }
func (caller) Write([]byte) (int, error)          { return 0, os.ErrClosed }
func (caller) Close() error                       { return nil }
func (caller) SetDeadline(time.Time) error        { return nil }
func (caller) SetReadDeadline(t time.Time) error  { return nil }
func (caller) SetWriteDeadline(t time.Time) error { return nil }

func TestUsersFileIsOpen(t *testing.T) {
	a := newAuthority(t)
	a.issue("server", []string{"engine.example"})
	users := a.file("users")
	if err := os.WriteFile(users, []byte("xen-01 hidden\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := Options{Listen: "0.0.0.0:0", Serve: ServerTLS{Cert: a.file("server.pem"), Key: a.file("server.key")}, Users: users, Dir: t.TempDir() + "/e"}
	err := failing(t, o)
	wants(t, err, users, "mode 0644")
	if err := os.Chmod(users, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(users, []byte("xen-01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = failing(t, o)
	wants(t, err, users, "line 1")
	if strings.Contains(err.Error(), "hidden") {
		t.Error(err)
	}
}
