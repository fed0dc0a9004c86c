//go:build integration

package rabbit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"perfmon/alarm/sink/sinktest"
	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/worktest"
)

var (
	server    *sinktest.Rabbit
	authority *x509.CertPool  // that has signed the server's certificate
	client    tls.Certificate // of the user rubber-client
	tlsPort   string
)

func TestMain(m *testing.M) {
	os.Exit(worktest.Main(m, func(t testing.TB) {
		dir := t.TempDir()
		tlsPort = sinktest.FreePorts(t, 1)[0]
		certificates(t, dir)
		server = worktest.StartRabbit(t, fmt.Sprintf(`
listeners.ssl.v4 = 127.0.0.1:%[1]s
listeners.ssl.v6 = ::1:%[1]s
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
ssl_options.cacertfile = %[2]s/ca.pem
ssl_options.certfile = %[2]s/server.pem
ssl_options.keyfile = %[2]s/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
`, tlsPort, dir), "rabbitmq_auth_mechanism_ssl")
	}))
}

// certificates makes an authority, a server and a client.
func certificates(t testing.TB, dir string) {
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	write := func(name, kind string, der []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey := key()
	sign := func(c *x509.Certificate, k *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, c, ca, k.Public(), caKey)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	der := sign(ca, caKey)
	write("ca.pem", "CERTIFICATE", der)
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	authority = x509.NewCertPool()
	authority.AddCert(parsed)
	serverKey, clientKey := key(), key()
	write("server.pem", "CERTIFICATE", sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, NotAfter: time.Now().Add(time.Hour),
	}, serverKey))
	private, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		t.Fatal(err)
	}
	write("server.key", "PRIVATE KEY", private)
	client = tls.Certificate{PrivateKey: clientKey, Certificate: [][]byte{sign(&x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "rubber-client"}, NotAfter: time.Now().Add(time.Hour),
	}, clientKey)}}
}

func newSource(t *testing.T, change func(o *Options), urls ...string) *Source {
	t.Helper()
	o := Options{Broker: work.Broker{URLs: urls}, Management: []string{server.Management}, Lag: 2 * time.Second}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// text shows a depth in a form to compare.
func text(d work.Depth) string {
	show := func(n *int) string {
		if n == nil {
			return "?"
		}
		return fmt.Sprint(*n)
	}
	out := fmt.Sprintf("ready %s unacked %s consumers %s", show(d.Ready), show(d.Unacked), show(d.Consumers))
	if d.Absent {
		out += " absent"
	}
	return out
}

func look(t *testing.T, s *Source, queue string) work.Depth {
	t.Helper()
	d, err := s.Depth(t.Context(), queue)
	if err != nil {
		t.Fatal(err)
	}
	if d.Partial != nil {
		t.Fatal(d.Partial)
	}
	return d
}

// until looks until a queue is as wanted.
func until(t *testing.T, s *Source, queue, want string) (d work.Depth) {
	t.Helper()
	worktest.Until(t, queue+": "+want, time.Minute, func() bool {
		d = look(t, s, queue)
		return text(d) == want
	})
	return d
}

// A vhost with a slash and a percent sign, and a queue with more.
func TestDepth(t *testing.T) {
	t.Parallel()
	const vhost, queue = "a/b%c", "jobs/fast #1?"
	worktest.MakeVhost(t, server, vhost)
	site := worktest.NewSite(t, server, vhost)
	s := newSource(t, nil, site.BrokerURL)

	if d := look(t, s, queue); text(d) != "ready 0 unacked 0 consumers 0 absent" {
		t.Errorf("a queue that does not exist: %s", text(d))
	}
	site.Publish(queue, 3, "work", 0)
	if d := look(t, s, queue); *d.Ready != 3 || d.Absent { // at once; the plugin may not know yet
		t.Errorf("three tasks: %s", text(d))
	}
	d := until(t, s, queue, "ready 3 unacked 0 consumers 0")
	if d.Oldest == nil {
		t.Error("nobody knows how long they wait")
	}
	worktest.Until(t, "they wait for a second", time.Minute, func() bool {
		d := look(t, s, queue)
		return d.Oldest != nil && *d.Oldest >= time.Second
	})

	// A worker takes two and keeps them.
	c, err := amqp.Dial(site.BrokerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ch, err := c.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Qos(2, 0, false); err != nil {
		t.Fatal(err)
	}
	deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := <-deliveries
	second := <-deliveries
	if d := look(t, s, queue); text(d) != "ready 1 unacked 2 consumers 1" {
		t.Errorf("two handed out a moment ago: %s", text(d))
	}
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if d := look(t, s, queue); *d.Ready+*d.Unacked < 3 {
			t.Fatalf("a task is nowhere: %s", text(d))
		}
	}
	if err := first.Ack(false); err != nil {
		t.Fatal(err)
	}
	<-deliveries
	until(t, s, queue, "ready 0 unacked 2 consumers 1")
	if d := look(t, s, queue); *d.Oldest != 0 {
		t.Errorf("nothing waits, for %v", *d.Oldest)
	}
	if err := second.Ack(true); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Connects != 1 || st.LookFailures != 0 || st.Partial != 0 || !st.Connected {
		t.Errorf("%+v", st)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	worktest.MakeVhost(t, server, "tls")
	site := worktest.NewSite(t, server, "tls")
	site.Publish("q", 1, "work", 0)
	url := "amqps://agent:pw@127.0.0.1:" + tlsPort + "/tls"
	good := &tls.Config{RootCAs: authority, Certificates: []tls.Certificate{client}}
	with := func(c *tls.Config) func(*Options) {
		return func(o *Options) { o.Broker.TLS = c }
	}

	// The first does not listen, the second is no broker that we know.
	s := newSource(t, with(good), "amqps://agent:pw@[::1]:1/tls", url)
	if d := look(t, s, "q"); *d.Ready != 1 {
		t.Error(text(d))
	}
	six := strings.Replace(url, "127.0.0.1", "[::1]", 1)
	if d := look(t, newSource(t, with(good), six), "q"); *d.Ready != 1 {
		t.Error(text(d))
	}

	// A user that is known by its certificate alone.
	server.Control("add_user", "rubber-client", "unused")
	server.Control("set_permissions", "-p", "tls", "rubber-client", "", "", "")
	external := newSource(t, func(o *Options) {
		o.Broker.TLS, o.Broker.External, o.ManagementUsername, o.ManagementPassword = good, true, "agent", "pw"
	}, strings.Replace(url, "agent:pw@", "", 1))
	if d := look(t, external, "q"); *d.Ready != 1 {
		t.Error(text(d))
	}
	refused := func(what string, s *Source, want string) {
		t.Helper()
		d, err := s.Depth(t.Context(), "q")
		if err == nil || work.KindOf(err) != work.Auth || !strings.Contains(err.Error(), want) || d.Ready != nil {
			t.Errorf("%s: %s, %v", what, text(d), err)
		}
	}
	refused("an authority that nobody knows", newSource(t, with(nil), url), "name the authority")
	refused("without a certificate", newSource(t, with(&tls.Config{RootCAs: authority}), url), "refuses our certificate")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	url := func(user string) string { return strings.Replace(server.URL, "//", "//"+user+"@", 1) }
	f := func(what, url, want string) {
		t.Helper()
		d, err := newSource(t, nil, url).Depth(t.Context(), "q")
		if err == nil || work.KindOf(err) != work.Auth || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || d.Ready != nil {
			t.Errorf("%s: %s, %v", what, text(d), err)
		}
	}
	f("a wrong password", url("agent:hunter2"), "check user and password")
	f("a vhost that does not exist", url("agent:pw")+"/nowhere", `vhost "nowhere" exists`)
	server.Control("add_user", "poor", "hunter2")
	f("a vhost of others", url("poor:hunter2"), `vhost "/" exists`)

	// The broker lets it look, the plugin does not.
	server.Control("set_permissions", "poor", "", "", "")
	server.Bind("amq.topic", "shared", "x")
	d, err := newSource(t, nil, url("poor:hunter2")).Depth(t.Context(), "shared")
	if err != nil || text(d) != "ready 0 unacked ? consumers 0" || work.KindOf(d.Partial) != work.Auth || d.Partial == nil || !strings.Contains(d.Partial.Error(), "tag management") {
		t.Errorf("%s, %v, %v", text(d), d.Partial, err)
	}
	s := newSource(t, func(o *Options) { o.NoManagement = true }, url("poor:hunter2"))
	if d := look(t, s, "shared"); text(d) != "ready 0 unacked ? consumers 0" {
		t.Errorf("without the plugin: %s", text(d))
	}

	// A queue of one connection.
	server.With(func(ch *amqp.Channel) error {
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err == nil {
			if d, err := s.Depth(t.Context(), q.Name); work.KindOf(err) != work.Auth || d.Ready != nil {
				t.Errorf("%s, %v", text(d), err)
			}
		}
		return err
	})
}

// While the broker is away nothing is known; afterwards it is again.
func TestAwayAndBack(t *testing.T) {
	t.Parallel()
	worktest.MakeVhost(t, server, "away")
	site := worktest.NewSite(t, server, "away")
	site.Publish("q", 2, "work", 0)
	relay, url := worktest.NewRelay(t, site.BrokerURL)
	s := newSource(t, func(o *Options) { o.Broker.Timeout = 3 * time.Second }, url) // which is waited for once
	unknown := func(what string) {
		t.Helper()
		if d, err := s.Depth(t.Context(), "q"); err == nil || work.KindOf(err) != work.Away || d.Ready != nil || d.Absent {
			t.Errorf("%s: %s, %v", what, text(d), err)
		}
	}
	back := func() {
		t.Helper()
		worktest.Until(t, "the broker is there", time.Minute, func() bool {
			d, err := s.Depth(t.Context(), "q")
			return err == nil && d.Partial == nil && *d.Ready == 2
		})
	}

	// It does not answer, and goes on.
	back()
	relay.Halt()
	unknown("halted")
	relay.Go()
	back()
	if st := s.Stats(); st.Connects != 1 {
		t.Errorf("one question without an answer ends the connection: %+v", st)
	}

	// It is gone, and comes back.
	relay.Cut()
	worktest.Until(t, "a new connection is tried", time.Minute, func() bool {
		unknown("cut")
		return s.Stats().ConnectFailures > 0
	})
	for range 20 {
		unknown("cut")
	}
	if st := s.Stats(); st.Connected || st.ConnectFailures > 15 {
		t.Errorf("%+v", st)
	}
	relay.Mend()
	back()
	if st := s.Stats(); st.Connects != 2 || !st.Connected {
		t.Errorf("%+v", st)
	}
}
