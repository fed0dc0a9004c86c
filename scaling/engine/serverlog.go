package engine

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// mostLines of the server's complaints are passed on in a minute: whoever may
// connect could make it complain without end.
const mostLines = 30

// serverLog passes on what the server says, and keeps its first complaints.
type serverLog struct {
	to    *slog.Logger
	fatal chan string // the first word of a server that cannot go on
	past  *repeats    // what servers before it have said, as long as it may end as they did

	settled atomic.Bool // it serves, and has done so for a while

	mu sync.Mutex
	// mu guards everything that follows
	kept  []string
	since time.Time // of this minute
	lines int       // passed on in it
	held  int       // not passed on
}

// complaints are why something is not there that should be.
func (l *serverLog) complaints() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) == 0 {
		return "it does not say why"
	}
	return strings.Join(l.kept, "; ")
}

func (l *serverLog) complain(level slog.Level, f string, v []any) {
	text, now := strings.TrimSpace(fmt.Sprintf(f, v...)), time.Now()
	l.keep(text)
	if !l.settled.Load() && l.past.again(text, now) {
		return
	}
	ok, held := l.take(now)
	if held > 0 {
		l.to.Warn("engine's server: lines that were not passed on", "lines", held)
	}
	if ok {
		l.to.Log(context.Background(), level, "engine's server: "+text)
	}
}

// keep remembers the first complaints.
func (l *serverLog) keep(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) < 10 {
		l.kept = append(l.kept, text)
	}
}

// take says whether a line is passed on, and how many were not before it.
func (l *serverLog) take(now time.Time) (ok bool, held int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.since) >= time.Minute {
		held = l.held
		l.since, l.lines, l.held = now, 0, 0
	}
	if l.lines == mostLines {
		l.held++
		return false, held
	}
	l.lines++
	return true, held
}

func (l *serverLog) Noticef(f string, v ...any) {
	l.to.Debug("engine's server: " + strings.TrimSpace(fmt.Sprintf(f, v...)))
}

// Debugf is not turned on.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef is not turned on: it would have passwords.
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) Warnf(f string, v ...any)  { l.complain(slog.LevelWarn, f, v) }
func (l *serverLog) Errorf(f string, v ...any) { l.complain(slog.LevelError, f, v) }

func (l *serverLog) Fatalf(f string, v ...any) {
	select {
	case l.fatal <- strings.TrimSpace(fmt.Sprintf(f, v...)):
	default:
	}
}
