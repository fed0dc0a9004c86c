package rrd

import (
	"fmt"
	"io"
	"strings"
)

// maxTokenBytes bounds one token of the XML: a tag with its attributes, a
// run of text, a comment. The standard tokenizer holds each in memory.
const maxTokenBytes = 1 << 20

// xmlBytes hands a source to the standard tokenizer byte by byte. It turns
// Latin-1 into UTF-8 where the document declares it, and stops a token that
// is too long.
type xmlBytes struct {
	src    *source
	latin1 bool
	second byte  // of a converted character, if not 0
	given  int64 // bytes handed over
	token  int64 // value of given where the token began
	last   byte  // handed over
	slash  bool  // the byte before that was a slash
}

func (b *xmlBytes) reset(src *source) { *b = xmlBytes{src: src} }

// ReadByte makes the tokenizer do without a buffer of its own.
func (b *xmlBytes) ReadByte() (byte, error) {
	if b.second != 0 {
		c := b.second
		b.second = 0
		b.given++
		b.last, b.slash = c, false
		return c, nil
	}
	if b.given-b.token >= maxTokenBytes {
		return 0, fmt.Errorf("a tag or a text of more than %d bytes", maxTokenBytes)
	}
	s := b.src
	if s.pos == s.end && !s.fill() {
		if err := s.failure(); err != io.ErrUnexpectedEOF {
			return 0, err
		}
		return 0, io.EOF
	}
	c := s.buf[s.pos]
	s.pos++
	b.given++
	b.last, b.slash = c, b.last == '/'
	if b.latin1 && c >= 0x80 {
		b.second = 0x80 | c&0x3f
		c = 0xc0 | c>>6
	}
	return c, nil
}

// Read is there because the tokenizer asks for an io.Reader; it is not used.
func (b *xmlBytes) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := b.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// charset is called by the tokenizer for a declared encoding that is not
// UTF-8.
func (b *xmlBytes) charset(name string, _ io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "us-ascii", "ascii", "utf8":
	case "iso-8859-1", "iso_8859-1", "latin1", "latin-1":
		b.latin1 = true
	default:
		return nil, fmt.Errorf("encoding %q is not read, only UTF-8, US-ASCII and ISO-8859-1", clip([]byte(name)))
	}
	return b, nil
}
