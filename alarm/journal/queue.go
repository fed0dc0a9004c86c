package journal

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// Told is the space in which a sink's runner notes what its sink was told.
// Its values go with the sink.
func Told(sink string) Space { return Space("told/" + sink) }

// notes is the space of a sink's driver. Its values go with the sink, too.
func notes(sink string) Space { return Space("notes/" + sink) }

// Stats describes a sink's queue.
type Stats struct {
	Length  int
	Oldest  time.Time // when its oldest event was committed; zero if it is empty
	Dropped uint64    // events that Commit has dropped since the journal was opened
}

// QueueStats is cheap enough to ask at any time.
func (j *Journal) QueueStats(sink string) Stats {
	j.mu.RLock()
	defer j.mu.RUnlock()
	q := j.mirror.queues[sink]
	if q == nil {
		return Stats{}
	}
	s := Stats{Length: len(q.entries), Dropped: q.dropped}
	if s.Length > 0 {
		s.Oldest = q.entries[0].Queued
	}
	return s
}

// SetQueueLimit bounds a sink's queue from the next Commit on; at 0 the limit
// is DefaultQueueLimit.
func (j *Journal) SetQueueLimit(sink string, limit int) {
	j.write.Lock()
	defer j.write.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if limit <= 0 {
		limit = DefaultQueueLimit
	}
	j.mirror.queue(sink).limit = limit
}

// Pending are the n oldest events that wait for a sink, all of them if n is
// 0. They are on the disk, unless the journal is degraded.
func (j *Journal) Pending(sink string, n int) []Entry {
	j.mu.RLock()
	defer j.mu.RUnlock()
	q := j.mirror.queues[sink]
	if q == nil {
		return nil
	}
	if n <= 0 || n > len(q.entries) {
		n = len(q.entries)
	}
	return slices.Clone(q.entries[:n])
}

// Done takes events out of a sink's queue, because it has them, or because it
// never will. Keys that are not in the queue do not matter.
func (j *Journal) Done(sink string, keys ...uint64) error {
	return j.update(func() []change {
		var changes []change
		for _, key := range keys {
			for _, table := range []string{tableQueue + sink, tableInFlight + sink} {
				if _, ok := j.mirror.tables[table][entryKey(key)]; ok {
					changes = append(changes, change{table, entryKey(key), nil})
				}
			}
		}
		return changes
	})
}

// Mark says that an event may have been sent.
type Mark struct {
	Key uint64    // of its Entry
	At  time.Time // by the wall clock, before the event was sent for the first time
}

// MarkInFlight notes, before events are sent, that they may have been sent.
// The mark goes with the event; made again, it stays what it is.
func (j *Journal) MarkInFlight(sink string, keys ...uint64) error {
	now := encodeTime(nil, time.Now())
	return j.update(func() []change {
		var changes []change
		for _, key := range keys {
			_, waits := j.mirror.tables[tableQueue+sink][entryKey(key)]
			_, marked := j.mirror.tables[tableInFlight+sink][entryKey(key)]
			if waits && !marked {
				changes = append(changes, change{tableInFlight + sink, entryKey(key), now})
			}
		}
		return changes
	})
}

// InFlight are the marks of a sink's events, in the order of their keys.
func (j *Journal) InFlight(sink string) []Mark {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var marks []Mark
	for key, at := range j.mirror.tables[tableInFlight+sink] {
		marks = append(marks, Mark{binary.BigEndian.Uint64([]byte(key)), decodeTime(at)})
	}
	slices.SortFunc(marks, func(a, b Mark) int { return cmp.Compare(a.Key, b.Key) })
	return marks
}

// Sinks are the names of all sinks that something is kept for, in order.
func (j *Journal) Sinks() []string {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var sinks []string
	for table, content := range j.mirror.tables {
		for _, prefix := range []string{tableQueue, tableValue + string(Told("")), tableValue + string(notes(""))} {
			if sink, ok := strings.CutPrefix(table, prefix); ok && len(content) > 0 {
				sinks = append(sinks, sink)
			}
		}
	}
	slices.Sort(sinks)
	return slices.Compact(sinks)
}

// DropSink forgets a sink that is no longer wanted, and returns how many
// events had still waited for it.
func (j *Journal) DropSink(sink string) (events int, err error) {
	err = j.update(func() []change {
		var changes []change
		for _, table := range []string{tableQueue + sink, tableInFlight + sink, tableValue + string(Told(sink)), tableValue + string(notes(sink))} {
			for key := range j.mirror.tables[table] {
				changes = append(changes, change{table, key, nil})
			}
		}
		events = len(j.mirror.tables[tableQueue+sink])
		return changes
	})
	return events, err
}
