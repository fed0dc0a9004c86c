package settings

import (
	"slices"
	"time"

	"perfmon/alarm/sink/alertmanager"
	"perfmon/alarm/sink/amqp"
	"perfmon/alarm/sink/nats"
	"perfmon/alarm/sink/webhook"
	"perfmon/alarm/sink/xapi"
	"perfmon/cmd/internal/strictyaml"
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
	keys func(*draft) []strictyaml.Key
}

var kinds = []kind{
	{kindXAPI, "The toolstack: alarms become messages on their objects. There on every host with a toolstack, unless `enabled` is false.", true, (*draft).xapiKeys},
	{kindAlertmanager, "Prometheus Alertmanager, version 2 of its API.", true, (*draft).alertmanagerKeys},
	{kindWebhook, "A POST to an address, signed if there is a secret.", true, (*draft).webhookKeys},
	{kindNATS, "NATS JetStream. What scales listens here, and has to hear of what is silenced too.", false, (*draft).natsKeys},
	{kindAMQP, "An AMQP 0-9-1 broker, such as RabbitMQ. What scales listens here, and has to hear of what is silenced too.", false, (*draft).amqpKeys},
	{kindJournald, "The journal of this host. It has no keys of its own: an empty `journald:` switches it on.", true, func(*draft) []strictyaml.Key { return nil }},
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

func (d *draft) xapiKeys() []strictyaml.Key {
	d.Clear, d.MaxPerHour = xapi.ClearNone, xapi.DefaultMaxPerHour
	return []strictyaml.Key{
		{Name: "clear", Value: strictyaml.Word[xapi.Clear]{To: &d.Clear, From: []xapi.Clear{xapi.ClearNone, xapi.ClearMessage, xapi.ClearDestroy}}, Text: "what a clear becomes: nothing, a message `PERFMON_ALARM_CLEARED`, or the end of our own message of that alarm"},
		{Name: "max_per_hour", Value: strictyaml.Number[int]{To: &d.MaxPerHour, Min: 0, Max: 1_000_000}, Text: "the messages of an hour; what is over it becomes one summary message. 0: no limit"},
	}
}

func (d *draft) alertmanagerKeys() []strictyaml.Key {
	o := &d.alertmanager
	o.Timeout, o.TTL = alertmanager.DefaultTimeout, alertmanager.DefaultTTL
	d.request = &o.Timeout
	list := []strictyaml.Key{
		{Name: "urls", Required: "[http://host:9093]", Value: strictyaml.Words[string]{To: &o.URLs, What: "http://host:9093"}, Text: "the peers; each gets everything"},
		{Name: "username", Value: strictyaml.Text{To: &o.Username, What: "a text"}, Text: "of basic authentication"},
	}
	list = append(list, d.secret(strictyaml.Secret{Name: "password", To: &o.Password, StandIn: standInText, Text: "the user's password"})...)
	list = append(list, d.secret(strictyaml.Secret{Name: "bearer_token", To: &o.BearerToken, StandIn: standInText, Text: "a token for the Authorization header"})...)
	list = append(list, d.tlsKeys())
	list = append(list, d.proxyKeys()...)
	return append(list,
		strictyaml.Key{Name: "ttl", Value: strictyaml.Duration{To: &o.TTL, Min: 30 * time.Second, Max: time.Hour}, Text: "how long the heartbeat alert outlives the agent"},
		strictyaml.Key{Name: "generator_url", Value: strictyaml.Text{To: &o.GeneratorURL, What: "an address"}, Text: "a link for the reader of an alert"},
	)
}

func (d *draft) webhookKeys() []strictyaml.Key {
	o := &d.webhook
	o.Timeout, o.MaxBatch = webhook.DefaultTimeout, webhook.DefaultMaxBatch
	d.request = &o.Timeout
	list := d.secret(strictyaml.Secret{Name: "url", To: &o.URL, Inline: true, Required: true, StandIn: standInURL, Text: "the address, `https://host/path`"})
	list = append(list, d.secret(strictyaml.Secret{Name: "secret", To: &o.Secret, StandIn: standInText, Text: "the key of the signature"})...)
	list = append(list, d.secret(strictyaml.Secret{Name: "bearer_token", To: &o.BearerToken, StandIn: standInText, Text: "a token for the Authorization header"})...)
	list = append(list, d.tlsKeys())
	list = append(list, d.proxyKeys()...)
	return append(list,
		strictyaml.Key{Name: "batch", Value: strictyaml.Boolean{To: &o.Batch}, Text: "several events in a request, as a JSON array"},
		strictyaml.Key{Name: "max_batch", Value: strictyaml.Number[int]{To: &o.MaxBatch, Min: 1, Max: webhook.DefaultMaxBatch}, Text: "how many events those are at most"},
	)
}

func (d *draft) natsKeys() []strictyaml.Key {
	o := &d.nats
	o.Timeout, o.Stream, o.Window, o.InboxPrefix = nats.DefaultTimeout, nats.DefaultStream, nats.DefaultWindow, "_INBOX"
	d.request = &o.Timeout
	list := []strictyaml.Key{
		{Name: "urls", Required: "[nats://host:4222]", Value: strictyaml.Words[string]{To: &o.URLs, What: "nats://host:4222"}, Text: "servers of one cluster; `tls://` demands TLS"},
		{Name: "username", Value: strictyaml.Text{To: &o.Username, What: "a text"}, Text: "the user, if the server asks for one"},
	}
	list = append(list, d.secret(strictyaml.Secret{Name: "password", To: &o.Password, StandIn: standInText, Text: "the user's password"})...)
	list = append(list, d.secret(strictyaml.Secret{Name: "token", To: &o.Token, StandIn: standInText, Text: "a token, instead of a user"})...)
	list = append(list, d.secret(strictyaml.Secret{Name: "credentials", To: &o.Credentials, Lines: true, StandIn: standInText, Text: "the contents of a `.creds` file, instead of a user"})...)
	return append(list,
		d.tlsKeys(),
		strictyaml.Key{Name: "stream", Value: strictyaml.Text{To: &o.Stream, What: "a name"}, Text: "the stream that has to take the events"},
		strictyaml.Key{Name: "duplicate_window", Value: strictyaml.Duration{To: &o.Window, Min: time.Second, Max: 30 * 24 * time.Hour}, Text: "the stream's duplicate window, for the case that it may not be read"},
		strictyaml.Key{Name: "inbox_prefix", Value: strictyaml.Text{To: &o.InboxPrefix, What: "a subject"}, Text: "where acknowledgements come to"},
	)
}

func (d *draft) amqpKeys() []strictyaml.Key {
	o := &d.amqp
	o.Timeout, o.Exchange, o.KeepAlive = amqp.DefaultTimeout, amqp.DefaultExchange, amqp.DefaultKeepAlive
	d.request = &o.Timeout
	list := []strictyaml.Key{
		{Name: "urls", Required: "[amqps://host:5671/vhost]", Value: strictyaml.Words[string]{To: &o.URLs, What: "amqps://host:5671/vhost"}, Text: "brokers of one cluster, tried in order"},
		{Name: "username", Value: strictyaml.Text{To: &o.Username, What: "a text"}, Text: "the user; needed unless `external_auth` is true"},
	}
	list = append(list, d.secret(strictyaml.Secret{Name: "password", To: &o.Password, StandIn: standInText, Text: "the user's password"})...)
	return append(list,
		strictyaml.Key{Name: "external_auth", Value: strictyaml.Boolean{To: &o.External}, Text: "true says who we are by the client certificate of `tls_config` instead"},
		d.tlsKeys(),
		strictyaml.Key{Name: "exchange", Value: strictyaml.Text{To: &o.Exchange, What: "a name"}, Text: "the topic exchange"},
		strictyaml.Key{Name: "keep_alive", Value: strictyaml.Duration{To: &o.KeepAlive, Min: time.Second, Max: 5 * time.Minute, Unit: time.Second}, Text: "the interval of the protocol's own heartbeat"},
	)
}
