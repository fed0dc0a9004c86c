package journal

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"perfmon/alarm"
)

// Limits of the history.
const (
	MaxHistory      = 2000    // transitions
	maxHistoryBytes = 2 << 20 // of them, together
)

// tableHistory has the transitions that are remembered: 8 bytes, big endian,
// rising → event without its body.
const tableHistory = "history"

// Remember adds transitions to the history, which forgets its oldest ones
// for them. One that is too large, or for which the journal has no room, is
// not remembered; it matters less than what else there is to keep.
func (b *Batch) Remember(events ...*alarm.Event) { b.history = append(b.history, events...) }

// History are the remembered transitions, newest first, as they are when the
// loop begins. Each event is the caller's.
func (j *Journal) History() iter.Seq[*alarm.Event] {
	return func(yield func(*alarm.Event) bool) {
		for _, value := range j.remembered() {
			// One that cannot be read is of another version of the agent.
			if e, err := decodeEvent(value); err == nil && !yield(e) {
				return
			}
		}
	}
}

// remembered are the values of the history, newest first.
func (j *Journal) remembered() [][]byte {
	j.mu.RLock()
	defer j.mu.RUnlock()
	keys, table := j.mirror.history.keys, j.mirror.tables[tableHistory]
	values := make([][]byte, 0, len(keys))
	for _, key := range slices.Backward(keys) {
		values = append(values, table[entryKey(key)])
	}
	return values
}

// history is what the mirror knows of tableHistory besides its content.
type history struct {
	keys  []uint64 // rising
	bytes int
}

// apply makes a change of the table. was is the value before, nil for none.
func (h *history) apply(c change, was []byte) error {
	if len(c.key) != 8 {
		return fmt.Errorf("key %q in table %q is none", c.key, c.table)
	}
	key := binary.BigEndian.Uint64([]byte(c.key))
	i, found := slices.BinarySearch(h.keys, key)
	h.bytes += len(c.value) - len(was)
	switch {
	case c.value == nil && found:
		h.keys = slices.Delete(h.keys, i, i+1)
	case c.value != nil && !found:
		h.keys = slices.Insert(h.keys, i, key)
	}
	return nil
}

// planHistory appends events to the history and makes room for them.
func (j *Journal) planHistory(p *plan, events []*alarm.Event) {
	if len(events) == 0 {
		return
	}
	old := j.mirror.history
	next := uint64(1)
	if n := len(old.keys); n > 0 {
		next = old.keys[n-1] + 1
	}
	var added [][]byte
	bytes := 0
	for _, e := range events[max(0, len(events)-MaxHistory):] {
		short := *j.renamed(e)
		short.Body = ""
		value := appendEvent(nil, &short)
		if len(value) > MaxEvent || len(e.Labels) > maxLabels {
			continue
		}
		added = append(added, value)
		bytes += len(value)
	}
	for bytes > maxHistoryBytes {
		bytes -= len(added[0])
		added = added[1:]
	}
	kept := old.bytes
	for i, key := range old.keys {
		if len(old.keys)-i+len(added) <= MaxHistory && kept+bytes <= maxHistoryBytes {
			break
		}
		kept -= len(j.mirror.tables[tableHistory][entryKey(key)])
		p.add(j.mirror, change{tableHistory, entryKey(key), nil})
	}
	for i, value := range added {
		p.add(j.mirror, change{tableHistory, entryKey(next + uint64(i)), value})
	}
}
