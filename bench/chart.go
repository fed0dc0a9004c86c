package main

import (
	"fmt"
	"math"
	"strings"
)

// chartFile is the chart of growth, seen from the folder bench.
const chartFile = "../docs/img/growth.svg"

// The chart's measures in pixels.
const (
	panelWidth, panelHeight = 360, 220
	left, right, top, below = 62, 28, 34, 44
)

// point is one of a chart.
type point struct{ x, y float64 }

// growthChart draws what a refresh takes and how large the agent gets by the
// number of VMs, each beside the straight line through nothing and the largest.
func growthChart(figures []Figure) string {
	var cpu, memory []point
	for _, f := range figures {
		cpu = append(cpu, point{f.X, f.Median})
		memory = append(memory, point{f.X, float64(f.Peak) / 1e6})
	}
	var b strings.Builder
	width, height := 2*(left+panelWidth+right), top+panelHeight+below
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12" fill="#333">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	panel(&b, 0, "CPU time of a refresh, ms", "#2563ac", cpu)
	panel(&b, left+panelWidth+right, "largest resident size, MB", "#b3541e", memory)
	b.WriteString("</svg>\n")
	return b.String()
}

// panel draws one of the two, its left edge at dx.
func panel(b *strings.Builder, dx float64, title, colour string, points []point) {
	last := points[len(points)-1]
	maxX, maxY := last.x, 0.0
	for _, p := range points {
		maxY = max(maxY, p.y)
	}
	stepY := niceStep(maxY / 4)
	maxY = stepY * math.Ceil(maxY/stepY)
	at := func(p point) (x, y float64) {
		return dx + left + p.x/maxX*panelWidth, top + panelHeight - p.y/maxY*panelHeight
	}
	fmt.Fprintf(b, `<text x="%g" y="20" font-weight="bold">%s</text>`+"\n", dx+left, title)
	for y := 0.0; y <= maxY; y += stepY {
		_, py := at(point{0, y})
		fmt.Fprintf(b, `<path d="M%g %.1fh%d" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="end">%g</text>`+"\n", dx+left, py, panelWidth, dx+left-6, py+4, y)
	}
	for x := 0.0; x <= maxX; x += niceStep(maxX / 5) {
		px, _ := at(point{x, 0})
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n", px, top+panelHeight+18, x)
	}
	fmt.Fprintf(b, `<text x="%g" y="%d" text-anchor="middle">VMs</text>`+"\n", dx+left+panelWidth/2, top+panelHeight+36)
	x0, y0 := at(point{0, 0})
	x1, y1 := at(last)
	fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="#999" stroke-dasharray="4 4"/>`+"\n", x0, y0, x1, y1)
	var line strings.Builder
	for i, p := range points {
		x, y := at(p)
		fmt.Fprintf(&line, "%c%.1f %.1f", "ML"[min(i, 1)], x, y)
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`+"\n", x, y, colour)
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", line.String(), colour)
}

// niceStep is 1, 2 or 5 times a power of ten, not below v.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v {
			return m * power
		}
	}
	return 10 * power
}
