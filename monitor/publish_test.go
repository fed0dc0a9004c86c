package monitor

import (
	"errors"
	"testing"
	"time"

	"perfmon/alarm"
)

// TestPublished: whoever looks on is told of each poll and of each silence,
// and sees what fires and what holds it back.
func TestPublished(t *testing.T) {
	var seen []*Snapshot
	w := newWorld(t, Options{Published: func(s *Snapshot) { seen = append(seen, s) }}, "vm/v/cpu0")
	w.give("vm", "v", "cpu_usage level=0.5 period=60 inhibit=600")
	w.silence(600, "variable=other") // before the first poll there is no picture
	if len(seen) != 0 || w.m.Snapshot() != nil {
		t.Fatal("a silence before the first poll was published")
	}
	one := func() *Snapshot {
		t.Helper()
		if len(seen) != 1 || seen[0] != w.m.Snapshot() {
			t.Fatalf("%d pictures", len(seen))
		}
		s := seen[0]
		seen = nil
		return s
	}

	w.row(60, 0.9)
	w.poll(61)
	s := one()
	v := s.Variables[0]
	if v.State != alarm.Firing || v.Since != t0+60 || v.Rule.Inhibit != 600 || v.InhibitUntil != t0+660 || v.Muted != "" ||
		len(v.Columns) != 1 || s.Plan.Entries[v.Columns[0]].Name != "cpu0" {
		t.Errorf("%+v", v)
	}
	if s.Polled != t0+61 || s.LastRow != t0+60 || s.Trouble != "" || s.HostUUID != "h" || len(s.Silences) != 1 {
		t.Errorf("%+v", s)
	}
	if !s.Recent(time.Unix(t0+61, 0)) || !s.Recent(time.Unix(t0+240, 0)) || s.Recent(time.Unix(t0+241, 0)) {
		t.Error("the row is recent for three steps")
	}

	id := w.silence(120, "variable=cpu_usage")
	if s := one(); len(s.Silences) != 2 || s.Variables[0].Muted != "silence "+id {
		t.Errorf("silenced: %+v", s)
	}
	if err := w.m.endSilence(id); err != nil {
		t.Fatal(err)
	}
	if s := one(); len(s.Silences) != 1 || s.Variables[0].Muted != "" {
		t.Errorf("silence ended: %+v", s)
	}

	w.refuse = errors.New("nobody there")
	w.poll(120)
	if s := one(); s.Polled != t0+61 || s.Trouble != "no rows: unreachable" {
		t.Errorf("without rows: %+v", s)
	}
	w.refuse = nil
	w.row(120, 0.1)
	w.poll(180)
	if s := one(); s.Variables[0].State != alarm.Inactive || s.Variables[0].InhibitUntil != 0 || s.Polled != t0+180 {
		t.Errorf("fine again: %+v", s.Variables[0])
	}

	w.wall = w.wall.Add(3600 * time.Second) // set, and nothing else
	w.refuse = errors.New("nobody there")
	w.pollNow()
	if s := one(); s.Polled != t0+180+3600 {
		t.Errorf("the clock was set: %d", s.Polled-t0)
	}
}
