package xapitest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// Version names the toolstack that a Server stands for. It decides the
// number format and JSON shape of updates, how Accept is read, what sr_uuid
// means, and whether message classes are matched with their case.
type Version string

// The versions that differ for a client. Each stands for its time.
const (
	// Head is 26.7.0 and later: numbers %.15g, sr_uuid and vm_uuid are exact
	// uuids that may repeat, so that "all" matches nothing.
	Head Version = "head"
	// V25 is 25.3.0 to 26.6: numbers %.15g, sr_uuid and vm_uuid single, with
	// "all" and "none".
	V25 Version = "v25"
	// V24 is 24.11 to 25.2: numbers %.5g, and an Accept header that does not
	// parse is a server error.
	V24 Version = "v24"
	// V23 is 23.17 to 24.10: as V24, with JSON's data inside its meta.
	V23 Version = "v23"
	// R2013 is the year 2013: numbers %.4f, JSON with bare keys, by the json
	// parameter alone, no useful Content-Type, no negative start, no SR rows,
	// message classes case-sensitive.
	R2013 Version = "r2013"
)

// Versions lists all of them, newest first.
var Versions = []Version{Head, V25, V24, V23, R2013}

// Options of a Server. The zero value but for Dir is useful.
type Options struct {
	// Dir is where the sockets xapi and xcp-rrdd are made. It must exist, and
	// be short enough for a socket address (about 90 bytes).
	Dir string
	// Memory makes no sockets: clients connect with Server.Dial.
	Memory bool
	// TCP is the address of the loopback port; empty means 127.0.0.1:0.
	TCP string
	// Version defaults to Head.
	Version Version
	// HostUUID and ControlDomainUUID identify the host that is asked; empty
	// means made-up ones that are the same on every run.
	HostUUID          string
	ControlDomainUUID string
	// User and Password are what a login over TCP needs; over the unix socket
	// anything will do. Empty means root and xapitest.
	User, Password string
	// Member makes the host one that is not the coordinator: a login over TCP
	// fails with HOST_IS_SLAVE and the address Coordinator.
	Member      bool
	Coordinator string
	// MinMax gives the RRDs of VMs and SRs MIN and MAX archives too, as the
	// pool's create_min_max_in_new_VM_RRDs does.
	MinMax bool
	// History is how far back series are evaluated when rows are first asked
	// for; 0 means 15 minutes.
	History time.Duration
	// Now is the clock, time.Now if nil; see SetNow.
	Now func() time.Time
	// KeepRequests and KeepMessages bound what is remembered; 0 means 10000
	// each, the newest.
	KeepRequests, KeepMessages int
	// OnMessage and OnRequest, if not nil, are called after each message that
	// is stored and each request that is answered, from the connection's
	// goroutine.
	OnMessage func(Message)
	OnRequest func(Request)
}

// Server is one simulated host. All methods may be called at any time from
// any goroutine.
type Server struct {
	opt      Options
	world    world
	sessions sessions
	rows     rows
	faults   faults
	record   recorder
	pace     pace

	endpoints map[Endpoint]*endpoint

	// mu guards everything that follows.
	mu       sync.Mutex
	now      func() time.Time
	hostUUID string
	rrddDown bool     // xcp-rrdd is not running
	recorded bool     // see LoadOptions
	trouble  []string // failure of the emergency mode, code first; nil if none
}

// New makes a Server with a pool of one host and its control domain. It does
// no I/O.
func New(opt Options) *Server {
	def := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	def((*string)(&opt.Version), string(Head))
	def(&opt.TCP, "127.0.0.1:0")
	def(&opt.HostUUID, UUID("host"))
	def(&opt.ControlDomainUUID, UUID("control domain"))
	def(&opt.User, "root")
	def(&opt.Password, "xapitest")
	def(&opt.Coordinator, "192.0.2.1")
	if opt.History == 0 {
		opt.History = 15 * time.Minute
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.KeepRequests == 0 {
		opt.KeepRequests = 10000
	}
	if opt.KeepMessages == 0 {
		opt.KeepMessages = 10000
	}
	s := &Server{opt: opt, now: opt.Now, hostUUID: opt.HostUUID}
	s.world.init(opt.KeepMessages)
	s.sessions.init()
	s.rows.init(opt)
	s.record.init(opt.KeepRequests)
	s.pace.init(s.record.changes)
	s.endpoints = map[Endpoint]*endpoint{
		XAPI: {name: XAPI, network: "unix", address: filepath.Join(opt.Dir, "xapi")},
		RRDD: {name: RRDD, network: "unix", address: filepath.Join(opt.Dir, "xcp-rrdd")},
		TCP:  {name: TCP, network: "tcp", address: opt.TCP},
	}
	for _, e := range s.endpoints {
		e.serve, e.memory = s.serve, opt.Memory
	}
	coordinator := opt.HostUUID
	if opt.Member {
		coordinator = UUID("coordinator")
		s.PutHost(Host{UUID: coordinator, Name: "coordinator", Address: opt.Coordinator, Enabled: true})
	}
	s.PutHost(Host{UUID: opt.HostUUID, Name: "host", Address: "192.0.2.2", Enabled: true})
	s.PutPool(Pool{UUID: UUID("pool"), Name: "pool", Coordinator: coordinator})
	s.PutVM(VM{UUID: opt.ControlDomainUUID, Name: "Control domain on host: host", PowerState: "Running",
		ResidentOn: opt.HostUUID, ControlDomain: true})
	return s
}

// Start listens on all three endpoints.
func (s *Server) Start() error {
	for _, name := range []Endpoint{XAPI, RRDD, TCP} {
		if err := s.endpoints[name].open(); err != nil {
			return errors.Join(fmt.Errorf("start the simulated toolstack: %w", err), s.Close())
		}
	}
	return nil
}

// Close stops listening, cuts all connections, releases what hangs, and
// returns when every goroutine of the server has ended.
func (s *Server) Close() error {
	s.pace.cancel()
	var errs []error
	for _, e := range s.endpoints {
		errs = append(errs, e.shut(false))
	}
	s.pace.tasks.Wait()
	return errors.Join(errs...)
}

// Addr is where the endpoint listens: a path, or host:port.
func (s *Server) Addr(e Endpoint) string { return s.endpoints[e].addr() }

// SetNow replaces the server's clock.
func (s *Server) SetNow(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// clock reads the server's clock.
func (s *Server) clock() time.Time {
	s.mu.Lock()
	now := s.now
	s.mu.Unlock()
	return now()
}

// HostUUID is the uuid of the host that is asked.
func (s *Server) HostUUID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hostUUID
}

// ChangeHostUUID gives the host another uuid, in the rows and in the pool,
// as a reinstalled host has.
func (s *Server) ChangeHostUUID(uuid string) {
	s.mu.Lock()
	old := s.hostUUID
	s.hostUUID = uuid
	s.mu.Unlock()
	s.rows.rename(old, uuid)
	if h, ok := s.Host(old); ok {
		h.UUID = uuid
		s.PutHost(h)
		s.world.adopt(old, uuid)
		s.Delete(classHost, old)
	}
}

// SetListening closes or opens one endpoint. With up false its connections
// are cut and new ones refused; the socket's file is removed too if gone is
// true, as where a service has never run.
func (s *Server) SetListening(e Endpoint, up, gone bool) error {
	if up {
		return s.endpoints[e].open()
	}
	return s.endpoints[e].shut(!gone)
}

// SetRRDD stops or starts xcp-rrdd: while it is down its own socket refuses
// connections, and updates by way of XAPI are answered with 404.
func (s *Server) SetRRDD(up bool) error {
	s.mu.Lock()
	s.rrddDown = !up
	s.mu.Unlock()
	return s.SetListening(RRDD, up, false)
}

func (s *Server) rrddRuns() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.rrddDown
}

// StopToolstack closes XAPI's socket and port and forgets all sessions.
// xcp-rrdd, a service of its own, goes on.
func (s *Server) StopToolstack() error {
	s.sessions.forget()
	return errors.Join(s.SetListening(XAPI, false, false), s.SetListening(TCP, false, false))
}

// StartToolstack opens XAPI's socket and port again. With booting true every
// call fails with HOST_STILL_BOOTING until SetEmergency().
func (s *Server) StartToolstack(booting bool) error {
	if booting {
		s.SetEmergency("HOST_STILL_BOOTING")
	} else {
		s.SetEmergency()
	}
	return errors.Join(s.SetListening(XAPI, true, false), s.SetListening(TCP, true, false))
}

// SetEmergency makes every RPC call fail with the code and parameters given,
// as a starting host does, or a member that has lost its coordinator; with
// none, calls are served again. Over JSON-RPC such a failure has the shape
// that XAPI gives it: version 2.0, an array as error, and the id 0, whatever
// was asked.
func (s *Server) SetEmergency(failure ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = failure
}

func (s *Server) emergency() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// Restart stops the toolstack for down, and then answers HOST_STILL_BOOTING
// for booting. It blocks until the toolstack serves again or ctx ends, in
// which case the toolstack is left as it then is.
func (s *Server) Restart(ctx context.Context, down, booting time.Duration) error {
	if err := s.StopToolstack(); err != nil {
		return err
	}
	if err := sleep(ctx, down); err != nil {
		return err
	}
	if err := s.StartToolstack(booting > 0); err != nil {
		return err
	}
	if err := sleep(ctx, booting); err != nil {
		return err
	}
	s.SetEmergency()
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
