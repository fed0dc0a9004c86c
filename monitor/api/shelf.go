package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"perfmon/monitor"
	"perfmon/monitor/metrics"
	"perfmon/rrd"
)

// Limits of what is read of archives.
const (
	archivePatience = 20 * time.Second
	maxWaiting      = 32      // requests for rows at once
	maxRows         = 512     // of an answer; a stock archive has 366 at most
	maxCells        = 1 << 20 // values of an answer, and of all that are kept
	maxBooks        = 32      // answers that are kept
	longestKept     = 5 * time.Minute
	errorKept       = 5 * time.Second
)

// span is one of the periods that archives are made for.
type span struct {
	name    string
	seconds int64
	step    int64 // of the archive that reaches so far
}

// spans are those of a stock toolstack's archives (rrd_interface of xen-api).
var spans = []span{{"10m", 600, 5}, {"2h", 7200, 60}, {"1w", 7 * 86400, 3600}, {"1y", 366 * 86400, 86400}}

// book is what an archive has of one object, oldest row first. It is not
// changed once made.
type book struct {
	object monitor.Object
	span   string
	until  time.Time // it is good so long
	err    error     // instead of the rest

	step, start, end int64
	columns          []SeriesColumn
	t                []int64
	values           []Values // by column
}

func (b *book) cells() int { return len(b.columns) * len(b.t) }

// shelf reads archives, one at a time, and keeps what it has read for as long
// as there is nothing new, so that a page with many plots is one request.
type shelf struct {
	archives Archives // nil: there are none
	table    *metrics.Table
	turn     chan struct{}
	waiting  atomic.Int64

	mu sync.Mutex
	// mu guards everything that follows.
	books []*book // the one that was asked for last at the end
}

func newShelf(a Archives, table *metrics.Table) *shelf {
	return &shelf{archives: a, table: table, turn: make(chan struct{}, 1)}
}

// of is what the archive of a span has of an object.
func (s *shelf) of(ctx context.Context, o monitor.Object, p span, now func() time.Time) (*book, error) {
	if s.archives == nil {
		return nil, &Refusal{status: 404, Message: "no rows are archived for this agent", Fix: "ask an agent with a toolstack, or one that archives by itself"}
	}
	if b := s.kept(o, p, now()); b != nil {
		return b, b.err
	}
	if s.waiting.Add(1) > maxWaiting {
		s.waiting.Add(-1)
		return nil, &Refusal{status: 503, Message: "too many requests for rows wait", Fix: "ask again in a moment, for several columns at once"}
	}
	defer s.waiting.Add(-1)
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, &Refusal{status: 503, Message: "others ask for rows, and it takes long", Fix: "ask again in a moment"}
	}
	if b := s.kept(o, p, now()); b != nil {
		return b, b.err // another has read it meanwhile
	}
	b, err := s.read(ctx, o, p, now())
	if err != nil {
		if ctx.Err() == nil {
			s.keep(&book{object: o, span: p.name, until: now().Add(errorKept), err: err})
		}
		return nil, err
	}
	b.until = now().Add(min(time.Duration(b.step)*time.Second, longestKept))
	s.keep(b)
	return b, nil
}

// kept is what was read before and is good yet, nil for nothing.
func (s *shelf) kept(o monitor.Object, p span, now time.Time) *book {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books = slices.DeleteFunc(s.books, func(b *book) bool { return !now.Before(b.until) || now.Add(2*longestKept).Before(b.until) })
	i := slices.IndexFunc(s.books, func(b *book) bool { return b.object == o && b.span == p.name })
	if i < 0 {
		return nil
	}
	b := s.books[i]
	s.books = append(slices.Delete(s.books, i, i+1), b)
	return b
}

// keep puts a book on the shelf, and takes those down that were asked for
// longest ago until there is room.
func (s *shelf) keep(b *book) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books = append(s.books, b)
	cells := 0
	for i := len(s.books) - 1; i >= 0; i-- {
		cells += s.books[i].cells()
		if i < len(s.books)-1 && (cells > maxCells || len(s.books)-i > maxBooks) {
			s.books = slices.Delete(s.books, 0, i+1)
			return
		}
	}
}

// read reads an archive.
func (s *shelf) read(ctx context.Context, o monitor.Object, p span, now time.Time) (*book, error) {
	// An archive does not reach to the very start of its span.
	rows, err := s.archives.Rows(ctx, o, now.Unix()-p.seconds+p.step, p.step)
	if err != nil {
		return nil, fmt.Errorf("ask for rows: %w", err)
	}
	defer rows.Close()
	header, err := rows.Header()
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	b := &book{object: o, span: p.name, step: header.Step, end: header.End, start: header.End - p.seconds}
	var columns []int
	want := make([]bool, len(header.Legend.Entries))
	repeats := header.Legend.Repeats()
	for i, e := range header.Legend.Entries {
		if e.CF != rrd.Average || repeats[i] || len(columns) == maxCells/maxRows {
			continue
		}
		source, known := s.table.Find(e)
		if (monitor.Object{Class: e.Class, UUID: e.UUID}) != o && !about(o, e, &source) {
			continue
		}
		want[i] = true
		columns = append(columns, i)
		c := SeriesColumn{Name: e.Name, Class: e.Class, UUID: e.UUID}
		if known {
			c.Unit, c.Help = source.Unit, source.Help
		}
		b.columns = append(b.columns, c)
	}
	rows.Want(want)
	b.values = make([]Values, len(columns))
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read rows: %w", err)
		}
		if row.T <= b.start || len(b.t) == maxRows {
			continue // older than asked for; the end has to be seen all the same
		}
		b.t = append(b.t, row.T)
		for k, i := range columns {
			v := nan
			if i < len(row.Values) {
				v = row.Values[i]
			}
			b.values[k] = append(b.values[k], v)
		}
	}
	slices.Reverse(b.t) // they came newest first
	for _, v := range b.values {
		slices.Reverse(v)
	}
	return b, nil
}

// about says whether a column of the host is about an SR.
func about(o monitor.Object, e rrd.Entry, source *metrics.DataSource) bool {
	if o.Class != rrd.ClassSR || e.Class != rrd.ClassHost {
		return false
	}
	prefix := source.Part("sr")
	return prefix != "" && strings.HasPrefix(o.UUID, prefix) || source.Part("sr_uuid") == o.UUID
}
