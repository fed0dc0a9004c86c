package rubberconfig

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/cmd/internal/tlsfiles"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

// Short names of what tables are made of.
type (
	key   = strictyaml.Key
	place = strictyaml.Place
	text  = strictyaml.Text
	words = strictyaml.Words[string]
	word  = strictyaml.Word[string]
	file  = strictyaml.File
	span  = strictyaml.Duration
	yes   = strictyaml.Boolean
)

// mode is plan.Mode with a word for the normal one.
type mode struct{ to *plan.Mode }

var modes = []string{"normal", string(plan.Ancestor)}

func (v mode) Read(p place) {
	said := ""
	word{To: &said, From: modes}.Read(p)
	switch said {
	case "normal":
		*v.to = plan.Normal
	case string(plan.Ancestor):
		*v.to = plan.Ancestor
	}
}

func (v mode) Form() string { return strictyaml.Alternatives(modes) }

func (v mode) Initial() string {
	if *v.to == plan.Normal {
		return "normal"
	}
	return string(*v.to)
}

// keys are the keys of the file.
func (l *loader) keys() []key {
	c := l.c
	return []key{
		{Name: "owner", Value: strictyaml.Form{To: &c.Owner, What: "up to 40 lower case letters, digits and -", Check: checkOwner}, Text: "the mark on our machines: machines of other owners are never touched"},
		{Name: "mode", Value: mode{&c.Mode}, Text: "how the number of machines is decided: by rubber's rules, or by the formulae of the daemon that it descends from"},
		{Name: "paused", Value: yes{To: &c.Paused}, Text: "true: begin paused, and change nothing until `rubber pause --off`"},
		{Name: "max_machines", Value: count{strictyaml.Number[int]{To: &c.Cap, Min: 1, Max: maxMachines}}, Text: "machines that may be there at once, of all profiles and in whatever state"},
		{Name: "brokers", Value: l.sections("broker", maxBrokers, l.broker), Text: "where work waits"},
		{Name: "clouds", Value: l.sections("cloud", maxClouds, l.cloud), Text: "where machines come from"},
		{Name: "profiles", Value: l.sections("profile", maxProfiles, l.profile), Text: "the kinds of machines, each for one queue"},
		{Name: "alarms", Value: l.group(l.alarmKeys()), Text: "where alarms of hosts are heard, and what they mean"},
		{Name: "engine", Value: l.group(l.engineKeys()), Text: "where state is kept and agents publish"},
		{Name: "planner", Value: l.group(numberKeys(&c.Planner, plannerTexts)), Text: "the numbers behind the rules"},
		{Name: "limits", Value: l.group(numberKeys(&c.Limits, limitTexts)), Text: "how long things may take"},
		{Name: "api", Value: l.group(l.apiKeys()), Text: "the local API"},
		{Name: "web", Value: l.group(l.webKeys()), Text: "the page and the metrics"},
		{Name: "adopt", Value: l.list("machine", "a list of {name: …, profile: …}", maxAdopt, l.adoption), Text: "machines of the ancestor that are ours from now on; `rubber import-config` writes it"},
	}
}

var ownerForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func checkOwner(s string) error {
	if !ownerForm.MatchString(s) {
		return errors.New("no name of an owner")
	}
	return nil
}

func (l *loader) group(keys []key) strictyaml.Group {
	return strictyaml.Group{Keys: keys, At: &place{}}
}

// tlsKeys are those of a client's TLS.
func (l *loader) tlsKeys(name string, o *tlsfiles.Options) key {
	return key{Name: name, Text: "TLS", Value: l.group([]key{
		{Name: "ca_file", Value: file{To: &o.CAFile}, Text: "PEM certificates of the authorities to trust instead of the system's"},
		{Name: "cert_file", Value: file{To: &o.CertFile}, Text: "PEM chain of the client certificate"},
		{Name: "key_file", Value: file{To: &o.KeyFile}, Text: "its key"},
		{Name: "server_name", Value: text{To: &o.ServerName, What: "a name"}, Text: "the name that the server's certificate has, if it is not that of the address"},
		{Name: "insecure_skip_verify", Value: yes{To: &o.InsecureSkipVerify}, Text: "true believes any certificate: whoever sits between can read and change everything"},
	})}
}

// The kinds of brokers.
const (
	rabbitMQ = "rabbitmq"
	overHTTP = "http"
)

// broker makes the keys of a broker.
func (l *loader) broker(name string, at place) []key {
	b := &Broker{Name: name, Kind: rabbitMQ, Username: "guest", Lag: 6 * time.Second, KeepAlive: 10 * time.Second, Timeout: 5 * time.Second}
	l.brokers = append(l.brokers, b)
	password, passwordKeys := l.secret(&b.Password, "password", "the user's password")
	manager, managerKeys := l.secret(&b.ManagementPassword, "management_password", "the password of `management_username`")
	secret, secretKeys := l.secret(&b.Secret, "secret", "what the header says")
	l.finish = append(l.finish, func() {
		for _, s := range []*strictyaml.Secret{password, manager, secret} {
			s.Resolve(at)
		}
		b.check(at)
	})
	keys := []key{
		{Name: "kind", Value: word{To: &b.Kind, From: []string{rabbitMQ, overHTTP}}, Text: "RabbitMQ with Celery's workers, or a program that answers with JSON"},
		{Name: "urls", Value: words{To: &b.URLs, What: "amqps://host:5671/vhost"}, Text: "rabbitmq: brokers of one cluster, tried in order; the vhost is percent-encoded, and without a path it is `/`"},
		{Name: "username", Value: text{To: &b.Username, What: "a text"}, Text: "rabbitmq: the user"},
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
		if len(b.URLs) > 0 {
			at.Problem("urls of the kind http", "write url")
		}
		if (b.Header == "") != (b.Secret == "") {
			at.Problem("one of header and secret without the other", "write both, or neither")
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

// listen is a place to listen on.
type listen struct {
	to   *string
	none bool // may be switched off
}

func (v listen) Read(p place) {
	said, ok := p.Scalar(v.Form())
	if !ok {
		return
	}
	host, port, err := net.SplitHostPort(said)
	switch {
	case v.none && said == "none":
		*v.to = ""
	case err != nil || port == "" || strings.ContainsAny(host, "/@"):
		p.Problem(strictyaml.Quote(said)+" is no place to listen on", "write "+v.Form())
	default:
		*v.to = said
	}
}

func (v listen) Form() string {
	if v.none {
		return "address:port, or none"
	}
	return "address:port"
}

func (v listen) Initial() string {
	if v.none && *v.to == "" {
		return "none"
	}
	return *v.to
}

// loopback says whether only this machine can reach a place.
func loopback(where string) bool {
	host, _, err := net.SplitHostPort(where)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (l *loader) alarmKeys() []key {
	a := &l.c.Alarms
	ref := l.refer(&a.Broker, "broker", place{})
	token, tokenKeys := l.secret(&a.Webhook.Token, "token", "the bearer token that Alertmanager has to send")
	webhook := append([]key{
		{Name: "listen", Value: listen{to: &a.Webhook.Listen}, Text: "where it is heard; beyond this machine it needs a token"},
	}, tokenKeys...)
	at := &place{}
	webhook = append(webhook,
		key{Name: "ttl", Value: span{To: &a.Webhook.TTL, Min: 30 * time.Second, Max: time.Hour}, Text: "how long an alert is believed that is not repeated; PerfmonHeartbeat missing for as long is silence"},
		key{Name: "peers", Value: words{To: &a.Webhook.Peers, What: "http://host:9093"}, Text: "Alertmanagers to ask for what fires, at the start and every 30 s"},
	)
	a.Webhook.TTL, a.Settle = 3*time.Minute, 75*time.Second
	a.Bounds = hear.Bounds{Hosts: hear.DefaultHosts, Alarms: hear.DefaultAlarms, Forget: hear.DefaultForget}
	l.finish = append(l.finish, func() {
		if at.R == nil {
			return
		}
		token.Resolve(*at)
		if slices.Contains(a.From, "webhook") && !loopback(a.Webhook.Listen) && a.Webhook.Token == "" {
			at.Problem("the webhook listens beyond this machine without a token", "write token_file, or listen on 127.0.0.1")
		}
		for _, u := range a.Webhook.Peers {
			if err := checkURL(u, "http", "https"); err != nil {
				at.Problem("peers: "+err.Error(), "write http://host:9093")
			}
		}
	})
	l.before = append(l.before, func() {
		if r := &l.refs[ref.i]; slices.Contains(a.From, "amqp") && a.Broker == "" {
			r.at = l.top.Below("alarms", l.top.Node)
		}
	})
	return []key{
		{Name: "from", Value: froms{&a.From}, Text: "where they are heard: the engine, the exchange of a broker, Alertmanager's webhook; none: nothing is known of hosts"},
		{Name: "broker", Value: ref, Text: "amqp: the broker that agents publish to"},
		{Name: "exchange", Value: text{To: &a.Exchange, What: "a name"}, Text: "amqp: its topic exchange"},
		{Name: "settle", Value: span{To: &a.Settle, Min: time.Second, Max: time.Hour}, Text: "amqp: how long after connecting every alarm that fires has been announced"},
		{Name: "webhook", Value: strictyaml.Group{Keys: webhook, At: at}, Text: "webhook: Alertmanager's notifications"},
		{Name: "effects", Value: l.list("rule", "a list of {variable: my_*, effect: danger}", maxEffects, l.effect), Text: "what alarms mean, before what the agent's own names do"},
		{Name: "max_hosts", Value: count{strictyaml.Number[int]{To: &a.Bounds.Hosts, Min: 1, Max: maxCount}}, Text: "hosts that are remembered"},
		{Name: "max_alarms", Value: count{strictyaml.Number[int]{To: &a.Bounds.Alarms, Min: 1, Max: 10_000_000}}, Text: "alarms that are remembered"},
		{Name: "forget", Value: span{To: &a.Bounds.Forget, Min: time.Minute, Max: maxTime}, Text: "how long a host is remembered that nobody hears of"},
	}
}

// froms is a list of sources, or none.
type froms struct{ to *[]string }

var sources = []string{"engine", "amqp", "webhook"}

func (v froms) Read(p place) {
	if p.Node.Value == "none" && p.Plain() {
		*v.to = nil
		return
	}
	words{To: v.to, From: sources}.Read(p)
}

func (v froms) Form() string    { return "list of engine, amqp, webhook, or none" }
func (v froms) Initial() string { return strings.Join(*v.to, ", ") }

// effect is a rule while it is read.
type effect struct{ hear.Rule }

func (l *loader) effect(at place) []key {
	e := &effect{}
	l.effects = append(l.effects, e)
	var effects []string
	for _, x := range hear.Effects() {
		effects = append(effects, string(x))
	}
	said := (*string)(&e.Effect)
	l.finish = append(l.finish, func() {
		if e.Effect == "" {
			return
		}
		if err := e.Check(); err != nil {
			at.Problem(err.Error(), "")
		}
	})
	return []key{
		{Name: "class", Value: word{To: &e.Class, From: []string{"vm", "host", "sr"}}, Text: "the class of the object is this one"},
		{Name: "variable", Value: text{To: &e.Variable, What: "a name"}, Text: "the variable has this name; `*` is any text, `?` one character"},
		{Name: "labels", Value: strictyaml.Pairs{To: &e.Labels, What: "name: value"}, Text: "the alarm has all of these labels; `*` and `?` as above"},
		{Name: "effect", Required: strictyaml.Alternatives(effects), Value: word{To: said, From: effects}, Text: "what it means: the host's processors, memory, network, storage or control domain are in need; the storage is slow or full; it is told to people alone, or not at all"},
	}
}

func (l *loader) engineKeys() []key {
	e := &l.c.Engine
	return []key{
		{Name: "urls", Value: words{To: &e.URLs, What: "tls://host:4222"}, Text: "servers of a cluster that somebody else runs; none: the embedded one"},
		{Name: "username", Value: text{To: &e.Username, What: "a text"}, Text: "cluster: the user"},
		{Name: "password_file", Value: file{To: &e.PasswordFile}, Text: "cluster: a file with the user's password"},
		{Name: "token_file", Value: file{To: &e.TokenFile}, Text: "cluster: a file with a token"},
		{Name: "credentials_file", Value: file{To: &e.CredentialsFile}, Text: "cluster: a .creds file"},
		{Name: "ca_file", Value: file{To: &e.CAFile}, Text: "cluster: PEM certificates of the authorities to trust instead of the system's"},
		{Name: "cert_file", Value: file{To: &e.CertFile}, Text: "cluster: our certificate"},
		{Name: "key_file", Value: file{To: &e.KeyFile}, Text: "cluster: its key"},
		{Name: "replicas", Value: count{strictyaml.Number[int]{To: &e.Replicas, Min: 0, Max: 5}}, Text: "cluster: of what is made there; 0 leaves what is there as it is"},
		{Name: "dir", Value: file{To: &e.Dir}, Text: "embedded: the folder with store, lock and token"},
		{Name: "listen", Value: listen{to: &e.Listen}, Text: "embedded: where agents and other processes connect; beyond this machine it needs `server_cert_file` and `users_file`"},
		{Name: "server_cert_file", Value: file{To: &e.ServerCert}, Text: "embedded: its certificate"},
		{Name: "server_key_file", Value: file{To: &e.ServerKey}, Text: "embedded: the key of that"},
		{Name: "server_client_ca_file", Value: file{To: &e.ServerClientCAFile}, Text: "embedded: authorities that clients from elsewhere have to show a certificate of"},
		{Name: "users_file", Value: file{To: &e.UsersFile}, Text: "embedded: who may connect from elsewhere"},
		{Name: "sync_every", Value: span{To: &e.SyncEvery, Min: 0, Max: time.Hour}, Text: "embedded: how much a loss of power can take back"},
		{Name: "alarm_bytes", Value: strictyaml.Bytes{To: &e.AlarmBytes, Min: 1 << 20, Max: 1 << 40}, Text: "how large the stream of alarms may become"},
	}
}

func (l *loader) apiKeys() []key {
	a := &l.c.API
	return []key{
		{Name: "socket", Value: file{To: &a.Socket}, Text: "the socket that `rubber status` and the others speak to"},
		{Name: "group", Value: text{To: &a.Group, What: "a group"}, Text: "whose members may, beside root and rubber's own user"},
	}
}

func (l *loader) webKeys() []key {
	w := &l.c.Web
	token, tokenKeys := l.secret(&w.Token, "token", "a token that whoever changes something has to send")
	l.finish = append(l.finish, func() { token.Resolve(place{}) })
	keys := []key{{Name: "listen", Value: listen{to: &w.Listen, none: true}, Text: "where page and metrics are"}}
	keys = append(keys, tokenKeys...)
	return append(keys,
		key{Name: "cert_file", Value: file{To: &w.Cert}, Text: "its certificate; without one it is plain HTTP"},
		key{Name: "key_file", Value: file{To: &w.Key}, Text: "the key of that"},
	)
}

func (l *loader) adoption(at place) []key {
	i := len(l.c.Adopt)
	l.c.Adopt = append(l.c.Adopt, Adoption{})
	name, profile, created := "", "", time.Time{}
	l.refs = append(l.refs, reference{&profile, "profile", at})
	ref := &referenceValue{l, len(l.refs) - 1}
	l.finish = append(l.finish, func() { l.c.Adopt[i] = Adoption{name, profile, created} })
	return []key{
		{Name: "name", Required: "the name of the machine", Value: text{To: &name, What: "the name of a machine"}, Text: "its name in the cloud"},
		{Name: "profile", Value: ref, Text: "the profile that it becomes one of"},
		{Name: "created", Value: instant{&created}, Text: "when it was made"},
	}
}

// instant is a time as RFC 3339 has it.
type instant struct{ to *time.Time }

func (v instant) Read(p place) {
	said, ok := p.Scalar(v.Form())
	if !ok {
		return
	}
	t, err := time.Parse(time.RFC3339, said)
	if err != nil {
		p.Problem(strictyaml.Quote(said)+" is not a time", "write "+v.Form())
		return
	}
	*v.to = t
}

func (v instant) Form() string { return "a time such as 2025-12-17T19:35:00Z" }

func (v instant) Initial() string {
	if v.to.IsZero() {
		return ""
	}
	return v.to.UTC().Format(time.RFC3339)
}
