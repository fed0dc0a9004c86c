package xapitest

import (
	"context"
	"strings"
	"sync"
	"time"
)

// pace is how long calls on VMs take, and what goes on by itself.
type pace struct {
	mu   sync.Mutex
	held map[string]chan struct{} // method: closed when it may go on
	took map[string]time.Duration
	here map[string]int // method: calls that wait
	wake func()         // those who wait for calls to wait

	ctx    context.Context // ends when the server does
	cancel context.CancelFunc
	tasks  sync.WaitGroup // of calls of "Async."
}

func (p *pace) init(wake func()) {
	p.wake, p.here = wake, map[string]int{}
	p.held, p.took = map[string]chan struct{}{}, map[string]time.Duration{}
	p.ctx, p.cancel = context.WithCancel(context.Background())
}

// Hold has calls of a method such as "VM.start_on", asynchronous ones as well,
// go on for ever once they have begun, until release is called.
func (s *Server) Hold(method string) (release func()) {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	gate := make(chan struct{})
	s.pace.held[method] = gate
	return sync.OnceFunc(func() {
		close(gate)
		s.pace.mu.Lock()
		defer s.pace.mu.Unlock()
		if s.pace.held[method] == gate {
			delete(s.pace.held, method)
		}
	})
}

// Take has calls of a method such as "VM.start_on" take so long, by the real
// clock.
func (s *Server) Take(method string, d time.Duration) {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	s.pace.took[method] = d
}

// Waiting is how many calls of a method Hold holds back now. WaitFor hears of
// each.
func (s *Server) Waiting(method string) int {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	return s.pace.here[method]
}

func (p *pace) waits(method string, n int) {
	p.mu.Lock()
	p.here[method] += n
	p.mu.Unlock()
	p.wake()
}

// wait is the time that a call of a method takes.
func (p *pace) wait(ctx context.Context, method string) error {
	method = strings.TrimPrefix(method, "Async.")
	p.mu.Lock()
	gate, d := p.held[method], p.took[method]
	p.mu.Unlock()
	if gate != nil {
		p.waits(method, 1)
		defer p.waits(method, -1)
		select {
		case <-gate:
		case <-ctx.Done():
			return failure{"TASK_CANCELLED"}
		case <-p.ctx.Done():
			return failure{"TASK_CANCELLED"}
		}
	}
	if d > 0 {
		if err := sleep(p.ctx, d); err != nil {
			return failure{"TASK_CANCELLED"}
		}
	}
	return nil
}
