package metrics

import "io"

// pieceSize is how much is printed before it is handed on. With the longest
// line that is likely it is one block of the gzip form.
const pieceSize = 32<<10 - 1<<10

// printer hands on what is printed, in pieces.
type printer struct {
	to   io.Writer
	only filter
	b    []byte
	room fetched
	n    int   // bytes handed on
	err  error // the first of a Write; nothing is written after
}

// filter has the names of the families that are wanted; nil wants all.
type filter map[string]bool

func (f filter) wants(name string) bool { return f == nil || f[name] }

// flush hands on what b holds, and returns it empty.
func (p *printer) flush(b []byte) []byte {
	if p.err == nil && len(b) > 0 {
		_, p.err = p.to.Write(b)
		p.n += len(b)
	}
	return b[:0]
}
