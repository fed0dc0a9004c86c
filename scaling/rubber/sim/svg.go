package sim

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Colours are of middle brightness, so that the chart can be read on white and on
// black. There is no background.
const (
	grey     = "#7d7d7d"
	faint    = "#80808040"
	colOurs  = "#2f80d0"
	colKEDA  = "#d98324"
	colOld   = "#a35fb5"
	colOpt   = "#3f9b55"
	colFill  = "#80808055"
	rowHigh  = 190.0
	dotsLeft = 62.0
	dotsWide = 250.0
	dayLeft  = 392.0
	dayWide  = 480.0
	plotHigh = 130.0
)

func colour(policy string) string {
	switch policy {
	case Rubber:
		return colOurs
	case KEDA, KEDARandom:
		return colKEDA
	case Optimum:
		return colOpt
	}
	return colOld
}

// SVG draws a row a trace: on the left what each policy costs and how long tasks
// wait, on the right demand and machines over time, where Options.Curve was set.
func (r *Report) SVG(out io.Writer) error {
	traces := r.Traces()
	high := 58 + rowHigh*float64(len(traces))
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 %g" width="900" height="%g" font-family="sans-serif" font-size="11" fill="%s">`+"\n", high, high, grey)
	legend(&b)
	for i, trace := range traces {
		fmt.Fprintf(&b, `<g transform="translate(0 %g)">`+"\n", 40+rowHigh*float64(i))
		r.dots(&b, trace)
		r.curves(&b, trace)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	return nil
}

func legend(b *strings.Builder) {
	x := dotsLeft
	for _, e := range []struct{ name, colour string }{
		{"rubber", colOurs}, {"KEDA + HPA", colKEDA}, {"the ancestor, ratio 0.1, 0.2, 1", colOld}, {"optimum that knows the future", colOpt}, {"demand: tasks that wait or run", grey}} {
		fmt.Fprintf(b, `<rect x="%g" y="8" width="10" height="10" rx="2" fill="%s"/><text x="%g" y="17">%s</text>`+"\n", x, e.colour, x+15, e.name)
		x += 36 + 5.6*float64(len(e.name))
	}
}

// nice is a step for an axis that has some four of them up to a value.
func nice(top float64) float64 {
	raw := top / 4
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*unit >= raw {
			return m * unit
		}
	}
	return 10 * unit
}

// axis draws lines across, each with its value.
func axis(b *strings.Builder, left, wide, top float64, unit string) {
	step := nice(top)
	for v := 0.0; v <= top; v += step {
		y := 20 + plotHigh*(1-v/top)
		fmt.Fprintf(b, `<path d="M%g %.1fh%g" stroke="%s"/><text x="%g" y="%.1f" text-anchor="end">%g</text>`+"\n", left, y, wide, faint, left-6, y+4, v)
	}
	fmt.Fprintf(b, `<text x="%g" y="10">%s</text>`+"\n", left, unit)
}

// dots is mean wait over cost: the nearer to the corner, the better.
func (r *Report) dots(b *strings.Builder, trace string) {
	var list []Result
	right, top := 0.0, 0.0
	for _, p := range r.Options.Names {
		if x, ok := r.Mean(trace, p); ok && p != KEDARandom {
			list = append(list, x)
			right, top = max(right, x.Cost*1.08), max(top, x.Mean*1.1)
		}
	}
	if top <= 0 || right <= 0 {
		return
	}
	axis(b, dotsLeft, dotsWide, top, "<tspan font-weight=\"bold\">"+escape(trace)+"</tspan>  mean wait, s")
	step := nice(right)
	for v := 0.0; v <= right; v += step {
		fmt.Fprintf(b, `<text x="%.1f" y="%g" text-anchor="middle">%g</text>`+"\n", dotsLeft+dotsWide*v/right, 20+plotHigh+15, v)
	}
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="end">VM-hours and starts</text>`+"\n", dotsLeft+dotsWide, 20+plotHigh+28)
	for _, x := range list {
		size := 4.0
		if x.Policy == Rubber {
			size = 6
		}
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="%g" fill="%s"><title>%s: %.1f VM-hours, %d starts, mean wait %.1f s, p95 %.0f s</title></circle>`+"\n",
			dotsLeft+dotsWide*x.Cost/right, 20+plotHigh*(1-x.Mean/top), size, colour(x.Policy), escape(x.Policy), x.Hours, x.Starts, x.Mean, x.P95)
	}
}

// curves is a day: demand as an area, machines as lines.
func (r *Report) curves(b *strings.Builder, trace string) {
	ours, ok1 := r.Mean(trace, Rubber)
	keda, ok2 := r.Mean(trace, KEDA)
	if !ok1 || len(ours.Curve) == 0 {
		return
	}
	end := ours.Curve[len(ours.Curve)-1].At
	if end <= 0 {
		return
	}
	top := 1.0
	for _, p := range ours.Curve {
		top = max(top, float64(max(p.Machines, min(p.Demand, 2*r.Options.Cap))))
	}
	top *= 1.05
	axis(b, dayLeft, dayWide, top, "demand and machines, first seed")
	hours := max(1, int(end.Hours()/8+0.5)) // between marks
	for h := 0; h <= int(end.Hours()); h += hours {
		fmt.Fprintf(b, `<text x="%.1f" y="%g" text-anchor="middle">%d h</text>`+"\n", dayLeft+dayWide*float64(h)/end.Hours(), 20+plotHigh+15, h)
	}
	place := func(at time.Duration, n int) (x, y float64) {
		return dayLeft + dayWide*float64(at)/float64(end), 20 + plotHigh*(1-min(float64(n), top)/top)
	}
	fmt.Fprintf(b, `<path fill="%s" d="M%g %g`, colFill, dayLeft, 20+plotHigh)
	for _, p := range ours.Curve {
		x, y := place(p.At, p.Demand)
		fmt.Fprintf(b, "L%.1f %.1f", x, y)
	}
	fmt.Fprintf(b, `L%g %gz"/>`+"\n", dayLeft+dayWide, 20+plotHigh)
	line := func(points []Point, colour string, wide float64) {
		last := -1
		fmt.Fprintf(b, `<path fill="none" stroke="%s" stroke-width="%g" stroke-linejoin="round" d="`, colour, wide)
		for i, p := range points {
			x, y := place(p.At, p.Machines)
			switch {
			case i == 0:
				fmt.Fprintf(b, "M%.1f %.1f", x, y)
			case p.Machines != last:
				fmt.Fprintf(b, "H%.1fV%.1f", x, y)
			case i == len(points)-1:
				fmt.Fprintf(b, "H%.1f", x)
			}
			last = p.Machines
		}
		b.WriteString(`"/>` + "\n")
	}
	if ok2 && len(keda.Curve) > 0 {
		line(keda.Curve, colKEDA, 1.2)
	}
	line(ours.Curve, colOurs, 1.6)
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
