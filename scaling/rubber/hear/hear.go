package hear

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Driver is a place where events are heard. It is made by one of the New
// functions of this package.
type Driver interface {
	// Name is "engine", "amqp" or "webhook".
	Name() string

	// run hears until the context ends, and connects again as often as it has to.
	// The error is one that no retry mends.
	run(ctx context.Context, to *ear) error
}

// Options say what is believed, and how much of it. Zero values are the
// defaults.
type Options struct {
	Rules  []Rule // before the default ones
	Bounds Bounds
	Logger *slog.Logger // nil is silent
	Now    func() time.Time
}

// Hearing listens, and keeps what it has heard. Its methods may be called by
// several goroutines at once.
type Hearing struct {
	drivers []Driver
	log     *slog.Logger
	now     func() time.Time

	mu      sync.Mutex
	table   *Table
	states  []DriverState
	changed chan struct{}
}

// New makes a hearing. It connects to nothing.
func New(o Options, drivers ...Driver) (*Hearing, error) {
	table, err := NewTable(o.Rules, o.Bounds)
	if err != nil {
		return nil, fmt.Errorf("hear: %w", err)
	}
	h := &Hearing{drivers: drivers, log: o.Logger, now: o.Now, table: table, changed: make(chan struct{}, 1)}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.now == nil {
		h.now = time.Now
	}
	for _, d := range drivers {
		h.states = append(h.states, DriverState{Name: d.Name(), Err: "not connected yet"})
	}
	return h, nil
}

// Run listens until the context ends. Its error is about what waiting does not
// mend.
func (h *Hearing) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(h.drivers))
	var wg sync.WaitGroup
	for i, d := range h.drivers {
		wg.Go(func() {
			if err := d.run(ctx, &ear{h: h, driver: i}); err != nil && ctx.Err() == nil {
				errs[i] = fmt.Errorf("hear from %s: %w", d.Name(), err)
				cancel()
			}
		})
	}
	<-ctx.Done()
	wg.Wait()
	return errors.Join(errs...)
}

// View is what is believed now. Without a driver nothing is known of any host,
// and that is complete.
func (h *Hearing) View() View {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := h.table.View(h.now())
	v.Complete = true
	v.Drivers = append([]DriverState(nil), h.states...)
	for _, s := range v.Drivers {
		v.Complete = v.Complete && s.Complete
	}
	return v
}

// Counts is what has become of what was heard.
func (h *Hearing) Counts() Counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.table.Counts()
}

// Changed has a value after something was heard that may change a plan: not
// after each heartbeat. It is for one reader.
func (h *Hearing) Changed() <-chan struct{} { return h.changed }

// ear is what one driver tells what it hears.
type ear struct {
	h      *Hearing
	driver int
}

// event takes a CloudEvent that was sent at a time, or now if that is zero.
func (e *ear) event(text []byte, sent time.Time) {
	h := e.h
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if sent.IsZero() || sent.After(now) {
		sent = now
	}
	h.note(h.table.Event(h.drivers[e.driver].Name(), text, sent, now))
}

// alert takes an alert.
func (e *ear) alert(a Alert) {
	h := e.h
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note(h.table.Alert(h.drivers[e.driver].Name(), a, h.now()))
}

// refuse counts something that is not worth a look.
func (e *ear) refuse(why Outcome) {
	h := e.h
	h.mu.Lock()
	defer h.mu.Unlock()
	h.table.counts.add(why)
}

func (h *Hearing) note(o Outcome) {
	if !o.changes() {
		return
	}
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// state says how the driver does. It reports, once for each change.
func (e *ear) state(connected, complete bool, err error) {
	h := e.h
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.states[e.driver]
	was := *s
	s.Connected, s.Complete, s.Err = connected, complete, ""
	if err != nil {
		s.Err = err.Error()
	}
	if connected != was.Connected || s.Since.IsZero() {
		s.Since = h.now()
	}
	switch {
	case connected && !was.Connected:
		h.log.Info("hears alarms", "driver", s.Name)
	case !connected && (was.Connected || s.Err != was.Err):
		h.log.Warn("hears no alarms; what is not confirmed becomes unknown", "driver", s.Name, "err", s.Err)
	}
	if was.Complete != complete {
		h.note(Raised)
	}
}
