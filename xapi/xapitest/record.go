package xapitest

import (
	"net/url"
	"sync"
	"time"
)

// Request is one request as the server saw it.
type Request struct {
	Time       time.Time // by the server's clock, when it had been read
	Took       time.Duration
	Endpoint   Endpoint
	Conn       int // counts the connections of the endpoint, from 1
	HTTPMethod string
	Path       string
	Query      url.Values
	UserAgent  string
	Accept     string
	Method     string // of an RPC
	Args       []any  // of an RPC: string, float64, bool, nil, []any, map[string]any
	Status     int    // HTTP status of the reply, 0 if none was sent
	BytesIn    int    // of the body
	BytesOut   int    // of the whole reply, as far as it was sent
	Fault      string // that spoiled it, empty if none
}

// Counter adds up the requests of one kind.
type Counter struct {
	Calls             int
	BytesIn, BytesOut int64
}

// recorder keeps the newest requests, and counts them all.
type recorder struct {
	mu sync.Mutex
	// mu guards everything that follows.
	requests ringList[Request]
	counters map[string]*Counter
	changed  chan struct{} // closed and replaced at each request
}

func (r *recorder) init(keep int) {
	r.requests.limit = keep
	r.counters = map[string]*Counter{}
	r.changed = make(chan struct{})
}

// key is what a request is counted under.
func (q Request) key() string {
	if q.Method != "" {
		return q.Method
	}
	return q.HTTPMethod + " " + q.Path
}

func (r *recorder) add(q Request) {
	r.count(q.key(), q.BytesIn, q.BytesOut)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.add(q)
	close(r.changed)
	r.changed = make(chan struct{})
}

// count adds one to a counter. The number of counters is bounded, since
// clients choose the names.
func (r *recorder) count(key string, in, out int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counters[key]
	if c == nil {
		if len(r.counters) >= 1000 {
			key = "other"
			c = r.counters[key]
		}
		if c == nil {
			c = &Counter{}
			r.counters[key] = c
		}
	}
	c.Calls++
	c.BytesIn += int64(in)
	c.BytesOut += int64(out)
}

// Requests returns the newest requests, oldest first.
func (s *Server) Requests() []Request {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return s.record.requests.all()
}

// Counters returns how often each RPC method, or "GET /path", was asked for,
// answered or not, since the start or ResetCounters. XAPI's own logins, one
// for each update asked for on its unix socket, are counted as
// session.slave_login.
func (s *Server) Counters() map[string]Counter {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	m := make(map[string]Counter, len(s.record.counters))
	for k, c := range s.record.counters {
		m[k] = *c
	}
	return m
}

// ResetCounters forgets the requests and their counts.
func (s *Server) ResetCounters() {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	s.record.requests.items, s.record.requests.next = nil, 0
	clear(s.record.counters)
}

// RequestDone is closed at the next request that is answered, or given up.
func (s *Server) RequestDone() <-chan struct{} {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return s.record.changed
}

// ringList is a list of the newest limit items.
type ringList[T any] struct {
	limit int
	items []T
	next  int // where the oldest is, once the list is full
}

func (l *ringList[T]) add(v T) {
	if len(l.items) < l.limit {
		l.items = append(l.items, v)
		return
	}
	l.items[l.next] = v
	l.next = (l.next + 1) % l.limit
}

// all returns a copy, oldest first.
func (l *ringList[T]) all() []T {
	out := make([]T, 0, len(l.items))
	out = append(out, l.items[l.next:]...)
	return append(out, l.items[:l.next]...)
}
