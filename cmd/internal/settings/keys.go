package settings

import (
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
	"perfmon/alarm/outbox"
	"perfmon/cmd/internal/tlsfiles"
)

// keys are the keys of the file.
func (s *Settings) keys(all *sinks) []key {
	return []key{
		{name: "mute_vms", value: boolean{&s.MuteVMs}, text: "while the contention alarm of the host fires, mute the CPU alarms of its VMs"},
		{name: "sinks", value: all, text: "where alarms go: each sink below a name"},
	}
}

// draft is a sink while it is read.
type draft struct {
	Sink
	kind    kind
	enabled bool
	rules   outbox.Rules
	filter  place // of the key, if it is there
	tls     tlsfiles.Options
	tlsAt   place // of the key, if it is there
	// request is the time limit of one request, of the kinds that have one;
	// otherwise nil.
	request     *time.Duration
	proxy       string
	environment bool // the proxy is the environment's
	secrets     []*secret
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
func (d *draft) keys() []key {
	own := d.kind.keys(d)
	return append(own, d.common()...)
}

// common are the keys that each sink has.
func (d *draft) common() []key {
	const maxLimit = 100_000
	timeout, what := &d.Timeout, "how long a delivery may take"
	if d.request != nil {
		timeout, what = d.request, "how long a connection, a request or an acknowledgement may take"
	}
	return []key{
		{name: "kind", value: word[string]{&d.Kind, kindNames()}, text: "what the sink is; needed unless its name says it"},
		{name: "enabled", value: boolean{&d.enabled}, text: "false switches the sink off and keeps what is written about it"},
		{name: "filter", value: group{d.filterKeys(), &d.filter}, text: "the events that the sink gets; all that is here has to hold"},
		{name: "hold_silenced", value: boolean{&d.HoldSilenced}, text: "keep back what a silence or maintenance mutes"},
		{name: "deadline", value: duration{to: &d.Deadline, min: time.Second, max: 30 * 24 * time.Hour}, text: "how long an event is tried before it is dropped"},
		{name: "queue_limit", value: number[int]{&d.Limit, 1, maxLimit}, text: "how many events wait at most"},
		{name: "timeout", value: duration{to: timeout, min: 100 * time.Millisecond, max: 10 * time.Minute}, text: what},
	}
}

func (d *draft) filterKeys() []key {
	const maxPriority = 1 << 31
	r := &d.rules
	return []key{
		{name: "classes", value: words[string]{to: &r.Classes, from: []string{"vm", "host", "sr"}}, text: "the class of the object is one of these"},
		{name: "variables", value: words[string]{to: &r.Variables, what: "names"}, text: "the variable has one of these names; `*` is any text, `?` one character"},
		{name: "variable_regex", value: text{&r.VariableRegex, "a regular expression"}, text: "it matches the whole name of the variable (RE2 syntax)"},
		{name: "severities", value: words[alarm.Severity]{to: &r.Severities, from: []alarm.Severity{alarm.Warning, alarm.Critical}}, text: "the severity is one of these"},
		{name: "min_priority", value: number[int64]{&r.MinPriority, 1, maxPriority}, text: "the priority is this number or a larger one; 1 is the most urgent"},
		{name: "max_priority", value: number[int64]{&r.MaxPriority, 1, maxPriority}, text: "the priority is this number or a smaller one"},
		{name: "labels", value: pairs{&r.Labels, "name: value"}, text: "the alarm has all of these labels; `*` and `?` in a value as above"},
	}
}

// tlsKeys are those of a destination that may be reached by TLS.
func (d *draft) tlsKeys() key {
	o := &d.tls
	return key{name: "tls_config", text: "TLS", value: group{[]key{
		{name: "ca_file", value: file{&o.CAFile}, text: "PEM certificates of the authorities to trust instead of the system's"},
		{name: "cert_file", value: file{&o.CertFile}, text: "PEM chain of the client certificate, read again for each connection"},
		{name: "key_file", value: file{&o.KeyFile}, text: "its key"},
		{name: "server_name", value: text{&o.ServerName, "a name"}, text: "the name that the server's certificate has, if it is not that of the address"},
		{name: "insecure_skip_verify", value: boolean{&o.InsecureSkipVerify}, text: "true believes any certificate: whoever sits between can read and change everything"},
	}, &d.tlsAt}}
}

// proxyKeys are those of a destination that is reached by HTTP.
func (d *draft) proxyKeys() []key {
	return append(
		d.secret(secret{name: "proxy_url", to: &d.proxy, inline: true, standIn: standInURL, text: "the address of a proxy, `http://host:port`"}),
		key{name: "proxy_from_environment", value: boolean{&d.environment}, text: "true takes the proxy from HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the agent's environment"},
	)
}

// secret adds a secret to those of the sink; its keys are for a table.
func (d *draft) secret(s secret) []key {
	d.secrets = append(d.secrets, &s)
	return s.keys()
}
