package top

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/tui"
	"perfmon/docs/docstest"
	"perfmon/monitor/api"
)

// TestAtMostTwoFrames: however much comes, a frame is drawn at once if the
// last one is old, and every half second if not.
func TestAtMostTwoFrames(t *testing.T) {
	d := sit(t, 80, 24)
	begin := d.at.Add(time.Hour)
	frames, due := 0, time.Time{}
	var drawn []time.Duration
	last := d.m.View().Content
	for i := range 200 { // 10 s of keys, one each 50 ms
		d.at = begin.Add(time.Duration(i) * 50 * time.Millisecond)
		if !due.IsZero() && !d.at.Before(due) {
			due = time.Time{}
			d.m.Update(frameDue{})
		}
		_, cmd := d.m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
		if cmd != nil {
			if !due.IsZero() {
				t.Fatal("a frame is due already")
			}
			due = d.m.Frame.Drawn.Add(500 * time.Millisecond)
		}
		if now := d.m.View().Content; now != last {
			last = now
			frames++
			drawn = append(drawn, d.at.Sub(begin))
		}
	}
	if frames != 20 || drawn[0] != 0 {
		t.Errorf("%d frames in 10 s of keys: %v", frames, drawn)
	}
}

// TestNothingNewIsNoFrame: time that passes is drawn when it shows.
func TestNothingNewIsNoFrame(t *testing.T) {
	d := sit(t, 80, 24)
	before := d.m.View().Content
	for range 40 {
		d.send(tui.Ticked{})
	}
	if d.m.View().Content != before {
		t.Error("something has changed within 40 s")
	}
	for range 40 {
		d.send(tui.Ticked{})
	}
	if !strings.Contains(d.screen(), "rows to 12:04:30, 1 min old") {
		t.Errorf("the row is not said to be old:\n%s", d.screen())
	}
}

// meter counts what is written.
type meter struct {
	mu     sync.Mutex
	bytes  int
	writes int
}

func (m *meter) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += len(b)
	m.writes++
	return len(b), nil
}

func (m *meter) take() (bytes, writes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	bytes, writes = m.bytes, m.writes
	m.bytes, m.writes = 0, 0
	return bytes, writes
}

// TestBytes measures what goes over the line at 80×24 with 200 VMs, all of
// whose values change with each row, which comes each 5 s.
func TestBytes(t *testing.T) {
	// The first call starts a goroutine that stays for good, which must not
	// be one of the bubble.
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(c)
	var first, bytes, writes int
	const minutes = 3
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(200)
		later := time.Until(time.Unix(begin, 0)) // the bubble's time is another
		var mu sync.Mutex
		agent := &scripted{
			open: func(ctx context.Context) (io.ReadCloser, error) {
				r, out := pipe(ctx)
				go func() {
					for {
						mu.Lock()
						data, _ := json.Marshal(w.poll())
						mu.Unlock()
						if _, err := fmt.Fprintf(out, "event: poll\ndata: %s\n\n", data); err != nil {
							return
						}
						select {
						case <-ctx.Done():
							return
						case <-time.After(5 * time.Second):
						}
					}
				}()
				return r, nil
			},
			get: func(path string, into any) error {
				mu.Lock()
				defer mu.Unlock()
				switch into := into.(type) {
				case *api.Variables:
					into.Variables = w.alarms()
				case *api.Status:
					*into = *w.status()
				}
				return nil
			},
		}
		out := &meter{}
		keys, typed := io.Pipe()
		o := Options{
			Agent: agent, Terminal: tui.Terminal{
				Color: true, Input: keys, Output: out, Environment: []string{"TERM=xterm-256color"}, Location: time.UTC, Width: 80, Height: 24,
				Now: func() time.Time { return time.Now().Add(later) },
			},
		}
		var wait sync.WaitGroup
		wait.Go(func() {
			if err := Run(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(9 * time.Second)
		first, _ = out.take()
		time.Sleep(minutes * time.Minute)
		bytes, writes = out.take()
		io.WriteString(typed, "q")
		wait.Wait()
		typed.Close()
	})
	perSecond, perFrame := bytes/(minutes*60), bytes/max(1, writes)
	t.Logf("first frame %d bytes, then %d bytes a second in %d frames of %d", first, perSecond, writes, perFrame)
	if writes > 2*minutes*60 || writes < minutes*12 {
		t.Errorf("%d frames in %d min", writes, minutes)
	}
	if first > 12000 || perSecond > 400 {
		t.Errorf("too much for a slow line: %d bytes at first, %d a second", first, perSecond)
	}
	docstest.Text(t, "top.md", "bytes", fmt.Sprintf("| first screen | each frame after | a second, a row each 5 s |\n|---|---|---|\n| %s | %s | %s |\n",
		rounded(first), rounded(perFrame), rounded(perSecond)))
}

// rounded is a number of bytes, with one digit that matters.
func rounded(n int) string {
	unit := 1
	for n/unit >= 10 {
		unit *= 10
	}
	return fmt.Sprintf("about %d bytes", (n+unit/2)/unit*unit)
}
