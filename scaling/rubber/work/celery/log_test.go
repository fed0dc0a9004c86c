package celery

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// lines is a log of lines, as a program has it.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// newLog is a logger that says which broker it is of, as rubber's does.
func newLog() (*slog.Logger, *lines) {
	l := &lines{}
	return slog.New(slog.NewTextHandler(l, nil)).With("broker", "main"), l
}

// check wants a line about something, and no line with the same key twice.
func (l *lines) check(t *testing.T, about string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !strings.Contains(l.text.String(), about) {
		t.Errorf("no line has %q:\n%s", about, l.text.String())
	}
	for line := range strings.Lines(l.text.String()) {
		for _, key := range []string{"broker", "address", "addresses", "err"} {
			if n := strings.Count(line, fmt.Sprintf(" %s=", key)); n > 1 {
				t.Errorf("%s is there %d times: %s", key, n, line)
			}
		}
	}
}
