package shadow

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"perfmon/alarm"
)

// Reason is a known difference between the two daemons. docs/shadow.md says
// what each means.
type Reason string

// The reasons. What they are about is in docs/compatibility.md.
const (
	NoStock        Reason = "no stock daemon runs"
	Inherited      Reason = "inherited, of which stock knows nothing"
	NewName        Reason = "stock does not know the name"
	StockInhibits  Reason = "stock's inhibit time was running"
	Edited         Reason = "edited a moment ago, which stock reads within half an hour"
	SRRows         Reason = "stock has no rows of most SRs"
	Hole           Reason = "a hole in the rows, which stock takes for good"
	MoreDevices    Reason = "stock's default leaves devices out"
	Moved          Reason = "the object left this host"
	BothReadings   Reason = "a reading, which stock takes in whole per cent once a row"
	HeldSilence    Reason = "held back here by a silence or maintenance"
	HeldInhibit    Reason = "held back here by its inhibit time"
	Infinite       Reason = "stock takes infinity for a value"
	MissingZero    Reason = "stock takes a missing value for 0"
	ColumnOrder    Reason = "stock has the columns in the other order"
	BeganBefore    Reason = "it began before this agent did"
	Arrived        Reason = "the object has just come to this host"
	StockForgot    Reason = "stock forgot its inhibit time"
	NotInForce     Reason = "not in force here"
	OlderConfig    Reason = "stock goes by an older configuration"
	OtherExpr      Reason = "stock takes an expression with | apart"
	OtherHost      Reason = "the stock daemon of another host may have said it"
	Late           Reason = "stock said it late"
	WhiteSpace     Reason = "white space alone"
	AttributeOrder Reason = "the order of attributes, which stock sorts under an old Python"
	OtherRow       Reason = "of another row of the same bad stretch"
)

// Reasons are all of them, in the order in which docs/shadow.md has them.
var Reasons = []Reason{
	NoStock, Inherited, NewName, StockInhibits, Edited, SRRows, Hole, MoreDevices, Moved, BothReadings,
	HeldSilence, HeldInhibit, Infinite, MissingZero, ColumnOrder, BeganBefore, Arrived, StockForgot, NotInForce,
	OlderConfig, OtherExpr, OtherHost, Late, WhiteSpace, AttributeOrder, OtherRow,
}

const (
	heldSilence = "silence"
	heldInhibit = "inhibit"
)

// readEvery is how often stock reads edits, at the latest, in seconds.
const readEvery = 1800

var (
	newNames    = regexp.MustCompile(`^(cpu_contention|memory_available|host_load|nic_errors|sr_latency(_[0-9a-f]{8})?)$`)
	stockDevice = map[string]*regexp.Regexp{ // stock's defaults where ours have more
		"vm/disk_usage":      regexp.MustCompile(`^vbd_(xvd|hd)[a-z]+_(read|write)$`),
		"host/network_usage": regexp.MustCompile(`^pif_eth[0-9]+_[rt]x$`),
	}
	readings = map[string]bool{
		"fs_usage": true, "log_fs_usage": true, "mem_usage": true,
		"get_percent_fs_usage": true, "get_percent_log_fs_usage": true, "get_percent_mem_usage": true,
	}
)

// whyOurs is the reason for an alarm that stock did not say. before is when
// stock said the one before it, 0 for none.
func (c *Comparison) whyOurs(id alarm.ID, o *ours, before int64) (Reason, string) {
	known := o.c
	if known == nil {
		known = &Circumstances{}
	}
	object := c.objects[Object{id.Class, id.UUID}]
	at := o.e.Time
	extra := moreDevices(id, o.rule, known.Columns)
	switch {
	case c.opts.NoStock, o.noStock:
		return NoStock, ""
	case known.From != "":
		return Inherited, known.From
	case newNames.MatchString(id.Variable) && o.regex == "" && o.fold == "":
		return NewName, id.Variable
	case before != 0 && before+o.inhibit > at:
		return StockInhibits, "since " + clock(before)
	case object != nil && object.edited != 0 && at-object.edited < readEvery+c.opts.PollEvery && object.edited-at < c.late(o.e.Period):
		return Edited, "at " + clock(object.edited)
	case object != nil && object.left != 0 && object.left >= at && object.left <= at+c.late(o.e.Period):
		return Moved, "at " + clock(object.left)
	case id.Class == "sr":
		return SRRows, ""
	case extra != "":
		return MoreDevices, extra
	case o.isReading():
		return BothReadings, ""
	case o.hole != 0:
		return Hole, "row of " + clock(o.hole)
	}
	return "", ""
}

// whyTheirs is the reason for a message of stock's that we did not say.
func (c *Comparison) whyTheirs(id alarm.ID, t *track, s *theirs) (Reason, string) {
	object := c.objects[Object{id.Class, id.UUID}]
	at := s.m.Time
	near := func(when, after int64) bool { return when != 0 && at-when <= after && when-at <= c.early(s.period) }
	muted := ""
	if s.c != nil {
		muted = s.c.Muted
	}
	switch {
	case math.IsInf(s.value, 0) || math.IsNaN(s.value):
		return Infinite, s.number
	case object != nil && !object.here && at >= object.left-skew:
		return Moved, "at " + clock(object.left)
	case t.heldBy == heldSilence && near(t.heldAt, s.inhibit+c.late(s.period)):
		return HeldSilence, muted
	case t.heldBy == heldInhibit && near(t.heldAt, c.late(s.period)):
		return HeldInhibit, "row of " + clock(t.heldAt)
	case muted != "":
		return HeldSilence, muted
	case s.low && s.value == 0:
		return MissingZero, ""
	case id.Variable == "physical_utilisation" && s.value > 1:
		return ColumnOrder, ""
	case object != nil && object.arrived != 0 && at < object.arrived+c.late(s.period):
		return Arrived, "at " + clock(object.arrived)
	case object != nil && object.edited != 0 && at-object.edited < readEvery+c.late(s.period) && object.edited-at < skew:
		return OlderConfig, "edited at " + clock(object.edited)
	case s.c != nil && !s.c.InForce:
		return NotInForce, ""
	case t.alone != 0 && at > t.alone && at-t.alone <= max(s.inhibit, 2*c.late(s.period)):
		return Late, "after the row of " + clock(t.alone)
	case t.lastTheirs != 0 && at >= t.lastTheirs && at-t.lastTheirs < s.inhibit-skew:
		return StockForgot, "which ran since " + clock(t.lastTheirs)
	case s.inhibit > 0 && t.lastOurs != 0 && at >= t.lastOurs && at-t.lastOurs < s.inhibit+c.opts.PollEvery+rowDelay: // its row may be from then
		return HeldInhibit, "which ran since " + clock(t.lastOurs)
	case at < c.opts.Began+c.late(s.period):
		return BeganBefore, ""
	case s.isReading():
		return BothReadings, ""
	case topLevelBar(s.regex):
		return OtherExpr, ""
	case id.Class == "sr":
		return OtherHost, ""
	}
	return "", ""
}

// whyOther is the reason for another body.
func whyOther(differs []string, o *ours, s *theirs) (Reason, string) {
	if slices.Contains(differs, "configuration") {
		switch {
		case sameWords(o.config, s.config):
			return WhiteSpace, ""
		case sameButOrder(o.config, s.config):
			return AttributeOrder, ""
		default:
			// Whatever else it may be, it is another text.
			return OlderConfig, ""
		}
	}
	known := o.c
	if known == nil {
		known = &Circumstances{}
	}
	extra := moreDevices(o.e.ID, o.rule, known.Columns)
	switch {
	case o.isReading():
		return BothReadings, ""
	case o.variable == "physical_utilisation" && sameValue(o.value*s.value, 1):
		return ColumnOrder, ""
	case extra != "":
		return MoreDevices, extra
	}
	for _, row := range known.Rows {
		if sameValue(row.Value, s.value) {
			return OtherRow, clock(row.Time)
		}
	}
	if topLevelBar(s.regex) {
		return OtherExpr, ""
	}
	return "", ""
}

// isReading says whether the value is read of the control domain.
func (r rule) isReading() bool {
	if r.fold != "" {
		return readings[r.fold]
	}
	return readings[r.variable]
}

// moreDevices is a data source that a default of ours reads and stock's does
// not, "" for none.
func moreDevices(id alarm.ID, r rule, columns []string) string {
	stock := stockDevice[id.Class+"/"+id.Variable]
	if stock == nil || r.regex != "" {
		return ""
	}
	for _, name := range columns {
		if !stock.MatchString(name) {
			return name
		}
	}
	return ""
}

// lastHole is the time of the last row without a value, 0 for none.
func lastHole(rows []Row) int64 {
	for _, row := range slices.Backward(rows) {
		if math.IsNaN(row.Value) {
			return row.Time
		}
	}
	return 0
}

// topLevelBar says whether an expression has an alternative outside of
// parentheses and brackets.
func topLevelBar(expr string) bool {
	depth, class := 0, false
	for i := 0; i < len(expr); i++ {
		switch ch := expr[i]; {
		case ch == '\\':
			i++
		case class:
			class = ch != ']'
		case ch == '[':
			class = true
			if strings.HasPrefix(expr[i+1:], "]") {
				i++
			}
		case ch == '(':
			depth++
		case ch == ')':
			depth--
		case ch == '|' && depth == 0:
			return true
		}
	}
	return false
}

// clock is the time of a detail.
func clock(t int64) string {
	return time.Unix(t, 0).UTC().Format(time.TimeOnly)
}
