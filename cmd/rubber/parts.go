package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/scaling/engine"
	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/hear"
)

// storeLimit bounds the wait for the engine when rubber begins: a disk that
// hangs, a cluster that is away.
const storeLimit = 2 * time.Minute

// parts are all that rubber is made of, put together as a configuration says.
type parts struct {
	engine     *engine.Engine // nil in a dry run that needs none
	clouds     map[string]cloud.Cloud
	brokers    map[string]*broker
	hearing    *hear.Hearing
	controller *rubber.Controller
	log        *slog.Logger

	open   func(ctx context.Context) error // the rest, once the engine can be used
	follow func(ctx context.Context)       // of a dry run: does so when another process owns the engine, as often as it takes
}

// newParts checks everything and connects to nothing. dry has rubber plan and
// do nothing: then the engine that others own is looked at, if alarms are heard
// by it, for them and for the records of the rubber that acts.
func newParts(c *rubberconfig.Config, dry bool, log *slog.Logger) (p *parts, err error) {
	p = &parts{clouds: map[string]cloud.Cloud{}, brokers: map[string]*broker{}, log: log}
	made := p // what is returned with an error is nil
	defer func() {
		if err != nil {
			made.close()
		}
	}()
	hears := false
	for _, from := range c.Alarms.From {
		hears = hears || from == "engine"
	}
	if !dry || hears {
		options := engineOptions(c, log)
		options.LookOnly = dry
		if p.engine, err = engine.New(options); err != nil {
			return nil, err
		}
	}
	for _, one := range c.Clouds {
		driver, err := newCloud(one, c.Owner, log)
		if err != nil { // a driver that is no interface is a nil that is not nil
			return nil, fmt.Errorf("cloud %q: %w", one.Name, err)
		}
		p.clouds[one.Name] = driver
	}
	for _, one := range c.Brokers {
		if p.brokers[one.Name], err = newBroker(one, log); err != nil {
			return nil, fmt.Errorf("broker %q: %w", one.Name, err)
		}
	}
	if p.hearing, err = newHearing(c, p.engine, log); err != nil {
		return nil, err
	}
	cfg, err := controllerConfig(c)
	if err != nil {
		return nil, err
	}
	store := &lateStore{}
	o := rubber.Options{
		Owner: c.Owner, Store: store, Clouds: p.clouds, Brokers: map[string]rubber.Broker{}, Hosts: p.hearing,
		Config: cfg, DryRun: dry, Log: log,
	}
	for name, b := range p.brokers {
		o.Brokers[name] = rubber.Broker{Source: b.source, Workers: b.workers}
	}
	if c.Paused {
		o.Paused = "the configuration says paused: true"
	}
	if dry {
		o.Store = onlyRead{store}
	} else {
		o.Lease = store
	}
	if p.controller, err = rubber.New(o); err != nil {
		return nil, err
	}
	fill := func(ctx context.Context) error {
		bucket, err := p.engine.Bucket(ctx, rubber.Bucket+"-"+c.Owner, engine.BucketOptions{})
		if err != nil {
			return fmt.Errorf("open the store in %s: %w", p.engine, err)
		}
		store.fill(bucket)
		return nil
	}
	p.open = fill
	if dry {
		p.open = func(context.Context) error { return nil }
		if p.engine != nil {
			p.follow = func(ctx context.Context) { followStore(ctx, fill, log) }
		}
	}
	return p, nil
}

// followEvery is how often a dry run looks for a store that is not there.
const followEvery = 2 * time.Second

// followStore opens the store of the rubber that acts. While there is none, there
// are no records.
func followStore(ctx context.Context, open func(context.Context) error, log *slog.Logger) {
	for said := false; ; said = true {
		try, cancel := context.WithTimeout(ctx, followEvery)
		err := open(try)
		cancel()
		if err == nil {
			log.Info("the records of the rubber that acts are read")
			return
		}
		if ctx.Err() != nil {
			return
		}
		if !said {
			log.Warn("there are no records to be read: machines of ours are shown as strange until there are", "err", err)
		}
		wait := time.NewTimer(followEvery)
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
	}
}

// run works until the context ends, or until something fails that trying again
// does not mend. ready is called once the store is open.
func (p *parts) run(ctx context.Context, ready func()) error {
	// Those who bring news end after the controller, which may still be reading
	// them; the engine after all of them.
	outer, endOuter := context.WithCancel(context.Background())
	defer endOuter()
	inner, endInner := context.WithCancel(outer)
	defer endInner()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)

	var base, news sync.WaitGroup
	if p.engine != nil {
		base.Go(func() {
			if err := p.engine.Run(outer); err != nil {
				end(err)
			}
		})
	}
	news.Go(func() {
		if err := p.hearing.Run(inner); err != nil {
			end(err)
		}
	})
	for name, b := range p.brokers {
		if b.workers == nil {
			continue
		}
		news.Go(func() {
			if err := b.workers.Run(inner); err != nil {
				end(fmt.Errorf("workers of broker %q: %w", name, err))
			}
		})
	}
	if p.follow != nil {
		news.Go(func() { p.follow(inner) })
	}
	opening, stop := context.WithTimeout(ctx, storeLimit)
	err := p.open(opening)
	stop()
	if err == nil {
		ready()
		err = p.controller.Run(ctx)
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	} else if ctx.Err() != nil {
		err = nil
	}
	endInner()
	news.Wait()
	p.close()
	endOuter()
	base.Wait()
	return err
}

// close ends the connections of clouds and brokers. Machines go on.
func (p *parts) close() {
	for name, c := range p.clouds {
		if c == nil {
			continue
		}
		if err := c.Close(); err != nil {
			p.log.Warn("a cloud was not left as it should be", "cloud", name, "err", err)
		}
	}
	for name, b := range p.brokers {
		if b == nil {
			continue
		}
		if err := b.source.Close(); err != nil {
			p.log.Warn("a broker was not left as it should be", "broker", name, "err", err)
		}
	}
}

func engineOptions(c *rubberconfig.Config, log *slog.Logger) engine.Options {
	e := c.Engine
	if len(e.URLs) > 0 { // what nobody has written down is of the embedded one
		e.Dir, e.Listen = unless(e.Dir, engine.DefaultDir), unless(e.Listen, engine.DefaultListen)
	}
	return engine.Options{
		Name: "rubber", URLs: e.URLs,
		Login: engine.Login{User: e.Username, PasswordFile: e.PasswordFile, TokenFile: e.TokenFile, CredentialsFile: e.CredentialsFile},
		TLS:   engine.ClientTLS{CA: e.CAFile, Cert: e.CertFile, Key: e.KeyFile},
		Dir:   e.Dir, Listen: e.Listen, Serve: engine.ServerTLS{Cert: e.ServerCert, Key: e.ServerKey, ClientCA: e.ServerClientCAFile},
		Users: e.UsersFile, SyncEvery: e.SyncEvery, AlarmBytes: e.AlarmBytes, Replicas: e.Replicas, Logger: log,
	}
}

// unless is a text, or nothing if it is the default.
func unless(text, standard string) string {
	if text == standard {
		return ""
	}
	return text
}
