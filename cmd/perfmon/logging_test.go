package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	f := func(debug bool, log func(*slog.Logger), want string) {
		t.Helper()
		var out bytes.Buffer
		log(newLogger(&options{debug: debug}, &out))
		got := out.String()
		if _, rest, ok := strings.Cut(got, " "); ok { // without the time
			got = rest
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(false, func(l *slog.Logger) { l.Info("begins", "pid", 7) }, "level=INFO msg=\"PERFMON: begins\" pid=7\n")
	f(false, func(l *slog.Logger) { l.Warn("odd") }, "level=WARN msg=\"PERFMON: odd\"\n")
	f(false, func(l *slog.Logger) { l.Error("bad", "err", errors.New("two\nlines")) }, "level=ERROR msg=\"PERFMON: bad\" err=\"two\\nlines\"\n")
	f(false, func(l *slog.Logger) { l.Debug("detail") }, "")
	f(true, func(l *slog.Logger) { l.Debug("detail") }, "level=DEBUG msg=\"PERFMON(DEBUG): detail\"\n")
	f(true, func(l *slog.Logger) { l.With("uuid", "u").WithGroup("g").Info("more", "a", 1) }, "level=INFO msg=\"PERFMON: more\" uuid=u g.a=1\n")
}

// sent is an entry on its way to the journal.
type sent struct {
	Message  string
	Priority journal.Priority
	Fields   map[string]string
}

func TestJournalEntries(t *testing.T) {
	f := func(level slog.Level, log func(*slog.Logger), want ...sent) {
		t.Helper()
		var got []sent
		h := &journalHandler{level: level, send: func(message string, priority journal.Priority, fields map[string]string) error {
			got = append(got, sent{message, priority, fields})
			return nil
		}}
		log(slog.New(h))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	fields := func(pairs ...string) map[string]string {
		m := map[string]string{"SYSLOG_IDENTIFIER": "perfmon"}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	f(slog.LevelInfo, func(l *slog.Logger) {
		l.Warn("alarm", "class", "vm", "value", 0.75, "err", errors.New("no \"more\"\nlines"))
	}, sent{`PERFMON: alarm class="vm" value="0.75" err="no \"more\"\nlines"`, journal.PriWarning,
		fields("PERFMON_CLASS", "vm", "PERFMON_VALUE", "0.75", "PERFMON_ERR", "no \"more\"\nlines")})
	f(slog.LevelInfo, func(l *slog.Logger) { l.Debug("detail"); l.Error("bad") }, sent{"PERFMON: bad", journal.PriErr, fields()})
	f(slog.LevelDebug, func(l *slog.Logger) { l.Debug("detail"); l.Info("begins") },
		sent{"PERFMON(DEBUG): detail", journal.PriDebug, fields()}, sent{"PERFMON: begins", journal.PriInfo, fields()})
	f(slog.LevelInfo, func(l *slog.Logger) {
		l.With("uuid", "u").WithGroup("web").With("port", 80).Info("x", "a.b-ß", 1, slog.Group("in", "c", 2), slog.Attr{})
	}, sent{`PERFMON: x uuid="u" web_port="80" web_a.b-ß="1" web_in_c="2"`, journal.PriInfo,
		fields("PERFMON_UUID", "u", "PERFMON_WEB_PORT", "80", "PERFMON_WEB_A_B__", "1", "PERFMON_WEB_IN_C", "2")})
	// Loggers made of one another do not share their attributes.
	f(slog.LevelInfo, func(l *slog.Logger) {
		base := l.With("a", 1)
		one, other := base.With("b", 2), base.With("c", 3)
		one.Info("one")
		other.Info("other")
	}, sent{`PERFMON: one a="1" b="2"`, journal.PriInfo, fields("PERFMON_A", "1", "PERFMON_B", "2")},
		sent{`PERFMON: other a="1" c="3"`, journal.PriInfo, fields("PERFMON_A", "1", "PERFMON_C", "3")})
}

func TestJournalFieldNames(t *testing.T) {
	for key, want := range map[string]string{"uuid": "UUID", "heap_bytes": "HEAP_BYTES", "A1": "A1", "größe": "GR__E", "": ""} {
		if got := fieldName(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
	if h := (&journalHandler{level: slog.LevelInfo}); h.Enabled(context.Background(), slog.LevelDebug) || !h.Enabled(context.Background(), slog.LevelInfo) {
		t.Error("the level is not kept")
	}
}

// TestWhoReadsTheJournal: a shell in a service's session has the variable of
// that service, but its terminal is not the journal.
func TestWhoReadsTheJournal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(t.TempDir() + "/stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Setenv("JOURNAL_STREAM", "")
	if journalReads(null) || journalReads(file) {
		t.Error("no service manager, and yet the journal")
	}
	t.Setenv("JOURNAL_STREAM", "1:1")
	if journalReads(file) {
		t.Error("a file is taken for the journal's stream")
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	sys := info.Sys().(*syscall.Stat_t)
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", sys.Dev, sys.Ino))
	if !journalReads(file) {
		t.Error("the journal's stream is not known")
	}
	if !journalReads(null) {
		t.Error("a service whose stderr goes nowhere would not be heard")
	}
}
