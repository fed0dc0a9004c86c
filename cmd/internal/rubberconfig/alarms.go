package rubberconfig

import (
	"slices"
	"strings"
	"time"

	"perfmon/cmd/internal/strictyaml"
	"perfmon/scaling/rubber/hear"
)

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
