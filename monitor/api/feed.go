package api

import (
	"slices"
	"sync"

	"perfmon/alarm"
	"perfmon/monitor"
)

// Limits of those who watch.
const (
	maxWatchers       = 16  // on the unix socket
	maxPublicWatchers = 32  // on the web port
	maxUntold         = 256 // transitions that wait for one of them
)

// Feed hands news to those who watch. It never waits for them: of polls they
// get the newest, and one who does not take transitions for too long is
// dropped. It starts nothing; its methods may be called by several goroutines
// at once.
type Feed struct {
	mu sync.Mutex
	// mu guards everything that follows, and the watchers' fields.
	closed   bool
	watchers map[*watcher]bool
	silences []alarm.Silence
	begun    bool // silences are known
}

// NewFeed makes a Feed.
func NewFeed() *Feed { return &Feed{watchers: map[*watcher]bool{}} }

// watcher is one who watches.
type watcher struct {
	public bool
	own    bool          // it is one of ours, for which there is always room
	wake   chan struct{} // something is new; cap 1
	news   news
}

// news is what a watcher has not been told yet.
type news struct {
	poll        *monitor.Snapshot // nil: none
	silences    bool              // they have changed; poll has them
	transitions []*alarm.Event
	over        bool // nothing more will come
}

// Published tells of a new picture. It does not block; see
// monitor.Options.Published.
func (f *Feed) Published(s *monitor.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := f.begun && !slices.EqualFunc(f.silences, s.Silences, func(a, b alarm.Silence) bool { return a.ID == b.ID && a.Ends == b.Ends })
	f.silences, f.begun = s.Silences, true
	for w := range f.watchers {
		w.news.poll = s
		w.news.silences = w.news.silences || changed
		w.ring()
	}
}

// Said tells of transitions, oldest first, under their final names. Nobody
// may change them afterwards. It does not block.
func (f *Feed) Said(events []*alarm.Event) {
	if len(events) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchers {
		if w.own {
			continue
		}
		if len(w.news.transitions)+len(events) > maxUntold {
			f.drop(w)
			continue
		}
		w.news.transitions = append(w.news.transitions, events...)
		w.ring()
	}
}

// Close ends all streams, and those that are asked for later at once.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for w := range f.watchers {
		f.drop(w)
	}
}

// drop ends a watcher's stream. It is called with mu held.
func (f *Feed) drop(w *watcher) {
	delete(f.watchers, w)
	w.news = news{over: true}
	w.ring()
}

func (w *watcher) ring() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// watch takes on a watcher; nil when there are as many as may be. The caller
// ends it with leave.
func (f *Feed) watch(public bool) *watcher {
	f.mu.Lock()
	defer f.mu.Unlock()
	most, there := maxWatchers, 0
	if public {
		most = maxPublicWatchers
	}
	for w := range f.watchers {
		if w.public == public && !w.own {
			there++
		}
	}
	if there >= most {
		return nil
	}
	return f.admit(&watcher{public: public})
}

// listen takes on one of ours.
func (f *Feed) listen() *watcher {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.admit(&watcher{own: true})
}

// admit is called with mu held.
func (f *Feed) admit(w *watcher) *watcher {
	w.wake = make(chan struct{}, 1)
	if f.closed {
		f.drop(w)
	} else {
		f.watchers[w] = true
	}
	return w
}

func (f *Feed) leave(w *watcher) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watchers, w)
}

// take is what is new since the last time.
func (f *Feed) take(w *watcher) news {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := w.news
	w.news = news{over: taken.over}
	return taken
}
