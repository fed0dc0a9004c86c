package top

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// emulator is what a terminal makes of what is written on it: as much of one
// as the renderer asks for. Styles are left out.
type emulator struct {
	width, height int
	x, y          int
	cells         [][]string // "" behind a wide cell

	unknown []string // sequences that it does not carry out
}

func newEmulator(width, height int) *emulator {
	e := &emulator{}
	e.resize(width, height)
	return e
}

// resize keeps what there is room for, as tmux and xterm do on their second
// screen.
func (e *emulator) resize(width, height int) {
	old := e.cells
	e.width, e.height, e.cells = width, height, nil
	for y := range height {
		row := blankRow(width)
		if y < len(old) {
			copy(row, old[y])
		}
		e.cells = append(e.cells, row)
	}
	e.x, e.y = min(e.x, width-1), min(e.y, height-1)
}

func blankRow(width int) []string { return strings.Split(strings.Repeat(" ", width), "") }

// write takes what was written, and returns the beginning of a sequence or a
// character that has not ended.
func (e *emulator) write(b []byte) (rest []byte) {
	p := ansi.NewParser()
	for len(b) > 0 {
		seq, width, n, state := ansi.DecodeSequence(b, ansi.NormalState, p)
		if n == len(b) && (state != ansi.NormalState || !utf8.FullRune(b)) {
			return b
		}
		e.take(string(seq), width, p)
		b = b[n:]
	}
	return nil
}

func (e *emulator) take(seq string, width int, p *ansi.Parser) {
	switch {
	case width > 0:
		e.put(seq, width)
	case seq == "\r":
		e.x = 0
	case seq == "\n":
		e.y = min(e.y+1, e.height-1)
	case seq == "\b":
		e.x = max(0, e.x-1)
	case seq == "\t":
		e.x = min((e.x/8+1)*8, e.width-1)
	case strings.HasPrefix(seq, "\x1b["):
		e.control(seq, p)
	}
}

func (e *emulator) put(text string, width int) {
	if e.x+width > e.width {
		e.x, e.y = 0, min(e.y+1, e.height-1)
	}
	e.cells[e.y][e.x] = text
	for i := 1; i < width; i++ {
		e.cells[e.y][e.x+i] = ""
	}
	e.x += width
}

// control carries out a control sequence. Those with a prefix or ones in
// between are modes and questions.
func (e *emulator) control(seq string, p *ansi.Parser) {
	command := ansi.Cmd(p.Command())
	if command.Prefix() != 0 || command.Intermediate() != 0 {
		return
	}
	param := func(i, otherwise int) int {
		if n, ok := p.Param(i, otherwise); ok && n > 0 {
			return n
		}
		return otherwise
	}
	n, x, row := param(0, 1), min(e.x, e.width-1), e.cells[e.y]
	switch command.Final() {
	case 'm', 'h', 'l', 'r', 'W', 't', 'u':
	case 'H', 'f':
		e.y, e.x = min(n, e.height)-1, min(param(1, 1), e.width)-1
	case 'd':
		e.y = min(n, e.height) - 1
	case 'G', '`':
		e.x = min(n, e.width) - 1
	case 'A':
		e.y = max(0, e.y-n)
	case 'B':
		e.y = min(e.y+n, e.height-1)
	case 'C':
		e.x = min(x+n, e.width-1)
	case 'D':
		e.x = max(0, x-n)
	case 'I':
		e.x = min((x/8+n)*8, e.width-1)
	case 'Z':
		e.x = max(0, ((x+7)/8-n)*8)
	case 'X':
		copy(row[x:], blankRow(min(n, e.width-x)))
	case 'K':
		switch param(0, 0) {
		case 0:
			copy(row[x:], blankRow(e.width-x))
		case 1:
			copy(row, blankRow(x+1))
		default:
			copy(row, blankRow(e.width))
		}
	case 'J':
		if param(0, 0) == 0 {
			copy(row[x:], blankRow(e.width-x))
		}
		for y := range e.height {
			if param(0, 0) == 2 || y > e.y {
				e.cells[y] = blankRow(e.width)
			}
		}
	case '@':
		e.cells[e.y] = append(append(append([]string{}, row[:x]...), blankRow(n)...), row[x:]...)[:e.width]
	case 'P':
		e.cells[e.y] = append(append(append([]string{}, row[:x]...), row[min(x+n, e.width):]...), blankRow(n)...)[:e.width]
	case 'b':
		last := row[max(0, x-1)]
		for range n {
			e.put(last, 1)
		}
	default:
		e.unknown = append(e.unknown, seq)
	}
}

// screen is what is on it, without blanks at the ends of lines.
func (e *emulator) screen() string {
	var b strings.Builder
	for _, row := range e.cells {
		b.WriteString(strings.TrimRight(strings.Join(row, ""), " ") + "\n")
	}
	return b.String()
}
