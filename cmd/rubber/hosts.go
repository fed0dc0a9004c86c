package main

import (
	"fmt"
	"log/slog"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/scaling/engine"
	"perfmon/scaling/rubber/hear"
)

// newHearing makes what hears alarms, from everywhere that is configured.
func newHearing(c *rubberconfig.Config, e *engine.Engine, log *slog.Logger) (*hear.Hearing, error) {
	var drivers []hear.Driver
	for _, from := range c.Alarms.From {
		d, err := newDriver(c, from, e)
		if err != nil {
			return nil, fmt.Errorf("hear alarms by %s: %w", from, err)
		}
		drivers = append(drivers, d)
	}
	return hear.New(hear.Options{Rules: c.Alarms.Effects, Bounds: c.Alarms.Bounds, Logger: log}, drivers...)
}

func newDriver(c *rubberconfig.Config, from string, e *engine.Engine) (hear.Driver, error) {
	a := c.Alarms
	switch from {
	case "engine":
		return hear.FromEngine(e), nil
	case "webhook":
		return hear.FromWebhook(hear.Webhook{Listen: a.Webhook.Listen, Token: a.Webhook.Token.Reveal(), TTL: a.Webhook.TTL, Peers: a.Webhook.Peers})
	}
	for _, b := range c.Brokers {
		if b.Name != a.Broker {
			continue
		}
		to, err := amqpBroker(b)
		if err != nil {
			return nil, err
		}
		return hear.FromAMQP(hear.AMQP{
			URLs: to.URLs, Username: to.Username, Password: to.Password, External: to.External, TLS: to.TLS,
			Exchange: a.Exchange, Timeout: to.Timeout, Settle: a.Settle,
		})
	}
	return nil, fmt.Errorf("there is no broker %q", a.Broker) // the configuration has been checked
}
