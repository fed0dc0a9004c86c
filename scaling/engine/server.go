package engine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startTimeout is for listening, when the store is open.
const startTimeout = 10 * time.Second

// final is an error that trying again does not mend.
type final struct{ err error }

func (f *final) Error() string { return f.err.Error() }
func (f *final) Unwrap() error { return f.err }

// embedded is a running server of ours.
type embedded struct {
	srv   *server.Server
	log   *serverLog
	place place

	config *tls.Config // nil is no TLS
}

// startServer opens the store and listens. To be called with the lock.
func startServer(o *Options, token string, past *repeats) (*embedded, error) {
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, &final{err}
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, &final{err}
	}
	if n == 0 {
		n = server.RANDOM_PORT
	}
	if err := canListen(o.Listen); err != nil {
		return nil, err
	}
	if err := verifyStore(o.Dir); err != nil {
		return nil, err
	}
	e := &embedded{log: &serverLog{to: o.Logger, fatal: make(chan string, 1), past: past}}
	so := &server.Options{
		ServerName: "perfmon-engine", Host: host, Port: n,
		JetStream: true, StoreDir: o.Dir, DisableJetStreamBanner: true,
		JetStreamMaxMemory: o.Limits.Memory, JetStreamMaxStore: o.Limits.Store,
		SyncAlways: o.SyncEvery == 0, SyncInterval: o.SyncEvery,
		MaxPayload: int32(min(o.Limits.Payload, server.MAX_PAYLOAD_MAX_SIZE)), MaxConn: o.Limits.Connections,
		MaxControlLine: 4096, MaxPending: 64 << 20, WriteDeadline: 10 * time.Second,
		PingInterval: 10 * time.Second, MaxPingsOut: 2, AuthTimeout: 5,
		CustomClientAuthentication: &gate{token, o.Users, o.Logger}, AlwaysEnableNonce: o.Users != "",
		NoSigs: true,
	}
	if o.Serve.Cert != "" {
		if err := e.useTLS(so, o); err != nil {
			return nil, &final{err}
		}
	}
	if e.srv, err = server.NewServer(so); err != nil {
		return nil, &final{fmt.Errorf("make the embedded server: %w", err)}
	}
	e.srv.SetLoggerV2(e.log, false, false, false)
	if err := e.start(); err != nil {
		e.stop()
		return nil, err
	}
	if err := checkRestored(e, o.Dir); err != nil {
		e.stop()
		return nil, err
	}
	address := e.srv.Addr().(*net.TCPAddr)
	if address.IP.IsUnspecified() { // all addresses: the loopback one is one of them
		address = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: address.Port}
		if ip := net.ParseIP(host); ip.To4() == nil {
			address.IP = net.IPv6loopback
		}
	}
	e.place.Address, e.place.Pid, e.place.Since = address.String(), os.Getpid(), time.Now().UTC()
	return e, nil
}

// canListen finds out before the store is opened whether somebody else
// listens there.
func canListen(address string) error {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program listens on %s: stop it, or give the engine another listen address", address)
	}
	if err != nil {
		return fmt.Errorf("listen for the engine's clients: %w", err)
	}
	return l.Close()
}

// useTLS reads the certificate. A client of this machine has the token and
// needs no certificate.
func (e *embedded) useTLS(so *server.Options, o *Options) error {
	pair, err := tls.LoadX509KeyPair(o.Serve.Cert, o.Serve.Key)
	if err != nil {
		return fmt.Errorf("read the engine's certificate: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if o.Serve.ClientCA != "" {
		pem, err := os.ReadFile(o.Serve.ClientCA)
		if err != nil {
			return fmt.Errorf("read the CA of clients: %w", err)
		}
		strict := config.Clone()
		strict.ClientCAs, strict.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !strict.ClientCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("read the CA of clients: no certificate is in %s", o.Serve.ClientCA)
		}
		lax := config.Clone()
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if local(hello.Conn.RemoteAddr(), hello.Conn.LocalAddr()) {
				return lax, nil
			}
			return strict, nil
		}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return fmt.Errorf("read the engine's certificate: %w", err)
	}
	e.place.Certificate = fingerprint(leaf)
	e.config = config
	so.TLS, so.TLSConfig, so.TLSTimeout = true, config, 5
	return nil
}

// start opens the store, which may take a while, and listens.
func (e *embedded) start() error {
	e.srv.Start()
	select {
	case text := <-e.log.fatal:
		return fmt.Errorf("start the embedded server: %s", text)
	default:
	}
	if !e.srv.ReadyForConnections(startTimeout) {
		return fmt.Errorf("the embedded server was not ready within %v", startTimeout)
	}
	return nil
}

func (e *embedded) stop() {
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
}

// ill says why the server has to be started again. A stream takes nothing any
// more after one write that failed, and has no answer for who writes to it.
func (e *embedded) ill() error {
	if !e.srv.JetStreamEnabled() {
		return errors.New("it has given up its store")
	}
	if h := e.srv.Healthz(&server.HealthzOptions{}); strings.Contains(h.Error, "write error") {
		return errors.New(h.Error)
	}
	return nil
}

// checkRestored compares the streams that lie on disk with those that the
// server has. It passes over one that it cannot read, and would make it anew,
// empty, when asked for it.
func checkRestored(e *embedded, dir string) error {
	streams := filepath.Join(dir, storeName, server.DEFAULT_GLOBAL_ACCOUNT, "streams")
	there, err := os.ReadDir(streams)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the store: %w", err)
	}
	has, err := e.streams()
	if err != nil {
		return err
	}
	var lost []string
	for _, d := range there {
		name := d.Name()
		if !d.IsDir() || strings.HasPrefix(name, ".") {
			continue
		}
		if !has[name] {
			lost = append(lost, name)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return &final{fmt.Errorf("the store in %s holds %s, which the server cannot read (%s): bring the folder back from a backup, or move %s away and what it kept is gone",
		streams, strings.Join(lost, ", "), e.log.complaints(), filepath.Join(streams, lost[0]))}
}

// streams are the names of the streams that the server has.
func (e *embedded) streams() (map[string]bool, error) {
	info, err := e.srv.JszAccount(&server.JSzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Streams: true})
	if err != nil {
		return nil, fmt.Errorf("ask the server for its streams: %w", err)
	}
	names := map[string]bool{}
	for _, s := range info.Streams {
		names[s.Name] = true
	}
	return names, nil
}
