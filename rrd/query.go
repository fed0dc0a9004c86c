package rrd

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

// ErrNoArchive says that a query selects nothing: not this owner, a
// consolidation function that no archive has, a step longer than a day, or
// an RRD without any update yet. A toolstack answers HTTP 500 then.
var ErrNoArchive = errors.New("no archive fits the query")

// Query asks for rows, in the words of GET /rrd_updates.
type Query struct {
	// Start is the Unix time from which rows are wanted; negative means
	// relative to the latest update.
	Start int64
	// CF is one consolidation function, or "" for all that the archive has.
	CF CF
	// Interval is the least step wanted, in seconds.
	Interval int64
	// Host asks for the host's data sources.
	Host bool
	// VMs and SRs are the uuids wanted. Nil VMs means all, nil SRs none.
	VMs, SRs []string
	// JSON is asked for by a parameter; an Accept header goes before it.
	JSON bool
}

// ParseQuery reads the parameters as xcp-rrdd does (get_rrd_updates_handler
// of xen-api):
//
//	start=1766000147&interval=60&cf=AVERAGE&host=true&vm_uuid=U1&vm_uuid=U2&sr_uuid=U3&json
//
// Only start is required. An unknown cf and an interval that is no number
// count as absent, and host is true only in that spelling.
func ParseQuery(v url.Values) (Query, error) {
	if !v.Has("start") {
		return Query{}, errors.New("parse rrd_updates query: parameter \"start\" is missing; give seconds since 1970, or a negative number of seconds before the latest update")
	}
	start, err := strconv.ParseInt(v.Get("start"), 10, 64)
	if err != nil {
		return Query{}, fmt.Errorf("parse rrd_updates query: start %q is not a whole number of seconds", v.Get("start"))
	}
	q := Query{
		Start: start,
		Host:  v.Get("host") == "true",
		VMs:   v["vm_uuid"],
		SRs:   v["sr_uuid"],
		JSON:  v.Has("json"),
	}
	switch cf := CF(v.Get("cf")); cf {
	case Average, Min, Max, Last:
		q.CF = cf
	}
	if n, err := strconv.ParseInt(v.Get("interval"), 10, 64); err == nil {
		q.Interval = n
	}
	return q, nil
}

// selects says whether the query asks for this owner.
func (q Query) selects(class, uuid string) bool {
	switch class {
	case ClassHost:
		return q.Host
	case ClassVM:
		return q.VMs == nil || slices.Contains(q.VMs, uuid)
	case ClassSR:
		return slices.Contains(q.SRs, uuid)
	}
	return false
}

// pick chooses the archives that answer the query, given the time of the
// last update and a start that is no longer relative. All of them have one
// shape. None fits when the result is empty.
//
// It is find_best_rras of xen-api: in stock order, the first archive of the
// wanted function with rows at least as long as wanted that reaches back to
// start; else, of those with long enough rows, what reaches as far back as
// the last archive does. start is not compared with what is really known.
func (q Query) pick(last, start int64) []int {
	points := q.Interval / pdpSeconds
	closed := last / pdpSeconds * pdpSeconds
	find := func(start int64) []int {
		var found []int
		for k, a := range archives {
			if q.CF != "" && a.cf != q.CF || a.pdps < points || start <= closed-a.span() {
				continue
			}
			if found == nil || a.pdps == archives[found[0]].pdps {
				found = append(found, k)
			}
		}
		return found
	}
	if found := find(start); found != nil {
		return found
	}
	return find(closed - archives[len(archives)-1].span() + 1)
}
