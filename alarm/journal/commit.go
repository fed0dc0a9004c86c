package journal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"perfmon/alarm"
)

// Dropped is an event that was not queued, or was taken out of its queue to
// make room.
type Dropped struct {
	Sink   string
	Event  *alarm.Event
	Reason string // DropFull or DropLarge
	// Last: it was not a repeat, and nothing newer of its alarm waits. What the
	// sink believes of the alarm is wrong from now on, unless something else
	// tells it.
	Last bool
}

// The reasons to drop an event.
const (
	DropFull  = "full"  // the queue, or the journal, had no more room
	DropLarge = "large" // the event by itself is over MaxEvent
)

// Commit writes a batch in one transaction: after a crash all of it is there,
// or nothing. When it returns, the batch is on the disk, or the journal is
// degraded.
//
// A full queue makes room by dropping its oldest repeated event; when it has
// none, the oldest that a newer one of its alarm has overtaken; else its
// oldest. What was dropped is returned.
//
// What is over a limit is left out, and the error says so; everything else of
// the batch is committed nevertheless, because losing one value is better
// than losing the alarms beside it. The only other error is ErrClosed.
func (j *Journal) Commit(b *Batch) ([]Dropped, error) {
	now := time.Now()
	var p plan
	err := j.update(func() []change {
		p = j.plan(b, now)
		return p.changes
	})
	if err != nil {
		return nil, fmt.Errorf("commit to journal: %w", err)
	}
	j.countDropped(p.dropped)
	if err := errors.Join(p.over...); err != nil {
		return p.dropped, fmt.Errorf("commit to journal: %w", err)
	}
	return p.dropped, nil
}

func (j *Journal) countDropped(dropped []Dropped) {
	if len(dropped) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, d := range dropped {
		j.mirror.queue(d.Sink).dropped++
	}
}

// plan is what a batch means for the journal as it is.
type plan struct {
	changes []change
	dropped []Dropped
	over    []error // what was left out
	size    int     // of the mirror, afterwards
}

// plan is called with write held.
func (j *Journal) plan(b *Batch, now time.Time) plan {
	p := plan{size: j.mirror.size}
	for _, c := range b.sorted() {
		if err := checkLimits(c); err != nil {
			p.over = append(p.over, err)
			continue
		}
		if !p.add(j.mirror, c) {
			p.over = append(p.over, fmt.Errorf("value of %.40q in table %.40q: no room, the journal's limit is %d bytes", c.key, c.table, MaxTotal))
		}
	}
	for _, sink := range slices.Sorted(maps.Keys(b.queues)) {
		j.planQueue(&p, sink, b.queues[sink], now)
	}
	j.planHistory(&p, b.history)
	return p
}

// add takes a change into the plan, unless the journal became too large.
func (p *plan) add(m *mirror, c change) bool {
	growth := m.growth(c)
	if growth > 0 && p.size+growth > MaxTotal {
		return false
	}
	if c.value == nil && growth == 0 {
		return true // there is nothing to delete
	}
	p.size += growth
	p.changes = append(p.changes, c)
	return true
}

// planQueue appends events to a sink's queue and makes room for them.
func (j *Journal) planQueue(p *plan, sink string, events []*alarm.Event, now time.Time) {
	q := j.mirror.queues[sink]
	if q == nil {
		q = newQueue()
	}
	drop := func(e *alarm.Event, reason string, last bool) {
		p.dropped = append(p.dropped, Dropped{sink, e, reason, last})
	}

	all := slices.Clone(q.entries)
	values := map[uint64][]byte{} // of those that are new
	for _, e := range events {
		e = j.renamed(e)
		key := q.next + uint64(len(values))
		value := encodeEntry(now, e)
		if len(value) > MaxEvent || len(e.Labels) > maxLabels {
			drop(e, DropLarge, e.Kind != alarm.KindRepeated)
			continue
		}
		all = append(all, Entry{key, now, e})
		values[key] = value
	}
	last := lastOf(all)
	for _, e := range surplus(all, q.limit, last) {
		drop(e.Event, DropFull, last[e.Event.ID] == e.Key)
		if _, isNew := values[e.Key]; isNew {
			delete(values, e.Key)
			continue
		}
		for _, table := range []string{tableQueue, tableInFlight} {
			p.add(j.mirror, change{table + sink, entryKey(e.Key), nil})
		}
	}
	for _, e := range all {
		if value, isNew := values[e.Key]; isNew && !p.add(j.mirror, change{tableQueue + sink, entryKey(e.Key), value}) {
			drop(e.Event, DropFull, last[e.Event.ID] == e.Key)
		}
	}
}

// renamed is an event that was named before the disk failed, under the name
// that it has to have since; see the package's comment.
func (j *Journal) renamed(e *alarm.Event) *alarm.Event {
	if j.lost == "" || e.Epoch != j.lost {
		return e
	}
	copied := *e
	copied.Epoch = j.mirror.epoch()
	return &copied
}

// lastOf is the key of the newest entry of each alarm, without repeats.
func lastOf(entries []Entry) map[alarm.ID]uint64 {
	last := map[alarm.ID]uint64{}
	for _, e := range entries {
		if e.Event.Kind != alarm.KindRepeated {
			last[e.Event.ID] = e.Key
		}
	}
	return last
}

// surplus picks the entries that have to go: the oldest repeated ones first,
// then the oldest that something newer of their alarm has overtaken, then the
// oldest of the others. So what the sink is told of an alarm in the end is
// right as long as there is room for one event of each.
func surplus(entries []Entry, limit int, last map[alarm.ID]uint64) []Entry {
	over := len(entries) - limit
	if over <= 0 {
		return nil
	}
	var repeated, overtaken, others []Entry
	for _, e := range entries {
		switch {
		case e.Event.Kind == alarm.KindRepeated:
			repeated = append(repeated, e)
		case last[e.Event.ID] != e.Key:
			overtaken = append(overtaken, e)
		default:
			others = append(others, e)
		}
	}
	return slices.Concat(repeated, overtaken, others)[:over]
}

// update writes the changes that plan gives, to the disk first if it works.
// When the disk fails, plan is called once more, since the epoch is another.
func (j *Journal) update(plan func() []change) error {
	j.write.Lock()
	defer j.write.Unlock()
	if j.closed {
		return ErrClosed
	}
	if j.disk == nil && !j.memoryOnly() && !time.Now().Before(j.retryAt) {
		j.retry()
	}
	changes := plan()
	if j.disk != nil && len(changes) > 0 {
		start := time.Now()
		err := j.disk.apply(changes)
		if err == nil {
			j.metrics.commit.Observe(time.Since(start).Seconds())
			j.metrics.fileSize.Store(j.disk.size())
		} else {
			j.degrade(err)
			changes = plan()
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.mirror.apply(changes)
}

// degrade goes on without the disk. It is called with write held.
func (j *Journal) degrade(err error) {
	if j.disk != nil {
		j.disk.close() // what it says about it changes nothing any more
		j.disk = nil
	}
	j.retryAt = time.Now().Add(j.opts.RetryEvery)
	j.cause = err
	j.mu.Lock()
	defer j.mu.Unlock()
	err = j.withNeed(err)
	j.trouble = err
	j.lost = j.mirror.epoch()
	j.mirror.tables[tableMeta][keyEpoch] = []byte(newEpoch())
	j.log.Error("journal cannot be written: going on in memory, a restart would forget what changes now", "path", j.opts.Path, "err", err)
}

// retry writes everything to a new file, if the disk works again. It is
// called with write held.
func (j *Journal) retry() {
	d, _, err := j.attach(j.mirror.tables)
	j.retryAt = time.Now().Add(j.opts.RetryEvery)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.trouble = j.withNeed(err)
	if err != nil {
		j.log.Debug("journal still cannot be written", "path", j.opts.Path, "err", err)
		return
	}
	j.disk = d
	j.log.Info("journal is written again", "path", j.opts.Path)
}

// withNeed adds to the error of a full disk how much room mends it for sure.
func (j *Journal) withNeed(err error) error {
	if !isFull(err) {
		return err
	}
	return fmt.Errorf("%w: %d KiB of free room are enough", err, (room(j.mirror.tables)+1023)>>10)
}
