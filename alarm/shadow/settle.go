package shadow

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"perfmon/alarm"
)

const (
	skew     = 60             // by how much clocks may differ, and how long the toolstack may take, seconds
	rowDelay = 15             // after its time, until a row can be had, seconds
	memory   = 48 * 60 * 60   // how long what is over is remembered, seconds
	longest  = 24 * 60 * 60   // period that is waited for, seconds
	alike    = 0.01           // part by which values may differ
	rounding = 1.000001 / 1e6 // by how much printing with six decimals changes a value
)

// early is by how much the stock daemon may have been the first: its count of
// bad rows may have begun before ours, at most a period.
func (c *Comparison) early(period int64) int64 { return min(period, longest) + skew }

// late is how long after the row the message can come that has nothing to
// wait for but a poll: ours may have begun to count before it.
func (c *Comparison) late(period int64) int64 {
	return c.opts.PollEvery + rowDelay + min(period, longest) + skew
}

// due is until when stock's message for an alarm of ours may come. Its inhibit
// time counts from its own message before, so what it repeats falls behind
// what we do, at most by that time.
func (c *Comparison) due(o *ours, before int64) int64 {
	wait := int64(0)
	if before != 0 {
		wait = min(max(0, before+o.inhibit-o.e.Time), o.inhibit)
	}
	return o.e.Time + wait + c.late(o.e.Period)
}

// Settle decides what can be decided, oldest first. All alarms of ours of rows
// up to oursUntil have been given, and all messages up to theirsUntil.
func (c *Comparison) Settle(oursUntil, theirsUntil int64) []Finding {
	var found []Finding
	for _, id := range slices.SortedFunc(maps.Keys(c.tracks), compareIDs) {
		t := c.tracks[id]
		found = append(found, c.settleOurs(id, t, theirsUntil)...)
		found = append(found, c.settleTheirs(id, t, oursUntil)...)
		newest := max(t.lastOurs, t.lastTheirs, t.heldAt)
		if len(t.ours)+len(t.stocks) == 0 && newest+memory < min(oursUntil, theirsUntil) {
			delete(c.tracks, id)
		}
	}
	maps.DeleteFunc(c.seen, func(_ string, at int64) bool { return at+memory < theirsUntil })
	maps.DeleteFunc(c.objects, func(_ Object, o *object) bool { return !o.here && o.left+memory < theirsUntil })
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.at(), b.at()) })
	for _, f := range found {
		c.count(f)
	}
	return found
}

func compareIDs(a, b alarm.ID) int { return strings.Compare(a.String(), b.String()) }

// settleOurs finds for each alarm of ours, oldest first, the first message
// that can be of it.
func (c *Comparison) settleOurs(id alarm.ID, t *track, theirsUntil int64) []Finding {
	var found []Finding
	var waiting []*ours
	for _, o := range t.ours {
		before := t.lastTheirs
		first := o.e.Time - c.early(o.e.Period)
		for _, s := range t.stocks {
			if s.m.Time < first {
				before = max(before, s.m.Time)
			}
		}
		due := c.due(o, before)
		i := slices.IndexFunc(t.stocks, func(s *theirs) bool { return first <= s.m.Time && s.m.Time <= due })
		switch {
		case i >= 0:
			s := t.stocks[i]
			t.stocks = slices.Delete(t.stocks, i, i+1)
			c.open[1]--
			t.lastTheirs = max(t.lastTheirs, s.m.Time)
			found = append(found, c.both(id, o, s))
		case theirsUntil > due:
			found = append(found, c.onlyOurs(id, t, o, before))
			t.alone = o.e.Time
		default:
			waiting = append(waiting, o)
			continue
		}
		c.open[0]--
		t.lastOurs = max(t.lastOurs, o.e.Time)
	}
	t.ours = waiting
	return found
}

// settleTheirs finds the messages for which no alarm of ours can come any
// more. Those from before our time are only remembered.
func (c *Comparison) settleTheirs(id alarm.ID, t *track, oursUntil int64) []Finding {
	var found []Finding
	var waiting []*theirs
	for _, s := range t.stocks {
		if oursUntil < s.m.Time+c.early(s.period) {
			waiting = append(waiting, s)
			continue
		}
		c.open[1]--
		if s.m.Time >= c.opts.Began {
			found = append(found, c.onlyTheirs(id, t, s))
		}
		t.lastTheirs = max(t.lastTheirs, s.m.Time)
	}
	t.stocks = waiting
	return found
}

// both compares what the two say of one alarm.
func (c *Comparison) both(id alarm.ID, o *ours, s *theirs) Finding {
	f := c.finding(id, Agreed)
	f.Name, f.Row, f.Here = o.e.Name, o.e.Time, o.number
	f.Message, f.Stock = s.m.Time, s.number
	if o.config != s.config {
		f.Differs = append(f.Differs, "configuration")
	}
	if c.sameRow(o, s) && !sameValue(o.value, s.value) {
		f.Differs = append(f.Differs, "value")
	}
	if len(f.Differs) > 0 {
		f.Result = OtherBody
		f.Reason, f.Detail = whyOther(f.Differs, o, s)
	}
	return f
}

// sameRow says whether the two are likely to have judged the same row: both
// said it for the first time, and stock at its next poll. What is repeated is
// of the row in which each one's own inhibit time had passed.
func (c *Comparison) sameRow(o *ours, s *theirs) bool {
	d := s.m.Time - o.e.Time
	return o.e.Kind == alarm.KindRaised && d >= -skew && d <= c.opts.PollEvery+rowDelay+skew
}

func sameValue(a, b float64) bool {
	d := math.Abs(a - b)
	return d <= rounding || d <= alike*max(math.Abs(a), math.Abs(b)) && !math.IsInf(d, 0)
}

func (c *Comparison) onlyOurs(id alarm.ID, t *track, o *ours, before int64) Finding {
	f := c.finding(id, OnlyHere)
	f.Name, f.Row, f.Here = o.e.Name, o.e.Time, o.number
	f.Reason, f.Detail = c.whyOurs(id, o, before)
	return f
}

func (c *Comparison) onlyTheirs(id alarm.ID, t *track, s *theirs) Finding {
	f := c.finding(id, OnlyStock)
	f.Message, f.Stock = s.m.Time, s.number
	f.Reason, f.Detail = c.whyTheirs(id, t, s)
	return f
}

func (c *Comparison) finding(id alarm.ID, r Result) Finding {
	f := Finding{ID: id, Result: r}
	if o := c.objects[Object{id.Class, id.UUID}]; o != nil {
		f.Name = o.Name
	}
	return f
}

// count counts a finding, and keeps it for the table.
func (c *Comparison) count(f Finding) {
	c.counts.Results[f.Result]++
	if f.Result != Agreed && !f.Explained() {
		c.counts.Unexplained[f.Result]++
	}
	if len(c.findings) >= c.opts.Keep {
		n := len(c.findings) - c.opts.Keep + 1
		c.findings = slices.Delete(c.findings, 0, n)
		c.counts.Forgotten += n
	}
	c.findings = append(c.findings, f)
}
