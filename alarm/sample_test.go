package alarm

import "testing"

// Sample.From is where the time that a sample knows of begins. What lies
// between the last known value and there is dark; dark time of ten minutes, or
// of the period if that is longer, loses the progress. Each line has a bad row
// at 0 that stood for 10 s, and then one sample, bad where it is known.
func TestSampleFrom(t *testing.T) {
	const (
		lost = -1 // progress began anew with this sample, or is none
		kept = 0  // the stretch still begins at the row at 0
	)
	for _, c := range []struct {
		question string
		period   int64
		s        Sample
		badFor   int64
		stretch  int
		out      Kind
	}{
		{"the next row", 1000, Sample{T: 60, Span: 60, From: 0, Known: true}, 70, kept, ""},
		{"a row that comes early stands for less", 1000, Sample{T: 30, Span: 30, From: 0, Known: true}, 40, kept, ""},
		{"the row that completes the period", 70, Sample{T: 60, Span: 60, From: 0, Known: true}, 0, kept, KindRaised},
		{"a row after a hole: the hole counts for nothing", 1000, Sample{T: 660, Span: 60, From: 600, Known: true}, 70, kept, ""},
		{"a hole of a second less than the period", 1000, Sample{T: 1059, Span: 60, From: 999, Known: true}, 70, kept, ""},
		{"a hole of the period", 1000, Sample{T: 1060, Span: 60, From: 1000, Known: true}, 60, lost, ""},
		{"a short period: a hole of a second less than ten minutes", 100, Sample{T: 659, Span: 60, From: 599, Known: true}, 70, kept, ""},
		{"a hole of ten minutes", 100, Sample{T: 660, Span: 60, From: 600, Known: true}, 60, lost, ""},
		{"an hourly row knows of its whole hour", 100, Sample{T: 3600, Span: 3600, From: 0, Known: true}, 0, kept, KindRaised},
		{"and of no more: the rest is dark", 5000, Sample{T: 9000, Span: 3600, From: 5400, Known: true}, 3600, lost, ""},
		{"a reading knows of all time since the last one, whatever it stands for", 700, Sample{T: 1800, Span: 600, From: 0, Known: true}, 610, kept, ""},
		{"an unknown sample knows of nothing: dark up to its own time", 1000, Sample{T: 999, Span: 60, From: 939}, 10, kept, ""},
		{"which ends the progress at the limit", 1000, Sample{T: 1000, Span: 60, From: 940}, 0, lost, ""},
		{"an unknown reading too, although it looks back to the last", 700, Sample{T: 1800, Span: 700, From: 0}, 0, lost, ""},
	} {
		var tr Trigger
		tm := Timing{Period: c.period}
		tr.Step(tm, Sample{T: t0, Span: 10, From: t0 - 10, Known: true, Grade: BadCritical, Value: 1}, nil)
		c.s.T, c.s.From, c.s.Grade, c.s.Value = t0+c.s.T, t0+c.s.From, BadCritical, 1
		said := tr.Step(tm, c.s, nil)
		var out Kind
		for _, t := range said {
			out = t.Kind
		}
		stretch := lost
		if tr.State != Inactive && tr.Since == t0 {
			stretch = kept
		}
		if tr.BadFor != c.badFor || stretch != c.stretch || out != c.out || len(said) > 1 {
			t.Errorf("%s: %v with %d bad seconds since %d, said %+v; want %d bad seconds, stretch %d, %q",
				c.question, tr.State, tr.BadFor, tr.Since, said, c.badFor, c.stretch, c.out)
		}
	}
}
