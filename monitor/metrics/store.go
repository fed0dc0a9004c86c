package metrics

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"perfmon/monitor"
)

// patience is how long after a scrape that is kept which would serve the
// next. Prometheus too takes a series for gone after so long.
const patience = 5 * time.Minute

// often is with how many scrapes between two refreshes the page as it is gets a
// body of its own, which is the largest thing there can be. Two come from a
// pair of servers, or from one whose scrape comes a little late and a little
// early the next time.
const often = 3

// store keeps the forms of the newest snapshot that somebody has asked for.
type store struct {
	now    func() time.Time
	newest atomic.Pointer[monitor.Snapshot]
	pieces sync.Pool // *[]byte, to print into

	mu sync.Mutex
	// mu guards everything that follows, and is held while a form is made, so
	// that it is made once. It is not held while anything is sent.
	snapshot *monitor.Snapshot // that the rest is made of
	fresh    bool              // its row is
	edition  *edition          // nil until somebody asks
	shelves  map[form]*shelf
	press    *press
	encoder  *zstd.Encoder // nil while nobody asks for zstd
}

// shelf is the place of a form.
type shelf struct {
	body  *body     // nil until it is made
	end   ownText   // of the body's answers, for the metrics of that number
	asked int       // scrapes of the edition
	last  time.Time // when the last scrape was
	size  int       // of the body, when it was last made
	spare []byte    // memory of a body that is outdated
}

func newStore(now func() time.Time) *store {
	s := &store{now: now, shelves: make(map[form]*shelf), press: newPress()}
	s.pieces.New = func() any { b := make([]byte, 0, pieceSize+1<<10); return &b }
	return s
}

// published takes a new snapshot and lets go of what was made of the one
// before. It does not wait: while a form is being made, the next call or
// scrape does the rest.
func (s *store) published(snapshot *monitor.Snapshot) {
	s.newest.Store(snapshot)
	if s.mu.TryLock() {
		defer s.mu.Unlock()
		s.turn()
	}
}

// turn goes on to the newest snapshot, if that is another, or if its row has
// become too old. The caller holds mu.
func (s *store) turn() {
	newest, now := s.newest.Load(), s.now()
	fresh := newest != nil && fresh(newest, now)
	if newest == s.snapshot && fresh == s.fresh {
		return
	}
	s.snapshot, s.fresh, s.edition = newest, fresh, nil
	zstdAsked := false
	for f, place := range s.shelves {
		place.outdate(f.coding)
		if now.Sub(place.last) > patience {
			delete(s.shelves, f)
		} else if f.coding == zstandard {
			zstdAsked = true
		}
	}
	if !zstdAsked {
		s.encoder = nil
	}
	if newest == nil || len(s.shelves) == 0 {
		s.press.forgetAll()
	} else {
		s.press.forget(newest)
	}
}

// outdate keeps of a body its memory, if nobody reads it: whoever does has
// begun with mu held, while the body was on the shelf. A body that is as large
// as the page must have been asked for this time to be expected again.
func (p *shelf) outdate(c coding) {
	switch b := p.body; {
	case b != nil && b.users.Load() == 0:
		p.spare = b.bytes[:0]
	case b == nil && c == identity:
		p.spare = nil
	}
	p.body, p.end, p.asked = nil, ownText{}, 0
}

// latest is the newest edition, nil for none yet. The caller holds mu.
func (s *store) latest() *edition {
	s.turn()
	if s.edition == nil && s.snapshot != nil {
		s.edition = s.press.edition(s.snapshot, s.fresh)
	}
	return s.edition
}

// some is the newest edition for a scrape of some families, which are not
// kept.
func (s *store) some() *edition {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest()
}

// place counts a scrape. The caller holds mu.
func (s *store) place(f form) *shelf {
	place := s.shelves[f]
	if place == nil {
		place = &shelf{}
		s.shelves[f] = place
	}
	place.asked++
	place.last = s.now()
	return place
}

// answer is what a scrape gets: a body and the bytes that have to follow it.
// Without a body it is to be printed from the edition, piece by piece.
type answer struct {
	body    *body // whoever has sent it counts down its users
	end     []byte
	edition *edition // nil before the first snapshot
}

// answer makes the body of a form if it is not there, and an end with which
// the answer's last bytes are those of own, if there is not that end already.
//
// There is no body of what is as large as the page, and is printed in the time
// that its numbers take, unless it is asked for again and again: see often.
func (s *store) answer(f form, own ownText) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := answer{edition: s.latest()}
	place := s.place(f)
	if f.coding == identity && (place.asked < often || a.edition == nil) {
		return a, nil
	}
	var err error
	if f.coding == zstandard && s.encoder == nil {
		if s.encoder, err = newEncoder(); err != nil {
			return answer{}, err
		}
	}
	if place.body == nil {
		if place.body, err = s.make(place, a.edition, f); err != nil {
			return answer{}, fmt.Errorf("make the page: %w", err)
		}
	}
	if place.end.number != own.number {
		end, err := place.body.end(own.bytes, s.encoder)
		if err != nil {
			return answer{}, fmt.Errorf("make the end of the page: %w", err)
		}
		place.end = ownText{end, own.number}
	}
	a.body, a.end = place.body, place.end.bytes
	a.body.users.Add(1)
	return a, nil
}

// make makes a body in the memory of the one before.
func (s *store) make(place *shelf, e *edition, f form) (*body, error) {
	b := &body{coding: f.coding, bytes: place.spare}
	place.spare = nil
	if room := place.size + place.size/16; cap(b.bytes) < place.size {
		b.bytes = make([]byte, 0, room)
	}
	err := b.fill(func(w io.Writer) error {
		_, err := s.print(e, w, f, nil)
		return err
	}, s.encoder)
	if err != nil {
		return nil, err
	}
	place.size = len(b.bytes)
	return b, nil
}

// print prints an edition.
func (s *store) print(e *edition, w io.Writer, f form, only filter) (int, error) {
	if e == nil {
		return 0, nil
	}
	piece := s.pieces.Get().(*[]byte)
	defer s.pieces.Put(piece)
	return e.print(w, f.kind, only, *piece)
}

// printed notes how large a form is that was printed piece by piece.
func (s *store) printed(f form, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place := s.shelves[f]; place != nil {
		place.size = size
	}
}
