package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/monitor/api/door"
	"perfmon/scaling/rubber/api"
)

// faces are what people and programs see of rubber: the socket, the page and
// the metrics.
type faces struct {
	socket  *door.Socket // nil: there is none
	private http.Handler
	web     *web // nil: there is none
	log     *slog.Logger
}

// newFaces makes the socket and the web port. Machines do not need them, so
// what is wrong with one is said, and that is all.
func newFaces(c *rubberconfig.Config, p *parts, log *slog.Logger) *faces {
	service := api.New(api.Options{Controller: p.controller, Version: version, Owner: c.Owner, Engine: p.engineStatus, Log: log})
	f := &faces{private: service.Private(), log: log}
	var err error
	if f.web, err = newWeb(c.Web, service.Public(), p.newRegistry(), log); err != nil {
		log.Error("no page and no metrics: see web.listen", "err", err)
	}
	if c.API.Socket == "" {
		return f
	}
	s, err := door.ListenSocket(door.SocketOptions{Path: c.API.Socket, Group: c.API.Group, Log: log})
	if err != nil {
		log.Warn("no local API, so `rubber status` and the others cannot ask: name a place for its socket with api.socket", "err", err)
		return f
	}
	f.socket = s
	return f
}

// run serves them until the context ends.
func (f *faces) run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	if f.socket != nil {
		work.Go(func() {
			if err := f.socket.Serve(ctx, f.private); err != nil {
				f.log.Error("the local API has failed: nobody can ask this rubber any more", "err", err)
			}
		})
	}
	if f.web != nil {
		work.Go(func() { f.web.run(ctx) })
	}
}

// engineStatus is how the engine does; nil without one.
func (p *parts) engineStatus() *api.Engine {
	if p.engine == nil {
		return nil
	}
	s := p.engine.State()
	return &api.Engine{Where: s.Where, Owner: s.Owner, OK: s.Connected, Error: s.Problem}
}
