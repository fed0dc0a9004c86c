package top

import "math"

// metric is one of the headlines of an object that are sorted and drawn.
type metric int

// The metrics of a row.
const (
	cpu metric = iota
	memory
	network
	disk
	contention
	metrics // how many there are
)

// historyLength bounds how many samples of an object are kept.
const historyLength = 256

// sample is an object's headlines at one time; NaN for unknown.
type sample struct {
	t      int64
	values [metrics]float64
}

// history is the newest samples of an object, oldest first.
type history []sample

// add adds a sample, unless it is not newer than the last.
func (h history) add(s sample) history {
	if n := len(h); n > 0 && h[n-1].t >= s.t {
		return h
	}
	if len(h) >= historyLength {
		h = append(h[:0], h[len(h)-historyLength+1:]...)
	}
	return append(h, s)
}

// before is a history that begins with values at some times, as far as they
// are before its first sample. It begins with the first time at which anything
// is known.
func (h history) before(t []int64, values [metrics][]float64) history {
	var early history
	for i, at := range t {
		if len(h) > 0 && at >= h[0].t {
			break
		}
		s, any := sample{t: at}, false
		for m, list := range values {
			s.values[m] = math.NaN()
			if i < len(list) {
				s.values[m] = list[i]
			}
			any = any || !math.IsNaN(s.values[m])
		}
		if any || len(early) > 0 {
			early = append(early, s)
		}
	}
	return append(early, h...)
}

// blocks are the heights of a sparkline.
var blocks = []rune("▁▂▃▄▅▆▇█")

// spark draws the last cells times each seconds up to end, on a scale from 0
// to top, or to the largest value if that is 0. A sample stands for the step
// before it, and a cell for the largest value that lies in it. Before the
// first sample there is nothing, and a dot where nothing is known after it.
func (h history) spark(m metric, top float64, end int64, cells int, each, step int64) string {
	text := make([]rune, cells)
	values := make([]float64, cells)
	largest := 0.0
	for i := range cells {
		to := end - int64(cells-1-i)*each
		values[i] = h.largest(m, to-each, to, step)
		if !math.IsNaN(values[i]) {
			largest = max(largest, values[i])
		}
	}
	if top == 0 {
		top = largest
	}
	for i, v := range values {
		switch {
		case math.IsNaN(v) && (len(h) == 0 || end-int64(cells-1-i)*each < h[0].t):
			text[i] = ' '
		case math.IsNaN(v):
			text[i] = '·'
		case top <= 0:
			text[i] = blocks[0]
		default:
			text[i] = blocks[max(0, min(len(blocks)-1, int(v/top*float64(len(blocks)))))]
		}
	}
	return string(text)
}

// largest is the largest value of the samples that stand for a part of the
// time from..to; NaN for none.
func (h history) largest(m metric, from, to, step int64) float64 {
	out := math.NaN()
	for i := len(h) - 1; i >= 0 && h[i].t > from; i-- {
		if h[i].t-step >= to {
			continue
		}
		if v := h[i].values[m]; !math.IsNaN(v) && !(v <= out) {
			out = v
		}
	}
	return out
}
