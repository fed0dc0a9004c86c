package replay

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
)

// The world is also what the agent runs on: its clock, and the disk that keeps
// its state.

// Now tells the host's clock, and one that nobody sets.
func (w *world) Now() (time.Time, time.Duration) {
	return time.Unix(w.wall(), 0), time.Duration(w.now) * time.Second
}

// Epoch is the same for all runs of an agent: nothing is numbered twice.
func (w *world) Epoch() string { return "test" }

// Announce drops what repeats that an alarm fires.
func (w *world) Announce([]*alarm.Event) {}

func newSaved() *monitor.Saved {
	return &monitor.Saved{
		States: map[alarm.ID][]byte{}, Configs: map[monitor.Object]string{}, Silences: map[string][]byte{},
	}
}

// Keep notes the events, and what a later run of the agent will find.
func (w *world) Keep(c *monitor.Changes) {
	for _, e := range c.Events {
		w.events = append(w.events, w.said(e))
	}
	for id, b := range c.States {
		if w.saved.States[id] = b; b == nil {
			delete(w.saved.States, id)
		}
	}
	for o, text := range c.Configs {
		if w.saved.Configs[o] = text; text == "" {
			delete(w.saved.Configs, o)
		}
	}
	for id, b := range c.Silences {
		if w.saved.Silences[id] = b; b == nil {
			delete(w.saved.Silences, id)
		}
	}
	if c.HasLast {
		w.saved.HasLast, w.saved.Last = true, c.Last
	}
	w.saved.Sequence = c.Sequence
}

// said is an event as a test writes it.
func (w *world) said(e *alarm.Event) Expectation {
	x := Expectation{
		At: w.elapsed(e.Time), What: string(e.Kind), Object: monitor.Object{Class: e.Class, UUID: e.UUID}, Name: e.Variable,
		HasValue: true, Value: e.Value, Severity: e.Severity, Inhibited: e.Inhibited, Silenced: e.Silenced, Reason: e.Reason,
	}
	if !e.Known {
		x.Value = nan
	}
	if e.Kind == alarm.KindCleared && e.Severity != alarm.Warning || e.Kind == alarm.KindNoData {
		x.Severity = ""
	}
	return x
}

// startAgent starts the agent with what an earlier run saved.
func (w *world) startAgent() {
	if w.agent != nil {
		return
	}
	w.changed = true
	saved := &monitor.Saved{
		States: maps.Clone(w.saved.States), Configs: maps.Clone(w.saved.Configs), Silences: maps.Clone(w.saved.Silences),
		HasLast: w.saved.HasLast, Last: w.saved.Last, Sequence: w.saved.Sequence,
	}
	w.agent = monitor.New(monitor.Options{
		Source: w, Clock: w, Store: w, Readings: w, Logger: slog.New(slog.DiscardHandler),
		Step: w.c.step, Interval: time.Duration(w.c.poll) * time.Second, Legacy: w.c.legacy, MuteVMs: w.c.mute, Saved: saved,
	})
}

func (w *world) stopAgent() { w.agent = nil }

// poll lets the agent look at what there is.
func (w *world) poll(ctx context.Context) {
	if w.agent == nil {
		return
	}
	if w.changed || len(w.c.usage) > 0 {
		w.agent.SetInventory(w.inventory())
		w.changed = false
	}
	// That there are no rows is part of some tests.
	_ = w.agent.Poll(ctx)
	w.states = append(w.states, picture{at: w.now, variables: w.agent.Snapshot().Variables})
}

// run lets the whole case happen.
func (w *world) run(ctx context.Context) error {
	w.startAgent()
	actions := w.c.actions
	for ; w.now <= w.c.end; w.now += w.c.step {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("run %q: %w", w.c.Name, err)
		}
		w.record()
		if w.now%w.c.poll == 0 {
			w.poll(ctx)
		}
		acted := false
		for ; len(actions) > 0 && actions[0].at == w.now; actions = actions[1:] {
			actions[0].what(w)
			acted, w.changed = true, true
		}
		if acted {
			w.poll(ctx)
		}
	}
	return nil
}

func addSilence(ctx context.Context, m *monitor.Monitor, s alarm.Silence) error {
	if _, err := m.AddSilence(ctx, s); err != nil {
		return fmt.Errorf("silence: %w", err)
	}
	return nil
}

func endSilences(ctx context.Context, m *monitor.Monitor) error {
	list, err := m.Silences(ctx)
	if err != nil {
		return fmt.Errorf("end silences: %w", err)
	}
	for _, s := range list {
		if err := m.EndSilence(ctx, s.ID); err != nil {
			return fmt.Errorf("end silences: %w", err)
		}
	}
	return nil
}
