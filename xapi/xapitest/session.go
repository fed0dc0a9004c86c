package xapitest

import (
	"strings"
	"sync"
	"time"
)

// Limits of sessions, as XAPI has them.
const (
	sessionIdle            = 24 * time.Hour
	sessionsPerOriginator  = 500
	sessionsWithNoneNamed  = 400
	authenticationFailText = "Authentication failure"
)

type session struct {
	ref, originator string
	active          time.Time
	seq             int
}

// sessions are those that are logged in.
type sessions struct {
	mu sync.Mutex
	// mu guards everything that follows.
	byRef map[string]*session
	seq   int
	gone  chan struct{} // closed and replaced when a session ends
}

func (s *sessions) init() {
	s.byRef = map[string]*session{}
	s.gone = make(chan struct{})
}

// login makes a session. The one of the same originator that was made first
// gives way when there are too many.
func (s *sessions) login(originator string, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := sessionsPerOriginator
	if originator == "" {
		limit = sessionsWithNoneNamed
	}
	var oldest *session
	count := 0
	for _, o := range s.byRef {
		if o.originator != originator {
			continue
		}
		count++
		if oldest == nil || o.seq < oldest.seq {
			oldest = o
		}
	}
	if count >= limit {
		s.end(oldest.ref)
	}
	s.seq++
	ref := randomRef()
	s.byRef[ref] = &session{ref: ref, originator: originator, active: now, seq: s.seq}
	return ref
}

// end forgets a session and wakes the calls that wait in it.
func (s *sessions) end(ref string) {
	delete(s.byRef, ref)
	close(s.gone)
	s.gone = make(chan struct{})
}

func (s *sessions) logout(ref string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(ref)
}

func (s *sessions) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byRef)
	close(s.gone)
	s.gone = make(chan struct{})
}

// touch says whether the session is valid, and counts the call as activity.
func (s *sessions) touch(ref string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byRef[ref]
	if o == nil {
		return false
	}
	if now.Sub(o.active) > sessionIdle {
		s.end(ref)
		return false
	}
	o.active = now
	return true
}

// watch is closed when some session ends.
func (s *sessions) watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

func (s *sessions) has(ref string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byRef[ref] != nil
}

// Sessions returns how many sessions each originator has.
func (s *Server) Sessions() map[string]int {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	m := map[string]int{}
	for _, o := range s.sessions.byRef {
		m[o.originator]++
	}
	return m
}

// EndSessions ends all sessions, so that the next call in each of them fails
// with SESSION_INVALID.
func (s *Server) EndSessions() { s.sessions.forget() }

// loginWithPassword takes two arguments as in 2012, three, or four. On the
// unix socket any name and password are root.
func loginWithPassword(x *exchange, a args) (any, error) {
	var text [4]string
	for i := range min(len(a), 4) {
		var err error
		if text[i], err = a.string(i); err != nil {
			return nil, err
		}
	}
	if x.ep == TCP {
		if x.s.opt.Member {
			return nil, failure{"HOST_IS_SLAVE", x.s.opt.Coordinator}
		}
		if text[0] != x.s.opt.User || text[1] != x.s.opt.Password {
			return nil, failure{"SESSION_AUTHENTICATION_FAILED", text[0], authenticationFailText}
		}
	}
	return x.s.sessions.login(strings.TrimSpace(text[3]), x.s.clock()), nil
}

func logout(x *exchange, _ args) (any, error) {
	ref, err := args(x.call.args).string(0)
	if err != nil {
		return nil, err
	}
	x.s.sessions.logout(ref)
	return "", nil
}
