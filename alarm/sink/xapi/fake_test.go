package xapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/xapi"
)

// fake is a toolstack in memory. Its clock is off by ahead, and its times are
// whole seconds.
type fake struct {
	ahead time.Duration

	mu     sync.Mutex
	stored []xapi.MessageRecord // those that there are
	log    []stored             // all that ever were
	calls  []string
	// before and after may spoil a call, before it is carried out or after.
	before, after func(ctx context.Context, method, uuid string) error
}

// stored is a message, and when it was stored by the right clock.
type stored struct {
	xapi.Message
	at time.Time
}

func (f *fake) call(ctx context.Context, method, uuid string, do func()) error {
	f.mu.Lock()
	f.calls = append(f.calls, method+" "+uuid)
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil {
		if err := before(ctx, method, uuid); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
	}
	f.mu.Lock()
	do()
	f.mu.Unlock()
	if after != nil {
		if err := after(ctx, method, uuid); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
	}
	return ctx.Err()
}

func (f *fake) CreateMessage(ctx context.Context, m xapi.Message) (ref string, err error) {
	err = f.call(ctx, "create", m.UUID, func() {
		ref = fmt.Sprintf("OpaqueRef:%d", len(f.log)+1)
		f.log = append(f.log, stored{m, time.Now()})
		// As the toolstack's XML does it.
		m.Body = strings.ReplaceAll(m.Body, "\r\n", "\n")
		f.stored = append(f.stored, xapi.MessageRecord{Message: m, Ref: ref, Time: time.Now().Add(f.ahead).Truncate(time.Second)})
	})
	if err != nil {
		return "", err
	}
	return ref, nil
}

func (f *fake) Messages(ctx context.Context, class, uuid string, since time.Time) (found []xapi.MessageRecord, err error) {
	err = f.call(ctx, "get", uuid, func() {
		for _, m := range f.stored {
			if strings.EqualFold(m.Class, class) && m.UUID == uuid && m.Time.After(since.Truncate(time.Second)) {
				found = append(found, m)
			}
		}
	})
	slices.SortStableFunc(found, func(a, b xapi.MessageRecord) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Ref, b.Ref))
	})
	return found, err
}

func (f *fake) DestroyMessage(ctx context.Context, ref string) error {
	gone := false
	err := f.call(ctx, "destroy", ref, func() {
		n := len(f.stored)
		f.stored = slices.DeleteFunc(f.stored, func(m xapi.MessageRecord) bool { return m.Ref == ref })
		gone = len(f.stored) == n
	})
	if err == nil && gone {
		return code("HANDLE_INVALID")
	}
	return err
}

// take returns the calls since the last take.
func (f *fake) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// everything is all messages that ever were, and those that there are. What was
// carried out after its caller had gone is among them.
func (f *fake) everything() ([]stored, []xapi.MessageRecord) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log), slices.Clone(f.stored)
}

// have are the messages that there are, as "NAME uuid".
func (f *fake) have() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, m := range f.stored {
		all = append(all, m.Name+" "+m.UUID)
	}
	return all
}

func (f *fake) bodies(name string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, m := range f.stored {
		if m.Name == name {
			all = append(all, m.Body)
		}
	}
	return all
}

// memory is Notes.
type memory map[string][]byte

func (m memory) Get(key string) ([]byte, bool) { v, ok := m[key]; return v, ok }

func (m memory) All() iter.Seq2[string, []byte] { return maps.All(maps.Clone(m)) }

func (m memory) Put(changes map[string][]byte) error {
	for key, value := range changes {
		if value == nil {
			delete(m, key)
		} else {
			m[key] = value
		}
	}
	return nil
}

func code(c string) error { return fmt.Errorf("call: %w", &xapi.Error{Code: c}) }

var errAway = errors.New("connection refused")

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// newSink makes a Sink on a fake toolstack. Change the options in with.
func newSink(t *testing.T, f *fake, with ...func(*Options)) *Sink {
	t.Helper()
	o := Options{Toolstack: f, Notes: memory{}, Logger: discard()}
	for _, change := range with {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ev makes an event of a text such as "a1": the alarm's letter and a number.
// A third character makes it something else than raised: "a2r" is repeated,
// "a2c" cleared, "a2n" nodata.
func ev(text string) *alarm.Event {
	kinds := map[string]alarm.Kind{"": alarm.KindRaised, "r": alarm.KindRepeated, "c": alarm.KindCleared, "n": alarm.KindNoData}
	number := strings.TrimRight(text[1:], "rcn")
	e := &alarm.Event{
		ID: alarm.ID{Class: "vm", UUID: text[:1], Variable: "cpu_usage"}, Kind: kinds[text[1+len(number):]], HostUUID: "h", Name: "vm " + text[:1],
		Epoch: "e", Time: 1766000100, Since: 1766000040, State: "firing", Severity: alarm.Critical,
		Known: true, Value: 0.97, Level: 0.9, Period: 120, Priority: 3,
		Body: "value: 0.970000\nconfig:\n<variable>\n\t<name value=\"cpu_usage\"/>\n</variable>\n",
	}
	fmt.Sscan(number, &e.Sequence)
	if e.Kind == alarm.KindCleared {
		e.State, e.Value, e.Reason = "inactive", 0.41, alarm.ReasonLevel
	}
	return e
}

// deliver hands events over one at a time, and wants all to be taken.
func deliver(t *testing.T, s *Sink, events ...*alarm.Event) {
	t.Helper()
	for _, e := range events {
		if taken, err := s.Deliver(t.Context(), []*alarm.Event{e}); taken != 1 || err != nil {
			t.Errorf("%s: taken %d, %v", e.EventID(), taken, err)
		}
	}
}

func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n\t%s\nwant:\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}
