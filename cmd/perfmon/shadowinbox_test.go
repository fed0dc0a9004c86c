package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/xapi"
)

// mailbox is a pool's messages, and what is asked of it.
type mailbox struct {
	records []xapi.MessageRecord
	asked   []int64 // since when, Unix seconds
	err     error
}

func (m *mailbox) get(_ context.Context, since time.Time) ([]xapi.MessageRecord, error) {
	m.asked = append(m.asked, since.Unix())
	var list []xapi.MessageRecord
	for _, r := range m.records {
		if r.Time.After(since) {
			list = append(list, r)
		}
	}
	return list, m.err
}

func (m *mailbox) add(name, class string, at int64) {
	m.records = append(m.records, xapi.MessageRecord{
		Message: xapi.Message{Name: name, Class: class, UUID: "u", Body: "b"}, Ref: fmt.Sprint("OpaqueRef:", len(m.records)), Time: time.Unix(at, 0),
	})
}

func TestInbox(t *testing.T) {
	const t0 = 1766000000
	var m mailbox
	var log bytes.Buffer
	i := newInbox(m.get, slog.New(slog.NewTextHandler(&log, nil)))
	began := time.Unix(t0, 0)
	read := func(now int64, want ...int64) {
		t.Helper()
		if !i.read(t.Context(), began, t0+now) {
			t.Errorf("%d: no answer", now)
		}
		var got []int64
		for _, a := range i.messages {
			got = append(got, a.Time-t0)
		}
		if !slices.Equal(got, want) || i.until != t0+now {
			t.Errorf("%d: alarms of %d up to %d, want %d", now, got, i.until-t0, want)
		}
	}
	asked := func(want int64) {
		t.Helper()
		if got := m.asked[len(m.asked)-1] - t0; got != want {
			t.Errorf("asked for those since %d, want %d", got, want)
		}
	}
	read(0)
	asked(-7200)
	m.add("ALARM", "VM", t0-6000)
	m.add("ALARM", "HOST", t0-100)
	m.add("ALARM", "Pool", t0-90)
	m.add("BOND_STATUS_CHANGED", "Host", t0-80)
	i.known = nil // as if it were the first answer
	read(60, -6000, -100)
	asked(-7200)
	m.add("ALARM", "SR", t0+100)
	read(120, -100, 100)
	asked(-80 - 300)
	read(180, -100, 100)
	asked(100 - 300)

	m.err = errors.New("out")
	for range 2 {
		if i.read(t.Context(), began, t0+240) || i.until != t0+180 {
			t.Error("an answer that was none")
		}
	}
	m.err = nil
	read(300, -100, 100)
	asked(100 - 300)
	m.err = fmt.Errorf("x: %w", xapi.ErrTooLarge)
	if i.read(t.Context(), began, t0+5000) {
		t.Error("an answer that was too large")
	}
	m.err = nil
	read(5060)
	asked(5000 - 300)
	for _, want := range []string{"messages are not read", "messages are read again", "too many messages"} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("%q is said %d times:\n%s", want, n, &log)
		}
	}
}

// TestInboxClock: the clock of the coordinator is found out, and what it
// stamps is moved.
func TestInboxClock(t *testing.T) {
	const t0 = 1766000000
	for _, ahead := range []int64{-5000, -150, -50, 0, 50, 150, 5000} {
		var m mailbox
		var log bytes.Buffer
		i := newInbox(m.get, slog.New(slog.NewTextHandler(&log, nil)))
		for now := int64(0); now <= 1200; now += 60 {
			if now%180 == 0 {
				m.add("ALARM", "VM", t0+now-30+ahead)
			}
			if !i.read(t.Context(), time.Unix(t0, 0), t0+now) {
				t.Fatal("no answer")
			}
		}
		want, said := ahead, 1
		if ahead > -60 && ahead < 60 {
			want, said = 0, 0
		}
		if d := i.ahead - want; d < -30 || d > 30 {
			t.Errorf("%d s ahead are taken for %d", ahead, i.ahead)
		}
		if n := strings.Count(log.String(), "clock differs"); n != said {
			t.Errorf("%d s ahead: said %d times:\n%s", ahead, n, &log)
		}
		if len(i.messages) == 0 {
			t.Errorf("%d s ahead: nothing is read any more", ahead)
		} else if d := i.messages[len(i.messages)-1].Time - (t0 + 1200 - 150); d < -150 || d > 150 {
			t.Errorf("%d s ahead: the last alarm is of %+d", ahead, d)
		}
	}
}
