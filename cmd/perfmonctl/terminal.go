package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// defaultWidth is how wide output is that does not go to a terminal.
const defaultWidth = 80

// terminal says how wide the output is, and whether it can be in colours: only
// on a terminal, and not where NO_COLOR asks for none.
func terminal(out io.Writer) (width int, color bool) {
	size := sizeOf(out)
	if size == nil || size.Col == 0 {
		return defaultWidth, false
	}
	return min(int(size.Col), 160), os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// sizeOf is the size of a terminal, nil for what is none.
func sizeOf(out io.Writer) *unix.Winsize {
	f, ok := out.(*os.File)
	if !ok {
		return nil
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return nil
	}
	return size
}

// progress is a line on a terminal that says how far long work has come.
// Elsewhere it says nothing.
type progress struct {
	out   io.Writer
	width int
	shown bool
}

func newProgress(out io.Writer) *progress {
	p := &progress{}
	if size := sizeOf(out); size != nil {
		p.out, p.width = out, int(size.Col)
	}
	return p
}

// say shows what is being done, and the how manyth of how many it is; of 0 is
// an unknown number.
func (p *progress) say(what string, i, of int) {
	if p.out == nil {
		return
	}
	if of > 1 {
		what = fmt.Sprintf("%d/%d %s", i+1, of, what)
	}
	if p.width > 4 && len(what) > p.width-1 {
		what = what[:p.width-1]
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", what)
	p.shown = true
}

// done takes the line away.
func (p *progress) done() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}
