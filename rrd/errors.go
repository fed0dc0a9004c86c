package rrd

import (
	"errors"
	"fmt"
)

// What callers tell apart about a document that did not end well. A
// truncated one wraps io.ErrUnexpectedEOF; a failing reader's own error is
// wrapped as it is.
var (
	// ErrNotUpdate: the body is neither an xport document nor its JSON form.
	ErrNotUpdate = errors.New("neither an xport document nor its JSON form")
	// ErrTooLarge: the document goes on after DecoderOptions.MaxBytes.
	ErrTooLarge = errors.New("document is over the limit")
)

// SyntaxError says where a Decoder or ReadFull stopped and why. Every error of
// theirs but io.EOF is one, those of the reader underneath included.
type SyntaxError struct {
	// Offset is in bytes of the document, from 0: where the value at fault
	// begins if it is one value, else how far the decoder had read.
	Offset int64
	// Row is the index of the row being read, 0 for the newest; -1 before
	// the first, and in a full RRD.
	Row int
	// Err is the reason.
	Err error

	full bool // the document is a full RRD
}

func (e *SyntaxError) Error() string {
	if e.full {
		return fmt.Sprintf("full RRD: byte %d: %v", e.Offset, e.Err)
	}
	if e.Row < 0 {
		return fmt.Sprintf("update: byte %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("update: byte %d, row %d: %v", e.Offset, e.Row, e.Err)
}

func (e *SyntaxError) Unwrap() error { return e.Err }

// errAt is an error at one byte. The Decoder adds the row.
func errAt(offset int64, format string, args ...any) error {
	return &SyntaxError{Offset: offset, Row: -1, Err: fmt.Errorf(format, args...)}
}
