package xapitest

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"perfmon/rrd"
)

// updatesQuery is what GET /rrd_updates is asked, as a version reads it.
type updatesQuery struct {
	start    int64
	relative bool // a negative start counts from the last update
	interval int64
	cf       string // "" is all
	host     bool
	vms, srs func(uuid string) bool
}

// parseUpdates reads the parameters. The error is one that xcp-rrdd answers
// with 500.
func (x *exchange) parseUpdates() (updatesQuery, error) {
	v := x.s.opt.Version
	start, err := strconv.ParseInt(x.query.Get("start"), 10, 64)
	if err != nil {
		return updatesQuery{}, errors.New("Failure(\"Int64.of_string\")")
	}
	q := updatesQuery{start: start, relative: v != R2013, host: x.query.Get("host") == "true"}
	if n, err := strconv.ParseInt(x.query.Get("interval"), 10, 64); err == nil {
		q.interval = n
	}
	switch cf := x.query.Get("cf"); cf {
	case "AVERAGE", "MIN", "MAX", "LAST":
		q.cf = cf
	}
	q.vms = filter(v, x.query["vm_uuid"], true)
	q.srs = filter(v, x.query["sr_uuid"], false)
	if v == R2013 {
		q.srs = func(string) bool { return false }
	}
	return q, nil
}

// filter is what the values of vm_uuid or sr_uuid select. Since 26.7 each is
// an exact uuid; before, the first alone counted, and all and none were
// words.
func filter(v Version, values []string, absent bool) func(uuid string) bool {
	word := ""
	if len(values) > 0 {
		word = values[0]
	}
	switch {
	case len(values) == 0:
		return func(string) bool { return absent }
	case v == Head:
		return func(uuid string) bool { return slices.Contains(values, uuid) }
	case word == "all" || word == "none":
		return func(string) bool { return word == "all" }
	}
	return func(uuid string) bool { return uuid == word }
}

// updates is xcp-rrdd's answer.
func (x *exchange) updates() *reply {
	v := x.s.opt.Version
	if !x.query.Has("start") {
		return pageInternalError("Not_found")
	}
	q, err := x.parseUpdates()
	if err != nil {
		return pageInternalError(err.Error())
	}
	asJSON, err := wantsJSON(v, x.req.Header.Values("Accept"), x.query.Has("json"))
	if err != nil {
		return pageInternalError(err.Error())
	}
	d, err := x.s.rows.document(q, v, x.s.clock())
	if err != nil {
		return pageInternalError(err.Error())
	}
	if x.fault != nil && x.fault.Kind == WrongForm {
		asJSON = !asJSON
	}
	d.spoil(x.fault)
	if asJSON {
		return updatesReply(v, asJSON, d.json(v))
	}
	return updatesReply(v, asJSON, d.xml())
}

var errNoArchive = errors.New("Rrd.No_RRA_Available")

// document picks the archive and its rows, as Rrd_updates.create_multi does.
// With L the time of the last update, P the archive's step: end = L/P·P and
// start = asked/P·P + P, in whole numbers that are cut towards zero.
func (r *rows) document(q updatesQuery, v Version, now time.Time) (*document, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp(now)
	var picked []*owner
	for _, class := range []string{rrd.ClassHost, rrd.ClassVM, rrd.ClassSR} {
		for _, o := range r.owners {
			if o.class == class && (class == rrd.ClassHost && q.host || class == rrd.ClassVM && q.vms(o.uuid) || class == rrd.ClassSR && q.srs(o.uuid)) {
				picked = append(picked, o)
			}
		}
	}
	if len(picked) == 0 || r.last == 0 || q.cf == "LAST" {
		return nil, errNoArchive
	}
	if (q.cf == "MIN" || q.cf == "MAX") && slices.ContainsFunc(picked, func(o *owner) bool { return !o.minmax() }) {
		return nil, errNoArchive
	}
	start := q.start
	if start < 0 && q.relative {
		start += r.updated
	}
	k, ok := r.bestShape(q, start)
	if !ok {
		return nil, errNoArchive
	}
	sh := shapes[k]
	d := &document{start: start/sh.step()*sh.step() + sh.step(), step: sh.step(), end: r.last / sh.step() * sh.step()}
	var rings []*ring
	for _, o := range picked {
		for n, cf := range cfNames {
			if q.cf != "" && q.cf != cf || n > 0 && (k == 0 || !o.minmax()) {
				continue
			}
			for _, c := range o.sources {
				d.legend = append(d.legend, cf+":"+o.class+":"+o.uuid+":"+c.name)
				rings = append(rings, &c.rings[k][n])
			}
		}
	}
	for i := range sh.rows {
		t := d.end - i*sh.step()
		if t < start {
			break
		}
		row := documentRow{t: t, cells: make([]string, len(rings))}
		for j, g := range rings {
			row.cells[j] = formatNumber(v, g.peek(i))
		}
		d.rows = append(d.rows, row)
	}
	return d, nil
}

// minmax says whether the owner's RRD was made with MIN and MAX.
func (o *owner) minmax() bool { return o.sources[0].minmax }

// bestShape is find_best_rras: the first archive whose rows are long enough
// and that reaches back to start, or else, of those long enough, what
// reaches as far back as the longest does. MIN and MAX have no archive of
// single points.
func (r *rows) bestShape(q updatesQuery, start int64) (int, bool) {
	longest := r.last - shapes[len(shapes)-1].span() + 1
	for _, from := range []int64{start, longest} {
		for k, sh := range shapes {
			if k == 0 && (q.cf == "MIN" || q.cf == "MAX") {
				continue
			}
			if sh.pdps >= q.interval/pdpStep && from > r.last-sh.span() {
				return k, true
			}
		}
	}
	return 0, false
}

// wantsJSON reads Accept. */* and equal weights prefer JSON; where neither
// form is named, or there is no header, the json parameter decides. In 2013
// there was only the parameter. The error is one for a header that does not
// parse, which versions before 2025 answer with 500.
func wantsJSON(v Version, accept []string, parameter bool) (bool, error) {
	if v == R2013 || len(accept) == 0 {
		return parameter, nil
	}
	weights := map[string]float64{"application/json": math.NaN(), "text/xml": math.NaN()}
	for _, item := range strings.Split(accept[len(accept)-1], ",") {
		media, weight, err := parseMediaRange(item)
		if err != nil {
			if v == V23 || v == V24 {
				return false, err
			}
			return parameter, nil
		}
		for form, have := range weights {
			major, _, _ := strings.Cut(form, "/")
			if (media == form || media == major+"/*" || media == "*/*") && !(have >= weight) {
				weights[form] = weight
			}
		}
	}
	j, x := weights["application/json"], weights["text/xml"]
	switch {
	case math.IsNaN(j) && math.IsNaN(x):
		return parameter, nil
	case math.IsNaN(x):
		return true, nil
	case math.IsNaN(j):
		return false, nil
	}
	return j >= x, nil
}

// parseMediaRange reads one item of an Accept header:
//
//	text/xml; q=0.8
func parseMediaRange(item string) (media string, weight float64, err error) {
	media, params, _ := strings.Cut(item, ";")
	media = strings.TrimSpace(media)
	if major, minor, ok := strings.Cut(media, "/"); !ok || major == "" || minor == "" {
		return "", 0, errors.New("Accept.Parse_failure")
	}
	weight = 1
	for _, p := range strings.Split(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if name != "q" {
			continue
		}
		if weight, err = strconv.ParseFloat(value, 64); err != nil {
			return "", 0, errors.New("Accept.Parse_failure")
		}
	}
	return media, weight, nil
}
