package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"time"

	"perfmon/alarm"
)

// The tables, or how their names begin.
const (
	tableMeta     = "meta"
	tableState    = "state"
	tableValue    = "value/"
	tableQueue    = "queue/"
	tableInFlight = "inflight/"
)

// The keys of tableMeta.
const (
	keyFormat   = "format"
	keyEpoch    = "epoch"
	keySequence = "sequence"
)

// format is what tableMeta says about itself. A change that older agents
// would misread changes it.
const format = "perfmon journal 1"

// change is one key's new value; nil deletes it.
type change struct {
	table, key string
	value      []byte
}

// size is what a change takes in the file, about.
func (c change) size() int { return len(c.table) + len(c.key) + len(c.value) }

// tables is the content of a file: table → key → value.
type tables map[string]map[string][]byte

// newTables is the content of a file that was just made.
func newTables(epoch string) tables {
	return tables{tableMeta: {keyFormat: []byte(format), keyEpoch: []byte(epoch), keySequence: make([]byte, 8)}}
}

// changes are what turns an empty file into t, in order.
func (t tables) changes() []change {
	var all []change
	for _, table := range slices.Sorted(maps.Keys(t)) {
		for _, key := range slices.Sorted(maps.Keys(t[table])) {
			all = append(all, change{table, key, t[table][key]})
		}
	}
	return all
}

// changesFrom are what turns old into t.
func (t tables) changesFrom(old tables) []change {
	var all []change
	for _, c := range old.changes() {
		if _, stays := t[c.table][c.key]; !stays {
			all = append(all, change{c.table, c.key, nil})
		}
	}
	for _, c := range t.changes() {
		if value, is := old[c.table][c.key]; !is || !bytes.Equal(value, c.value) {
			all = append(all, c)
		}
	}
	return all
}

// room is how much of the disk a file takes that is made anew for t, at most.
// bbolt fills pages no further than fill, writes something beside each value,
// and gives a large one the rest of its last page; then there are a page for
// each table, and the first ones.
func room(t tables) int {
	const page, beside = 4096, 16 + 4 // bytes; of an element, and of a checksum
	small, large := 0, 0
	for _, keys := range t {
		large += 2 * page
		for key, value := range keys {
			if size := len(key) + len(value) + beside; size < page/4 {
				small += size
			} else {
				large += size + page
			}
		}
	}
	return small + small/2 + large + 16*page
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is the checksum of a value in its place.
func sum(table, key string, value []byte) uint32 {
	c := crc32.Update(0, castagnoli, []byte(table+"\x00"+key+"\x00"))
	return crc32.Update(c, castagnoli, value)
}

// seal appends a value's checksum to it.
func seal(table, key string, value []byte) []byte {
	return binary.LittleEndian.AppendUint32(slices.Clip(value), sum(table, key, value))
}

// unseal returns a copy of the value that was sealed.
func unseal(table, key string, sealed []byte) ([]byte, error) {
	n := len(sealed) - 4
	if n < 0 || binary.LittleEndian.Uint32(sealed[n:]) != sum(table, key, sealed[:n]) {
		return nil, fmt.Errorf("checksum of %q in table %q is wrong", key, table)
	}
	return append([]byte{}, sealed[:n]...), nil
}

// mirror is the content of the file in memory, with what is wanted often
// taken apart.
type mirror struct {
	tables  tables
	queues  map[string]*queue // by sink
	history history
	size    int // of all changes that make it
}

// newMirror takes a file's content over.
func newMirror(t tables) (*mirror, error) {
	m := &mirror{tables: tables{}, queues: map[string]*queue{}}
	if got := string(t[tableMeta][keyFormat]); got != format {
		return nil, fmt.Errorf("format %q instead of %q", got, format)
	}
	if len(t[tableMeta][keyEpoch]) == 0 || len(t[tableMeta][keySequence]) != 8 {
		return nil, errors.New("no epoch, or no sequence")
	}
	for key := range t[tableState] {
		if _, err := parseStateKey(key); err != nil {
			return nil, err
		}
	}
	for table, marks := range t {
		for key, at := range marks {
			if strings.HasPrefix(table, tableInFlight) && (len(key) != 8 || len(at) != 8) {
				return nil, fmt.Errorf("%q in table %q is no mark", key, table)
			}
		}
	}
	if err := m.apply(t.changes()); err != nil {
		return nil, err
	}
	return m, nil
}

// apply makes changes. It fails, and leaves the rest, at a queue's entry that
// cannot be read.
func (m *mirror) apply(changes []change) error {
	for _, c := range changes {
		if sink, ok := strings.CutPrefix(c.table, tableQueue); ok {
			if err := m.queue(sink).apply(c); err != nil {
				return err
			}
		}
		if c.table == tableHistory {
			if err := m.history.apply(c, m.tables[tableHistory][c.key]); err != nil {
				return err
			}
		}
		t := m.tables[c.table]
		if t == nil {
			t = map[string][]byte{}
			m.tables[c.table] = t
		}
		m.size += m.growth(c)
		if c.value == nil {
			delete(t, c.key)
		} else {
			t[c.key] = c.value
		}
	}
	return nil
}

// growth is how much a change adds to the mirror's size.
func (m *mirror) growth(c change) int {
	n := 0
	if old, ok := m.tables[c.table][c.key]; ok {
		n -= change{c.table, c.key, old}.size()
	}
	if c.value != nil {
		n += c.size()
	}
	return n
}

// queue is the queue of a sink, made when it is first asked for.
func (m *mirror) queue(sink string) *queue {
	q := m.queues[sink]
	if q == nil {
		q = newQueue()
		m.queues[sink] = q
	}
	return q
}

func (m *mirror) epoch() string { return string(m.tables[tableMeta][keyEpoch]) }

func (m *mirror) sequence() int64 {
	return int64(binary.BigEndian.Uint64(m.tables[tableMeta][keySequence]))
}

// Entry is an event that waits for a sink. Nobody may change the event.
type Entry struct {
	Key    uint64    // names the entry in its sink's queue, rising
	Queued time.Time // when it was committed
	Event  *alarm.Event
}

// queue is what waits for one sink.
type queue struct {
	entries []Entry // oldest first
	next    uint64  // key of the next
	limit   int
	dropped uint64 // by Commit, since the journal was opened
}

func newQueue() *queue { return &queue{limit: DefaultQueueLimit, next: 1} }

// apply makes a change of the queue's table.
func (q *queue) apply(c change) error {
	if len(c.key) != 8 {
		return fmt.Errorf("key %q in table %q is none", c.key, c.table)
	}
	key := binary.BigEndian.Uint64([]byte(c.key))
	i, found := slices.BinarySearchFunc(q.entries, key, func(e Entry, key uint64) int {
		switch {
		case e.Key < key:
			return -1
		case e.Key > key:
			return 1
		}
		return 0
	})
	if c.value == nil {
		if found {
			q.entries = slices.Delete(q.entries, i, i+1)
		}
		return nil
	}
	queued, event, err := decodeEntry(c.value)
	if err != nil {
		return fmt.Errorf("%q in table %q: %w", c.key, c.table, err)
	}
	if !found {
		q.entries = slices.Insert(q.entries, i, Entry{})
	}
	q.entries[i] = Entry{key, queued, event}
	q.next = max(q.next, key+1)
	return nil
}

// entryKey is an entry's key as it stands in the file.
func entryKey(key uint64) string { return string(binary.BigEndian.AppendUint64(nil, key)) }

// encodeEntry is the value of an entry: a time and the event.
func encodeEntry(queued time.Time, e *alarm.Event) []byte {
	return appendEvent(encodeTime(nil, queued), e)
}

func decodeEntry(b []byte) (time.Time, *alarm.Event, error) {
	if len(b) < 8 {
		return time.Time{}, nil, errors.New("decode entry: it is cut short")
	}
	e, err := decodeEvent(b[8:])
	return decodeTime(b), e, err
}

// encodeTime appends a time as it stands in the file: Unix nanoseconds, 8
// bytes big endian.
func encodeTime(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(t.UnixNano()))
}

// decodeTime reads what encodeTime wrote. There have to be 8 bytes.
func decodeTime(b []byte) time.Time { return time.Unix(0, int64(binary.BigEndian.Uint64(b))) }

// stateKey is an alarm's key in tableState. Lengths keep the parts apart,
// whatever characters they have.
func stateKey(id alarm.ID) string {
	return string(append(appendString(appendString(nil, id.Class), id.UUID), id.Variable...))
}

func parseStateKey(key string) (alarm.ID, error) {
	r := reader{rest: []byte(key)}
	id := alarm.ID{Class: r.text(), UUID: r.text()}
	id.Variable = string(r.rest)
	if r.bad {
		return alarm.ID{}, fmt.Errorf("key %q of a state is none", key)
	}
	return id, nil
}
