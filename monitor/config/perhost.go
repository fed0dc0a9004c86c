package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// What an SR can ask of every host that it is attached to.
const (
	perHostThroughput = "sr_io_throughput_total_per_host"
	perHostLatency    = "sr_latency"
)

// perHost names what a host has of an SR: each prefix is followed by the
// first eight digits of the SR's uuid.
type perHost struct {
	variable string // of the host's variable
	column   string // of its data source
}

var perHosts = map[string]perHost{
	perHostThroughput: {variable: "sr_io_throughput_total_", column: "io_throughput_total_"},
	perHostLatency:    {variable: "sr_latency_", column: "latency_"},
}

var eightDigits = regexp.MustCompile(`^[0-9a-f]{8}$`)

// perHostBuiltin is what a host's variable of an SR has by default: what the
// SR's has, and one column.
func perHostBuiltin(name string) (builtin, bool) {
	for asked, p := range perHosts {
		digits, ok := strings.CutPrefix(name, p.variable)
		if !ok || !eightDigits.MatchString(digits) {
			continue
		}
		b := srBuiltins[asked]
		b.perHost, b.pattern = false, mustPattern(p.column+digits)
		return b, true
	}
	return builtin{}, false
}

// PerHostVariable is the variable that a host evaluates because the SR has v,
// one of those that it asks of its hosts. An SR's
// sr_io_throughput_total_per_host becomes its throughput on that host, in
// MiB/s, under the name sr_io_throughput_total_ and the first eight digits of
// the SR's uuid; its sr_latency becomes sr_latency_ and these digits. The body
// names the SR:
//
//	<configured_on class="SR" uuid="12345678-aaaa-bbbb-cccc-ddddeeeeffff"/>
//
// It is in force on a host only while the host's own XML has no variable of
// that name. Its alarms belong to the host.
func PerHostVariable(srUUID string, v *Variable) (*Variable, error) {
	p, known := perHosts[v.Name]
	if !v.PerHost || v.element == nil || !known {
		return nil, fmt.Errorf("variable %q is none that an SR asks of its hosts", v.Name)
	}
	name := p.variable + srUUID[:min(8, len(srUUID))]
	def, ok := perHostBuiltin(name)
	if !ok {
		return nil, fmt.Errorf("sr uuid %q does not begin with eight hexadecimal digits", srUUID)
	}
	element := v.element.Copy()
	nameElement := firstBelow(element, tagName)
	if nameElement == nil {
		return nil, errors.New("the variable has no <name>")
	}
	nameElement.CreateAttr("value", name)
	configuredOn := element.CreateElement(tagConfiguredOn)
	configuredOn.CreateAttr("class", "SR")
	configuredOn.CreateAttr("uuid", srUUID)

	host := *v
	host.Name = name
	host.PerHost = false
	host.element = nil
	host.xml = pretty(element)
	if !host.Fold.Reading() {
		// The toolstack never had these variables with patterns that match
		// anywhere, so this one is anchored always.
		host.Pattern = def.pattern
		host.standard = true
	}
	return &host, nil
}
