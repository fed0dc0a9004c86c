package xapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// asked is one call of event.from: when, after the start of the test, and with
// what.
type asked struct {
	at      time.Duration
	token   string
	timeout time.Duration
}

// feed is event.from for a Watcher in a bubble: answer makes each reply.
type feed struct {
	t      *testing.T
	began  time.Time
	answer func(ctx context.Context, a asked) ([]event, batch, error)
	w      *Watcher

	mu    sync.Mutex
	log   bytes.Buffer
	asked []asked
	seen  []*Inventory
	when  []time.Duration // of each of seen
}

func newFeed(t *testing.T, answer func(ctx context.Context, a asked) ([]event, batch, error)) *feed {
	f := &feed{t: t, began: time.Now(), answer: answer}
	f.w = newWatcher(f.from, slog.New(slog.NewTextHandler(f, nil)), func() float64 { return 0.5 })
	return f
}

// Write takes log lines.
func (f *feed) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(line)
}

func (f *feed) from(ctx context.Context, token string, timeout time.Duration, each func(*event)) (batch, error) {
	a := asked{time.Since(f.began), token, timeout}
	f.mu.Lock()
	f.asked = append(f.asked, a)
	f.mu.Unlock()
	events, got, err := f.answer(ctx, a)
	for _, e := range events {
		each(&e)
	}
	return got, err
}

// watch runs Watch in the bubble until the test ends it.
func (f *feed) watch(fullReadEvery time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.w.Watch(ctx, "h", fullReadEvery, func(inv *Inventory) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.seen = append(f.seen, inv)
			f.when = append(f.when, time.Since(f.began))
		})
	}()
	return func() { cancel(); <-done }
}

// fulls is how many full reads were asked for.
func (f *feed) fulls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(f.asked), func(a asked) bool { return a.token != "" }))
}

func (f *feed) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

func (f *feed) wantSeen(want int) {
	f.t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seen) != want {
		f.t.Errorf("after %v: %d inventories, want %d", time.Since(f.began), len(f.seen), want)
	}
}

func (f *feed) wantLog(level string, want int) {
	f.t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	if got := strings.Count(f.log.String(), "level="+level); got != want {
		f.t.Errorf("after %v: %d %s lines, want %d:\n%s", time.Since(f.began), got, level, want, &f.log)
	}
}

func vmEvent(operation, config string) event {
	snapshot, _ := json.Marshal(map[string]any{"uuid": "v", "other_config": map[string]string{"perfmon": config}})
	return event{Class: "vm", Operation: operation, Ref: "V", Snapshot: snapshot}
}

// everything is what a full read of a small pool brings.
func everything(config string) []event {
	return []event{
		{Class: "host", Operation: "add", Ref: "H", Snapshot: json.RawMessage(`{"uuid":"h","name_label":"one"}`)},
		{Class: "pool", Operation: "add", Ref: "P", Snapshot: json.RawMessage(`{"uuid":"p","master":"H"}`)},
		vmEvent("add", config),
	}
}

var next = batch{Token: "next"}

// quiet waits as event.from does when nothing happens.
func quiet(ctx context.Context, a asked) error {
	select {
	case <-time.After(a.timeout):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// steady answers full reads with config and otherwise nothing.
func steady(ctx context.Context, a asked) ([]event, batch, error) {
	if a.token == "" {
		return everything("a"), next, nil
	}
	return nil, next, quiet(ctx, a)
}

func TestWatchQuietPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, steady)
		stop := f.watch(time.Hour)
		f.wantSeen(1)
		if inv := f.seen[0]; inv.Host.UUID != "h" || !inv.Coordinator || inv.VMs[0].Config != "a" {
			t.Errorf("%+v", inv)
		}
		time.Sleep(10 * time.Minute)
		f.wantSeen(1)
		stop()
		want := []asked{{0, "", eventTimeout}, {time.Second, "next", eventTimeout}, {31 * time.Second, "next", eventTimeout}}
		if !slices.Equal(f.asked[:3], want) {
			t.Errorf("asked %v, want %v", f.asked[:3], want)
		}
		if n := f.calls(); n != 21 {
			t.Errorf("%d calls in ten quiet minutes, want 21", n)
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

func TestWatchBeginsAgain(t *testing.T) {
	for _, code := range []string{"EVENTS_LOST", "EVENT_FROM_TOKEN_PARSE_FAILURE", "SESSION_INVALID"} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lost := false
				f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
					switch {
					case a.token == "" && !lost:
						return everything("a"), next, nil
					case a.token == "":
						return everything("b"), next, nil
					case !lost:
						lost = true
						return []event{vmEvent("mod", "half")}, batch{}, &Error{Code: code}
					}
					return nil, next, quiet(ctx, a)
				})
				stop := f.watch(time.Hour)
				time.Sleep(10 * time.Second)
				f.wantSeen(2)
				stop()
				if f.seen[1].VMs[0].Config != "b" {
					t.Errorf("%+v", f.seen[1])
				}
				if a := f.asked[2]; a.token != "" || a.at != 2*time.Second {
					t.Errorf("after the loss: %+v, want a full read as soon as one may be", a)
				}
				f.wantLog("WARN", 0)
			})
		})
	}
}

func TestWatchWaitsOutTroubles(t *testing.T) {
	trouble := map[string]error{
		"booting":  &Error{Code: "HOST_STILL_BOOTING"},
		"session":  &Error{Code: "SESSION_INVALID"},
		"lost":     &Error{Code: "EVENTS_LOST"},
		"html":     &HTTPStatusError{Code: 500},
		"nonsense": &ReplyError{Err: fmt.Errorf("x")},
		"deadline": context.DeadlineExceeded,
	}
	for name, err := range trouble {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFeed(t, nil)
				f.answer = func(ctx context.Context, a asked) ([]event, batch, error) {
					if at := time.Since(f.began); at > time.Minute && at < 11*time.Minute {
						return nil, batch{}, err
					}
					return steady(ctx, a)
				}
				stop := f.watch(time.Hour)
				time.Sleep(10 * time.Minute)
				before := f.calls()
				if before < 30 || before > 60 {
					t.Errorf("%d calls in ten minutes of trouble", before)
				}
				f.wantLog("WARN", 1)
				f.wantLog("INFO", 0)
				time.Sleep(2 * time.Minute)
				stop()
				f.wantLog("WARN", 1)
				f.wantLog("INFO", 1)
				f.wantSeen(1) // what is known stays known
				last := f.asked[len(f.asked)-1]
				if last.token != "next" {
					t.Errorf("it does not follow again: %+v", last)
				}
			})
		})
	}
}

func TestWatchLogsEachChangeOfTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, nil)
		f.answer = func(ctx context.Context, a asked) ([]event, batch, error) {
			switch at := time.Since(f.began); {
			case at < time.Minute:
				return nil, batch{}, &HTTPStatusError{Code: 500}
			case at < 2*time.Minute:
				return nil, batch{}, &Error{Code: "HOST_STILL_BOOTING"}
			}
			return steady(ctx, a)
		}
		stop := f.watch(time.Hour)
		time.Sleep(5 * time.Minute)
		stop()
		f.wantLog("WARN", 2)
		f.wantLog("INFO", 1)
		f.wantSeen(1)
	})
}

// A trouble that has passed leaves nothing behind: the next one is met as the
// first was.
func TestWatchForgetsTroubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, nil)
		f.answer = func(ctx context.Context, a asked) ([]event, batch, error) {
			switch at := time.Since(f.began); {
			case at < 5*time.Minute, at > 6*time.Minute && at < 7*time.Minute:
				return nil, batch{}, &Error{Code: "HOST_STILL_BOOTING"}
			case a.token != "" && at > 10*time.Minute:
				return nil, batch{}, &Error{Code: "EVENTS_LOST"}
			case a.token != "":
				return nil, next, quiet(ctx, asked{timeout: 10 * time.Second})
			}
			return everything("a"), next, nil
		}
		stop := f.watch(time.Hour)
		time.Sleep(11*time.Minute - time.Nanosecond)
		stop()
		f.wantLog("WARN", 2)
		f.wantLog("INFO", 2)
		var second []time.Duration // calls of the second trouble
		var lost int               // calls while events were lost all the time
		for _, a := range f.asked {
			if a.at > 6*time.Minute && a.at < 7*time.Minute {
				second = append(second, a.at)
			}
			if a.at >= 10*time.Minute {
				lost++
			}
		}
		if len(second) < 3 || second[1]-second[0] != callGap || second[2]-second[1] != callGap {
			t.Errorf("tries %v: the waits do not begin at the shortest", second)
		}
		if lost < 55 {
			t.Errorf("%d calls in a minute of lost events with full reads between, want one a second", lost)
		}
	})
}

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

func TestWatchCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
			got := batch{Token: "next", Counts: map[string]Int{"vm": 2, "host": 1, "task": 9}}
			if a.token == "" {
				return everything("a"), got, nil
			}
			return nil, got, quiet(ctx, a)
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

func TestWatchUnknownHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, func(_ context.Context, a asked) ([]event, batch, error) {
			if a.at > time.Minute {
				return everything("a"), next, nil
			}
			return []event{vmEvent("mod", a.at.String())}, next, nil
		})
		stop := f.watch(2 * time.Minute)
		time.Sleep(30 * time.Second)
		f.wantSeen(0)
		f.wantLog("WARN", 1)
		time.Sleep(2 * time.Minute)
		f.wantSeen(1)
		stop()
	})
}

func TestWatchBadRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, func(_ context.Context, a asked) ([]event, batch, error) {
			if a.token == "" {
				return everything("a"), next, nil
			}
			return []event{{Class: "vm", Operation: "mod", Ref: "V", Snapshot: json.RawMessage(`{"uuid":7}`)}}, next, nil
		})
		stop := f.watch(time.Hour)
		time.Sleep(time.Minute)
		stop()
		f.wantSeen(1)
		f.wantLog("WARN", 1)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEventFromOutlastsTheToolstacksWait(t *testing.T) {
	f := newFake(t)
	f.methods["event.from"] = func(call) any { return map[string]any{"events": []any{}, "token": "1"} }
	c := f.client(t)
	below := c.rpc.Transport
	var deadline time.Time
	c.rpc.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		deadline, _ = r.Context().Deadline()
		return below.RoundTrip(r)
	})
	defer func() { c.rpc.Transport = below }()
	began := time.Now()
	got, err := c.eventFrom(t.Context(), "", time.Hour, func(*event) {})
	if err != nil || got.Token != "1" {
		t.Errorf("%+v, %v", got, err)
	}
	if deadline.Before(began.Add(time.Hour + c.opts.CallTimeout)) {
		t.Errorf("the call ends %v after its beginning, in the middle of the wait", deadline.Sub(began))
	}
}

func TestEventFromWithoutToken(t *testing.T) {
	f := newFake(t)
	for _, result := range []any{nil, map[string]any{}, map[string]any{"events": []any{}, "token": ""}} {
		f.methods["event.from"] = func(call) any { return result }
		if got, err := f.client(t).eventFrom(t.Context(), "", time.Second, func(*event) {}); err == nil {
			t.Errorf("%v: %+v, want an error", result, got)
		}
	}
}

// The watcher against a toolstack on a socket.
func TestWatchOverTheSocket(t *testing.T) {
	f := newFake(t)
	var config atomic.Value // of the VM
	config.Store("a")
	told := make(chan struct{}) // a change is told to who waits
	f.methods["event.from"] = func(c call) any {
		if got, want := string(c.Params[0]), `["vm","host","sr","pbd","pool"]`; got != want {
			t.Errorf("classes %s", got)
		}
		if got := string(c.Params[2]); !strings.Contains(got, ".") {
			t.Errorf("timeout %s is no float", got)
		}
		if c.text(1) != "" {
			select {
			case <-told:
			case <-c.r.Context().Done():
				return nil
			}
		}
		vm := map[string]any{"uuid": "v", "other_config": map[string]any{"perfmon": config.Load()}}
		return map[string]any{
			"events": []any{
				map[string]any{"class": "host", "operation": "add", "ref": "H", "snapshot": map[string]any{"uuid": "h"}},
				map[string]any{"class": "vm", "operation": "mod", "ref": "V", "snapshot": vm},
			},
			"token":            "1",
			"valid_ref_counts": map[string]any{"vm": 1, "host": "1"},
		}
	}
	w := f.client(t).NewWatcher()
	w.gap = time.Millisecond

	ctx, cancel := context.WithCancel(t.Context())
	configs := make(chan string)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Watch(ctx, "h", 0, func(inv *Inventory) { configs <- inv.VMs[0].Config })
	}()
	wantConfig := func(want string) {
		t.Helper()
		if got := <-configs; got != want {
			t.Errorf("config %q, want %q", got, want)
		}
	}
	wantConfig("a")
	config.Store("b")
	told <- struct{}{}
	wantConfig("b")

	<-w.Refresh() // nothing new

	f.invalidate()
	config.Store("c")
	refreshed := w.Refresh()
	wantConfig("c")
	<-refreshed

	cancel()
	<-done
	if logins, _, _, most := f.counts(); logins != 2 || most != 1 {
		t.Errorf("%d logins, %d sessions at once; want 2, 1", logins, most)
	}
}
