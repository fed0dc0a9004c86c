package rubberconfig

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/cmd/internal/tlsfiles"
)

// The kinds of brokers.
const (
	rabbitMQ = "rabbitmq"
	overHTTP = "http"
)

// broker makes the keys of a broker.
func (l *loader) broker(name string, at place) []key {
	b := &Broker{Name: name, Kind: rabbitMQ, Lag: 6 * time.Second, KeepAlive: 10 * time.Second, Timeout: 5 * time.Second}
	l.brokers = append(l.brokers, b)
	password, passwordKeys := l.secret(&b.Password, "password", "the user's password")
	manager, managerKeys := l.secret(&b.ManagementPassword, "management_password", "the password of `management_username`")
	secret, secretKeys := l.secret(&b.Secret, "secret", "what the header says")
	l.finish = append(l.finish, func() {
		for _, s := range []*strictyaml.Secret{password, manager, secret} {
			s.Resolve(at)
		}
		b.check(at)
		b.who(at, given(password), given(secret))
	})
	keys := []key{
		{Name: "kind", Value: word{To: &b.Kind, From: []string{rabbitMQ, overHTTP}}, Text: "RabbitMQ with Celery's workers, or a program that answers with JSON"},
		{Name: "urls", Value: words{To: &b.URLs, What: "amqps://host:5671/vhost"}, Text: "rabbitmq: brokers of one cluster, tried in order; the vhost is percent-encoded, and without a path it is `/`"},
		{Name: "username", Value: text{To: &b.Username, What: "a text"}, Text: "rabbitmq: the user; none: guest with the password guest, whom RabbitMQ lets in from its own machine alone"},
	}
	keys = append(keys, passwordKeys...)
	keys = append(keys,
		key{Name: "external_auth", Value: yes{To: &b.External}, Text: "rabbitmq: true says who we are by the client certificate of `tls_config` instead"},
		l.tlsKeys("tls_config", &b.TLS),
		key{Name: "management_urls", Value: words{To: &b.Management, What: "http://host:15672"}, Text: "rabbitmq: the management plugin's addresses; none: each broker's host with the port 15672, or 15671 with TLS"},
		key{Name: "no_management", Value: yes{To: &b.NoManagement}, Text: "rabbitmq: true does not ask the plugin: what is unacknowledged is unknown then"},
		key{Name: "management_username", Value: text{To: &b.ManagementUsername, What: "a text"}, Text: "rabbitmq: the plugin's user, if it is another"},
	)
	keys = append(keys, managerKeys...)
	keys = append(keys,
		l.tlsKeys("management_tls_config", &b.ManagementTLS),
		key{Name: "lag", Value: span{To: &b.Lag, Min: time.Second, Max: 10 * time.Minute}, Text: "rabbitmq: how old the plugin's figures may be: collect_statistics_interval and a second"},
		key{Name: "keep_alive", Value: span{To: &b.KeepAlive, Min: time.Second, Max: 5 * time.Minute, Unit: time.Second}, Text: "rabbitmq: the interval of the protocol's own heartbeat"},
		key{Name: "url", Value: text{To: &b.URL, What: "https://host/path?queue={queue}"}, Text: "http: what is asked, with `{queue}` where the queue's name belongs"},
		key{Name: "workers_url", Value: text{To: &b.Workers, What: "https://host/path"}, Text: "http: where the list of workers is, and commands to them go; profiles need it"},
		key{Name: "header", Value: text{To: &b.Header, What: "Authorization"}, Text: "http: a header to send"},
	)
	keys = append(keys, secretKeys...)
	return append(keys, key{Name: "timeout", Value: span{To: &b.Timeout, Min: 100 * time.Millisecond, Max: 10 * time.Minute}, Text: "of connecting, and of one question"})
}

// check says what does not fit together.
func (b *Broker) check(at place) {
	switch b.Kind {
	case overHTTP:
		if b.URL == "" {
			at.Problem("no url", "write url: https://host/path?queue={queue}")
		} else if err := checkURL(b.URL, "http", "https"); err != nil {
			at.Problem("url: "+err.Error(), "write https://host/path?queue={queue}; a secret has keys of its own")
		}
		if b.Workers != "" {
			if err := checkURL(b.Workers, "http", "https"); err != nil {
				at.Problem("workers_url: "+err.Error(), "write https://host/path; a secret has keys of its own")
			} else if strings.Contains(b.Workers, "{queue}") {
				at.Problem("workers_url: {queue} in the address", "write https://host/path: the list is of the workers of all queues")
			}
		}
		if len(b.URLs) > 0 {
			at.Problem("urls of the kind http", "write url")
		}
	default:
		if len(b.URLs) == 0 {
			at.Problem("no urls", "write urls: [amqps://host:5671/vhost]")
		}
		for _, u := range b.URLs {
			if err := checkURL(u, "amqp", "amqps"); err != nil {
				at.Problem("urls: "+err.Error(), "write amqps://host:5671/vhost; user and password have keys of their own")
			}
		}
		for _, u := range b.Management {
			if err := checkURL(u, "http", "https"); err != nil {
				at.Problem("management_urls: "+err.Error(), "write http://host:15672; user and password have keys of their own")
			}
		}
		if b.Workers != "" {
			at.Problem("workers_url of the kind rabbitmq", "write kind: http, or take it out")
		}
		if b.External && b.TLS.CertFile == "" {
			at.Problem("external_auth without a client certificate", "write tls_config with cert_file and key_file")
		}
		if b.NoManagement && len(b.Management) > 0 {
			at.Problem("both management_urls and no_management", "keep one")
		}
	}
	for _, o := range []tlsfiles.Options{b.TLS, b.ManagementTLS} {
		if (o.CertFile == "") != (o.KeyFile == "") {
			at.Problem("one of cert_file and key_file without the other", "write both")
		}
	}
}

// given says whether a key names a secret. Whether it can be read is another
// matter: who checks may not.
func given(s *strictyaml.Secret) bool { key, _ := s.Where(); return key != "" }

// who says what does not fit together of how we say who we are.
func (b *Broker) who(at place, password, secret bool) {
	switch {
	case b.Kind == overHTTP && (b.Header == "") == secret:
		at.Problem("one of header and secret without the other", "write both, or neither")
	case b.Kind == overHTTP:
	case b.External && (b.Username != "" || password):
		at.Problem("both a user and external_auth", "keep one")
	case b.External:
	case (b.Username == "") == password:
		at.Problem("one of username and password without the other", "write both (password_file names the file with it), or neither")
	}
}

// workersOf refuses a profile whose broker does not tell who works. Its machines
// would never become ready, and since any of them might be busy, none could be
// let go.
func (l *loader) workersOf(p *Profile, at place) {
	for _, b := range l.brokers {
		if b.Name == p.Broker && b.Kind == overHTTP && b.Workers == "" {
			at.Problem(fmt.Sprintf("broker %s has no workers_url, and without knowing who works no machine would ever be ready, or be let go", b.Name),
				"write it below the broker: docs/rubber-work.md says what has to be there")
		}
	}
}

// checkURL never repeats the address: it may have a password.
func checkURL(raw string, schemes ...string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return errors.New("no address")
	case !slices.Contains(schemes, u.Scheme):
		return fmt.Errorf("an address that does not begin with %s://", strings.Join(schemes, ":// or "))
	case u.User != nil:
		return errors.New("a user or password in the address")
	case u.Fragment != "":
		return errors.New("an address with #")
	}
	return nil
}
