package xapi

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRefreshIsNeitherMissedNorKept(t *testing.T) {
	w := newWatcher(nil, slog.New(slog.DiscardHandler), nil)
	w.Refresh()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.setInterrupt(cancel)
	if ctx.Err() == nil {
		t.Error("the wait goes on")
	}
	w.setInterrupt(nil)
	if n := len(w.takeWaiting()); n != 1 {
		t.Errorf("%d Refreshes taken, want 1", n)
	}
	select {
	case <-w.wake:
		t.Error("a Refresh that was taken would end a backoff")
	default:
	}
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func TestRefreshEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var config atomic.Value
		config.Store("a")
		f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
			if a.token == "" {
				return everything(config.Load().(string)), next, nil
			}
			return nil, next, quiet(ctx, a)
		})
		stop := f.watch(time.Hour)
		time.Sleep(10 * time.Second) // in the middle of a wait
		config.Store("b")
		done, again := f.w.Refresh(), f.w.Refresh()
		f.wantSeen(2)
		if !closed(done) || !closed(again) {
			t.Error("the channels are not closed after the read")
		}
		if n := f.fulls(); n != 2 {
			t.Errorf("%d full reads, want 2", n)
		}
		stop()
		f.wantLog("WARN", 0)
	})
}

func TestRefreshKeepsTheGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, steady)
		stop := f.watch(time.Hour)
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			f.w.Refresh()
		}
		stop()
		if n := f.calls(); n > 21 {
			t.Errorf("%d calls in ten seconds of refreshes", n)
		}
		for i := 1; i < len(f.asked); i++ {
			if gap := f.asked[i].at - f.asked[i-1].at; gap < callGap {
				t.Errorf("call %d came %v after the one before", i, gap)
			}
		}
	})
}

func TestRefreshEndsABackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
			if down.Load() {
				return nil, batch{}, &Error{Code: "HOST_STILL_BOOTING"}
			}
			return steady(ctx, a)
		})
		stop := f.watch(time.Hour)
		time.Sleep(10 * time.Minute)
		for n := f.calls(); n == f.calls(); { // until a call has just failed
			time.Sleep(time.Second)
		}
		time.Sleep(callGap)
		done := f.w.Refresh()
		synctest.Wait()
		if closed(done) {
			t.Error("served by a call that failed")
		}
		down.Store(false)
		done = f.w.Refresh()
		time.Sleep(callGap)
		f.wantSeen(1)
		if !closed(done) {
			t.Error("not served although the toolstack answers")
		}
		stop()
	})
}

func TestRefreshDuringAFullRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var config atomic.Value
		config.Store("a")
		f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
			if a.token != "" {
				return nil, next, quiet(ctx, a)
			}
			events := everything(config.Load().(string)) // read at the start of the call
			time.Sleep(5 * time.Second)
			return events, next, nil
		})
		stop := f.watch(time.Hour)
		time.Sleep(2 * time.Second)
		config.Store("b")
		done := f.w.Refresh()
		time.Sleep(4 * time.Second)
		f.wantSeen(1)
		if closed(done) {
			t.Error("served by a read that began before")
		}
		time.Sleep(6 * time.Second)
		f.wantSeen(2)
		if !closed(done) {
			t.Error("not served")
		}
		stop()
	})
}
