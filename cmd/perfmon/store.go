package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/alarm/journal"
	"perfmon/monitor"
)

// store keeps the loop's state in the journal, and takes its events on for
// delivery. Without a state directory it keeps nothing. See monitor.Store.
type store struct {
	journal *journal.Journal   // nil: nothing outlives the process
	epoch   string             // without a journal
	source  string             // whose rows the last one is of
	alarms  func(*alarm.Event) // what the toolstack's ALARMs are made of; nil without one
	log     *slog.Logger
	trouble string // the last error of the journal, which is told once
}

// openStore opens the journal of a state directory. The caller closes it.
func openStore(stateDir, source string, alarms func(*alarm.Event), log *slog.Logger, reg prometheus.Registerer) *store {
	s := &store{source: source, alarms: alarms, log: log}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	s.epoch = hex.EncodeToString(random[:])
	if stateDir == "" {
		return s
	}
	j, err := journal.Open(journal.Options{Path: filepath.Join(stateDir, journal.FileName), Logger: log, Registerer: reg})
	if err != nil {
		log.Error("no journal, so alarms start anew at each start: mend the file, or name another directory with --state-dir", "err", err)
		return s
	}
	s.journal = j
	return s
}

func (s *store) close() {
	if s.journal == nil {
		return
	}
	if err := s.journal.Close(); err != nil {
		s.log.Error("the journal was not closed well", "err", err)
	}
}

// saved is where an earlier run ended, nil if nobody knows.
func (s *store) saved() *monitor.Saved {
	if s.journal == nil {
		return nil
	}
	saved := &monitor.Saved{
		States: map[alarm.ID][]byte{}, Configs: map[monitor.Object]string{}, Sequence: s.journal.Sequence(),
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
func (s *store) Epoch() string {
	if s.journal == nil {
		return s.epoch
	}
	return s.journal.Epoch()
}

func (s *store) Keep(c *monitor.Changes) {
	s.commit(c)
	if s.alarms == nil {
		return // the loop's own log lines are all there is
	}
	for _, e := range c.Events {
		if e.IsALARM() {
			s.alarms(e)
		}
	}
}

// commit writes changes in one transaction. What the disk does not take the
// journal keeps in memory, and tells by itself.
func (s *store) commit(c *monitor.Changes) {
	if s.journal == nil {
		return
	}
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
	if c.HasLast {
		b.Set(journal.Rows, s.source, strconv.AppendInt(nil, c.Last, 10))
	}
	b.SetSequence(c.Sequence)
	_, err := s.journal.Commit(&b)
	switch {
	case err == nil:
		s.trouble = ""
	case err.Error() != s.trouble:
		s.trouble = err.Error()
		s.log.Error("not all state is kept", "err", fmt.Errorf("commit: %w", err))
	}
}

func (s *store) Announce([]*alarm.Event) {}
