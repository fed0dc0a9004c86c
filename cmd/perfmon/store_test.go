package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// What a storm drops is a line for each sink, not one for each event.
func TestDroppedEventsAreToldInOneLine(t *testing.T) {
	var dropped []journal.Dropped
	add := func(sink, reason string, kind alarm.Kind) {
		e := &alarm.Event{ID: alarm.ID{Class: "vm", UUID: fmt.Sprint(len(dropped)), Variable: "x"}, Kind: kind, Epoch: "e", Sequence: int64(len(dropped))}
		dropped = append(dropped, journal.Dropped{Sink: sink, Event: e, Reason: reason})
	}
	for range 1000 {
		add("webhook", journal.DropFull, alarm.KindRepeated)
		add("nats", journal.DropFull, alarm.KindRaised)
	}
	add("nats", journal.DropLarge, alarm.KindCleared)
	var out bytes.Buffer
	tellDropped(slog.New(slog.NewTextHandler(&out, nil)), dropped)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{
		"sink=webhook why=full events=1000 repeated=1000 first=/vm/0/x/e/0 kind=repeated",
		"sink=nats why=full events=1000 repeated=0 first=/vm/1/x/e/1 kind=raised",
		"sink=nats why=large events=1 repeated=0 first=/vm/2000/x/e/2000 kind=cleared",
	} {
		if i >= len(lines) || !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d does not end with %q:\n%s", i, want, out.String())
		}
	}
	if len(lines) != 3 {
		t.Errorf("%d lines, want 3", len(lines))
	}
}
