package main

import (
	"crypto/tls"
	"log/slog"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/cmd/internal/tlsfiles"
	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/celery"
	"perfmon/scaling/rubber/work/httpjson"
	"perfmon/scaling/rubber/work/rabbit"
)

// broker is where work waits; workers is nil where nobody tells of them.
type broker struct {
	source  work.Source
	workers work.Workers
}

// newBroker makes the drivers of one. It connects to nothing.
func newBroker(b rubberconfig.Broker, log *slog.Logger) (*broker, error) {
	if b.Kind == "http" {
		return newHTTPBroker(b, log)
	}
	to, err := amqpBroker(b)
	if err != nil {
		return nil, err
	}
	management, err := tlsOf(b.ManagementTLS)
	if err != nil {
		return nil, err
	}
	source, err := rabbit.New(rabbit.Options{
		Broker: to, Management: b.Management, NoManagement: b.NoManagement, ManagementUsername: b.ManagementUsername,
		ManagementPassword: b.ManagementPassword.Reveal(), ManagementTLS: management, Lag: b.Lag,
	})
	if err != nil {
		return nil, err
	}
	workers, err := celery.New(celery.Options{Broker: to, Log: log.With("broker", b.Name)})
	if err != nil {
		_ = source.Close() // it has not connected
		return nil, err
	}
	return &broker{source: source, workers: workers}, nil
}

func newHTTPBroker(b rubberconfig.Broker, log *slog.Logger) (*broker, error) {
	t, err := tlsOf(b.TLS)
	if err != nil {
		return nil, err
	}
	o := httpjson.Options{URL: b.URL, Header: b.Header, Secret: b.Secret.Reveal(), TLS: t, Timeout: b.Timeout}
	source, err := httpjson.New(o)
	if err != nil {
		return nil, err
	}
	if b.Workers == "" {
		return &broker{source: source}, nil
	}
	o.URL = b.Workers
	workers, err := httpjson.NewWorkers(httpjson.WorkersOptions{Options: o, Log: log.With("broker", b.Name)})
	if err != nil {
		_ = source.Close() // it has not connected
		return nil, err
	}
	return &broker{source: source, workers: workers}, nil
}

// amqpBroker is a broker as those take it who connect to it.
func amqpBroker(b rubberconfig.Broker) (work.Broker, error) {
	t, err := tlsOf(b.TLS)
	if err != nil {
		return work.Broker{}, err
	}
	return work.Broker{
		URLs: b.URLs, Username: b.Username, Password: b.Password.Reveal(), External: b.External, TLS: t, KeepAlive: b.KeepAlive, Timeout: b.Timeout,
	}, nil
}

func tlsOf(o tlsfiles.Options) (*tls.Config, error) { return o.Config() }
