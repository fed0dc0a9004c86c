package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// Four programs read the alarms that the agent creates, each with a rule of
// its own. They are rebuilt here as far as they look at the body, so that
// Check can say beforehand who will not understand an alarm:
//
//	value: 0.986414
//	config:
//	<variable>
//		<name value="cpu_usage"/>
//		<alarm_trigger_level value="0.5"/>
//	</variable>

// understood is what a reader takes from a body.
type understood struct {
	name, value   string
	level, period string // "" where it does not look or finds none
}

// misread is why a reader cannot use an alarm, and the way out.
type misread struct{ msg, fix string }

// alarmReader is one of the programs.
type alarmReader struct {
	name string
	read func(class, body string) (understood, *misread)
}

var alarmReaders = []alarmReader{
	{"mail-alarm", readMail},
	{"XenCenter", readXenCenter},
	{"Xen Orchestra's web page", readXOWeb},
	{"Xen Orchestra's REST API (and XO 6)", readXOREST},
}

// firstValue is the attribute "value" of the first element of a name.
func firstValue(root *etree.Element, tag string) (string, bool) {
	e := root
	if e.FullTag() != tag {
		e = firstBelow(root, tag)
	}
	if e == nil {
		return "", false
	}
	return value(e), true
}

// mailNames are the variables that mail-alarm has a text for, with the
// classes that it takes them of. Any other is mailed as a list of fields.
var mailNames = map[string][]string{
	"cpu_usage":            {ClassHost, ClassVM},
	"network_usage":        {ClassHost, ClassVM},
	"memory_free_kib":      {ClassHost, ClassVM},
	"memory_internal_free": {ClassHost, ClassVM},
	"disk_usage":           {ClassVM},
	"fs_usage":             {ClassVM},
	"log_fs_usage":         {ClassVM},
	"mem_usage":            {ClassVM},
}

// srThroughput are the names for which mail-alarm has a text of their own.
var srThroughput = regexp.MustCompile(`^sr_io_throughput_total_[0-9a-f]{8}$`)

// readMail is xen-api's mail-alarm. The body reaches it escaped in a
// message's XML, of which it undoes &lt; &gt; and &quot; alone. It cuts the
// text at each "config:" and parses the second piece.
func readMail(class, body string) (understood, *misread) {
	first, _, _ := strings.Cut(body, "\n")
	key, val, _ := strings.Cut(first, ":")
	if _, err := parseFloat(val); key != "value" || err != nil && !errors.Is(err, errNotFinite) {
		return understood{}, &misread{"its first line is no value", ""}
	}
	pieces := strings.Split(body, "config:")
	if len(pieces) < 2 {
		return understood{}, &misread{"there is no config: in it", ""}
	}
	if len(pieces) > 2 {
		return understood{}, &misread{`the text "config:" is in the XML`, "remove it, or write it otherwise"}
	}
	doc, problem := readDocument(strings.TrimLeft(strings.ReplaceAll(pieces[1], "&", "&amp;"), "\n"))
	if problem != nil {
		return understood{}, &misread{"it is not well-formed: " + problem.Msg, problem.Fix}
	}
	u := understood{value: strings.TrimSpace(val)}
	u.name, _ = firstValue(doc.root, tagName)
	if level, ok := firstValue(doc.root, tagLevel); ok {
		if _, err := parseFloat(level); err == nil {
			u.level = level
		}
	}
	if period, ok := firstValue(doc.root, tagPeriod); ok {
		if _, err := parseInt(period); err == nil {
			u.period = period
		}
	}
	return u, mailText(class, u, doc.root)
}

// mailText says why mail-alarm would fail to write its text.
func mailText(class string, u understood, root *etree.Element) *misread {
	if srThroughput.MatchString(u.name) {
		e := firstBelow(root, tagConfiguredOn)
		if class != ClassHost || e == nil || e.SelectAttrValue("uuid", "") == "" {
			return &misread{
				"it looks for <configured_on>, which only an SR's variable gets",
				"set sr_io_throughput_total_per_host on the SR",
			}
		}
		return nil
	}
	classes, typed := mailNames[u.name]
	if typed && !slices.Contains(classes, class) {
		return &misread{
			fmt.Sprintf("it knows %s of a %s only", u.name, strings.Join(classes, " or a ")),
			"choose another name, and give rrd_regex and consolidation_fn",
		}
	}
	return nil
}

// readXenCenter is xenadmin's AlarmMessageAlert. It joins all lines but the
// first, without line ends, drops every "config:" and loads the rest as one
// document. A number that it cannot read is 0.
func readXenCenter(_, body string) (understood, *misread) {
	first, rest, ok := strings.Cut(body, "\n")
	if !ok {
		return understood{}, &misread{"it has one line only", ""}
	}
	text := strings.ReplaceAll(strings.ReplaceAll(rest, "\n", ""), "config:", "")
	doc, problem := readDocument(text)
	if problem != nil {
		return understood{}, &misread{"it is not well-formed: " + problem.Msg, problem.Fix}
	}
	u := understood{value: netNumber(strings.ReplaceAll(first, "value: ", ""), math.MaxFloat64)}
	name := doc.root
	if name.FullTag() != tagName {
		name = firstBelow(doc.root, tagName)
	}
	if name == nil || !has(name) {
		return understood{}, &misread{"<name> has no value", `write <name value="…"/>`}
	}
	u.name = value(name)
	if level, ok := firstValue(doc.root, tagLevel); ok {
		u.level = netNumber(level, math.MaxFloat64)
	}
	if period, ok := firstValue(doc.root, tagPeriod); ok {
		u.period = netNumber(period, math.MaxInt32)
	}
	return u, nil
}

// netNumber is a number as .NET reads it: plain ones up to a limit, blanks
// around them allowed, anything else 0.
func netNumber(text string, limit float64) string {
	text = strings.TrimSpace(text)
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !isPlain(text) || math.Abs(f) > limit {
		return "0"
	}
	return text
}

var xoWebBody = regexp.MustCompile(`^value:\s*([0-9.]+)\s+config:\s*((?s:.*))$`)

// readXOWeb is xo-web's formatLogs: a pattern, then the attribute "value" of
// each thing directly in the root, which it does not check prefixes of.
func readXOWeb(_, body string) (understood, *misread) {
	m := xoWebBody.FindStringSubmatch(body)
	if m == nil {
		return understood{}, misreadValue(body)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(m[2]); err != nil || doc.Root() == nil {
		return understood{}, &misread{"it is not well-formed", ""}
	}
	u := understood{value: m[1]}
	direct := func(tag string) (string, bool) {
		for e := range doc.Root().ChildElementsSeq() {
			if e.FullTag() == tag {
				return value(e), has(e)
			}
		}
		return "", false
	}
	var ok bool
	if u.name, ok = direct(tagName); !ok || doc.Root().FullTag() != variableTag {
		return understood{}, &misread{"<name value=…> is not directly in <variable>", "put it there"}
	}
	u.level, _ = direct(tagLevel)
	u.period, _ = direct(tagPeriod)
	return u, nil
}

var xoRESTValue = regexp.MustCompile(`^value:\s*(Infinity|NaN|-Infinity|\d+(?:\.\d+)?)\s*config:`)

var xoRESTBody = regexp.MustCompile(`^value:\s*(Infinity|NaN|-Infinity|\d+(?:\.\d+)?)\s*config:\s*<variable>\s*<name value="(.*?)"`)

// readXOREST is xo-server's alarm service: one pattern, and the name as the
// text has it, escapes included.
func readXOREST(_, body string) (understood, *misread) {
	if m := xoRESTBody.FindStringSubmatch(body); m != nil {
		return understood{value: m[1], name: m[2]}, nil
	}
	if !xoRESTValue.MatchString(body) {
		return understood{}, misreadValue(body)
	}
	_, text, _ := strings.Cut(body, "config:\n")
	rest, ok := strings.CutPrefix(text, "<variable>")
	rest = strings.TrimLeft(rest, " \t\n")
	switch {
	case !ok:
		return understood{}, &misread{"<variable> has attributes", "remove them"}
	case strings.HasPrefix(rest, "<!--"):
		return understood{}, &misread{"a comment stands before <name>", "put it behind the <name>"}
	case strings.HasPrefix(rest, "<name "):
		return understood{}, &misread{"the name is not written as <name value=\"…\"/>", "write it so, in one line"}
	}
	return understood{}, &misread{"<name> is not the first thing in <variable>", "put it first"}
}

// misreadValue is what Xen Orchestra does not read as a value.
func misreadValue(body string) *misread {
	if strings.HasPrefix(body, "value: -") {
		return &misread{"the value can be negative, which it does not read", "measure something that is never below 0"}
	}
	return &misread{"its value is not a number", ""}
}
