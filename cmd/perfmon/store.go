package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/alarm/journal"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

// store keeps the loop's state in the journal, and its events in the queues
// of the sinks. See monitor.Store.
type store struct {
	journal *journal.Journal // in memory only without a state directory
	sinks   []*sink
	feed    *api.Feed // for those who watch
	source  string    // whose rows the last one is of
	log     *slog.Logger
	trouble string // the last error of the journal, which is told once
	lost    losses // that were not told yet
}

// openJournal opens the journal of a state directory, "" for none.
func openJournal(stateDir string, log *slog.Logger, reg prometheus.Registerer) (*journal.Journal, error) {
	o := journal.Options{Logger: log, Registerer: reg}
	if stateDir == "" {
		return journal.Open(o)
	}
	o.Path = filepath.Join(stateDir, journal.FileName)
	j, err := journal.Open(o)
	if err == nil {
		return j, nil
	}
	log.Error("no journal, so alarms start anew at each start: mend the file, or name another directory with --state-dir", "err", err)
	o.Path = ""
	return journal.Open(o)
}

// newStore closes the journal in the end.
func newStore(j *journal.Journal, source string, sinks []*sink, log *slog.Logger) *store {
	return &store{journal: j, source: source, sinks: sinks, feed: api.NewFeed(), log: log}
}

func (s *store) close() {
	s.lost.rest(s.log)
	if err := s.journal.Close(); err != nil {
		s.log.Error("the journal was not closed well", "err", err)
	}
}

// saved is where an earlier run ended.
func (s *store) saved() *monitor.Saved {
	saved := &monitor.Saved{
		States: map[alarm.ID][]byte{}, Configs: map[monitor.Object]string{}, Silences: map[string][]byte{},
		Sequence: s.journal.Sequence(),
	}
	for id, silence := range s.journal.Values(journal.Silences) {
		saved.Silences[id] = silence
	}
	for id, state := range s.journal.States() {
		saved.States[id] = state
	}
	for key, text := range s.journal.Values(journal.Configs) {
		class, uuid, _ := strings.Cut(key, "/")
		saved.Configs[monitor.Object{Class: class, UUID: uuid}] = string(text)
	}
	if last, ok := s.journal.Value(journal.Rows, s.source); ok {
		n, err := strconv.ParseInt(string(last), 10, 64)
		if err != nil {
			s.log.Error("the journal's last row is not a time: rows are asked for as at a first start", "err", err)
			return saved
		}
		saved.HasLast, saved.Last = true, n
	}
	return saved
}

// Epoch names the numbering of the events.
func (s *store) Epoch() string { return s.journal.Epoch() }

// Keep writes changes in one transaction. What the disk does not take the
// journal keeps in memory, and tells by itself.
func (s *store) Keep(c *monitor.Changes) {
	var b journal.Batch
	for id, state := range c.States {
		if state == nil {
			b.DeleteState(id)
		} else {
			b.SetState(id, state)
		}
	}
	for o, text := range c.Configs {
		if key := o.Class + "/" + o.UUID; text == "" {
			b.Delete(journal.Configs, key)
		} else {
			b.Set(journal.Configs, key, []byte(text))
		}
	}
	for id, silence := range c.Silences {
		if silence == nil {
			b.Delete(journal.Silences, id)
		} else {
			b.Set(journal.Silences, id, silence)
		}
	}
	if c.HasLast {
		b.Set(journal.Rows, s.source, strconv.AppendInt(nil, c.Last, 10))
	}
	b.SetSequence(c.Sequence)
	for _, e := range c.Adopted {
		for _, one := range s.sinks {
			one.outbox.Adopt(&b, e)
		}
	}
	for _, e := range c.Events {
		for _, one := range s.sinks {
			one.outbox.Add(&b, e)
		}
	}
	b.Remember(c.Events...)
	dropped, err := s.journal.Commit(&b)
	s.feed.Said(named(c.Events, s.journal.Epoch()))
	for _, one := range s.sinks {
		one.outbox.Nudge()
	}
	s.lost.add(dropped)
	s.lost.tell(s.log, time.Now())
	switch {
	case err == nil:
		s.trouble = ""
	case err.Error() != s.trouble:
		s.trouble = err.Error()
		s.log.Error("not all state is kept", "err", fmt.Errorf("commit: %w", err))
	}
}

// named are events as the journal has named them, which gives those another
// epoch whose commit failed.
func named(events []*alarm.Event, epoch string) []*alarm.Event {
	list := make([]*alarm.Event, len(events))
	for i, e := range events {
		if list[i] = e; e.Epoch != epoch {
			renamed := *e
			renamed.Epoch = epoch
			list[i] = &renamed
		}
	}
	return list
}

// Announce hands announcements to the sinks that take them.
func (s *store) Announce(events []*alarm.Event) {
	for _, e := range events {
		for _, one := range s.sinks {
			one.outbox.Announce(e)
		}
	}
}
