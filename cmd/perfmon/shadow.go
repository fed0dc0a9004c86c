package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/alarm/shadow"
	"perfmon/cmd/internal/settings"
	"perfmon/monitor"
	"perfmon/monitor/control"
)

// Where a shadow is found, so that it is in nobody's way.
const (
	shadowAddress = "127.0.0.1:9790"
	shadowSocket  = "/run/perfmon/shadow.sock"
)

// The times of --shadow.
const (
	shadowEvery   = time.Minute      // between looks at the messages
	shadowSummary = time.Hour        // between the lines that sum up
	shadowLast    = 2 * time.Second  // for the look at the end
	shadowPatient = 15 * time.Minute // for rows, before a message is judged without them
	shadowExplain = 5 * time.Second  // for the loop to say why it said something
)

// maxHeard is how many events wait to be compared; more are dropped.
const maxHeard = 20000

// shadower compares what this agent says with the messages that the stock
// daemon has created. It begins with the first inventory. Nil is the ordinary
// agent, of which nothing is compared.
type shadower struct {
	opts  *options
	log   *slog.Logger
	out   io.Writer // for the table
	inbox *inbox
	began time.Time

	compared *prometheus.CounterVec
	waiting  *prometheus.GaugeVec

	wake chan struct{}

	mu sync.Mutex
	// mu guards everything that follows.
	inv   *monitor.Inventory // nil before the first
	heard []*alarm.Event
	lost  int

	// Owned by run's goroutine.
	comparison *shadow.Comparison
	watched    *monitor.Inventory
	running    bool // a stock daemon is
}

// newShadower is nil without --shadow.
func newShadower(o *options, h *host, log *slog.Logger, out io.Writer, reg prometheus.Registerer) (*shadower, error) {
	if !o.shadow {
		return nil, nil
	}
	if h.messagesSince == nil {
		return nil, errors.New("--shadow compares with the stock daemon of a toolstack, and this host has no toolstack: run it without --shadow, or name the toolstack's sockets")
	}
	s := &shadower{
		opts: o, log: log, out: out, began: time.Now(), wake: make(chan struct{}, 1),
		inbox: newInbox(h.messagesSince, log),
		compared: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "perfmon_shadow_alarms_total", Help: "Alarms compared with those of the stock daemon (--shadow), by result: agreed, only_here, only_stock or other_body.",
		}, []string{"result"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "perfmon_shadow_waiting", Help: "Alarms that are not compared yet (--shadow), by whose they are: here or stock.",
		}, []string{"side"}),
	}
	reg.MustRegister(s.compared, s.waiting)
	for _, r := range shadow.Results {
		s.compared.WithLabelValues(string(r))
	}
	return s, nil
}

// muteForShadow takes all sinks out of the settings.
func muteForShadow(cfg *settings.Settings, log *slog.Logger) {
	var off []string
	for _, c := range cfg.Sinks {
		off = append(off, c.String())
	}
	cfg.Sinks = nil
	log.Info("shadow: nothing is sent, and no command socket is bound", "off", cmp.Or(strings.Join(off, "; "), "no sink is in the settings"))
}

// over gives a store's events to the comparison too.
func (s *shadower) over(kept monitor.Store) monitor.Store {
	if s == nil {
		return kept
	}
	return shadowStore{kept, s}
}

type shadowStore struct {
	monitor.Store
	to *shadower
}

func (s shadowStore) Keep(c *monitor.Changes) {
	events := c.Events // the store has c from now on
	s.Store.Keep(c)
	s.to.hear(events)
}

// hear does not block.
func (s *shadower) hear(events []*alarm.Event) {
	s.mu.Lock()
	room := max(0, maxHeard-len(s.heard))
	s.lost += max(0, len(events)-room)
	s.heard = append(s.heard, events[:min(room, len(events))]...)
	s.mu.Unlock()
	s.nudge()
}

// before looks at inventories on their way.
func (s *shadower) before(give func(*monitor.Inventory)) func(*monitor.Inventory) {
	if s == nil {
		return give
	}
	return func(inv *monitor.Inventory) {
		s.mu.Lock()
		s.inv = inv
		s.mu.Unlock()
		s.nudge()
		give(inv)
	}
}

func (s *shadower) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run compares until ctx ends, looks once more, and writes the table.
func (s *shadower) run(ctx context.Context, m *monitor.Monitor) {
	if s == nil {
		return
	}
	s.begin()
	look, sum := time.NewTicker(shadowEvery), time.NewTicker(shadowSummary)
	defer look.Stop()
	defer sum.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-s.wake:
			first := s.watched == nil
			if s.take(ctx, m); first && s.watched != nil {
				s.look(ctx, m)
			}
		case <-look.C:
			s.lookForStock()
			s.look(ctx, m)
		case <-sum.C:
			s.sumUp()
		}
	}
	// What the agent said last has been heard: the loop has ended before ctx.
	last, cancel := context.WithTimeout(context.Background(), shadowLast)
	defer cancel()
	s.take(last, m)
	s.look(last, m)
	s.sumUp()
	if err := s.comparison.WriteTable(s.out, s.latest(m)); err != nil {
		s.log.Warn("shadow: no table", "err", err)
	}
}

// begin looks for the stock daemon.
func (s *shadower) begin() {
	o := shadow.Options{Began: s.began.Unix()}
	bound, err := control.Bound(s.opts.controlSocket)
	s.running = bound || err != nil
	switch {
	case err != nil:
		s.log.Warn("shadow: nobody can tell whether the stock daemon runs", "err", err)
	case !bound:
		s.log.Warn("shadow: no stock daemon seems to run, so every alarm will be only here: start it, if you want to compare", "socket", s.opts.controlSocket)
	default:
		pid, _ := control.Owner(s.opts.controlSocket) // of which only root sees all
		o.PollEvery = stockPollEvery(pid)
		s.log.Info("shadow: comparing with the stock daemon", "pid", pid, "polls_every_s", cmp.Or(o.PollEvery, shadow.DefaultPollEvery))
	}
	o.NoStock = !s.running
	s.comparison = shadow.New(o)
}

// lookForStock notices that the stock daemon ends, or begins.
func (s *shadower) lookForStock() {
	bound, err := control.Bound(s.opts.controlSocket)
	if err != nil || bound == s.running {
		return
	}
	s.running = bound
	s.comparison.StockRuns(bound)
	if bound {
		s.log.Info("shadow: the stock daemon runs")
	} else {
		s.log.Warn("shadow: the stock daemon runs no more: from now on every alarm is only here")
	}
}

// take hands on what has been heard, and what is watched.
func (s *shadower) take(ctx context.Context, m *monitor.Monitor) {
	s.mu.Lock()
	inv, heard, lost := s.inv, s.heard, s.lost
	s.heard, s.lost = nil, 0
	s.mu.Unlock()
	if lost > 0 {
		s.log.Error("shadow: not compared, since too many came at once", "events", lost)
	}
	if inv != nil && inv != s.watched {
		s.watched = inv
		s.comparison.Watch(time.Now().Unix(), watchedBy(inv, m.Snapshot()))
	}
	for _, e := range heard {
		var known *shadow.Circumstances
		if e.IsALARM() {
			known = circumstances(ctx, m, e.ID)
		}
		if err := s.comparison.Ours(e, known); err != nil {
			s.log.Error("shadow: an alarm of this agent is not compared", "err", err)
		}
	}
}

// look reads the messages that are new, and reports what can be decided then.
func (s *shadower) look(ctx context.Context, m *monitor.Monitor) {
	if s.watched == nil {
		return
	}
	snapshot := m.Snapshot()
	s.take(ctx, m) // all that the picture has
	s.comparison.Watch(time.Now().Unix(), watchedBy(s.watched, snapshot))
	theirs := s.latest(m)
	if s.inbox.read(ctx, s.began, theirs) {
		for _, message := range s.inbox.messages {
			s.compare(ctx, m, message)
		}
	}
	ours := time.Now().Add(-shadowPatient).Unix()
	if snapshot != nil {
		ours = max(ours, snapshot.Row.T)
	}
	for _, f := range s.comparison.Settle(ours, s.inbox.until) {
		s.compared.WithLabelValues(string(f.Result)).Inc()
		s.report(f)
	}
	n := s.comparison.Counts()
	s.waiting.WithLabelValues("here").Set(float64(n.OpenHere))
	s.waiting.WithLabelValues("stock").Set(float64(n.OpenStock))
}

func (s *shadower) compare(ctx context.Context, m *monitor.Monitor, message shadow.Message) {
	if !s.comparison.Wants(message) {
		return
	}
	var known *shadow.Circumstances
	if name := message.Variable(); name != "" {
		known = circumstances(ctx, m, alarm.ID{Class: message.Class, UUID: message.UUID, Variable: name})
	}
	if err := s.comparison.Stock(message, known); err != nil {
		s.log.Warn("shadow: a message is not of the stock daemon, and not compared", "class", message.Class, "uuid", message.UUID, "err", err)
	}
}

// latest is the present by the later of two clocks: this host's, and that of
// the rows.
func (s *shadower) latest(m *monitor.Monitor) int64 {
	now := time.Now().Unix()
	if snapshot := m.Snapshot(); snapshot != nil {
		now = max(now, snapshot.Row.T)
	}
	return now
}

func (s *shadower) report(f shadow.Finding) {
	if f.Result == shadow.Agreed {
		s.log.Debug("shadow: agreed", "class", f.Class, "uuid", f.UUID, "variable", f.Variable, "row", f.Row, "message", f.Message)
		return
	}
	args := []any{"class", f.Class, "uuid", f.UUID, "variable", f.Variable, "name", f.Name}
	if f.Row != 0 {
		args = append(args, "row", f.Row, "here", f.Here)
	}
	if f.Message != 0 {
		args = append(args, "message", f.Message, "stock", f.Stock)
	}
	if len(f.Differs) > 0 {
		args = append(args, "differs", strings.Join(f.Differs, ", "))
	}
	s.log.Warn("shadow: "+f.Result.String(), append(args, "why", f.Why())...)
}

func (s *shadower) sumUp() {
	n := s.comparison.Counts()
	var args []any
	unexplained := 0
	for _, r := range shadow.Results {
		args = append(args, string(r), n.Results[r])
		unexplained += n.Unexplained[r]
	}
	args = append(args, "not_explained", unexplained, "not_decided", n.OpenHere+n.OpenStock)
	if n.Dropped > 0 {
		args = append(args, "not_compared", n.Dropped)
	}
	s.log.Info("shadow: compared with the stock daemon", args...)
}
