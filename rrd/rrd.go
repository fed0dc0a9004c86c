// Package rrd has the words of a toolstack's performance documents: legend,
// rows and consolidation functions. It decodes the answers to GET
// /rrd_updates as they stream in (XML and JSON, every version since 2013),
// encodes the newest form of them, reads the full RRDs of GET /host_rrd,
// /vm_rrd and /sr_rrd, and keeps the round-robin archives that a host without
// a toolstack fills for itself.
//
// The format is that of xen-api's xcp-rrdd (Rrd_updates.export). A document
// is a legend, which names the columns, and rows, newest first:
//
//	<xport><meta><start>S</start><step>P</step><end>E</end><rows>R</rows>
//	<columns>C</columns><legend><entry>AVERAGE:vm:UUID:cpu0</entry>...</legend></meta>
//	<data><row><t>T</t><v>V</v>...</row>...</data></xport>
package rrd

import (
	"fmt"
	"strings"
)

// Classes of the objects that own data sources, as a legend spells them.
const (
	ClassHost = "host"
	ClassVM   = "vm"
	ClassSR   = "sr"
)

// CF is a consolidation function: how an archive made one row of several
// samples.
type CF string

// The consolidation functions that toolstacks have written. LAST is not
// created by any stock toolstack any more.
const (
	Average CF = "AVERAGE"
	Min     CF = "MIN"
	Max     CF = "MAX"
	Last    CF = "LAST"
)

// Entry is one legend entry, the heading of one column.
type Entry struct {
	CF    CF
	Class string // ClassHost, ClassVM or ClassSR; foreign words are kept
	UUID  string // of the owner
	Name  string // of the data source; may itself contain ':'
}

// ParseEntry splits "CF:class:uuid:name". Only the first three colons
// separate, since a toolstack does not escape colons in names. Anything with
// fewer than four parts is an error.
func ParseEntry(s string) (Entry, error) {
	parts := strings.SplitN(s, ":", 4)
	if len(parts) != 4 {
		return Entry{}, fmt.Errorf("legend entry %q: want four parts, CF:class:uuid:name", s)
	}
	return Entry{CF: CF(parts[0]), Class: parts[1], UUID: parts[2], Name: parts[3]}, nil
}

// String is the entry as a legend writes it.
func (e Entry) String() string {
	return string(e.CF) + ":" + e.Class + ":" + e.UUID + ":" + e.Name
}

// Legend is the heading of an update: column i of every row belongs to
// Entries[i]. A Legend is immutable once handed out and may be shared.
type Legend struct {
	// Entries has one element a column. A column whose legend text does not
	// have four parts has the zero Entry here and its text in Bad.
	Entries []Entry
	// Bad maps the index of such a column to its text. Nil if there is none.
	Bad map[int]string
}

// Header is what stands before the rows of an update. Times are Unix
// seconds.
type Header struct {
	Start   int64 // of the first row that the request could have had
	Step    int64 // seconds a row stands for, as the answer says
	End     int64 // time of the newest row; before Start when there is none
	Rows    int   // as announced; informational
	Columns int   // as announced; informational
	Legend  *Legend
}

// Row is one time with its values. Values[i] belongs to Legend.Entries[i];
// NaN is unknown.
type Row struct {
	T      int64 // Unix seconds
	Values []float64
}

// Reader hands over an update as it comes: the header, then the rows, newest
// first. Decoder is one; an RRD makes one of its archives.
type Reader interface {
	// Header reads up to the rows. The Legend is the very same pointer as
	// for the update before when its text did not change, so that a user can
	// keep what it derived from it.
	Header() (*Header, error)
	// Want names the columns whose values the user will read, by index; nil
	// means all. It is called after Header, and may be called again between
	// rows: it holds from the next row on. Values of other columns are NaN,
	// and need not be numbers in the document.
	Want(columns []bool)
	// Next returns the next older row. Its Values belong to the Reader and
	// are valid until the next call. io.EOF says that the update ended well;
	// until then a user must not rely on any of the rows.
	Next() (Row, error)
}
