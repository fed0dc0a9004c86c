package hostplugin

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// maxRequest is the size of the longest request that is read, in bytes. It
	// holds a session and a map of arguments, and none of ours takes any.
	maxRequest = 64 << 10
	// maxDepth is how deep its elements may be nested.
	maxDepth = 64
	// maxName is the length of the longest name of a function.
	maxName = 100
)

// parseCall returns the function that is called in
//
//	<?xml version='1.0'?>
//	<methodCall>
//	<methodName>refresh</methodName>
//	<params>
//	<param>
//	<value><string>OpaqueRef:5f4d…</string></value>
//	</param>
//	<param>
//	<value><struct>
//	</struct></value>
//	</param>
//	</params>
//	</methodCall>
//
// The parameters, a session and arguments, have to be well formed and are not
// used: what the plugin does needs no session, and takes no argument.
func parseCall(request string) (function string, err error) {
	if len(request) > maxRequest {
		return "", fmt.Errorf("read call: %d bytes, at most %d are read", len(request), maxRequest)
	}
	decoder := xml.NewDecoder(strings.NewReader(request))
	var path []string
	var name strings.Builder
	named, ended := false, false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read call: at byte %d: %w", decoder.InputOffset(), err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			switch {
			case ended || len(path) == 1 && t.Name.Local != "methodCall":
				return "", fmt.Errorf("read call: at byte %d: want one methodCall, got element %q", decoder.InputOffset(), t.Name.Local)
			case len(path) > maxDepth:
				return "", fmt.Errorf("read call: at byte %d: more than %d elements deep", decoder.InputOffset(), maxDepth)
			case isMethodName(path) && named:
				return "", fmt.Errorf("read call: at byte %d: a second methodName", decoder.InputOffset())
			}
		case xml.EndElement:
			named = named || isMethodName(path)
			path = path[:len(path)-1]
			ended = len(path) == 0
		case xml.CharData:
			if isMethodName(path) {
				name.Write(t)
			}
		}
	}
	function = strings.TrimSpace(name.String())
	if !ended || function == "" || len(function) > maxName {
		return "", fmt.Errorf("read call: want a methodCall with a methodName of 1 to %d bytes, got %q", maxName, shortened(request))
	}
	return function, nil
}

func isMethodName(path []string) bool { return len(path) == 2 && path[1] == "methodName" }

func shortened(s string) string {
	const limit = 200
	if len(s) > limit {
		return s[:limit] + "…"
	}
	return s
}

// The shape is that of Python's xmlrpc.client, byte for byte, since that is
// what has always been read here.
const (
	answerHead = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n"
	answerTail = "</struct></value>\n</param>\n</params>\n</methodResponse>\n"
)

func success(value string) string {
	return answerHead + member("Status", text("Success")) + member("Value", text(value)) + answerTail
}

// failure is an error of the toolstack's kind: a code and its details.
func failure(description ...string) string {
	var list strings.Builder
	for _, d := range description {
		list.WriteString(text(d))
	}
	array := "<value><array><data>\n" + list.String() + "</data></array></value>\n"
	return answerHead + member("Status", text("Failure")) + member("ErrorDescription", array) + answerTail
}

func member(name, value string) string {
	return "<member>\n<name>" + name + "</name>\n" + value + "</member>\n"
}

func text(s string) string { return "<value><string>" + escape(s) + "</string></value>\n" }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape also replaces what no XML document may have in it.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xFFFE, r == 0xFFFF:
			return '�'
		}
		return r
	}, s)
	return escaper.Replace(s)
}
