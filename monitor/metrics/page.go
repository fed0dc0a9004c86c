package metrics

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"perfmon/monitor"
)

// atOnce is how many scrapes are answered at the same time. Each costs
// memory; more are told to come again.
const atOnce = 8

// PageOptions are what a Page needs.
type PageOptions struct {
	// Own has the metrics of the agent itself, none of which may have a name
	// of the page's. They are gathered for each scrape. Nil for none.
	Own prometheus.Gatherer
	// Now is the wall clock that rows are measured against. It must allow
	// concurrent calls.
	Now func() time.Time
	// Logger gets what went wrong while a page was made.
	Logger *slog.Logger
}

// Page answers Prometheus. What comes from the monitor is made once for each
// snapshot in each form that somebody asks for, and served from memory; the
// agent's own metrics are live. It has no validator such as an ETag, since no
// two pages are the same.
//
// The forms are text 0.0.4, OpenMetrics 1.0 and delimited protobuf, each as
// it is, in gzip or in zstd, as the headers Accept and Accept-Encoding have
// it. With parameters name[] a page has only the metrics of these names.
//
// A Page may be used by several goroutines at once.
type Page struct {
	own   prometheus.Gatherer
	log   *slog.Logger
	store *store
	slots chan struct{}
	spare sync.Pool // *scratch
}

// NewPage makes a Page, which has only the agent's own metrics until the
// first snapshot is published.
func NewPage(o PageOptions) *Page {
	p := &Page{own: o.Own, log: o.Logger, store: newStore(o.Now), slots: make(chan struct{}, atOnce)}
	if p.own == nil {
		p.own = prometheus.Gatherers{}
	}
	p.spare.New = func() any { return new(scratch) }
	return p
}

// scratch is what an answer has for itself.
type scratch struct {
	own bytes.Buffer // the agent's own metrics
	end []byte       // how they end the answer
}

// Published takes a new snapshot, which must not be changed any more. It does
// not block; see monitor.Options.Published.
func (p *Page) Published(s *monitor.Snapshot) { p.store.published(s) }

// ServeHTTP answers a scrape.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		http.Error(w, fmt.Sprintf("%d scrapes are being answered, try again", atOnce), http.StatusServiceUnavailable)
		return
	}
	f, format := formOf(r.Header)
	only := filterOf(r)
	if only != nil {
		f.coding = identity // seldom, and small
	}
	h := w.Header()
	h.Add("Vary", "Accept")
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Type", string(format))
	if f.coding != identity {
		h.Set("Content-Encoding", codingNames[f.coding])
	}
	if r.Method == http.MethodHead {
		return
	}
	s := p.spare.Get().(*scratch)
	defer p.spare.Put(s)
	s.own.Reset()
	p.writeOwn(&s.own, format, only)
	if only != nil {
		p.stream(w, f, p.store.some(), only, s.own.Bytes())
		return
	}
	a, err := p.store.answer(f, s.end, s.own.Bytes())
	if err != nil {
		h.Del("Content-Encoding")
		p.log.Error("metrics page", "err", err)
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	if a.body == nil {
		p.store.printed(f, p.stream(w, f, a.edition, nil, s.own.Bytes()))
		return
	}
	defer a.body.users.Add(-1)
	s.end = a.end
	h.Set("Content-Length", strconv.Itoa(len(a.body.bytes)+len(a.end)))
	if _, err := w.Write(a.body.bytes); err == nil {
		w.Write(a.end)
	}
}

// stream sends a page as it is printed, and returns how many bytes the
// monitor's part had.
func (p *Page) stream(w io.Writer, f form, e *edition, only filter, own []byte) int {
	n, err := p.store.print(e, w, f, only)
	if err == nil { // or else the client has gone
		w.Write(own)
	}
	return n
}

// writeOwn writes the agent's own metrics, and what has to stand at the end
// of a page.
func (p *Page) writeOwn(w *bytes.Buffer, format expfmt.Format, only filter) {
	families, err := p.own.Gather()
	if err != nil {
		// One metric that cannot be made must not take the alarms with it.
		p.log.Error("gather metrics", "err", err)
	}
	enc := expfmt.NewEncoder(w, format)
	for _, f := range families {
		if !only.wants(f.GetName()) {
			continue
		}
		before := w.Len()
		if err := enc.Encode(f); err != nil {
			w.Truncate(before)
			p.log.Error("write metrics", "metric", f.GetName(), "err", err)
		}
	}
	if c, ok := enc.(expfmt.Closer); ok {
		if err := c.Close(); err != nil {
			p.log.Error("write metrics", "err", err)
		}
	}
}

// filterOf is what the parameters name[] ask for, nil without them.
func filterOf(r *http.Request) filter {
	if r.URL == nil || r.URL.RawQuery == "" {
		return nil
	}
	names := r.URL.Query()["name[]"]
	if len(names) == 0 {
		return nil
	}
	only := make(filter, len(names))
	for _, name := range names {
		only[name] = true
	}
	return only
}
