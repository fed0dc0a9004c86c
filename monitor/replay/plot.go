package replay

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"perfmon/alarm"
)

// PlotOptions says how a plot looks.
type PlotOptions struct {
	Width    int            // columns of the terminal; at least 40
	Height   int            // lines of the plot without its axis; at least 4
	Color    bool           // with the escapes of a terminal
	Zero     bool           // 0 is on the plot, whatever the values
	Location *time.Location // of the times below it
}

// A cell of a plot is a braille pattern of 2×4 dots.
const (
	cellWidth  = 2
	cellHeight = 4
	brailleNil = 0x2800
)

// brailleDots are the bits of a cell's dots, by column and line.
var brailleDots = [cellWidth][cellHeight]rune{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}

// How the levels are drawn.
const (
	levelMark   = '─'
	warningMark = '╌'
	clearMark   = '·'
)

// plot is a picture under way.
type plot struct {
	t        *Track
	o        PlotOptions
	from, to int64   // time, the same as that of the points
	low, top float64 // values at the edges
	gutter   int     // width of the labels of values
	cells    [][]rune
}

// Plot draws a variable's values over time, with its levels, and below them
// when it fired:
//
//	0.95 ┤     ⣀⠤⠒⠉⠑⠢⡀
//	 0.9 ┤───⡠⠊────────⠈⢆──────
//	     ┤⠤⠒⠊            ⠑⠢⠤⣀
//	     └──────────────────────
//	alarm      ▲━━━━━━━━▼
//	      09:00           10:00
//
// A column of dots goes from the lowest to the highest value of its time.
// Where nothing is known there are none.
func (t *Track) Plot(o PlotOptions) string {
	o.Width, o.Height = max(o.Width, 40), max(o.Height, 4)
	p := &plot{t: t, o: o}
	if !p.bounds() {
		return "  no value is known\n"
	}
	labels := p.labels()
	columns := o.Width - p.gutter - 2
	p.cells = make([][]rune, o.Height)
	for i := range p.cells {
		p.cells[i] = make([]rune, columns)
	}
	p.dots(columns)
	var b strings.Builder
	for line := range p.cells {
		p.line(&b, line, labels[line])
	}
	fmt.Fprintf(&b, "%*s └%s\n", p.gutter, "", strings.Repeat("─", columns))
	p.strip(&b, columns)
	p.axis(&b, columns)
	return b.String()
}

// bounds finds what the plot has to show; false if no value is known.
func (p *plot) bounds() bool {
	p.low, p.top = math.Inf(1), math.Inf(-1)
	show := func(v float64) {
		if !math.IsNaN(v) {
			p.low, p.top = min(p.low, v), max(p.top, v)
		}
	}
	for _, point := range p.t.Points {
		show(point.Value)
	}
	if math.IsInf(p.low, 0) {
		return false
	}
	for _, level := range []float64{p.t.Level, p.t.Warning, p.t.Clear} {
		show(level)
	}
	if p.o.Zero {
		show(0)
	}
	if p.low == p.top {
		margin := max(math.Abs(p.low)*0.1, 1e-9)
		p.low, p.top = p.low-margin, p.top+margin
	}
	first, last := p.t.Points[0], p.t.Points[len(p.t.Points)-1]
	p.from, p.to = first.T-first.Span, last.T
	return true
}

// row is the line of dots of a value, 0 at the top.
func (p *plot) row(v float64) int {
	dots := p.o.Height*cellHeight - 1
	// Halved: the difference of two numbers can be too large for one.
	return int(math.Round((p.top/2 - v/2) / (p.top/2 - p.low/2) * float64(dots)))
}

// labels are the values beside the lines: the edges and the levels, which win.
func (p *plot) labels() []string {
	labels := make([]string, p.o.Height)
	labels[0], labels[p.o.Height-1] = plainValue(p.top), plainValue(p.low)
	for _, level := range []float64{p.t.Clear, p.t.Warning, p.t.Level} {
		if !math.IsNaN(level) {
			labels[p.row(level)/cellHeight] = plainValue(level)
		}
	}
	for _, label := range labels {
		p.gutter = max(p.gutter, len(label))
	}
	p.gutter = max(p.gutter, len("alarm"))
	return labels
}

// dots sets the dots of all values.
func (p *plot) dots(columns int) {
	before := -1 // the last dot of the column before, if it had any
	for x := range columns * cellWidth {
		low, top, ok := p.extent(x, columns*cellWidth)
		if !ok {
			before = -1
			continue
		}
		from, to := p.row(top), p.row(low)
		switch { // the line is unbroken while values are known
		case before >= 0 && before < from:
			from = before + 1
		case before > to:
			to = before - 1
		}
		for y := from; y <= to; y++ {
			p.cells[y/cellHeight][x/cellWidth] |= brailleDots[x%cellWidth][y%cellHeight]
		}
		before = p.row(p.lastIn(x, columns*cellWidth))
	}
}

// time is the moment at which a column of dots begins.
func (p *plot) time(x, of int) float64 {
	return float64(p.from) + float64(x)/float64(of)*float64(p.to-p.from)
}

// within lists the points of one column of dots.
func (p *plot) within(x, of int) []Point {
	begin, end := p.time(x, of), p.time(x+1, of)
	points := p.t.Points
	i, _ := slices.BinarySearchFunc(points, begin, func(a Point, t float64) int {
		if float64(a.T) <= t {
			return -1
		}
		return 1
	})
	j := i
	for j < len(points) && float64(points[j].T-points[j].Span) < end {
		j++
	}
	return points[i:j]
}

func (p *plot) extent(x, of int) (low, top float64, ok bool) {
	low, top = math.Inf(1), math.Inf(-1)
	for _, point := range p.within(x, of) {
		if !math.IsNaN(point.Value) {
			low, top, ok = min(low, point.Value), max(top, point.Value), true
		}
	}
	return low, top, ok
}

// lastIn is the last known value of a column that has one.
func (p *plot) lastIn(x, of int) float64 {
	last := nan
	for _, point := range p.within(x, of) {
		if !math.IsNaN(point.Value) {
			last = point.Value
		}
	}
	return last
}

// line writes one line of cells. A level shows where no dots are.
func (p *plot) line(b *strings.Builder, line int, label string) {
	level := ' '
	for _, l := range []struct {
		value float64
		mark  rune
	}{{p.t.Clear, clearMark}, {p.t.Warning, warningMark}, {p.t.Level, levelMark}} {
		if !math.IsNaN(l.value) && p.row(l.value)/cellHeight == line {
			level = l.mark
		}
	}
	fmt.Fprintf(b, "%*s ┤", p.gutter, label)
	var text strings.Builder
	inLevel := false
	for _, cell := range p.cells[line] {
		if p.o.Color && level != ' ' && inLevel != (cell == 0) {
			inLevel = cell == 0
			text.WriteString(map[bool]string{true: yellow, false: plainColor}[inLevel])
		}
		if cell == 0 {
			text.WriteRune(level)
		} else {
			text.WriteRune(brailleNil + cell)
		}
	}
	if inLevel {
		text.WriteString(plainColor)
	}
	b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
}

const (
	yellow     = "\x1b[33m"
	red        = "\x1b[31m"
	plainColor = "\x1b[0m"
)

// strip writes when the variable fired, if it ever did.
func (p *plot) strip(b *strings.Builder, columns int) {
	marks := make([]rune, columns)
	any, before := false, alarm.Inactive
	for x := range columns {
		marks[x] = ' '
		for _, point := range p.within(x, columns) {
			now, was := fires(point.State), fires(before)
			switch {
			case now && !was:
				marks[x] = '▲'
			case was && !now && marks[x] == '▲':
				marks[x] = '◆' // both at once
			case was && !now && marks[x] != '◆':
				marks[x] = '▼'
			case now && marks[x] == ' ':
				marks[x] = '━'
			case point.State == alarm.NoData && marks[x] == ' ':
				marks[x] = '?'
			}
			before = point.State
		}
		any = any || marks[x] != ' '
	}
	if !any {
		return
	}
	text := strings.TrimRight(string(marks), " ")
	if p.o.Color {
		text = red + text + plainColor
	}
	fmt.Fprintf(b, "%*s  %s\n", p.gutter, "alarm", text)
}

func fires(s alarm.State) bool { return s == alarm.Firing || s == alarm.Clearing }

// axis writes the times of the beginning, the middle and the end.
func (p *plot) axis(b *strings.Builder, columns int) {
	format := "2006-01-02"
	switch length := p.to - p.from; {
	case length <= 2*3600:
		format = "15:04:05"
	case length <= 4*86400:
		format = "Jan 2 15:04"
	}
	at := func(t int64) string { return time.Unix(t, 0).In(p.o.Location).Format(format) }
	left, middle, right := at(p.from), at((p.from+p.to)/2), at(p.to)
	line := []rune(strings.Repeat(" ", columns))
	put := func(at int, text string) {
		copy(line[max(0, min(at, columns-utf8.RuneCountInString(text))):], []rune(text))
	}
	put(0, left)
	put(columns/2-len(middle)/2, middle)
	put(columns, right)
	fmt.Fprintf(b, "%*s  %s\n", p.gutter, "", strings.TrimRight(string(line), " "))
}
