package rubber

import (
	"errors"
	"fmt"
	"time"
)

// Window is a time of the week in which a profile has other bounds.
//
// It is a time of people: 08:00 is when clocks of its zone show 08:00, on the
// days when they are changed as well. A time of day that such a day does not
// have begins when the clocks have gone past it; one that it has twice begins
// the first time and ends the last.
type Window struct {
	Zone  *time.Location // nil is UTC
	Days  []time.Weekday // on which it begins; none is every day
	From  time.Duration  // since midnight, by the clock on the wall, below 24 h
	Until time.Duration  // the same; at or before From: on the next day
	Min   *int           // nil: as outside
	Max   *int
}

func (w *Window) check() error {
	day := 24 * time.Hour
	switch {
	case w.From < 0 || w.From >= day || w.Until < 0 || w.Until > day:
		return errors.New("from and until are times of day, 00:00 to 24:00")
	case w.Min == nil && w.Max == nil:
		return errors.New("it has neither min nor max")
	case w.Min != nil && *w.Min < 0 || w.Max != nil && *w.Max < 1:
		return errors.New("min is at least 0 and max at least 1")
	case w.Min != nil && w.Max != nil && *w.Min > *w.Max:
		return fmt.Errorf("min %d is above max %d", *w.Min, *w.Max)
	}
	return nil
}

// has says whether an instant lies in the window.
func (w *Window) has(at time.Time) bool {
	zone := w.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := at.In(zone)
	y, m, d := local.Date()
	// The window that began today, or the one of yesterday that goes past midnight.
	for back := range 2 {
		day := time.Date(y, m, d-back, 12, 0, 0, 0, zone) // noon is there every day
		if !w.on(day.Weekday()) {
			continue
		}
		dy, dm, dd := day.Date()
		until := w.Until
		if until <= w.From {
			until += 24 * time.Hour
		}
		begin, end := first(dy, dm, dd, w.From, zone), last(dy, dm, dd, until, zone)
		if !at.Before(begin) && at.Before(end) {
			return true
		}
	}
	return false
}

func (w *Window) on(day time.Weekday) bool {
	for _, d := range w.Days {
		if d == day {
			return true
		}
	}
	return len(w.Days) == 0
}

// first is the first instant of a day at which the clocks show a time of day or
// a later one; last is the last at which they begin to show it.
func first(y int, m time.Month, d int, of time.Duration, zone *time.Location) time.Time {
	early, _ := instants(y, m, d, of, zone)
	return early
}

func last(y int, m time.Month, d int, of time.Duration, zone *time.Location) time.Time {
	_, late := instants(y, m, d, of, zone)
	return late
}

// instants are the first and the last instant at which clocks show a time of
// day. They differ when an hour is there twice; when it is not there, both are
// the instant at which the clocks are put forward.
func instants(y int, m time.Month, d int, of time.Duration, zone *time.Location) (early, late time.Time) {
	wall := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(of) // what the clocks show
	// Whatever the offset of the zone is around that time, it is one of these two.
	_, before := wall.Add(-36 * time.Hour).In(zone).Zone()
	_, after := wall.Add(36 * time.Hour).In(zone).Zone()
	var found []time.Time
	for _, offset := range []int{before, after} {
		at := wall.Add(-time.Duration(offset) * time.Second)
		if _, have := at.In(zone).Zone(); have == offset {
			found = append(found, at)
		}
	}
	switch {
	case len(found) == 0: // the clocks jump over it
		return gap(wall, before, zone), gap(wall, before, zone)
	case len(found) == 1:
		return found[0], found[0]
	case found[0].After(found[1]):
		return found[1], found[0]
	}
	return found[0], found[1]
}

// gap is when the clocks are put forward over a time that they would have shown
// by the offset before.
func gap(wall time.Time, before int, zone *time.Location) time.Time {
	at := wall.Add(-time.Duration(before) * time.Second) // after the change, but for the size of the gap
	start, _ := at.In(zone).ZoneBounds()
	if start.IsZero() {
		return at
	}
	return start
}

// bounds are the floor and the ceiling of a profile at an instant: those of the
// last window that has it, or its own.
func (p *Profile) bounds(at time.Time) (least, most int, window int) {
	least, most, window = p.Min, p.Max, -1
	for i := range p.Schedule {
		w := &p.Schedule[i]
		if !w.has(at) {
			continue
		}
		window = i
		if w.Min != nil {
			least = *w.Min
		}
		if w.Max != nil {
			most = *w.Max
		}
	}
	if most > 0 && least > most {
		least = most // a ceiling is the stronger word
	}
	return least, most, window
}
