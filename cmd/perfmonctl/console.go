package main

import (
	"io"

	"perfmon/cmd/internal/console"
)

// What cmd/internal/console has, by the names that it has here.
type (
	screen   = console.Screen
	style    = console.Style
	times    = console.Times
	progress = console.Progress
	sheet    = console.Sheet
)

const (
	plain  = console.Plain
	bad    = console.Bad
	warned = console.Warned
	good   = console.Good
	faint  = console.Faint
	strong = console.Strong
)

func screenOf(out io.Writer) screen                  { return console.ScreenOf(out) }
func paint(s style, text string) string              { return console.Paint(s, text) }
func textWidth(text string) int                      { return console.TextWidth(text) }
func printable(text string) string                   { return console.Printable(text) }
func span(seconds int64) string                      { return console.Span(seconds) }
func terminal(out io.Writer) (width int, color bool) { return console.Terminal(out) }
func newProgress(out io.Writer) *progress            { return console.NewProgress(out) }
func asJSON(v any) ([]byte, error)                   { return console.JSON(v) }
