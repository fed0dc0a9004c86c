package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// What a storm drops is a line for each sink, not one for each event, and it
// names those alarms that the sink is wrong about now.
func TestLosses(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	wantLines := func(question string, want ...string) {
		t.Helper()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if out.Len() == 0 {
			lines = nil
		}
		out.Reset()
		if len(lines) != len(want) {
			t.Errorf("%s: %d lines, want %d: %q", question, len(lines), len(want), lines)
			return
		}
		for i := range want {
			if !strings.Contains(lines[i], "level=ERROR msg=\"events dropped: no room") || !strings.HasSuffix(lines[i], want[i]) {
				t.Errorf("%s: line %d does not end with %q:\n%s", question, i, want[i], lines[i])
			}
		}
	}
	n := 0
	drop := func(sink, reason string, kind alarm.Kind, last bool) journal.Dropped {
		n++
		return journal.Dropped{Sink: sink, Reason: reason, Last: last, Event: &alarm.Event{ID: alarm.ID{Class: "vm", UUID: fmt.Sprint(n), Variable: "x"}, Kind: kind}}
	}

	var l losses
	var dropped []journal.Dropped
	for range 1000 {
		dropped = append(dropped, drop("webhook", journal.DropFull, alarm.KindRepeated, false), drop("nats", journal.DropFull, alarm.KindRaised, false), drop("nats", journal.DropFull, alarm.KindCleared, true))
	}
	dropped = append(dropped, drop("nats", journal.DropLarge, alarm.KindCleared, true))
	l.add(dropped)
	at := time.Unix(1e9, 0)
	l.tell(log, at)
	names := "vm/3/x cleared"
	for i := 6; i <= 30; i += 3 {
		names += fmt.Sprintf(", vm/%d/x cleared", i)
	}
	wantLines("a storm", "sink=webhook why=full events=1000 repeated=1000 overtaken=0 last=0",
		"sink=nats why=full events=2000 repeated=0 overtaken=1000 last=1000 alarms=\""+names+"\"",
		"sink=nats why=large events=1 repeated=0 overtaken=0 last=1 alarms=\"vm/3001/x cleared\"")

	// A queue that stays full is told of now and then, and none is forgotten.
	l.add([]journal.Dropped{drop("nats", journal.DropFull, alarm.KindRaised, true)})
	l.tell(log, at.Add(lossEvery-1))
	wantLines("soon after")
	l.add([]journal.Dropped{drop("nats", journal.DropFull, alarm.KindRaised, false)})
	l.tell(log, at.Add(lossEvery))
	wantLines("later", "sink=nats why=full events=2 repeated=0 overtaken=1 last=1 alarms=\"vm/3002/x raised\"")
	l.tell(log, at.Add(time.Hour))
	wantLines("no more")
	l.add([]journal.Dropped{drop("amqp", journal.DropFull, alarm.KindRaised, true)})
	l.tell(log, at.Add(time.Hour))
	wantLines("another sink", "sink=amqp why=full events=1 repeated=0 overtaken=0 last=1 alarms=\"vm/3004/x raised\"")
	l.add([]journal.Dropped{drop("amqp", journal.DropFull, alarm.KindRaised, false)})
	l.tell(log, at.Add(time.Hour))
	l.rest(log)
	wantLines("at the end", "sink=amqp why=full events=1 repeated=0 overtaken=1 last=0")
	l.rest(log)
	wantLines("once")
}
