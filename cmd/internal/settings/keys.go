package settings

import (
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
	"perfmon/alarm/outbox"
	"perfmon/cmd/internal/strictyaml"
	"perfmon/cmd/internal/tlsfiles"
)

// elsewhere are keys by which others know what is here, where there is the
// key that is named first.
var elsewhere = map[string]strictyaml.ElsewhereKey{
	"<<":            {Here: "", Fix: "write the keys out"},
	"basic_auth":    {Here: "username", Fix: "write username and password_file"},
	"authorization": {Here: "bearer_token_file", Fix: "write bearer_token_file"},
	"http_config":   {Here: "tls_config", Fix: "write its keys without it"},
	"tls":           {Here: "tls_config", Fix: "did you mean tls_config?"},
	"proxy":         {Here: "proxy_url", Fix: "did you mean proxy_url?"},
	"url":           {Here: "urls", Fix: "did you mean urls?"},
	"type":          {Here: "kind", Fix: "did you mean kind?"},
	"name":          {Here: "kind", Fix: "the key above is the name"},
	"disabled":      {Here: "enabled", Fix: "write enabled: false"},
}

// keys are the keys of the file.
func (s *Settings) keys(all *sinks) []strictyaml.Key {
	return []strictyaml.Key{
		{Name: "mute_vms", Value: strictyaml.Boolean{To: &s.MuteVMs}, Text: "while the contention alarm of the host fires, mute the CPU alarms of its VMs"},
		{Name: "sinks", Value: all, Text: "where alarms go: each sink below a name"},
	}
}

// draft is a sink while it is read.
type draft struct {
	Sink
	kind    kind
	enabled bool
	rules   outbox.Rules
	filter  strictyaml.Place // of the key, if it is there
	tls     tlsfiles.Options
	tlsAt   strictyaml.Place // of the key, if it is there
	// request is the time limit of one request, of the kinds that have one;
	// otherwise nil.
	request     *time.Duration
	proxy       string
	environment bool // the proxy is the environment's
	secrets     []*strictyaml.Secret
}

func newDraft(name string, k kind) *draft {
	return &draft{
		Sink: Sink{
			Name: name, Kind: k.name, HoldSilenced: k.holdSilenced,
			Deadline: outbox.DefaultDeadline, Limit: journal.DefaultQueueLimit, Timeout: outbox.DefaultTimeout,
		},
		kind: k, enabled: true,
	}
}

// keys are the keys of the sink, first those that are its kind's own.
func (d *draft) keys() []strictyaml.Key {
	own := d.kind.keys(d)
	return append(own, d.common()...)
}

// common are the keys that each sink has.
func (d *draft) common() []strictyaml.Key {
	const maxLimit = 100_000
	timeout, what := &d.Timeout, "how long a delivery may take"
	if d.request != nil {
		timeout, what = d.request, "how long a connection, a request or an acknowledgement may take"
	}
	return []strictyaml.Key{
		{Name: "kind", Value: strictyaml.Word[string]{To: &d.Kind, From: kindNames()}, Text: "what the sink is; needed unless its name says it"},
		{Name: "enabled", Value: strictyaml.Boolean{To: &d.enabled}, Text: "false switches the sink off and keeps what is written about it"},
		{Name: "filter", Value: strictyaml.Group{Keys: d.filterKeys(), At: &d.filter}, Text: "the events that the sink gets; all that is here has to hold"},
		{Name: "hold_silenced", Value: strictyaml.Boolean{To: &d.HoldSilenced}, Text: "keep back what a silence or maintenance mutes"},
		{Name: "deadline", Value: strictyaml.Duration{To: &d.Deadline, Min: time.Second, Max: 30 * 24 * time.Hour}, Text: "how long an event is tried before it is dropped"},
		{Name: "queue_limit", Value: strictyaml.Number[int]{To: &d.Limit, Min: 1, Max: maxLimit}, Text: "how many events wait at most"},
		{Name: "timeout", Value: strictyaml.Duration{To: timeout, Min: 100 * time.Millisecond, Max: 10 * time.Minute}, Text: what},
	}
}

func (d *draft) filterKeys() []strictyaml.Key {
	const maxPriority = 1 << 31
	r := &d.rules
	return []strictyaml.Key{
		{Name: "classes", Value: strictyaml.Words[string]{To: &r.Classes, From: []string{"vm", "host", "sr"}}, Text: "the class of the object is one of these"},
		{Name: "variables", Value: strictyaml.Words[string]{To: &r.Variables, What: "names"}, Text: "the variable has one of these names; `*` is any text, `?` one character"},
		{Name: "variable_regex", Value: strictyaml.Text{To: &r.VariableRegex, What: "a regular expression"}, Text: "it matches the whole name of the variable (RE2 syntax)"},
		{Name: "severities", Value: strictyaml.Words[alarm.Severity]{To: &r.Severities, From: []alarm.Severity{alarm.Warning, alarm.Critical}}, Text: "the severity is one of these"},
		{Name: "min_priority", Value: strictyaml.Number[int64]{To: &r.MinPriority, Min: 1, Max: maxPriority}, Text: "the priority is this number or a larger one; 1 is the most urgent"},
		{Name: "max_priority", Value: strictyaml.Number[int64]{To: &r.MaxPriority, Min: 1, Max: maxPriority}, Text: "the priority is this number or a smaller one"},
		{Name: "labels", Value: strictyaml.Pairs{To: &r.Labels, What: "name: value"}, Text: "the alarm has all of these labels; `*` and `?` in a value as above"},
	}
}

// tlsKeys are those of a destination that may be reached by TLS.
func (d *draft) tlsKeys() strictyaml.Key {
	o := &d.tls
	return strictyaml.Key{Name: "tls_config", Text: "TLS", Value: strictyaml.Group{Keys: []strictyaml.Key{
		{Name: "ca_file", Value: strictyaml.File{To: &o.CAFile}, Text: "PEM certificates of the authorities to trust instead of the system's"},
		{Name: "cert_file", Value: strictyaml.File{To: &o.CertFile}, Text: "PEM chain of the client certificate, read again for each connection"},
		{Name: "key_file", Value: strictyaml.File{To: &o.KeyFile}, Text: "its key"},
		{Name: "server_name", Value: strictyaml.Text{To: &o.ServerName, What: "a name"}, Text: "the name that the server's certificate has, if it is not that of the address"},
		{Name: "insecure_skip_verify", Value: strictyaml.Boolean{To: &o.InsecureSkipVerify}, Text: "true believes any certificate: whoever sits between can read and change everything"},
	}, At: &d.tlsAt}}
}

// proxyKeys are those of a destination that is reached by HTTP.
func (d *draft) proxyKeys() []strictyaml.Key {
	return append(
		d.secret(strictyaml.Secret{Name: "proxy_url", To: &d.proxy, Inline: true, StandIn: standInURL, Text: "the address of a proxy, `http://host:port`"}),
		strictyaml.Key{Name: "proxy_from_environment", Value: strictyaml.Boolean{To: &d.environment}, Text: "true takes the proxy from HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the agent's environment"},
	)
}

// secret adds a secret to those of the sink; its keys are for a table.
func (d *draft) secret(s strictyaml.Secret) []strictyaml.Key {
	s.Program, s.Started = "the agent", "/etc/sysconfig/perfmon"
	d.secrets = append(d.secrets, &s)
	return s.Keys()
}
