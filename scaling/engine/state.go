package engine

import (
	"cmp"
	"time"
)

// State is what a status page shows of an engine.
type State struct {
	Where     string    // as Engine.String has it, with the address that it really is at
	External  bool      // an external cluster
	Owner     bool      // this process owns the embedded server
	Ready     bool      // the streams were there once
	Connected bool      // now
	Since     time.Time // of being connected, or not
	Tries     int       // to connect, in vain, since it was lost
	Address   string    // of the server, "" if not connected
	Version   string    // of the server
	Problem   string    // what it waits for; "" if all is well

	// Of the embedded server, in the process that owns it.
	Connections int
	StoreBytes  uint64
	MaxStore    int64
	Messages    uint64
}

// State looks at the engine. It asks nobody.
func (e *Engine) State() State {
	e.mu.Lock()
	s := State{External: e.opts.external(), Owner: e.server != nil}
	server, problem := e.server, cmp.Or(e.waits[owning], e.waits[preparing])
	e.mu.Unlock()
	select {
	case <-e.ready:
		s.Ready = true
	default:
	}
	l := e.link
	l.mu.Lock()
	select {
	case <-l.up:
		s.Connected = true
	default:
	}
	s.Since, s.Tries = l.since, l.tries
	nc := l.nc
	if problem == nil && !s.Connected {
		problem = l.problem
	}
	l.mu.Unlock()
	if s.Connected {
		s.Address, s.Version = nc.ConnectedAddr(), nc.ConnectedServerVersion()
	}
	if problem != nil {
		s.Problem = problem.Error()
	}
	if server != nil {
		s.Address, s.MaxStore, s.Connections = server.place.Address, e.opts.Limits.Store, server.srv.NumClients()
		if info, err := server.srv.Jsz(nil); err == nil {
			s.StoreBytes, s.Messages = info.Store, info.Messages
		}
	}
	at := e.opts
	if s.Address != "" && !s.External {
		at.Listen = s.Address
	}
	s.Where = at.String()
	return s
}
