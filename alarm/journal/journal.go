package journal

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
)

// FileName is what the journal's file is called in a state directory.
const FileName = "perfmon.db"

// Defaults and limits.
const (
	DefaultOpenTimeout = time.Second
	DefaultRetryEvery  = 30 * time.Second
	DefaultQueueLimit  = 5000 // events of one sink: 1000 VMs with three variables, and more

	MaxKey   = 4 << 10   // bytes of a key, an alarm.ID's three parts together
	MaxValue = 1 << 20   // bytes of a value
	MaxEvent = 256 << 10 // bytes of an encoded event
	MaxTotal = 64 << 20  // bytes of all keys and values
)

// ErrClosed says that the journal is closed.
var ErrClosed = errors.New("journal is closed")

// Space is a set of values with keys of their own. Any short name is one;
// these have a meaning.
type Space string

// The spaces that the agent uses.
const (
	Configs  Space = "configs"  // object → the text of its last good configuration
	Rows     Space = "rows"     // source → the row that was evaluated last
	Silences Space = "silences" // name → silence
)

// Options of a Journal. Logger is needed.
type Options struct {
	// Path is the file's; its folder is made if it is missing. Without one
	// the journal is in memory only: it works like any other, is never
	// degraded, and ends with the process.
	Path        string
	Logger      *slog.Logger
	OpenTimeout time.Duration         // for another process to let go of the file; 0: DefaultOpenTimeout
	RetryEvery  time.Duration         // between tries to use a disk that failed; 0: DefaultRetryEvery
	Registerer  prometheus.Registerer // nil: metrics are not registered
}

// Journal is the open store. It may be used by several goroutines at once;
// writers take turns, readers never wait for the disk.
type Journal struct {
	opts    Options
	log     *slog.Logger
	metrics *metrics

	// write is held by whoever changes anything, and guards the next five.
	write   sync.Mutex
	disk    *disk // nil while the disk does not work, and in memory only
	retryAt time.Time
	lost    string // the epoch that the last failure of the disk ended
	closed  bool
	cause   error // of the last failure of the disk

	// mu guards what follows; it is changed with write held as well.
	mu      sync.RWMutex
	mirror  *mirror
	trouble error // of the disk; nil while it works
}

// Open opens the journal at o.Path, or makes one. A file that is damaged or
// not ours is moved aside, to the same name with ".damaged-" and the Unix
// time, and a new one is made. A disk that cannot be written to is no error:
// see Degraded. ErrLocked is, and so is a path that no retry can mend.
func Open(o Options) (*Journal, error) {
	if o.Logger == nil {
		return nil, errors.New("open journal: a Logger is needed")
	}
	o.OpenTimeout = cmp.Or(o.OpenTimeout, DefaultOpenTimeout)
	o.RetryEvery = cmp.Or(o.RetryEvery, DefaultRetryEvery)
	j := &Journal{opts: o, log: o.Logger}
	var (
		d   *disk
		m   *mirror
		err error
	)
	if !j.memoryOnly() {
		d, m, err = j.attach(nil)
	}
	if err != nil && isMisuse(err) {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if m == nil {
		var fresh error
		if m, fresh = newMirror(newTables(newEpoch())); fresh != nil {
			return nil, fmt.Errorf("open journal: %w", fresh)
		}
	}
	j.disk, j.mirror = d, m
	if err != nil {
		j.degrade(err)
	}
	if j.metrics, err = newMetrics(j); err != nil {
		j.Close()
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if d != nil {
		j.metrics.fileSize.Store(d.size())
	}
	return j, nil
}

// Close gives the file back. What the disk did not take is tried once more;
// the error says if it is lost.
func (j *Journal) Close() error {
	j.write.Lock()
	defer j.write.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	if j.memoryOnly() {
		return nil
	}
	if j.disk == nil {
		j.retry()
	}
	if j.disk == nil {
		return fmt.Errorf("close journal: what changed since the disk failed is lost: %w", j.trouble)
	}
	err := j.disk.close()
	j.disk = nil
	if err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// memoryOnly reports whether there never was a disk to write to.
func (j *Journal) memoryOnly() bool { return j.opts.Path == "" }

// Degraded reports whether the disk does not work, and why. All goes on in
// memory then, and every write tries the disk again once RetryEvery has
// passed, with the whole content.
func (j *Journal) Degraded() (bool, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.trouble != nil, j.trouble
}

// Bytes is the size of the file after the last write; 0 while there is none.
func (j *Journal) Bytes() int64 { return j.metrics.fileSize.Load() }

// MemoryOnly reports whether nothing outlasts the process because no path was
// given.
func (j *Journal) MemoryOnly() bool { return j.memoryOnly() }

// Epoch is the part of an event's name that tells this journal from others.
// It changes when the disk fails, so ask again for each poll.
func (j *Journal) Epoch() string {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.mirror.epoch()
}

// Sequence is what Batch.SetSequence kept last; 0 in a new journal.
func (j *Journal) Sequence() int64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.mirror.sequence()
}

// State is what is kept of an alarm's trigger. Nobody may change the bytes.
func (j *Journal) State(id alarm.ID) (value []byte, ok bool) {
	return j.get(tableState, stateKey(id))
}

// States are the kept states of all alarms, as they are when the loop begins,
// in no order. Nobody may change the bytes.
func (j *Journal) States() iter.Seq2[alarm.ID, []byte] {
	return func(yield func(alarm.ID, []byte) bool) {
		for key, value := range j.table(tableState) {
			// newMirror has seen to it that there is no error.
			if id, err := parseStateKey(key); err == nil && !yield(id, value) {
				return
			}
		}
	}
}

// Value is one value of a space. Nobody may change the bytes.
func (j *Journal) Value(s Space, key string) (value []byte, ok bool) {
	return j.get(tableValue+string(s), key)
}

// ValueAfter is what Value will return once b is committed.
func (j *Journal) ValueAfter(b *Batch, s Space, key string) (value []byte, ok bool) {
	if value, changed := b.changes[place{tableValue + string(s), key}]; changed {
		return value, value != nil
	}
	return j.Value(s, key)
}

// Values are all values of a space, as they are when the loop begins, in no
// order. Nobody may change the bytes.
func (j *Journal) Values(s Space) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for key, value := range j.table(tableValue + string(s)) {
			if !yield(key, value) {
				return
			}
		}
	}
}

func (j *Journal) get(table, key string) ([]byte, bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	value, ok := j.mirror.tables[table][key]
	return value, ok
}

func (j *Journal) table(name string) map[string][]byte {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return maps.Clone(j.mirror.tables[name])
}
