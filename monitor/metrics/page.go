package metrics

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/monitor"
)

// atOnce is how many scrapes are answered at the same time. Each costs
// memory; more are told to come again.
const atOnce = 8

// PageOptions are what a Page needs.
type PageOptions struct {
	// Own has the metrics of the agent itself, none of which may have a name
	// of the page's. They are gathered for the first scrape after a snapshot,
	// and then at most once a second; never twice at once. Nil for none.
	Own prometheus.Gatherer
	// Now is the wall clock that rows and the agent's own metrics are measured
	// against. It must allow concurrent calls.
	Now func() time.Time
	// Logger gets what went wrong while a page was made.
	Logger *slog.Logger
}

// Page answers Prometheus. What comes from the monitor is made once for each
// snapshot in each form that somebody asks for, and served from memory; so are
// the agent's own metrics, for a second at most. It has no validator such as
// an ETag, since no two pages that a scraper asks for are the same.
//
// The forms are text 0.0.4, OpenMetrics 1.0 and delimited protobuf, each as
// it is, in gzip or in zstd, as the headers Accept and Accept-Encoding have
// it. With parameters name[] a page has only the metrics of these names.
//
// A Page may be used by several goroutines at once.
type Page struct {
	own   *own
	log   *slog.Logger
	store *store
	slots chan struct{}
}

// NewPage makes a Page, which has only the agent's own metrics until the
// first snapshot is published.
func NewPage(o PageOptions) *Page {
	return &Page{own: newOwn(o.Own, o.Now, o.Logger), log: o.Logger, store: newStore(o.Now), slots: make(chan struct{}, atOnce)}
}

// Published takes a new snapshot, which must not be changed any more. It does
// not block; see monitor.Options.Published.
func (p *Page) Published(s *monitor.Snapshot) {
	p.store.published(s)
	p.own.outdate()
}

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
	own := p.own.text(p.store.newest.Load(), format, only)
	if only != nil {
		p.stream(w, f, p.store.some(), only, own.bytes)
		return
	}
	a, err := p.store.answer(f, own)
	if err != nil {
		h.Del("Content-Encoding")
		p.log.Error("metrics page", "err", err)
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	if a.body == nil {
		p.store.printed(f, p.stream(w, f, a.edition, nil, own.bytes))
		return
	}
	defer a.body.users.Add(-1)
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
