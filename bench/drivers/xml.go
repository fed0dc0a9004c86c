package drivers

import (
	"bytes"
	"encoding/xml"
	"io"

	parse "github.com/tdewolff/parse/v2"
	lexer "github.com/tdewolff/parse/v2/xml"

	"perfmon/bench/checksum"
)

// tokens is encoding/xml as its examples have it.
func tokens(document []byte, sum *checksum.Sum) error {
	d := xml.NewDecoder(bytes.NewReader(document))
	return walk(d.Token, sum)
}

// rawTokens leaves out what Token does about name spaces and matching ends.
func rawTokens(document []byte, sum *checksum.Sum) error {
	d := xml.NewDecoder(bytes.NewReader(document))
	return walk(d.RawToken, sum)
}

func walk(next func() (xml.Token, error), sum *checksum.Sum) error {
	inValue := false
	for {
		token, err := next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			inValue = t.Name.Local == "v"
		case xml.CharData:
			if inValue {
				v, err := number(t)
				if err != nil {
					return err
				}
				sum.Add(v)
			}
		case xml.EndElement:
			inValue = false
		}
	}
}

// tdewolff uses the lexer on the bytes as they are.
func tdewolff(document []byte, sum *checksum.Sum) error {
	l := lexer.NewLexer(parse.NewInputBytes(document))
	inValue := false
	for {
		kind, data := l.Next()
		switch kind {
		case lexer.ErrorToken:
			if err := l.Err(); err != io.EOF {
				return err
			}
			return nil
		case lexer.StartTagToken:
			inValue = string(data) == "<v"
		case lexer.TextToken:
			if inValue {
				v, err := number(data)
				if err != nil {
					return err
				}
				sum.Add(v)
			}
		case lexer.EndTagToken:
			inValue = false
		}
	}
}
