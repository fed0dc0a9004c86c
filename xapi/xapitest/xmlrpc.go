package xapitest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// parseXMLCall reads XML-RPC:
//
//	<?xml version="1.0"?><methodCall><methodName>session.logout</methodName><params>
//	<param><value><string>OpaqueRef:...</string></value></param></params></methodCall>
func parseXMLCall(body []byte) (*call, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	c := &call{form: formXML}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && c.method != "" {
			return c, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read XML-RPC call: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "methodName":
			if err := d.DecodeElement(&c.method, &start); err != nil {
				return nil, fmt.Errorf("read XML-RPC method: %w", err)
			}
		case "value":
			v, err := xmlValue(d, 0)
			if err != nil {
				return nil, fmt.Errorf("read XML-RPC parameter %d: %w", len(c.args), err)
			}
			c.args = append(c.args, v)
		}
	}
}

const maxNesting = 100

// xmlValue reads what is left of a <value>. A value without a type is a
// string.
func xmlValue(d *xml.Decoder, depth int) (any, error) {
	if depth > maxNesting {
		return nil, errors.New("nested too deep")
	}
	var text strings.Builder
	var value any
	typed := false
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			if !typed {
				return text.String(), nil
			}
			return value, nil
		case xml.StartElement:
			typed = true
			if value, err = xmlTyped(d, t, depth); err != nil {
				return nil, err
			}
		}
	}
}

func xmlTyped(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	switch start.Name.Local {
	case "array":
		list := []any{}
		err := xmlChildren(d, func(s xml.StartElement) (bool, error) {
			if s.Name.Local != "value" {
				return true, nil // <data>
			}
			v, err := xmlValue(d, depth+1)
			list = append(list, v)
			return false, err
		})
		return list, err
	case "struct":
		m := map[string]any{}
		name := ""
		err := xmlChildren(d, func(s xml.StartElement) (bool, error) {
			switch s.Name.Local {
			case "name":
				name = ""
				return false, d.DecodeElement(&name, &s)
			case "value":
				v, err := xmlValue(d, depth+1)
				m[name] = v
				return false, err
			}
			return true, nil // <member>
		})
		return m, err
	}
	var text string
	if err := d.DecodeElement(&text, &start); err != nil {
		return nil, err
	}
	switch start.Name.Local {
	case "string", "dateTime.iso8601":
		return text, nil
	case "boolean":
		return text == "1", nil
	case "int", "i4", "double":
		return number(strings.TrimSpace(text)), nil
	case "nil":
		return nil, nil
	}
	return nil, fmt.Errorf("unknown type %q", start.Name.Local)
}

// xmlChildren calls f for each element below the one that has begun, until
// that one ends. f says whether to look inside; if not, it has read the
// element to its end.
func xmlChildren(d *xml.Decoder, f func(xml.StartElement) (bool, error)) error {
	for depth := 1; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			inside, err := f(t)
			if err != nil {
				return err
			}
			if inside {
				depth++
			}
		}
	}
	return nil
}

// xmlSuccess is a methodResponse with a struct of Status and Value.
func xmlSuccess(result any) []byte {
	return xmlResponse("Success", "Value", result)
}

func xmlFailure(f []string) []byte {
	return xmlResponse("Failure", "ErrorDescription", stringsToAny(f))
}

func xmlResponse(status, name string, v any) []byte {
	b := []byte(`<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name><value>` + status +
		`</value></member><member><name>` + name + `</name>`)
	b = encodeXML(b, v)
	return append(b, `</member></struct></value></param></params></methodResponse>`...)
}

// encodeXML appends a <value>. Strings have no type element.
func encodeXML(b []byte, v any) []byte {
	b = append(b, "<value>"...)
	switch v := v.(type) {
	case nil:
		b = append(b, "<nil/>"...)
	case string:
		b = append(b, escapeXML(v)...)
	case dateTime:
		b = append(b, "<dateTime.iso8601>"+string(v)+"</dateTime.iso8601>"...)
	case bool:
		if v {
			b = append(b, "<boolean>1</boolean>"...)
		} else {
			b = append(b, "<boolean>0</boolean>"...)
		}
	case int32Value:
		b = append(b, "<i4>"+strconv.Itoa(int(v))+"</i4>"...)
	case float64:
		b = append(b, "<double>"+strconv.FormatFloat(v, 'g', 16, 64)+"</double>"...)
	case []any:
		b = append(b, "<array><data>"...)
		for _, e := range v {
			b = encodeXML(b, e)
		}
		b = append(b, "</data></array>"...)
	case map[string]any:
		b = append(b, "<struct>"...)
		for _, k := range sortedKeys(v) {
			b = append(b, "<member><name>"+escapeXML(k)+"</name>"...)
			b = encodeXML(b, v[k])
			b = append(b, "</member>"...)
		}
		b = append(b, "</struct>"...)
	default:
		panic(fmt.Sprintf("BUG: a result of type %T", v))
	}
	return append(b, "</value>"...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
