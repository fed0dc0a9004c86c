package xapitest

import (
	"context"
	"net/url"
	"sync"
	"time"
)

// Request is one request as the server saw it.
type Request struct {
	Time       time.Time // by the server's clock, when it had been read
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
	BytesOut   int    // of the whole reply, as far as it was sent so far
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
	requests ringList[*Request]
	counters map[string]*Counter
	inFlight map[string]int
	changed  chan struct{} // closed and replaced at each change
}

func (r *recorder) init(keep int) {
	r.requests.limit = keep
	r.counters, r.inFlight = map[string]*Counter{}, map[string]int{}
	r.changed = make(chan struct{})
}

// key is what a request is counted under.
func (q Request) key() string {
	if q.Method != "" {
		return q.Method
	}
	return q.HTTPMethod + " " + q.Path
}

// begin notes that a request is being carried out.
func (r *recorder) begin(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight[key]++
	r.wake()
}

// add records a request that is about to be answered, so that a client that
// has its answer finds it recorded.
func (r *recorder) add(q *Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counter(q.key())
	c.Calls++
	c.BytesIn += int64(q.BytesIn)
	r.requests.add(q)
	r.wake()
}

// finish adds what is known once the answer has been sent, or given up.
func (r *recorder) finish(key string, q *Request, sent int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q.BytesOut = sent
	r.counter(key).BytesOut += int64(sent)
	if r.inFlight[key]--; r.inFlight[key] == 0 {
		delete(r.inFlight, key)
	}
	r.wake()
}

// changes is wake for those who do not hold the lock.
func (r *recorder) changes() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wake()
}

func (r *recorder) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// count adds one to a counter.
func (r *recorder) count(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counter(key).Calls++
}

// counter finds or makes a counter. Their number is bounded, since clients
// choose the names.
func (r *recorder) counter(key string) *Counter {
	if r.counters[key] == nil && len(r.counters) >= 1000 {
		key = "other"
	}
	c := r.counters[key]
	if c == nil {
		c = &Counter{}
		r.counters[key] = c
	}
	return c
}

// Requests returns the newest requests, oldest first.
func (s *Server) Requests() []Request {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	all := make([]Request, 0, len(s.record.requests.items))
	for _, q := range s.record.requests.all() {
		all = append(all, *q)
	}
	return all
}

// Counters returns how often each RPC method, or "GET /path", was asked for,
// answered well or not, since the start or ResetCounters. XAPI's own logins, one
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

// InFlight is how many requests of an RPC method, or "GET /path", have been
// read and not yet been answered.
func (s *Server) InFlight(key string) int {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return s.record.inFlight[key]
}

// WaitFor blocks until cond is true, or ctx ends. It asks cond at once, and
// then whenever a request has been read, has been recorded, or is over.
func (s *Server) WaitFor(ctx context.Context, cond func() bool) error {
	for {
		s.record.mu.Lock()
		changed := s.record.changed // before cond, so that nothing is missed
		s.record.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
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
