package rrd

import (
	"errors"
	"io"
)

// fullXML reads a full RRD in rrdtool's XML:
//
//	<?xml version="1.0" encoding="UTF-8"?>
//	<rrd><version>0003</version><step>5</step><lastupdate>1766000997</lastupdate>
//	<ds><name>cpu0</name><type>DERIVE</type>...<unknown_sec>0</unknown_sec></ds>
//	<rra><cf>AVERAGE</cf><pdp_per_row>1</pdp_per_row><params><xff>0.5</xff></params>
//	<cdp_prep><ds><primary_value>0.0</primary_value>...</ds></cdp_prep>
//	<database><row><v>0.0344654992222786</v></row>...</database></rra>...</rrd>
//
// Rows are oldest first and without a time. What it does not know is skipped.
type fullXML struct {
	xmlForm
	f *fullReading
}

func readFullXML(f *fullReading, head string) error {
	x := &fullXML{f: f}
	x.reset(&f.src, head)
	x.name = "rrd"
	if err := x.root(errNotFull(head)); err != nil {
		return err
	}
	err := x.children(func(name string) error {
		switch name {
		case "step", "lastupdate":
			text, offset, err := x.number()
			if err != nil {
				return err
			}
			return f.number(name, text, offset)
		case "ds":
			return x.source()
		case "rra":
			return x.archive()
		}
		return x.skip()
	})
	if err != nil {
		return err
	}
	if err := x.nothing(); err != io.EOF {
		return err
	}
	return nil
}

// children calls each for every element inside the one being read. It reads
// that element to its end.
func (x *fullXML) children(each func(name string) error) error {
	for {
		name, err := x.child()
		if err != nil || name == "" {
			return err
		}
		if err := each(name); err != nil {
			return err
		}
	}
}

func (x *fullXML) source() error {
	named := false
	err := x.children(func(name string) error {
		if name != "name" || named {
			return x.skip()
		}
		named = true
		text, _, err := x.content(maxEntryBytes)
		if err != nil {
			return err
		}
		return x.f.addSource(trimSpace(text))
	})
	if err == nil && !named {
		err = errors.New("a data source without a name")
	}
	return err
}

func (x *fullXML) archive() error {
	if err := x.f.beginArchive(); err != nil {
		return err
	}
	return x.children(func(name string) error {
		switch name {
		case "cf":
			text, _, err := x.number()
			x.f.archive.CF = CF(text)
			return err
		case "pdp_per_row":
			text, offset, err := x.number()
			if err != nil {
				return err
			}
			return x.f.number(name, text, offset)
		case "database":
			return x.children(x.row)
		}
		return x.skip()
	})
}

func (x *fullXML) row(name string) error {
	if name != "row" {
		return x.skip()
	}
	err := x.children(func(name string) error {
		if name != "v" {
			return x.skip()
		}
		text, offset, err := x.number()
		if err != nil {
			return err
		}
		return x.f.value(text, offset)
	})
	if err != nil {
		return err
	}
	return x.f.endRow()
}
