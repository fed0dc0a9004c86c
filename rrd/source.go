package rrd

import (
	"errors"
	"fmt"
	"io"
)

const (
	sourceBuffer = 32 << 10 // 16, 32 and 64 KB decode at the same speed
	headBytes    = 60       // of a body that is no update, quoted in the error
)

// source reads a document through one buffer of fixed size and knows the
// offset of every byte.
type source struct {
	r     io.Reader
	buf   []byte
	pos   int   // next byte of buf
	end   int   // of the bytes in buf
	base  int64 // offset of buf[0] in the document
	limit int64 // bytes the document may have; 0 or less means any number
	err   error // what comes after the bytes in buf; io.EOF at the end
	spent bool  // someone asked for a byte that err stands for
}

func (s *source) reset(r io.Reader, limit int64) {
	if s.buf == nil {
		s.buf = make([]byte, sourceBuffer, sourceBuffer+scanWindow)
	}
	*s = source{r: r, buf: s.buf, limit: limit}
}

// window is the buffer with the room behind it that the scanner may look at.
func (s *source) window() []byte { return s.buf[:cap(s.buf)] }

// offset is that of the next byte.
func (s *source) offset() int64 { return s.base + int64(s.pos) }

// fill reads more bytes behind those that are there, making room by dropping
// the bytes already taken. It says false when there are none: see s.err.
func (s *source) fill() bool {
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.base += int64(s.pos)
		s.end -= s.pos
		s.pos = 0
	}
	for tries := 0; s.err == nil && s.end < len(s.buf); tries++ {
		if tries == 100 {
			s.err = io.ErrNoProgress
			break
		}
		n, err := s.r.Read(s.buf[s.end:])
		if n < 0 || n > len(s.buf)-s.end {
			n, err = 0, errors.New("reader returned an impossible count")
		}
		s.err = err
		if over := s.base + int64(s.end+n) - s.limit; s.limit > 0 && over > 0 {
			n -= int(over)
			s.err = fmt.Errorf("%w of %d bytes", ErrTooLarge, s.limit)
		}
		s.end += n
		if n > 0 {
			return true
		}
	}
	return false
}

// peek returns the next byte without taking it.
func (s *source) peek() (byte, error) {
	if s.pos == s.end && !s.fill() {
		return 0, s.failure()
	}
	return s.buf[s.pos], nil
}

// failure is the error of a document that stops here: unexpected end, limit
// reached, or what the reader said.
func (s *source) failure() error {
	s.spent = true
	switch {
	case s.err == io.EOF:
		return io.ErrUnexpectedEOF
	case errors.Is(s.err, ErrTooLarge):
		return s.err
	}
	return fmt.Errorf("read: %w", s.err)
}

// atEnd says that the document has no more bytes, and ended by itself.
func (s *source) atEnd() bool {
	return s.pos == s.end && !s.fill() && s.err == io.EOF
}

// skipSpace goes to the next byte that is not white space, and peeks at it.
func (s *source) skipSpace() (byte, error) {
	for {
		c, err := s.peek()
		if err != nil || !isSpace(c) {
			return c, err
		}
		s.pos++
	}
}

// ahead returns the next n bytes, or fewer at the end, without taking them.
// n is small.
func (s *source) ahead(n int) []byte {
	for s.end-s.pos < n && s.fill() {
	}
	return s.buf[s.pos:min(s.end, s.pos+n)]
}

// isSpace is white space as both XML and JSON have it.
func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// notUpdate is the error of a body of another kind, which began with head.
func notUpdate(head []byte) error {
	if len(head) == 0 {
		return fmt.Errorf("%w: the body is empty", ErrNotUpdate)
	}
	return fmt.Errorf("%w: the body begins with %q", ErrNotUpdate, head)
}
