package top

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/tui"
)

// follow starts a follower, whose messages come by the channel.
func follow(t *testing.T, agent Agent, retry time.Duration) <-chan tea.Msg {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	messages := make(chan tea.Msg)
	f := newFollower(Options{Agent: agent, Terminal: tui.Terminal{Now: time.Now}})
	f.Retry = retry
	var wait sync.WaitGroup
	wait.Go(func() {
		f.Run(ctx, func(m tea.Msg) {
			select {
			case messages <- m:
			case <-ctx.Done():
			}
		})
	})
	t.Cleanup(func() {
		cancel()
		wait.Wait()
	})
	return messages
}

// TestReconnect: the agent is restarted, and is followed again.
func TestReconnect(t *testing.T) {
	s := serve(t, newWorld(3))
	messages := follow(t, client{s.socket}, time.Millisecond)
	poll := func() {
		t.Helper()
		for m := range messages {
			switch m := m.(type) {
			case polled:
				if len(m.poll.Overview.VMs) != 3 {
					t.Errorf("%d VMs", len(m.poll.Overview.VMs))
				}
				return
			case tui.Lost: // while it is away it is tried more than once
			default:
				t.Fatalf("%T, want a poll", m)
			}
		}
	}
	poll()
	s.polls <- struct{}{}
	poll()
	s.stop()
	if m, ok := (<-messages).(tui.Lost); !ok || m.Err == nil || time.Since(m.When) > time.Minute {
		t.Fatalf("%#v, want that the agent is lost", m)
	}
	s.start(t)
	poll()
}

// TestAnotherVersion: a poll that is not understood is a reason.
func TestAnotherVersion(t *testing.T) {
	s := serve(t, newWorld(3))
	s.broken = true
	m, ok := (<-follow(t, client{s.socket}, time.Millisecond)).(tui.Lost)
	if want := "perfmon is of another version: its answer is not understood"; !ok || !strings.Contains(m.Err.Error(), want) {
		t.Errorf("%#v, want %s", m, want)
	}
}

// scripted is an agent whose streams are functions.
type scripted struct {
	open func(ctx context.Context) (io.ReadCloser, error)
	get  func(path string, into any) error
}

func (s *scripted) Open(ctx context.Context, _ string, _ url.Values) (io.ReadCloser, error) {
	return s.open(ctx)
}

func (s *scripted) Get(_ context.Context, path string, _ url.Values, into any) error {
	return s.get(path, into)
}

// pipe is a stream that ends with ctx.
func pipe(ctx context.Context) (*io.PipeReader, *io.PipeWriter) {
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { r.CloseWithError(ctx.Err()) })
	return r, w
}

// TestSilence: a stream that says nothing for 45 s is taken to be dead, and
// comments keep it alive.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streams := make(chan *io.PipeWriter, 10)
		agent := &scripted{open: func(ctx context.Context) (io.ReadCloser, error) {
			r, w := pipe(ctx)
			streams <- w
			return r, nil
		}}
		messages := follow(t, agent, time.Second)
		w := <-streams
		begin := time.Now()
		for range 4 {
			time.Sleep(15 * time.Second)
			io.WriteString(w, ": here\n\n")
		}
		m, ok := (<-messages).(tui.Lost)
		if !ok || m.Err.Error() != "perfmon has said nothing for 45s" || time.Since(begin) != 105*time.Second {
			t.Errorf("%#v after %v, want that after 105 s", m, time.Since(begin))
		}
		<-streams // it tries again
	})
}

// TestRetries: the pauses grow to ten seconds, and begin anew when a poll has
// come.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := 0
		agent := &scripted{open: func(ctx context.Context) (io.ReadCloser, error) {
			if fails++; fails == 7 {
				return io.NopCloser(strings.NewReader("event: poll\ndata: {\"overview\": {}}\n\n")), nil
			}
			return nil, errors.New("no")
		}}
		messages := follow(t, agent, 0)
		last := time.Now()
		for i, want := range []int{0, 1, 2, 4, 8, 10, 10, 0, 1, 2} {
			m := <-messages
			if got := int(time.Since(last).Seconds()); got != want {
				t.Errorf("message %d after %d s, want %d", i, got, want)
			}
			_, isPoll := m.(polled)
			if isPoll != (i == 6) {
				t.Errorf("message %d is %T", i, m)
			}
			last = time.Now()
		}
	})
}

// TestAsker: what is asked for many times while an answer is under way is
// asked for once more.
func TestAsker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		agent := &scripted{get: func(path string, _ any) error {
			asked[path]++
			time.Sleep(time.Second)
			if path == "/v1/series" {
				return errors.New("no archive")
			}
			return nil
		}}
		a := newAsker(agent)
		var got []tea.Msg
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { a.run(ctx, func(m tea.Msg) { got = append(got, m) }) })
		a.wantList()
		synctest.Wait()
		for range 100 {
			a.wantList()
			a.wantDetail(wanted{"vm", "old", "10m"})
			a.wantDetail(wanted{"vm", "new", "2h"})
		}
		time.Sleep(time.Minute)
		cancel()
		wait.Wait()
		if asked["/v1/alarms"] != 2 || asked["/v1/status"] != 2 || asked["/v1/explain"] != 1 || asked["/v1/series"] != 1 || asked["/v1/recent"] != 1 {
			t.Errorf("asked %v", asked)
		}
		if len(got) != 4 {
			t.Fatalf("%d answers", len(got))
		}
		if _, ok := got[1].(remembered); !ok {
			t.Errorf("the second answer is %#v", got[1])
		}
		if d, ok := got[2].(detailed); !ok || d.of.uuid != "new" || d.err != nil || d.plotErr == nil {
			t.Errorf("the third answer is %#v", got[2])
		}
	})
}
