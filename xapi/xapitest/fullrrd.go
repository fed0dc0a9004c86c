package xapitest

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"perfmon/rrd"
)

// fullPaths are the paths of full RRDs, with the class of each.
var fullPaths = map[string]string{"/host_rrd": rrd.ClassHost, "/vm_rrd": rrd.ClassVM, "/sr_rrd": rrd.ClassSR}

var errNoRRD = errors.New("Not_found")

// fullRRD is xcp-rrdd's answer to a request for a full RRD.
func (x *exchange) fullRRD() *reply {
	v := x.s.opt.Version
	asJSON, err := wantsJSON(v, x.req.Header.Values("Accept"), x.query.Has("json"))
	if err != nil {
		return pageInternalError(err.Error())
	}
	f, err := x.s.rows.full(fullPaths[x.req.URL.Path], x.query.Get("uuid"), v, x.s.clock())
	if err != nil {
		return pageInternalError(err.Error())
	}
	if x.fault != nil && x.fault.Kind == WrongForm {
		asJSON = !asJSON
	}
	if asJSON {
		return updatesReply(v, asJSON, f.json(v))
	}
	return updatesReply(v, asJSON, f.xml())
}

// fullDocument is a full RRD before it has a form. Its cells are text.
type fullDocument struct {
	updated  int64
	names    []string
	archives []fullArchive
}

type fullArchive struct {
	cf   string
	pdps int64
	rows [][]string // oldest first
}

// full copies the RRD of an object. The host needs no uuid.
func (r *rows) full(class, uuid string, v Version, now time.Time) (*fullDocument, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp(now)
	for _, o := range r.owners {
		if o.class != class || class != rrd.ClassHost && o.uuid != uuid {
			continue
		}
		f := &fullDocument{updated: r.updated}
		for _, s := range o.sources {
			f.names = append(f.names, s.name)
		}
		for k, sh := range shapes {
			for n, cf := range cfNames {
				if n > 0 && (k == 0 || !o.minmax()) {
					continue
				}
				a := fullArchive{cf: cf, pdps: sh.pdps}
				for i := sh.rows - 1; i >= 0; i-- {
					row := make([]string, len(o.sources))
					for c, s := range o.sources {
						row[c] = formatNumber(v, s.rings[k][n].peek(i))
					}
					a.rows = append(a.rows, row)
				}
				f.archives = append(f.archives, a)
			}
		}
		return f, nil
	}
	return nil, errNoRRD
}

// xml is rrdtool's form, on one line after the declaration:
//
//	<rrd><version>0003</version><step>5</step><lastupdate>T</lastupdate><ds><name>..</name>...</ds>
//	<rra><cf>AVERAGE</cf><pdp_per_row>1</pdp_per_row>...<database><row><v>V</v>...</row>...</database></rra>...</rrd>
//
// What is under way, last_ds and cdp_prep, is not simulated.
func (f *fullDocument) xml() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<rrd><version>0003</version><step>5</step><lastupdate>")
	b.WriteString(strconv.FormatInt(f.updated, 10) + "</lastupdate>")
	for _, name := range f.names {
		b.WriteString("<ds><name>" + escapeXML(name) + "</name><type>GAUGE</type><minimal_heartbeat>300</minimal_heartbeat>" +
			"<min>-Infinity</min><max>Infinity</max><last_ds>0.0</last_ds><value>0.0</value><unknown_sec>0</unknown_sec></ds>")
	}
	for _, a := range f.archives {
		b.WriteString("<rra><cf>" + a.cf + "</cf><pdp_per_row>" + strconv.FormatInt(a.pdps, 10) +
			"</pdp_per_row><params><xff>0.5</xff></params><database>")
		for _, row := range a.rows {
			b.WriteString("<row>")
			for _, cell := range row {
				b.WriteString("<v>" + cell + "</v>")
			}
			b.WriteString("</row>")
		}
		b.WriteString("</database></rra>")
	}
	b.WriteString("</rrd>")
	return []byte(b.String())
}

// json has every scalar as a string; keys and numbers were bare in 2013.
func (f *fullDocument) json(v Version) []byte {
	key := func(name string) string { return `"` + name + `":` }
	scalar := jsonString
	text := jsonString
	if v == R2013 {
		key = func(name string) string { return name + ":" }
		scalar = func(s string) string { return s }
		text = func(s string) string { return `"` + s + `"` } // nothing is escaped
	}
	var sources, archives []string
	for _, name := range f.names {
		sources = append(sources, "{"+key("name")+text(name)+","+key("type")+text("GAUGE")+","+key("min")+scalar("-Infinity")+"}")
	}
	for _, a := range f.archives {
		var rows []string
		for _, row := range a.rows {
			cells := make([]string, len(row))
			for i, cell := range row {
				cells[i] = scalar(cell)
			}
			rows = append(rows, "["+strings.Join(cells, ",")+"]")
		}
		archives = append(archives, "{"+key("cf")+text(a.cf)+","+key("pdp_per_row")+scalar(strconv.FormatInt(a.pdps, 10))+","+
			key("params")+"{"+key("xff")+scalar("0.5")+"},"+key("database")+"["+strings.Join(rows, ",")+"]}")
	}
	return []byte("{" + key("version") + text("0003") + "," + key("step") + scalar("5") + "," +
		key("lastupdate") + scalar(strconv.FormatInt(f.updated, 10)+".00") + "," + key("ds") + "[" + strings.Join(sources, ",") + "]," +
		key("rra") + "[" + strings.Join(archives, ",") + "]}")
}
