package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxBytes bounds a settings file.
const MaxBytes = 1 << 20

// Parse makes nodes of a text; nil if there is nothing in it. Nodes of an
// alias are not copied, so that no text grows. A problem means that it is not
// YAML, or not one document.
func Parse(text []byte) (*yaml.Node, *Problem) {
	if len(text) > MaxBytes {
		return nil, &Problem{Msg: fmt.Sprintf("more than %d bytes", MaxBytes), Fix: "name the right file"}
	}
	if p := badText(text); p != nil {
		return nil, p
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntaxProblem(err, text)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, &Problem{Line: second.Line, Column: second.Column, Msg: "a second document", Fix: "make one of them, without --- between"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxProblem(err, text)
	}
	return document.Content[0], nil
}

// badText finds what is no text, since the decoder does not say where it is.
func badText(text []byte) *Problem {
	line, column := 1, 0
	for at := 0; at < len(text); {
		c, n := utf8.DecodeRune(text[at:])
		column++
		switch {
		case c == utf8.RuneError && n == 1:
			return &Problem{Line: line, Column: column, Msg: "not UTF-8 text", Fix: "save the file as UTF-8"}
		case c < ' ' && !strings.ContainsRune("\t\r\n", c), c == 0x7f:
			return &Problem{Line: line, Column: column, Msg: fmt.Sprintf("the control character %q", c), Fix: "remove it"}
		case c == '\n':
			line, column = line+1, 0
		}
		at += n
	}
	return nil
}

// syntaxPlace is where the decoder's errors have their line, if they have one:
//
//	yaml: line 3: found character that cannot start any token
var syntaxPlace = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func syntaxProblem(err error, text []byte) *Problem {
	m := syntaxPlace.FindStringSubmatch(err.Error())
	if m == nil {
		return &Problem{Msg: "not YAML"}
	}
	line, msg, fix := 0, m[2], "look at the indentation, quotes and brackets there"
	if m[1] != "" {
		line, _ = strconv.Atoi(m[1])
	}
	switch {
	case strings.HasPrefix(msg, "unknown anchor"): // which repeats a part of the text
		return &Problem{Msg: "not YAML: an alias of something that there is not", Fix: "put a text that begins with * in quotes"}
	case strings.Contains(msg, "max depth"):
		return &Problem{Msg: "not YAML: " + msg, Fix: "name the right file"}
	case strings.HasPrefix(msg, "did not find expected"), strings.HasPrefix(msg, "found undefined tag"):
		line++ // the decoder counts these from 0, and takes the begin of the whole mapping or list
		fix = "look at the indentation, quotes and brackets of what begins there"
	case strings.Contains(msg, "tab character"), strings.Contains(msg, "cannot start any token"):
		fix = "indent with spaces, not tabs, and put a text that begins with a special character in quotes"
	}
	end := bytes.Count(bytes.TrimRight(text, "\r\n"), []byte("\n")) + 1 // it may say the line after the last
	return &Problem{Line: min(max(line, 1), end), Msg: "not YAML: " + msg, Fix: fix}
}
