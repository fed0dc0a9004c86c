package xapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"perfmon/alarm"
	"perfmon/xapi"
)

// toolstack answers message.create by a function of the object's uuid and of
// how often that one was tried.
type toolstack struct {
	mu     sync.Mutex
	tries  map[string]int
	sent   []string // uuid of each created message, in order
	classy []string
	answer func(ctx context.Context, uuid string, try int) error
}

func (f *toolstack) CreateMessage(ctx context.Context, m xapi.Message) (string, error) {
	f.mu.Lock()
	f.tries[m.UUID]++
	try := f.tries[m.UUID]
	f.mu.Unlock()
	if err := f.answer(ctx, m.UUID, try); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, m.UUID)
	f.classy = append(f.classy, m.Class+"/"+m.Name)
	return "OpaqueRef:1", nil
}

// log is what was created, in order, and how often one uuid was tried.
func (f *toolstack) log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.sent, " ")
}

func (f *toolstack) tried(uuid string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tries[uuid]
}

type harness struct {
	*Sink
	ts     *toolstack
	reg    *prometheus.Registry
	cancel func()
	done   chan struct{}
}

func start(t *testing.T, o Options, answer func(ctx context.Context, uuid string, try int) error) *harness {
	t.Helper()
	h := &harness{ts: &toolstack{tries: map[string]int{}, answer: answer}, reg: prometheus.NewPedanticRegistry(), done: make(chan struct{})}
	o.Creator, o.Logger, o.Registerer = h.ts, slog.New(slog.NewTextHandler(io.Discard, nil)), h.reg
	h.Sink = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() { defer close(h.done); h.Run(ctx) }()
	return h
}

func (h *harness) stop() { h.cancel(); <-h.done }

func (h *harness) results() string {
	v := h.metrics.results
	return fmt.Sprintf("sent %v retried %v dropped %v",
		testutil.ToFloat64(v.WithLabelValues("sent")), testutil.ToFloat64(v.WithLabelValues("retried")), testutil.ToFloat64(v.WithLabelValues("dropped")))
}

func vm(uuid string) *alarm.Event {
	return &alarm.Event{Kind: alarm.KindRaised, ID: alarm.ID{Class: "vm", UUID: uuid, Variable: "cpu_usage"}, Priority: 3, Body: "value: 1.000000\nconfig:\n"}
}

func code(c string) error { return fmt.Errorf("create message: %w", &xapi.Error{Code: c}) }

func TestSendsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{}, func(context.Context, string, int) error { return nil })
		for _, a := range []*alarm.Event{vm("a"), {ID: alarm.ID{Class: "host", UUID: "h"}}, {ID: alarm.ID{Class: "sr", UUID: "s"}}} {
			h.Send(a)
		}
		synctest.Wait()
		h.stop()
		if got := strings.Join(h.ts.classy, " "); got != "VM/ALARM Host/ALARM SR/ALARM" {
			t.Errorf("sent %q", got)
		}
		if got := h.results(); got != "sent 3 retried 0 dropped 0" {
			t.Error(got)
		}
	})
}

func TestLegacyClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{Legacy: true}, func(context.Context, string, int) error { return nil })
		h.Send(&alarm.Event{ID: alarm.ID{Class: "host", UUID: "h"}})
		synctest.Wait()
		h.stop()
		if got := strings.Join(h.ts.classy, " "); got != "HOST/ALARM" {
			t.Errorf("sent %q", got)
		}
	})
}

func TestRefusedIsDroppedAndOthersGoOn(t *testing.T) {
	for _, c := range []string{"UUID_INVALID", "HANDLE_INVALID", "INVALID_VALUE"} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, Options{}, func(_ context.Context, uuid string, _ int) error {
				if uuid == "gone" {
					return code(c)
				}
				return nil
			})
			h.Send(vm("a"))
			h.Send(vm("gone"))
			h.Send(vm("b"))
			synctest.Wait()
			h.stop()
			if got := h.ts.log(); got != "a b" || h.ts.tried("gone") != 1 {
				t.Errorf("%s: sent %q, the refused one was tried %d times", c, got, h.ts.tried("gone"))
			}
			if got := h.results(); got != "sent 2 retried 0 dropped 1" {
				t.Error(c, got)
			}
		})
	}
}

func TestTroubleIsRetriedWhileOthersGoOn(t *testing.T) {
	for _, trouble := range []error{code("INTERNAL_ERROR"), xapi.ErrNullRef, code("SESSION_INVALID"), code("HOST_STILL_BOOTING"), errors.New("connection refused")} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, Options{}, func(_ context.Context, uuid string, try int) error {
				if uuid == "hard" && try <= 2 {
					return trouble
				}
				return nil
			})
			h.Send(vm("hard"))
			h.Send(vm("a"))
			synctest.Wait()
			if got := h.ts.log(); got != "a" {
				t.Errorf("%v: before the retry %q was sent, want only a", trouble, got)
			}
			time.Sleep(firstBackoff + 2*firstBackoff + time.Second)
			synctest.Wait()
			h.stop()
			if got := h.ts.log(); got != "a hard" {
				t.Errorf("%v: sent %q", trouble, got)
			}
			if got := h.results(); got != "sent 2 retried 2 dropped 0" {
				t.Error(trouble, got)
			}
		})
	}
}

func TestInternalErrorIsRefusedAfterThreeTries(t *testing.T) {
	bad := func(_ context.Context, uuid string, _ int) error {
		if uuid == "odd" {
			return code("INTERNAL_ERROR")
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{}, bad)
		h.Send(vm("odd"))
		h.Send(vm("a")) // succeeds between the tries
		time.Sleep(time.Hour)
		synctest.Wait()
		h.stop()
		if h.ts.tried("odd") != internalTries || h.results() != "sent 1 retried 2 dropped 1" {
			t.Errorf("tried %d times; %s", h.ts.tried("odd"), h.results())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{}, bad)
		h.Send(vm("odd")) // nothing else ever succeeds: it could be the toolstack's own trouble
		time.Sleep(time.Hour)
		synctest.Wait()
		if n, _ := h.waiting(); n != 1 || h.ts.tried("odd") <= internalTries {
			t.Errorf("%d alarms wait after %d tries, want it kept", n, h.ts.tried("odd"))
		}
		h.stop()
	})
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{Deadline: time.Hour}, func(context.Context, string, int) error { return xapi.ErrNullRef })
		h.Send(vm("a"))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if n, _ := h.waiting(); n != 0 {
			t.Errorf("%d alarms wait past the deadline", n)
		}
		h.stop()
	})
}

func TestHungToolstack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{}, func(ctx context.Context, uuid string, try int) error {
			if uuid == "hung" && try == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		h.Send(vm("hung"))
		h.Send(vm("a"))
		time.Sleep(callTimeout + 2*firstBackoff)
		synctest.Wait()
		if got := h.ts.log(); got != "a hung" {
			t.Errorf("sent %q", got)
		}
		h.stop()
	})
}

func TestFullQueueDropsRepeatedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		h := start(t, Options{Queue: 3}, func(ctx context.Context, _ string, _ int) error {
			select {
			case <-open:
				return nil
			default:
				return xapi.ErrNullRef
			}
		})
		again := vm("again")
		again.Kind = alarm.KindRepeated
		for _, a := range []*alarm.Event{vm("a"), again, vm("b"), vm("c"), vm("d")} {
			h.Send(a)
			synctest.Wait()
		}
		close(open)
		time.Sleep(time.Hour)
		synctest.Wait()
		h.stop()
		if got := h.ts.log(); len(h.ts.sent) != 3 || strings.Contains(got, "again") {
			t.Errorf("sent %q, want three and not the repeated one", got)
		}
	})
}

// An alarm whose message is under way is not dropped for room: it would be
// counted as lost and arrive all the same.
func TestFullQueueKeepsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		h := start(t, Options{Queue: 2}, func(context.Context, string, int) error { <-open; return nil })
		for _, u := range []string{"a", "b", "c", "d"} {
			h.Send(vm(u))
			synctest.Wait()
		}
		close(open)
		synctest.Wait()
		h.stop()
		if got := h.ts.log(); got != "a d" {
			t.Errorf("sent %q, want a, which was under way, and the newest", got)
		}
		if got := h.results(); got != "sent 2 retried 0 dropped 2" {
			t.Error(got)
		}
	})
}

func TestStopFlushesWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Options{}, func(ctx context.Context, _ string, _ int) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		for _, u := range []string{"a", "b", "c", "d", "e"} {
			h.Send(vm(u))
		}
		synctest.Wait()
		began := time.Now()
		h.stop()
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if len(h.ts.sent) == 0 || len(h.ts.sent) == 5 {
			t.Errorf("sent %v, want some and not all", h.ts.sent)
		}
	})
}
