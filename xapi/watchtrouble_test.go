package xapi

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

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
				if a := f.asked[2]; a.token != "" || a.at != time.Second {
					t.Errorf("after the loss: %+v, want a full read at once", a)
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
					return steady(ctx, a.soon())
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

// A session that a restarted toolstack no longer knows is no trouble of its own.
func TestWatchSessionLostInARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, nil)
		refused := false
		f.answer = func(ctx context.Context, a asked) ([]event, batch, error) {
			switch at := time.Since(f.began); {
			case at > time.Minute && at < 2*time.Minute:
				return nil, batch{}, &Error{Code: "HOST_STILL_BOOTING"}
			case at >= 2*time.Minute && !refused:
				refused = true
				return nil, batch{}, &Error{Code: "SESSION_INVALID"}
			}
			return steady(ctx, a.soon())
		}
		stop := f.watch(time.Hour)
		time.Sleep(5 * time.Minute)
		stop()
		f.wantLog("WARN", 1)
		f.wantLog("INFO", 1)
		for i, a := range f.asked[1:] {
			if before := f.asked[i]; a.at == before.at {
				return // it began again at once
			}
		}
		t.Errorf("the loss of the session was waited out: %v", f.asked)
	})
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
			return steady(ctx, a.soon())
		}
		stop := f.watch(time.Hour)
		time.Sleep(5 * time.Minute)
		stop()
		f.wantLog("WARN", 2)
		f.wantLog("INFO", 1)
		f.wantSeen(1)
	})
}

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
		if lost < 110 || lost > 120 {
			t.Errorf("%d calls in a minute of lost events with full reads between, want two a second", lost)
		}
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

// TestWatchInTurn: a host waits with what all hosts of a pool do at once, and a
// Refresh ends the wait.
func TestWatchInTurn(t *testing.T) {
	f := func(question string, lost error, refresh bool, want ...time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newFeed(t, nil)
			f.turn = Turn{First: 20 * time.Second, Again: 40 * time.Second}
			gone := false
			f.answer = func(ctx context.Context, a asked) ([]event, batch, error) {
				if a.token != "" && !gone {
					gone = true
					time.Sleep(time.Minute)
					return nil, batch{}, lost
				}
				return steady(ctx, a)
			}
			stop := f.watch(time.Hour)
			if refresh {
				time.Sleep(5 * time.Second)
				f.w.Refresh()
				time.Sleep(70 * time.Second)
				f.w.Refresh()
			}
			time.Sleep(5 * time.Minute)
			stop()
			var fulls []time.Duration
			for _, a := range f.asked {
				if a.token == "" {
					fulls = append(fulls, a.at)
				}
			}
			if !slices.Equal(fulls, want) {
				t.Errorf("%s: everything was read at %v, want %v", question, fulls, want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // one that knows nothing yet has had its turn
		f := newFeed(t, func(ctx context.Context, a asked) ([]event, batch, error) {
			if a.at < 30*time.Second {
				return nil, batch{}, &Error{Code: "HOST_STILL_BOOTING"}
			}
			return steady(ctx, a)
		})
		f.turn = Turn{First: 20 * time.Second, Again: 40 * time.Second}
		stop := f.watch(time.Hour)
		time.Sleep(40 * time.Second)
		f.wantSeen(1)
		stop()
	})
	const s = time.Second
	f("events lost", &Error{Code: "EVENTS_LOST"}, false, 20*s, 121*s)
	f("session lost", &Error{Code: "SESSION_INVALID"}, false, 20*s, 121*s)
	f("toolstack lost", &HTTPStatusError{Code: 500}, false, 20*s, 121*s+s/2) // and half of the backoff
	f("refreshed", &Error{Code: "EVENTS_LOST"}, true, 5*s, 75*s)
}
