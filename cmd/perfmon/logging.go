package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"log/syslog"
	"os"
	"syscall"

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
	if (background || journalReads(os.Stderr)) && journal.Enabled() {
		return slog.New(&journalHandler{level: level, send: journal.Send})
	}
	if background {
		if w, err := syslog.New(syslog.LOG_USER|syslog.LOG_INFO, "perfmon"); err == nil {
			stderr = w
		}
	}
	return slog.New(&lineHandler{Handler: slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})})
}

// journalReads says whether what a service writes to its stderr ends in the
// journal, or nowhere because the unit says so. A program that merely has a
// service above it, as in a shell, writes where it was told to.
//
// The service manager gives the stream's device and inode: JOURNAL_STREAM=9:4242
func journalReads(stderr *os.File) bool {
	var device, inode uint64
	if _, err := fmt.Sscanf(os.Getenv("JOURNAL_STREAM"), "%d:%d", &device, &inode); err != nil {
		return false
	}
	is, err := stderr.Stat()
	if err != nil {
		return false
	}
	if sys, ok := is.Sys().(*syscall.Stat_t); ok && sys.Dev == device && sys.Ino == inode {
		return true
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(null, is)
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
