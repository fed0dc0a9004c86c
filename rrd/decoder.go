package rrd

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// What one document may have. A single token is bounded too: see
// maxEntryBytes and maxValueBytes.
const (
	DefaultMaxBytes   = 256 << 20
	DefaultMaxColumns = 1 << 20

	maxEntryBytes = 64 << 10
	maxValueBytes = 4 << 10
	maxDepth      = 64 // of elements or values inside one another
)

// DecoderOptions bounds what a Decoder accepts. The zero value is meant for
// a monitor.
type DecoderOptions struct {
	// MaxBytes is the size of the largest document; 0 means
	// DefaultMaxBytes, less than 0 no limit.
	MaxBytes int64
	// MaxColumns is the longest legend, and the longest row; 0 means
	// DefaultMaxColumns.
	MaxColumns int
	// AllowRagged hands over rows that have more or fewer values than the
	// legend has entries. Otherwise such a row is an error.
	AllowRagged bool
}

// Decoder reads updates, XML or JSON: it looks at the first byte, not at any
// header. It reads as the rows are asked for, through a buffer of fixed
// size; only the legend and one row are held. It is for one goroutine.
//
// An update that does not end well gives a *SyntaxError, and goes on giving
// it until Reset.
type Decoder struct {
	opts    DecoderOptions
	src     source
	xml     xmlForm
	json    jsonForm
	form    form
	legends legendCache
	header  *Header
	meta    meta
	want    []bool // columns to convert, if some is set
	some    bool
	runs    []int // where runs of columns end that nobody wants, that are wanted, and so on
	inRun   int   // index of the run being read
	values  []float64
	rows    int // read so far
	err     error

	general bool // tests: do without the scanner
}

// form is one of the two spellings of an update.
type form interface {
	// head reads up to the first row: the numbers into d.meta, the legend
	// into d.legends.
	head(d *Decoder) error
	// row reads the next row into d.values and returns its time. io.EOF
	// says that the document has ended, and ended well.
	row(d *Decoder) (int64, error)
}

// NewDecoder makes a Decoder of the document that r gives. r may be nil when
// Reset comes first.
func NewDecoder(r io.Reader, opts DecoderOptions) *Decoder {
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.MaxColumns <= 0 {
		opts.MaxColumns = DefaultMaxColumns
	}
	d := &Decoder{opts: opts}
	d.Reset(r)
	return d
}

// Reset goes on to the next document. Buffers and the last legend are kept.
func (d *Decoder) Reset(r io.Reader) {
	if r == nil {
		r = eofReader{}
	}
	d.src.reset(r, d.opts.MaxBytes)
	d.form, d.header, d.meta = nil, nil, meta{}
	d.some, d.rows, d.err = false, 0, nil
}

type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

// Header reads up to the rows; see Reader. Called again it returns the same
// Header, which is the caller's to keep.
func (d *Decoder) Header() (*Header, error) {
	if d.header != nil {
		return d.header, nil
	}
	if d.err != nil {
		return nil, d.err
	}
	if err := d.readHeader(); err != nil {
		d.err = d.located(err, -1)
		return nil, d.err
	}
	return d.header, nil
}

func (d *Decoder) readHeader() error {
	d.legends.begin()
	if err := d.choose(); err != nil {
		return err
	}
	if err := d.form.head(d); err != nil {
		return err
	}
	h, err := d.meta.header()
	if err != nil {
		return err
	}
	h.Legend = d.legends.finish()
	d.header = h
	return nil
}

// choose tells the two forms apart by their first byte.
func (d *Decoder) choose() error {
	head := d.src.ahead(headBytes)
	quoted := string(head)
	if string(d.src.ahead(3)) == "\xef\xbb\xbf" { // a byte order mark
		d.src.pos += 3
	}
	c, err := d.src.skipSpace()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &SyntaxError{Row: -1, Err: notUpdate([]byte(quoted))}
	case err != nil:
		return err
	case c == '<':
		d.xml.reset(&d.src, quoted)
		d.xml.general = d.general
		d.form = &d.xml
	case c == '{':
		d.json.reset(&d.src, quoted, d.general)
		d.form = &d.json
	default:
		return &SyntaxError{Row: -1, Err: notUpdate([]byte(quoted))}
	}
	return nil
}

// Want names the columns to convert; see Reader. The slice is copied.
func (d *Decoder) Want(columns []bool) {
	d.some = columns != nil
	d.want = append(d.want[:0], columns...)
	d.runs = d.runs[:0]
	wanted := false
	for i, w := range append(d.want, false) {
		if w != wanted {
			d.runs = append(d.runs, i)
			wanted = w
		}
	}
	d.runs = append(d.runs, math.MaxInt)
}

// Next returns the next older row; see Reader.
func (d *Decoder) Next() (Row, error) {
	if _, err := d.Header(); err != nil {
		return Row{}, err
	}
	if d.err != nil {
		return Row{}, d.err
	}
	d.values, d.inRun = d.values[:0], 0
	t, err := d.form.row(d)
	if err == io.EOF {
		d.err = io.EOF
		return Row{}, io.EOF
	}
	if err == nil {
		err = d.checkLength()
	}
	if err != nil {
		d.err = d.located(err, d.rows)
		return Row{}, d.err
	}
	d.rows++
	return Row{T: t, Values: d.values}, nil
}

func (d *Decoder) columns() int { return len(d.header.Legend.Entries) }

func (d *Decoder) checkLength() error {
	if !d.opts.AllowRagged && len(d.values) != d.columns() {
		return fmt.Errorf("row of %d values for %d columns", len(d.values), d.columns())
	}
	return nil
}

// value adds the value spelled by text, which begins at offset, to the row.
func (d *Decoder) value(text []byte, offset int64) error {
	i := len(d.values)
	switch {
	case i < d.columns():
	case !d.opts.AllowRagged:
		return errAt(offset, "row of more than %d values, one a column", d.columns())
	case i >= d.opts.MaxColumns:
		return errAt(offset, "row of more than %d values", d.opts.MaxColumns)
	}
	v := math.NaN()
	if !d.some || d.wants(i) {
		var ok bool
		if v, ok = parseValue(text); !ok {
			return errAt(offset, "value %q in column %s is not a number", clip(text), d.columnName(i))
		}
	}
	d.values = append(d.values, v)
	return nil
}

// addEntry adds an entry to the legend.
func (d *Decoder) addEntry(text []byte) error {
	return d.legends.add(text, d.meta.numbers[metaColumns], d.opts.MaxColumns)
}

// room is the row so far, with room for as many values as there are columns.
func (d *Decoder) room() (values []float64, columns int) {
	columns = d.columns()
	if cap(d.values) < columns {
		d.values = append(make([]float64, 0, columns), d.values...)
	}
	return d.values, columns
}

// run is where the run of columns ends that i is in, and whether somebody
// wants them.
func (d *Decoder) run(i, columns int) (end int, wanted bool) {
	if !d.some {
		return columns, true
	}
	for d.runs[d.inRun] <= i {
		d.inRun++
	}
	return min(d.runs[d.inRun], columns), d.inRun%2 == 1
}

// wants says, when only some columns are wanted, whether column i is.
func (d *Decoder) wants(i int) bool { return i < len(d.want) && d.want[i] }

// columnName is a column in an error: 3 (AVERAGE:vm:UUID:cpu0).
func (d *Decoder) columnName(i int) string {
	if i >= d.columns() {
		return fmt.Sprintf("%d (past the legend)", i)
	}
	return fmt.Sprintf("%d (%s)", i, d.header.Legend.Text(i))
}

// rowTime is the time spelled by text, which begins at offset.
func (d *Decoder) rowTime(text []byte, offset int64) (int64, error) {
	t, ok := parseInteger(text)
	if !ok {
		return 0, errAt(offset, "row time %q is not a whole number of seconds", clip(text))
	}
	return t, nil
}

// located makes err a SyntaxError of this row.
func (d *Decoder) located(err error, row int) error {
	if e, ok := err.(*SyntaxError); ok {
		e.Row = row
		return e
	}
	return &SyntaxError{Offset: d.src.offset(), Row: row, Err: err}
}

// clip shortens foreign text for an error.
func clip(text []byte) []byte { return text[:min(len(text), headBytes)] }
