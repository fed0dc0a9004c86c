package xapi

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// asked is one call of event.from: when, after the start of the test, and with

// what.

// feed is event.from for a Watcher in a bubble: answer makes each reply.

// Write takes log lines.

// watch runs Watch in the bubble until the test ends it.

// fulls is how many full reads were asked for.

// everything is what a full read of a small pool brings.

// quiet waits as event.from does when nothing happens.

// steady answers full reads with config and otherwise nothing.

func TestWatchQuietPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, steady)
		stop := f.watch(time.Hour)
		f.wantSeen(1)
		if inv := f.seen[0]; inv.Host.UUID != "h" || !inv.Coordinator || inv.VMs[0].Config != "a" {
			t.Errorf("%+v", inv)
		}
		time.Sleep(50 * time.Minute)
		f.wantSeen(1)
		stop()
		want := []asked{{0, "", eventTimeout}, {time.Second, "next", eventTimeout}, {time.Second + eventTimeout, "next", eventTimeout}}
		if !slices.Equal(f.asked[:3], want) {
			t.Errorf("asked %v, want %v", f.asked[:3], want)
		}
		if n := f.calls(); n != 6 {
			t.Errorf("%d calls in fifty quiet minutes, want 6", n)
		}
		f.wantLog("WARN", 0)
	})
}

func TestWatchChattyPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, func(_ context.Context, a asked) ([]event, batch, error) {
			if a.token == "" {
				return everything("a"), next, nil
			}
			return []event{vmEvent("mod", "a")}, next, nil // something that is not kept
		})
		stop := f.watch(time.Hour)
		time.Sleep(time.Minute - time.Nanosecond)
		f.wantSeen(1)
		stop()
		if n := f.calls(); n != 60 {
			t.Errorf("%d calls in a minute in which VMs changed all the time, want 60", n)
		}
	})
}

// TestWatchLargeChanges: the larger the answers, the less often is asked, up to
// a bound; and a Refresh does not wait.
func TestWatchLargeChanges(t *testing.T) {
	f := func(bytes int64, refresh bool, want ...time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newFeed(t, func(_ context.Context, a asked) ([]event, batch, error) {
				if a.token == "" {
					return everything("a"), batch{Token: "next", Bytes: 1 << 29}, nil
				}
				return []event{vmEvent("mod", "a")}, batch{Token: "next", Bytes: bytes}, nil
			})
			stop := f.watch(time.Hour)
			time.Sleep(2500 * time.Millisecond)
			if refresh {
				f.w.Refresh()
			}
			time.Sleep(10 * time.Second)
			stop()
			var got []time.Duration
			for _, a := range f.asked[:len(want)] {
				got = append(got, a.at)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d bytes: asked at %v, want %v", bytes, got, want)
			}
		})
	}
	const s = time.Second
	f(100<<10, false, 0, s, 2*s, 3*s)
	f(1<<20, false, 0, s, 5*s, 9*s)
	f(1<<29, false, 0, s, 11*s)
	f(1<<29, true, 0, s, 5*s/2)
}

func TestWatchChangeIsInForceWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const changedAt = 100*time.Second + 300*time.Millisecond
		sent := false
		f := newFeed(t, nil)
		f.answer = func(ctx context.Context, a asked) ([]event, batch, error) {
			if a.token == "" {
				return everything("a"), next, nil
			}
			// Every 700 ms another VM changes; at changedAt ours does.
			time.Sleep(700 * time.Millisecond)
			if time.Since(f.began) < changedAt || sent {
				return []event{{Class: "vm", Operation: "mod", Ref: "T", Snapshot: json.RawMessage(`{"is_a_template":true}`)}}, next, nil
			}
			sent = true
			return []event{vmEvent("mod", "b")}, next, nil
		}
		stop := f.watch(time.Hour)
		time.Sleep(changedAt + 2*time.Second)
		f.wantSeen(2)
		stop()
		if config := f.seen[1].VMs[0].Config; config != "b" {
			t.Errorf("config %q", config)
		}
		if f.seen[0].VMs[0].Config != "a" {
			t.Error("an inventory that was handed over has changed")
		}
	})
}

func TestWatchObjectsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		replies := [][]event{
			{{Class: "vm", Operation: "add", Ref: "W", Snapshot: json.RawMessage(`{"uuid":"w"}`)}},
			{{Class: "vm", Operation: "del", Ref: "V"}},
			{{Class: "vm", Operation: "del", Ref: "X"}},
			{},
		}
		f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
			if a.token == "" {
				return everything("a"), next, nil
			}
			if len(replies) == 0 {
				return nil, next, quiet(ctx, a)
			}
			events := replies[0]
			replies = replies[1:]
			return events, next, nil
		})
		stop := f.watch(time.Hour)
		time.Sleep(10 * time.Second)
		f.wantSeen(3)
		stop()
		var got []string
		for _, inv := range f.seen {
			var uuids []string
			for _, vm := range inv.VMs {
				uuids = append(uuids, vm.UUID)
			}
			got = append(got, strings.Join(uuids, ","))
		}
		if want := []string{"v", "v,w", "w"}; !slices.Equal(got, want) {
			t.Errorf("VMs %q, want %q", got, want)
		}
	})
}

func TestWatchReadsEverythingNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var config atomic.Value
		config.Store("a")
		f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
			if a.token == "" {
				return everything(config.Load().(string)), next, nil
			}
			return nil, next, quiet(ctx, a) // the change below is never told
		})
		stop := f.watch(10 * time.Minute)
		time.Sleep(time.Minute)
		config.Store("b")
		time.Sleep(8 * time.Minute)
		f.wantSeen(1)
		time.Sleep(time.Minute)
		f.wantSeen(2)
		if n := f.fulls(); n != 2 {
			t.Errorf("%d full reads in ten minutes, want 2", n)
		}
		time.Sleep(50 * time.Minute)
		if n := f.fulls(); n != 7 {
			t.Errorf("%d full reads in an hour, want 7", n)
		}
		f.wantSeen(2)
		stop()
	})
}

// A trouble that has passed leaves nothing behind: the next one is met as the

// first was.

func TestWatchFullReadIsNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, steady)
		stop := f.watch(40 * time.Second) // no multiple of the event timeout
		time.Sleep(2 * time.Minute)
		stop()
		var fulls []time.Duration
		for _, a := range f.asked {
			if a.token == "" {
				fulls = append(fulls, a.at)
			}
		}
		// The jitter of a half is a twentieth of the period.
		want := []time.Duration{0, 38 * time.Second, 76 * time.Second, 114 * time.Second}
		if !slices.Equal(fulls, want) {
			t.Errorf("full reads at %v, want %v", fulls, want)
		}
	})
}

// A Refresh that comes between the look for Refreshes and the wait ends the

// wait, and one that is served ends no later backoff.

func TestWatchCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
			got := batch{Token: "next", Counts: map[string]Int{"vm": 2, "host": 1, "task": 9}}
			if a.token == "" {
				return everything("a"), got, nil
			}
			return nil, got, quiet(ctx, a.soon())
		})
		stop := f.watch(time.Hour)
		time.Sleep(10 * time.Minute)
		stop()
		// The counts never agree: read again, but not all the time.
		if n := f.fulls(); n < 6 || n > 11 {
			t.Errorf("%d full reads in ten minutes, want one about every minute", n)
		}
		f.wantSeen(1)
	})
}

// The watcher against a toolstack on a socket.
