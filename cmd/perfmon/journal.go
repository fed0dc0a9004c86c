package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
)

// journalHandler sends each attribute as a field of its own, PERFMON_UUID
// and so on, and repeats them in the message for those who read lines.
type journalHandler struct {
	send  func(message string, priority journal.Priority, fields map[string]string) error
	level slog.Level
	attrs []slog.Attr // in their groups
	group string      // prefix of the names of attributes to come
}

func (h *journalHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *journalHandler) Handle(_ context.Context, r slog.Record) error {
	e := journalEntry{fields: map[string]string{"SYSLOG_IDENTIFIER": "perfmon"}}
	e.line.WriteString(prefixOf(r.Level) + r.Message)
	for _, a := range h.attrs {
		e.add("", a)
	}
	r.Attrs(func(a slog.Attr) bool {
		e.add(h.group, a)
		return true
	})
	return h.send(e.line.String(), priorityOf(r.Level), e.fields)
}

// journalEntry is a message in the making.
type journalEntry struct {
	line   strings.Builder
	fields map[string]string
}

// add takes an attribute, or each one of a group's.
func (e *journalEntry) add(prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	switch {
	case v.Kind() == slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "_"
		}
		for _, member := range v.Group() {
			e.add(prefix, member)
		}
	case a.Key != "":
		e.fields["PERFMON_"+fieldName(prefix+a.Key)] = v.String()
		fmt.Fprintf(&e.line, " %s=%q", prefix+a.Key, v)
	}
}

func (h *journalHandler) WithAttrs(as []slog.Attr) slog.Handler {
	n := *h
	if h.group != "" {
		as = []slog.Attr{{Key: strings.TrimSuffix(h.group, "_"), Value: slog.GroupValue(as...)}}
	}
	n.attrs = append(n.attrs[:len(n.attrs):len(n.attrs)], as...)
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
