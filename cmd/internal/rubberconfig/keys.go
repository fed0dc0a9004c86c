package rubberconfig

import (
	"errors"
	"net"
	"regexp"
	"strings"
	"time"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/cmd/internal/tlsfiles"
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
	token, tokenKeys := l.secret(&w.Token, "token", "a token for readers on other machines, as a bearer or as a browser's password; without it they are refused")
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
