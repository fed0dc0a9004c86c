package monitor

// recentRows is how many of its last rows a variable remembers, for those who
// ask why it says what it says.
const recentRows = 24

// recent is the last values of a variable. It takes its memory with the first.
type recent struct {
	points []point
	next   int // where the next one goes, once the ring is full
}

// point is one value; NaN is unknown.
type point struct {
	t     int64 // Unix seconds
	value float64
}

func (r *recent) add(p point) {
	if r.points == nil {
		r.points = make([]point, 0, recentRows)
	}
	if len(r.points) < recentRows {
		r.points = append(r.points, p)
		return
	}
	r.points[r.next] = p
	r.next = (r.next + 1) % recentRows
}

// each calls f with the points, oldest first.
func (r *recent) each(f func(point)) {
	for i := range r.points {
		f(r.points[(r.next+i)%len(r.points)])
	}
}

// shift moves the times by d seconds.
func (r *recent) shift(d int64) {
	for i := range r.points {
		r.points[i].t += d
	}
}
