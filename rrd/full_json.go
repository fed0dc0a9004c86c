package rrd

import (
	"errors"
	"io"
)

// fullJSON reads a full RRD in its JSON form:
//
//	{"version":"0003","step":"5","lastupdate":"1766000997.00147",
//	"ds":[{"name":"cpu0","type":"DERIVE",...}],
//	"rra":[{"cf":"AVERAGE","pdp_per_row":"1","params":{"xff":"0.5"},
//	"cdp_prep":{...},"database":[["0.0344654992222786"],...]},...]}
//
// The oldest has bare keys and numbers, as updates had then. Rows are oldest
// first and without a time. What it does not know is skipped.
type fullJSON struct {
	jsonScan
	f *fullReading
}

func readFullJSON(f *fullReading, head string) error {
	j := &fullJSON{jsonScan: jsonScan{src: &f.src}, f: f}
	j.src.pos++ // the brace
	c, err := j.src.skipSpace()
	if err != nil {
		return err
	}
	j.bare = c != '"' && c != '}'
	err = j.members(func(key string) error {
		switch key {
		case "step", "lastupdate":
			text, offset, err := j.scalar('}', maxValueBytes)
			if err != nil {
				return err
			}
			return f.number(key, text, offset)
		case "ds":
			return j.array('{', func() error { return j.source() })
		case "rra":
			return j.array('{', func() error { return j.archive() })
		}
		return j.skip('}', 0)
	})
	if err != nil {
		return err
	}
	if !f.timed && !f.stepped && len(f.full.Archives) == 0 {
		return errNotFull(head)
	}
	if err := j.end(); err != io.EOF {
		return err
	}
	return nil
}

// members calls each for every member of the object whose brace was just
// read, after its key. It reads the object to its end.
func (j *fullJSON) members(each func(key string) error) error {
	for first := true; ; first = false {
		key, ok, err := j.member(first)
		if err != nil || !ok {
			return err
		}
		if err := each(key); err != nil {
			return err
		}
	}
}

// array calls each for every element of an array, past the element's opening
// bracket.
func (j *fullJSON) array(opening byte, each func() error) error {
	if err := j.expect('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		ok, err := j.more(']', first)
		if err != nil || !ok {
			return err
		}
		if err := j.expect(opening); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
}

func (j *fullJSON) source() error {
	named := false
	err := j.members(func(key string) error {
		if key != "name" || named {
			return j.skip('}', 0)
		}
		named = true
		text, _, err := j.scalar('}', maxEntryBytes)
		if err != nil {
			return err
		}
		return j.f.addSource(text)
	})
	if err == nil && !named {
		err = errors.New("a data source without a name")
	}
	return err
}

func (j *fullJSON) archive() error {
	if err := j.f.beginArchive(); err != nil {
		return err
	}
	return j.members(func(key string) error {
		switch key {
		case "cf":
			text, _, err := j.scalar('}', maxValueBytes)
			j.f.archive.CF = CF(text)
			return err
		case "pdp_per_row":
			text, offset, err := j.scalar('}', maxValueBytes)
			if err != nil {
				return err
			}
			return j.f.number(key, text, offset)
		case "database":
			return j.array('[', func() error { return j.row() })
		}
		return j.skip('}', 0)
	})
}

func (j *fullJSON) row() error {
	for first := true; ; first = false {
		ok, err := j.more(']', first)
		if err != nil {
			return err
		}
		if !ok {
			return j.f.endRow()
		}
		text, offset, err := j.scalar(']', maxValueBytes)
		if err != nil {
			return err
		}
		if err := j.f.value(text, offset); err != nil {
			return err
		}
	}
}
