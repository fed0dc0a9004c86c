package shadow

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxBody is the size of a body that is looked at, in bytes: what the
// toolstack takes in one request.
const maxBody = 300 << 10

// What the stock daemon puts for a tag that is missing.
const (
	stockPeriod  = 60   // seconds
	stockInhibit = 3600 // seconds
)

// body is what the body of an ALARM says.
type body struct {
	number string  // as it is written
	value  float64 // not a number, or infinite, where stock says so
	config string  // the variable's XML, as it is written
	rule
}

// rule is what the XML of a variable says, as far as it matters here.
type rule struct {
	variable        string
	level           string
	regex, fold     string // "" if the XML has none
	low             bool
	period, inhibit int64 // seconds
}

var errNotStock = errors.New("it is not as the stock daemon writes it")

// parseBody reads
//
//	value: 0.986414
//	config:
//	<variable>
//		<name value="cpu_usage"/>
//		<alarm_trigger_level value="0.5"/>
//	</variable>
//
// Line ends become those that the toolstack's own files have.
func parseBody(text string) (body, error) {
	if len(text) > maxBody {
		return body{}, fmt.Errorf("read body of %d bytes: over the limit of %d", len(text), maxBody)
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	first, rest, _ := strings.Cut(text, "\n")
	number, isValue := strings.CutPrefix(first, "value: ")
	config, isConfig := strings.CutPrefix(rest, "config:\n")
	if !isValue || !isConfig {
		return body{}, fmt.Errorf("read body that begins with %.60q: %w", text, errNotStock)
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return body{}, fmt.Errorf("read value %.60q: %w", number, errNotStock)
	}
	r, err := parseRule(config)
	if err != nil {
		return body{}, fmt.Errorf("read variable %.60q: %w", config, err)
	}
	return body{number: number, value: value, config: config, rule: r}, nil
}

// parseRule takes of each tag the first element, and of that the attribute
// value, as the stock daemon does.
func parseRule(text string) (rule, error) {
	values := map[string]string{}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rule{}, err
		}
		e, ok := token.(xml.StartElement)
		if _, have := values[e.Name.Local]; !ok || have {
			continue
		}
		values[e.Name.Local] = ""
		for _, a := range e.Attr {
			if a.Name.Local == "value" {
				values[e.Name.Local] = a.Value
			}
		}
	}
	if values["name"] == "" {
		return rule{}, fmt.Errorf("no name: %w", errNotStock)
	}
	sense, hasSense := values["alarm_trigger_sense"]
	name := values["name"]
	return rule{
		variable: name, level: values["alarm_trigger_level"], regex: values["rrd_regex"], fold: values["consolidation_fn"],
		low:     hasSense && sense != "high" || !hasSense && (name == "memory_internal_free" || name == "memory_free_kib"),
		period:  seconds(values["alarm_trigger_period"], stockPeriod),
		inhibit: seconds(values["alarm_auto_inhibit_period"], stockInhibit),
	}, nil
}

// seconds reads a number as Python does; what is none is the default.
func seconds(text string, otherwise int64) int64 {
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(text), "_", ""), 10, 64)
	if err != nil || n < 0 {
		return otherwise
	}
	return n
}

// sameWords says whether two texts differ in white space at most.
func sameWords(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// sameButOrder says whether two XML texts differ in the order of attributes
// at most.
func sameButOrder(a, b string) bool {
	canonical := func(text string) string {
		var out strings.Builder
		for d := xml.NewDecoder(strings.NewReader(text)); ; {
			token, err := d.Token()
			if err != nil {
				return out.String()
			}
			switch t := token.(type) {
			case xml.StartElement:
				names := make([]string, 0, len(t.Attr))
				for _, a := range t.Attr {
					names = append(names, fmt.Sprintf("%s=%q", a.Name.Local, a.Value))
				}
				slices.Sort(names)
				fmt.Fprintf(&out, "<%s %q>", t.Name.Local, names)
			case xml.EndElement:
				fmt.Fprintf(&out, "</%s>", t.Name.Local)
			case xml.CharData:
				fmt.Fprintf(&out, "%q", string(t))
			case xml.Comment:
				fmt.Fprintf(&out, "<!%q>", string(t))
			}
		}
	}
	return canonical(a) == canonical(b)
}
