package replay

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// Outcome is what a rule would have said of one object.
type Outcome struct {
	Object      monitor.Object
	Used        []Used // of which archives rows were judged, oldest first
	Transitions []Transition
	Variables   []*Track
}

// Used is a stretch of rows of one archive that were judged. Times are Unix
// seconds.
type Used struct {
	Step, From, To int64
	Rows           int
}

// Transition is something that the rule would have said.
type Transition struct {
	alarm.Event
	// Lasted is, of what ends an alarm, for how many seconds it had fired.
	Lasted int64
}

// Track is what became of one variable, row by row.
type Track struct {
	alarm.ID
	Level    float64
	Warning  float64 // the warning level; NaN without one
	Clear    float64 // the clear level; NaN without one
	Low      bool    // bad is below the level
	Period   int64   // seconds
	Points   []Point
	firingAt int64 // since when it fires; 0 if it does not
}

// Point is one judged row. It stands for the Span seconds up to T.
type Point struct {
	T, Span int64
	Value   float64 // NaN for unknown
	State   alarm.State
}

// Fires says since when the variable fires at the end, in Unix seconds; 0 if
// it does not.
func (t *Track) Fires() int64 { return t.firingAt }

// Run tries the rule on one object's history: every recorded moment once, by
// the finest row that covers it. The error is that of ctx.
func (r *Rule) Run(ctx context.Context, h *History, o monitor.Object) (*Outcome, error) {
	objects := []monitor.Object{o}
	host := "unknown"
	for _, other := range h.Objects(rrd.ClassHost) {
		host = other.UUID
		if o.Class == rrd.ClassSR {
			objects = append(objects, other)
		}
	}
	if o.Class == rrd.ClassHost {
		host = o.UUID
	}
	p := &player{variables: r.variables, out: &Outcome{Object: o}, tracks: map[alarm.ID]*Track{}}
	var pieces []piece
	p.legend, pieces = h.merge(objects)
	p.agent = monitor.New(monitor.Options{
		Source: p, Clock: p, Store: p, Readings: p, Logger: slog.New(slog.DiscardHandler),
	})
	inv := &monitor.Inventory{
		HostUUID: host, Files: map[string]string{r.Class: r.text},
		Objects: map[monitor.Object]*monitor.Facts{{Class: rrd.ClassHost, UUID: host}: {Resident: true}},
	}
	inv.Objects[o] = &monitor.Facts{Resident: true, Tags: r.Tags}
	p.agent.SetInventory(inv)
	for _, row := range pieces {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		p.play(ctx, row)
	}
	return p.out, nil
}

// player hands the agent one row after the other, each at its own time, and
// notes what it says.
type player struct {
	variables []*config.Variable
	legend    *rrd.Legend
	row       piece
	agent     *monitor.Monitor
	out       *Outcome
	tracks    map[alarm.ID]*Track
}

func (p *player) play(ctx context.Context, row piece) {
	p.row = row
	// The rows are there, so there is nothing that could fail.
	_ = p.agent.Poll(ctx)
	p.used()
	for _, v := range p.agent.Snapshot().Variables {
		track := p.tracks[v.ID]
		if track == nil {
			track = p.newTrack(v.ID)
			p.tracks[v.ID] = track
			p.out.Variables = append(p.out.Variables, track)
		}
		track.Level, track.Low, track.Period = v.Level, v.Low, v.Period
		track.Points = append(track.Points, Point{T: row.t, Span: row.length, Value: valueOf(&v), State: v.State})
		switch {
		case v.State != alarm.Firing && v.State != alarm.Clearing:
			track.firingAt = 0
		case track.firingAt == 0:
			track.firingAt = row.t
		}
	}
}

func (p *player) newTrack(id alarm.ID) *Track {
	t := &Track{ID: id, Warning: nan, Clear: nan}
	for _, v := range p.variables {
		if v.Name == id.Variable && v.HasWarning {
			t.Warning = v.WarningLevel
		}
		if v.Name == id.Variable && v.HasClear {
			t.Clear = v.ClearLevel
		}
	}
	return t
}

// used adds the row to the stretches.
func (p *player) used() {
	list := p.out.Used
	if n := len(list); n > 0 && list[n-1].Step == p.row.step {
		list[n-1].To = p.row.t
		list[n-1].Rows++
		return
	}
	p.out.Used = append(list, Used{Step: p.row.step, From: p.row.t - p.row.length, To: p.row.t, Rows: 1})
}

// Update answers with the row of this moment.
func (p *player) Update(_ context.Context, start, _ int64, _ []string) (monitor.Update, error) {
	return &answer{
		header: rrd.Header{Start: start, Step: p.row.length, End: p.row.t, Legend: p.legend, Rows: 1, Columns: len(p.legend.Entries)},
		rows:   []rrd.Row{{T: p.row.t, Values: p.row.values}},
	}, nil
}

// Now is the time of the row.
func (p *player) Now() (time.Time, time.Duration) {
	return time.Unix(p.row.t, 0), time.Duration(p.row.t) * time.Second
}

// Read knows no readings: nobody records them.
func (p *player) Read(config.Fold) (float64, error) { return nan, nil }

// Epoch numbers nothing that anybody sees.
func (p *player) Epoch() string { return "replay" }

// Announce drops what repeats that an alarm fires.
func (p *player) Announce([]*alarm.Event) {}

// Keep notes what was said.
func (p *player) Keep(c *monitor.Changes) {
	for _, e := range c.Events {
		t := Transition{Event: *e}
		t.Labels = maps.Clone(e.Labels)
		if track := p.tracks[e.ID]; track != nil && track.firingAt != 0 && (e.Kind == alarm.KindCleared || e.Kind == alarm.KindNoData) {
			t.Lasted = e.Time - track.firingAt
		}
		p.out.Transitions = append(p.out.Transitions, t)
	}
}
