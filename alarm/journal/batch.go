package journal

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"perfmon/alarm"
)

// Batch gathers what Commit writes at once. The zero value is empty. The last
// word about a key counts. A Batch keeps the bytes and events that it is
// given; nobody may change them afterwards.
type Batch struct {
	changes map[place][]byte // nil deletes
	queues  map[string][]*alarm.Event
	history []*alarm.Event
}

// place is a key in its table.
type place struct{ table, key string }

// SetState keeps an alarm's state.
func (b *Batch) SetState(id alarm.ID, state []byte) { b.set(tableState, stateKey(id), state) }

// DeleteState forgets an alarm.
func (b *Batch) DeleteState(id alarm.ID) { b.delete(tableState, stateKey(id)) }

// Set keeps a value.
func (b *Batch) Set(s Space, key string, value []byte) { b.set(tableValue+string(s), key, value) }

// Delete forgets a value.
func (b *Batch) Delete(s Space, key string) { b.delete(tableValue+string(s), key) }

// SetSequence keeps the number that the next Sequence returns.
func (b *Batch) SetSequence(n int64) {
	b.set(tableMeta, keySequence, binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// Append queues events for a sink, behind those that wait.
func (b *Batch) Append(sink string, events ...*alarm.Event) {
	if b.queues == nil {
		b.queues = map[string][]*alarm.Event{}
	}
	b.queues[sink] = append(b.queues[sink], events...)
}

// Empty reports whether there is nothing to commit.
func (b *Batch) Empty() bool { return len(b.changes) == 0 && len(b.queues) == 0 && len(b.history) == 0 }

func (b *Batch) set(table, key string, value []byte) {
	if value == nil {
		value = []byte{}
	}
	b.put(table, key, value)
}

func (b *Batch) delete(table, key string) { b.put(table, key, nil) }

func (b *Batch) put(table, key string, value []byte) {
	if b.changes == nil {
		b.changes = map[place][]byte{}
	}
	b.changes[place{table, key}] = value
}

// sorted are the changes of keys, those that delete first, since they make
// room.
func (b *Batch) sorted() []change {
	var deleted, set []change
	for _, p := range slices.SortedFunc(maps.Keys(b.changes), comparePlaces) {
		if value := b.changes[p]; value == nil {
			deleted = append(deleted, change{p.table, p.key, nil})
		} else {
			set = append(set, change{p.table, p.key, value})
		}
	}
	return append(deleted, set...)
}

func comparePlaces(a, b place) int {
	if c := strings.Compare(a.table, b.table); c != 0 {
		return c
	}
	return strings.Compare(a.key, b.key)
}

// checkLimits says what is wrong with a change by itself.
func checkLimits(c change) error {
	switch {
	case len(c.key) == 0:
		return fmt.Errorf("table %q: empty key", c.table)
	case len(c.key) > MaxKey || len(c.table) > MaxKey:
		return fmt.Errorf("key %.40q… in table %.40q: %d bytes; the limit is %d", c.key, c.table, max(len(c.key), len(c.table)), MaxKey)
	case len(c.value) > MaxValue:
		return fmt.Errorf("value of %.40q in table %.40q: %d bytes; the limit is %d", c.key, c.table, len(c.value), MaxValue)
	}
	return nil
}
