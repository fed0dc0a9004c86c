package metrics

import (
	"bytes"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"perfmon/monitor"
)

// ownAge is how long the agent's own metrics are served from memory. To gather
// them takes a hundred times as long as all else does of a page in memory.
const ownAge = time.Second

// own has the agent's own metrics, as they were gathered last. They are
// gathered anew for a scrape that finds them older than ownAge, or of before
// the newest snapshot: so they are never older than the rows on the page, and
// a counter never goes back from one scrape to the next, whatever their forms.
type own struct {
	from prometheus.Gatherer
	now  func() time.Time
	log  *slog.Logger

	mu sync.Mutex
	// mu guards everything that follows, and is held while metrics are
	// gathered, so that those who ask at the same time share them.
	number   uint64            // of gatherings so far
	snapshot *monitor.Snapshot // the newest when the last began
	ended    time.Time         // when the last ended
	families []*dto.MetricFamily
	texts    map[expfmt.FormatType][]byte
}

// ownText is the agent's own metrics in a format, with what has to stand at
// the end of a page. The bytes must not be changed; those of the same number
// and format are the same.
type ownText struct {
	bytes  []byte
	number uint64
}

func newOwn(from prometheus.Gatherer, now func() time.Time, log *slog.Logger) *own {
	if from == nil {
		from = prometheus.Gatherers{}
	}
	return &own{from: from, now: now, log: log}
}

// text is the text for a page of a snapshot or a later one; with a filter, of
// some families only.
func (o *own) text(s *monitor.Snapshot, format expfmt.Format, only filter) ownText {
	o.mu.Lock()
	defer o.mu.Unlock()
	if age := o.now().Sub(o.ended); o.texts == nil || s != o.snapshot || age < 0 || age >= ownAge {
		o.gather(s)
	}
	if only != nil {
		return ownText{o.write(format, only), o.number}
	}
	kind := format.FormatType()
	text, ok := o.texts[kind]
	if !ok {
		text = o.write(format, nil)
		o.texts[kind] = text
	}
	return ownText{text, o.number}
}

// gather counts the age from the end, so that whoever has waited for it does
// not begin another. The caller holds mu.
func (o *own) gather(s *monitor.Snapshot) {
	families, err := o.from.Gather()
	if err != nil {
		// One metric that cannot be made must not take the alarms with it.
		o.log.Error("gather metrics", "err", err)
	}
	o.number++
	o.snapshot, o.ended, o.families = s, o.now(), families
	o.texts = make(map[expfmt.FormatType][]byte)
}

// outdate lets go of what a new snapshot has made old. It does not wait: while
// a scrape is being answered, the next one does it.
func (o *own) outdate() {
	if o.mu.TryLock() {
		defer o.mu.Unlock()
		o.snapshot, o.families, o.texts = nil, nil, nil
	}
}

// write writes the families that only wants. The caller holds mu.
func (o *own) write(format expfmt.Format, only filter) []byte {
	var w bytes.Buffer
	enc := expfmt.NewEncoder(&w, format)
	for _, f := range o.families {
		if !only.wants(f.GetName()) {
			continue
		}
		before := w.Len()
		if err := enc.Encode(f); err != nil {
			w.Truncate(before)
			o.log.Error("write metrics", "metric", f.GetName(), "err", err)
		}
	}
	if c, ok := enc.(expfmt.Closer); ok {
		if err := c.Close(); err != nil {
			o.log.Error("write metrics", "err", err)
		}
	}
	return w.Bytes()
}
