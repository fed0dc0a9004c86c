package console

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// DefaultWidth is how wide output is that does not go to a terminal.
const DefaultWidth = 80

// Terminal says how wide the output is, and whether it can be in colours: only
// on a terminal, and not where NO_COLOR asks for none.
func Terminal(out io.Writer) (width int, color bool) {
	size := SizeOf(out)
	if size == nil || size.Col == 0 {
		return DefaultWidth, false
	}
	return min(int(size.Col), 160), os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// SizeOf is the size of a terminal, nil for what is none.
func SizeOf(out io.Writer) *unix.Winsize {
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

// Progress is a line on a terminal that says how far long work has come.
// Elsewhere it says nothing.
type Progress struct {
	out   io.Writer
	width int
	shown bool
}

// NewProgress makes one that is shown if out is a terminal.
func NewProgress(out io.Writer) *Progress {
	p := &Progress{}
	if size := SizeOf(out); size != nil {
		p.out, p.width = out, int(size.Col)
	}
	return p
}

// Say shows what is being done, and the how manyth of how many it is; of 0 is
// an unknown number.
func (p *Progress) Say(what string, i, of int) {
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

// Done takes the line away.
func (p *Progress) Done() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}
