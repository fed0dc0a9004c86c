package settings

import (
	"slices"
	"time"

	"perfmon/alarm/sink/alertmanager"
	"perfmon/alarm/sink/amqp"
	"perfmon/alarm/sink/nats"
	"perfmon/alarm/sink/webhook"
	"perfmon/alarm/sink/xapi"
)

// The kinds of sinks.
const (
	kindXAPI         = "xapi"
	kindAlertmanager = "alertmanager"
	kindWebhook      = "webhook"
	kindNATS         = "nats"
	kindAMQP         = "amqp"
	kindJournald     = "journald"
)

// What a check takes for secrets that it may not read.
const (
	standInText = "not-read"
	standInURL  = "http://not-read.invalid/"
)

// kind is what there is to be said about the sinks of a kind.
type kind struct {
	name         string
	text         string // for the docs
	holdSilenced bool   // those that wake people do
	// keys sets the defaults of a draft's options, and binds keys to them.
	keys func(*draft) []key
}

var kinds = []kind{
	{kindXAPI, "The toolstack: alarms become messages on their objects. There on every host with a toolstack, unless `enabled` is false.", true, (*draft).xapiKeys},
	{kindAlertmanager, "Prometheus Alertmanager, version 2 of its API.", true, (*draft).alertmanagerKeys},
	{kindWebhook, "A POST to an address, signed if there is a secret.", true, (*draft).webhookKeys},
	{kindNATS, "NATS JetStream. What scales listens here, and has to hear of what is silenced too.", false, (*draft).natsKeys},
	{kindAMQP, "An AMQP 0-9-1 broker, such as RabbitMQ. What scales listens here, and has to hear of what is silenced too.", false, (*draft).amqpKeys},
	{kindJournald, "The journal of this host. It has no keys of its own: an empty `journald:` switches it on.", true, func(*draft) []key { return nil }},
}

func kindNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// findKind is the kind of a name, false if there is none.
func findKind(name string) (kind, bool) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

func (d *draft) xapiKeys() []key {
	d.Clear, d.MaxPerHour = xapi.ClearNone, xapi.DefaultMaxPerHour
	return []key{
		{name: "clear", value: word[xapi.Clear]{&d.Clear, []xapi.Clear{xapi.ClearNone, xapi.ClearMessage, xapi.ClearDestroy}}, text: "what a clear becomes: nothing, a message `PERFMON_ALARM_CLEARED`, or the end of our own message of that alarm"},
		{name: "max_per_hour", value: number[int]{&d.MaxPerHour, 0, 1_000_000}, text: "the messages of an hour; what is over it becomes one summary message. 0: no limit"},
	}
}

func (d *draft) alertmanagerKeys() []key {
	o := &d.alertmanager
	o.Timeout, o.TTL = alertmanager.DefaultTimeout, alertmanager.DefaultTTL
	d.request = &o.Timeout
	list := []key{
		{name: "urls", required: "[http://host:9093]", value: words[string]{to: &o.URLs, what: "http://host:9093"}, text: "the peers; each gets everything"},
		{name: "username", value: text{&o.Username, "a text"}, text: "of basic authentication"},
	}
	list = append(list, d.secret(secret{name: "password", to: &o.Password, standIn: standInText, text: "the user's password"})...)
	list = append(list, d.secret(secret{name: "bearer_token", to: &o.BearerToken, standIn: standInText, text: "a token for the Authorization header"})...)
	list = append(list, d.tlsKeys())
	list = append(list, d.proxyKeys()...)
	return append(list,
		key{name: "ttl", value: duration{to: &o.TTL, min: 30 * time.Second, max: time.Hour}, text: "how long the heartbeat alert outlives the agent"},
		key{name: "generator_url", value: text{&o.GeneratorURL, "an address"}, text: "a link for the reader of an alert"},
	)
}

func (d *draft) webhookKeys() []key {
	o := &d.webhook
	o.Timeout, o.MaxBatch = webhook.DefaultTimeout, webhook.DefaultMaxBatch
	d.request = &o.Timeout
	list := d.secret(secret{name: "url", to: &o.URL, inline: true, required: true, standIn: standInURL, text: "the address, `https://host/path`"})
	list = append(list, d.secret(secret{name: "secret", to: &o.Secret, standIn: standInText, text: "the key of the signature"})...)
	list = append(list, d.secret(secret{name: "bearer_token", to: &o.BearerToken, standIn: standInText, text: "a token for the Authorization header"})...)
	list = append(list, d.tlsKeys())
	list = append(list, d.proxyKeys()...)
	return append(list,
		key{name: "batch", value: boolean{&o.Batch}, text: "several events in a request, as a JSON array"},
		key{name: "max_batch", value: number[int]{&o.MaxBatch, 1, webhook.DefaultMaxBatch}, text: "how many events those are at most"},
	)
}

func (d *draft) natsKeys() []key {
	o := &d.nats
	o.Timeout, o.Stream, o.Window, o.InboxPrefix = nats.DefaultTimeout, nats.DefaultStream, nats.DefaultWindow, "_INBOX"
	d.request = &o.Timeout
	list := []key{
		{name: "urls", required: "[nats://host:4222]", value: words[string]{to: &o.URLs, what: "nats://host:4222"}, text: "servers of one cluster; `tls://` demands TLS"},
		{name: "username", value: text{&o.Username, "a text"}, text: "the user, if the server asks for one"},
	}
	list = append(list, d.secret(secret{name: "password", to: &o.Password, standIn: standInText, text: "the user's password"})...)
	list = append(list, d.secret(secret{name: "token", to: &o.Token, standIn: standInText, text: "a token, instead of a user"})...)
	list = append(list, d.secret(secret{name: "credentials", to: &o.Credentials, lines: true, standIn: standInText, text: "the contents of a `.creds` file, instead of a user"})...)
	return append(list,
		d.tlsKeys(),
		key{name: "stream", value: text{&o.Stream, "a name"}, text: "the stream that has to take the events"},
		key{name: "duplicate_window", value: duration{to: &o.Window, min: time.Second, max: 30 * 24 * time.Hour}, text: "the stream's duplicate window, for the case that it may not be read"},
		key{name: "inbox_prefix", value: text{&o.InboxPrefix, "a subject"}, text: "where acknowledgements come to"},
	)
}

func (d *draft) amqpKeys() []key {
	o := &d.amqp
	o.Timeout, o.Exchange, o.KeepAlive = amqp.DefaultTimeout, amqp.DefaultExchange, amqp.DefaultKeepAlive
	d.request = &o.Timeout
	list := []key{
		{name: "urls", required: "[amqps://host:5671/vhost]", value: words[string]{to: &o.URLs, what: "amqps://host:5671/vhost"}, text: "brokers of one cluster, tried in order"},
		{name: "username", value: text{&o.Username, "a text"}, text: "the user; needed unless `external_auth` is true"},
	}
	list = append(list, d.secret(secret{name: "password", to: &o.Password, standIn: standInText, text: "the user's password"})...)
	return append(list,
		key{name: "external_auth", value: boolean{&o.External}, text: "true says who we are by the client certificate of `tls_config` instead"},
		d.tlsKeys(),
		key{name: "exchange", value: text{&o.Exchange, "a name"}, text: "the topic exchange"},
		key{name: "keep_alive", value: duration{to: &o.KeepAlive, min: time.Second, max: 5 * time.Minute, unit: time.Second}, text: "the interval of the protocol's own heartbeat"},
	)
}
