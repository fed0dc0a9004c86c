package shadow

import (
	"maps"
	"slices"

	"perfmon/alarm"
)

// Result is what became of an alarm in the comparison.
type Result string

// The results.
const (
	Agreed    Result = "agreed"
	OnlyHere  Result = "only_here"  // the stock daemon did not say it, or not in time
	OnlyStock Result = "only_stock" // this agent did not say it
	OtherBody Result = "other_body" // both said it, in other words
)

// words are the results for people; "" is that of an alarm that waits.
var words = map[Result]string{Agreed: "agreed", OnlyHere: "only here", OnlyStock: "only stock", OtherBody: "other body", "": "waits"}

// String is the result in words.
func (r Result) String() string { return words[r] }

// Results are all of them, in the order of the table's last line.
var Results = []Result{Agreed, OnlyHere, OnlyStock, OtherBody}

// Finding is one alarm that was compared.
type Finding struct {
	alarm.ID
	Name    string // of the object, for people
	Result  Result
	Row     int64  // of this agent's alarm; 0: it had none
	Message int64  // when the toolstack made stock's; 0: there is none
	Here    string // value, as in the body
	Stock   string // value, as in the body
	// Differs says which parts of the body do: "configuration", "value".
	Differs []string
	// Reason is the known difference that this is likely to be, and Detail
	// makes it particular; both may be "".
	Reason Reason
	Detail string
}

// Explained says whether the finding is a known difference.
func (f Finding) Explained() bool { return f.Reason != "" }

// Why is the reason in words.
func (f Finding) Why() string {
	switch {
	case f.Result == Agreed:
		return ""
	case f.Reason == "":
		return "not explained"
	case f.Detail == "":
		return string(f.Reason)
	}
	return string(f.Reason) + ": " + f.Detail
}

func (f Finding) at() int64 {
	if f.Row != 0 {
		return f.Row
	}
	return f.Message
}

// Counts sums a comparison up.
type Counts struct {
	Results     map[Result]int
	Unexplained map[Result]int // those without a reason
	OpenHere    int            // alarms of this agent that wait
	OpenStock   int            // messages that wait
	Dropped     int            // were not compared, since too many waited
	Forgotten   int            // findings that the table has no room for
}

// Counts are the counts up to now.
func (c *Comparison) Counts() Counts {
	n := c.counts
	n.Results, n.Unexplained = maps.Clone(n.Results), maps.Clone(n.Unexplained)
	n.OpenHere, n.OpenStock = c.open[0], 0
	for _, t := range c.tracks {
		for _, s := range t.stocks {
			if s.m.Time >= c.opts.Began { // others are only remembered
				n.OpenStock++
			}
		}
	}
	return n
}

// waiting are the alarms that nothing has been decided of, as findings
// without a result.
func (c *Comparison) waiting() []Finding {
	var list []Finding
	for id, t := range c.tracks {
		for _, o := range t.ours {
			f := c.finding(id, "")
			f.Name, f.Row, f.Here = o.e.Name, o.e.Time, o.number
			list = append(list, f)
		}
		for _, s := range t.stocks {
			if s.m.Time >= c.opts.Began {
				f := c.finding(id, "")
				f.Message, f.Stock = s.m.Time, s.number
				list = append(list, f)
			}
		}
	}
	slices.SortFunc(list, func(a, b Finding) int {
		if a.at() != b.at() {
			return int(a.at() - b.at())
		}
		return compareIDs(a.ID, b.ID)
	})
	return list
}
