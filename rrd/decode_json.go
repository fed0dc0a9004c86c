package rrd

import (
	"fmt"
)

// jsonForm reads an update in its JSON form. The newest, since February 2024:
//
//	{"meta":{"start":"1766000150","step":"5","end":"1766000745","rows":"1","columns":"2",
//	"legend":["AVERAGE:host:b9a7...:cpu0","AVERAGE:host:b9a7...:loadavg"]},
//	"data":[{"t":"1766000745","values":["0.100000001490116","NaN"]}]}
//
// In the half year before, "data" was the last member of "meta". The oldest,
// until July 2023:
//
//	{meta: {start:1766000150,step:5,end:1766000745,rows:1,columns:2,
//	legend:["AVERAGE:host:b9a7...:cpu0","AVERAGE:host:b9a7...:loadavg"]},
//	data:[{t:1766000745,values:[0.1000,NaN]}]}
//
// Members that it does not know are skipped.
type jsonForm struct {
	jsonScan
	quoted   string // the first bytes of the body
	inMeta   bool   // "data" is a member of "meta"
	firstRow bool   // is the next to come

	general bool // do without the scanner
}

func (j *jsonForm) reset(src *source, quoted string, general bool) {
	*j = jsonForm{jsonScan: jsonScan{src: src, text: j.text}, quoted: quoted, firstRow: true, general: general}
}

func (j *jsonForm) head(d *Decoder) error {
	j.src.pos++ // the brace
	c, err := j.src.skipSpace()
	if err != nil {
		return err
	}
	j.bare = c != '"' && c != '}'
	for first := true; ; first = false {
		key, ok, err := j.member(first)
		switch {
		case err != nil:
			return err
		case !ok && !d.meta.legend:
			return &SyntaxError{Row: -1, Err: notUpdate([]byte(j.quoted))}
		case !ok:
			return fmt.Errorf("the document has no data")
		case key == "meta":
			if err := j.meta(d); err != nil || j.inMeta {
				return err
			}
		case key == "data":
			return j.data(d)
		default:
			if err := j.skip('}', 0); err != nil {
				return err
			}
		}
	}
}

// meta reads the object to its end, or to the rows inside it.
func (j *jsonForm) meta(d *Decoder) error {
	if err := j.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		key, ok, err := j.member(first)
		if err != nil || !ok {
			return err
		}
		i := metaIndex(key)
		switch {
		case i >= 0:
			var text []byte
			var offset int64
			if text, offset, err = j.scalar('}', maxValueBytes); err == nil {
				err = d.meta.set(i, text, offset)
			}
		case key == "legend":
			err = j.legend(d)
		case key == "data":
			j.inMeta = true
			return j.data(d)
		default:
			err = j.skip('}', 0)
		}
		if err != nil {
			return err
		}
	}
}

func (j *jsonForm) legend(d *Decoder) error {
	if err := d.meta.beginLegend(); err != nil {
		return err
	}
	if err := j.expect('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		var err error
		if first, err = j.scanEntries(d, first); err != nil {
			return err
		}
		ok, err := j.more(']', first)
		if err != nil || !ok {
			return err
		}
		if c, _ := j.src.peek(); c != '"' {
			return fmt.Errorf("%q where a legend entry is expected", c)
		}
		text, _, err := j.scalar(']', maxEntryBytes)
		if err != nil {
			return err
		}
		if err := d.addEntry(text); err != nil {
			return err
		}
	}
}

// data goes to the first row.
func (j *jsonForm) data(d *Decoder) error {
	if !d.meta.legend {
		return fmt.Errorf("data comes before the legend")
	}
	return j.expect('[')
}

func (j *jsonForm) row(d *Decoder) (int64, error) {
	ok, err := j.more(']', j.firstRow)
	if err != nil {
		return 0, err
	}
	j.firstRow = false
	if !ok {
		return 0, j.finish()
	}
	if err := j.expect('{'); err != nil {
		return 0, err
	}
	return j.members(d)
}

// members reads a row after its brace.
func (j *jsonForm) members(d *Decoder) (t int64, err error) {
	var timed, valued bool
	for first := true; ; first = false {
		key, ok, err := j.member(first)
		switch {
		case err != nil:
			return 0, err
		case !ok && !timed:
			return 0, fmt.Errorf("row without a time")
		case !ok && !valued:
			return 0, fmt.Errorf("row without values")
		case !ok:
			return t, nil
		case key == "t" && timed, key == "values" && valued:
			return 0, fmt.Errorf("row with two members %q", key)
		case key == "t":
			timed = true
			var text []byte
			var offset int64
			if text, offset, err = j.scalar('}', maxValueBytes); err == nil {
				t, err = d.rowTime(text, offset)
			}
		case key == "values":
			valued = true
			err = j.values(d)
		default:
			err = j.skip('}', 0)
		}
		if err != nil {
			return 0, err
		}
	}
}

func (j *jsonForm) values(d *Decoder) error {
	if err := j.expect('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		first = j.scanValues(d, first)
		ok, err := j.more(']', first)
		if err != nil || !ok {
			return err
		}
		text, offset, err := j.scalar(']', maxValueBytes)
		if err != nil {
			return err
		}
		if err := d.value(text, offset); err != nil {
			return err
		}
	}
}

// finish reads what follows the rows: the rest of the objects, then nothing.
func (j *jsonForm) finish() error {
	levels := 1
	if j.inMeta {
		levels = 2
	}
	for range levels {
		for {
			key, ok, err := j.member(false)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if key == "data" || key == "meta" {
				return fmt.Errorf("a second member %q", key)
			}
			if err := j.skip('}', 0); err != nil {
				return err
			}
		}
	}
	return j.end()
}
