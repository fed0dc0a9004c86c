package replay

import (
	"io"

	"perfmon/rrd"
)

// answer is one update of a world or a history.
type answer struct {
	header rrd.Header
	rows   []rrd.Row // newest first
	given  int
}

func (a *answer) Header() (*rrd.Header, error) { return &a.header, nil }
func (a *answer) Want([]bool)                  {} // values that nobody wants do no harm
func (a *answer) Close() error                 { return nil }

func (a *answer) Next() (rrd.Row, error) {
	if a.given == len(a.rows) {
		return rrd.Row{}, io.EOF
	}
	a.given++
	return a.rows[a.given-1], nil
}
