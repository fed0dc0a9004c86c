package monitor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"perfmon/alarm"
	"perfmon/monitor/config"
)

// story is a world that follows a real time of its own, in seconds from the
// first poll. The wall clock runs offset ahead of it; the source dates all its
// rows, past ones too, by the wall clock of the moment, as toolstacks do.
type story struct {
	*world
	rt     *rapid.T
	real   int64
	offset int64
	values []float64 // of the rows at 0, 60, 120 … real seconds after origin
	shape  int       // of the legend
}

const (
	origin  = -600 // real time of row 0
	holding = 700  // period, seconds: of the third variable
	quiet   = 600  // inhibit, seconds: of the second
)

func newStory(t *testing.T, rt *rapid.T) *story {
	s := &story{world: newWorld(t, Options{}, "host/h/load"), rt: rt}
	s.give("host", "h", fmt.Sprintf("each level=0.5 regex=load period=0 inhibit=0;"+
		"quiet level=0.5 regex=load period=0 inhibit=%d; held level=0.5 regex=load period=%d inhibit=0", quiet, holding))
	s.with("vm", "d", Facts{Resident: true, ControlDomain: true,
		Config: shortXML(fmt.Sprintf("fs_usage level=0.5 period=%d inhibit=%d", holding, quiet))})
	return s
}

// tell makes the source's answers of this moment: rows up to now, under one of
// several legends, some of them twice.
func (s *story) tell() {
	for len(s.values) <= int(s.real-origin)/60 {
		v := float64(len(s.values)) / 1e6
		switch rapid.IntRange(0, 7).Draw(s.rt, "value") {
		case 0: // good
		case 1:
			v = nan
		default:
			v++ // bad
		}
		s.values = append(s.values, v)
	}
	s.setColumns([][]string{
		{"host/h/load"}, {"vm/x/load", "host/h/load"}, {"host/h/load", "host/h/load"},
	}[s.shape]...)
	s.rows = map[int64][]float64{}
	for i, v := range s.values {
		row := [][]float64{{v}, {7, v}, {v, 7}}[s.shape]
		s.rows[t0+origin+60*int64(i)+s.offset] = row
	}
}

// pass lets real time pass, and sets the wall clock ahead or back.
func (s *story) pass(seconds, set int64) {
	s.real += seconds
	s.offset += set
	s.mono += time.Duration(seconds) * time.Second
	s.wall = time.Unix(t0+s.real+s.offset, 0)
	s.tell()
}

// oracle is rule 1, 2 and 4 in real time, where clocks are never set.
type oracle struct {
	next    int64 // real time asked for next
	hasLast bool
	last    int64
	broken  int
	trig    [3]alarm.Trigger

	hasRead bool
	readAt  int64
	reading alarm.Trigger
}

// asked lists the times of the rows that are there and were not evaluated.
func (o *oracle) asked(s *story) (times []int64) {
	for i := range s.values {
		if t := origin + 60*int64(i); t >= o.next {
			times = append(times, t)
		}
	}
	return times
}

var timings = [3]alarm.Timing{{}, {Inhibit: quiet}, {Period: holding}}

// epoch keeps the oracle's times, which begin about 0, away from 0: to a
// trigger that is never.
const epoch = 1_000_000

// gradeOf is the grade of a value whose level is 0.5.
func gradeOf(v float64) alarm.Grade {
	if v > 0.5 {
		return alarm.BadCritical
	}
	return alarm.Fine
}

// raises steps a trigger and says whether an alarm comes of it.
func raises(t *alarm.Trigger, tm alarm.Timing, s alarm.Sample) bool {
	for _, out := range t.Step(tm, s, nil) {
		if (out.Kind == alarm.KindRaised || out.Kind == alarm.KindRepeated) && !out.Inhibited {
			return true
		}
	}
	return false
}

// read is rule 9.
func (o *oracle) read(s *story) (raised []string) {
	value, known := s.reads[config.FSUsage]
	since := int64(60)
	if o.hasRead {
		since = s.real - o.readAt
	}
	if since == 0 {
		return nil
	}
	span := since
	if o.hasRead {
		span = min(since, holding)
	}
	o.hasRead, o.readAt = true, s.real
	if raises(&o.reading, alarm.Timing{Period: holding, Inhibit: quiet},
		alarm.Sample{T: epoch + s.real, Span: span, From: epoch + s.real - since, Known: known, Grade: gradeOf(value), Value: value}) {
		raised = append(raised, fmt.Sprintf("fs_usage %.6f", value))
	}
	return raised
}

func (o *oracle) poll(s *story, refused, broken bool) (raised []string) {
	switch {
	case refused:
		return nil
	case broken:
		if o.broken++; o.broken == 3 {
			o.broken = 0
			o.next = max(o.next, s.real-300)
		}
		return nil
	}
	o.broken = 0
	var rows []alarm.Sample
	for _, t := range o.asked(s) {
		v, span := s.values[(t-origin)/60], int64(60)
		if o.hasLast {
			span = min(span, t-o.last)
		}
		rows = append(rows, alarm.Sample{T: epoch + t, Span: span, From: epoch + t - span, Known: known(v), Grade: gradeOf(v), Value: v})
		o.hasLast, o.last, o.next = true, t, t+1
	}
	for i, name := range []string{"each", "quiet", "held"} {
		for _, r := range rows {
			if raises(&o.trig[i], timings[i], r) {
				raised = append(raised, fmt.Sprintf("%s %.6f", name, r.Value))
			}
		}
	}
	return raised
}

// Whatever fails, whenever clocks are set and however often rows are asked
// for: each row that was not given up is evaluated once, with its own time.
func TestEachRowOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newStory(t, rt)
		o := &oracle{next: -300}
		steps := rapid.SampledFrom([]int64{0, 0, 0, 0, 7200, -7200, 120, -120, 86400 * 5000, -86400 * 5000})
		for range rapid.IntRange(1, 40).Draw(rt, "polls") {
			var passes, set int64
			if len(s.asked) > 0 { // the first poll is at 0
				passes = rapid.SampledFrom([]int64{0, 5, 60, 61, 300, 1200}).Draw(rt, "passes")
				set = steps.Draw(rt, "set")
			}
			s.shape = rapid.IntRange(0, 2).Draw(rt, "legend")
			s.pass(passes, set)
			s.refuse, s.breakAt = nil, 0
			fate := rapid.SampledFrom([]string{"good", "good", "good", "refused", "broken", "broken"}).Draw(rt, "fate")
			switch fate {
			case "refused":
				s.refuse = errTorn
			case "broken":
				s.breakAt = rapid.IntRange(1, 3).Draw(rt, "at")
				// where there are fewer rows, the end is missing
				s.breakAt = min(s.breakAt, 1+len(o.asked(s)))
			}
			if during := steps.Draw(rt, "set during the answer"); during != 0 {
				s.meanwhile = func() { s.pass(0, during) }
				if fate == "refused" {
					s.meanwhile = nil
				}
			}
			delete(s.reads, config.FSUsage)
			if v := rapid.IntRange(0, 5).Draw(rt, "reading"); v > 0 {
				s.reads[config.FSUsage] = float64(min(v-1, 1)) + float64(len(s.asked))/1e6
			}
			s.pollNow()
			var got []string
			for _, a := range s.alarms {
				got = append(got, fmt.Sprintf("%s %.6f", a.Variable, a.Value))
			}
			want := append(o.read(s), o.poll(s, fate == "refused", fate == "broken")...)
			if !slices.Equal(got, want) {
				rt.Fatalf("poll %d at %d (%s):\n got  %s\n want %s\n%s", len(s.asked), s.real, fate,
					strings.Join(got, ", "), strings.Join(want, ", "), s.log.String())
			}
		}
	})
}
