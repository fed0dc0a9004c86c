package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"log/syslog"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
)

// Prefixes of the stock daemon's lines, which log watchers look for.
const (
	linePrefix  = "PERFMON: "
	debugPrefix = "PERFMON(DEBUG): "
)

// newLogger logs to the journal with fields when the service manager reads
// our stderr or nobody does, to syslog where a background process finds no
// journal, and to stderr otherwise.
func newLogger(o *options, stderr io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if o.debug {
		level = slog.LevelDebug
	}
	background := isDaemonChild()
	if journal.Enabled() && (background || os.Getenv("JOURNAL_STREAM") != "") {
		return slog.New(&journalHandler{level: level})
	}
	if background {
		if w, err := syslog.New(syslog.LOG_USER|syslog.LOG_INFO, "perfmon"); err == nil {
			stderr = w
		}
	}
	return slog.New(&lineHandler{Handler: slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})})
}

func prefixOf(l slog.Level) string {
	if l < slog.LevelInfo {
		return debugPrefix
	}
	return linePrefix
}

// lineHandler puts the prefix before the message of a text line.
type lineHandler struct{ slog.Handler }

func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Message = prefixOf(r.Level) + r.Message
	return h.Handler.Handle(ctx, r)
}

func (h *lineHandler) WithAttrs(as []slog.Attr) slog.Handler {
	return &lineHandler{h.Handler.WithAttrs(as)}
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	return &lineHandler{h.Handler.WithGroup(name)}
}

// journalHandler sends each attribute as a field of its own, PERFMON_UUID
// and so on, and repeats them in the message for those who read lines.
type journalHandler struct {
	level slog.Level
	attrs []slog.Attr // under their whole names
	group string      // prefix of the names of attributes to come
}

func (h *journalHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *journalHandler) Handle(_ context.Context, r slog.Record) error {
	fields := map[string]string{"SYSLOG_IDENTIFIER": "perfmon"}
	var line strings.Builder
	line.WriteString(prefixOf(r.Level) + r.Message)
	add := func(key string, v slog.Value) {
		value := v.Resolve().String()
		fields["PERFMON_"+fieldName(key)] = value
		fmt.Fprintf(&line, " %s=%q", key, value)
	}
	for _, a := range h.attrs {
		add(a.Key, a.Value)
	}
	r.Attrs(func(a slog.Attr) bool {
		add(h.group+a.Key, a.Value)
		return true
	})
	return journal.Send(line.String(), priorityOf(r.Level), fields)
}

func (h *journalHandler) WithAttrs(as []slog.Attr) slog.Handler {
	n := *h
	for _, a := range as {
		a.Key = h.group + a.Key
		n.attrs = append(n.attrs[:len(n.attrs):len(n.attrs)], a)
	}
	return &n
}

func (h *journalHandler) WithGroup(name string) slog.Handler {
	n := *h
	n.group += name + "_"
	return &n
}

// fieldName makes a journal field's name of a log key: A-Z, 0-9 and _.
func fieldName(key string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z':
			return c - 'a' + 'A'
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return c
		}
		return '_'
	}, key)
}

func priorityOf(l slog.Level) journal.Priority {
	switch {
	case l >= slog.LevelError:
		return journal.PriErr
	case l >= slog.LevelWarn:
		return journal.PriWarning
	case l >= slog.LevelInfo:
		return journal.PriInfo
	}
	return journal.PriDebug
}
