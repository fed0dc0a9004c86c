package rrd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
)

// ErrNotFull: the body is not a full RRD in either form.
var ErrNotFull = errors.New("not a full RRD, neither in XML nor in JSON")

// What one full RRD may have, besides DecoderOptions. A stock host with 600
// data sources has ten archives and 1.3 million values.
const (
	maxFullArchives = 64
	maxFullRows     = 1 << 20
	maxFullValues   = 1 << 24 // 128 MiB of memory
)

// Full is an RRD as GET /host_rrd, /vm_rrd and /sr_rrd send it: the data
// sources of one object with every archive of theirs. It does not say whose
// it is. It is immutable once read, and may be shared.
type Full struct {
	Step       int64    // seconds of a primary data point
	LastUpdate int64    // Unix seconds
	Sources    []string // names of the data sources, the columns of each archive
	Archives   []*FullArchive
}

// FullArchive is one ring of a Full.
type FullArchive struct {
	CF   CF
	Step int64 // seconds a row stands for
	Rows int
	End  int64 // Unix seconds of the newest row; those before it are Step apart

	points int64     // primary data points in a row
	values []float64 // row after row, oldest first
}

// ReadFull reads a full RRD to its end, XML or JSON as its first byte says.
// Of the options, MaxBytes and MaxColumns count, and there is a limit on the
// number of values. An error is a *SyntaxError; it wraps ErrNotFull if this is
// another kind of document.
func ReadFull(r io.Reader, opts DecoderOptions) (*Full, error) {
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.MaxColumns <= 0 {
		opts.MaxColumns = DefaultMaxColumns
	}
	f := &fullReading{maxColumns: opts.MaxColumns}
	f.src.reset(r, opts.MaxBytes)
	if err := f.read(); err != nil {
		at, ok := err.(*SyntaxError)
		if !ok {
			at = &SyntaxError{Offset: f.src.offset(), Err: err}
		}
		at.Row, at.full = -1, true
		return nil, at
	}
	return &f.full, nil
}

// fullReading is a full RRD on its way in. Members come in any order; sums are
// done at the end.
type fullReading struct {
	src        source
	full       Full
	maxColumns int
	values     int // in all archives

	timed, stepped bool
	archive        *FullArchive // being read
	columns        int          // of its first row
	inRow          int          // values of the row being read
}

func (f *fullReading) read() error {
	head := string(f.src.ahead(headBytes))
	if string(f.src.ahead(3)) == "\xef\xbb\xbf" { // a byte order mark
		f.src.pos += 3
	}
	c, err := f.src.skipSpace()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errNotFull(head)
	case err != nil:
		return err
	case c == '<':
		err = readFullXML(f, head)
	case c == '{':
		err = readFullJSON(f, head)
	default:
		return errNotFull(head)
	}
	if err != nil {
		return err
	}
	return f.finish()
}

func errNotFull(head string) error {
	if head == "" {
		return errAt(0, "%w: the body is empty", ErrNotFull)
	}
	return errAt(0, "%w: the body begins with %q", ErrNotFull, head)
}

// number takes one of the numbers of the document or of an archive.
func (f *fullReading) number(name string, text []byte, offset int64) error {
	n, ok := parseInteger(text)
	if name == "lastupdate" && !ok {
		// JSON has a fraction of a second there.
		if v, isNumber := parseValue(text); isNumber && math.Abs(v) < maxTime {
			n, ok = int64(math.Floor(v)), true
		}
	}
	if !ok || n > maxTime {
		return errAt(offset, "%s %q is not a whole number", name, clip(text))
	}
	switch name {
	case "lastupdate":
		f.timed, f.full.LastUpdate = true, n
	case "step":
		f.stepped, f.full.Step = true, n
	case "pdp_per_row":
		f.archive.points = n
	}
	return nil
}

func (f *fullReading) addSource(name []byte) error {
	if len(f.full.Sources) == f.maxColumns {
		return fmt.Errorf("more than %d data sources", f.maxColumns)
	}
	f.full.Sources = append(f.full.Sources, string(name))
	return nil
}

func (f *fullReading) beginArchive() error {
	if len(f.full.Archives) == maxFullArchives {
		return fmt.Errorf("more than %d archives", maxFullArchives)
	}
	f.archive, f.columns = &FullArchive{}, 0
	f.full.Archives = append(f.full.Archives, f.archive)
	return nil
}

func (f *fullReading) value(text []byte, offset int64) error {
	v, ok := parseValue(text)
	if !ok {
		return errAt(offset, "value %q is not a number", clip(text))
	}
	if f.values == maxFullValues {
		return errAt(offset, "more than %d values", maxFullValues)
	}
	f.archive.values = append(f.archive.values, v)
	f.values++
	f.inRow++
	return nil
}

// endRow checks the row that has just been read.
func (f *fullReading) endRow() error {
	a := f.archive
	if a.Rows == 0 {
		f.columns = f.inRow
	}
	switch {
	case f.inRow != f.columns || f.inRow == 0:
		return fmt.Errorf("row %d of archive %d has %d values, the first one %d", a.Rows, len(f.full.Archives)-1, f.inRow, f.columns)
	case a.Rows == maxFullRows:
		return fmt.Errorf("an archive of more than %d rows", maxFullRows)
	}
	a.Rows++
	f.inRow = 0
	return nil
}

// finish checks what can be checked once all is read, and dates the archives.
func (f *fullReading) finish() error {
	switch {
	case !f.timed:
		return errors.New("no time of the last update (lastupdate)")
	case !f.stepped:
		return errors.New("no step")
	case f.full.Step <= 0 || f.full.Step > maxFullStep:
		return fmt.Errorf("a step of %d s is none", f.full.Step)
	}
	for i, a := range f.full.Archives {
		if a.points <= 0 || a.points > maxFullStep/f.full.Step {
			return fmt.Errorf("archive %d: %d points in a row cannot be", i, a.points)
		}
		if a.Rows > 0 && len(a.values) != a.Rows*len(f.full.Sources) {
			return fmt.Errorf("archive %d has rows of %d values for %d data sources", i, len(a.values)/a.Rows, len(f.full.Sources))
		}
		a.Step = a.points * f.full.Step
		a.End = f.full.LastUpdate / a.Step * a.Step
	}
	return nil
}

// maxFullStep is the longest step of a row, in seconds: a leap year.
const maxFullStep = 366 * 86400

var (
	rootTag  = regexp.MustCompile(`<([A-Za-z][A-Za-z0-9]*)[\s/>]`)
	firstKey = regexp.MustCompile(`^\{\s*"?([A-Za-z]+)"?\s*:`)
)

// LooksFull says whether a document that begins with head is a full RRD rather
// than an update. Some hundred bytes are enough.
func LooksFull(head []byte) bool {
	head = trimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if len(head) > 0 && head[0] == '{' {
		key := firstKey.FindSubmatch(head)
		switch {
		case key == nil:
			return false
		case string(key[1]) == "version" || string(key[1]) == "lastupdate" || string(key[1]) == "step":
			return true
		}
		return string(key[1]) == "ds" || string(key[1]) == "rra"
	}
	root := rootTag.FindSubmatch(head)
	return root != nil && string(root[1]) == "rrd"
}
